"""The margin of an account as a table for a terminal: what it is made of, down to each position."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from rollup_node.devnet.game_tree import Paint, plain
from rollup_node.rpc.margin_data import Collateral, MarginReport, PositionMargin, RowMargin

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
    # Under portfolio margin the row is weighed as a whole: it is not the sum of what stands above.
    label = "together" if report.model == "portfolio" else "sum"
    for row in report.rows:
        lines += ["", *_row(row, paint, label)]
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


def _row(row: RowMargin, paint: Paint, label: str) -> Iterator[str]:
    index, reference = (_price(price) for price in (row.index_usdc, row.reference_usdc))
    drift = f"{row.drift_ppm / _PPM_PER_CENT:.4f} %"
    title = paint(f"{row.currency:<{_NAME}}", "bold")
    yield f"{title}index {index}   marks rest on {reference}   drift {drift}"
    heads = ("size", "mark", "average")
    sums = ("value", "initial", "maintenance")
    head = f"  {'position':<{_NAME - 2}}" + "".join(f"{word:>{_NUMBER + 1}}" for word in heads)
    yield paint(head + "".join(f"{word:>{_MONEY}}" for word in sums), "dim")
    for position in row.positions:
        yield _position(position)
    totals = (row.value_usdc, row.initial_usdc, row.maintenance_usdc)
    yield paint("  " + "-" * (_WIDTH - 2), "dim")
    yield f"  {label:<{_WIDTH - 2 - 3 * _MONEY}}" + "".join(f"{money(n):>{_MONEY}}" for n in totals)
    times = f"initial {money(row.initial_usdc)} x {row.factor_ppm / _MICRO:.6f}"
    yield _line(f"{times} (1.02 + 8 x drift), rounded up", row.required_usdc)


def _position(position: PositionMargin) -> str:
    units = position.lots_per_unit
    average = abs(position.basis_usdc) * units // abs(position.lots)
    size = f"{Decimal(position.lots) / units:,.{len(str(units - 1))}f}"
    numbers = (size, _price(position.mark_usdc * units), _price(average))
    sums = (position.value_usdc, position.initial_usdc, position.maintenance_usdc)
    return (
        f"  {position.name:<{_NAME - 2}}"
        + "".join(f"{number:>{_NUMBER + 1}}" for number in numbers)
        + "".join(f"{money(amount):>{_MONEY}}" for amount in sums)
    )


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
