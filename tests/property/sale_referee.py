"""Watches covered sales: what each may still sell, at what price, and which strike it was for.

Exact fractions and searches of its own, beside the law. Invariants SL of docs/invariants.md.
"""

from fractions import Fraction
from typing import Any, Final, NamedTuple

from rollup_node.core.events import Fill
from rollup_node.core.inputs import StartSale
from rollup_node.core.kinds import StepKind
from rollup_node.core.layout import (
    ASSETS_KEY,
    EXPIRIES,
    FIRST_OPTION,
    SERIES_LIMIT,
    TAKER_KEY,
    board_key,
    expiry_key,
    sales_key,
    series_key,
    series_risk_key,
    terms_key,
)
from rollup_node.core.option_leaves import SalePlace
from tests.property.arena import Arena, Step
from tests.property.ledger import Ledger

_PPM: Final = 10**6
_STEPS: Final = {StepKind.SALE, StepKind.TAKE}
"""Only these change the places of sales."""


class Offered(NamedTuple):
    """A sale as it began: what it may sell at most, and what it must not fall below."""

    series: int
    covered: int
    place: SalePlace


class SaleReferee:
    """Remembers every sale by its account, and what it has sold."""

    def __init__(self, arena: Arena) -> None:
        self.arena = arena
        self.offered: dict[int, Offered] = {}
        self.sold: dict[int, int] = {}

    def check_offer(self, record: StartSale, before: dict[Any, Any]) -> None:
        """Check where a sale was put that began just now, by the state before it."""
        series = self.nearest(record, before)
        underlying = before[terms_key(series)].underlying
        for held in Ledger(before, 0).positions(record.account):
            other = before[terms_key(held.series)].underlying
            assert other != underlying, f"SL-6: {record} is sold over {held}"
        covered = self.cover(record, before, series)
        places = [p for p in self.places(series) if p.account == record.account and p.lots]
        assert len(places) == 1, f"SL-4: {record} is not in {series}"
        assert places[0].lots == min(record.lots, covered, (1 << 23) - 1), f"SL-2: {places[0]}"
        assert places[0].started_ms == self.arena.now(), f"SL-3: {places[0]}"
        self.offered[record.account] = Offered(series, covered, places[0])
        self.sold[record.account] = 0

    def places(self, series: int) -> tuple[SalePlace, ...]:
        """Return the places of a series."""
        leaf = self.arena.leaf(sales_key(series))
        found: tuple[SalePlace, ...] = leaf.places if leaf is not None else ()
        return found

    def nearest(self, record: StartSale, state: dict[Any, Any]) -> int:
        """Return the series that a sale must be for, by sorting all strikes of its date."""
        slots = [
            slot
            for slot in range(EXPIRIES)
            if (leaf := state.get(expiry_key(record.underlying, slot))) is not None
            and leaf.expiry_at == record.expiry_at
        ]
        board = state[board_key(record.underlying, slots[0])]
        found = []
        for row in board.strikes:
            if row.series:
                series = row.series + 1 - record.call
                risk = state[series_risk_key(series)]
                found.append(
                    (risk.epoch, abs(abs(risk.delta) - record.delta_ppm), row.strike, series)
                )
        last = max(epoch for epoch, *_ in found)
        chosen: int = min(row[1:] for row in found if row[0] == last)[-1]
        return chosen

    def cover(self, record: StartSale, state: dict[Any, Any], series: int) -> int:
        """Return how many lots the balances of an account cover."""
        amounts, terms = Ledger(state, 0).amounts(record.account), state[terms_key(series)]
        if not record.call:
            return int(Fraction(max(0, amounts[0]) * terms.lots_per_unit, terms.strike))
        rows = state[ASSETS_KEY].rows
        asset = next(n for n in (1, 2, 3) if rows[n].underlying == record.underlying)
        return int(Fraction(amounts[asset] * terms.lots_per_unit, 10 ** rows[asset].exponent))

    def check_fill(self, fill: Fill, before: Ledger) -> None:
        """Check what a sale sold, at which tick, and that nothing was cheaper."""
        taker, state = before.leaves[TAKER_KEY], before.leaves[series_key(fill.series)]
        offered = self.offered[fill.maker]
        place = next(
            p for p in before.leaves[sales_key(fill.series)].places if p.account == fill.maker
        )
        assert offered.series == fill.series, f"SL-3: {fill}"
        assert place.version == before.hot(fill.maker).version, f"SL-3: {fill}"
        self.sold[fill.maker] += fill.lots
        assert self.sold[fill.maker] <= offered.place.lots <= offered.covered, f"SL-2: {fill}"
        unit = before.leaves[terms_key(fill.series)].unit
        asked = self.line(offered.place, before.time_ms) * state.mark
        assert fill.tick * unit >= asked, f"SL-1: {fill} is below {asked}"
        assert (fill.tick - 1) * unit < asked + Fraction(state.mark, _PPM) or fill.tick == 1
        assert fill.tick <= taker.tick, f"SL-1: {fill} is above the taker's {taker.tick}"
        assert not state.ask or fill.tick < state.ask, f"SL-5: {fill} is not below the book"
        for other in before.leaves[sales_key(fill.series)].places:
            if other.lots and state.funded_ms < other.started_ms and before.time_ms < other.ends_ms:
                least = self.line(other, before.time_ms) * state.mark
                assert (fill.tick - 1) * unit < least + Fraction(state.mark, _PPM), f"SL-5: {other}"

    def line(self, place: SalePlace, time_ms: int) -> Fraction:
        """Return which part of the mark a sale asks at a time."""
        passed = Fraction(time_ms - place.started_ms, place.ends_ms - place.started_ms)
        assert 0 <= passed < 1, f"SL-1: {place} is not live"
        return (place.start_ppm - (place.start_ppm - place.reserve_ppm) * passed) / _PPM

    def see(self, step: Step) -> None:
        """Check the places after a step."""
        changed = [s for s in range(FIRST_OPTION, SERIES_LIMIT) if sales_key(s) in step.replaced]
        assert not changed or step.kind in _STEPS, f"SL-3: {step.kind} changes sales"
        for series in changed:
            owners = [place.account for place in self.places(series) if place.lots]
            assert len(owners) == len(set(owners)), f"SL-3: series {series} has {owners}"
            for place in self.places(series):
                assert place.lots or not any(place), f"SL-3: {place} is not free"
