"""Scenes of covered sales: what begins one, what refuses it, who meets it, odd places."""

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from rollup_node.codec.delayed import encode_forced
from rollup_node.codec.records import encode_record
from rollup_node.core.account_leaves import Directory
from rollup_node.core.flags import CHILD_FLAG, FROZEN_FLAG, LIQUIDATING_FLAG
from rollup_node.core.inputs import DelayedMessage, ListStrike, Pull, SetProtection, StartSale
from rollup_node.core.kinds import MessageKind
from rollup_node.core.layout import (
    ASSETS_KEY,
    MAX_LOTS,
    board_key,
    directory_key,
    expiry_key,
    hot_key,
    option_dates_key,
    sales_key,
    series_key,
    series_risk_key,
    terms_key,
)
from rollup_node.core.market_leaves import AssetRow, AssetTerms
from rollup_node.core.option_leaves import NO_PLACE, SalePlace, Sales, StrikeRow
from tests.contracts.scenes_options import AT, CALL, HIGH, SLOT, TICK, UNIT, open_options
from tests.contracts.stage import RICH, Scene, Stage
from tests.unit.core.exchange import BUY, ETH, MARK, NOW, SELL, USD

_WRITER: Final = 9
_OTHER: Final = 10
_ETHER: Final = 10**18
_IOC: Final = {"time_in_force": 2}
_ALL: Final = (CALL, CALL + 1, HIGH, HIGH + 1)
_Change = Callable[[Stage], Any]


def _sale(account: int = _WRITER, **fields: int) -> StartSale:
    sale = StartSale(account, ETH, 1, AT, 500_000, 400, 1_200_000, 800_000, 3_600, 1_000)
    return sale._replace(**fields)


def _open(stage: Stage) -> None:
    """Open options that were listed a while ago, and two accounts with ether and cash."""
    open_options(stage)
    for series in _ALL:
        stage.set_series(series, funded_ms=NOW - 10**6)
    for account in (_WRITER, _OTHER):
        stage.open(account, RICH, 100 * _ETHER)


def _say(stage: Stage, *sales: StartSale) -> None:
    """Let sales be pulled now, each by its owner, and begin a block."""
    for sale in sales:
        stage.force(sale)
        stage.bodies.append(encode_record(Pull()))
    stage.seal()


def _buy(stage: Stage, *lots: int, price: int = 2 * TICK, **fields: int) -> None:
    """Buy calls, far above their mark if nothing is said, each in a block of its own."""
    stage.set_terms(CALL, band_ppm=10**6)
    for quantity in lots:
        terms = {"account": 3, "series": CALL, **_IOC, **fields}
        stage.send(stage.order(terms.pop("account"), BUY, price, quantity, **terms))
        stage.seal()


# What begins a sale


def _begin(stage: Stage) -> None:
    """Offer calls and puts, again and again, by accounts that traded and that never did."""
    _open(stage)
    del stage.state[hot_key(_OTHER)]
    _say(stage, _sale(), _sale(_OTHER, call=0), _sale(lots=7), _sale(_OTHER, call=0, lots=1 << 31))
    _say(stage, _sale(delta_ppm=0), _sale(delta_ppm=10**6, call=0, duration_seconds=604_800))
    stage.bodies += [encode_forced(_sale()), encode_forced(_sale()) + bytes(65)]
    stage.fast.append(DelayedMessage(MessageKind.FAST, bytes(20), 9, encode_forced(_sale())))


def _shapes(stage: Stage) -> None:
    """Send sales that are none, or of nothing that is there."""
    _open(stage)
    for fields in (
        {"call": 2}, {"call": 255}, {"lots": 0}, {"delta_ppm": 1_000_001}, {"reserve_ppm": 0},
        {"reserve_ppm": 1_200_001}, {"start_ppm": 10_000_001}, {"duration_seconds": 0},
        {"duration_seconds": 604_801}, {"start_ppm": (1 << 32) - 1}, {"underlying": 8},
        {"underlying": 255, "lots": 0}, {"underlying": 7}, {"underlying": 1},
        {"expiry_at": AT + 1}, {"expiry_at": 0}, {"expiry_at": (1 << 64) - 1},
        {"account": 99}, {"account": 0}, {"account": (1 << 32) - 1}, {"max_fee": 99},
    ):  # fmt: skip
        _say(stage, _sale(**fields))
    stage.force(_sale(), sender=bytes(20))
    stage.force(_sale(), sender=b"\7" * 20)


