"""The sale of a whole account, and the insurance fund: who pays whom, to the last unit."""

from functools import partial
from typing import Any

import pytest

from rollup_node.core.account_leaves import NO_COLD, ProtectionRow, SessionKey
from rollup_node.core.auctions import compute_price_ppm
from rollup_node.core.deposits import apply_deposit
from rollup_node.core.families import ACTIONS, find_task
from rollup_node.core.flags import FROZEN_FLAG, FUND_FLAG, LIQUIDATING_FLAG, SALE_FLAG
from rollup_node.core.frame import Authority, Frame
from rollup_node.core.inputs import (
    Bid,
    Deposit,
    Liquidate,
    OpenAccount,
    RotateKey,
    Takeover,
    Transfer,
)
from rollup_node.core.kinds import Phase, StepKind
from rollup_node.core.layout import (
    ALLOCATORS_KEY,
    BRIDGE_ACCOUNT_LIMIT,
    CREDIT_KEY,
    CURSOR_KEY,
    OUTBOX_WITHDRAWAL_LIMIT,
    POOLS_KEY,
    balances_key,
    cold_key,
    hot_key,
    outbox_key,
    owner_key,
    session_key_key,
)
from rollup_node.core.leaves import Allocators, Owner, Withdrawal
from rollup_node.core.market_leaves import Pools
from rollup_node.core.reason import Reason
from rollup_node.core.standing import FUND_OWNER
from rollup_node.core.transactions import apply_transaction
from tests.unit.core.exchange import BUY, ETH, MARK, NOW, PERP, SELL, TICK, USD, Exchange

