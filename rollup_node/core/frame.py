"""What a step of the exchange sees: the leaves it reads and writes, and the clock of its block."""

from typing import Any, NamedTuple

from rollup_node.core.layout import LeafKey, Opaque
from rollup_node.core.leaves import Leaf, LeafReader, Writes


class Authority(NamedTuple):
    """Who stands behind a record or message.

    `address` is who signed the record (None: the signature is invalid), or who sent the message;
    `forced` says that it is a message, and `tag` is its number then, else 0. `signers` are those
    of a report of publishers, in the order of its signatures, None for an invalid one; `sent_ms`
    is the L1 time of a message, else 0.
    """

    address: bytes | None
    forced: bool
    tag: int
    signers: tuple[bytes | None, ...] = ()
    sent_ms: int = 0


class Frame:
    """One step: reads leaves, keeps its own writes, may change the phase and the order class.

    Every key is opened once, at its first `get`; only keys that were read may be written
    (docs/spec.md X-9). `events` is what users want to hear of the step, no part of the state;
    `weighed` is what `core.risk.weigh_again` remembers.
    Twin: contracts/src/steps/Frames.sol.
    """

    __slots__ = ("_read", "block", "events", "order_class", "phase", "time_ms", "weighed", "writes")

    def __init__(
        self, state: LeafReader, time_ms: int, block: int, phase: int, order_class: int
    ) -> None:
        self._read = state.get
        self.writes: Writes = {}
        self.time_ms = time_ms
        self.block = block
        self.phase = phase
        self.order_class = order_class
        self.events: list[Any] = []
        self.weighed: tuple[Any, ...] = (None, None, None, None)

    def get(self, key: Opaque, /) -> Any:  # noqa: ANN401 - the key decides the type of the leaf
        """Return the leaf at `key` as this step sees it, None if it was never written."""
        leaf = self.writes.get(key)
        return self._read(key) if leaf is None else leaf

    def put(self, key: LeafKey, leaf: Leaf, /) -> None:
        """Write a leaf that this step has read."""
        self.writes[key] = leaf
