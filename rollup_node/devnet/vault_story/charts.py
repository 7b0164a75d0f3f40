"""Charts of vaults as SVG: what the market did, the share price, premium and payoff by epoch."""

import math
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Final

from rollup_node.devnet.drawing import WIDTH, box, label, svg
from rollup_node.devnet.markup import Markup, el
from rollup_node.devnet.vault_story.plan import WORDS
from rollup_node.devnet.vault_story.record import USDC, Move, Story, VaultEpoch, VaultLine

_LEFT: Final = 190
_RIGHT: Final = 24
_BAND: Final = WIDTH - _LEFT - _RIGHT
_MARKET: Final = 210
_PRICE: Final = 150
_BARS: Final = 74
_ROW_GAP: Final = 46
_HEAD: Final = 26
_BAR: Final = 64
_LEAST: Final = 2
_DOT: Final = 5.5
_STRIKE: Final = 96
_CLEAR: Final = 14
"""A label as high as the new price is clear of the line of the old one at this distance."""
_SPREAD: Final = 1.15
"""The scale of the market goes this far beyond the highest and lowest price."""
COLOURS: Final = ("accent", "unknown")
"""One for each vault, in order."""


def market(story: Story) -> Markup:
    """Return the index at sale and settlement of every epoch with the strikes, on a log scale."""
    strikes = [
        epoch.sale.strike_usdc for line in story.vaults for epoch in line.epochs if epoch.sale
    ]
    prices = [price for week in story.weeks for price in (week.sold_usdc, week.settled_usdc)]
    low, high = min(*prices, *strikes) / _SPREAD, max(*prices, *strikes) * _SPREAD
    scale = (_MARKET - _HEAD) / math.log(high / low)

    def place(price: int) -> float:
        return _MARKET - math.log(price / low) * scale

    count = len(story.weeks)
    parts = [label(0, _MARKET / 2, "ETH in USDC", "small strong")]
    parts.append(label(0, _MARKET / 2 + 18, "at sale and settlement", "tiny muted"))
    parts += _columns(count, _MARKET)
    for at, week in enumerate(story.weeks):
        parts += _week(week, at, count, place)
    for number, line in enumerate(story.vaults):
        for at, epoch in enumerate(line.epochs):
            parts += _strike(epoch, at, count, place, COLOURS[number % len(COLOURS)])
    return svg(_MARKET + _HEAD, "What the market did", *parts, *_names(count, _MARKET + 20))


def _week(week: Move, at: int, count: int, place: Callable[[int], float]) -> Iterator[Markup]:
    width = _BAND / count
    left, right = _LEFT + width * (at + 0.2), _LEFT + width * (at + 0.8)
    first, last = place(week.sold_usdc), place(week.settled_usdc)
    line = {"x1": f"{left:g}", "x2": f"{right:g}", "y1": f"{first:g}", "y2": f"{last:g}"}
    yield el("line", el("title", WORDS[week.shock]), cls="trend", **line)
    for x, y, price in ((left, first, week.sold_usdc), (right, last, week.settled_usdc)):
        above = (y <= min(first, last)) == (first != last)
        yield el("circle", cx=f"{x:g}", cy=f"{y:g}", r=_DOT, cls="dot muted")
        yield label(x, y + (-12 if above else 22), USDC.show(price, 0), "tiny", "middle")


def _strike(
    epoch: VaultEpoch, at: int, count: int, place: Callable[[int], float], cls: str
) -> Iterator[Markup]:
    if epoch.sale is None:
        return
    middle, y = _LEFT + _BAND / count * (at + 0.5), place(epoch.sale.strike_usdc)
    half = min(_STRIKE, _BAND / count * 0.6) / 2
    title = el("title", f"{epoch.sale.instrument}: strike {USDC.show(epoch.sale.strike_usdc, 0)}")
    line = {"x1": f"{middle - half:g}", "x2": f"{middle + half:g}", "y1": f"{y:g}", "y2": f"{y:g}"}
    yield el("line", title, cls=f"strike {cls}", **line)


