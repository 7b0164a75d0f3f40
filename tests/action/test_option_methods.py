"""Options as the trading interface shows them, over the state that the law made."""

from types import SimpleNamespace
from typing import Any

import pytest

from rollup_node.core.events import Fill
from rollup_node.core.inputs import Settle
from rollup_node.core.kinds import SeriesStatus
from rollup_node.core.layout import expiry_key, series_key, terms_key
from rollup_node.core.reason import Reason
from rollup_node.node.market_data import NodeMarkets
from rollup_node.node.tape import Heard
from rollup_node.rpc import methods
from rollup_node.rpc.errors import RpcError
from rollup_node.rpc.trading_table import TRADING
from tests.property.arena import (
    BTC,
    BTC_PERP,
    ETH,
    IOC,
    OPTION_SLOT,
    OPTIONS,
    OPTIONS_AT,
    PERP,
    SELL,
    USD,
    Arena,
)

CALL = "ETH-22NOV25-3000-C"
PUT = "ETH-22NOV25-3000-P"
BUYER, SELLER = 1, 2


class Counter:
    """The interface over one arena, for one account."""

    def __init__(self, account: int) -> None:
        methods.load()
        self.arena = Arena()
        for number in (BUYER, SELLER):
            self.arena.deposit(number, 0, 100_000 * USD)
        self.arena.seal(20)
        self.markets = NodeMarkets(lambda: self.arena.state, b"", ("ETH", "BTC"), ())  # type: ignore[arg-type,return-value]
        self.markets.reset()
        self.session: Any = SimpleNamespace(
            desk=SimpleNamespace(market=self.markets), account=account
        )

    def call(self, method: str, **params: Any) -> Any:
        return TRADING.methods[method].handler(self.session, **params)

    def trade(self, series: int, lots: int) -> None:
        """Let the buyer buy at the mark."""
        arena = self.arena
        tick = arena.tick(series)
        arena.send(arena.order(SELLER, SELL, tick, lots, series=series))
        arena.seal(20)
        arena.send(arena.order(BUYER, 0, tick, lots, series=series, time_in_force=IOC))

    def expire(self, price: int) -> None:
        """Give the date its price."""
        arena = self.arena
        key = expiry_key(ETH, OPTION_SLOT)
        arena.state[key] = arena.leaf(key)._replace(price=price)
        for series in OPTIONS:
            over = arena.series(series)._replace(status=SeriesStatus.EXPIRED)
            arena.state[series_key(series)] = over
        self.markets.reset()


@pytest.fixture
def counter() -> Counter:
    return Counter(BUYER)


def test_get_instruments_of_options_has_the_fields_of_the_field(counter: Counter) -> None:
    found = counter.call("public/get_instruments", currency="ETH", kind="option")
    assert [item["instrument_name"] for item in found][:2] == [CALL, PUT]
    call = found[0]
    assert (call["strike"], call["option_type"], call["kind"]) == (3000.0, "call", "option")
    assert (call["expiration_timestamp"], call["settlement_period"]) == (OPTIONS_AT * 1000, "day")
    assert (call["tick_size"], call["contract_size"]) == (0.2, 0.01)
    (future, *_) = counter.call("public/get_instruments", currency="ETH", kind="future")
    assert "strike" not in future