def _refused(change: _Change, stage: Stage) -> None:
    """Offer calls and puts where something is wrong, or would be."""
    _open(stage)
    change(stage)
    _say(stage, _sale(), _sale(call=0), _sale(lots=1), _sale(call=0, lots=1))


def _stopped(stage: Stage, **hot: Any) -> None:
    stage.set_hot(_WRITER, **hot)
    stage.set_cold(_WRITER, series=CALL)


def _holding(stage: Stage) -> None:
    stage.hold(_WRITER, 5, 5 * MARK)


def _rich(stage: Stage, cash: int, ether: int) -> None:
    stage.open(_WRITER, cash, ether)


def _assets(stage: Stage, *rows: tuple[int, int]) -> None:
    """Give the assets 1 to 3 an underlying and an exponent each."""
    found = [AssetRow(underlying, exponent, 900_000, 10**21) for underlying, exponent in rows]
    stage.state[ASSETS_KEY] = AssetTerms((AssetRow(255, 0, 0, 0), *found))


def _series(stage: Stage, **fields: int) -> None:
    for series in _ALL:
        stage.set_series(series, **fields)


def _terms(stage: Stage, **fields: int) -> None:
    for series in _ALL:
        stage.set_terms(series, **fields)


def _change_leaf(stage: Stage, key: Any, **fields: Any) -> None:
    leaf: Any = stage.state[key]
    stage.state[key] = leaf._replace(**fields)


