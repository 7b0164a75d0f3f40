"""Markets, prices, repricing and funding: every rule of docs/spec.md V-1 to V-8 by its number."""

from typing import Any, Final

import pytest

from rollup_node.codec.admin import decode_admin, encode_admin
from rollup_node.core.book_leaves import Level, Order, TickWord
from rollup_node.core.families import ACTIONS, TASKS
from rollup_node.core.frame import Authority, Frame
from rollup_node.core.inputs import ForwardReport, PriceReport, Trigger
from rollup_node.core.kinds import OrderClass, Phase, SeriesKind, SeriesStatus
from rollup_node.core.layout import (
    POOLS_KEY,
    PRICES_KEY,
    LeafKey,
    level_key,
    order_key,
    series_key,
    series_list_key,
    terms_key,
    word_key,
)
from rollup_node.core.leaves import Leaf
from rollup_node.core.market_leaves import (
    AssetRow,
    Pools,
    Publishers,
)
from rollup_node.core.markets import (
    ADMIN_MESSAGES,
    DelistSeries,
    InsureFees,
    ListSeries,
    PayFees,
    SetAsset,
    SetBorrowCap,
    SetExpiry,
    SetOptionRules,
    SetPublishers,
    SetStatus,
    SetTerms,
    SetUnderlying,
)
from rollup_node.core.prices import begin_due_work
from rollup_node.core.reason import Reason
from rollup_node.devnet.markets import MARKETS, OPTION_RULES, initial_messages

NAMES: Final = tuple(bytes((65 + n,)) * 20 for n in range(5))
USD: Final = 1_000_000
START_MS: Final = 1_000_000_000
PERP: Final = 2
TERMS: Final = {market.series: market.terms for market in MARKETS}


class World:
    """A state of leaves, a clock and the task in flight."""

    def __init__(self) -> None:
        self.leaves: dict[LeafKey, Leaf] = {}
        self.time_ms = START_MS
        self.phase = int(Phase.IDLE)
        self.order_class = int(OrderClass.ORACLE)
        self.opened: list[LeafKey] = []
        for body in initial_messages(NAMES):
            assert self.admin(decode_admin(body)) is Reason.OK

    def get(self, key: LeafKey, /) -> Any:
        self.opened.append(key)
        return self.leaves.get(key)

    def frame(self) -> Frame:
        self.opened = []
        return Frame(
            self, time_ms=self.time_ms, block=1, phase=self.phase, order_class=self.order_class
        )

    def commit(self, frame: Frame) -> None:
        assert set(frame.writes) <= set(self.opened), "wrote a leaf that it has not read"
        self.leaves.update(frame.writes)
        self.phase, self.order_class = frame.phase, frame.order_class

    def act(self, record: Any, authority: Authority) -> Reason:
        frame = self.frame()
        _, reason = ACTIONS[type(record)](frame, record, authority)
        self.commit(frame)
        return reason

    def admin(self, message: Any) -> Reason:
        return self.act(message, Authority(bytes(20), forced=True, tag=0))

    def report(self, record: Any, signers: tuple[bytes | None, ...] = NAMES[:3]) -> Reason:
        return self.act(record, Authority(None, forced=False, tag=0, signers=signers))

    def price(self, usd: int, number: int, underlying: int = 0) -> Reason:
        return self.report(PriceReport(underlying, number, self.time_ms, usd * USD, 100, ()))

    def run(self) -> list[Reason]:
        """Do the steps of the task in flight to its end."""
        reasons = []
        while self.phase != Phase.IDLE:
            frame = self.frame()
            _, reason = TASKS[self.phase](frame)
            self.commit(frame)
            reasons.append(reason)
        return reasons

    def begin_block(self, after_ms: int) -> None:
        self.time_ms += after_ms
        self.order_class = OrderClass.ORACLE
        frame = self.frame()
        begin_due_work(frame)
        self.commit(frame)

    def change(self, key: LeafKey, **fields: Any) -> None:
        leaf: Any = self.leaves[key]
        self.leaves[key] = leaf._replace(**fields)

    def rest(self, slot: int, tick: int, lots: int, **fields: int) -> None:
        """Put a lone order at a level of the perpetual, as the book would."""
        order = Order(9, PERP, 0, tick, 0, lots, 0, 0, slot, 0, 0, 0, 0, 0, 0, 0)
        self.leaves[order_key(slot)] = order._replace(**fields)
        self.leaves[level_key(PERP, tick)] = Level(slot, slot, lots, 1)
        for word, bit in ((tick >> 8, tick & 255), (4096 + (tick >> 16), tick >> 8 & 255)):
            old: Any = self.leaves.get(word_key(PERP, word)) or TickWord(0)
            self.leaves[word_key(PERP, word)] = TickWord(old.bits | 1 << bit)
        top: Any = self.leaves.get(word_key(PERP, 4112)) or TickWord(0)
        self.leaves[word_key(PERP, 4112)] = TickWord(top.bits | 1 << (tick >> 16))


