"""Lies of a machine, one for each attack that a batch can carry, told wherever they fit."""

from collections.abc import Callable
from typing import Final

from rollup_node.core.kinds import StepKind
from rollup_node.core.layout import balances_key, owner_key
from rollup_node.core.leaves import NO_AMOUNTS, Balances, Owner, Writes, replace_amount
from rollup_node.core.reason import Reason
from rollup_node.devnet.faults import lies
from rollup_node.devnet.faults.machine import HonestStep, Lie, StepInputs
from rollup_node.proof.machine import StepResult
from tests.action.dispute_world import ETH, besides

GHOST = 99
THIEF = b"\x66" * 20
STOLEN = 777


def where(lie: Lie, fits: Callable[[StepResult], bool]) -> Lie:
    """Tell a lie at each step whose honest result fits."""

    def told(honest: HonestStep, inputs: StepInputs) -> StepResult:
        result = honest(inputs)
        return lie(honest, inputs) if fits(result) else result

    return told


def instead_of(lie: Lie, *reasons: Reason) -> Lie:
    """Tell a lie at each step that ends with one of these reasons."""
    return where(lie, lambda step: step.reason in reasons)


def opened_account(honest: HonestStep, inputs: StepInputs) -> StepResult:
    """Let an account that does not exist receive money: leaves appear where there were none."""
    opened = Balances(replace_amount(NO_AMOUNTS, ETH, STOLEN))
    ghost: Writes = {owner_key(GHOST): Owner(THIEF, 0, 0), balances_key(GHOST): opened}
    return besides(inputs.state, honest(inputs), ghost)


FORGED_WITHDRAWAL: Final = where(
    lies.forged_withdrawal, lambda step: step.kind is StepKind.CLOSE_ITEM
)
APPLIED: Final = {
    Reason.BAD_SIGNATURE: instead_of(lies.applied_bad_signature, Reason.BAD_SIGNATURE),
    Reason.NONCE_USED: instead_of(lies.replayed_nonce, Reason.NONCE_USED),
    Reason.INSUFFICIENT_BALANCE: instead_of(lies.overdraft, Reason.INSUFFICIENT_BALANCE),
}
"""A transfer that the rules refuse for a reason is applied."""
OPENED_ACCOUNT: Final = instead_of(opened_account, Reason.UNKNOWN_RECIPIENT)
FALSE_BLOCK_TIME: Final = where(lies.late_block, lambda step: step.kind is StepKind.OPEN_ITEM)
EXECUTED_GARBAGE: Final = instead_of(
    opened_account, Reason.VOID_BATCH, Reason.BAD_LENGTH, Reason.UNDECODABLE
)
"""Something is read into a batch that means nothing."""
SWALLOWED_MESSAGE: Final = where(lies.no_effect, lambda step: step.kind.name.startswith("FORCED"))
