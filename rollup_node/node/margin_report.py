"""How the margin of an account comes about: the law's numbers, and what they are made of."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from rollup_node.core.account_leaves import Position
from rollup_node.core.kinds import SeriesKind
from rollup_node.core.layout import UNDERLYING_LIMIT, expiry_key, series_key, terms_key
from rollup_node.core.leaves import LeafReader
from rollup_node.core.market_leaves import Expiry, SeriesState, SeriesTerms
from rollup_node.core.risk import (
    BASE_FACTOR_PPM,
    DRIFT_FACTOR,
    compute_drift_ppm,
    equity_usdc,
    find_model,
    initial_margin,
    maintenance_margin,
    read_assets,
    value_asset,
)
from rollup_node.node.margin_scratch import Weighed, weigh_account, weigh_position
from rollup_node.node.portfolio_report import explain_position, explain_risk
from rollup_node.rpc.backend import AssetView
from rollup_node.rpc.margin_data import Collateral, MarginReport, PositionMargin, RowMargin

MODELS: Final = ("standard", "portfolio")
"""Names of account modes."""


class Names:
    """How a report calls things: underlyings by number, series, assets besides cash."""

    def __init__(
        self,
        symbol: Callable[[int], str],
        series: Callable[[int], str],
        assets: Sequence[AssetView],
    ) -> None:
        self.symbol, self.series, self.assets = symbol, series, assets


def report_margin(
    state: LeafReader,
    account: int,
    time_ms: int,
    names: Names,
    changes: Mapping[int, int] | None = None,
    mode: int | None = None,
) -> MarginReport:
    """Weigh an account, after `changes` of its lots by series, and tell how it came about.

    `mode` is a risk model instead of its own.

    Raises
    ------
    ValueError
        If there is no place for a position.
    """
    weighed = weigh_account(state, account, time_ms, changes, mode)
    hot, amounts, prices = weighed.hot, weighed.amounts, weighed.prices
    return MarginReport(
        account=account,
        model=MODELS[hot.mode],
        time_ms=time_ms,
        cash_usdc=amounts[0],
        funding_usdc=weighed.settled,
        interest_usdc=weighed.interest,
        collateral=list(_collateral(weighed, names)),
        rows=list(_rows(weighed, account, names)),
        equity_usdc=equity_usdc(weighed.frame, hot, amounts, prices),
        initial_usdc=initial_margin(hot, prices),
        maintenance_usdc=maintenance_margin(hot),
        reserve_usdc=hot.reserve,
    )


def _rows(weighed: Weighed, account: int, names: Names) -> Iterator[RowMargin]:
    held: list[list[PositionMargin]] = [[] for _ in range(UNDERLYING_LIMIT)]
    for position in sorted(weighed.positions, key=lambda held: _order(weighed, held)):
        terms: SeriesTerms = weighed.frame.get(terms_key(position.series))
        held[terms.underlying].append(_position(weighed, position, names))
    model = find_model(weighed.hot.mode)
    for underlying, positions in enumerate(held):
        if not positions:
            continue
        row, price = weighed.hot.rows[underlying], weighed.prices.rows[underlying]
        drift = compute_drift_ppm(price)
        yield RowMargin(
            currency=names.symbol(underlying),
            index_usdc=price.index_price,
            reference_usdc=price.reference,
            positions=positions,
            value_usdc=row.value,
            initial_usdc=row.initial,
            maintenance_usdc=row.maintenance,
            drift_ppm=drift,
            factor_ppm=BASE_FACTOR_PPM + DRIFT_FACTOR * drift,
            required_usdc=model.require(row, price),
            portfolio=(
                explain_risk(weighed.frame, account, underlying, row.positions)
                if model.weigh is not None
                else None
            ),
        )


def _order(weighed: Weighed, position: Position) -> tuple[int, int, int]:
    """Return where a position belongs: what has no date first, then by date and strike."""
    terms: SeriesTerms = weighed.frame.get(terms_key(position.series))
    if terms.kind < SeriesKind.FUTURE:
        return (0, 0, position.series)
    expiry: Expiry = weighed.frame.get(expiry_key(terms.underlying, terms.expiry_slot))
    return (expiry.expiry_at, terms.strike, position.series)


def _position(weighed: Weighed, position: Position, names: Names) -> PositionMargin:
    terms: SeriesTerms = weighed.frame.get(terms_key(position.series))
    state: SeriesState = weighed.frame.get(series_key(position.series))
    value, initial, maintenance = weigh_position(weighed, position)
    is_together = find_model(weighed.hot.mode).weigh is not None
    return PositionMargin(
        series=position.series,
        name=names.series(position.series),
        lots=position.lots,
        lots_per_unit=terms.lots_per_unit,
        mark_usdc=state.mark,
        basis_usdc=position.basis,
        value_usdc=value,
        initial_usdc=initial,
        maintenance_usdc=maintenance,
        risk=explain_position(weighed, position) if is_together else None,
    )


def _collateral(weighed: Weighed, names: Names) -> Iterator[Collateral]:
    terms = read_assets(weighed.frame)
    for asset in names.assets[1:]:
        amount, row = weighed.amounts[asset.asset], terms.rows[asset.asset]
        if amount:
            priced = row.underlying < UNDERLYING_LIMIT
            yield Collateral(
                symbol=asset.symbol,
                decimals=asset.decimals,
                amount=amount,
                counted=min(amount, row.cap),
                price_usdc=weighed.prices.rows[row.underlying].reference if priced else 0,
                weight_ppm=row.weight_ppm,
                value_usdc=value_asset(asset.asset, amount, terms, weighed.prices),
            )
