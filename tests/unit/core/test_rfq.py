"""Combos: all legs between two accounts or nothing. Source: docs/spec.md Q."""

from typing import Any

import pytest

from rollup_node.core.account_leaves import NO_COLD, Directory
from rollup_node.core.events import ComboFill
from rollup_node.core.flags import CHILD_FLAG, FROZEN_FLAG, LIQUIDATING_FLAG, SALE_FLAG
from rollup_node.core.frame import Authority
from rollup_node.core.inputs import ExecuteRfq, RfqLeg, RfqQuote
from rollup_node.core.kinds import OrderClass, Phase, StepKind
from rollup_node.core.layout import (
    POOLS_KEY,
    PRICES_KEY,
    RFQ_KEY,
    balances_key,
    cold_key,
    directory_key,
    owner_key,
    positions_key,
    series_key,
    session_key_key,
    terms_key,
)
from rollup_node.core.leaves import Balances
from rollup_node.core.positions import find_position
from rollup_node.core.reason import Reason
from rollup_node.core.refresh import refresh
from rollup_node.core.rfq import apply_execute_rfq, execute_rfq
from tests.unit.core.exchange_world import (
    BTC_PERP,
    CASH,
    FUTURE,
    MID,
    NOW_MS,
    PERP,
    SPOT,
    UNIT,
    Recorder,
    World,
    key_address,
    make_state,
    make_terms,
    owner_of,
)

TAKER, MAKER = 1, 2
LOTS = 1_000
SPREAD = (RfqLeg(PERP, LOTS, MID), RfqLeg(FUTURE, -LOTS, MID + 5))
"""The maker buys the perpetual and sells the future."""
EXPIRY_MS = NOW_MS + 5_000


@pytest.fixture
def world() -> World:
    return World()


def ask(world: World, *legs: RfqLeg, **terms: Any) -> ExecuteRfq:
    """Return the execution of a quote with usual terms; `quote_*` change the quote."""
    world.nonce += 1
    quote = RfqQuote(MAKER, 0, 0, 1_000, EXPIRY_MS, legs or SPREAD, world.nonce, bytes(64))
    changed = {name[6:]: terms.pop(name) for name in [*terms] if name.startswith("quote_")}
    record = ExecuteRfq(TAKER, 0, 1_000, EXPIRY_MS, quote._replace(**changed), world.nonce)
    return record._replace(**terms)


def address(account: int, key: int) -> bytes:
    return key_address(account, key) if key else owner_of(account)


def act(world: World, record: ExecuteRfq, signer: bytes | None = None, **who: Any) -> Reason:
    """Execute it in a block of its own, signed by both sides unless `maker` says otherwise."""
    world.order_class = 0
    maker = who.get("maker", address(record.quote.account, record.quote.key))
    forced = who.get("forced", False)
    signer = signer or address(record.account, record.key)
    authority = Authority(signer, forced, 7 if forced else 0, (maker,), 0)
    reason = world.step(apply_execute_rfq, record, authority)
    assert isinstance(reason, Reason)
    return reason


def run(world: World) -> list[tuple[StepKind, Reason]]:
    """Take the task steps that are left."""
    steps = []
    while world.phase != Phase.IDLE:
        if world.phase == Phase.REFRESH:
            steps.append(world.step(refresh))
        else:
            assert world.phase == Phase.RFQ
            steps.append((StepKind.EXECUTE_RFQ, world.step(execute_rfq)))
    return steps


def lots(world: World, account: int, series: int) -> int:
    return find_position(Recorder(world.leaves), account, series)[1].lots  # type: ignore[arg-type]


def cash(world: World, account: int) -> int:
    leaf: Any = world.leaves[balances_key(account)]
    return int(leaf.amounts[0])


def kept(world: World) -> dict[Any, Any]:
    """Return all leaves but those with nonces."""
    nonces = {owner_key(TAKER), owner_key(MAKER)}
    nonces |= {session_key_key(account, 1) for account in (TAKER, MAKER)}
    return {key: leaf for key, leaf in world.leaves.items() if key not in nonces}


