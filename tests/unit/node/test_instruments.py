"""Instruments have the names of the field, options among them."""

from rollup_node.core.inputs import ListStrike
from rollup_node.core.layout import board_key, expiry_key, terms_key
from rollup_node.core.option_leaves import NO_STRIKE
from rollup_node.core.reason import Reason
from rollup_node.node.instruments import Instruments
from rollup_node.rpc.market_data import InstrumentKind
from tests.property.arena import ETH, FUTURE, OPTION_SLOT, OPTIONS, OPTIONS_AT, PERP, USD, Arena


def test_read_names_every_series_and_finds_it_by_its_name() -> None:
    arena = Arena()
    assert arena.open_record(ListStrike(ETH, OPTION_SLOT, 2_950 * USD, 3_000)) is Reason.OK
    instruments = Instruments(("ETH", "BTC"))
    instruments.read(arena.state, arena.now())
    names = {instrument.series: instrument.name for instrument in instruments.all()}
    assert names[FUTURE] == "ETH-21NOV25"
    assert [names[series] for series in (*OPTIONS, 3_000)] == [
        "ETH-22NOV25-3000-C",
        "ETH-22NOV25-3000-P",
        "ETH-22NOV25-3100-C",
        "ETH-22NOV25-3100-P",
        "ETH-22NOV25-2950-C",
    ]
    for series, name in names.items():
        found = instruments.by_name(name)
        assert found is not None
        assert found.series == series
    call = instruments.by_series(OPTIONS[0])
    assert (call.kind, call.expires_ms) == (InstrumentKind.OPTION, OPTIONS_AT * 1_000)
    assert (call.min_lots, call.unit_usdc, call.is_active) == (1, 2_000, True)


def test_read_names_a_strike_with_cents_without_a_point() -> None:
    arena = Arena()
    key = terms_key(OPTIONS[0])
    for strike, text in ((1_500_000, "1d5"), (50_000, "0d05"), (12_340_000, "12d34")):
        arena.state[key] = arena.leaf(key)._replace(strike=strike)
        instruments = Instruments(("ETH",))
        instruments.read(arena.state, arena.now())
        assert instruments.by_series(OPTIONS[0]).name == f"ETH-22NOV25-{text}-C"


def test_read_says_strike_kind_and_period_of_options() -> None:
    arena = Arena()
    instruments = Instruments(("ETH", "BTC"))
    assert instruments.read(arena.state, arena.now()) == []
    call, put = (instruments.by_series(series) for series in OPTIONS[:2])
    assert (call.strike_usdc, call.is_put, put.is_put) == (3_000 * USD, False, True)
    assert call.settlement_period == "day"
    assert call.created_ms == arena.series(OPTIONS[0]).funded_ms
    perpetual = instruments.by_series(PERP)
    assert (perpetual.settlement_period, perpetual.strike_usdc) == ("perpetual", None)
    for expiry_at, period in ((1_764_316_800, "month"), (1_763_712_000, "week")):
        key = expiry_key(ETH, OPTION_SLOT)
        arena.state[key] = arena.leaf(key)._replace(expiry_at=expiry_at)
        instruments.read(arena.state, arena.now())
        assert instruments.by_series(OPTIONS[0]).settlement_period == period


def test_read_keeps_the_name_of_what_is_delisted_until_its_number_is_another() -> None:
    arena = Arena()
    instruments = Instruments(("ETH", "BTC"))
    instruments.read(arena.state, arena.now())
    key = board_key(ETH, OPTION_SLOT)
    board = arena.leaf(key)
    arena.state[key] = board._replace(strikes=(NO_STRIKE, *board.strikes[1:]))
    assert instruments.read(arena.state, arena.now()) == []
    gone = instruments.by_name("ETH-22NOV25-3000-C")
    assert gone is not None
    assert (gone.series, gone.is_active) == (OPTIONS[0], False)
    assert gone not in instruments.all()
    assert instruments.by_series(OPTIONS[0]) == gone
    arena.state[key] = board
    terms = terms_key(OPTIONS[0])
    arena.state[terms] = arena.leaf(terms)._replace(strike=3_050 * USD)
    assert instruments.read(arena.state, arena.now()) == [OPTIONS[0]]
    assert instruments.by_name("ETH-22NOV25-3000-C") is None
    assert instruments.by_series(OPTIONS[0]).name == "ETH-22NOV25-3050-C"
