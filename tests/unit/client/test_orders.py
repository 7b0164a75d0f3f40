"""What a client makes of prices, amounts and options."""

from decimal import Decimal

import pytest

from rollup_node.client.instruments import Instrument, Number, read_instrument
from rollup_node.client.orders import make_order
from rollup_node.client.signer import method_of
from rollup_node.core.inputs import CancelAll, PlaceOrder, SetDeadMan, SetMode

ETH = Instrument("ETH-PERPETUAL", 1, 500, 100, 350, -50)


@pytest.mark.parametrize("price", [3000.05, "3000.05", Decimal("3000.05")])
def test_to_ticks_exact_price_is_whole(price: Number) -> None:
    assert ETH.to_ticks(price) == 60_001


def test_to_ticks_between_two_ticks_is_refused() -> None:
    with pytest.raises(ValueError, match=r"price 3000.01 \(multiple of\) 0.05"):
        ETH.to_ticks("3000.01")


@pytest.mark.parametrize("ticks", [3, 353, 60_001, 7_654_321])
def test_to_ticks_of_a_float_that_was_computed_is_what_was_meant(ticks: int) -> None:
    assert ETH.to_ticks(ticks * 0.05) == ticks
    with pytest.raises(ValueError, match="multiple of"):
        ETH.to_ticks(ticks * 0.05 + 0.001)


def test_to_lots_whole_lots_only() -> None:
    assert ETH.to_lots(0.07) == 7
    with pytest.raises(ValueError, match=r"amount 0\.075"):
        ETH.to_lots("0.075")


def test_read_instrument_takes_what_the_interface_says() -> None:
    found = {
        "instrument_name": "ETH-PERPETUAL",
        "series": 1,
        "unit_usdc": 500,
        "lots_per_unit": 100,
        "taker_commission": 0.00035,
        "maker_commission": -0.00005,
    }
    assert read_instrument(found) == ETH


def test_make_order_defaults_to_a_limit_order_at_the_fee_of_the_instrument() -> None:
    order = make_order(ETH, (5, 0), (0, 1, 3000), 9, {})
    expected = PlaceOrder(5, 0, 1, 0, 0, 0, 0, 0, 0, 60_000, 100, 0, 0, 350, 0, 9)
    assert order == expected


def test_make_order_market_is_immediate_and_expiry_means_good_til_time() -> None:
    market = make_order(ETH, (5, 1), (1, 1, 2900), 9, {"order_type": "market"})
    assert (market.kind, market.time_in_force, market.side) == (1, 2, 1)
    timed = make_order(ETH, (5, 1), (0, 1, 2900), 9, {"expires_at": 77, "post_only": True})
    assert (timed.time_in_force, timed.expiry, timed.post_only) == (1, 77, 1)
    stop = make_order(ETH, (5, 1), (0, 1, 2900), 9, {"order_type": "stop_limit", "trigger": 2950})
    assert (stop.kind, stop.trigger) == (2, 59_000)


def test_method_of_names_method_and_parameter() -> None:
    order = make_order(ETH, (5, 0), (1, 1, 3000), 9, {})
    assert method_of(order) == ("private/sell", "order")
    assert method_of(CancelAll(1, 0, 0, 0, 1)) == ("private/cancel_all", "cancel_all")
    assert method_of(SetDeadMan(1, 0, 5, 1)) == ("private/set_dead_man", "set_dead_man")
    assert method_of(SetMode(1, 0, 1, 1)) == ("private/set_mode", "set_mode")
