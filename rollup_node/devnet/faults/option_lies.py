"""The lies about options: risk arrays, epochs, and volatilities that nobody should believe."""

from rollup_node.codec.records import decode_record, read_body
from rollup_node.core.inputs import SurfaceReport
from rollup_node.core.invariant import InvariantViolation
from rollup_node.core.layout import CURSOR_KEY, LeafKey, board_key
from rollup_node.core.leaves import Cursor, Leaf
from rollup_node.core.market_leaves import SeriesState
from rollup_node.core.option_leaves import Board, OptionRisk
from rollup_node.devnet.faults.machine import HonestStep, StepInputs
from rollup_node.proof.machine import StepResult


def wrong_risk_array_entry(honest: HonestStep, inputs: StepInputs) -> StepResult:
    """Make the worst entry of a risk array better by a µUSDC a lot."""
    result = honest(inputs)
    for key, leaf in result.writes.items():
        if isinstance(leaf, OptionRisk):
            worst = leaf.gains.index(min(leaf.gains))
            gains = (*leaf.gains[:worst], leaf.gains[worst] + 1, *leaf.gains[worst + 1 :])
            return _with(result, key, leaf._replace(gains=gains))
    return result


def mixed_epoch(honest: HonestStep, inputs: StepInputs) -> StepResult:
    """Leave a call in the epoch before, while the put goes on to the next one."""
    result = honest(inputs)
    for key, leaf in result.writes.items():
        if isinstance(leaf, SeriesState):
            return _with(result, key, leaf._replace(epoch=leaf.epoch - 1))
    return result


def arbitrageable_surface_accepted(honest: HonestStep, inputs: StepInputs) -> StepResult:
    """Keep volatilities by which options could be bought and sold at a sure gain."""
    cursor: Cursor = inputs.state.get(CURSOR_KEY)
    result = honest(inputs)
    body = read_body(inputs.data, cursor.offset, inputs.header.byte_length)
    report = decode_record(body) if body else None
    if not isinstance(report, SurfaceReport):
        raise InvariantViolation("there is no surface report in this step")
    key = board_key(report.underlying, report.expiry_slot)
    board: Board = inputs.state.get(key)
    return _with(result, key, Board(report.time_ms, report.nodes, board.strikes))


def _with(result: StepResult, key: LeafKey, leaf: Leaf) -> StepResult:
    """Return a result with another value of one leaf."""
    return result._replace(writes={**result.writes, key: leaf})
