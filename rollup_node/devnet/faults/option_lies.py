"""The lies about options: risk arrays, epochs, and volatilities that nobody should believe."""

from rollup_node.core.inputs import SurfaceReport
from rollup_node.core.layout import CURSOR_KEY, PRICE_TASK_KEY, board_key
from rollup_node.core.market_leaves import SeriesState
from rollup_node.core.option_leaves import Board, SeriesRisk
from rollup_node.devnet.faults.machine import HonestStep, StepInputs, read_record, with_leaf
from rollup_node.proof.machine import StepResult


def wrong_risk_array_entry(honest: HonestStep, inputs: StepInputs) -> StepResult:
    """Make the worst entry of a risk array better by a µUSDC a lot."""
    result = honest(inputs)
    for key, leaf in result.writes.items():
        if isinstance(leaf, SeriesRisk):
            worst = leaf.gains.index(min(leaf.gains))
            gains = (*leaf.gains[:worst], leaf.gains[worst] + 1, *leaf.gains[worst + 1 :])
            return with_leaf(result, key, leaf._replace(gains=gains))
    return result


def mixed_epoch(honest: HonestStep, inputs: StepInputs) -> StepResult:
    """Leave a call in the epoch before, while the put goes on to the next one."""
    result = honest(inputs)
    for key, leaf in result.writes.items():
        if isinstance(leaf, SeriesState):
            return with_leaf(result, key, leaf._replace(epoch=leaf.epoch - 1))
    return result


def skipped_strike(honest: HonestStep, inputs: StepInputs) -> StepResult:
    """Go on to the next strike, and leave call and put of this one as they were."""
    result = honest(inputs)
    if not any(isinstance(leaf, SeriesState) for leaf in result.writes.values()):
        return result
    kept = {key: result.writes[key] for key in (CURSOR_KEY, PRICE_TASK_KEY)}
    return result._replace(writes=kept)


def arbitrageable_surface_accepted(honest: HonestStep, inputs: StepInputs) -> StepResult:
    """Keep volatilities by which options could be bought and sold at a sure gain."""
    result, report = honest(inputs), read_record(inputs, SurfaceReport)
    key = board_key(report.underlying, report.expiry_slot)
    board: Board = inputs.state.get(key)
    return with_leaf(result, key, Board(report.time_ms, report.nodes, board.strikes))
