"""Lies of a machine, one for each attack that a batch can carry; the honest step does the rest."""

from rollup_node.core.inputs import Transfer
from rollup_node.core.kinds import StepKind
from rollup_node.core.layout import (
    ALLOCATORS_KEY,
    CURSOR_KEY,
    balances_key,
    outbox_key,
    owner_key,
)
from rollup_node.core.leaves import (
    NO_AMOUNTS,
    Allocators,
    Balances,
    Cursor,
    LeafReader,
    Owner,
    Withdrawal,
    Writes,
    replace_amount,
)
from rollup_node.core.reason import Reason
from rollup_node.proof.machine import StepResult
from tests.action.dispute_world import BOB, ETH, Lie, credit

ALICE = 1
GHOST = 99
THIEF = b"\x66" * 20
HOUR_MS = 3_600_000
STOLEN = 777


def forged_withdrawal(state: LeafReader, honest: StepResult) -> Writes | None:
    """Put a withdrawal in the outbox that nobody asked for, when the item closes."""
    if honest.kind is not StepKind.CLOSE_ITEM:
        return None
    allocators: Allocators = state.get(ALLOCATORS_KEY)
    slot = allocators.outbox_next
    entry = Withdrawal(ALICE, ETH, STOLEN, THIEF)
    return {outbox_key(slot): entry, ALLOCATORS_KEY: allocators._replace(outbox_next=slot + 1)}


def applied(reason: Reason, transfer: Transfer) -> Lie:
    """Apply a transfer that the rules refuse for a reason, as far as the balance goes."""

    def lie(state: LeafReader, honest: StepResult) -> Writes | None:
        if honest.reason is not reason:
            return None
        payer, payee = state.get(balances_key(ALICE)), state.get(balances_key(BOB))
        moved = min(transfer.amount, payer.amounts[ETH])
        less = Balances(replace_amount(payer.amounts, ETH, payer.amounts[ETH] - moved))
        return {balances_key(ALICE): less, **credit(payee, balances_key(BOB), moved)}

    return lie


def opened_account(_state: LeafReader, honest: StepResult) -> Writes | None:
    """Let an account that does not exist receive money: leaves appear where there were none."""
    if honest.reason is not Reason.UNKNOWN_RECIPIENT:
        return None
    return _ghost()


def _ghost() -> Writes:
    opened = Balances(replace_amount(NO_AMOUNTS, ETH, STOLEN))
    return {owner_key(GHOST): Owner(THIEF, 0, 0), balances_key(GHOST): opened}


def false_block_time(_state: LeafReader, honest: StepResult) -> Writes | None:
    """Begin a block an hour later than its batch may."""
    if honest.kind is not StepKind.OPEN_ITEM:
        return None
    cursor = honest.writes[CURSOR_KEY]
    assert isinstance(cursor, Cursor)
    return {CURSOR_KEY: cursor._replace(time_ms=cursor.time_ms + HOUR_MS)}


def executed_garbage(_state: LeafReader, honest: StepResult) -> Writes | None:
    """Read something into a batch that means nothing."""
    if honest.reason not in (Reason.VOID_BATCH, Reason.BAD_LENGTH, Reason.UNDECODABLE):
        return None
    return _ghost()


def swallowed_message(state: LeafReader, honest: StepResult) -> Writes | None:
    """Consume a forced message without executing it."""
    if not honest.kind.name.startswith("FORCED"):
        return None
    return {key: leaf for key in honest.writes if (leaf := state.get(key)) and key != CURSOR_KEY}