def test_ticker_of_an_option_has_volatilities_and_greeks(counter: Counter) -> None:
    arena = counter.arena
    tick = arena.tick(OPTIONS[0])
    arena.send(arena.order(BUYER, 0, tick - 5, 100, series=OPTIONS[0]))
    arena.seal(20)
    arena.send(arena.order(SELLER, SELL, tick + 5, 100, series=OPTIONS[0]))
    counter.markets.reset()
    ticker = counter.call("public/ticker", instrument_name=CALL)
    assert ticker["bid_iv"] < ticker["mark_iv"] == 60.05 < ticker["ask_iv"]
    assert (ticker["underlying_price"], ticker["interest_rate"]) == (3000.0, 0.0)
    assert ticker["underlying_index"] == "SYN.ETH-22NOV25"
    greeks = ticker["greeks"]
    assert greeks["delta"] == pytest.approx(0.5067, abs=1e-4)
    assert greeks["gamma"] == pytest.approx(0.003964, abs=1e-6)
    assert greeks["vega"] == pytest.approx(0.6684, abs=1e-4)
    assert greeks["theta"] == pytest.approx(-17.62, abs=0.01)
    assert greeks["rho"] == 0.0
    assert ticker["estimated_delivery_price"] == 3000.0
    mark = ticker["mark_price"]
    assert (ticker["min_price"], ticker["max_price"]) == (0.2, pytest.approx(mark + 150, abs=0.2))
    other = counter.call("public/ticker", instrument_name=PUT)
    assert (other["bid_iv"], other["ask_iv"]) == (None, None)
    assert other["greeks"]["delta"] == pytest.approx(greeks["delta"] - 1)
    assert "mark_iv" not in counter.call("public/ticker", instrument_name="ETH-PERPETUAL")


def test_get_book_summary_lists_every_open_market(counter: Counter) -> None:
    counter.trade(OPTIONS[0], 50)
    counter.markets.reset()
    found = counter.call("public/get_book_summary_by_currency", currency="ETH", kind="option")
    assert found[0]["instrument_name"] == CALL
    assert (found[0]["open_interest"], found[0]["mark_iv"]) == (0.5, 60.05)
    assert found[0]["mid_price"] is None
    (one,) = counter.call("public/get_book_summary_by_instrument", instrument_name=CALL)
    assert one == found[0]
    every = counter.call("public/get_book_summary_by_currency")
    assert len(every) == len(counter.call("public/get_instruments"))


def test_get_positions_of_options_have_the_greeks_of_their_size(counter: Counter) -> None:
    counter.trade(OPTIONS[0], 50)
    (position,) = counter.call("private/get_positions", kind="option")
    assert (position["size"], position["kind"]) == (0.5, "option")
    ticker = counter.call("public/ticker", instrument_name=CALL)
    for name in ("delta", "gamma", "vega", "theta"):
        assert position[name] == pytest.approx(ticker["greeks"][name] / 2, abs=1e-4)


def test_get_volatility_surface_has_the_signed_nodes(counter: Counter) -> None:
    (date,) = counter.call("public/get_volatility_surface", currency="ETH")
    assert (date["underlying_price"], date["atm_iv"]) == (3000.0, 60.05)
    assert date["expiration_timestamp"] == OPTIONS_AT * 1000
    assert [node["log_moneyness"] for node in date["nodes"]][:2] == [-0.3, -0.26]
    assert date["nodes"][0] == {"log_moneyness": -0.3, "strike": 2222.45, "iv": 71.85}
    assert counter.call("public/get_volatility_surface", currency="BTC") == []


def test_settlements_say_what_the_date_paid(counter: Counter) -> None:
    by_name = "public/get_last_settlements_by_instrument"
    assert counter.call(by_name, instrument_name=CALL)["settlements"] == []
    counter.expire(3_050 * USD)
    (paid,) = counter.call(by_name, instrument_name=CALL)["settlements"]
    assert (paid["type"], paid["index_price"], paid["mark_price"]) == ("delivery", 3050.0, 50.0)
    ticker = counter.call("public/ticker", instrument_name=CALL)
    assert (ticker["settlement_price"], ticker["delivery_price"]) == (50.0, 3050.0)
    assert (ticker["state"], ticker["mark_iv"]) == ("closed", None)
    prices = counter.call("public/get_delivery_prices", index_name="eth_usdc")
    assert prices["data"] == [{"timestamp": OPTIONS_AT * 1000, "delivery_price": 3050.0}]
    with pytest.raises(RpcError, match="no instrument"):
        counter.call(by_name, instrument_name="ETH-1JAN20-1-C")