@pytest.fixture(name="world")
def _world() -> World:
    return World()


def test_initial_messages_open_every_market(world: World) -> None:
    assert world.leaves[series_list_key(0)].series[:2] == (1, 2)  # type: ignore[union-attr, index]
    for market in MARKETS:
        assert world.leaves[terms_key(market.series)] == market.terms
        assert world.leaves[series_key(market.series)].status == SeriesStatus.TRADING  # type: ignore[union-attr]


@pytest.mark.parametrize("signers", [NAMES[:2], NAMES[1:3], ()])
def test_report_with_too_few_signatures_is_refused(
    world: World, signers: tuple[bytes, ...]
) -> None:
    report = PriceReport(0, 1, world.time_ms, 3_000 * USD, 0, ())
    assert world.report(report, signers) is Reason.TOO_FEW_SIGNATURES


@pytest.mark.parametrize(
    "signers",
    [
        (NAMES[0], NAMES[0], NAMES[1]),
        (NAMES[1], NAMES[0], NAMES[2]),
        (NAMES[0], NAMES[1], b"x" * 20),
        (NAMES[0], NAMES[1], None),
        (NAMES[0], NAMES[1], bytes(20)),
    ],
)
def test_report_with_a_wrong_signature_is_refused(
    world: World, signers: tuple[bytes | None, ...]
) -> None:
    report = PriceReport(0, 1, world.time_ms, 3_000 * USD, 0, ())
    assert world.report(report, signers) is Reason.BAD_PUBLISHERS


def test_first_price_begins_an_epoch_and_marks_every_series(world: World) -> None:
    assert world.price(3_000, 1) is Reason.OK
    assert world.phase == Phase.REPRICE
    assert world.run() == [Reason.OK] * 3
    row = world.leaves[PRICES_KEY].rows[0]  # type: ignore[union-attr]
    assert row == (1, START_MS, 3_000 * USD, 3_000 * USD, START_MS, 0)
    state: Any = world.leaves[series_key(PERP)]
    assert (state.mark, state.epoch, state.status) == (30 * USD, 1, SeriesStatus.TRADING)
    assert (state.initial, state.maintenance) == (1_500_000, 900_000)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"round": 1}, Reason.OLD_ROUND),
        ({"time_ms": START_MS}, Reason.BAD_TIME),
        ({"time_ms": START_MS + 7_001}, Reason.BAD_TIME),
        ({"price": 0}, Reason.BAD_PRICE),
        ({"price": 1 << 40}, Reason.BAD_PRICE),
        ({"confidence_ppm": 20_001}, Reason.BAD_PRICE),
        ({"underlying": 7}, Reason.UNKNOWN_UNDERLYING),
        ({"underlying": 8}, Reason.UNKNOWN_UNDERLYING),
    ],
)
def test_report_out_of_range_has_no_effect(
    world: World, change: dict[str, Any], reason: Reason
) -> None:
    world.price(3_000, 1)
    world.run()
    world.time_ms += 6_000
    before = dict(world.leaves)
    good = PriceReport(0, 2, world.time_ms, 3_000 * USD, 0, ())
    assert world.report(good._replace(**change)) is reason
    assert world.leaves == before