def test_apply_execute_rfq_moves_all_legs_of_both_sides(world: World) -> None:
    assert act(world, ask(world)) is Reason.OK
    assert (world.phase, world.order_class) == (Phase.IDLE, OrderClass.TAKER)
    assert [lots(world, MAKER, series) for series in (PERP, FUTURE)] == [LOTS, -LOTS]
    assert [lots(world, TAKER, series) for series in (PERP, FUTURE)] == [-LOTS, LOTS]
    assert world.state(PERP).open_interest == world.state(FUTURE).open_interest == LOTS
    assert world.hot(MAKER).rows[0].positions == world.hot(TAKER).rows[0].positions == 2
    assert world.hot(MAKER).version == world.hot(TAKER).version == 2


def test_apply_execute_rfq_charges_each_leg_at_the_rates_of_its_series(world: World) -> None:
    world.set_terms(FUTURE, taker_fee_ppm=300, maker_fee_ppm=200)
    assert act(world, ask(world)) is Reason.OK
    first, second = LOTS * MID * UNIT, LOTS * (MID + 5) * UNIT
    paid = first * 500 // 10**6 + second * 300 // 10**6
    earned = -(first * 100 // 10**6) + second * 200 // 10**6
    assert CASH - cash(world, TAKER) == paid
    assert CASH - cash(world, MAKER) == earned
    pools: Any = world.leaves[POOLS_KEY]
    assert pools.fees == paid + earned
    assert [type(event) for event in world.events] == [ComboFill, ComboFill]
    assert world.events[0][:6] == (PERP, TAKER, MAKER, 1, MID, LOTS)
    assert world.events[1][:6] == (FUTURE, TAKER, MAKER, 0, MID + 5, LOTS)
    assert sum(event.taker_fee for event in world.events) == paid


def test_apply_execute_rfq_weighs_the_combo_as_a_whole(world: World) -> None:
    """A side that may not open the first leg alone may with what the second one releases."""
    world.set_position(MAKER, -LOTS)
    size = LOTS * MID * UNIT
    world.leaves[balances_key(MAKER)] = Balances((size // 40 + size // 1_000, 0, 0, 0))
    opening = RfqLeg(FUTURE, LOTS // 2, MID)
    assert act(world, ask(world, opening)) is Reason.MAKER_FAILED
    assert act(world, ask(world, RfqLeg(PERP, LOTS, MID), opening)) is Reason.OK
    assert (lots(world, MAKER, PERP), lots(world, MAKER, FUTURE)) == (0, LOTS // 2)


def test_apply_execute_rfq_second_leg_fails_takes_back_the_first_one(world: World) -> None:
    world.set_terms(FUTURE, open_interest_cap=LOTS - 1)
    before = kept(world)
    record = ask(world)
    assert act(world, record) is Reason.OPEN_INTEREST_CAP
    assert kept(world) == before
    assert not world.events
    assert act(world, record) is Reason.NONCE_USED
    fresh = ask(world)
    assert act(world, fresh._replace(quote=record.quote)) is Reason.MAKER_VOID


@pytest.mark.parametrize("poor", [TAKER, MAKER])
def test_apply_execute_rfq_poor_side_says_which(world: World, poor: int) -> None:
    world.leaves[balances_key(poor)] = Balances((1_000_000, 0, 0, 0))
    before = kept(world)
    failed = Reason.INSUFFICIENT_MARGIN if poor == TAKER else Reason.MAKER_FAILED
    assert act(world, ask(world)) is failed
    assert kept(world) == before


LEG = RfqLeg(PERP, LOTS, MID)


@pytest.mark.parametrize(
    ("legs", "reason"),
    [
        ((LEG, LEG), Reason.BAD_ORDER),
        ((SPREAD[1], SPREAD[0]), Reason.BAD_ORDER),
        ((RfqLeg(PERP, 0, MID),), Reason.BAD_ORDER),
        ((RfqLeg(0, 1, MID),), Reason.BAD_ORDER),
        ((RfqLeg(SPOT, LOTS, MID),), Reason.BAD_ORDER),
        ((LEG, RfqLeg(BTC_PERP, LOTS, MID)), Reason.BAD_ORDER),
        ((RfqLeg(4_096, 1, MID),), Reason.UNKNOWN_SERIES),
        ((RfqLeg(9, 1, MID),), Reason.UNKNOWN_SERIES),
        ((RfqLeg(PERP, 1, 0),), Reason.PRICE_OUT_OF_RANGE),
        ((RfqLeg(PERP, 1, 1 << 20),), Reason.PRICE_OUT_OF_RANGE),
        ((RfqLeg(2_048, 1, 1 << 14),), Reason.PRICE_OUT_OF_RANGE),
        ((RfqLeg(PERP, LOTS, MID * 11 // 10 + 1),), Reason.PRICE_BAND),
        ((RfqLeg(PERP, -LOTS, MID * 11 // 10 + 1),), Reason.PRICE_BAND),
        ((RfqLeg(PERP, LOTS, MID * 9 // 10),), Reason.PRICE_BAND),
        ((RfqLeg(PERP, -LOTS, MID * 9 // 10),), Reason.PRICE_BAND),
        ((RfqLeg(PERP, 1_000_001, MID),), Reason.ABOVE_MAX_ORDER),
        ((RfqLeg(PERP, -(1 << 31), MID),), Reason.ABOVE_MAX_ORDER),
    ],
)
def test_apply_execute_rfq_bad_leg_is_refused(
    world: World, legs: tuple[RfqLeg, ...], reason: Reason
) -> None:
    before = kept(world)
    assert act(world, ask(world, *legs)) is reason
    assert kept(world) == before


def test_apply_execute_rfq_below_the_least_notional_of_one_leg_is_refused(world: World) -> None:
    world.set_terms(FUTURE, min_notional=LOTS * (MID + 5) * UNIT + 1)
    assert act(world, ask(world)) is Reason.BELOW_MIN_NOTIONAL


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"mark": 0}, Reason.STALE_PRICE),
        ({"status": 2}, Reason.REDUCE_ONLY),
        ({"status": 3}, Reason.SERIES_CLOSED),
    ],
)
def test_apply_execute_rfq_series_that_does_not_trade_is_refused(
    world: World, fields: dict[str, int], reason: Reason
) -> None:
    world.set_state(FUTURE, **fields)
    assert act(world, ask(world)) is reason


def test_apply_execute_rfq_old_or_pending_prices_are_refused(world: World) -> None:
    prices: Any = world.leaves[PRICES_KEY]
    jumping = prices.rows[0]._replace(pending=1)
    world.leaves[PRICES_KEY] = prices._replace(rows=(jumping, *prices.rows[1:]))
    assert act(world, ask(world)) is Reason.REDUCE_ONLY
    world.leaves[PRICES_KEY] = prices
    world.time_ms += 60_001
    later = world.time_ms + 1
    assert act(world, ask(world, expiry_ms=later, quote_expiry_ms=later)) is Reason.REDUCE_ONLY


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        ({"quote_account": TAKER}, Reason.SELF_TRADE),
        ({"expiry_ms": NOW_MS}, Reason.EXPIRED),
        ({"quote_expiry_ms": NOW_MS}, Reason.MAKER_VOID),
        ({"quote_taker": 3}, Reason.MAKER_VOID),
        ({"quote_account": 77}, Reason.MAKER_VOID),
        ({"quote_account": 0}, Reason.MAKER_VOID),
        ({"quote_key": 9}, Reason.MAKER_VOID),
        ({"quote_nonce": NOW_MS + 86_400_001}, Reason.MAKER_VOID),
        ({"max_fee": 499}, Reason.FEE_ABOVE_CAP),
        ({"account": 0}, Reason.UNKNOWN_ACCOUNT),
        ({"key": 9}, Reason.BAD_KEY_NUMBER),
    ],
)
def test_apply_execute_rfq_bad_terms_are_refused(
    world: World, terms: dict[str, int], reason: Reason
) -> None:
    before = kept(world)
    assert act(world, ask(world, **terms)) is reason
    assert kept(world) == before


def test_apply_execute_rfq_quote_for_this_taker_is_taken(world: World) -> None:
    assert act(world, ask(world, quote_taker=TAKER)) is Reason.OK


def test_apply_execute_rfq_maker_fee_above_its_cap_is_void(world: World) -> None:
    world.set_terms(FUTURE, maker_fee_ppm=200)
    assert act(world, ask(world, quote_max_fee=199)) is Reason.MAKER_VOID
    assert act(world, ask(world, quote_max_fee=200)) is Reason.OK


@pytest.mark.parametrize("maker", [None, owner_of(TAKER), owner_of(3)])
def test_apply_execute_rfq_quote_not_signed_by_its_maker_is_void(
    world: World, maker: bytes | None
) -> None:
    before = world.leaves[owner_key(MAKER)]
    assert act(world, ask(world), maker=maker) is Reason.MAKER_VOID
    assert world.leaves[owner_key(MAKER)] == before


def test_apply_execute_rfq_twice_is_void(world: World) -> None:
    record = ask(world)
    assert act(world, record) is Reason.OK
    again = ask(world)._replace(quote=record.quote)
    before = kept(world)
    assert act(world, again) is Reason.MAKER_VOID
    assert kept(world) == before


def test_apply_execute_rfq_of_one_group_is_a_self_trade(world: World) -> None:
    world.set_hot(MAKER, group=TAKER)
    assert act(world, ask(world)) is Reason.SELF_TRADE


@pytest.mark.parametrize("account", [TAKER, MAKER])
@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"flags": FROZEN_FLAG}, Reason.FROZEN),
        ({"flags": LIQUIDATING_FLAG}, Reason.LIQUIDATING),
        ({"flags": LIQUIDATING_FLAG | SALE_FLAG}, Reason.LIQUIDATING),
        ({"dead_man_ms": NOW_MS}, Reason.EXPIRED),
    ],
)
def test_apply_execute_rfq_account_that_may_not_trade_is_refused(
    world: World, account: int, fields: dict[str, int], reason: Reason
) -> None:
    world.set_hot(account, **fields)
    before = kept(world)
    assert act(world, ask(world)) is (reason if account == TAKER else Reason.MAKER_VOID)
    assert kept(world) == before


def test_apply_execute_rfq_child_trades_its_series_alone(world: World) -> None:
    world.set_hot(MAKER, flags=CHILD_FLAG)
    world.leaves[cold_key(MAKER)] = NO_COLD._replace(series=PERP)
    assert act(world, ask(world)) is Reason.MAKER_VOID
    assert act(world, ask(world, LEG)) is Reason.OK


@pytest.mark.parametrize("account", [TAKER, MAKER])
def test_apply_execute_rfq_session_key_is_held_to_its_bounds(world: World, account: int) -> None:
    name = "key" if account == TAKER else "quote_key"
    total = LOTS * MID * UNIT + LOTS * (MID + 5) * UNIT
    for fields, reason in (
        ({"order_cap": total - 1}, Reason.KEY_CAP),
        ({"markets": 254}, Reason.KEY_MARKET),
        ({"scope": 14}, Reason.KEY_SCOPE),
        ({"expiry_ms": NOW_MS}, Reason.KEY_EXPIRED),
    ):
        world.set_key(account, 1, **fields)
        expected = reason if account == TAKER else Reason.MAKER_VOID
        assert act(world, ask(world, **{name: 1})) is expected
    world.set_key(account, 1, order_cap=total, markets=1, scope=1)
    assert act(world, ask(world, **{name: 1})) is Reason.OK


def test_apply_execute_rfq_forced_needs_the_owner_and_spends_the_quote(world: World) -> None:
    record = ask(world, nonce=0)
    assert act(world, record, owner_of(3), forced=True) is Reason.NOT_OWNER
    assert act(world, record, forced=True) is Reason.OK
    assert act(world, record, forced=True) is Reason.MAKER_VOID


def test_apply_execute_rfq_late_in_the_block_keeps_both_nonces(world: World) -> None:
    world.order_class = OrderClass.DELAYED
    before = dict(world.leaves)
    authority = Authority(owner_of(TAKER), forced=False, tag=0, signers=(owner_of(MAKER),))
    assert world.step(apply_execute_rfq, ask(world), authority) is Reason.OUT_OF_CLASS
    assert world.leaves == before
    assert not world.opened


@pytest.mark.parametrize("stale", [(TAKER,), (MAKER,), (TAKER, MAKER)])
def test_apply_execute_rfq_stale_accounts_are_refreshed_one_after_the_other(
    world: World, stale: tuple[int, ...]
) -> None:
    for account in stale:
        world.set_position(account, LOTS if account == TAKER else -LOTS)
        rows = world.hot(account).rows
        world.set_hot(account, rows=(rows[0]._replace(epoch=0), *rows[1:]))
    world.set_state(PERP, open_interest=LOTS)
    assert act(world, ask(world)) is Reason.REFRESH
    assert world.phase == Phase.REFRESH
    again = [(StepKind.EXECUTE_RFQ, Reason.REFRESH), (StepKind.REFRESH, Reason.OK)]
    assert run(world) == [
        (StepKind.REFRESH, Reason.OK),
        *(again if len(stale) == 2 else []),
        (StepKind.EXECUTE_RFQ, Reason.OK),
    ]
    assert lots(world, MAKER, FUTURE) == -LOTS
    assert all(world.hot(account).rows[0].epoch == 1 for account in (TAKER, MAKER))


def test_execute_rfq_after_a_refresh_that_shows_a_loss_changes_nothing_more(world: World) -> None:
    world.set_position(MAKER, LOTS)
    rows = world.hot(MAKER).rows
    world.set_hot(MAKER, rows=(rows[0]._replace(epoch=0), *rows[1:]))
    world.set_state(PERP, open_interest=LOTS, mark=MID * UNIT // 2)
    world.leaves[balances_key(MAKER)] = Balances((LOTS * MID * UNIT // 4, 0, 0, 0))
    assert act(world, ask(world, SPREAD[1])) is Reason.REFRESH
    task: Any = world.leaves[RFQ_KEY]
    assert task.length == 1
    world.step(refresh)
    before = dict(world.leaves)
    assert world.step(execute_rfq) is Reason.MAKER_FAILED
    assert world.leaves == before
    assert world.phase == Phase.IDLE


def test_apply_execute_rfq_more_positions_than_fit_is_refused(world: World) -> None:
    world.set_position(TAKER, LOTS)
    places = (PERP, *range(100, 226), 0)
    world.leaves[directory_key(TAKER)] = Directory(places)
    both = (RfqLeg(PERP, LOTS // 2, MID), RfqLeg(FUTURE, -LOTS, MID), RfqLeg(5, LOTS, MID))
    world.leaves[terms_key(5)] = make_terms(2, 5, 0)
    world.leaves[series_key(5)] = make_state()
    before = kept(world)
    assert act(world, ask(world, *both)) is Reason.POSITION_LIMIT
    assert kept(world) == before
    closing = (RfqLeg(PERP, LOTS, MID), *both[1:])
    assert act(world, ask(world, *closing)) is Reason.OK
    assert positions_key(TAKER, 127) in world.leaves


def test_apply_execute_rfq_below_maintenance_hands_nothing_to_an_accomplice(world: World) -> None:
    """What an account gives away must be covered by its own equity, whatever the other legs do."""
    world.set_position(MAKER, LOTS)
    world.set_state(PERP, open_interest=LOTS)
    world.set_terms(PERP, maker_fee_ppm=0)
    size = LOTS * MID * UNIT
    world.leaves[balances_key(MAKER)] = Balances((size // 400, 0, 0, 0))
    half = LOTS // 2
    cheap = RfqLeg(PERP, -half, MID * 99 // 100)
    hedge = RfqLeg(FUTURE, 100, MID)
    before = kept(world)
    assert act(world, ask(world, cheap)) is Reason.MAKER_FAILED
    assert act(world, ask(world, cheap, hedge)) is Reason.MAKER_FAILED
    assert kept(world) == before
    assert act(world, ask(world, RfqLeg(PERP, -half, MID))) is Reason.OK
