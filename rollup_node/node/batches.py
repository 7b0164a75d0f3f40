"""The sequencer's own batches: bytes as they grow, what is cut, what is confirmed."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from rollup_node.codec.log_entries import CutEntry, OpenEntry, RecordsEntry, decode_entry
from rollup_node.codec.records import encode_prefix, iter_records
from rollup_node.ports import CriticalError
from rollup_node.proof.inbox import next_link, record_hash
from rollup_node.rpc.backend import Confirmation


@dataclass(slots=True)
class OwnBatch:
    """One batch; `delayed_count` is `None` until it is cut, `fast_count` counts from then on."""

    number: int
    time_ms: int
    first_sequence: int
    data: bytearray
    delayed_count: int | None = None
    fast_count: int = 0


@dataclass(slots=True)
class Chain:
    """All batches in order, and the head of the record chain (docs/spec.md B-1)."""

    batches: list[OwnBatch] = field(default_factory=list)
    covered: int = 0
    link: bytes = bytes(32)
    confirmations: list[Confirmation] = field(default_factory=list)

    @property
    def open_batch(self) -> OwnBatch | None:
        """The batch that is still growing."""
        if self.batches and self.batches[-1].delayed_count is None:
            return self.batches[-1]
        return None

    @property
    def last_time_ms(self) -> int:
        """Prefix time of the newest batch: prefix times strictly increase."""
        return self.batches[-1].time_ms if self.batches else 0

    def begin(self, time_ms: int) -> OwnBatch:
        """Open a batch."""
        batch = OwnBatch(
            len(self.batches), time_ms, self.covered, bytearray(encode_prefix(time_ms))
        )
        self.batches.append(batch)
        return batch

    def extend(self, record: bytes) -> int:
        """Put a record hash on the chain and return its sequence number."""
        number = self.covered
        self.link = next_link(self.link, number, record)
        self.covered = number + 1
        return number

    def restore(self, entries: Iterable[bytes], trusted: int = 0) -> None:
        """Read the log; raise `CriticalError` if it does not hash to its own confirmations.

        The records of the first `trusted` entries are not hashed again.
        """
        for number, raw in enumerate(entries):
            try:
                entry = decode_entry(raw)
            except ValueError as error:
                raise CriticalError(f"log entry {number} is unreadable: {error}") from error
            if isinstance(entry, OpenEntry):
                self.begin(entry.time_ms)
            elif isinstance(entry, CutEntry):
                batch = self.batches[-1]
                batch.delayed_count, batch.fast_count = entry
            else:
                self._restore_records(number, entry, is_trusted=number < trusted)

    def _restore_records(self, number: int, entry: RecordsEntry, *, is_trusted: bool) -> None:
        self.batches[-1].data += entry.frames
        if is_trusted:
            self.covered, self.link = entry.covered, entry.link
        else:
            for _, body in iter_records(encode_prefix(0) + entry.frames):
                self.extend(record_hash(body))
        if (self.covered, self.link) != (entry.covered, entry.link):
            raise CriticalError(
                f"log entry {number} confirms {entry.covered} records, the log has {self.covered}"
            )
        self.confirmations.append(Confirmation(entry.covered, entry.link, entry.signature))

    def save(self) -> tuple[int, int, int | None, int, bytes]:
        """Return what `restore_to` needs to come back to this moment."""
        last = self.batches[-1] if self.batches else None
        size = len(last.data) if last else 0
        cut = last.delayed_count if last else None
        return len(self.batches), size, cut, self.covered, self.link

    def restore_to(self, saved: tuple[int, int, int | None, int, bytes]) -> None:
        """Forget everything after a saved moment."""
        batches, size, cut, self.covered, self.link = saved
        del self.batches[batches:]
        if self.batches:
            self.batches[-1].delayed_count = cut
            del self.batches[-1].data[size:]
        while self.confirmations and self.confirmations[-1].covered > self.covered:
            self.confirmations.pop()
