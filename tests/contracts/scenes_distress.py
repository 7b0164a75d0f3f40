"""Scenes of liquidation, auctions and takeovers, for the differential run."""

from collections.abc import Callable
from functools import partial
from typing import Final

from rollup_node.core.flags import LIQUIDATING_FLAG, SALE_FLAG
from rollup_node.core.inputs import Bid, Liquidate, Takeover
from rollup_node.core.layout import ALLOCATORS_KEY, OUTBOX_WITHDRAWAL_LIMIT, underlying_key
from rollup_node.core.leaves import Allocators
from rollup_node.core.market_leaves import Underlying
from tests.contracts.stage import Scene, Stage
from tests.unit.core.exchange import BUY, ETH, FUTURE, MARK, NOW, PERP, SELL, TICK, USD

_BELOW: Final = TICK - 100
_THIN: Final = 300 * USD
_LOTS: Final = 1_000
_HOURS: Final = 7_200_000
_Change = Callable[[Stage], None]


def _thin(stage: Stage, cash: int = _THIN) -> None:
    """Let account 3 hold what its cash does not maintain, and others trade there."""
    stage.open(3, cash)
    stage.hold(3, _LOTS, _LOTS * MARK)
    stage.hold(2, -_LOTS, -_LOTS * MARK)
    stage.rest(4, BUY, TICK, 100)


def _for_sale(stage: Stage, cash: int = _THIN, age_ms: int = 1_000) -> None:
    """Let account 3 be in liquidation and for sale."""
    _thin(stage, cash)
    stage.set_hot(3, flags=LIQUIDATING_FLAG | SALE_FLAG)
    stage.set_cold(3, liquidated_ms=NOW - age_ms, auction_ms=NOW - age_ms)


def _nothing(_stage: Stage) -> None:
    """Leave everything as it is."""


def _old_prices(stage: Stage) -> None:
    stage.set_prices(ETH, index_ms=NOW - 61_000)


def _resumed(stage: Stage) -> None:
    stage.state[underlying_key(ETH)] = Underlying(1, 5, 7, NOW - 1)


def _closed(stage: Stage) -> None:
    stage.set_series(PERP, status=3)


def _stale(stage: Stage) -> None:
    stage.make_stale(3)


def _no_number(stage: Stage) -> None:
    stage.state[ALLOCATORS_KEY] = Allocators(0, 1 << 21, 0, 9)


def _broke(stage: Stage) -> None:
    stage.open(1, USD)


def _no_way_out(stage: Stage) -> None:
    stage.state[ALLOCATORS_KEY] = Allocators(OUTBOX_WITHDRAWAL_LIMIT, 1 << 21, 0, 9)


def _thin_bidder(stage: Stage) -> None:
    """Let the bidder have the money, but need it for a position of its own."""
    stage.open(1, 2_000 * USD)
    stage.hold(1, 1_500, 1_500 * MARK, number=3)


def _liquidate(change: _Change, stage: Stage, series: int = PERP) -> None:
    _thin(stage)
    change(stage)
    stage.post(Liquidate(3, series))


def _liquidates(stage: Stage) -> None:
    """Liquidate whom one may not; then whom one may; then too late."""
    _thin(stage)
    for account, series in ((0, PERP), (1, PERP), (3, 9), (3, FUTURE)):
        stage.post(Liquidate(account, series))
    stage.send(stage.order(4, BUY, _BELOW))
    stage.post(Liquidate(3, PERP))


def _bid(change: _Change, stage: Stage, price: int = 10**12, twice: bool = False) -> None:
    _for_sale(stage)
    change(stage)
    for _ in range(1 + twice):
        stage.send(Bid(1, 0, 3, stage.hot(3).version, price, stage.nonce()))


def _bids(stage: Stage) -> None:
    """Bid for what is not for sale, for another version, and for oneself."""
    _for_sale(stage)
    for target, version in ((1, 0), (0, 0), (2, 0), (3, 77)):
        stage.send(Bid(1, 0, target, version, 10**12, stage.nonce()))


def _take(cash: int, age_ms: int, change: _Change, stage: Stage) -> None:
    _for_sale(stage, cash, age_ms)
    change(stage)
    stage.post(Takeover(3))


def _takeovers(stage: Stage) -> None:
    """Take over whom one may not; then too late."""
    _for_sale(stage)
    for account in (0, 1, 3):
        stage.post(Takeover(account))
    stage.send(stage.order(4, SELL, TICK + 500))
    stage.post(Takeover(3))


SCENES: Final[dict[str, Scene]] = {
    "liquidate": partial(_liquidate, _nothing),
    "liquidate a stale account": partial(_liquidate, _stale),
    "liquidate at an old price": partial(_liquidate, _old_prices),
    "liquidate after a gap": partial(_liquidate, _resumed),
    "liquidate in a closed series": partial(_liquidate, _closed),
    "liquidations": _liquidates,
    "bid": partial(_bid, _nothing),
    "bid too low": partial(_bid, _nothing, price=-(10**12)),
    "bid for a stale account": partial(_bid, _stale, twice=True),
    "bid at an old price": partial(_bid, _old_prices),
    "bid after a gap": partial(_bid, _resumed),
    "bid without a number": partial(_bid, _no_number),
    "bid without a way out": partial(_bid, _no_way_out),
    "bid without money": partial(_bid, _broke),
    "bid that needs its margin": partial(_bid, _thin_bidder),
    "bids": _bids,
    "takeover": partial(_take, -_THIN, _HOURS, _nothing),
    "takeover of a stale account": partial(_take, -_THIN, _HOURS, _stale),
    "takeover at an old price": partial(_take, -_THIN, _HOURS, _old_prices),
    "takeover too early": partial(_take, _THIN, 1_000, _nothing),
    "takeovers": _takeovers,
}