def test_report_older_than_a_minute_is_refused(world: World) -> None:
    world.time_ms += 100_000
    old = PriceReport(0, 1, world.time_ms - 60_001, 3_000 * USD, 0, ())
    assert world.report(old) is Reason.BAD_TIME


def test_jump_waits_for_a_second_price_near_it(world: World) -> None:
    world.price(3_000, 1)
    world.run()
    world.time_ms += 2_000
    assert world.price(2_800, 2) is Reason.PRICE_PENDING
    assert world.leaves[PRICES_KEY].rows[0].index_price == 3_000 * USD  # type: ignore[union-attr]
    world.time_ms += 2_000
    assert world.price(2_700, 3) is Reason.PRICE_PENDING
    world.time_ms += 2_000
    assert world.price(2_720, 4) is Reason.OK
    world.run()
    assert world.leaves[PRICES_KEY].rows[0].reference == 2_720 * USD  # type: ignore[union-attr]
    assert world.leaves[PRICES_KEY].rows[0].pending == 0  # type: ignore[union-attr]


def test_small_move_reprices_only_when_the_mark_is_old(world: World) -> None:
    world.price(3_000, 1)
    world.run()
    world.time_ms += 2_000
    assert world.price(3_007, 2) is Reason.OK
    assert world.phase == Phase.IDLE
    world.begin_block(27_999)
    assert world.phase == Phase.SAMPLE
    world.run()
    world.begin_block(1)
    assert world.phase == Phase.REPRICE
    world.run()
    assert world.leaves[PRICES_KEY].rows[0].reference == 3_007 * USD  # type: ignore[union-attr]


def test_move_within_a_second_of_the_last_reprice_waits_for_the_next_block(world: World) -> None:
    world.price(3_000, 1)
    world.run()
    world.time_ms += 500
    assert world.price(3_010, 2) is Reason.OK
    assert world.phase == Phase.IDLE
    world.begin_block(500)
    assert world.phase == Phase.REPRICE


def test_trigger_begins_what_is_due_and_nothing_else(world: World) -> None:
    world.price(3_000, 1)
    world.run()
    assert world.report(Trigger(0)) is Reason.NOTHING_DUE
    assert world.report(Trigger(9)) is Reason.UNKNOWN_UNDERLYING
    world.time_ms += 30_000
    assert world.report(Trigger(0)) is Reason.OK
    assert world.phase == Phase.REPRICE


def test_report_after_a_later_class_is_out_of_class(world: World) -> None:
    world.order_class = OrderClass.MAKER
    assert world.price(3_000, 1) is Reason.OUT_OF_CLASS
    forced = Authority(None, forced=True, tag=0, signers=NAMES[:3], sent_ms=world.time_ms)
    assert world.act(PriceReport(0, 1, world.time_ms, 3_000 * USD, 0, ()), forced) is Reason.OK


def test_forced_report_is_held_against_the_time_of_l1(world: World) -> None:
    late_ms = world.time_ms + 75_000
    report = PriceReport(0, 1, late_ms - 60_000, 3_000 * USD, 0, ())
    assert world.report(report) is Reason.BAD_TIME
    forced = Authority(None, forced=True, tag=0, signers=NAMES[:3], sent_ms=late_ms)
    too_old = forced._replace(sent_ms=late_ms + 1)
    assert world.act(report, too_old) is Reason.BAD_TIME
    assert world.act(report, forced) is Reason.OK
    world.run()
    assert world.leaves[PRICES_KEY].rows[0].index_ms == late_ms - 60_000  # type: ignore[union-attr]


def test_mark_beyond_its_bound_makes_the_series_reduce_only(world: World) -> None:
    world.price(3_000, 1)
    world.run()
    world.change(terms_key(PERP), lots_per_unit=1)
    world.time_ms += 30_000
    world.price(2_900, 2)
    world.run()
    state: Any = world.leaves[series_key(PERP)]
    assert (state.mark, state.status) == (30 * USD, SeriesStatus.REDUCE_ONLY)


