"""Open requests: who may ask, quote and close, and that nothing grows without bound."""

import pytest

from rollup_node.core.inputs import RfqLeg, RfqQuote
from rollup_node.rpc.errors import RpcError
from rollup_node.rpc.rfq_desk import MAX_OPEN, MAX_OPEN_OF_ONE, MAX_QUOTES, OpenRfq, RfqDesk, Wanted
from tests.action.sequencing import FixedClock

LEGS = (Wanted(1, 5), Wanted(3, -5))
TAKER = 1


class Ear:
    """Hears of requests."""

    def __init__(self) -> None:
        self.clock = FixedClock()
        self.heard: list[tuple[str, str, int]] = []
        self.desk = RfqDesk(self.clock, self.hear)

    def hear(self, rfq: OpenRfq) -> None:
        self.heard.append((rfq.rfq_id, rfq.state, len(rfq.offers)))

    def quote(self, account: int = 2, life_ms: int = 5_000, **fields: object) -> RfqQuote:
        legs = tuple(RfqLeg(leg.series, -leg.lots, 60_000) for leg in LEGS)
        until = self.clock.now_ms() + life_ms
        quote = RfqQuote(account, 0, TAKER, 300, until, legs, 7, bytes(64))
        return quote._replace(**fields)  # type: ignore[arg-type]


@pytest.fixture
def ear() -> Ear:
    return Ear()


def test_offer_of_a_maker_takes_the_place_of_its_last_one(ear: Ear) -> None:
    rfq = ear.desk.ask(TAKER, LEGS, 1_000)
    _, first = ear.desk.offer(rfq.rfq_id, ear.quote())
    _, second = ear.desk.offer(rfq.rfq_id, ear.quote(nonce=8))
    assert first.quote_id != second.quote_id
    assert rfq.offers == {2: second}
    assert [state for _, state, _ in ear.heard] == ["open"] * 3


@pytest.mark.parametrize(
    "fields",
    [
        {"account": TAKER},
        {"taker": 9},
        {"expiry_ms": 1},
        {"legs": (RfqLeg(1, -5, 60_000),)},
        {"legs": (RfqLeg(1, -5, 60_000), RfqLeg(3, 4, 60_000))},
        {"legs": (RfqLeg(1, 5, 60_000), RfqLeg(3, -5, 60_000))},
    ],
)
def test_offer_for_something_else_is_refused(ear: Ear, fields: dict[str, object]) -> None:
    rfq = ear.desk.ask(TAKER, LEGS, 1_000)
    with pytest.raises(RpcError):
        ear.desk.offer(rfq.rfq_id, ear.quote()._replace(**fields))  # type: ignore[arg-type]
    assert not rfq.offers


def test_fill_closes_the_request_of_that_quote_alone(ear: Ear) -> None:
    first, second = (ear.desk.ask(TAKER, LEGS, 1_000) for _ in range(2))
    ear.desk.offer(first.rfq_id, ear.quote(nonce=8))
    ear.desk.offer(second.rfq_id, ear.quote(nonce=9))
    ear.desk.fill(ear.quote(nonce=10))
    assert len(ear.desk.all()) == 2
    ear.desk.fill(ear.quote(nonce=9))
    assert [rfq.rfq_id for rfq in ear.desk.all()] == [first.rfq_id]
    assert (second.state, ear.heard[-1]) == ("filled", (second.rfq_id, "filled", 1))


def test_cancel_by_somebody_else_finds_nothing(ear: Ear) -> None:
    rfq = ear.desk.ask(TAKER, LEGS, 1_000)
    with pytest.raises(RpcError, match="no such open request"):
        ear.desk.cancel(2, rfq.rfq_id)
    assert ear.desk.cancel(TAKER, rfq.rfq_id).state == "cancelled"
    with pytest.raises(RpcError, match="no such open request"):
        ear.desk.offer(rfq.rfq_id, ear.quote())


def test_tick_ends_requests_and_forgets_quotes_that_are_over(ear: Ear) -> None:
    rfq = ear.desk.ask(TAKER, LEGS, 10_000)
    ear.desk.offer(rfq.rfq_id, ear.quote(life_ms=1_000))
    ear.desk.offer(rfq.rfq_id, ear.quote(3, life_ms=20_000))
    ear.clock.time_ms += 1_000
    ear.desk.tick()
    assert list(rfq.offers) == [3]
    ear.clock.time_ms += 9_000
    ear.desk.tick()
    assert (rfq.state, ear.desk.all()) == ("expired", [])


def test_ask_and_offer_are_bounded(ear: Ear) -> None:
    mine = [ear.desk.ask(TAKER, LEGS, 1_000) for _ in range(MAX_OPEN_OF_ONE)]
    with pytest.raises(RpcError, match="too many open requests"):
        ear.desk.ask(TAKER, LEGS, 1_000)
    for number in range(MAX_OPEN - MAX_OPEN_OF_ONE):
        ear.desk.ask(100 + number, LEGS, 1_000)
    with pytest.raises(RpcError, match="too many open requests"):
        ear.desk.ask(2, LEGS, 1_000)
    for maker in range(MAX_QUOTES):
        ear.desk.offer(mine[0].rfq_id, ear.quote(2 + maker))
    with pytest.raises(RpcError, match="too many quotes"):
        ear.desk.offer(mine[0].rfq_id, ear.quote(2 + MAX_QUOTES))
    ear.desk.offer(mine[0].rfq_id, ear.quote(2))
