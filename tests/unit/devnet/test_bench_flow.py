"""The flow of the order benchmark against the law: all of it is taken, in the shares promised."""

from collections import Counter

import pytest

from rollup_node.core.inputs import CancelOrder, MassQuote, PlaceOrder
from rollup_node.devnet.bench_flow import LEGS, NEAR_TICKS, Book, Flow, Planned

NUMBERS = list(range(7, 107))
BOOKS = [Book(1, 60_000), Book(2, 60_010), Book(3, 95_000), Book(4, 60_020)]
MIDDLES = dict(BOOKS)


def make_flow(seed: int = 1) -> Flow:
    return Flow(NUMBERS, BOOKS, 1_000, seed)


def away(order: PlaceOrder) -> int:
    """Return how far from the middle an order is on its own side; negative if it crosses."""
    return (order.price - MIDDLES[order.series]) * (1 if order.side else -1)


def test_mixed_has_the_shares_of_the_flow() -> None:
    kinds = Counter(planned.kind for planned in make_flow().mixed(20_000))
    assert kinds["cancel"] / 20_000 == pytest.approx(0.30, abs=0.02)
    assert kinds["taker"] / 20_000 == pytest.approx(0.10, abs=0.02)
    assert (kinds["limit"] + kinds["post-only"]) / 20_000 == pytest.approx(0.60, abs=0.02)


def test_mixed_same_seed_same_flow() -> None:
    assert make_flow(3).mixed(500) == make_flow(3).mixed(500)
    assert make_flow(3).mixed(500) != make_flow(4).mixed(500)


def test_mixed_cancels_name_deep_orders_once_and_takers_reach_none_of_them() -> None:
    flow = make_flow()
    live: dict[tuple[int, int], tuple[int, PlaceOrder]] = {}
    for _, kind, content in [*flow.mixed(5_000), *flow.mixed(5_000)]:
        if isinstance(content, CancelOrder):
            tag, order = live.pop((content.account, content.slot))
            assert tag == content.tag
            assert order.post_only
            assert away(order) > NEAR_TICKS
        elif isinstance(content, PlaceOrder) and kind == "taker":
            assert away(content) == -NEAR_TICKS
        elif isinstance(content, PlaceOrder):
            assert away(content) > 0
            if away(content) > NEAR_TICKS:
                assert (content.account, content.slot) not in live
                live[content.account, content.slot] = content.nonce, content


def test_nonces_of_an_account_are_consecutive_over_all_phases() -> None:
    flow = make_flow()
    everything: list[Planned] = [*flow.liquidity(300), *flow.mixed(2_000), *flow.quotes(300)]
    nonces: dict[int, list[int]] = {}
    for owner, _, content in everything:
        assert content[0] == NUMBERS[owner]
        nonces.setdefault(owner, []).append(content[-1])
    for found in nonces.values():
        assert found == list(range(1_001, 1_001 + len(found)))


def test_quotes_move_the_same_client_slots_and_cross_nothing_near() -> None:
    first, second = make_flow().quotes(2 * len(NUMBERS))[:: len(NUMBERS)]
    slots = []
    for quote in (first.content, second.content):
        assert isinstance(quote, MassQuote)
        assert len(quote.legs) == LEGS
        assert all(
            (leg.price - MIDDLES[leg.series]) * (1 if leg.side else -1) > NEAR_TICKS
            for leg in quote.legs
        )
        slots.append([leg.slot for leg in quote.legs])
    assert slots[0] == slots[1] == list(range(100, 120))


def test_pairs_are_a_maker_and_another_account_that_takes_as_many_lots() -> None:
    found = make_flow().pairs(50)
    for maker, taker in zip(found[::2], found[1::2], strict=True):
        assert maker.owner != taker.owner
        resting, crossing = maker.content, taker.content
        assert isinstance(resting, PlaceOrder)
        assert isinstance(crossing, PlaceOrder)
        assert (resting.side, resting.series) == (1 - crossing.side, crossing.series)
        assert 0 < away(resting) <= -away(crossing) == NEAR_TICKS
        assert resting.quantity == crossing.quantity
