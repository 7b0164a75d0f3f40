"""The largest steps of a crash, proven in the real verifier: what they cost beside their weight.

A step of a crash was taken in a half-empty tree, with a record that a test believed to be signed.
Here it is signed, and every sibling of its leaves has a hash.
"""

from typing import Any, Final

from rollup_node.codec.eip712 import digest, report_digest
from rollup_node.codec.records import encode_open, encode_record
from rollup_node.codec.signature import address_of, sign
from rollup_node.core.inputs import (
    DelayedMessage,
    ItemHeader,
    Liquidate,
    PriceReport,
    Pull,
    Seal,
    SignedTransaction,
    Takeover,
    Trigger,
)
from rollup_node.core.kinds import ItemKind
from rollup_node.core.layout import (
    ACCOUNT_FIELD_BITS,
    ACCOUNTS,
    CURSOR_KEY,
    INDEX_BITS,
    OWNER_FIELD,
    PUBLISHERS_KEY,
    LeafKey,
)
from rollup_node.core.leaves import Cursor, Leaf, Owner
from rollup_node.core.market_leaves import Publishers
from rollup_node.devnet.crash.bounds import Opened
from rollup_node.proof.chain_state import ChainState
from tests.contracts.gate import Case, Gate, Measure

_KEY: Final = b"\x5a" * 32
_OWNER: Final = address_of(_KEY)
_KEYS: Final = tuple(sorted((bytes((n,)) * 32 for n in range(1, 4)), key=address_of))
_OPEN: Final = (Liquidate, Takeover, Trigger)
_FIELDS: Final = (1 << ACCOUNT_FIELD_BITS) - 1


class CrashGate(Gate):
    """The gate for steps that a crash took."""

    def __init__(self) -> None:
        super().__init__()
        self.step: Opened | None = None

    def prove_step(self, step: Opened) -> Measure:
        """Prove one step again: the same record on the same leaves."""
        self.step = step
        record, message = self._record(step.source)
        return self.measure(Case("crash", record, message), ItemKind.CALLDATA)

    def _record(self, source: Any) -> tuple[bytes | None, DelayedMessage | None]:
        """Return the record of a step, signed, and the message that it pulls."""
        if source is None:
            return None, None
        if isinstance(source, DelayedMessage):
            return encode_record(Pull()), source
        if isinstance(source, Seal):
            return encode_record(source), None
        domain = self.machine.domain
        if isinstance(source, PriceReport):
            hashed = report_digest(domain, source._replace(signatures=()))
            signed = source._replace(signatures=tuple(sign(hashed, key) for key in _KEYS))
            return encode_open(signed), None
        if isinstance(source, _OPEN):
            return encode_open(source), None
        signature = sign(digest(domain, source), _KEY)
        return encode_record(SignedTransaction(source, signature)), None

    def _state(self, case: Case, header: ItemHeader) -> ChainState:
        """Return the leaves that the step opened, owned by whom this test can sign for."""
        assert self.step is not None
        leaves: dict[LeafKey, Leaf] = {}
        for key, leaf in self.step.leaves.items():
            if leaf is not None:
                leaves[key] = _ours(key, leaf, self.step.source)
        cursor: Any = self.step.leaves[CURSOR_KEY]
        has_record = case.record is not None
        leaves[CURSOR_KEY] = Cursor(
            len(self.court.items) - 2,
            1_023 if has_record else header.byte_length,
            header.delayed_count - (case.message is not None),
            header.fast_count,
            cursor.block,
            cursor.time_ms,
            cursor.phase,
            cursor.order_class,
        )
        state = ChainState()
        state.commit(leaves)
        return state


def _ours(key: LeafKey, leaf: Leaf, source: Any) -> Leaf:
    """Return a leaf whose owner or publishers this test can sign for."""
    if key == PUBLISHERS_KEY:
        addresses = tuple(address_of(name) for name in _KEYS)
        return Publishers(len(_KEYS), (*addresses, *[bytes(20)] * (8 - len(_KEYS))))
    account = (key - (ACCOUNTS << INDEX_BITS)) >> ACCOUNT_FIELD_BITS
    is_owner = key >> INDEX_BITS == ACCOUNTS and key & _FIELDS == OWNER_FIELD
    is_signed = isinstance(source, tuple) and bool(source) and source[0] == account
    if is_owner and is_signed and isinstance(leaf, Owner):
        return leaf._replace(address=_OWNER)
    return leaf
