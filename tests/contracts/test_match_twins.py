"""Matching, refreshing and leaving: both twins read the same leaves and leave the same bytes."""

from collections import Counter
from functools import partial
from random import Random
from typing import Any, Final

import pytest

from rollup_node.codec.delayed import encode_deposit, encode_forced
from rollup_node.codec.leaves import encode_leaf
from rollup_node.core.deposits import apply_deposit
from rollup_node.core.families import find_task
from rollup_node.core.frame import Authority, Frame
from rollup_node.core.inputs import Deposit, RotateKey, Transaction, Transfer, Withdraw
from rollup_node.core.kinds import Phase, StepKind
from rollup_node.core.layout import (
    ASSETS_KEY,
    CREDIT_KEY,
    CURSOR_KEY,
    MAX_BALANCE,
    MAX_LOTS,
    LeafKey,
    balances_key,
    expiry_key,
    hot_key,
    series_key,
    terms_key,
)
from rollup_node.core.leaves import Balances, Leaf
from rollup_node.core.market_leaves import NO_ASSET, NO_EXPIRY, AssetRow, AssetTerms, Credit
from rollup_node.core.order_checks import PROTOCOL
from rollup_node.core.reason import Reason
from rollup_node.core.transactions import apply_transaction
from tests.contracts.step_chain import StepChain, read_values
from tests.property.test_fills import ACCOUNTS, Market
from tests.unit.core.exchange import FUTURE, MARK, NOW, PERP, SPOT, STATE, TERMS, USD

CONTRACTS: Final = {
    Phase.TAKE: "MatchSteps",
    Phase.REFRESH: "RiskSteps",
    Phase.LEAVE: "RiskSteps",
}


TRADING_REASONS: Final = {
    Reason.OK,
    Reason.REFRESH,
    Reason.SELF_TRADE,
    Reason.REDUCE_ONLY,
    Reason.NO_POSITION,
    Reason.MAKER_VOID,
    Reason.MAKER_FAILED,
    Reason.BORROW_LIMIT,
    Reason.INSUFFICIENT_MARGIN,
    Reason.INSUFFICIENT_BALANCE,
    Reason.REMAINDER_CANCELLED,
}
WILD_REASONS: Final = TRADING_REASONS | {
    Reason.MATCH_LIMIT,
    Reason.FEE_ABOVE_CAP,
    Reason.POSITION_LIMIT,
    Reason.OPEN_INTEREST_CAP,
    Reason.POST_ONLY_CROSS,
}
LEAVING_REASONS: Final = {
    Reason.OK,
    Reason.REFRESH,
    Reason.FROZEN,
    Reason.LIQUIDATING,
    Reason.STALE_PRICE,
    Reason.BORROW_LIMIT,
    Reason.INSUFFICIENT_MARGIN,
    Reason.INSUFFICIENT_BALANCE,
    Reason.UNKNOWN_RECIPIENT,
    Reason.SELF_TRANSFER,
}


class Twin:
    """Compares every step of a market with what the contracts make of its openings."""

    def __init__(self, chain: StepChain) -> None:
        self.chain = chain
        self.counts: Counter[tuple[StepKind, Reason]] = Counter()
        self.message: tuple[bytes, bytes] | None = None
        self.contract = ""

    def watch(
        self, state: dict[LeafKey, Leaf], keys: list[LeafKey], frame: Frame, answer: Any
    ) -> None:
        """Execute the same step on L1 and compare."""
        cursor: Any = state[CURSOR_KEY]
        contract = CONTRACTS.get(cursor.phase, self.contract)
        if not contract:
            return
        kind, reason = answer
        openings = read_values(state, keys)
        clock = (cursor.time_ms, cursor.block, cursor.phase, cursor.order_class)
        found = self.chain.execute(contract, clock, openings, self.message)
        assert (found.kind, found.reason) == (kind, reason)
        assert (found.phase, found.order_class) == (frame.phase, frame.order_class)
        for (key, before), after in zip(openings, found.values, strict=True):
            written = frame.writes.get(key)
            expected = before if written is None else encode_leaf(written)
            assert after == expected, f"{kind.name} {reason.name}: leaf {key:#x}"
        self.counts[kind, reason] += 1

    def reasons(self) -> set[Reason]:
        """Return all answers so far."""
        return {reason for _, reason in self.counts}


@pytest.fixture(scope="module")
def chain() -> StepChain:
    """Return the contracts, which hold no state."""
    return StepChain()


