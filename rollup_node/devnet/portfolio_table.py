"""Portfolio margin as tables for a terminal: what each position gains in every scenario."""

from collections.abc import Iterator, Sequence
from typing import Final

from rollup_node.devnet.game_tree import Paint
from rollup_node.rpc.margin_data import PortfolioMargin, PositionMargin, RowMargin, Scenario

_NAME: Final = 21
_CELL: Final = 10
_PPM_PER_CENT: Final = 10_000
_MICRO: Final = 1_000_000
_WHOLE_FROM: Final = 10_000 * _MICRO
"""From here on amounts are shown without cents, so that columns stay narrow."""
_ORDINARY: Final = 27
_WORDS: Final = {"down": "volatility down", "same": "volatility as it is", "up": "volatility up"}


def render_scenarios(row: RowMargin, portfolio: PortfolioMargin, paint: Paint) -> Iterator[str]:
    """Yield what positions gain: a table for each volatility, one column a move, then the tails."""
    ordinary, tails = portfolio.scenarios[:_ORDINARY], portfolio.scenarios[_ORDINARY:]
    for volatility, words in _WORDS.items():
        slots = [n for n, slot in enumerate(ordinary) if slot.volatility == volatility]
        yield from _table(words, slots, row, portfolio, paint)
    slots = list(range(_ORDINARY, _ORDINARY + len(tails)))
    yield from _table("tails, volatility up", slots, row, portfolio, paint)
    parts = ", ".join(f"{_percent(tail.weight_ppm)}" for tail in tails)
    yield paint(f"  of a tail counts: {parts}", "dim")


def describe(scenario: Scenario) -> str:
    """Return a scenario in words."""
    return f"{_move(scenario)}, {_WORDS[scenario.volatility]}"


def _table(
    words: str, slots: Sequence[int], row: RowMargin, portfolio: PortfolioMargin, paint: Paint
) -> Iterator[str]:
    heads = [_move(portfolio.scenarios[slot]) for slot in slots]
    yield ""
    yield paint(f"  {words:<{_NAME}}" + "".join(f"{head:>{_CELL}}" for head in heads), "dim")
    for position in row.positions:
        if position.risk is not None:
            yield _gains(position, position.risk.gains_usdc, slots)
    cells = []
    for slot in slots:
        text = f"{short_money(portfolio.scenarios[slot].gain_usdc):>{_CELL}}"
        cells.append(paint(text, "red") if slot == portfolio.worst else paint(text, "bold"))
    yield f"  {'sum':<{_NAME}}" + "".join(cells)


def _gains(position: PositionMargin, gains: Sequence[int], slots: Sequence[int]) -> str:
    cells = "".join(f"{short_money(gains[slot]):>{_CELL}}" for slot in slots)
    return f"  {position.name:<{_NAME}}{cells}"


def _move(scenario: Scenario) -> str:
    return f"{scenario.move_ppm / _PPM_PER_CENT:+g} %" if scenario.move_ppm else "0 %"


def _percent(ppm: int) -> str:
    return f"{ppm / _PPM_PER_CENT:.4g} %"


def short_money(amount_usdc: int) -> str:
    """Return µUSDC as USDC, to the cent or, if it is much, to the dollar."""
    digits = 0 if abs(amount_usdc) >= _WHOLE_FROM else 2
    return f"{amount_usdc / _MICRO:z,.{digits}f}"