def vault(line: VaultLine) -> Markup:
    """Return share price, premium and payoff of a vault, one column for each epoch."""
    y = 0.0
    parts = _columns(len(line.epochs), _PRICE + 2 * (_BARS + _ROW_GAP) + _HEAD)
    parts += _share_price(line, y + _HEAD)
    y += _PRICE + _ROW_GAP + _HEAD
    premiums = [epoch.sale.premium_usdc if epoch.sale else 0 for epoch in line.epochs]
    payoffs = [epoch.sale.payoff_usdc if epoch.sale else 0 for epoch in line.epochs]
    parts += _bars("premium", "taken in, USDC", premiums, y, "right")
    y += _BARS + _ROW_GAP
    parts += _bars("payoff", "to who bought, USDC", payoffs, y, "wrong")
    y += _BARS
    return svg(y + _HEAD, f"{line.name} by epoch", *parts, *_names(len(line.epochs), y + 20))


def _columns(count: int, height: float) -> list[Markup]:
    """Return what tells the epochs apart."""
    width = _BAND / count
    return [box(_LEFT + width * at, 0, width, height, "track faint") for at in range(0, count, 2)]


def _names(count: int, y: float) -> Iterator[Markup]:
    width = _BAND / count
    for at in range(count):
        x = _LEFT + width * (at + 0.5)
        yield label(x, y, f"week {at + 1}", "tiny muted", "middle")


def _share_price(line: VaultLine, top: float) -> Iterator[Markup]:
    """Draw one line for each generation, from par; it moves at a close and at no other time."""
    prices = [epoch.close.price for epoch in line.epochs]
    high = max([*prices, Decimal(1)])
    floor, scale = top + _PRICE, (_PRICE - _HEAD) / float(high)
    width = _BAND / len(prices)
    par = floor - scale
    edge = {"x1": str(_LEFT), "x2": str(WIDTH - _RIGHT)}
    yield el("line", cls="limit", y1=f"{par:g}", y2=f"{par:g}", **edge)
    yield el("line", cls="lane", y1=f"{floor:g}", y2=f"{floor:g}", **edge)
    yield label(0, top + _PRICE / 2, "share price", "small strong")
    yield label(0, top + _PRICE / 2 + 18, f"in {line.unit.symbol}, par 1", "tiny muted")
    x, y = float(_LEFT), par
    for at, (epoch, price) in enumerate(zip(line.epochs, prices, strict=True)):
        end, height = _LEFT + width * (at + 1), floor - float(price) * scale
        yield el("path", d=f"M {x:g} {y:g} H {end:g} V {height:g}", cls="price")
        cls = "wrong" if epoch.is_lost else "accent"
        title = el("title", f"close of epoch {epoch.epoch}: {price:f}")
        yield el("circle", title, cx=f"{end:g}", cy=f"{height:g}", r=_DOT, cls=f"dot {cls}")
        words = "all lost" if epoch.is_lost else f"{price:.4f}"
        beside = height + 4 if abs(height - y) > _CLEAR else min(height, y) - 10
        yield label(end - 10, beside, words, f"tiny strong ink {cls}", "end")
        x, y = end, height
        if epoch.is_lost:
            y = par
            yield el("circle", cx=f"{end:g}", cy=f"{par:g}", r=_DOT, cls="dot right")
            words = f"generation {epoch.generation + 1} begins"
            yield label(end - 10, par + 20, words, "tiny muted", "end")


def _bars(name: str, unit: str, amounts: Sequence[int], top: float, cls: str) -> Iterator[Markup]:
    floor, most = top + _BARS, max(*amounts, 1)
    width = _BAND / len(amounts)
    yield label(0, top + _BARS / 2 + 4, name, "small strong")
    yield label(0, top + _BARS / 2 + 22, unit, "tiny muted")
    edge = {"x1": str(_LEFT), "x2": str(WIDTH - _RIGHT)}
    yield el("line", cls="lane", y1=f"{floor:g}", y2=f"{floor:g}", **edge)
    for at, amount in enumerate(amounts):
        middle = _LEFT + width * (at + 0.5)
        height = max((_BARS - 18) * amount / most, _LEAST) if amount else 0
        bar = min(_BAR, width * 0.5)
        yield box(middle - bar / 2, floor - height, bar, height, f"fill {cls}", 2)
        words = USDC.show(amount, 2) if amount else "none"
        shade = "tiny" if amount else "tiny muted"
        yield label(middle, floor - height - 7, words, shade, "middle")
