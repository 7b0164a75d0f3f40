"""Scenes of who may do what, and of accounts' own affairs, for the differential run."""

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from rollup_node.core.flags import CHILD_FLAG, FROZEN_FLAG, GUARDIAN_FLAG, LIQUIDATING_FLAG
from rollup_node.core.inputs import (
    Bid,
    CancelAll,
    CancelOrder,
    Freeze,
    Leg,
    MassQuote,
    MovePosition,
    OpenAccount,
    ReplaceOrder,
    RfqLeg,
    RotateKey,
    SetDeadMan,
    SetGuardian,
    SetKey,
    SetMode,
    SetProtection,
    Transfer,
    Withdraw,
)
from rollup_node.core.layout import ALLOCATORS_KEY, MAX_LOTS, NONCE_LEAD_MS
from rollup_node.core.leaves import Allocators
from tests.contracts.random_world import ADDRESSES, KEYS
from tests.contracts.stage import GUARDIAN_KEY, RICH, Scene, Stage
from tests.unit.core.exchange import BUY, ETH, FUTURE, MARK, NOW, PERP, TICK, USD

_LATE: Final = NOW + 10**9
_Make = Callable[[Stage, int, int, int], Any]

_SIGNED: Final[dict[str, _Make]] = {
    "place": lambda s, a, k, n: s.order(a, BUY, TICK - 100, key=k, nonce=n),
    "cancel": lambda _, a, k, n: CancelOrder(a, k, 3, 5, n),
    "cancel all": lambda _, a, k, n: CancelAll(a, k, 0, 0, n),
    "replace": lambda _, a, k, n: ReplaceOrder(a, k, 3, 5, TICK, 5, n),
    "quote": lambda _, a, k, n: MassQuote(a, k, 999, (Leg(PERP, BUY, 7, TICK - 99, 50),), n),
    "combo": lambda s, a, k, n: s.combo(RfqLeg(PERP, 50, TICK), account=a, key=k, nonce=n),
    "bid": lambda _, a, k, n: Bid(a, k, 2, 0, 0, n),
    "freeze": lambda _, a, k, n: Freeze(a, k, 1 if a < 6 else 0, n),
    "protection": lambda _, a, k, n: SetProtection(a, k, ETH, 5, 1_000, n),
    "mode": lambda _, a, k, n: SetMode(a, k, 1, n),
    "dead man": lambda _, a, k, n: SetDeadMan(a, k, 0, n),
}
"""Records that name a key, by account, key and nonce."""

_OWNED: Final[dict[str, _Make]] = {
    "open": lambda _, a, _k, n: OpenAccount(a, 0, n),
    "key": lambda _, a, _k, n: SetKey(a, 1, ADDRESSES[1], 1, 1, _LATE, 5, n),
    "guardian": lambda _, a, _k, n: SetGuardian(a, ADDRESSES[2], n),
    "move": lambda _, a, _k, n: MovePosition(a, 2, PERP, 5, n),
    "transfer": lambda _, a, _k, n: Transfer(a, 2, 0, 5, n),
    "withdraw": lambda _, a, _k, n: Withdraw(a, 0, 5, ADDRESSES[1], n),
    "rotate": lambda _, a, _k, n: RotateKey(a, ADDRESSES[a & 3], n),
}
"""Records of the owner."""


def _authority(make: _Make, stage: Stage, *, names_key: bool) -> None:
    """Send one kind of record by everybody who may not, then by who may, then too late."""
    stage.set_hot(6, flags=FROZEN_FLAG)
    stage.set_hot(7, flags=LIQUIDATING_FLAG)
    stage.set_hot(8, flags=FROZEN_FLAG | GUARDIAN_FLAG)
    stage.send(make(stage, 99, 0, stage.nonce()), KEYS[0])
    stage.send(make(stage, 1, 0, stage.nonce()), KEYS[2])
    stage.send(make(stage, 1, 0, NOW + NONCE_LEAD_MS + 1_000))
    stage.force(make(stage, 1, 0, 0), ADDRESSES[3])
    stage.force(make(stage, 99, 0, 0), ADDRESSES[3])
    if names_key:
        stage.set_key(1, 1, expiry_ms=NOW)
        stage.set_key(1, 2, scope=0)
        stage.set_key(6, 1)
        for account, key in ((1, 1), (1, 2), (1, 3), (1, 4), (6, 1)):
            stage.send(make(stage, account, key, stage.nonce()))
    for account in (6, 7, 8):
        stage.send(make(stage, account, 0, stage.nonce()))
        stage.force(make(stage, account, 0, 0))
    last = stage.nonce()
    record = make(stage, 1, 0, last)
    stage.send(record)
    stage.send(record)
    stage.send(make(stage, 1, 0, last - 5_000))
    stage.force(make(stage, 5, 0, 0))
    stage.send(stage.order(4, BUY, TICK - 500))
    stage.send(make(stage, 3, 0, stage.nonce()))
    stage.send(stage.order(3, BUY, TICK - 99, post_only=1))


def _guardian(stage: Stage) -> None:
    """Let a guardian freeze, in all the ways that fail too."""
    for account in (1, 5):
        stage.set_cold(account, guardian=ADDRESSES[3])
    nonce = stage.nonce()
    stage.send(Freeze(1, 255, 1, nonce), KEYS[1])
    stage.send(Freeze(2, 255, 1, nonce), GUARDIAN_KEY)
    stage.send(Freeze(99, 255, 1, nonce), GUARDIAN_KEY)
    stage.send(Freeze(1, 255, 1, NOW + NONCE_LEAD_MS + 1), GUARDIAN_KEY)
    stage.send(Freeze(1, 255, 1, nonce), GUARDIAN_KEY)
    stage.send(Freeze(1, 255, 0, nonce), GUARDIAN_KEY)
    stage.force(Freeze(5, 255, 1, 0))
    stage.force(Freeze(5, 255, 1, 0), ADDRESSES[0])
    stage.send(stage.order(4, BUY, TICK - 500))
    stage.send(Freeze(5, 255, 1, stage.nonce()), GUARDIAN_KEY)


