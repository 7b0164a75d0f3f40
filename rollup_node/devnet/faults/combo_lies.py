"""The lies about combos: legs that nobody signed."""

from rollup_node.core.inputs import ExecuteRfq
from rollup_node.core.layout import owner_key
from rollup_node.core.leaves import Owner
from rollup_node.core.step import apply_record
from rollup_node.devnet.faults.machine import HonestStep, StepInputs, read_record
from rollup_node.proof.machine import StepResult


def wrong_rfq_leg(honest: HonestStep, inputs: StepInputs) -> StepResult:
    """Trade a lot more of the first leg than both sides signed; their sums still balance."""
    result, record = honest(inputs), read_record(inputs, ExecuteRfq)
    first, *others = record.quote.legs
    more = first._replace(lots=first.lots + (1 if first.lots > 0 else -1))
    altered = record._replace(quote=record.quote._replace(legs=(more, *others)))
    taker: Owner = inputs.state.get(owner_key(record.account))
    maker: Owner = inputs.state.get(owner_key(record.quote.account))
    signers = (maker.address,)
    outcome = apply_record(inputs.state, altered, taker.address, result.size, signers)
    return result._replace(writes=outcome.writes)
