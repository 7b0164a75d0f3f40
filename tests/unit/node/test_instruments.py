"""Instruments have the names of the field, options among them."""

from rollup_node.core.inputs import ListStrike
from rollup_node.core.layout import terms_key
from rollup_node.core.reason import Reason
from rollup_node.node.instruments import Instruments
from rollup_node.rpc.market_data import InstrumentKind
from tests.property.arena import ETH, FUTURE, OPTION_SLOT, OPTIONS, OPTIONS_AT, USD, Arena


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
