"""What an account is worth and what it must be worth: equity, margins, models of risk.

Pure sums over the rows of the hot leaf: the book knows rows only. Source: docs/spec.md M-4 to
M-10. Twin: contracts/src/core/Risk.sol.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

from rollup_node.core.account_leaves import NO_HOT, NO_RISK, AccountRisk, Hot, Position, RiskRow
from rollup_node.core.fixed_point import div_down, div_up
from rollup_node.core.frame import Frame
from rollup_node.core.layout import (
    ASSETS_KEY,
    FIRST_OPTION,
    PRICES_KEY,
    UNDERLYING_LIMIT,
    balances_key,
    hot_key,
)
from rollup_node.core.leaves import NO_AMOUNTS, Amounts, Balances
from rollup_node.core.market_leaves import (
    NO_ASSETS,
    NO_PRICES,
    AssetTerms,
    PriceRow,
    Prices,
    SeriesState,
)
from rollup_node.core.portfolio import weigh_risk
from rollup_node.core.reason import Reason

_OK: Final = Reason.OK
PPM: Final = 1_000_000
STALE_MS: Final = 60_000
"""Prices older than this allow only what reduces risk. Source: docs/spec.md M-6."""

MAX_DRIFT_PPM: Final = 20_000
BASE_FACTOR_PPM: Final = 1_020_000
DRIFT_FACTOR: Final = 8
_SETTLED: Final = 4
MAX_EXPONENT: Final = 36
"""An asset with more decimals is no collateral: listing refuses it, the power stays in bounds."""


class RiskModel(NamedTuple):
    """What a position adds to a row, and what a row requires initially. Source: M-10.

    A model with `weigh` keeps a risk leaf, which says what the row requires (initial, maintenance)
    instead of the sum over its positions.
    """

    contribute: Callable[[Position, SeriesState], tuple[int, int, int]]
    require: Callable[[RiskRow, PriceRow], int]
    weigh: Callable[[AccountRisk], tuple[int, int]] | None = None


def compute_drift_ppm(price: PriceRow) -> int:
    """Return how far the index is from the reference, rounded up; 10^6 without a reference."""
    reference, index = price[2], price[3]
    if reference == 0:
        return PPM
    if index == reference:
        return 0
    return div_up((index - reference if index > reference else reference - index) * PPM, reference)


def is_stale(price: PriceRow, time_ms: int) -> bool:
    """Say whether a price is older than 60 s: its index, or the reprice that used it."""
    _, priced_ms, _, _, index_ms, _ = price
    return time_ms > priced_ms + STALE_MS or time_ms > index_ms + STALE_MS


def is_restricted(price: PriceRow, time_ms: int) -> bool:
    """Say whether only risk-reducing fills are allowed, and nothing leaves. Source: M-6, M-9.

    A jump that waits for its confirmation is news that the marks do not know yet.
    """
    return price[5] != 0 or is_outdated(price, time_ms)


def is_outdated(price: PriceRow, time_ms: int) -> bool:
    """Say whether the marks are too old, or too far from the index. Source: docs/spec.md M-6."""
    return is_stale(price, time_ms) or compute_drift_ppm(price) > MAX_DRIFT_PPM


def contribute_standard(position: Position, state: SeriesState) -> tuple[int, int, int]:
    """Return (value, initial, maintenance) of a position, in µUSDC, exact. Source: M-4.

    Funding is no part of it: it is settled to cash before a position counts. A long option
    requires its whole mark, so it carries nothing else (M-12).
    """
    series, lots, basis, _, _ = position
    if lots > 0 and series >= FIRST_OPTION:
        worth = lots * state.mark
        required = 0 if state.status == _SETTLED else worth
        return worth - basis, required, required
    size = lots if lots >= 0 else -lots
    return lots * state.mark - basis, size * state.initial, size * state.maintenance


def contribute_portfolio(position: Position, state: SeriesState) -> tuple[int, int, int]:
    """Return the value of a position; what it requires is in the risk leaf. Source: M-13."""
    return position.lots * state.mark - position.basis, 0, 0


def require_standard(row: RiskRow, price: PriceRow) -> int:
    """Return the initial margin of a row, µUSDC, rounded up. Source: docs/spec.md M-5."""
    return div_up(row[3] * (BASE_FACTOR_PPM + DRIFT_FACTOR * compute_drift_ppm(price)), PPM)


STANDARD: Final = RiskModel(contribute_standard, require_standard)
PORTFOLIO: Final = RiskModel(contribute_portfolio, require_standard, weigh_risk)
MODELS: Final[dict[int, RiskModel]] = {0: STANDARD, 1: PORTFOLIO}
"""Registered models by the `mode` of the account. Twin: contracts/src/core/Risk.sol."""


def find_model(mode: int) -> RiskModel:
    """Return the model of an account mode. Total: a mode that nobody knows is standard."""
    return MODELS.get(mode, STANDARD)


def read_hot(frame: Frame, account: int) -> Hot:
    """Return the hot leaf of an account; one that never traded is its own group."""
    hot: Hot | None = frame.get(hot_key(account))
    return hot if hot is not None else NO_HOT._replace(group=account)


def read_prices(frame: Frame) -> Prices:
    """Return the prices leaf. Source: docs/spec.md S-7."""
    prices: Prices | None = frame.get(PRICES_KEY)
    return NO_PRICES if prices is None else prices


def read_assets(frame: Frame) -> AssetTerms:
    """Return how the assets count as collateral. Source: docs/spec.md S-7."""
    assets: AssetTerms | None = frame.get(ASSETS_KEY)
    return NO_ASSETS if assets is None else assets


def read_amounts(frame: Frame, account: int) -> Amounts:
    """Return the balances of an account, cash first."""
    balances: Balances | None = frame.get(balances_key(account))
    return NO_AMOUNTS if balances is None else balances[0]


def is_current(hot: Hot, prices: Prices) -> bool:
    """Say whether all rows with positions are of the epoch of the prices. Source: M-4."""
    now = prices.rows
    for underlying, row in enumerate(hot.rows):
        if row is not NO_RISK and row.positions and row.epoch != now[underlying].epoch:
            return False
    return True


def sum_margins(hot: Hot, prices: Prices) -> tuple[int, int]:
    """Return (value, initial margin) over all rows, in µUSDC. Source: docs/spec.md M-5."""
    require = find_model(hot.mode).require
    value = initial = 0
    for underlying, row in enumerate(hot.rows):
        if row is not NO_RISK and row.positions:
            value += row.value
            initial += require(row, prices.rows[underlying])
    return value, initial


def weigh_rows(hot: Hot, prices: Prices) -> tuple[int, int] | None:
    """Return what `sum_margins` does, None unless the rows are what `is_current` asks for."""
    require = find_model(hot.mode).require
    value = initial = 0
    for underlying, row in enumerate(hot.rows):
        if row is not NO_RISK and row.positions:
            price = prices.rows[underlying]
            if row.epoch != price.epoch:
                return None
            value += row.value
            initial += require(row, price)
    return value, initial


def weigh_again(frame: Frame, hot: Hot, prices: Prices) -> tuple[int, int] | None:
    """Return `weigh_rows`, remembered for the same rows: all legs of a quote ask for them."""
    rows, mode, known, margins = frame.weighed
    if rows is not hot.rows or mode != hot.mode or known is not prices:
        margins = weigh_rows(hot, prices)
        frame.weighed = hot.rows, hot.mode, prices, margins
    return margins  # type: ignore[no-any-return]


def initial_margin(hot: Hot, prices: Prices) -> int:
    """Return IM in µUSDC, each row rounded up. Source: docs/spec.md M-5."""
    return sum_margins(hot, prices)[1]


def maintenance_margin(hot: Hot) -> int:
    """Return MM in µUSDC, exact. Source: docs/spec.md M-5."""
    return sum(row[4] for row in hot[11] if row[1])


def value_asset(asset: int, amount: int, assets: AssetTerms, prices: Prices) -> int:
    """Return what a balance counts as collateral, µUSDC, rounded down. Source: M-5."""
    underlying, exponent, weight_ppm, cap = assets[0][asset]
    if amount == 0 or underlying >= UNDERLYING_LIMIT or exponent > MAX_EXPONENT:
        return 0
    counted = min(amount, cap) * prices[0][underlying].reference
    return div_down(counted * weight_ppm, 10**exponent * PPM)


def collateral_usdc(amounts: Amounts, assets: AssetTerms, prices: Prices) -> int:
    """Return what the balances besides cash count, µUSDC, each rounded down. Source: M-5."""
    return sum(value_asset(asset, amounts[asset], assets, prices) for asset in (1, 2, 3))


def has_collateral(amounts: Amounts) -> bool:
    """Say whether there is any balance besides cash."""
    return bool(amounts[1] or amounts[2] or amounts[3])


def read_collateral(frame: Frame, amounts: Amounts, prices: Prices) -> int:
    """Return the collateral value; reads the asset terms only if there is a balance."""
    return collateral_usdc(amounts, read_assets(frame), prices) if has_collateral(amounts) else 0


def equity_usdc(frame: Frame, hot: Hot, amounts: Amounts, prices: Prices) -> int:
    """Return cash, collateral and value of all positions, µUSDC, signed. Source: M-5."""
    return amounts[0] + sum_margins(hot, prices)[0] + read_collateral(frame, amounts, prices)


def has_margin(frame: Frame, hot: Hot, amounts: Amounts, prices: Prices, locked: int) -> bool:
    """Say whether equity less `locked` covers IM; reads the asset terms only if cash does not."""
    value, initial = sum_margins(hot, prices)
    free = amounts[0] + value - locked - initial
    return free >= 0 or free + read_collateral(frame, amounts, prices) >= 0


def check_resting(
    frame: Frame, account: int, hot: Hot, prices: Prices, margins: tuple[int, int], reserve: int
) -> Reason:
    """Check that an order may reserve `reserve` more µUSDC. Source: docs/spec.md M-7.

    `margins` are those of `weigh_rows` at the prices, which have been read. Reads balances, and
    the asset terms if cash alone does not do.
    """
    amounts = read_amounts(frame, account)
    value, initial = margins
    free = amounts[0] + value - initial - hot.reserve - reserve
    if free >= 0 or free + read_collateral(frame, amounts, prices) >= 0:
        return _OK
    return Reason.INSUFFICIENT_MARGIN
