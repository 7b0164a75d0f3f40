"""The lies about prices: reports that do not count, reprices that do not happen, wrong sums."""

from typing import Final

from rollup_node.core.fixed_point import modulo
from rollup_node.core.inputs import PriceReport
from rollup_node.core.kinds import OrderClass, Phase
from rollup_node.core.layout import CURSOR_KEY, PRICE_TASK_KEY, PUBLISHERS_KEY, LeafKey
from rollup_node.core.leaves import Cursor
from rollup_node.core.market_leaves import Publishers, SeriesState, SeriesTerms
from rollup_node.core.reprice import PPM, initial_ppm
from rollup_node.core.task_leaves import PriceTask
from rollup_node.devnet.faults.machine import (
    HonestStep,
    Pretend,
    StepInputs,
    read_record,
    with_leaf,
)
from rollup_node.proof.machine import StepResult

_STOLEN_FUNDING_USDC: Final = 1_000
_TERMS_BEFORE_STATE: Final = 1


def wrong_funding(honest: HonestStep, inputs: StepInputs) -> StepResult:
    """Move the funding index of a repriced perpetual by a tenth of a cent per lot more."""
    result = honest(inputs)
    for key, leaf in result.writes.items():
        if isinstance(leaf, SeriesState) and _is_funded(inputs, key, leaf):
            index = leaf.funding_index + _STOLEN_FUNDING_USDC
            return with_leaf(result, key, leaf._replace(funding_index=index))
    return result


def wrong_rounding(honest: HonestStep, inputs: StepInputs) -> StepResult:
    """Round the initial margin of a repriced series down, where the law rounds up."""
    result = honest(inputs)
    for key, leaf in result.writes.items():
        if isinstance(leaf, SeriesState) and leaf.initial:
            terms: SeriesTerms = inputs.state.get(LeafKey(key - _TERMS_BEFORE_STATE))
            if modulo(leaf.mark * initial_ppm(terms, leaf.open_interest), PPM):
                return with_leaf(result, key, leaf._replace(initial=leaf.initial - 1))
    return result


def skipped_reprice(honest: HonestStep, inputs: StepInputs) -> StepResult:
    """Go on without the reprice that a block or a report makes due."""
    result = honest(inputs)
    cursor: Cursor = result.writes[CURSOR_KEY]  # type: ignore[assignment]
    task = result.writes.get(PRICE_TASK_KEY)
    if cursor.phase != Phase.REPRICE or not isinstance(task, PriceTask):
        return result
    kept = {key: leaf for key, leaf in result.writes.items() if key != PRICE_TASK_KEY}
    return result._replace(writes={**kept, CURSOR_KEY: cursor._replace(phase=task.resume)})


def skipped_trigger(honest: HonestStep, inputs: StepInputs) -> StepResult:
    """Forget that the series that was repriced has orders which wait for its price."""
    result = honest(inputs)
    task = result.writes.get(PRICE_TASK_KEY)
    if not isinstance(task, PriceTask) or not task.drain:
        return result
    return with_leaf(result, PRICE_TASK_KEY, task._replace(drain=0))


def stale_oracle_used(honest: HonestStep, inputs: StepInputs) -> StepResult:
    """Take a report as if it had come when it was made."""
    cursor: Cursor = inputs.state.get(CURSOR_KEY)
    then = cursor._replace(time_ms=read_record(inputs, PriceReport).time_ms)
    result = honest(inputs._replace(state=Pretend(inputs.state, {CURSOR_KEY: then})))
    after: Cursor = result.writes[CURSOR_KEY]  # type: ignore[assignment]
    return with_leaf(result, CURSOR_KEY, after._replace(time_ms=cursor.time_ms))


def forged_oracle(honest: HonestStep, inputs: StepInputs) -> StepResult:
    """Take the word of a single publisher for that of enough of them."""
    publishers: Publishers = inputs.state.get(PUBLISHERS_KEY)
    one = Pretend(inputs.state, {PUBLISHERS_KEY: Publishers(1, publishers.addresses)})
    return honest(inputs._replace(state=one))


def class_order_broken(honest: HonestStep, inputs: StepInputs) -> StepResult:
    """Execute a record after those that it had to come before."""
    cursor: Cursor = inputs.state.get(CURSOR_KEY)
    fresh = cursor._replace(order_class=OrderClass.ORACLE)
    return honest(inputs._replace(state=Pretend(inputs.state, {CURSOR_KEY: fresh})))


def _is_funded(inputs: StepInputs, key: LeafKey, after: SeriesState) -> bool:
    before: SeriesState = inputs.state.get(key)
    return (after.funding_index, after.funding_rest) != (before.funding_index, before.funding_rest)
