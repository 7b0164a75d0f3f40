"""Trades, the last day and funding by the hour."""

from rollup_node.node.market_stats import MAX_TRADES, MarketStats
from rollup_node.rpc.market_data import Side, Trade

HOUR = 3_600_000


def _trade(number: int, time_ms: int, ticks: int, lots: int = 1) -> Trade:
    return Trade(1, number, time_ms, Side.BUY, ticks, lots, 0, 0, is_liquidation=False)


def test_next_trade_id_grows_with_time_and_within_a_millisecond() -> None:
    stats = MarketStats()
    ids = [stats.next_trade_id(time_ms) for time_ms in (5, 5, 6, 4, 4)]
    assert ids == sorted(set(ids))
    assert MarketStats().next_trade_id(7) > ids[-1]


def test_trades_are_newest_first_and_bounded() -> None:
    stats = MarketStats()
    for number in range(MAX_TRADES + 5):
        stats.add_trade(_trade(number, 1, 10))
    assert [trade.trade_id for trade in stats.trades(1, 2)] == [MAX_TRADES + 4, MAX_TRADES + 3]
    assert len(stats.trades(1, 10**9)) == MAX_TRADES
    assert stats.trades(2, 5) == []


def test_day_forgets_what_is_older() -> None:
    stats = MarketStats()
    stats.add_trade(_trade(1, 0, 100, 7))
    stats.add_trade(_trade(2, HOUR, 50, 2))
    stats.add_trade(_trade(3, HOUR, 60, 3))
    assert stats.day(1, 2 * HOUR) == (12, 100, 50)
    assert stats.day(1, 24 * HOUR + 1) == (5, 60, 50)
    assert stats.day(1, 48 * HOUR) == (0, None, None)
    assert stats.last_ticks(1) == 60


def test_follow_funding_sums_the_moves_of_an_hour() -> None:
    stats = MarketStats()
    for time_ms, index in ((0, 500), (HOUR // 2, 510), (HOUR - 1, 530), (HOUR + 1, 525)):
        stats.follow_funding(1, time_ms, index, 1_000_000, 7)
    first, second = stats.funding(1, 0, 10 * HOUR)
    assert (first.time_ms, first.rate_ppb, first.index_usdc) == (HOUR, 30_000, 7)
    assert (second.time_ms, second.rate_ppb) == (2 * HOUR, -5_000)
    assert stats.funding(1, HOUR + 1, 10 * HOUR) == [second]
    assert stats.funding_ppb(1) == -5_000 * 8 * HOUR // 2


def test_follow_funding_begins_at_what_it_sees_first() -> None:
    stats = MarketStats()
    stats.follow_funding(1, HOUR, 10**9, 1_000_000, 7)
    stats.follow_funding(1, 2 * HOUR, 10**9, 1_000_000, 7)
    assert stats.funding(1, 0, 10 * HOUR) == []
    assert stats.funding_ppb(1) == 0