MM = MARK // 40
IM = -(-MARK // 20 * 1_020_000 // 1_000_000)
MINUTE = 60_000
PROCEEDS = BRIDGE_ACCOUNT_LIMIT


class House(Exchange):
    """An exchange with a bidder (2), a counterparty (3) and accounts in trouble (1, 4)."""

    def __init__(self) -> None:
        super().__init__()
        self.open(2, 10**6 * USD)
        self.open(3, 10**6 * USD)
        self.hold(3, -2_000, -2_000 * MARK)
        for account in (2, 3):
            self.own(account)
        self.distress(1, 1_000 * MM // 2)

    def own(self, account: int) -> None:
        """Give an account an owner that nobody else has."""
        self.state[owner_key(account)] = Owner(bytes((account,)) * 20, 7, 1)

    def distress(self, account: int, equity: int) -> None:
        """Open an account of 1,000 lots and this equity, for sale since now."""
        self.open(account, 0)
        self.own(account)
        self.hold(account, 1_000, 1_000 * MARK - equity)
        self.act(Liquidate(account, 0))

    def act(self, record: Any, by: int = 0) -> tuple[StepKind, Reason]:
        """Execute a record as a message, and what it begins."""
        authority = Authority(bytes((by,)) * 20, forced=True, tag=0)

        def execute(frame: Frame) -> tuple[StepKind, Reason]:
            return ACTIONS[type(record)](frame, record, authority)

        answer = self.run(execute)
        while self.phase() != Phase.IDLE:
            self.run(find_task(self.phase()))
        return answer

    def bid(self, target: int, price: int, by: int = 2, **fields: int) -> Reason:
        """Bid for an account."""
        record = Bid(by, 0, target, self.hot(target).version, price, 0)._replace(**fields)
        return self.act(record, by)[1]

    def later(self, ms: int) -> None:
        """Let time pass, with fresh prices."""
        clock: Any = self.state[CURSOR_KEY]
        now = clock.time_ms + ms
        self.state[CURSOR_KEY] = clock._replace(time_ms=now)
        self.set_prices(ETH, priced_ms=now, index_ms=now)

    def cold(self, account: int) -> Any:
        """Return the cold leaf."""
        return self.state[cold_key(account)]

    def owner(self, account: int) -> bytes:
        """Return who owns an account."""
        leaf: Any = self.state[owner_key(account)]
        return bytes(leaf.address)

    def deficit(self) -> int:
        """Return D."""
        leaf: Any = self.state[CREDIT_KEY]
        return int(leaf.deficit)

    def equity(self, account: int) -> int:
        """Return the equity of an account without collateral."""
        position = self.position(account)
        return self.cash(account) + position.lots * MARK - position.basis


@pytest.fixture(name="house")
def _house() -> House:
    return House()


@pytest.mark.parametrize(
    ("age_ms", "ppm"),
    [(0, 980_000), (5 * MINUTE, 890_000), (10 * MINUTE, 800_000), (65 * MINUTE, 400_000),
     (120 * MINUTE, 0), (1 << 40, 0)],
)  # fmt: skip
def test_compute_price_ppm_falls_in_two_straight_lines(age_ms: int, ppm: int) -> None:
    assert compute_price_ppm(age_ms) == ppm


def test_bid_pays_the_old_owner_in_a_fresh_account(house: House) -> None:
    equity, before = house.equity(1), house.cash(2)
    price = -(-equity * 98 // 100)
    assert house.bid(1, price - 1) is Reason.BID_TOO_LOW
    assert house.bid(1, price) is Reason.OK
    assert house.cash(PROCEEDS) == price - USD
    assert house.pools().fees == USD
    assert house.owner(PROCEEDS) == bytes((1,)) * 20
    assert house.hot(PROCEEDS).group == 1
    assert house.owner(1) == bytes((2,)) * 20
    assert house.equity(1) == 1_000 * IM
    assert before - house.cash(2) == price + 1_000 * IM - equity


def test_bid_clears_what_the_old_owner_left_behind(house: House) -> None:
    house.state[session_key_key(1, 2)] = SessionKey(b"k" * 20, 15, 255, NOW * 2, 5, 77, 3)
    guarded = house.cold(1)._replace(
        guardian=b"g" * 20, guardian_nonce=5, protections=(ProtectionRow(1, 2, 3, 4),) * 8
    )
    house.state[cold_key(1)] = guarded
    hot = house.hot(1)
    house.state[hot_key(1)] = hot._replace(
        protected=255, dead_man_ms=NOW * 2, flags=hot.flags | FROZEN_FLAG
    )
    house.rest(1, SELL, TICK + 9, 5, flags=SELL | 1 << 6, generation=1)
    assert house.bid(1, 10**12) is Reason.OK
    sold = house.hot(1)
    assert (sold.flags, sold.group, sold.protected, sold.dead_man_ms) == (0, 2, 0, 0)
    assert (sold.version, sold.open_orders, sold.slot_map) == (hot.version + 1, 0, 0)
    assert house.state[session_key_key(1, 2)] == SessionKey(bytes(20), 0, 0, 0, 0, 77, 3)
    assert house.cold(1) == NO_COLD._replace(guardian_nonce=5, parent=2)
    assert house.state[owner_key(1)] == Owner(bytes((2,)) * 20, 7, 1)


def test_account_that_was_sold_and_is_given_back_stays_in_the_group_of_the_buyer(
    house: House,
) -> None:
    """What vaults rely on: nobody else puts an account into a group (docs/invariants.md VT-14)."""
    assert house.bid(1, 10**12) is Reason.OK
    buyer = Authority(bytes((2,)) * 20, forced=True, tag=0)
    for given in (Transfer(2, 1, 0, 10 * USD, 0), RotateKey(1, bytes((1,)) * 20, 0)):
        give = partial(apply_transaction, transaction=given, authority=buyer)
        assert house.run(give)[1] is Reason.OK
    assert (house.owner(1), house.hot(1).group) == (house.owner(PROCEEDS), 2)
    assert house.hot(PROCEEDS).group == 1
    assert house.act(OpenAccount(1, 0, 0), by=1)[1] is Reason.OK
    assert (house.owner(PROCEEDS + 1), house.hot(PROCEEDS + 1).group) == (house.owner(1), 2)


def test_bid_for_an_account_without_equity_is_paid_by_the_insurance(house: House) -> None:
    house.state[POOLS_KEY] = Pools(0, (500 * USD, *(0,) * 7))
    house.distress(4, -100 * USD)
    house.later(5 * MINUTE)
    subsidy = (1_000 * MM + 100 * USD) // 2
    assert house.bid(4, -subsidy - 1) is Reason.BID_TOO_LOW
    before = house.cash(2)
    assert house.bid(4, -subsidy) is Reason.OK
    assert house.pools().insurance[ETH] == 500 * USD - subsidy
    assert house.equity(4) == 1_000 * IM
    assert before - house.cash(2) == 1_000 * IM + 100 * USD - subsidy
    assert balances_key(PROCEEDS) not in house.state
    assert house.deficit() == 0


def test_bid_gets_no_more_than_the_insurance_has(house: House) -> None:
    house.state[POOLS_KEY] = Pools(0, (USD, *(0,) * 7))
    house.distress(4, -100 * USD)
    house.later(10 * MINUTE)
    assert house.bid(4, -USD - 1) is Reason.BID_TOO_LOW
    assert house.bid(4, -USD) is Reason.OK
    assert house.pools().insurance[ETH] == 0


def test_bid_that_cannot_be_afforded_is_refused(house: House) -> None:
    house.open(5, 10 * USD)
    house.own(5)
    before = dict(house.state)
    assert house.bid(1, 10**12, by=5) is Reason.INSUFFICIENT_BALANCE
    assert house.state == before


def test_bid_that_costs_the_own_margin_is_refused(house: House) -> None:
    house.open(5, 2_000 * USD)
    house.own(5)
    house.hold(5, 1_900, 1_900 * MARK)
    assert house.bid(1, 10**12, by=5) is Reason.INSUFFICIENT_MARGIN
    assert house.owner(1) == bytes((1,)) * 20


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"version": 99}, Reason.WRONG_VERSION),
        ({"target": 2}, Reason.SELF_TRANSFER),
        ({"target": 3, "version": 0}, Reason.NOT_LIQUIDATABLE),
        ({"target": 0}, Reason.UNKNOWN_ACCOUNT),
        ({"target": 1 << 22}, Reason.UNKNOWN_ACCOUNT),
        ({"key": 1}, Reason.NOT_OWNER),
        ({"key": 4}, Reason.BAD_KEY_NUMBER),
    ],
)
def test_bid_out_of_order_has_no_effect(
    house: House, fields: dict[str, int], reason: Reason
) -> None:
    before = dict(house.state)
    record = Bid(2, 0, 1, house.hot(1).version, 10**12, 0)._replace(**fields)
    assert house.act(record, 2)[1] is reason
    assert house.state == before


