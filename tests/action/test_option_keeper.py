"""The keeper and accounts with options: what it reduces, what it has sold, what the fund takes."""

import asyncio
from typing import Any, Final

import pytest

from rollup_node.codec.records import decode_record
from rollup_node.core.auctions import AUCTION_MS, SALE_MS
from rollup_node.core.flags import FUND_FLAG, LIQUIDATING_FLAG, SALE_FLAG
from rollup_node.core.inputs import Liquidate, Settle, SettlementPrice, Takeover
from rollup_node.core.layout import expiry_key, hot_key
from rollup_node.core.liquidation import IDLE_MS
from rollup_node.core.reason import Reason
from rollup_node.l1.client import RpcError
from rollup_node.node.keeper import KeeperPlayer
from rollup_node.proof.chain_state import ChainState
from rollup_node.roles.keeper import CLEAR_MS
from tests.property.arena import (
    ETH,
    IOC,
    OPTION_SLOT,
    OPTIONS,
    OPTIONS_AT,
    PERP,
    PRICES,
    PUBLISHERS,
    SELL,
    USD,
    Arena,
)

CALL: Final = OPTIONS[0]
MAKER: Final = 1
TRADER: Final = 2
LOTS: Final = 300


class Market:
    """A keeper beside a market in which a maker trades against one who has little."""

    def __init__(self, usd: int) -> None:
        self.arena, self.item_count, self.state = Arena(), 0, ChainState({})
        assert self.arena.deposit(MAKER, 0, 10**6 * USD) is Reason.OK
        assert self.arena.deposit(TRADER, 0, usd * USD) is Reason.OK
        self.sent: list[Any] = []
        self.keeper = KeeperPlayer(self, self, None)  # type: ignore[arg-type]

    async def call(self, method: str, body: str) -> None:
        """Execute what the keeper sends, as the sequencer would."""
        record: Any = decode_record(bytes.fromhex(body[2:]))
        self.sent.append(record)
        reason = self.arena.open_record(record)
        if reason is not Reason.OK:
            raise RpcError(method, -32_000, reason.name)

    def trade(self, side: int, lots: int, series: int) -> None:
        """Let the one who has little take an order of the maker at the mark."""
        tick = self.arena.tick(series)
        maker = self.arena.order(MAKER, 1 - side, tick, lots, series=series)
        taker = self.arena.order(TRADER, side, tick, lots, series=series, time_in_force=IOC)
        for order in (maker, taker):
            self.arena.seal()
            assert self.arena.send(order) is Reason.OK
        self.arena.seal()

    def turn(self) -> list[Any]:
        """Let an item arrive and the keeper act; return what it sent."""
        self.item_count += 1
        self.state = ChainState({})
        self.state.commit(self.arena.state)
        self.keeper.on_l1(Reorg())  # type: ignore[arg-type]
        before = len(self.sent)
        asyncio.run(self.keeper.act())
        return self.sent[before:]

    def pass_time(self, until_ms: int, price: int) -> None:
        """Let time pass at a price, with reports."""
        while (left_ms := until_ms - self.arena.now()) > 0:
            self.arena.seal(min(left_ms, 30_000))
            for underlying, usdc in enumerate((price, PRICES[1])):
                assert self.arena.report(underlying, usdc) is Reason.OK

    def flags(self) -> int:
        return int(self.arena.leaf(hot_key(TRADER)).flags)


class Reorg:
    """The whole state is looked at anew: this replica is another one after each item."""

    reorg = True


def test_act_short_options_alone_are_put_up_for_sale_taken_over_and_settled() -> None:
    market = Market(2_000)
    market.trade(SELL, LOTS, CALL)
    assert market.turn() == []
    price = 3_520 * USD
    for percent in range(1, 6):
        market.arena.move(ETH, PRICES[ETH] + (price - PRICES[ETH]) * percent // 5)
    assert market.turn()[0] == Liquidate(TRADER, 0)
    assert market.flags() & LIQUIDATING_FLAG
    market.pass_time(market.arena.now() + IDLE_MS, price)
    market.turn()
    assert market.flags() & SALE_FLAG
    market.pass_time(market.arena.now() + max(AUCTION_MS, SALE_MS), price)
    assert market.turn() == [Takeover(TRADER)]
    assert not market.flags() & FUND_FLAG, "its row was old, and is current now"
    market.arena.seal(CLEAR_MS)
    assert market.turn() == [Takeover(TRADER)]
    assert market.flags() & FUND_FLAG
    market.pass_time(OPTIONS_AT * 1_000, price)
    for number in range(60):
        said = SettlementPrice(ETH, OPTION_SLOT, OPTIONS_AT, number, price, ())
        assert market.arena.open_record(said, PUBLISHERS[:3]) is Reason.OK
    market.turn()
    settled = [record for record in market.sent if isinstance(record, Settle)]
    assert set(settled) == {Settle(MAKER, CALL), Settle(TRADER, CALL)}
    assert market.arena.series(CALL).open_interest == 0
    assert market.arena.leaf(expiry_key(ETH, OPTION_SLOT)).price == price


@pytest.mark.parametrize("lots", [LOTS // 3, 2 * LOTS])
def test_act_account_with_options_has_its_perpetual_reduced(lots: int) -> None:
    market = Market(1_450 + 2 * lots)
    market.trade(SELL, LOTS, CALL)
    market.trade(SELL, lots, PERP)
    price = 3_350 * USD
    for percent in range(1, 4):
        market.arena.move(ETH, PRICES[ETH] + (price - PRICES[ETH]) * percent // 3)
    assert market.turn()[0] == Liquidate(TRADER, PERP), "options are never reduced (L-2)"
