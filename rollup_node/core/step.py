"""The step function: each step reads leaves by `.get` and returns only what it wrote.

Every function is total: content never raises. Source: docs/spec.md X. Twin: contracts/src/steps.
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple, TypeAlias

from rollup_node.core.deposits import apply_deposit
from rollup_node.core.inputs import (
    DelayedMessage,
    Deposit,
    ItemHeader,
    RotateKey,
    Transaction,
    Transfer,
    Withdraw,
)
from rollup_node.core.kinds import ItemKind, StepKind
from rollup_node.core.layout import (
    ACCOUNT_LIMIT,
    CURSOR_KEY,
    PREFIX_BYTES,
    TIME_LIMIT_MS,
    owner_key,
)
from rollup_node.core.leaves import Cursor, LeafReader, Owner, Writes
from rollup_node.core.nonces import spend_nonce
from rollup_node.core.reason import Reason
from rollup_node.core.transactions import apply_rotate_key, apply_transfer, apply_withdraw

_Effect: TypeAlias = Callable[[LeafReader, Owner, Any, Writes], Reason]

_OK: Final = Reason.OK
_MS: Final = 1_000
_SIGNED: Final[dict[type, tuple[StepKind, _Effect]]] = {
    Transfer: (StepKind.TRANSFER, apply_transfer),
    Withdraw: (StepKind.WITHDRAW, apply_withdraw),
    RotateKey: (StepKind.ROTATE_KEY, apply_rotate_key),
}
_FORCED: Final[dict[type, tuple[StepKind, _Effect]]] = {
    Transfer: (StepKind.FORCED_TRANSFER, apply_transfer),
    Withdraw: (StepKind.FORCED_WITHDRAW, apply_withdraw),
    RotateKey: (StepKind.FORCED_ROTATE_KEY, apply_rotate_key),
}


class Outcome(NamedTuple):
    """What one step did: its kind, its reason, and the leaves it wrote (the cursor always)."""

    kind: StepKind
    reason: Reason
    writes: Writes


def clamp_time(cursor: Cursor, header: ItemHeader, time_ms: int) -> int:
    """Bring a block time (ms) between the previous one and the bounds of the item.

    Source: docs/spec.md X-3.
    """
    low = max(cursor.time_ms, header.min_time * _MS)
    high = max(low, header.max_time * _MS)
    return min(max(time_ms, low), high)


def open_item(state: LeafReader, header: ItemHeader, prefix_time_ms: int | None) -> Outcome:
    """Begin an item and its first block; `prefix_time_ms` is None for a void or forced item.

    Source: docs/spec.md X-3.
    """
    cursor: Cursor = state.get(CURSOR_KEY)
    reason, offset = _OK, PREFIX_BYTES
    if header.kind == ItemKind.FORCED:
        offset = 0
    elif prefix_time_ms is None:
        reason, offset = Reason.VOID_BATCH, header.byte_length
    time_ms = clamp_time(cursor, header, prefix_time_ms or 0)
    opened = Cursor(cursor.item, offset, cursor.delayed, cursor.block + 1, time_ms, 1)
    return Outcome(StepKind.OPEN_ITEM, reason, {CURSOR_KEY: opened})


def apply_seal(state: LeafReader, header: ItemHeader, delta_ms: int, size: int) -> Outcome:
    """Begin the next block `delta_ms` later, clamped. Source: docs/spec.md X-4."""
    item, offset, delayed, block, time_ms, phase = cursor = state.get(CURSOR_KEY)
    sealed_ms = clamp_time(cursor, header, min(time_ms + delta_ms, TIME_LIMIT_MS - 1))
    writes: Writes = {CURSOR_KEY: Cursor(item, offset + size, delayed, block + 1, sealed_ms, phase)}
    return Outcome(StepKind.SEAL, _OK, writes)


def apply_signed(
    state: LeafReader,
    _header: ItemHeader,
    transaction: Transaction,
    signer: bytes | None,
    size: int,
) -> Outcome:
    """Execute a signed transaction; `signer` is None if its signature is invalid.

    Reads the owner first. From the nonce on it is spent whatever follows. Source: docs/spec.md X-8.
    """
    item, offset, delayed, block, time_ms, phase = state.get(CURSOR_KEY)
    writes: Writes = {CURSOR_KEY: Cursor(item, offset + size, delayed, block, time_ms, phase)}
    kind, effect = _SIGNED[type(transaction)]
    account = transaction[0]
    if account == 0 or account >= ACCOUNT_LIMIT:
        return Outcome(kind, Reason.UNKNOWN_ACCOUNT, writes)
    key = owner_key(account)
    owner: Owner | None = state.get(key)
    if owner is None:
        return Outcome(kind, Reason.UNKNOWN_ACCOUNT, writes)
    if signer != owner[0]:
        return Outcome(kind, Reason.BAD_SIGNATURE, writes)
    reason, spent = spend_nonce(owner, transaction[-1], time_ms)
    if reason:
        return Outcome(kind, reason, writes)
    writes[key] = spent
    return Outcome(kind, effect(state, spent, transaction, writes), writes)


def apply_undecodable(state: LeafReader, size: int) -> Outcome:
    """Skip a record that says nothing. Source: docs/spec.md X-4."""
    return Outcome(StepKind.UNDECODABLE, Reason.UNDECODABLE, {CURSOR_KEY: _skip(state, size)})


def apply_nothing_to_pull(state: LeafReader, size: int) -> Outcome:
    """Skip a pull record when the item has no message left. Source: docs/spec.md X-4."""
    return Outcome(StepKind.UNDECODABLE, Reason.NOTHING_TO_PULL, {CURSOR_KEY: _skip(state, size)})


def end_records(state: LeafReader, byte_length: int) -> Outcome:
    """End the records of a batch at a bad length. Source: docs/spec.md R-2, X-4."""
    cursor: Cursor = state.get(CURSOR_KEY)
    ended = Cursor(
        cursor.item, byte_length, cursor.delayed, cursor.block, cursor.time_ms, cursor.phase
    )
    return Outcome(StepKind.BAD_LENGTH, Reason.BAD_LENGTH, {CURSOR_KEY: ended})


def pull_message(
    state: LeafReader,
    message: DelayedMessage,
    decoded: Deposit | Transaction | None,
    size: int = 0,
) -> Outcome:
    """Execute the next delayed message, None if it says nothing; `size` is that of a pull record.

    Source: docs/spec.md X-6.
    """
    item, offset, delayed, block, time_ms, phase = state.get(CURSOR_KEY)
    writes: Writes = {CURSOR_KEY: Cursor(item, offset + size, delayed + 1, block, time_ms, phase)}
    if decoded is None:
        return Outcome(StepKind.FORCED_UNDECODABLE, Reason.UNDECODABLE, writes)
    if isinstance(decoded, Deposit):
        reason = apply_deposit(state, decoded, message.sender, writes)
        return Outcome(StepKind.DEPOSIT, reason, writes)
    kind, effect = _FORCED[type(decoded)]
    account = decoded[0]
    if account == 0 or account >= ACCOUNT_LIMIT:
        return Outcome(kind, Reason.UNKNOWN_ACCOUNT, writes)
    owner: Owner | None = state.get(owner_key(account))
    if owner is None:
        return Outcome(kind, Reason.UNKNOWN_ACCOUNT, writes)
    if message.sender != owner.address:
        return Outcome(kind, Reason.NOT_OWNER, writes)
    return Outcome(kind, effect(state, owner, decoded, writes), writes)


def close_item(state: LeafReader) -> Outcome:
    """Finish an item. Source: docs/spec.md X-5."""
    cursor: Cursor = state.get(CURSOR_KEY)
    closed = Cursor(cursor.item + 1, 0, cursor.delayed, cursor.block, cursor.time_ms, 0)
    return Outcome(StepKind.CLOSE_ITEM, _OK, {CURSOR_KEY: closed})


def _skip(state: LeafReader, size: int) -> Cursor:
    item, offset, delayed, block, time_ms, phase = state.get(CURSOR_KEY)
    return Cursor(item, offset + size, delayed, block, time_ms, phase)
