"""Scenes of deposits, transfers and withdrawals, for the differential run."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

from rollup_node.core.inputs import Transfer, Withdraw
from rollup_node.core.layout import ALLOCATORS_KEY, CREDIT_KEY, MAX_BALANCE, balances_key
from rollup_node.core.leaves import Allocators, Balances
from rollup_node.core.market_leaves import Credit
from tests.contracts.random_world import ADDRESSES
from tests.contracts.stage import Scene, Stage
from tests.unit.core.exchange import BTC, FUTURE, MARK, NOW, PERP, USD

_TO: Final = ADDRESSES[1]
_ETHER: Final = 10**18


def _nothing(_stage: Stage) -> None:
    """Leave everything as it is."""


def _full_recipient(stage: Stage) -> None:
    stage.state[balances_key(2)] = Balances((0, MAX_BALANCE, 0, 0))


def _drifted(stage: Stage) -> None:
    stage.hold(1, 5, 5 * MARK, series=FUTURE, number=9)
    stage.restrict(BTC)


def _debtor(stage: Stage) -> None:
    stage.open(1, -1_000 * USD, _ETHER, interest_ms=NOW)


def _thin(stage: Stage) -> None:
    stage.open(1, 150 * USD)
    stage.hold(1, 100, 100 * MARK)


def _no_slot(stage: Stage) -> None:
    stage.state[ALLOCATORS_KEY] = Allocators(1 << 31, 0, 0, 0)


def _deficit(stage: Stage) -> None:
    stage.state[CREDIT_KEY] = Credit(10**12, 0, 0)


_BOTH: Final[dict[str, tuple[Callable[[Stage], None], int, int]]] = {
    "as it may": (_nothing, 0, 5),
    "unknown asset": (_nothing, 4, 5),
    "nothing": (_nothing, 0, 0),
    "more than there is": (_nothing, 1, 1 << 90),
    "at a drifted price": (_drifted, 0, 5),
    "collateral of a debtor": (_debtor, 1, _ETHER // 5),
    "margin": (_thin, 0, 100 * USD),
}
"""What leaves, by transfer or withdrawal: the state, asset and amount."""


def _leave(
    make: Callable[[Stage], None], record: Any, stage: Stage, *, stale: bool, forced: bool
) -> None:
    """Let account 1 part with something, refreshed first or not."""
    stage.open(1, 1_000 * USD, 10 * _ETHER)
    make(stage)
    if stale:
        stage.hold(1, 1, MARK, series=PERP, number=20)
        stage.make_stale(1)
    if forced:
        stage.force(record)
    else:
        stage.send(record._replace(nonce=stage.nonce()))


def _departures() -> Iterator[tuple[str, Callable[[Stage], None], Any]]:
    for name, (make, asset, amount) in _BOTH.items():
        yield f"transfer: {name}", make, Transfer(1, 2, asset, amount, 0)
        yield f"withdraw: {name}", make, Withdraw(1, asset, amount, _TO, 0)
    yield "transfer: to oneself", _nothing, Transfer(1, 1, 0, 5, 0)
    yield "transfer: to nobody", _nothing, Transfer(1, 50, 0, 5, 0)
    yield "transfer: to number 0", _nothing, Transfer(1, 0, 0, 5, 0)
    yield "transfer: beyond the bound", _full_recipient, Transfer(1, 2, 1, 5, 0)
    yield "withdraw: to nobody", _nothing, Withdraw(1, 0, 5, bytes(20), 0)
    yield "withdraw: outbox full", _no_slot, Withdraw(1, 0, 5, _TO, 0)
    yield "withdraw: with a deficit", _deficit, Withdraw(1, 0, 10 * USD, _TO, 0)


def _deposits(stage: Stage) -> None:
    """Let money in, or give it back."""
    stage.state[balances_key(2)] = Balances((MAX_BALANCE, 0, 0, 0))
    stage.deposit(1, 0, 5)
    stage.deposit(77, 0, 5)
    stage.deposit(1, 0, 0)
    stage.deposit(0, 0, 5)
    stage.deposit(1, 4, 5)
    stage.deposit(78, 0, 5, bytes(20))
    stage.deposit(2, 0, 5)


def _void(stage: Stage) -> None:
    stage.prefix = b"\x07"


def _bad_length(stage: Stage) -> None:
    stage.seal()
    stage.tail = b"\x00\x00"


def _noise(stage: Stage) -> None:
    """Post and send what nobody understands."""
    stage.bodies += [b"\x99", b"\x01", b"\x02"]
    stage.force(Transfer(1, 2, 0, 5, 0))
    message = stage.delayed[0]
    stage.delayed = [message._replace(body=b"\x99"), message._replace(kind=77)]


SCENES: Final[dict[str, Scene]] = {
    **{
        f"{name}{', refreshed' * stale}{', by force' * forced}": partial(
            _leave, make, record, stale=stale, forced=forced
        )
        for name, make, record in _departures()
        for stale in (False, True)
        for forced in (False, True)
    },
    "deposits": _deposits,
    "void batch": _void,
    "bad length": _bad_length,
    "noise": _noise,
}
