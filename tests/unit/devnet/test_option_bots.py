"""What the option bots want to quote and hedge, and what they make of it as orders."""

import random
from typing import Any

import pytest

from rollup_node.client.instruments import Instrument
from rollup_node.devnet.option_strategy import (
    DELTA_BAND_USD,
    HALF_SPREAD_POINTS,
    MOST_LEAN,
    SIZE_USD,
    SKEW_POINTS,
    VEGA_LIMIT_USD,
    Held,
    Option,
    hedge_size,
    make_quote,
)
from rollup_node.devnet.option_traders import FIRST_SLOT, OptionMaker, OptionTaker

FLAT = Held(0.0, 0.0)
OPTION = Option(fair=100.0, tick=0.2, vega=2.5, forward=3_000.0)
NAME = "ETH-27DEC26-3000-C"
CALL = Instrument(NAME, 2_048, 2_000, 100, 300, 100)
PERPETUAL = Instrument("ETH-PERPETUAL", 2, 500, 100, 400, -100)


def test_make_quote_without_inventory_is_around_the_fair_value() -> None:
    quote = make_quote(OPTION, FLAT)
    half = HALF_SPREAD_POINTS * OPTION.vega
    assert (quote.bid, quote.ask) == (100.0 - half, 100.0 + half)
    assert quote.bid_size == quote.ask_size == SIZE_USD / 3_000


def test_make_quote_leans_against_the_vega_held() -> None:
    flat, long, short = (
        make_quote(OPTION, Held(0.0, vega)) for vega in (0.0, VEGA_LIMIT_USD, -VEGA_LIMIT_USD)
    )
    assert long.bid == pytest.approx(flat.bid - SKEW_POINTS * OPTION.vega)
    assert short.ask == pytest.approx(flat.ask + SKEW_POINTS * OPTION.vega)
    assert long.ask - long.bid == pytest.approx(flat.ask - flat.bid)


def test_make_quote_far_beyond_the_limit_only_reduces() -> None:
    most = MOST_LEAN * VEGA_LIMIT_USD
    assert make_quote(OPTION, Held(0.0, most)).bid_size == 0
    assert make_quote(OPTION, Held(0.0, most)).ask_size > 0
    assert make_quote(OPTION, Held(0.0, -most)).ask_size == 0
    assert make_quote(OPTION, Held(0.0, -most)).bid_size > 0


def test_make_quote_of_what_is_worth_nothing_has_no_bid() -> None:
    quote = make_quote(OPTION._replace(fair=0.05, vega=0.0), FLAT)
    assert quote.bid_size == 0
    assert quote.ask >= 2 * OPTION.tick


def test_hedge_size_is_all_of_the_delta_beyond_the_band() -> None:
    band = DELTA_BAND_USD / 3_000
    assert hedge_size(Held(band, 0.0), 3_000.0) == 0
    assert hedge_size(Held(2 * band, 0.0), 3_000.0) == -2 * band
    assert hedge_size(Held(-2 * band, 0.0), 3_000.0) == 2 * band


class Wire:
    """A client whose answers the test writes; `sent` is what bots asked for."""

    def __init__(self, positions: list[dict[str, Any]]) -> None:
        self.positions = positions
        self.sent: list[tuple[str, str, float, float]] = []

    async def call(self, method: str, **_params: Any) -> Any:
        return {"private/get_positions": self.positions, "public/ticker": {"mark_price": 3_000.0}}[
            method
        ]

    async def instrument(self, name: str) -> Instrument:
        return {NAME: CALL, "ETH-PERPETUAL": PERPETUAL}[name]

    async def buy(self, name: str, amount: float, price: float, **_options: Any) -> Any:
        self.sent.append(("buy", name, amount, price))
        return {"trades": [{}]}

    async def sell(self, name: str, amount: float, price: float, **_options: Any) -> Any:
        self.sent.append(("sell", name, amount, price))
        return {"trades": [{}]}


def _ticker(**changed: Any) -> dict[str, Any]:
    ticker = {
        "instrument_name": NAME,
        "state": "open",
        "mark_price": 100.0,
        "underlying_price": 3_000.0,
        "best_bid_price": 97.4,
        "best_bid_amount": 1.0,
        "best_ask_price": None,
        "best_ask_amount": 0.0,
        "greeks": {"delta": 0.5, "vega": 2.5},
    }
    return ticker | changed


def _maker(wire: Wire) -> OptionMaker:
    return OptionMaker(wire, [NAME], random.Random(1))  # type: ignore[arg-type]


async def test_hedge_sells_the_delta_of_options_and_perpetual_together() -> None:
    held = [
        {"instrument_name": NAME, "delta": 1.5, "vega": 30.0},
        {"instrument_name": "ETH-PERPETUAL", "delta": -0.5},
    ]
    wire = Wire(held)
    maker = _maker(wire)
    await maker.hedge()
    assert maker.held["ETH"] == Held(1.0, 30.0)
    ((side, name, amount, price),) = wire.sent
    assert (side, name, amount) == ("sell", "ETH-PERPETUAL", 1.0)
    assert 2_970 < price < 3_000
    assert maker.counts["hedges"] == 1


async def test_hedge_leaves_a_little_delta_alone() -> None:
    wire = Wire([{"instrument_name": NAME, "delta": 0.1, "vega": 1.0}])
    await _maker(wire).hedge()
    assert wire.sent == []


def test_legs_are_both_sides_in_slots_of_their_own() -> None:
    maker = _maker(Wire([]))
    bid, ask = maker.legs(CALL, _ticker())
    assert (bid.side, bid.slot, ask.side, ask.slot) == (0, FIRST_SLOT, 1, FIRST_SLOT + 1)
    assert bid.price * 0.2 <= 97.5 < (bid.price + 1) * 0.2
    assert (ask.price - 1) * 0.2 < 102.5 <= ask.price * 0.2
    assert bid.quantity == ask.quantity == 100
    other, _ = maker.legs(CALL._replace(name="ETH-27DEC26-3000-P", series=2_049), _ticker())
    assert other.slot == FIRST_SLOT + 2


def test_priced_leaves_out_what_has_no_greeks_or_is_over() -> None:
    maker = _maker(Wire([]))
    changes: list[dict[str, Any]] = [
        {},
        {"state": "closed"},
        {"greeks": None},
        {"mark_price": None},
    ]
    for number, changed in enumerate(changes):
        maker.tickers[str(number)] = _ticker(**changed)
    assert maker.priced() == ["0"]


async def test_taker_takes_only_what_is_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rollup_node.devnet.option_traders.TAKE_SECONDS", 1e-9)
    wire = Wire([])
    taker = OptionTaker(wire, [NAME], random.Random(1))  # type: ignore[arg-type]
    taker.tickers[NAME] = _ticker()
    for _ in range(20):
        await taker.act()
    assert {side for side, *_ in wire.sent} == {"sell"}
    assert {price for *_, price in wire.sent} == {97.4}
    assert all(0 < amount <= 0.5 for _, _, amount, _ in wire.sent)
    assert taker.counts["option fills"] == len(wire.sent)
