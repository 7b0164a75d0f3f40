"""What the governor may say: underlyings, series, collateral, publishers, where fees go.

Source: docs/spec.md V-1. Twin: contracts/src/core/Markets.sol.
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple, TypeAlias

from rollup_node.core.cash import change_cash
from rollup_node.core.fixed_point import modulo
from rollup_node.core.frame import Authority, Frame
from rollup_node.core.kinds import SeriesKind, SeriesStatus, StepKind
from rollup_node.core.layout import (
    ACCOUNT_LIMIT,
    ASSET_COUNT,
    ASSETS_KEY,
    BOOK_LIMIT,
    CREDIT_KEY,
    EXPIRIES,
    MAX_BALANCE,
    MAX_LOT_VALUE,
    MAX_LOTS,
    POOLS_KEY,
    PUBLISHERS_KEY,
    TICK_BITS,
    UNDERLYING_LIMIT,
    balances_key,
    board_key,
    expiry_key,
    hot_key,
    option_rules_key,
    series_key,
    series_list_key,
    terms_key,
    underlying_key,
)
from rollup_node.core.leaves import Balances
from rollup_node.core.market_leaves import (
    NO_ASSETS,
    NO_CREDIT,
    NO_EXPIRY,
    NO_POOLS,
    NO_SERIES,
    NO_UNDERLYING,
    AssetRow,
    AssetTerms,
    Credit,
    Expiry,
    Pools,
    Publishers,
    SeriesList,
    SeriesState,
    SeriesTerms,
    Underlying,
)
from rollup_node.core.option_leaves import NO_BOARD, Board, OptionRules
from rollup_node.core.option_rules import is_sound_rules
from rollup_node.core.reason import Reason
from rollup_node.core.risk import read_hot

PPM: Final = 1_000_000
MAX_FEE_PPM: Final = 10_000
MAX_INTEREST_PPB: Final = 1_000_000
MAX_EXPONENT: Final = 24
PUBLISHER_LIMIT: Final = 8
NO_UNDERLYING_ID: Final = 255


class SetUnderlying(NamedTuple):
    """Open (1) or close (0) an underlying."""

    underlying: int
    status: int


class ListSeries(NamedTuple):
    """Begin to trade a series."""

    series: int
    terms: SeriesTerms


class SetTerms(NamedTuple):
    """Change what may change of a series."""

    series: int
    terms: SeriesTerms


class SetStatus(NamedTuple):
    """Make a series TRADING or REDUCE_ONLY."""

    series: int
    status: int


class SetAsset(NamedTuple):
    """Say how an asset counts as collateral."""

    asset: int
    row: AssetRow


class SetPublishers(NamedTuple):
    """Say whose signatures make a price."""

    publishers: Publishers


class SetBorrowCap(NamedTuple):
    """Bound the sum of all negative cash, in µUSDC."""

    cap: int


class DelistSeries(NamedTuple):
    """Take a series that nobody holds out of the list."""

    series: int


class SetExpiry(NamedTuple):
    """Give a place for a settlement date its date, in unix seconds."""

    underlying: int
    expiry_slot: int
    expiry_at: int


class SetOptionRules(NamedTuple):
    """Say how options of an underlying are listed and margined."""

    underlying: int
    rules: OptionRules


class PayFees(NamedTuple):
    """Pay collected fees to the cash of an account."""

    account: int
    amount: int


class InsureFees(NamedTuple):
    """Move collected fees into the insurance of an underlying."""

    underlying: int
    amount: int


AdminMessage: TypeAlias = (
    SetUnderlying
    | ListSeries
    | SetTerms
    | SetStatus
    | SetAsset
    | SetPublishers
    | SetBorrowCap
    | DelistSeries
    | SetExpiry
    | SetOptionRules
    | PayFees
    | InsureFees
)


def apply_admin(
    frame: Frame, message: AdminMessage, _authority: Authority
) -> tuple[StepKind, Reason]:
    """Do what the governor says, or nothing. Source: docs/spec.md V-1."""
    return StepKind.ADMIN, _EFFECTS[type(message)](frame, message)


def _set_underlying(frame: Frame, message: SetUnderlying) -> Reason:
    if message.underlying >= UNDERLYING_LIMIT or message.status > 1:
        return Reason.BAD_PARAMETERS
    key = underlying_key(message.underlying)
    oracle: Underlying = frame.get(key) or NO_UNDERLYING
    frame.put(key, oracle._replace(status=message.status))
    return Reason.OK


def _list_series(frame: Frame, message: ListSeries) -> Reason:
    """Read state, series list, underlying, then asset terms or expiry, then terms."""
    series, terms = message
    if not 0 < series < BOOK_LIMIT or terms.book != series or not _is_sound(terms):
        return Reason.BAD_PARAMETERS
    state: SeriesState | None = frame.get(series_key(series))
    if state is not None and state.status not in {SeriesStatus.NONE, SeriesStatus.SETTLED}:
        return Reason.SERIES_EXISTS
    if state is not None and (state.open_interest or state.orders or state.triggers):
        return Reason.SERIES_IN_USE
    listed: SeriesList = frame.get(series_list_key(terms.underlying)) or NO_SERIES
    if series not in listed.series and 0 not in listed.series:
        return Reason.BAD_PARAMETERS
    oracle: Underlying = frame.get(underlying_key(terms.underlying)) or NO_UNDERLYING
    if oracle.status != 1 or not _has_ground(frame, terms):
        return Reason.BAD_PARAMETERS
    frame.get(terms_key(series))
    frame.put(terms_key(series), terms)
    index = 0 if state is None else state.funding_index
    frame.put(series_key(series), fresh_state(index, 0 if state is None else state.sequence))
    if series not in listed.series:
        free = listed.series.index(0)
        places = (*listed.series[:free], series, *listed.series[free + 1 :])
        frame.put(series_list_key(terms.underlying), SeriesList(places))
    return Reason.OK


def fresh_state(funding_index: int, sequence: int) -> SeriesState:
    """Return a series that nobody has traded yet; a listed-again one goes on counting."""
    return SeriesState(
        SeriesStatus.TRADING, 0, 0, sequence, 0, 0, 0, 0, 0, 0, funding_index, 0, 0, 0, 0, 0, 0, 0
    )


def _has_ground(frame: Frame, terms: SeriesTerms) -> bool:
    """Say whether what the series rests on is there: its collateral, or its date."""
    if terms.kind == SeriesKind.SPOT:
        assets: AssetTerms = frame.get(ASSETS_KEY) or NO_ASSETS
        row = assets.rows[terms.asset]
        is_whole = modulo(10**row.exponent, terms.lots_per_unit) == 0
        return row.underlying == terms.underlying and is_whole
    if terms.kind == SeriesKind.FUTURE:
        expiry: Expiry = frame.get(expiry_key(terms.underlying, terms.expiry_slot)) or NO_EXPIRY
        return expiry.expiry_at * 1_000 > frame.time_ms
    return True


def _is_sound(terms: SeriesTerms) -> bool:
    """Say whether every term is in its range, whatever the state."""
    is_known = SeriesKind.SPOT <= terms.kind <= SeriesKind.FUTURE and terms.strike == 0
    is_placed = terms.underlying < UNDERLYING_LIMIT and terms.expiry_slot < EXPIRIES
    is_spot_asset = 0 < terms.asset < ASSET_COUNT
    is_kept = is_spot_asset if terms.kind == SeriesKind.SPOT else terms.asset == 0
    is_sized = (
        terms.unit > 0
        and terms.unit << TICK_BITS <= MAX_LOT_VALUE
        and terms.lots_per_unit > 0
        and terms.max_order_lots <= MAX_LOTS
        and terms.open_interest_cap <= MAX_LOT_VALUE
    )
    is_margined = 0 < terms.maintenance_ppm <= terms.initial_ppm <= PPM and terms.band_ppm <= PPM
    is_priced = (
        terms.taker_fee_ppm <= MAX_FEE_PPM
        and abs(terms.maker_fee_ppm) <= terms.taker_fee_ppm
        and terms.funding_clamp_ppm <= PPM
        and abs(terms.interest_ppb) <= MAX_INTEREST_PPB
    )
    return is_known and is_placed and is_kept and is_sized and is_margined and is_priced


def _set_terms(frame: Frame, message: SetTerms) -> Reason:
    """Read the terms. What prices, sizes and books rest on must stay."""
    series, terms = message
    if not 0 < series < BOOK_LIMIT or not _is_sound(terms):
        return Reason.BAD_PARAMETERS
    old: SeriesTerms | None = frame.get(terms_key(series))
    if old is None:
        return Reason.UNKNOWN_SERIES
    if terms[:7] != old[:7]:
        return Reason.SERIES_IN_USE
    frame.put(terms_key(series), terms)
    return Reason.OK


def _set_status(frame: Frame, message: SetStatus) -> Reason:
    """Read the state."""
    wanted = {SeriesStatus.TRADING, SeriesStatus.REDUCE_ONLY}
    if not 0 < message.series < BOOK_LIMIT or message.status not in wanted:
        return Reason.BAD_PARAMETERS
    state: SeriesState | None = frame.get(series_key(message.series))
    if state is None:
        return Reason.UNKNOWN_SERIES
    if state.status not in wanted:
        return Reason.SERIES_CLOSED
    frame.put(series_key(message.series), state._replace(status=message.status))
    return Reason.OK


def _set_asset(frame: Frame, message: SetAsset) -> Reason:
    """Read the asset terms. USDC has none."""
    asset, row = message
    is_priced = row.underlying < UNDERLYING_LIMIT or row.underlying == NO_UNDERLYING_ID
    is_sound = row.exponent <= MAX_EXPONENT and row.weight_ppm <= PPM and row.cap <= MAX_BALANCE
    if not 0 < asset < ASSET_COUNT or not is_priced or not is_sound:
        return Reason.BAD_PARAMETERS
    assets: AssetTerms = frame.get(ASSETS_KEY) or NO_ASSETS
    frame.put(ASSETS_KEY, AssetTerms((*assets.rows[:asset], row, *assets.rows[asset + 1 :])))
    return Reason.OK


def _set_publishers(frame: Frame, message: SetPublishers) -> Reason:
    """Read the publishers. No address twice, and enough of them."""
    threshold, addresses = message.publishers
    named = [address for address in addresses if address != bytes(20)]
    if not 0 < threshold <= len(named) or len(set(named)) != len(named):
        return Reason.BAD_PARAMETERS
    frame.get(PUBLISHERS_KEY)
    frame.put(PUBLISHERS_KEY, message.publishers)
    return Reason.OK


def _set_borrow_cap(frame: Frame, message: SetBorrowCap) -> Reason:
    """Read the credit."""
    if message.cap > MAX_BALANCE:
        return Reason.BAD_PARAMETERS
    credit: Credit = frame.get(CREDIT_KEY) or NO_CREDIT
    frame.put(CREDIT_KEY, Credit(credit.deficit, credit.borrowed, message.cap))
    return Reason.OK


def _delist_series(frame: Frame, message: DelistSeries) -> Reason:
    """Read state, terms, series list."""
    series = message.series
    if not 0 < series < BOOK_LIMIT:
        return Reason.BAD_PARAMETERS
    state: SeriesState | None = frame.get(series_key(series))
    if state is None or state.status == SeriesStatus.NONE:
        return Reason.UNKNOWN_SERIES
    if state.open_interest or state.orders or state.triggers:
        return Reason.SERIES_IN_USE
    terms: SeriesTerms = frame.get(terms_key(series))
    key = series_list_key(terms.underlying)
    listed: SeriesList = frame.get(key) or NO_SERIES
    frame.put(key, SeriesList(tuple(0 if s == series else s for s in listed.series)))
    frame.put(series_key(series), state._replace(status=SeriesStatus.NONE))
    return Reason.OK


def _set_expiry(frame: Frame, message: SetExpiry) -> Reason:
    """Read the expiry, then what `begin_date` reads."""
    underlying, expiry_slot, expiry_at = message
    is_placed = underlying < UNDERLYING_LIMIT and expiry_slot < EXPIRIES
    if not is_placed or expiry_at * 1_000 <= frame.time_ms:
        return Reason.BAD_PARAMETERS
    frame.get(expiry_key(underlying, expiry_slot))
    return begin_date(frame, underlying, expiry_slot, expiry_at)


def begin_date(frame: Frame, underlying: int, expiry_slot: int, expiry_at: int) -> Reason:
    """Give a place that no series uses another date; its expiry was read.

    Reads board, series list, then terms of each series that could use it. Source: V-1, V-11.
    """
    key = board_key(underlying, expiry_slot)
    board: Board = frame.get(key) or NO_BOARD
    if any(row.series for row in board.strikes):
        return Reason.SERIES_IN_USE
    listed: SeriesList = frame.get(series_list_key(underlying)) or NO_SERIES
    for series in listed.series:
        if series:
            terms: SeriesTerms = frame.get(terms_key(series))
            if terms.kind == SeriesKind.FUTURE and terms.expiry_slot == expiry_slot:
                return Reason.SERIES_IN_USE
    old: Expiry = frame.get(expiry_key(underlying, expiry_slot)) or NO_EXPIRY
    known = old[4:] if old.expiry_at == expiry_at else (0, 0)
    frame.put(expiry_key(underlying, expiry_slot), Expiry(expiry_at, 0, 0, 0, *known))
    frame.put(key, NO_BOARD)
    return Reason.OK


def _set_option_rules(frame: Frame, message: SetOptionRules) -> Reason:
    """Read the rules."""
    underlying, rules = message
    if underlying >= UNDERLYING_LIMIT or not is_sound_rules(rules):
        return Reason.BAD_PARAMETERS
    frame.get(option_rules_key(underlying))
    frame.put(option_rules_key(underlying), rules)
    return Reason.OK


def _pay_fees(frame: Frame, message: PayFees) -> Reason:
    """Read pools, balances and hot of the account, then what a change of its cash reads."""
    account, amount = message
    pools: Pools = frame.get(POOLS_KEY) or NO_POOLS
    if amount > pools.fees:
        return Reason.INSUFFICIENT_BALANCE
    if not 0 < account < ACCOUNT_LIMIT:
        return Reason.UNKNOWN_ACCOUNT
    balances: Balances | None = frame.get(balances_key(account))
    if balances is None:
        return Reason.UNKNOWN_ACCOUNT
    if balances.amounts[0] + amount > MAX_BALANCE:
        return Reason.BALANCE_OVERFLOW
    key = hot_key(account)
    has_traded = frame.get(key) is not None
    frame.put(POOLS_KEY, Pools(pools.fees - amount, pools.insurance))
    hot = change_cash(frame, account, read_hot(frame, account), amount)
    if has_traded:
        frame.put(key, hot)
    return Reason.OK


def _insure_fees(frame: Frame, message: InsureFees) -> Reason:
    """Read pools."""
    underlying, amount = message
    if underlying >= UNDERLYING_LIMIT:
        return Reason.BAD_PARAMETERS
    pools: Pools = frame.get(POOLS_KEY) or NO_POOLS
    if amount > pools.fees:
        return Reason.INSUFFICIENT_BALANCE
    held = list(pools.insurance)
    held[underlying] += amount
    frame.put(POOLS_KEY, Pools(pools.fees - amount, tuple(held)))
    return Reason.OK


_EFFECTS: Final[dict[type, Callable[[Frame, Any], Reason]]] = {
    SetUnderlying: _set_underlying,
    ListSeries: _list_series,
    SetTerms: _set_terms,
    SetStatus: _set_status,
    SetAsset: _set_asset,
    SetPublishers: _set_publishers,
    SetBorrowCap: _set_borrow_cap,
    DelistSeries: _delist_series,
    SetExpiry: _set_expiry,
    SetOptionRules: _set_option_rules,
    PayFees: _pay_fees,
    InsureFees: _insure_fees,
}

ADMIN_MESSAGES: Final = tuple(_EFFECTS)
"""The types of all admin messages."""
