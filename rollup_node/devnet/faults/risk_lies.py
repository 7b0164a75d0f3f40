"""The lies about who may: margin that is lacking, keys that reach too far, losses that are not."""

from typing import Final

from rollup_node.core.account_leaves import SessionKey
from rollup_node.core.inputs import Liquidate, PlaceOrder
from rollup_node.core.layout import (
    CREDIT_KEY,
    TOTALS_KEY,
    balances_key,
    session_key_key,
)
from rollup_node.core.leaves import Balances, Leaf, Totals, replace_amount
from rollup_node.core.market_leaves import Credit
from rollup_node.devnet.faults.machine import (
    HonestStep,
    StepInputs,
    believing,
    read_record,
    restore,
)
from rollup_node.devnet.faults.match_lies import meeting
from rollup_node.proof.machine import StepResult

_LENT_USDC: Final = 10**12
_EVERYTHING: Final = 255
_FAR_MS: Final = 1 << 47


def skipped_margin_check(honest: HonestStep, inputs: StepInputs) -> StepResult:
    """Lend a taker the margin that it lacks for the length of a fill."""
    key = balances_key(meeting(inputs).taker.account)
    held: Balances = inputs.state.get(key)
    lent = Balances(replace_amount(held.amounts, 0, held.amounts[0] + _LENT_USDC))

    def take_back(leaf: Leaf) -> Leaf:
        amounts = leaf.amounts  # type: ignore[union-attr]
        return Balances(replace_amount(amounts, 0, amounts[0] - _LENT_USDC))

    return believing(honest, inputs, {key: lent}, {key: take_back})


def session_key_overreach(honest: HonestStep, inputs: StepInputs) -> StepResult:
    """Take an order of a session key that may not place it."""
    order = read_record(inputs, PlaceOrder)
    key = session_key_key(order.account, order.key)
    session: SessionKey = inputs.state.get(key)
    free = session._replace(
        scope=_EVERYTHING, markets=_EVERYTHING, order_cap=_LENT_USDC, expiry_ms=_FAR_MS
    )
    scope, markets, expiry_ms, cap = session[1:5]
    undo = restore(scope=scope, markets=markets, expiry_ms=expiry_ms, order_cap=cap)
    return believing(honest, inputs, {key: free}, {key: undo})


def false_liquidation(honest: HonestStep, inputs: StepInputs) -> StepResult:
    """Liquidate an account that has enough, as if it had lost a million."""
    key = balances_key(read_record(inputs, Liquidate).account)
    held: Balances = inputs.state.get(key)
    ruined = Balances(replace_amount(held.amounts, 0, held.amounts[0] - _LENT_USDC))
    return believing(honest, inputs, {key: ruined}, {key: lambda _leaf: held})


def wrong_deficit_ratio(honest: HonestStep, inputs: StepInputs) -> StepResult:
    """Pay half of a withdrawal, as if half of all deposits were lost."""
    credit: Credit = inputs.state.get(CREDIT_KEY)
    totals: Totals = inputs.state.get(TOTALS_KEY)
    lost = credit._replace(deficit=totals.amounts[0])
    return believing(
        honest, inputs, {CREDIT_KEY: lost}, {CREDIT_KEY: restore(deficit=credit.deficit)}
    )
