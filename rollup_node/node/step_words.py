"""Steps in the rollup's own words: which record, which leaf, from which value to which.

For people only. Source: docs/spec.md S, R, X.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from rollup_node.codec.delayed import decode_message
from rollup_node.codec.records import decode_record, read_body
from rollup_node.core.inputs import (
    DelayedMessage,
    Deposit,
    ForcedContent,
    OpenRecord,
    Pull,
    PullFast,
    RotateKey,
    Seal,
    SignedTransaction,
    Transfer,
    Withdraw,
)
from rollup_node.core.kinds import MessageKind, StepKind
from rollup_node.core.layout import (
    ACCOUNT_FIELD_BITS,
    ACCOUNTS,
    CURSOR_KEY,
    INDEX_BITS,
    LENGTH_BYTES,
    OWNER_FIELD,
    LeafKey,
)
from rollup_node.core.leaves import (
    Allocators,
    Balances,
    Cursor,
    Leaf,
    LeafReader,
    Owner,
    Totals,
    Withdrawal,
    Writes,
)
from rollup_node.core.markets import AdminMessage
from rollup_node.core.weights import is_segment_end
from rollup_node.derive.items import DerivedItem
from rollup_node.node.config import Asset
from rollup_node.node.replica import Replica
from rollup_node.proof.chain_state import ChainState
from rollup_node.proof.inbox import message_hash, record_hash
from rollup_node.proof.machine import Machine, StepResult
from rollup_node.rpc.games import Change, StepWords

_DUST_DIGITS: Final = 9
_CURSOR_WORDS: Final = (
    "item",
    "offset",
    "delayed messages read",
    "fast messages read",
    "block",
    "time (ms)",
    "phase",
    "order class",
)


@dataclass(frozen=True, slots=True)
class Narrator:
    """Speaks about the L2 of one rollup."""

    machine: Machine
    assets: Sequence[Asset]

    def segment(
        self, replica: Replica, segment: int, liar: Machine | None = None
    ) -> tuple[tuple[StepWords, ...], int | None]:
        """Return the steps of a segment as they should be, and which one is told differently.

        Executes the item of the segment on a copy of the state, which takes a while.

        Parameters
        ----------
        segment
            Number since genesis, from 0.
        liar
            The machine behind the claim, where it is known; the first step that it does
            differently gets the claimed values.
        """
        found = _find_item(replica, segment)
        if found is None:
            return (), None
        index, skipped = found
        item = replica.items[index].item
        try:
            state = replica.state.copy_at(replica.items[index].mark)
        except KeyError:  # older than the marks that are kept
            return (), None
        number = 0
        for _ in range(skipped):
            number += sum(1 for _ in self._run(state, item))
        told: list[StepWords] = []
        wrong: int | None = None
        for place, (result, before) in enumerate(self._run(state, item, told=True)):
            claimed = None
            if liar is not None and wrong is None:
                claimed = self._lie(liar, before, item, result)
                wrong = place if claimed is not None else None
            told.append(self._words(item, number + place, result, before, claimed))
        return tuple(told), wrong

    def _run(
        self, state: ChainState, item: DerivedItem, *, told: bool = False
    ) -> Iterator[tuple[StepResult, "_Before"]]:
        """Do the steps of one segment, each with what it found; `told` keeps what it may show."""
        steps = weight = 0
        while True:
            before = _Before(state, {})
            result = self.machine.step(before, item.header, item.data, item.messages)
            if told:
                for key in result.writes:
                    before.get(key)
            yield result, before
            state.commit(result.writes)
            steps, weight = steps + 1, weight + result.weight
            if is_segment_end(result.kind, steps, weight):
                return

    @staticmethod
    def _lie(
        liar: Machine, before: "_Before", item: DerivedItem, honest: StepResult
    ) -> Writes | None:
        """Return what the liar writes in place of an honest step, `None` if it is the same."""
        told = liar.step(before, item.header, item.data, item.messages).writes
        for key in told:
            before.get(key)
        return told if told != honest.writes else None

    def _words(
        self,
        item: DerivedItem,
        number: int,
        result: StepResult,
        before: "_Before",
        claimed: Writes | None,
    ) -> StepWords:
        start, end = result.span
        digest = None
        if result.message is not None:
            digest = message_hash(result.message)
        elif result.size and result.kind is not StepKind.SEAL:
            digest = record_hash(item.data[start + LENGTH_BYTES : end])
        return StepWords(
            item=item.index,
            step=number,
            kind=result.kind.name,
            reason=result.reason.name,
            transaction=self._content(item, result),
            record_hash=None if digest is None else "0x" + digest.hex(),
            changes=tuple(self._changes(before, result.writes, claimed)),
        )

    def _content(self, item: DerivedItem, result: StepResult) -> str:
        """Return what a step executes."""
        if result.message is not None:
            return self._message(result.message)
        if not result.size:
            return ""
        body = read_body(item.data, result.span[0], item.header.byte_length) or b""
        record = decode_record(body)
        if isinstance(record, SignedTransaction):
            return f"{self._transaction(record.transaction)}, nonce {record.transaction[-1]}"
        if isinstance(record, Seal):
            return f"seal: the next block, {record.delta_ms} ms later"
        if isinstance(record, OpenRecord):
            return self._transaction(record)
        if isinstance(record, Pull | PullFast):
            queue = "fast" if isinstance(record, PullFast) else "delayed"
            return f"pull, but no {queue} message is left"
        return f"record of {len(body)} bytes that nobody can decode"

    def _message(self, message: DelayedMessage) -> str:
        content, sender = decode_message(message), f"0x{message.sender.hex()}"
        is_fast = message.kind == MessageKind.FAST
        if content is None:
            queue = "fast" if is_fast else "delayed"
            return f"{queue} message from {sender} that nobody can decode"
        if isinstance(content, Deposit):
            amount = self._amount(content.asset, content.amount)
            return f"deposit of {amount} to account {content.account}, sent by {sender}"
        by = f"forced by {sender}"
        if message.kind == MessageKind.ADMIN:
            by = "the governor says"
        elif is_fast:
            by = f"sent fast by {sender}"
        return f"{by}: {self._transaction(content)}"

    def _transaction(self, transaction: ForcedContent | AdminMessage) -> str:
        if isinstance(transaction, Transfer):
            amount = self._amount(transaction.asset, transaction.amount)
            sender, recipient = transaction.sender, transaction.recipient
            return f"transfer of {amount} from account {sender} to account {recipient}"
        if isinstance(transaction, Withdraw):
            amount = self._amount(transaction.asset, transaction.amount)
            to = f"0x{transaction.recipient.hex()}"
            return f"withdrawal of {amount} from account {transaction.account} to {to}"
        if isinstance(transaction, RotateKey):
            owner = f"0x{transaction.new_owner.hex()}"
            return f"new owner {owner} of account {transaction.account}"
        names = (name.replace("_", " ") for name in transaction._fields)
        return f"{type(transaction).__name__}: " + ", ".join(
            f"{name} 0x{value.hex()}" if isinstance(value, bytes) else f"{name} {value}"
            for name, value in zip(names, transaction, strict=True)
        )

    def _changes(
        self, before: "_Before", expected: Writes, claimed: Writes | None
    ) -> Iterator[Change]:
        """Yield the fields that change, or that the claim changes; the cursor only if alone."""
        keys = list(dict.fromkeys((*expected, *(claimed or {}))))
        for key in sorted(keys, key=lambda key: key == CURSOR_KEY):
            old = before.seen.get(key)
            right = expected.get(key, old)
            told = right if claimed is None else claimed.get(key, old)
            if key == CURSOR_KEY and len(keys) > 1 and right == told:
                continue
            rows = zip(self._fields(key, old), self._fields(key, right), strict=False)
            lies = dict(self._fields(key, told))
            for (name, was), (_, should) in rows:
                says = lies.get(name, "-")
                if was != should or says != should:
                    shown = None if claimed is None else says
                    yield Change(leaf=name, before=was, expected=should, claimed=shown)

    def _fields(self, key: LeafKey, leaf: Leaf | None) -> list[tuple[str, str]]:
        """Return the fields of a leaf by name; all of them empty if the leaf is."""
        region, index = key >> INDEX_BITS, key & ((1 << INDEX_BITS) - 1)
        account = index >> ACCOUNT_FIELD_BITS
        if region == ACCOUNTS:
            return self._account(key, account, leaf)
        if isinstance(leaf, Cursor):
            return [
                (f"position: {name}", str(value))
                for name, value in zip(_CURSOR_WORDS, leaf, strict=True)
            ]
        if isinstance(leaf, Allocators):
            return [("next free outbox slot", str(leaf.outbox_next))]
        if isinstance(leaf, Totals):
            return self._amounts("total", leaf.amounts)
        name = f"outbox slot {index}"
        if not isinstance(leaf, Withdrawal):
            return [(name, "empty")]
        amount = self._amount(leaf.asset, leaf.amount)
        owed = f"{amount} of account {leaf.account} for 0x{leaf.recipient.hex()}"
        return [(name, owed)]

    def _account(self, key: LeafKey, account: int, leaf: Leaf | None) -> list[tuple[str, str]]:
        if isinstance(leaf, Owner):
            return [
                (f"account {account}: owner", f"0x{leaf.address.hex()}"),
                (f"account {account}: highest nonce", str(leaf.nonce_high)),
                (f"account {account}: nonces used", hex(leaf.nonce_map)),
            ]
        if isinstance(leaf, Balances):
            return self._amounts(f"account {account}: balance", leaf.amounts)
        is_owner = key & ((1 << ACCOUNT_FIELD_BITS) - 1) == OWNER_FIELD
        names = ("owner", "highest nonce", "nonces used") if is_owner else ()
        empty = [(f"account {account}: {name}", "not open") for name in names]
        return empty or [
            (f"account {account}: balance, {asset.symbol}", "not open") for asset in self.assets
        ]

    def _amounts(self, name: str, amounts: Sequence[int]) -> list[tuple[str, str]]:
        return [
            (f"{name}, {asset.symbol}", self._amount(asset.id, amounts[asset.id]))
            for asset in self.assets
        ]

    def _amount(self, asset: int, amount: int) -> str:
        """Return an amount in whole units of its token, exactly; dust in its smallest unit."""
        known = next((found for found in self.assets if found.id == asset), None)
        if known is None:
            return f"{amount:,} of unknown asset {asset}"
        if 0 < amount < 10 ** (known.decimals - _DUST_DIGITS):
            unit = "wei" if known.symbol == "ETH" else f"of the smallest unit of {known.symbol}"
            return f"{amount:,} {unit}"
        whole, part = divmod(amount, 10**known.decimals)
        digits = f"{part:0{known.decimals}d}".rstrip("0") if part else ""
        return f"{whole:,}{'.' if digits else ''}{digits} {known.symbol}"


@dataclass(frozen=True, slots=True)
class _Before:
    """A state that remembers what was read from it."""

    state: LeafReader
    seen: dict[LeafKey, Leaf | None]

    def get(self, key: LeafKey, /) -> Leaf | None:
        if key not in self.seen:
            self.seen[key] = self.state.get(key)
        return self.seen[key]


def _find_item(replica: Replica, segment: int) -> tuple[int, int] | None:
    """Return the item of a segment, and how many segments of it come before."""
    done = 0
    for index, executed in enumerate(replica.items):
        if segment < executed.segments:
            return index, segment - done
        done = executed.segments
    return None
