"""The lies of the state layer: each is the honest step over false inputs, or with false writes."""

from typing import Any, Final

from rollup_node.codec.records import decode_record, read_body
from rollup_node.core.inputs import (
    ItemHeader,
    SignedTransaction,
    Transaction,
    Transfer,
)
from rollup_node.core.invariant import InvariantViolation
from rollup_node.core.layout import (
    ALLOCATORS_KEY,
    CURSOR_KEY,
    TOTALS_KEY,
    LeafKey,
    balances_key,
    outbox_key,
    owner_key,
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
    replace_amount,
)
from rollup_node.devnet.faults.machine import HonestStep, Pretend, StepInputs
from rollup_node.proof.machine import StepResult

_ETH: Final = 1
_STOLEN: Final = 1_000
_HOUR_MS: Final = 3_600_000
_THIEF: Final = b"\x66" * 20
_LIED_ABOUT: Final = (Balances, Totals, Withdrawal, Owner, Allocators, Cursor)
"""Kinds of leaves in the order in which `wrong_poststate` prefers them."""


def wrong_poststate(honest: HonestStep, inputs: StepInputs) -> StepResult:
    """Write one unit too much into the most valuable leaf that the step wrote."""
    result = honest(inputs)
    for kind in _LIED_ABOUT:
        for key, leaf in result.writes.items():
            if isinstance(leaf, kind):
                return _with(result, {key: _one_more(leaf)})
    raise InvariantViolation("a step wrote no leaf, not even the cursor")


def forged_withdrawal(honest: HonestStep, inputs: StepInputs) -> StepResult:
    """Append a withdrawal to the outbox, paid by nobody."""
    result = honest(inputs)
    allocators = _after(inputs.state, result, ALLOCATORS_KEY)
    slot = allocators.outbox_next
    entry = Withdrawal(1, _ETH, _STOLEN, _THIEF)
    inputs.state.get(outbox_key(slot))
    taken = allocators._replace(outbox_next=slot + 1)
    forged: Writes = {outbox_key(slot): entry, ALLOCATORS_KEY: taken}
    return _with(result, forged)


def forged_deposit(honest: HonestStep, inputs: StepInputs) -> StepResult:
    """Credit account 1 although no message says so; the totals are made to fit."""
    result = honest(inputs)
    totals = _after(inputs.state, result, TOTALS_KEY).amounts
    held = _after(inputs.state, result, balances_key(1)).amounts
    forged: Writes = {
        TOTALS_KEY: Totals(replace_amount(totals, _ETH, totals[_ETH] + _STOLEN)),
        balances_key(1): Balances(replace_amount(held, _ETH, held[_ETH] + _STOLEN)),
    }
    return _with(result, forged)


def applied_bad_signature(honest: HonestStep, inputs: StepInputs) -> StepResult:
    """Take the owner for the signer."""
    owner: Owner = inputs.state.get(owner_key(_transaction(inputs)[0]))
    return honest(inputs._replace(signers=lambda _signed: owner.address))


def refused_good_signature(honest: HonestStep, inputs: StepInputs) -> StepResult:
    """Take a good signature for an invalid one, as a failed recovery would."""
    return honest(inputs._replace(signers=lambda _signed: None))


def replayed_nonce(honest: HonestStep, inputs: StepInputs) -> StepResult:
    """Forget which nonces the sender has used."""
    key = owner_key(_transaction(inputs)[0])
    owner: Owner = inputs.state.get(key)
    fresh = Pretend(inputs.state, {key: Owner(owner.address, 0, 0)})
    return honest(inputs._replace(state=fresh))


def overdraft(honest: HonestStep, inputs: StepInputs) -> StepResult:
    """Lend the sender of a transfer what it lacks, and never take it back."""
    transfer = _transaction(inputs)
    if not isinstance(transfer, Transfer):
        raise InvariantViolation("overdraft: the step is no transfer")
    key = balances_key(transfer.sender)
    held = inputs.state.get(key).amounts
    lent = replace_amount(held, transfer.asset, held[transfer.asset] + transfer.amount)
    return honest(inputs._replace(state=Pretend(inputs.state, {key: Balances(lent)})))


