"""The markets of the devnet, as the messages that the governor sends while it is deployed."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Final, NamedTuple

from rollup_node.codec.admin import encode_admin
from rollup_node.core.kinds import SeriesKind
from rollup_node.core.market_leaves import AssetRow, Publishers, SeriesTerms
from rollup_node.core.markets import (
    PUBLISHER_LIMIT,
    ListSeries,
    SetAsset,
    SetBorrowCap,
    SetExpiry,
    SetOptionRules,
    SetPublishers,
    SetUnderlying,
)
from rollup_node.core.option_leaves import OptionRules
from rollup_node.core.surface import Smile, SurfaceNode

ETH: Final = 0
BTC: Final = 1
USDC_UNIT: Final = 1_000_000
PUBLISHER_THRESHOLD: Final = 3
BORROW_CAP_USDC: Final = 10_000_000 * USDC_UNIT


class Market(NamedTuple):
    """A series of the devnet by its name in the API; sizes and fees are in its terms."""

    name: str
    series: int
    terms: SeriesTerms


class UnderlyingInfo(NamedTuple):
    """An underlying by its number; `start_usdc` is where its price begins, µUSDC per unit."""

    symbol: str
    number: int
    start_usdc: int


UNDERLYINGS: Final = (
    UnderlyingInfo("ETH", ETH, 3_000 * USDC_UNIT),
    UnderlyingInfo("BTC", BTC, 95_000 * USDC_UNIT),
)


def _terms(kind: SeriesKind, series: int, underlying: int, **sizes: int) -> SeriesTerms:
    """Return terms with the rates that all devnet series share."""
    return SeriesTerms(
        kind=kind,
        underlying=underlying,
        asset=sizes.get("asset", 0),
        expiry_slot=0,
        book=series,
        unit=sizes["unit"],
        lots_per_unit=sizes["lots_per_unit"],
        initial_ppm=50_000,
        maintenance_ppm=30_000,
        taker_fee_ppm=400,
        maker_fee_ppm=-100,
        band_ppm=100_000,
        max_order_lots=sizes["max_order_lots"],
        min_notional=10 * USDC_UNIT,
        open_interest_cap=sizes["open_interest_cap"],
        impact_notional=10_000 * USDC_UNIT,
        funding_clamp_ppm=40_000,
        interest_ppb=100_000,
    )


_ETH_SIZES: Final = {
    "unit": 500,
    "lots_per_unit": 100,
    "max_order_lots": 500_000,
    "open_interest_cap": 10_000_000,
}
_BTC_SIZES: Final = {
    "unit": 1_000,
    "lots_per_unit": 1_000,
    "max_order_lots": 200_000,
    "open_interest_cap": 5_000_000,
}

MARKETS: Final = (
    Market("ETH_USDC", 1, _terms(SeriesKind.SPOT, 1, ETH, asset=1, **_ETH_SIZES)),
    Market("ETH-PERPETUAL", 2, _terms(SeriesKind.PERPETUAL, 2, ETH, **_ETH_SIZES)),
    Market("BTC-PERPETUAL", 3, _terms(SeriesKind.PERPETUAL, 3, BTC, **_BTC_SIZES)),
    Market("BTC_USDC", 6, _terms(SeriesKind.SPOT, 6, BTC, asset=2, **_BTC_SIZES)),
)
"""One lot is 0.01 ETH or 0.001 BTC; one tick is 5 cents or 1 dollar."""

OPTION_RULES: Final = OptionRules(
    status=1,
    unit=2_000,
    lots_per_unit=100,
    strike_step=50 * USDC_UNIT,
    strike_range_ppm=500_000,
    taker_fee_ppm=300,
    maker_fee_ppm=100,
    band_ppm=50_000,
    max_order_lots=100_000,
    min_notional=10 * USDC_UNIT,
    open_interest_cap=5_000_000,
    initial_ppm=150_000,
    floor_ppm=100_000,
    maintenance_ppm=75_000,
    scan_ppm=160_000,
)
"""Options on ETH: one lot is on 0.01 ETH, one tick is 20 cents per ETH."""

BTC_OPTION_RULES: Final = OPTION_RULES._replace(
    unit=5_000,
    lots_per_unit=1_000,
    strike_step=500 * USDC_UNIT,
    max_order_lots=200_000,
)
"""Options on BTC: one lot is on 0.001 BTC, one tick is 5 dollars per BTC."""

ETH_COLLATERAL: Final = SetAsset(1, AssetRow(ETH, 18, 900_000, 100_000 * 10**18))
BTC_COLLATERAL: Final = SetAsset(2, AssetRow(BTC, 18, 900_000, 5_000 * 10**18))

_FUTURES: Final = {ETH: 4, BTC: 5}
_LEAST_DAYS: Final = 14
_FRIDAY: Final = 4
_WEEK_DAYS: Final = 7
_SETTLES_AT: Final = time(8, tzinfo=UTC)
"""Dated futures settle on Fridays at this hour, two to three weeks after the devnet began."""


def initial_messages(publishers: Sequence[bytes], *, options: bool = True) -> list[bytes]:
    """Return the bodies that open the devnet's markets; `publishers` are at most 8 addresses."""
    rules = {ETH: OPTION_RULES, BTC: BTC_OPTION_RULES} if options else {}
    spare = [bytes(20)] * (PUBLISHER_LIMIT - len(publishers))
    known = Publishers(PUBLISHER_THRESHOLD, (*publishers, *spare))
    return [
        encode_admin(SetPublishers(known)),
        *(encode_admin(SetUnderlying(item.number, 1)) for item in UNDERLYINGS),
        encode_admin(ETH_COLLATERAL),
        encode_admin(BTC_COLLATERAL),
        *(encode_admin(SetOptionRules(*rule)) for rule in rules.items()),
        encode_admin(SetBorrowCap(BORROW_CAP_USDC)),
        *(encode_admin(ListSeries(market.series, market.terms)) for market in MARKETS),
    ]


def dated_messages(opened_at: int) -> list[bytes]:
    """Return the bodies that list one dated future of each underlying; `opened_at` unix seconds."""
    expiry_at = settlement_friday(opened_at)
    messages: list[SetExpiry | ListSeries] = []
    for market in MARKETS:
        if market.terms.kind == SeriesKind.PERPETUAL:
            underlying = market.terms.underlying
            series = _FUTURES[underlying]
            terms = market.terms._replace(
                kind=SeriesKind.FUTURE, book=series, funding_clamp_ppm=0, interest_ppb=0
            )
            messages += (SetExpiry(underlying, 0, expiry_at), ListSeries(series, terms))
    return [encode_admin(message) for message in messages]


def settlement_friday(opened_at: int) -> int:
    """Return the first Friday, 08:00 UTC, at least two weeks after `opened_at` (unix seconds)."""
    first = datetime.fromtimestamp(opened_at, UTC) + timedelta(days=_LEAST_DAYS)
    day = first.date() + timedelta(days=(_FRIDAY - first.weekday()) % _WEEK_DAYS)
    friday = datetime.combine(day, _SETTLES_AT)
    return int((friday if friday >= first else friday + timedelta(days=_WEEK_DAYS)).timestamp())


def smile(volatility: int) -> Smile:
    """Return 16 nodes around the forward, a little higher on either side; in basis points."""
    places = range(-15, 16, 2)
    return tuple(SurfaceNode(20_000 * n, volatility + 5 * n * n - 4 * n) for n in places)
