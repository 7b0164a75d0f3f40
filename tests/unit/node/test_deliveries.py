"""How series ended is known as soon as a date has its price, and after they are delisted."""

from rollup_node.core.kinds import SeriesStatus
from rollup_node.core.layout import expiry_key, series_key
from rollup_node.node.deliveries import Deliveries
from rollup_node.node.instruments import Instruments
from tests.property.arena import ETH, OPTION_SLOT, OPTIONS, USD, Arena


def _expire(arena: Arena, price: int) -> None:
    key = expiry_key(ETH, OPTION_SLOT)
    arena.state[key] = arena.leaf(key)._replace(price=price)
    for series in OPTIONS:
        state = arena.series(series)
        arena.state[series_key(series)] = state._replace(status=SeriesStatus.EXPIRED)


def _read(arena: Arena, known: Deliveries) -> None:
    instruments = Instruments(("ETH", "BTC"))
    instruments.read(arena.state, arena.now())
    known.read(arena.state, instruments.all())


def test_read_pays_what_the_law_pays_and_remembers_it() -> None:
    arena, known = Arena(), Deliveries()
    _read(arena, known)
    assert known.all() == []
    _expire(arena, 0)
    _read(arena, known)
    assert known.all() == []
    _expire(arena, 3_050 * USD + 7)
    _read(arena, known)
    found = {item.name: (item.price_usdc, item.payout_usdc) for item in known.all()}
    assert found == {
        "ETH-22NOV25-3000-C": (3_050 * USD + 7, 500_000),
        "ETH-22NOV25-3000-P": (3_050 * USD + 7, 0),
        "ETH-22NOV25-3100-C": (3_050 * USD + 7, 0),
        "ETH-22NOV25-3100-P": (3_050 * USD + 7, 499_999),
    }
    for series in OPTIONS:
        state = arena.series(series)._replace(status=SeriesStatus.NONE)
        arena.state[series_key(series)] = state
    _read(arena, known)
    end = known.of("ETH-22NOV25-3000-C")
    assert end is not None
    assert end.payout_usdc == 500_000
    assert known.of("ETH-PERPETUAL") is None