def no_effect(honest: HonestStep, inputs: StepInputs) -> StepResult:
    """Read on, but leave out what the record or message does."""
    result = honest(inputs)
    return result._replace(writes={CURSOR_KEY: result.writes[CURSOR_KEY]})


def turned_messages(honest: HonestStep, inputs: StepInputs) -> StepResult:
    """Execute the delayed message after this one in its place."""
    return _exchange(honest, inputs, 1)


def turned_back_messages(honest: HonestStep, inputs: StepInputs) -> StepResult:
    """Execute the delayed message before this one in its place."""
    return _exchange(honest, inputs, -1)


def late_block(honest: HonestStep, inputs: StepInputs) -> StepResult:
    """Let a block begin an hour later than it may."""
    result = honest(inputs)
    cursor: Cursor = result.writes[CURSOR_KEY]  # type: ignore[assignment]
    return _with(result, {CURSOR_KEY: cursor._replace(time_ms=cursor.time_ms + _HOUR_MS)})


def opened_garbage(honest: HonestStep, inputs: StepInputs) -> StepResult:
    """Open a void batch as if its version were the right one; its records follow by themselves."""
    return honest(inputs._replace(data=b"\x01" + inputs.data[1:]))


class OtherItem:
    """Executes another item in place of the one at the cursor, with the messages of the latter."""

    def __init__(self, header: ItemHeader, data: bytes) -> None:
        self._header = header
        self._data = data

    def __call__(self, honest: HonestStep, inputs: StepInputs) -> StepResult:
        """Return the step over the other item's bytes."""
        counts = inputs.header.delayed_count, inputs.header.fast_count
        header = self._header._replace(delayed_count=counts[0], fast_count=counts[1])
        return honest(inputs._replace(header=header, data=self._data))


def _exchange(honest: HonestStep, inputs: StepInputs, distance: int) -> StepResult:
    cursor: Cursor = inputs.state.get(CURSOR_KEY)
    delayed = [*inputs.messages.delayed]
    here = len(delayed) - (inputs.header.delayed_count - cursor.delayed)
    delayed[here] = delayed[here + distance]
    return honest(inputs._replace(messages=inputs.messages._replace(delayed=delayed)))


def _transaction(inputs: StepInputs) -> Transaction:
    """Return the transaction of the record at the cursor."""
    cursor: Cursor = inputs.state.get(CURSOR_KEY)
    body = read_body(inputs.data, cursor.offset, inputs.header.byte_length)
    record = None if body is None else decode_record(body)
    if not isinstance(record, SignedTransaction) or not isinstance(record[0], Transaction):
        raise InvariantViolation(f"no signed record at {cursor.item}:{cursor.offset}")
    return record[0]


def _with(result: StepResult, false: Writes) -> StepResult:
    return result._replace(writes={**result.writes, **false})


def _after(state: LeafReader, result: StepResult, key: LeafKey) -> Any:  # noqa: ANN401 - see LeafReader
    """Return a leaf as it is after the step."""
    found = state.get(key)
    return result.writes.get(key, found)


def _one_more(leaf: Leaf) -> Leaf:
    """Return a leaf of the same kind that claims one unit more."""
    if isinstance(leaf, Balances | Totals):
        amounts = leaf.amounts
        asset = next((at for at, amount in enumerate(amounts) if amount), 0)
        return leaf._replace(amounts=replace_amount(amounts, asset, amounts[asset] + 1))
    if isinstance(leaf, Withdrawal):
        return leaf._replace(amount=leaf.amount + 1)
    if isinstance(leaf, Owner):
        return leaf._replace(nonce_high=leaf.nonce_high + 1)
    if isinstance(leaf, Allocators):
        return leaf._replace(outbox_next=leaf.outbox_next + 1)
    if isinstance(leaf, Cursor):
        return leaf._replace(time_ms=leaf.time_ms + 1)
    raise InvariantViolation(f"no lie about a {type(leaf).__name__} is known")
