"""The lies about covered sales, and about accounts that only hear of themselves by proofs."""

from rollup_node.codec.delayed import decode_message, encode_forced
from rollup_node.core.inputs import StartSale
from rollup_node.core.invariant import InvariantViolation
from rollup_node.core.layout import CURSOR_KEY, TAKER_KEY, TOTALS_KEY, sales_key
from rollup_node.core.leaves import (
    Balances,
    Cursor,
    Leaf,
    Totals,
    Withdrawal,
    replace_amount,
)
from rollup_node.core.option_leaves import SalePlace, Sales
from rollup_node.devnet.faults.machine import HonestStep, StepInputs, believing, with_leaf
from rollup_node.proof.machine import StepResult

_THIEF = b"\x66" * 20
_PPM = 1_000_000


def wrong_sale_price(honest: HonestStep, inputs: StepInputs) -> StepResult:
    """Sell at half of what the sale asks by now."""
    key = sales_key(inputs.state.get(TAKER_KEY).series)
    sales: Sales = inputs.state.get(key)
    cheap = Sales(tuple(_at(place, 2) for place in sales.places))

    def mend(leaf: Leaf) -> Leaf:
        if not isinstance(leaf, Sales):
            raise InvariantViolation(f"no sales but a {type(leaf).__name__}")
        pairs = zip(leaf.places, sales.places, strict=True)
        return Sales(tuple(_priced(place, was) if place.lots else place for place, was in pairs))

    return believing(honest, inputs, {key: cheap}, {key: mend})


def _at(place: SalePlace, part: int) -> SalePlace:
    """Return a place that asks one part of its price."""
    start, reserve = place.start_ppm // part, place.reserve_ppm // part
    return place._replace(start_ppm=start, reserve_ppm=reserve)


def _priced(place: SalePlace, was: SalePlace) -> SalePlace:
    return place._replace(start_ppm=was.start_ppm, reserve_ppm=was.reserve_ppm)


def wrong_strike_choice(honest: HonestStep, inputs: StepInputs) -> StepResult:
    """Sell the strike that is farthest out of the money, whatever delta was asked for."""
    cursor: Cursor = inputs.state.get(CURSOR_KEY)
    delayed = [*inputs.messages.delayed]
    here = len(delayed) - (inputs.header.delayed_count - cursor.delayed)
    sale = decode_message(delayed[here])
    if not isinstance(sale, StartSale):
        raise InvariantViolation(f"message {cursor.delayed} is no sale")
    other = sale._replace(delta_ppm=0 if sale.delta_ppm else _PPM)
    delayed[here] = delayed[here]._replace(body=encode_forced(other))
    return honest(inputs._replace(messages=inputs.messages._replace(delayed=delayed)))


def stolen_premium(honest: HonestStep, inputs: StepInputs) -> StepResult:
    """Pay what a contract withdraws to somebody else."""
    result = honest(inputs)
    for key, leaf in result.writes.items():
        if isinstance(leaf, Withdrawal):
            return with_leaf(result, key, leaf._replace(recipient=_THIEF))
    return result


def vault_nav_lie(honest: HonestStep, inputs: StepInputs) -> StepResult:
    """Let the account of a contract hold twice what it does; the totals are made to fit."""
    result = honest(inputs)
    for key, leaf in result.writes.items():
        totals = result.writes.get(TOTALS_KEY)
        if isinstance(leaf, Balances) and isinstance(totals, Totals):
            cash = leaf.amounts[0]
            doubled = Balances(replace_amount(leaf.amounts, 0, cash + cash))
            custody = replace_amount(totals.amounts, 0, totals.amounts[0] + cash)
            return with_leaf(with_leaf(result, key, doubled), TOTALS_KEY, Totals(custody))
    return result
