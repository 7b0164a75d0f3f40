"""The margin of an account as a table for a terminal: what it is made of, down to each position."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from rollup_node.devnet.game_tree import Paint, plain
from rollup_node.devnet.portfolio_table import describe, render_scenarios
from rollup_node.rpc.margin_data import (
    Collateral,
    MarginReport,
    PortfolioMargin,
    PositionMargin,
    RowMargin,
)

_NAME: Final = 24
_NUMBER: Final = 11
_MONEY: Final = 17
_WIDTH: Final = _NAME + 3 * (_NUMBER + 1) + 3 * _MONEY
_MICRO: Final = 1_000_000
_PPM_PER_CENT: Final = 10_000


def render_totals(report: MarginReport, paint: Paint = plain) -> str:
    """Return what the account is worth and what it must be worth."""
    return "\n".join([_headline(report, paint), *_equity(report), *_margins(report, paint)])


def render_explained(report: MarginReport, paint: Paint = plain) -> str:
    """Return how the numbers came about: rows, positions, collateral, totals."""
    lines = [_headline(report, paint)]
    for row in report.rows:
        lines += ["", *_row(row, paint)]
    lines += ["", paint("equity", "bold"), *_equity(report)]
    lines += ["", paint("margin", "bold"), *_sums(report), *_margins(report, paint)]
    return "\n".join(lines)


def money(amount_usdc: int) -> str:
    """Return µUSDC as USDC, all six digits."""
    whole, rest = divmod(abs(amount_usdc), _MICRO)
    return f"{'-' if amount_usdc < 0 else ''}{whole:,}.{rest:06d}"


def _headline(report: MarginReport, paint: Paint) -> str:
    at = datetime.fromtimestamp(report.time_ms / 1_000, UTC)
    title = paint(f"account {report.account}", "bold")
    return f"{title}  {report.model} margin, at the marks of {at:%Y-%m-%d %H:%M:%S} UTC, in USDC"


def _row(row: RowMargin, paint: Paint) -> Iterator[str]:
    index, reference = (_price(price) for price in (row.index_usdc, row.reference_usdc))
    drift = f"{row.drift_ppm / _PPM_PER_CENT:.4f} %"
    title = paint(f"{row.currency:<{_NAME}}", "bold")
    yield f"{title}index {index}   marks rest on {reference}   drift {drift}"
    yield from _portfolio(row, row.portfolio, paint) if row.portfolio else _positions(row, paint)
    times = f"initial {money(row.initial_usdc)} x {row.factor_ppm / _MICRO:.6f}"
    yield _line(f"{times} (1.02 + 8 x drift), rounded up", row.required_usdc)


def _positions(row: RowMargin, paint: Paint) -> Iterator[str]:
    """Yield positions whose margins add up to that of the row."""
    yield _heads(("size", "mark", "average"), ("value", "initial", "maintenance"), paint)
    for position in row.positions:
        units = position.lots_per_unit
        average = _price(abs(position.basis_usdc) * units // abs(position.lots))
        sums = (position.value_usdc, position.initial_usdc, position.maintenance_usdc)
        yield _cells(position.name, (*_size_and_mark(position), average), sums)
    yield paint("  " + "-" * (_WIDTH - 2), "dim")
    yield _cells("sum", ("", "", ""), (row.value_usdc, row.initial_usdc, row.maintenance_usdc))


def _portfolio(row: RowMargin, portfolio: PortfolioMargin, paint: Paint) -> Iterator[str]:
    """Yield positions that are weighed together, what they gain, and how that is weighed."""
    heads = ("value", "delta", "short options", "alone")
    yield _heads(("size", "mark"), heads, paint)
    for position in row.positions:
        if position.risk is not None:
            risk = position.risk
            sums = (position.value_usdc, risk.delta_usdc, risk.charge_usdc, position.initial_usdc)
            yield _cells(position.name, _size_and_mark(position), sums)
    yield paint("  " + "-" * (_WIDTH + _MONEY - _NUMBER - 3), "dim")
    alone = sum(position.initial_usdc for position in row.positions)
    totals = (row.value_usdc, sum(portfolio.deltas_usdc), portfolio.charge_usdc, alone)
    yield _cells("sum", ("", ""), totals)
    yield from render_scenarios(row, portfolio, paint)
    yield ""
    yield from _weighed(row, portfolio)


def _size_and_mark(position: PositionMargin) -> tuple[str, str]:
    units = position.lots_per_unit
    size = f"{Decimal(position.lots) / units:,.{len(str(units - 1))}f}"
    return size, _price(position.mark_usdc * units)


def _heads(numbers: Sequence[str], sums: Sequence[str], paint: Paint) -> str:
    words = "".join(f"{word:>{_NUMBER + 1}}" for word in numbers)
    words += "".join(f"{word:>{_MONEY}}" for word in sums)
    return paint(f"  {'position':<{_NAME - 2}}{words}", "dim")


def _cells(name: str, numbers: Sequence[str], sums: Sequence[int]) -> str:
    cells = [f"{number:>{_NUMBER + 1}}" for number in numbers]
    cells += [f"{money(amount):>{_MONEY}}" for amount in sums]
    return f"  {name:<{_NAME - 2}}{''.join(cells)}"


def _weighed(row: RowMargin, portfolio: PortfolioMargin) -> Iterator[str]:
    """Yield how scenarios, deltas and charges become the margins of a row."""
    worst = describe(portfolio.scenarios[portfolio.worst])
    net, hedged = money(portfolio.net_usdc), money(portfolio.hedged_usdc)
    yield _line(f"worst scenario ({worst})", portfolio.worst_usdc)
    yield _line(f"2 % of net delta {net} + 1 % of hedged {hedged}", portfolio.floor_usdc)
    yield _line("scan: the larger of the two", portfolio.scan_usdc)
    yield _line("0.5 % of the delta that another date hedges", portfolio.basis_usdc)
    yield _line("0.5 % of the underlying of each short option", portfolio.charge_usdc)
    yield _line("initial, all together: scan + both charges", row.initial_usdc)
    parts = (portfolio.scan_maintenance_usdc, portfolio.extra_maintenance_usdc)
    words = f"maintenance: 80 % of scan {money(parts[0])} + 60 % of charges {money(parts[1])}"
    yield _line(words, row.maintenance_usdc)


def _equity(report: MarginReport) -> Iterator[str]:
    settled = report.funding_usdc or report.interest_usdc
    paid = f" after funding {money(report.funding_usdc)}, interest {money(-report.interest_usdc)}"
    yield _line(f"cash{paid if settled else ''}", report.cash_usdc)
    for item in report.collateral:
        yield _line(_describe(item), item.value_usdc)
    for row in report.rows:
        yield _line(f"{row.currency} positions", row.value_usdc)
    yield _line("equity", report.equity_usdc)


def _describe(item: Collateral) -> str:
    amount = Decimal(item.counted).scaleb(-item.decimals).normalize()
    cut = " (all that counts)" if item.counted < item.amount else ""
    price, weight = _price(item.price_usdc), item.weight_ppm / _PPM_PER_CENT
    return f"{amount:,f} {item.symbol}{cut} x {price} x {weight:g} %"


def _sums(report: MarginReport) -> Iterator[str]:
    for row in report.rows:
        yield _line(f"{row.currency} initial", row.required_usdc)
    for row in report.rows:
        yield _line(f"{row.currency} maintenance", row.maintenance_usdc)


def _margins(report: MarginReport, paint: Paint) -> Iterator[str]:
    yield _line("initial margin", report.initial_usdc)
    yield _line("maintenance margin", report.maintenance_usdc)
    yield _line("reserved by orders", report.reserve_usdc)
    free = _line("available: equity - initial margin - reserved", report.available_usdc)
    yield paint(free, "green" if report.available_usdc >= 0 else "red")
    room = report.equity_usdc - report.maintenance_usdc
    if room < 0:
        yield paint(_line("below maintenance: may be liquidated", room), "red")


def _line(words: str, amount_usdc: int) -> str:
    return f"  {words:<{_WIDTH - 2 - _MONEY}}{money(amount_usdc):>{_MONEY}}"


def _price(price_usdc: int) -> str:
    return f"{price_usdc / _MICRO:,.2f}"