class Wild(Market):
    """A market whose parameters and orders are as odd as they may be."""

    def __init__(self, random: Random) -> None:
        super().__init__(random)
        state = self.exchange.state
        for series in (PERP, SPOT, FUTURE):
            rate = random.randrange(10_000)
            self.exchange.set_terms(
                series,
                taker_fee_ppm=rate,
                maker_fee_ppm=random.randrange(-rate, rate + 1),
                unit=random.randrange(1, 2_000),
                open_interest_cap=random.choice((5_000_000, 5_000_000, 30)),
            )
            self.exchange.set_series(series, status=random.choice((1, 1, 1, 2)))
        if random.random() < 0.5:
            self.exchange.set_terms(FUTURE, kind=3)
            state[expiry_key(1, 0)] = NO_EXPIRY._replace(expiry_at=NOW // 1_000 + 100)
        row = AssetRow(0, 18, random.randrange(1, 10**6), random.choice((10**21, 10**17)))
        state[ASSETS_KEY] = AssetTerms((NO_ASSET, row, NO_ASSET, NO_ASSET))
        cash = random.choice((0, 0, MAX_BALANCE, -MAX_BALANCE)) // random.choice((1, 10**12))
        state[balances_key(3)] = Balances((cash, 10**18, 0, 0))
        state[CREDIT_KEY] = Credit(0, max(0, -cash), random.choice((0, 10**9, 10**12)))
        if random.random() < 0.3:
            self.exchange.hold(4, random.choice((1, -1)) * (MAX_LOTS - 300), 5, series=PERP)
        for number in range(random.choice((0, 0, 127, 128))):
            self.fill_place(1, number)

    def fill_place(self, account: int, number: int) -> None:
        """Take a place by a position in a series of its own, so that no further ones fit."""
        series, lots = 200 + number, self.random.randrange(-3, 3) or 1
        self.exchange.state[terms_key(series)] = TERMS._replace(underlying=number & 1)
        self.exchange.state[series_key(series)] = STATE
        self.exchange.hold(account, lots, lots * MARK + number, series=series, number=number)

    def wild_taker(self, account: int, side: int) -> dict[str, int]:
        """Let orders be forced, near their limits, by the protocol, or about to rest."""
        random = self.random
        fields = {
            "forced": random.randrange(2),
            "makers": random.choice((0, 0, 0, 15, 16, 127, 128)),
            "fee_cap_ppm": random.choice((9_999, 9_999, 9_999, 300)),
            "origin": random.choice((0, 0, 0, PROTOCOL)),
        }
        free = [k for k in range(8) if not self.exchange.hot(account).slots[k]]
        if free and random.random() < 0.3:
            fields["slot"] = free[0]
            fields["flags"] = side | random.choice((0, 1 << 5))
        return fields

    def check(self) -> None:
        """Leave it to the twins: what is odd here breaks what other rules promise."""

    def check_fills(self, *_: Any) -> None:
        """Leave that too: interest on such a debt is no rounding."""


@pytest.mark.parametrize(("kind", "expected"), [(Market, TRADING_REASONS), (Wild, WILD_REASONS)])
def test_match_twins_on_random_trading_agree(
    chain: StepChain, kind: type[Market], expected: set[Reason]
) -> None:
    twin = Twin(chain)
    for seed in range(24):
        market = kind(Random(seed))
        market.exchange.on_step = twin.watch
        for _ in range(150):
            market.act()
    assert twin.reasons() >= expected


class Household:
    """Random transfers, withdrawals, deposits and rotations of a market's accounts."""

    def __init__(self, market: Market, twin: Twin, random: Random) -> None:
        self.market, self.twin, self.random = market, twin, random

    def act(self) -> None:
        """Do one of them by force, which needs no signature, and finish its task."""
        exchange, random = self.market.exchange, self.random
        account = random.choice(ACCOUNTS)
        choice = random.randrange(10)
        sender = account.to_bytes(20, "big")
        authority = Authority(sender, forced=True, tag=0)
        if choice == 0:
            deposit = Deposit(account, bytes(20), 0, random.randrange(200) * USD)
            self.twin.contract, body = "DepositSteps", encode_deposit(deposit)
            step = partial(apply_deposit, deposit=deposit, authority=authority)
        else:
            content = self.transaction(account, choice)
            self.twin.contract, body = "AccountSteps", encode_forced(content)
            step = partial(apply_transaction, transaction=content, authority=authority)
        self.twin.message = (sender, body)
        exchange.run(step)
        self.twin.message, self.twin.contract = None, ""
        while exchange.phase() != Phase.IDLE:
            exchange.run(find_task(exchange.phase()))

    def transaction(self, account: int, choice: int) -> Transaction:
        """Return a random transaction: large ones often, so that margins bind."""
        random = self.random
        held = self.market.exchange.amounts(account)
        asset = random.randrange(2)
        amount = random.randrange(1, max(2, abs(held[asset]) + 2))
        if random.random() < 0.3:
            amount = max(1, held[asset])
        if choice == 1:
            return RotateKey(account, account.to_bytes(20, "big"), 0)
        if choice < 6:
            return Transfer(account, random.choice((*ACCOUNTS, 9)), asset, amount, 0)
        return Withdraw(account, asset, amount, b"w" * 20, 0)

    def disturb(self) -> None:
        """Freeze and thaw accounts, and let a deficit come and go, as other rules do."""
        random, state = self.random, self.market.exchange.state
        account = random.choice(ACCOUNTS)
        hot = self.market.exchange.hot(account)
        state[hot_key(account)] = hot._replace(flags=random.choice((0, 0, 0, 0, 1, 2, 8)))
        credit: Any = state[CREDIT_KEY]
        deficit = random.choice((0, 0, 7, 10**9))
        self.market.unexplained += credit.deficit - deficit
        state[CREDIT_KEY] = Credit(deficit, credit.borrowed, 10**9)


def test_leaving_twins_on_random_accounts_agree(chain: StepChain) -> None:
    twin = Twin(chain)
    for seed in range(12):
        random = Random(seed)
        market = Market(random)
        market.exchange.on_step = twin.watch
        household = Household(market, twin, random)
        for _ in range(60):
            market.act()
            household.disturb()
            for _ in range(3):
                household.act()
    assert {kind for kind, _ in twin.counts} >= {StepKind.LEAVE, StepKind.DEPOSIT}
    assert twin.reasons() >= LEAVING_REASONS
