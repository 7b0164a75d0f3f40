"""Watches every step of an arena: what each order was signed for, and what each fill did."""

from collections import ChainMap, Counter
from fractions import Fraction
from typing import Any, Final, NamedTuple

from rollup_node.core.events import Fill
from rollup_node.core.flags import REDUCE_ONLY_FLAG, SIDE_FLAG
from rollup_node.core.kinds import Phase, SeriesKind, SeriesStatus, StepKind
from rollup_node.core.layout import (
    ALLOCATORS_KEY,
    FIRST_OPTION,
    INDEX_BITS,
    TAKER_KEY,
    LeafKey,
    order_key,
    series_key,
    terms_key,
)
from rollup_node.core.order_checks import PROTOCOL
from rollup_node.core.reason import Reason
from rollup_node.roles.auditor import Auditor
from tests.property.arena import Arena, Step
from tests.property.ledger import Ledger
from tests.property.sale_referee import SaleReferee
from tests.unit.core.book_audit import audit

_STALE_MS: Final = 60_000


class Signed(NamedTuple):
    """What an owner agreed to: side, worst price, most lots, highest fee."""

    side: int
    tick: int
    lots: int
    max_fee_ppm: int


class Referee:
    """Checks all invariants after every step, and each fill against what was signed."""

    def __init__(self, arena: Arena) -> None:
        self.arena = arena
        self.signed: dict[tuple[int, int, int], Signed] = {}
        self.filled: Counter[tuple[int, int, int]] = Counter()
        self.counts: Counter[tuple[StepKind, Reason]] = Counter()
        self.auditor = Auditor()
        self.auditor.audit(arena.state, arena.state)
        self.changed: set[LeafKey] = set()
        self.sales = SaleReferee(arena)
        arena.watch = self.see

    def see(self, step: Step) -> None:
        """Check the state after a step."""
        self.counts[step.kind, step.reason] += 1
        state = self.arena.state
        now = Ledger(state, self.arena.now())
        phase = self.arena.cursor().phase
        now.check(rows=phase not in {Phase.REPRICE, Phase.STRIKE}, risks=phase != Phase.REFRESH)
        if any(key >> INDEX_BITS for key in step.replaced):
            audit(state)
        self.changed.update(step.replaced)
        if self.arena.cursor().phase == Phase.IDLE:  # only there may a block end
            self.auditor.audit(state, self.changed)
            self.changed.clear()
        fills = [event for event in step.events if isinstance(event, Fill)]
        assert len(fills) <= 1, "X-17: a step with two fills"
        if fills:
            before = Ledger(ChainMap(_known(step), state), self.arena.now())
            check = self.check_fill if fills[0].maker_slot else self.check_sale
            check(fills[0], before, now)
        self.sales.see(step)

    def check_sale(self, fill: Fill, before: Ledger, now: Ledger) -> None:
        """Check a fill against a sale, which is no order of the book."""
        taker = before.leaves[TAKER_KEY]
        self.sales.check_fill(fill, before)
        assert before.hot(fill.taker).group != before.hot(fill.maker).group, f"X-8: {fill}"
        assert taker.account == fill.taker, f"X-17: {fill}"
        self.check_terms(fill, (fill.taker, taker.tag, taker.slot), fill.taker_fee, 0)
        self.check_side(fill, fill.taker, fill.lots, (before, now))
        self.check_side(fill, fill.maker, -fill.lots, (before, now))

    def check_fill(self, fill: Fill, before: Ledger, now: Ledger) -> None:
        """Check both sides of a fill."""
        taker, maker = before.leaves[TAKER_KEY], before.leaves[order_key(fill.maker_slot)]
        state = before.leaves[series_key(fill.series)]
        best = state.bid if fill.taker_side else state.ask
        assert fill.tick == maker.tick == best, f"X-18: {fill} is not at the best price {best}"
        assert fill.taker != fill.maker, f"X-8: {fill}"
        assert before.hot(fill.taker).group != before.hot(fill.maker).group, f"X-8: {fill}"
        for order, account, side, fee in (
            (taker, fill.taker, fill.taker_side, fill.taker_fee),
            (maker, fill.maker, 1 - fill.taker_side, fill.maker_fee),
        ):
            assert order.account == account, f"X-17: {fill}"
            assert order.flags & SIDE_FLAG == side, f"X-17: {fill}"
            if order is maker or taker.origin != PROTOCOL:
                self.check_terms(fill, (account, order.tag, order.slot), fee, side)
            change = -fill.lots if side else fill.lots
            self.check_side(fill, account, change, (before, now))
            if order.flags & REDUCE_ONLY_FLAG:
                was, lots = (look.lots(account, fill.series) for look in (before, now))
                assert 0 <= lots < was or was < lots <= 0, f"X-6: {fill}"

    def check_terms(self, fill: Fill, key: tuple[int, int, int], fee: int, side: int) -> None:
        """Check a side of a fill against what its owner signed. Invariants X-17 to X-19."""
        signed = self.signed[key]
        self.filled[key] += fill.lots
        assert self.filled[key] <= signed.lots, f"X-17: {key} filled more than signed"
        assert signed.side == side, f"X-17: {key} on the wrong side"
        better = fill.tick >= signed.tick if side else fill.tick <= signed.tick
        assert better, f"X-18: {key} filled at {fill.tick}, signed {signed.tick}"
        terms = self.arena.leaf(terms_key(fill.series))
        premium = fill.lots * fill.tick * terms.unit
        most = Fraction(premium * signed.max_fee_ppm, 10**6)
        if fill.series >= FIRST_OPTION:
            strike = Fraction(fill.lots * terms.strike, terms.lots_per_unit)
            most = min(strike * signed.max_fee_ppm / 10**6, Fraction(premium, 8))
        assert fee < most + 1, f"X-19: {key} paid {fee}"

    def check_side(
        self, fill: Fill, account: int, change: int, looks: tuple[Ledger, Ledger]
    ) -> None:
        """Check that a side has its margin, or less risk than before. Invariant X-5."""
        before, now = looks
        was, _, had = before.margins(account)
        equity, initial, maintenance = now.margins(account)
        # what is rounded: collateral and interest (1 each), a row's factor (1 each), drift (1 ppm)
        slack = 6 + initial / 100_000
        eased = maintenance <= had and equity - maintenance >= was - had - slack
        terms = before.leaves[terms_key(fill.series)]
        if terms.kind == SeriesKind.SPOT:
            eased = equity >= was - slack
            amounts = now.amounts(account)
            assert amounts[terms.asset] >= 0, f"X-5: {fill}"
        assert equity >= initial - slack or eased, f"X-5: account {account}, {fill}"
        if self.is_restricted(fill.series, before):
            lots = before.lots(account, fill.series)
            after = lots + change
            assert 0 <= after < lots or lots < after <= 0, f"X-5: restricted, {fill}"

    def is_restricted(self, series: int, look: Ledger) -> bool:
        """Say whether only less risk is allowed in a series. Source: docs/spec.md M-6."""
        price = look.prices.rows[look.leaves[terms_key(series)].underlying]
        oldest = min(price.priced_ms, price.index_ms)
        drift = abs(price.index_price - price.reference) * 50 > price.reference
        is_old = look.time_ms > oldest + _STALE_MS
        waits = price.pending and look.leaves[TAKER_KEY].origin != PROTOCOL
        is_closing = look.leaves[series_key(series)].status == SeriesStatus.REDUCE_ONLY
        return bool(is_closing or is_old or drift or waits)

    def remember(self, record: Any, tag: int) -> None:
        """Note an order as signed."""
        key = (record.account, tag, record.slot)
        signed = Signed(record.side, record.price, record.quantity, record.max_fee)
        self.signed[key] = signed

    def resting(self) -> dict[int, Any]:
        """Return all linked orders by order slot."""
        last = self.arena.leaf(ALLOCATORS_KEY).order_next
        found = {slot: self.arena.leaf(order_key(slot)) for slot in range(1, last + 1)}
        return {slot: order for slot, order in found.items() if order.account}


def _known(step: Step) -> dict[Any, Any]:
    """Return what a step replaced, a leaf that was not there as none."""
    return dict(step.replaced)
