"""Leaves of markets and of the exchange as a whole, as values. Source: docs/spec.md S-7 to S-10."""

from typing import Final, NamedTuple


class PriceRow(NamedTuple):
    """The price of an underlying, in µUSDC per unit: as of its epoch, and the newest index.

    `epoch` counts reprices, 0 before the first. Times in ms of L2. `pending` is a jump that waits
    for its confirmation, 0: none.
    """

    epoch: int
    priced_ms: int
    reference: int
    index_price: int
    index_ms: int
    pending: int


class Prices(NamedTuple):
    """The eight underlyings, and when funding premiums were sampled last (ms)."""

    rows: tuple[PriceRow, ...]
    sampled_ms: int


class Pools(NamedTuple):
    """What the exchange itself holds, in µUSDC: fees, and insurance per underlying."""

    fees: int
    insurance: tuple[int, ...]


class AssetRow(NamedTuple):
    """How an asset counts as collateral.

    `underlying` prices it (255: none), `exponent`: 10^exponent smallest units are one unit,
    `weight_ppm` of its value counts, up to `cap` smallest units per account.
    """

    underlying: int
    exponent: int
    weight_ppm: int
    cap: int


class AssetTerms(NamedTuple):
    """The four assets; the row of USDC is not used."""

    rows: tuple[AssetRow, ...]


class Credit(NamedTuple):
    """µUSDC: insurance deficit D, sum of negative cash, and the cap on that sum."""

    deficit: int
    borrowed: int
    borrow_cap: int


class Publishers(NamedTuple):
    """Whose signatures make a price: at least `threshold` of these addresses (zero: free)."""

    threshold: int
    addresses: tuple[bytes, ...]


class Underlying(NamedTuple):
    """What the oracle said last.

    `resumed_ms` is when reports came back after a gap, 0 if there never was one (L-1).
    """

    status: int
    round: int
    confidence_ppm: int
    resumed_ms: int


class SeriesList(NamedTuple):
    """The live series of an underlying, up to 16, 0 for a free place."""

    series: tuple[int, ...]


class Expiry(NamedTuple):
    """A settlement date: unix seconds, and forward minus index (µUSDC per unit).

    `round` is that of the newest forward report; `price` the settlement price in µUSDC per unit,
    0 until it is fixed; `sum` that of the `known` rounds of its grid.
    """

    expiry_at: int
    forward: int
    round: int
    price: int
    sum: int = 0
    known: int = 0


class SettlementGrid(NamedTuple):
    """The prices of the sixty rounds before a settlement date, µUSDC per unit, 0: missing.

    They count for the date `expiry_at` only: a date that took the place of another begins anew.
    """

    expiry_at: int
    prices: tuple[int, ...]


class SeriesTerms(NamedTuple):
    """What a series is; changes by an admin message only.

    `unit` µUSDC per tick and lot; `lots_per_unit` lots make one unit of the underlying; fees and
    margins in millionths of the notional; notionals in µUSDC; `book` is the number of its book;
    `strike` µUSDC per unit, 0 unless it is an option.
    """

    kind: int
    underlying: int
    asset: int
    expiry_slot: int
    book: int
    unit: int
    lots_per_unit: int
    initial_ppm: int
    maintenance_ppm: int
    taker_fee_ppm: int
    maker_fee_ppm: int
    band_ppm: int
    max_order_lots: int
    min_notional: int
    open_interest_cap: int
    impact_notional: int
    funding_clamp_ppm: int
    interest_ppb: int
    strike: int = 0


class SeriesState(NamedTuple):
    """What changes with trading and repricing.

    `bid` and `ask` are the best ticks, 0 if there is none. `mark`, `initial` and `maintenance` in
    µUSDC per lot, as of `epoch`. `funding_index` in µUSDC per lot, `funding_rest` the remainder.
    `low` and `high` are the range of the index (ticks) since triggers were drained.
    """

    status: int
    bid: int
    ask: int
    sequence: int
    open_interest: int
    orders: int
    epoch: int
    mark: int
    initial: int
    maintenance: int
    funding_index: int
    funding_rest: int
    premium_sum: int
    premium_count: int
    funded_ms: int
    low: int
    high: int
    triggers: int


NO_SERIES: Final = SeriesList((0,) * 16)
NO_UNDERLYING: Final = Underlying(0, 0, 0, 0)
NO_EXPIRY: Final = Expiry(0, 0, 0, 0)
NO_GRID: Final = SettlementGrid(0, (0,) * 60)
NO_PUBLISHERS: Final = Publishers(0, (bytes(20),) * 8)
NO_PRICE: Final = PriceRow(0, 0, 0, 0, 0, 0)
NO_PRICES: Final = Prices((NO_PRICE,) * 8, 0)
NO_POOLS: Final = Pools(0, (0,) * 8)
NO_CREDIT: Final = Credit(0, 0, 0)
NO_ASSET: Final = AssetRow(255, 0, 0, 0)
NO_ASSETS: Final = AssetTerms((NO_ASSET,) * 4)
