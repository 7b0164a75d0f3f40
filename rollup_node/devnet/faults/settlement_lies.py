"""The lies about the end of options and accounts: prices, payouts, and what a bidder owes."""

from rollup_node.core.account_leaves import Cold
from rollup_node.core.auctions import AUCTION_MS, SALE_MS
from rollup_node.core.inputs import Bid, Settle, Takeover
from rollup_node.core.kinds import SeriesKind
from rollup_node.core.layout import balances_key, cold_key, grid_key, terms_key
from rollup_node.core.market_leaves import SeriesTerms, SettlementGrid
from rollup_node.devnet.faults.machine import HonestStep, StepInputs, believing, read_record
from rollup_node.proof.machine import StepResult


def wrong_settlement_price(honest: HonestStep, inputs: StepInputs) -> StepResult:
    """Settle a date at the last of its sixty prices, where the law takes their average."""
    terms = _terms(inputs)
    key = grid_key(terms.underlying, terms.expiry_slot)
    grid: SettlementGrid = inputs.state.get(key)
    last = grid.prices[-1:] * len(grid.prices)
    return believing(honest, inputs, {key: grid._replace(prices=last)})


def wrong_payout_rounding(honest: HonestStep, inputs: StepInputs) -> StepResult:
    """Round the payout of a lot up, for longs and shorts alike, where the law rounds down."""
    terms = _terms(inputs)
    almost = terms.lots_per_unit - 1 if terms.kind == SeriesKind.CALL else 1 - terms.lots_per_unit
    key = terms_key(read_record(inputs, Settle).series)
    return believing(honest, inputs, {key: terms._replace(strike=terms.strike - almost)})


def double_settle(honest: HonestStep, inputs: StepInputs) -> StepResult:
    """Pay a position out twice as it is closed once."""
    key = balances_key(read_record(inputs, Settle).account)
    paid = honest(inputs).writes.get(key)
    return honest(inputs) if paid is None else believing(honest, inputs, {key: paid})


def underpriced_takeover(honest: HonestStep, inputs: StepInputs) -> StepResult:
    """Sell an account at the price of ten minutes later, out of the pocket of its old owner."""
    return _aged(honest, inputs, read_record(inputs, Bid).target, SALE_MS)


def early_takeover(honest: HonestStep, inputs: StepInputs) -> StepResult:
    """Give an account to the fund for nothing, as if nobody had bid for two hours."""
    return _aged(honest, inputs, read_record(inputs, Takeover).account, AUCTION_MS)


def _aged(honest: HonestStep, inputs: StepInputs, account: int, age_ms: int) -> StepResult:
    """Return the step as if the auction of an account had begun so much earlier."""
    key = cold_key(account)
    cold: Cold = inputs.state.get(key)
    return believing(honest, inputs, {key: cold._replace(auction_ms=cold.auction_ms - age_ms)})


def _terms(inputs: StepInputs) -> SeriesTerms:
    """Return the terms of the series that a step settles."""
    terms: SeriesTerms = inputs.state.get(terms_key(read_record(inputs, Settle).series))
    return terms