def _settings(stage: Stage) -> None:
    """Send settings that make no sense."""
    nonce = stage.nonce
    stage.send(SetKey(1, 4, ADDRESSES[1], 1, 1, _LATE, 5, nonce()))
    stage.send(SetKey(1, 1, ADDRESSES[1], 16, 1, _LATE, 5, nonce()))
    stage.send(SetKey(1, 1, ADDRESSES[1], 1, 1, NOW, 5, nonce()))
    stage.send(SetProtection(1, 0, 8, 5, 1_000, nonce()))
    stage.send(SetProtection(1, 0, ETH, 5, 0, nonce()))
    stage.send(SetDeadMan(1, 0, 1 << 48, nonce()))
    stage.send(SetMode(1, 0, 2, nonce()))
    stage.hold(2, 5, 5 * MARK, series=FUTURE)
    stage.send(SetMode(2, 0, 1, nonce()))
    stage.send(OpenAccount(1, 9, nonce()))
    stage.send(OpenAccount(1, PERP, nonce()))
    stage.send(CancelAll(1, 0, 3, 0, nonce()))
    stage.send(RotateKey(1, bytes(20), nonce()))
    stage.force(RotateKey(5, bytes(20), 0))


def _no_number(stage: Stage) -> None:
    """Let account numbers be used up."""
    stage.state[ALLOCATORS_KEY] = Allocators(0, 1 << 21, 0, 0)
    stage.send(OpenAccount(1, 0, stage.nonce()))


def _open(change: Callable[[Stage], None], stage: Stage) -> None:
    """Open an account twice: who is not current is refreshed first."""
    _held(stage)
    change(stage)
    for _ in range(2):
        stage.send(OpenAccount(1, 0, stage.nonce()))


def _poor(stage: Stage) -> None:
    """Leave an opener one unit short."""
    stage.open(1, 999_999)


def _thin(stage: Stage) -> None:
    """Leave an opener what margin needs, and one unit less than an account costs."""
    stage.set_hot(1, reserve=RICH - 999_999)


def _secured(stage: Stage) -> None:
    """Let the collateral of an opener be worth the margin that its last dollar is."""
    hot = stage.hot(1)
    stage.open(1, 1_000_000, 10**18, reserve=5, rows=hot.rows)


# Positions that move


def _move(stage: Stage, *, recipient: int = 5, series: int = PERP, lots: int = 40) -> None:
    """Let account 1 give lots to account 5, of the same owner."""
    stage.send(MovePosition(1, recipient, series, lots, stage.nonce()))


def _held(stage: Stage) -> None:
    stage.hold(1, 100, 100 * MARK)
    stage.hold(2, -100, -100 * MARK)


def _moves(stage: Stage) -> None:
    """Move to whom one may not, then as one may."""
    _held(stage)
    for recipient in (1, 99, 2):
        _move(stage, recipient=recipient)
    _move(stage, series=9)
    _move(stage, lots=101)
    _move(stage)


def _move_to_child(stage: Stage) -> None:
    _held(stage)
    stage.set_hot(5, flags=CHILD_FLAG)
    stage.set_cold(5, series=FUTURE)
    _move(stage)


def _move_to_stopped(flag: int, stage: Stage) -> None:
    _held(stage)
    stage.set_hot(5, flags=flag)
    _move(stage)


def _move_stale(stage: Stage) -> None:
    _held(stage)
    stage.make_stale(1)
    _move(stage)
    _move(stage)


def _move_restricted(stage: Stage) -> None:
    _held(stage)
    stage.restrict()
    _move(stage)


def _move_closed(stage: Stage) -> None:
    _held(stage)
    stage.set_series(PERP, status=3)
    _move(stage)


def _move_beyond(stage: Stage) -> None:
    _held(stage)
    stage.hold(5, MAX_LOTS, MAX_LOTS * MARK)
    _move(stage)


def _move_uncovered(stage: Stage) -> None:
    _held(stage)
    stage.open(5, 5 * USD)
    _move(stage)


SCENES: Final[dict[str, Scene]] = {
    **{
        f"authority: {name}": partial(_authority, make, names_key=True)
        for name, make in _SIGNED.items()
    },
    **{
        f"authority: {name}": partial(_authority, make, names_key=False)
        for name, make in _OWNED.items()
    },
    "guardian": _guardian,
    "settings": _settings,
    "no account number": _no_number,
    "open stale": partial(_open, lambda stage: stage.make_stale(1)),
    "open at a drifted price": partial(_open, Stage.restrict),
    "open without a dollar": partial(_open, _poor),
    "open with margin": partial(_open, _thin),
    "open on collateral": partial(_open, _secured),
    "moves": _moves,
    "move to a child": _move_to_child,
    "move to a frozen account": partial(_move_to_stopped, FROZEN_FLAG),
    "move to an account in liquidation": partial(_move_to_stopped, LIQUIDATING_FLAG),
    "move of a stale account": _move_stale,
    "move at a drifted price": _move_restricted,
    "move in a closed series": _move_closed,
    "move beyond the limit": _move_beyond,
    "move to who cannot cover it": _move_uncovered,
}