def test_settlements_by_currency_go_on_page_by_page(counter: Counter) -> None:
    counter.expire(3_050 * USD)
    by_currency = "public/get_last_settlements_by_currency"
    seen: list[str] = []
    following = ""
    while following != "none":
        page = counter.call(by_currency, currency="ETH", count=3, continuation=following)
        seen += [entry["instrument_name"] for entry in page["settlements"]]
        following = page["continuation"]
    assert len(seen) == len(set(seen)) == len(OPTIONS)
    assert counter.call(by_currency, currency="BTC")["settlements"] == []
    early = counter.call(by_currency, search_start_timestamp=OPTIONS_AT * 1000 - 1)
    assert early["settlements"] == []
    assert counter.call(by_currency, type="bankruptcy")["settlements"] == []
    with pytest.raises(RpcError, match="no such page"):
        counter.call(by_currency, continuation="nonsense")


def test_settlement_history_says_what_the_account_was_paid(counter: Counter) -> None:
    counter.trade(OPTIONS[0], 50)
    arena = counter.arena
    cost = 50 * arena.tick(OPTIONS[0]) * 2_000
    counter.expire(3_050 * USD)
    arena.seal(20)
    name = "private/get_settlement_history_by_currency"
    assert counter.call(name)["settlements"] == []
    told: list[Any] = []
    counter.markets.listen(told.append)
    for account in (BUYER, SELLER):
        steps: list[Any] = []
        arena.watch = steps.append
        assert arena.open_record(Settle(account, OPTIONS[0])) is Reason.OK
        events = [event for step in steps for event in step.events]
        record = Settle(account, OPTIONS[0])
        counter.markets.hear([Heard(b"", record, arena.now(), events, is_repriced=True)])
    assert [events.accounts for events in told] == [{BUYER}, {SELLER}]
    (mine,) = counter.call(name, currency="ETH")["settlements"]
    assert (mine["instrument_name"], mine["position"]) == (CALL, 0.5)
    assert (mine["index_price"], mine["mark_price"]) == (3050.0, 50.0)
    assert mine["profit_loss"] == 25.0 - cost / 10**6
    by_name = "private/get_settlement_history_by_instrument"
    assert counter.call(by_name, instrument_name=CALL)["settlements"] == [mine]
    assert counter.call(by_name, instrument_name=PUT)["settlements"] == []
    counter.session.account = SELLER
    (theirs,) = counter.call(name)["settlements"]
    assert theirs["profit_loss"] == -mine["profit_loss"]


def test_hear_a_number_that_means_another_market_forgets_the_trades_of_the_last(
    counter: Counter,
) -> None:
    arena, series = counter.arena, OPTIONS[0]
    fill = Fill(series, BUYER, SELLER, 0, arena.tick(series), 10, 1, 1, 5)
    counter.markets.hear([Heard(b"", None, arena.now(), [fill])])
    assert counter.markets.trades(series, 5)
    assert counter.markets.user_trades(SELLER, None, 5)
    key = terms_key(series)
    arena.state[key] = arena.leaf(key)._replace(strike=3_050 * USD)
    counter.markets.hear([Heard(b"", None, arena.now(), [], is_repriced=True)])
    assert counter.markets.instrument_of(series).name == "ETH-22NOV25-3050-C"
    assert counter.markets.trades(series, 5) == []
    assert counter.markets.user_trades(SELLER, None, 5) == []


def test_simulate_margin_says_what_more_positions_require(counter: Counter) -> None:
    counter.trade(OPTIONS[0], 50)
    name = "private/simulate_margin"
    now = counter.call("private/get_account_summary")
    same = counter.call(name)
    assert same["current"]["initial_margin"] == same["initial_margin"] == now["initial_margin"]
    assert same["equity"] == now["equity"]
    more = counter.call(name, simulated_positions={PUT: -1.0, CALL: -0.5})
    assert {item["instrument_name"]: item["size"] for item in more["positions"]} == {PUT: -1.0}
    assert more["positions"][0]["initial_margin"] == 450.0
    assert more["initial_margin"] == pytest.approx(450 * 1.02)
    assert more["available_funds"] == pytest.approx(more["equity"] - more["initial_margin"])
    alone = counter.call(name, simulated_positions={"ETH-PERPETUAL": 10}, add_positions=False)
    assert alone["initial_margin"] == pytest.approx(10 * 3_000 * 0.05 * 1.02)
    other = counter.call(name, add_positions=False, currency="BTC")
    assert other["initial_margin"] == now["initial_margin"]
    assert counter.call(name, add_positions=False)["positions"] == []