def test_bid_in_stage_one_is_too_early(house: House) -> None:
    house.distress(4, 1_000 * MM * 9 // 10)
    assert house.cold(4).auction_ms == 0
    assert house.bid(4, 10**12) is Reason.NOT_LIQUIDATABLE


def test_bid_for_a_cured_account_is_refused(house: House) -> None:
    house.set_series(PERP, maintenance=1)
    row = house.hot(1).rows[ETH]._replace(maintenance=1_000)
    hot = house.hot(1)
    house.state[hot_key(1)] = hot._replace(rows=(row, *hot.rows[1:]))
    assert house.bid(1, 10**12) is Reason.NOT_LIQUIDATABLE


@pytest.mark.parametrize("stale", [1, 2])
def test_bid_with_a_stale_side_refreshes_it_and_counts_the_next_time(
    house: House, stale: int
) -> None:
    house.hold(2, 1, MARK)
    house.set_prices(ETH, epoch=8)
    hot = house.hot(3 - stale)
    row = hot.rows[ETH]._replace(epoch=8)
    house.state[hot_key(3 - stale)] = hot._replace(rows=(row, *hot.rows[1:]))
    assert house.bid(1, 10**12) is Reason.STALE_ACCOUNT
    assert house.bid(1, 10**12) is Reason.OK


def test_bid_without_a_free_number_pays_the_old_owner_on_l1(house: House) -> None:
    allocators: Any = house.state[ALLOCATORS_KEY]
    house.state[ALLOCATORS_KEY] = Allocators(5, BRIDGE_ACCOUNT_LIMIT, *allocators[2:])
    credit: Any = house.state[CREDIT_KEY]
    custody = house.totals()[0]
    house.state[CREDIT_KEY] = credit._replace(deficit=custody)
    price, before = -(-house.equity(1) * 98 // 100), house.cash(2)
    missing = 1_000 * IM - house.equity(1)
    assert house.bid(1, price) is Reason.OK
    assert house.state[outbox_key(5)] == Withdrawal(1, 0, price // 2, bytes((1,)) * 20)
    assert house.state[ALLOCATORS_KEY] == Allocators(6, BRIDGE_ACCOUNT_LIMIT, *allocators[2:])
    assert house.totals()[0] == custody - price // 2
    assert house.deficit() == custody - (price - price // 2)
    assert (before - house.cash(2), house.pools().fees) == (price + missing, 0)
    assert house.owner(1) == bytes((2,)) * 20


def test_bid_without_a_free_number_nor_a_way_out_is_refused(house: House) -> None:
    full = Allocators(OUTBOX_WITHDRAWAL_LIMIT, BRIDGE_ACCOUNT_LIMIT, 0, 0)
    house.state[ALLOCATORS_KEY] = full
    before = dict(house.state)
    assert house.bid(1, 10**12) is Reason.OUTBOX_FULL
    assert house.state == before


def test_bid_for_less_than_an_account_costs_opens_none(house: House) -> None:
    house.distress(4, USD)
    assert house.bid(4, 10**12) is Reason.OK
    assert house.pools().fees == USD * 98 // 100
    assert balances_key(PROCEEDS) not in house.state


def test_liquidation_of_an_account_for_sale_leaves_its_version_to_the_bidders(house: House) -> None:
    seen = house.hot(1).version
    for lots in (1, 2):
        house.rest(3, BUY, TICK, 1)
        assert house.act(Liquidate(1, PERP))[1] is Reason.OK
        assert house.position(1).lots == 1_000 - lots
    assert house.bid(1, 10**12, version=seen) is Reason.OK
    assert house.hot(1).version == seen + 1


def test_takeover_waits_for_bidders(house: House) -> None:
    assert house.act(Takeover(1))[1] is Reason.COOLING_DOWN
    house.later(120 * MINUTE - 1)
    assert house.act(Takeover(1))[1] is Reason.COOLING_DOWN
    house.later(1)
    assert house.act(Takeover(1))[1] is Reason.OK


def test_takeover_books_what_the_insurance_lacks_as_deficit(house: House) -> None:
    house.state[POOLS_KEY] = Pools(0, (30 * USD, *(0,) * 7))
    house.distress(4, -100 * USD)
    house.later(10 * MINUTE - 1)
    assert house.act(Takeover(4))[1] is Reason.COOLING_DOWN
    house.later(1)
    assert house.act(Takeover(4))[1] is Reason.OK
    assert (house.pools().insurance[ETH], house.deficit()) == (0, 70 * USD)
    assert house.equity(4) == 0
    assert house.owner(4) == FUND_OWNER
    assert house.hot(4).flags == LIQUIDATING_FLAG | FUND_FLAG | SALE_FLAG
    assert (house.hot(4).group, house.cold(4).parent) == (0, ETH)
    assert house.cold(4).auction_ms == NOW + 10 * MINUTE


def test_takeover_of_a_mere_debt_leaves_the_account_to_its_owner(house: House) -> None:
    house.open(4, -5 * USD)
    house.own(4)
    credit: Any = house.state[CREDIT_KEY]
    house.state[CREDIT_KEY] = credit._replace(borrowed=5 * USD)
    house.act(Liquidate(4, 0))
    house.later(10 * MINUTE)
    assert house.act(Takeover(4))[1] is Reason.OK
    assert (house.cash(4), house.hot(4).flags) == (0, 0)
    assert house.owner(4) == bytes((4,)) * 20
    assert house.deficit() > 5 * USD
    assert house.deficit() - 5 * USD == house.pools().insurance[0]


def test_takeover_of_a_cured_account_frees_it(house: House) -> None:
    hot = house.hot(1)
    row = hot.rows[ETH]._replace(maintenance=1)
    house.state[hot_key(1)] = hot._replace(rows=(row, *hot.rows[1:]))
    assert house.act(Takeover(1))[1] is Reason.NOT_LIQUIDATABLE
    assert house.hot(1).flags == 0


def test_fund_sells_down_to_nothing_and_insurance_bears_the_rest(house: House) -> None:
    house.distress(4, -100 * USD)
    house.later(10 * MINUTE)
    house.act(Takeover(4))
    house.rest(3, BUY, TICK - MM // 100, 1_000)
    house.act(Liquidate(4, PERP))
    assert house.position(4).lots == 500
    assert house.equity(4) == 0
    house.act(Liquidate(4, PERP))
    assert house.position(4).lots == 0
    assert house.cash(4) == 0
    assert house.deficit() == 100 * USD + 1_000 * (MM // 100) * 100


def test_fund_gives_what_is_left_to_the_insurance(house: House) -> None:
    house.distress(4, -100 * USD)
    house.later(10 * MINUTE)
    house.act(Takeover(4))
    house.rest(3, BUY, TICK + 10, 1_000)
    house.act(Liquidate(4, PERP))
    house.act(Liquidate(4, PERP))
    assert house.cash(4) == 0
    assert house.pools().insurance[ETH] == 1_000 * 10 * 100


def test_fund_account_may_be_bought_and_pays_the_insurance(house: House) -> None:
    house.distress(4, 100 * USD)
    house.later(120 * MINUTE)
    assert house.act(Takeover(4))[1] is Reason.OK
    assert house.equity(4) == 100 * USD
    assert house.bid(4, 98 * USD) is Reason.OK
    assert house.pools().insurance[ETH] == 98 * USD
    assert house.owner(4) == bytes((2,)) * 20
    assert house.hot(4).flags == 0


def test_fund_begins_a_new_auction_after_two_hours(house: House) -> None:
    house.distress(4, 100 * USD)
    house.later(120 * MINUTE)
    house.act(Takeover(4))
    house.later(120 * MINUTE)
    house.act(Takeover(4))
    assert house.cold(4).auction_ms == NOW + 240 * MINUTE


def test_deposit_to_an_account_of_the_fund_is_refunded(house: House) -> None:
    house.distress(4, -100 * USD)
    house.later(10 * MINUTE)
    house.act(Takeover(4))
    before = house.cash(4)
    deposit = Deposit(4, b"o" * 20, 0, 5)
    authority = Authority(b"s" * 20, forced=True, tag=0)
    _, reason = house.run(lambda frame: apply_deposit(frame, deposit, authority))
    assert (reason, house.cash(4)) == (Reason.UNKNOWN_ACCOUNT, before)