def _near(stage: Stage) -> None:
    """Offer a second more than half an hour before a date, then at that half hour."""
    _open(stage)
    for slot, left_s in ((0, 1_801), (1, 1_800), (15, 1_799)):
        at = NOW // 1_000 + left_s
        _change_leaf(stage, expiry_key(ETH, SLOT), expiry_at=at)
        for key in (expiry_key, board_key):
            stage.state[key(ETH, slot)] = stage.state[key(ETH, SLOT)]
    _change_leaf(stage, expiry_key(ETH, SLOT), expiry_at=AT)
    for left_s in (1_801, 1_800, 1_799):
        stage.force(_sale(expiry_at=NOW // 1_000 + left_s, duration_seconds=604_800))
        stage.bodies.append(encode_record(Pull()))


_DELTAS: Final = tuple((n * 37) % 101 * 10_000 for n in range(32))


def _board(stage: Stage, *, epochs: tuple[int, ...] = (7,)) -> None:
    """Fill the board with 32 strikes, whose deltas and epochs go up and down."""
    _open(stage)
    rows = tuple(StrikeRow(2_100 + 2 * n, (2_600 - 10 * (n % 16)) * USD) for n in range(32))
    _change_leaf(stage, board_key(ETH, SLOT), strikes=rows)
    _change_leaf(stage, option_dates_key(ETH), strikes=32)
    for place, (call, strike) in enumerate(rows):
        for series in (call, call + 1):
            stage.state[terms_key(series)] = stage.state[terms_key(CALL + (series & 1))]
            stage.set_terms(series, strike=strike, book=series)
            stage.state[series_key(series)] = stage.state[series_key(CALL)]
            delta = _DELTAS[place] - 10**6 * (series & 1)
            stage.state[series_risk_key(series)] = stage.state[series_risk_key(CALL)]
            epoch = epochs[place % len(epochs)]
            _change_leaf(stage, series_risk_key(series), delta=delta, epoch=epoch)


def _strikes(epochs: tuple[int, ...], stage: Stage) -> None:
    """Choose among 32 strikes, some of which were not repriced with the others."""
    _board(stage, epochs=epochs)
    for delta in (0, 10_000, 305_000, 500_000, 999_999, 10**6):
        for call in (0, 1):
            _say(stage, _sale(delta_ppm=delta, call=call))
    for place in (0, 5, 31):
        _change_leaf(stage, series_risk_key(2_100 + 2 * place), delta=-(1 << 31))
        del stage.state[series_risk_key(2_101 + 2 * place)]
    _say(stage, _sale(delta_ppm=10**6), _sale(delta_ppm=10**6, call=0))


def _no_strikes(stage: Stage) -> None:
    """Offer on a date without a board, and on one whose board is empty."""
    _open(stage)
    _change_leaf(stage, board_key(ETH, SLOT), strikes=(StrikeRow(0, 5),) * 32)
    stage.state[expiry_key(ETH, 9)] = stage.state[expiry_key(ETH, SLOT)]
    _change_leaf(stage, expiry_key(ETH, 9), expiry_at=AT + 86_400)
    _say(stage, _sale(), _sale(expiry_at=AT + 86_400))


# Places


def _place(account: int, **fields: int) -> SalePlace:
    place = SalePlace(account, 0, 400, NOW - 1_000, NOW + 10**7, 1_200_000, 800_000, 1_000)
    return place._replace(**fields)


def _put(stage: Stage, *places: SalePlace, series: int = CALL) -> None:
    """Let the call have these places, each bound to the version that its account has now."""
    found = [
        place._replace(version=stage.hot(place.account).version + place.version)
        if hot_key(place.account) in stage.state
        else place
        for place in places
    ]
    stage.state[sales_key(series)] = Sales((*found, *(NO_PLACE,) * (4 - len(found))))


def _places(stage: Stage, *changes: dict[str, int]) -> None:
    """Offer where all places are taken, some of which are over, smaller, or its own."""
    _open(stage)
    for series in (CALL, HIGH):
        own = [
            _place(account, **fields) for account, fields in zip((3, 4, 5, 6), changes, strict=True)
        ]
        _put(stage, *own, series=series)
    for lots in (1, 400, 401, 5_000, 3):
        _say(stage, _sale(lots=lots), _sale(_OTHER, lots=lots))


def _relisted(stage: Stage) -> None:
    """List a strike whose number had sales and a risk; offer in it before and after a reprice."""
    _open(stage)
    for key in (sales_key, series_risk_key):
        assert key(2_060) not in stage.state
    _put(stage, _place(3), _place(4), series=2_060)
    stage.state[series_risk_key(2_060)] = stage.state[series_risk_key(CALL)]
    _change_leaf(stage, series_risk_key(2_060), delta=500_000)
    stage.post(ListStrike(ETH, SLOT, 2_050 * USD, 2_060))
    stage.seal(20)
    _say(stage, _sale(), _sale(call=0))
    stage.send(stage.order(3, BUY, TICK, 50, series=2_060))
    stage.seal(30_000)
    _say(stage, _sale(delta_ppm=470_000))
    stage.send(stage.order(3, BUY, TICK, 50, series=2_060))


# Meetings


def _meet(change: _Change, stage: Stage) -> None:
    """Buy from two sales and the book: part of one, the rest, what rests, more than there is."""
    _open(stage)
    _put(stage, _place(_WRITER), _place(_OTHER, lots=90, start_ppm=1_190_000))
    change(stage)
    stage.send(stage.order(5, SELL, TICK + 15, 60, series=CALL))
    stage.seal()
    _buy(stage, 40)
    _buy(stage, 5, price=TICK - 5)
    _buy(stage, 60, price=TICK + 15, time_in_force=0)
    _buy(stage, 30, post_only=1, time_in_force=0, price=TICK + 4, account=4)
    stage.seal(3_600_000)
    stage.set_prices(ETH, index_ms=NOW + 3_600_000, priced_ms=NOW + 3_600_000)
    _buy(stage, 100, 500, 60)
    _buy(stage, 50, time_in_force=0, price=TICK)
    _buy(stage, 9, reduce_only=1)
    stage.force(stage.order(4, BUY, 2 * TICK, 40, series=CALL, **_IOC))


def _nothing(_stage: Stage) -> None:
    """Change nothing."""


def _bad_place(fields: dict[str, int], stage: Stage) -> None:
    """Let the first sale be another one."""
    sales: Any = stage.state[sales_key(CALL)]
    first, *others = sales.places
    stage.state[sales_key(CALL)] = Sales((first._replace(**fields), *others))


def _seller(stage: Stage, **hot: Any) -> None:
    stage.set_hot(_WRITER, **hot)


def _stale_seller(stage: Stage) -> None:
    stage.hold(_WRITER, 3, 3 * MARK, series=3)
    stage.make_stale(_WRITER)


def _debtor(stage: Stage) -> None:
    rows = stage.hot(_WRITER).rows
    stage.open(_WRITER, -300 * USD, 10**18, rows=rows, interest_ms=NOW - 10**9)


def _full(stage: Stage) -> None:
    """Let the seller have no place for a position, then the buyer too."""
    stage.state[directory_key(_WRITER)] = Directory(tuple(range(100, 228)))


def _short(stage: Stage) -> None:
    """Let the seller be as short as an account may be."""
    stage.hold(_WRITER, 1 - MAX_LOTS, (1 - MAX_LOTS) * TICK * UNIT, series=CALL)


def _protected(stage: Stage) -> None:
    stage.send(SetProtection(_WRITER, 0, ETH, 10, 60_000, stage.nonce()))
    stage.seal()


def _parted(mode: int, stage: Stage) -> None:
    """Meet a sale of one's own group."""
    _open(stage)
    _put(stage, _place(_WRITER, lots=50), _place(_OTHER, start_ppm=1_300_000))
    stage.set_hot(3, group=_WRITER)
    _buy(stage, 40, 80, self_trade=mode)


def _many(stage: Stage) -> None:
    """Meet all four sales and the book by turns, by force: sixteen makers are enough."""
    _open(stage)
    sales = [_place(account, lots=20, start_ppm=1_000_000 + 30_000 * account) for account in
             (_WRITER, _OTHER, 5, 6)]  # fmt: skip
    _put(stage, *sales)
    for number in range(17):
        stage.send(stage.order(7, SELL, TICK + 2 * number, 10, series=CALL))
    stage.seal()
    stage.set_terms(CALL, band_ppm=10**6)
    stage.force(stage.order(3, BUY, 2 * TICK, 900, series=CALL))


_ODD: Final[dict[str, dict[str, int]]] = {
    "of the future": {"started_ms": NOW + 1, "ends_ms": NOW + 2},
    "over": {"ends_ms": NOW},
    "without a length": {"started_ms": NOW, "ends_ms": NOW},
    "that ends before it starts": {"ends_ms": 0},
    "of an earlier listing": {"started_ms": NOW - 10**6},
    "at the end of time": {"ends_ms": (1 << 64) - 1},
    "that rises": {"start_ppm": 1, "reserve_ppm": (1 << 32) - 1},
    "that falls from the sky": {"start_ppm": (1 << 32) - 1, "reserve_ppm": 0},
    "for nothing": {"start_ppm": 1, "reserve_ppm": 1},
    "above all ticks": {"start_ppm": 250_000_000, "reserve_ppm": 250_000_000},
    "of all lots": {"lots": (1 << 32) - 1},
    "of no account": {"account": 0},
    "of the last account": {"account": (1 << 22) - 1},
    "of another version": {"version": 77},
    "below the maker fee": {"fee_cap_ppm": 99},
    "with no lots": {"lots": 0},
}

SCENES: Final[dict[str, Scene]] = {
    "sales begin": _begin,
    "sales: shapes": _shapes,
    "sale while frozen": partial(_refused, partial(_stopped, flags=FROZEN_FLAG)),
    "sale in liquidation": partial(_refused, partial(_stopped, flags=LIQUIDATING_FLAG)),
    "sale after the dead man": partial(_refused, partial(_stopped, dead_man_ms=NOW)),
    "sale of a child": partial(_refused, partial(_stopped, flags=CHILD_FLAG)),
    "sale with positions": partial(_refused, _holding),
    "sale at a drifted price": partial(_refused, Stage.restrict),
    "sale while a jump waits": partial(_refused, lambda s: s.set_prices(ETH, pending=1)),
    "sale at old prices": partial(_refused, lambda s: s.set_prices(ETH, index_ms=NOW - 60_001)),
    "sale in a closed series": partial(_refused, partial(_series, status=2)),
    "sale in an expired series": partial(_refused, partial(_series, status=3)),
    "sale in a series listed now": partial(_refused, partial(_series, funded_ms=NOW)),
    "sale without a mark": partial(_refused, partial(_series, mark=0)),
    "sale below the maker fee": partial(_refused, partial(_terms, maker_fee_ppm=1_001)),
    "sale with a rebate": partial(_refused, partial(_terms, maker_fee_ppm=-300)),
    "sale below the minimum": partial(_refused, partial(_terms, min_notional=30 * USD)),
    "sale of the poor": partial(_refused, partial(_rich, cash=19 * USD, ether=10**15)),
    "sale of a lot": partial(_refused, partial(_rich, cash=20 * USD, ether=10**16)),
    "sale of a debtor": partial(_refused, partial(_rich, cash=-USD, ether=10**16)),
    "sale of more than a position": partial(_refused, partial(_rich, cash=1, ether=1 << 94)),
    "sale without an asset": partial(_refused, lambda s: _assets(s, (1, 0), (9, 0), (255, 0))),
    "sale of an asset with decimals": partial(
        _refused, lambda s: _assets(s, (0, 37), (0, 36), (0, 0))
    ),
    "sale of the first asset": partial(_refused, lambda s: _assets(s, (1, 0), (0, 0), (0, 3))),
    "sales near the date": _near,
    "sales among strikes": partial(_strikes, (7,)),
    "sales among strikes of two epochs": partial(_strikes, (5, 6, 5)),
    "sales without strikes": _no_strikes,
    "sales: places": lambda s: _places(s, {}, {}, {}, {}),
    "sales: places of all sizes": lambda s: _places(s, {"lots": 9}, {"lots": 2}, {"lots": 2}, {}),
    "sales: places that are over": lambda s: _places(s, {}, {"ends_ms": NOW}, {}, {"lots": 0}),
    "sales: places of before": lambda s: _places(s, {}, {}, {"started_ms": NOW - 10**6}, {}),
    "sales of a number listed again": _relisted,
    "sales met": partial(_meet, _nothing),
    "sales of a portfolio met": partial(_meet, partial(_seller, mode=1)),
    "sales by a portfolio": partial(_meet, lambda s: s.set_hot(3, mode=1)),
    "sale of the frozen met": partial(_meet, partial(_seller, flags=FROZEN_FLAG)),
    "sale in liquidation met": partial(_meet, partial(_seller, flags=LIQUIDATING_FLAG)),
    "sale met after the dead man": partial(_meet, partial(_seller, dead_man_ms=NOW)),
    "sale of a stale account met": partial(_meet, _stale_seller),
    "sale of the poor met": partial(_meet, partial(_rich, cash=0, ether=0)),
    "sale of a debtor met": partial(_meet, _debtor),
    "sale without a place for it met": partial(_meet, _full),
    "sale of the short met": partial(_meet, _short),
    "sale of the protected met": partial(_meet, _protected),
    "sale in a closed series met": partial(_meet, lambda s: s.set_series(CALL, status=2)),
    "sale without a mark met": partial(_meet, lambda s: s.set_series(CALL, mark=0)),
    "sale of the cheapest met": partial(_meet, lambda s: s.set_series(CALL, mark=1)),
    "sale at a drifted price met": partial(_meet, Stage.restrict),
    "sale beyond the open interest": partial(
        _meet, lambda s: s.set_terms(CALL, open_interest_cap=70)
    ),
    **{f"sale {name} met": partial(_meet, partial(_bad_place, odd)) for name, odd in _ODD.items()},
    **{f"sale of one's own, mode {mode}": partial(_parted, mode) for mode in range(3)},
    "sales and orders by turns": _many,
}