@pytest.mark.parametrize(
    ("positions", "reason"),
    [
        ({"ETH-NOPE": 1}, "UNKNOWN_INSTRUMENT"),
        ({"ETH_USDC": 1}, "INVALID_PARAMS"),
        ({CALL: 0.001}, "INVALID_PARAMS"),
        ({CALL: 1e30}, "INVALID_PARAMS"),
    ],
)
def test_simulate_margin_of_what_nobody_can_hold_is_refused(
    counter: Counter, positions: dict[str, float], reason: str
) -> None:
    with pytest.raises(RpcError) as caught:
        counter.call("private/simulate_margin", simulated_positions=positions)
    assert caught.value.reason == reason
    counter.expire(3_050 * USD)
    with pytest.raises(RpcError) as caught:
        counter.call("private/simulate_margin", simulated_positions={CALL: 1})
    assert caught.value.reason == "SERIES_CLOSED"


def test_simulate_margin_by_another_model_weighs_the_positions_together(counter: Counter) -> None:
    name = "private/simulate_margin"
    spread = {CALL: -10, "ETH-22NOV25-3100-C": 10}
    alone = counter.call(name, simulated_positions=spread)
    together = counter.call(name, simulated_positions=spread, margin_model="portfolio")
    assert (alone["margin_model"], together["margin_model"]) == ("standard", "portfolio")
    assert together["equity"] == alone["equity"]
    most = 10 * 100 + 10 * 3_000 * 0.005
    assert together["initial_margin"] < 1.02 * most < alone["initial_margin"]
    assert sum(item["initial_margin"] for item in together["positions"]) > most
    assert together["current"]["initial_margin"] == 0


def test_get_account_summary_adds_up_the_greeks_of_every_underlying(counter: Counter) -> None:
    name, arena = "private/get_account_summary", counter.arena
    nothing = counter.call(name)
    assert (nothing["delta_total"], nothing["delta_total_map"]) == (0.0, {})
    counter.trade(OPTIONS[0], 50)
    counter.trade(OPTIONS[1], 30)
    counter.trade(PERP, 70)
    counter.trade(BTC_PERP, 5)
    mine = counter.call(name)
    positions = counter.call("private/get_positions")
    assert len(positions) == 4
    for greek in ("gamma", "vega", "theta"):
        total = sum(position.get(greek, 0.0) for position in positions)
        assert total != 0
        assert mine[f"options_{greek}"] == pytest.approx(total, abs=1e-4)
        assert mine[f"options_{greek}_map"] == {
            "btc_usdc": 0.0,
            "eth_usdc": mine[f"options_{greek}"],
        }
    by_index, lots = mine["delta_total_map"], arena.leaf(terms_key(BTC_PERP)).lots_per_unit
    of_options = sum(p["delta"] for p in positions if p["kind"] == "option")
    assert mine["options_delta"] == pytest.approx(of_options, abs=1e-4)
    assert by_index["eth_usdc"] == pytest.approx(of_options + 0.7, abs=1e-4)
    assert by_index["btc_usdc"] == pytest.approx(5 / lots)
    assert mine["delta_total"] == pytest.approx(sum(by_index.values()))
    index = {row: arena.row(row).index_price / USD for row in (ETH, BTC)}
    value = by_index["eth_usdc"] * index[ETH] + by_index["btc_usdc"] * index[BTC]
    assert mine["total_delta_total_usd"] == pytest.approx(value, abs=0.1)
    counter.session.account = SELLER
    theirs = counter.call(name)
    for key in ("delta_total", "options_gamma", "options_vega", "options_theta"):
        assert theirs[key] == pytest.approx(-mine[key], abs=1e-9)


def test_get_account_summary_of_an_option_without_a_price_counts_no_greeks(
    counter: Counter,
) -> None:
    counter.trade(OPTIONS[0], 50)
    counter.expire(3_050 * USD)
    mine = counter.call("private/get_account_summary")
    assert (mine["delta_total_map"], mine["options_vega"]) == ({"eth_usdc": 0.0}, 0.0)