@pytest.mark.parametrize(
    ("open_interest", "per_lot"),
    [(0, 1_500_000), (5_000_000, 1_500_000), (7_500_000, 15_750_000), (10_000_000, 30_000_000)],
)
def test_initial_margin_rises_with_open_interest(
    world: World, open_interest: int, per_lot: int
) -> None:
    world.change(series_key(PERP), open_interest=open_interest)
    world.price(3_000, 1)
    world.run()
    assert world.leaves[series_key(PERP)].initial == per_lot  # type: ignore[union-attr]


def _begin_trading(world: World) -> None:
    world.price(3_000, 1)
    world.run()


def test_sample_counts_the_premium_of_both_sides(world: World) -> None:
    _begin_trading(world)
    world.rest(1, 60_100, 1_000)
    world.rest(2, 60_200, 1_000)
    world.change(series_key(PERP), bid=60_100, ask=60_200)
    world.begin_block(1_000)
    assert world.run() == [Reason.OK] * 3
    state: Any = world.leaves[series_key(PERP)]
    assert (state.premium_sum, state.premium_count) == (100 * 500, 1)


@pytest.mark.parametrize("ghost", [{"expiry_at": START_MS // 1_000}, {"flags": 64}])
def test_sample_leaves_out_orders_that_cannot_trade(world: World, ghost: dict[str, int]) -> None:
    _begin_trading(world)
    world.rest(1, 63_000, 100_000, **ghost)
    world.rest(2, 59_000, 1_000)
    world.change(series_key(PERP), bid=63_000, ask=0)
    world.begin_block(1_000)
    world.run()
    state: Any = world.leaves[series_key(PERP)]
    assert (state.premium_sum, state.premium_count) == (0, 1)


def test_sample_of_a_thin_book_is_missing(world: World) -> None:
    _begin_trading(world)
    for number in range(15):
        world.rest(1 + number, 61_000 - number, 1)
    world.change(series_key(PERP), bid=61_000)
    world.begin_block(1_000)
    assert world.run() == [Reason.OK, Reason.SAMPLE_MISSING, Reason.OK]
    assert world.leaves[series_key(PERP)].premium_count == 0  # type: ignore[union-attr]


def test_sample_behind_sixteen_small_orders_counts_the_last_of_them(world: World) -> None:
    _begin_trading(world)
    for number in range(16):
        world.rest(1 + number, 61_000 - number, 1)
    world.rest(17, 50_000, 100_000)
    world.change(series_key(PERP), bid=61_000)
    world.begin_block(1_000)
    assert world.run() == [Reason.OK, Reason.OK, Reason.OK]
    state: Any = world.leaves[series_key(PERP)]
    terms: Any = world.leaves[terms_key(PERP)]
    fair = 3_000 * USD // terms.lots_per_unit
    assert (state.premium_sum, state.premium_count) == (60_985 * terms.unit - fair, 1)


def test_funding_moves_the_index_by_premium_and_interest(world: World) -> None:
    _begin_trading(world)
    world.change(series_key(PERP), premium_sum=-7, premium_count=2)
    world.time_ms += 30_000
    world.price(3_000, 2)
    world.run()
    state: Any = world.leaves[series_key(PERP)]
    accrued = (-3 + 30 * USD // 10_000) * 30_000
    assert (state.funding_index, state.funding_rest) == divmod(accrued, 28_800_000)
    assert (state.premium_sum, state.premium_count) == (0, 0)


@pytest.mark.parametrize("sign", [1, -1])
def test_funding_is_clamped_and_rests_are_kept(world: World, sign: int) -> None:
    _begin_trading(world)
    limit, total = 30 * USD * 4 // 100, 0
    for number in range(2, 6):
        world.change(series_key(PERP), premium_sum=sign * 10**12, premium_count=1)
        world.time_ms += 30_000
        world.price(3_000, number)
        world.run()
        total += sign * limit * 30_000
    state: Any = world.leaves[series_key(PERP)]
    assert state.funding_index * 28_800_000 + state.funding_rest == total


def test_forward_moves_the_mark_of_a_future(world: World) -> None:
    expiry_at = START_MS // 1_000 + 1_000
    future = TERMS[PERP]._replace(kind=SeriesKind.FUTURE, book=5)
    assert world.admin(ListSeries(5, future)) is Reason.BAD_PARAMETERS
    assert world.admin(SetExpiry(0, 0, expiry_at)) is Reason.OK
    assert world.admin(ListSeries(5, future)) is Reason.OK
    assert world.admin(SetExpiry(0, 0, expiry_at + 1)) is Reason.SERIES_IN_USE
    _begin_trading(world)
    forward = ForwardReport(0, 0, expiry_at, 1, world.time_ms, 30 * USD, ())
    assert world.report(forward) is Reason.OK
    assert world.report(forward) is Reason.OLD_ROUND
    assert world.report(forward._replace(round=2, difference=-601 * USD)) is Reason.BAD_PRICE
    assert world.report(forward._replace(round=2, time_ms=1)) is Reason.BAD_TIME
    assert world.report(forward._replace(round=2, expiry=expiry_at + 1)) is Reason.BAD_TIME
    assert world.report(forward._replace(round=2, expiry_slot=1)) is Reason.EXPIRED
    assert world.report(forward._replace(expiry_slot=16)) is Reason.UNKNOWN_UNDERLYING
    assert world.report(forward._replace(underlying=5)) is Reason.UNKNOWN_UNDERLYING
    world.time_ms += 30_000
    world.price(3_000, 2)
    world.run()
    assert world.leaves[series_key(5)].mark == 30_300_000  # type: ignore[union-attr]
    world.time_ms = expiry_at * 1_000
    world.price(3_000, 3)
    world.run()
    expired: Any = world.leaves[series_key(5)]
    assert (expired.status, expired.mark) == (SeriesStatus.EXPIRED, 30_000_000)
    assert expired.initial == -(-30_000_000 * future.initial_ppm // 1_000_000)
    assert (expired.low, expired.high) == (60_600, 60_600), "no trigger fires any more"


@pytest.mark.parametrize(
    "change",
    [
        {"kind": 0},
        {"kind": 4},
        {"underlying": 8},
        {"expiry_slot": 16},
        {"book": 3},
        {"asset": 1},
        {"unit": 0},
        {"unit": 2_048},
        {"lots_per_unit": 0},
        {"maintenance_ppm": 0},
        {"maintenance_ppm": 50_001},
        {"initial_ppm": 1_000_001},
        {"taker_fee_ppm": 10_001},
        {"maker_fee_ppm": -401},
        {"maker_fee_ppm": 401},
        {"band_ppm": 1_000_001},
        {"max_order_lots": 1 << 23},
        {"open_interest_cap": 1 << 31},
        {"funding_clamp_ppm": 1_000_001},
        {"interest_ppb": -1_000_001},
    ],
)
def test_terms_out_of_range_are_refused(world: World, change: dict[str, int]) -> None:
    world.change(series_key(PERP), status=SeriesStatus.NONE)
    listing = ListSeries(PERP, TERMS[PERP]._replace(**change))
    assert world.admin(listing) is Reason.BAD_PARAMETERS


def test_listing_keeps_what_must_not_change(world: World) -> None:
    assert world.admin(ListSeries(PERP, TERMS[PERP])) is Reason.SERIES_EXISTS
    assert world.admin(SetTerms(PERP, TERMS[PERP]._replace(unit=499))) is Reason.SERIES_IN_USE
    assert world.admin(SetTerms(4, TERMS[PERP])) is Reason.UNKNOWN_SERIES
    assert world.admin(SetTerms(PERP, TERMS[PERP]._replace(taker_fee_ppm=500))) is Reason.OK
    assert world.leaves[terms_key(PERP)].taker_fee_ppm == 500  # type: ignore[union-attr]
    assert world.admin(SetStatus(PERP, SeriesStatus.REDUCE_ONLY)) is Reason.OK
    assert world.admin(SetStatus(PERP, SeriesStatus.SETTLED)) is Reason.BAD_PARAMETERS
    assert world.admin(SetStatus(9, SeriesStatus.TRADING)) is Reason.UNKNOWN_SERIES


def test_delisting_needs_an_empty_series(world: World) -> None:
    world.change(series_key(PERP), open_interest=1)
    assert world.admin(DelistSeries(PERP)) is Reason.SERIES_IN_USE
    world.change(series_key(PERP), open_interest=0, funding_index=77)
    assert world.admin(DelistSeries(PERP)) is Reason.OK
    assert world.admin(DelistSeries(PERP)) is Reason.UNKNOWN_SERIES
    assert world.admin(SetStatus(PERP, SeriesStatus.TRADING)) is Reason.SERIES_CLOSED
    assert world.leaves[series_list_key(0)].series[:2] == (1, 0)  # type: ignore[union-attr, index]
    assert world.admin(ListSeries(PERP, TERMS[PERP])) is Reason.OK
    assert world.leaves[series_key(PERP)].funding_index == 77  # type: ignore[union-attr]


def test_a_spot_series_needs_its_collateral(world: World) -> None:
    world.change(series_key(1), status=SeriesStatus.NONE)
    assert world.admin(SetAsset(1, AssetRow(1, 18, 1, 1))) is Reason.OK
    assert world.admin(ListSeries(1, TERMS[1])) is Reason.BAD_PARAMETERS
    assert world.admin(SetAsset(1, AssetRow(0, 1, 1, 1))) is Reason.OK
    assert world.admin(ListSeries(1, TERMS[1])) is Reason.BAD_PARAMETERS
    assert world.admin(SetAsset(0, AssetRow(0, 18, 1, 1))) is Reason.BAD_PARAMETERS


def test_fees_move_only_as_far_as_they_go(world: World) -> None:
    world.leaves[POOLS_KEY] = Pools(100, (0,) * 8)
    assert world.admin(InsureFees(0, 101)) is Reason.INSUFFICIENT_BALANCE
    assert world.admin(InsureFees(1, 100)) is Reason.OK
    assert world.leaves[POOLS_KEY] == Pools(0, (0, 100, 0, 0, 0, 0, 0, 0))
    assert world.admin(InsureFees(8, 0)) is Reason.BAD_PARAMETERS
    assert world.admin(PayFees(5, 1)) is Reason.INSUFFICIENT_BALANCE
    assert world.admin(PayFees(5, 0)) is Reason.UNKNOWN_ACCOUNT


@pytest.mark.parametrize(
    ("threshold", "addresses"), [(0, NAMES), (6, NAMES), (1, (NAMES[0], NAMES[0]))]
)
def test_publishers_must_be_enough_and_different(
    world: World, threshold: int, addresses: tuple[bytes, ...]
) -> None:
    padded = (*addresses, *[bytes(20)] * (8 - len(addresses)))
    assert world.admin(SetPublishers(Publishers(threshold, padded))) is Reason.BAD_PARAMETERS


def test_every_admin_message_has_one_encoding() -> None:
    samples: list[Any] = [
        SetUnderlying(3, 1),
        ListSeries(2, TERMS[2]),
        SetTerms(3, TERMS[3]),
        SetStatus(2, 2),
        SetAsset(1, AssetRow(0, 18, 900_000, 1 << 70)),
        SetPublishers(Publishers(2, (*NAMES, *[bytes(20)] * 3))),
        SetBorrowCap(1 << 90),
        DelistSeries(4_000),
        SetExpiry(1, 2, 1 << 40),
        SetOptionRules(1, OPTION_RULES),
        PayFees(77, 1 << 80),
        InsureFees(1, 5),
    ]
    assert {type(sample) for sample in samples} == set(ADMIN_MESSAGES)
    for sample in samples:
        body = encode_admin(sample)
        assert decode_admin(body) == sample
        assert decode_admin(body + b"\0") is None
        assert decode_admin(body[:-1]) is None
