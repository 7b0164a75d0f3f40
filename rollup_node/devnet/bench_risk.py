"""`strikenet bench risk`: options repriced and accounts weighed per second, beside NumPy.

The real steps of the law on a state of many accounts under portfolio margin: a price report makes a
reprice due, which values each strike in 32 scenarios; then every account is refreshed. Every leaf
that a step writes is encoded and hashed into the tree, whose root is taken after each segment of 64
steps, as a proposer does. NumPy weighs the same accounts with the same arrays in float64, all at
once and into nothing; both must agree to the last µUSDC. CPU time, in this process.
"""

import random
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from rollup_node.core.frame import Frame
from rollup_node.core.kinds import Phase
from rollup_node.core.layout import CURSOR_KEY, PRICES_KEY, hot_key, series_risk_key
from rollup_node.core.leaves import Cursor
from rollup_node.core.option_leaves import SeriesRisk
from rollup_node.core.refresh import begin_refresh, refresh
from rollup_node.core.risk import read_prices
from rollup_node.core.step import apply_seal, run_task
from rollup_node.devnet.bench_risk_state import (
    BLOCK_MS,
    HEADER,
    LOTS_PER_UNIT,
    Held,
    make_state,
    put_price,
)
from rollup_node.devnet.failure import DevnetError
from rollup_node.devnet.markets import ETH
from rollup_node.node.account_health import read_health
from rollup_node.proof.chain_state import ChainState
from rollup_node.roles.keeper import Watch

SEGMENT_STEPS: Final = 64
POSITIONS: Final = 8
MOVES: Final = 50
MOVE_DIVISOR: Final = 300
"""Each move of the price is a third of a percent: enough for a reprice."""
_PPM: Final = 10**6

Lots = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class RiskResult:
    """What the benchmark found; rates per second of CPU time.

    Attributes
    ----------
    ratio
        `accounts_per_second` in terms of `numpy_accounts_per_second`.
    filter_microseconds_per_move
        The keeper's bulk filter: to find who needs a look when the price has moved, and to look at
        them, `filter_looks_per_move` accounts, averaged over a walk of the price. Before it begins
        everybody is looked at once, `first_look_accounts_per_second`.
    """

    accounts: int
    positions: int
    series: int
    seed: int
    accounts_per_second: float
    numpy_accounts_per_second: float
    ratio: float
    series_per_second: float
    reprice_ms: float
    microseconds_per_account: float
    filter_microseconds_per_move: float
    filter_looks_per_move: float
    first_look_accounts_per_second: float
    state_root: str

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return asdict(self)


def run_bench(accounts: int, series: int, seed: int) -> RiskResult:
    """Measure on a state of so many accounts with `POSITIONS` positions each.

    Raises
    ------
    DevnetError
        If law and NumPy do not find the same initial requirement for every account.
    """
    state, held = make_state(accounts, series, POSITIONS, seed)
    state.root()
    reprice_seconds = _spent(lambda: _reprice(state))
    law_seconds = _spent(lambda: _refresh_all(state, held.accounts))
    found = [state.get(hot_key(account)).rows[ETH].initial for account in held.accounts]
    arrays = _Arrays(state, held)
    numpy_seconds = _best(lambda: arrays.weigh(held))
    differing = int((arrays.weigh(held) != np.array(found, dtype=np.float64)).sum())
    if differing:
        raise DevnetError(f"{differing} of {accounts} accounts require another amount by NumPy")
    first_seconds, filter_seconds, looks = _filter(state, held.accounts)
    rate, numpy_rate = accounts / law_seconds, accounts / numpy_seconds
    return RiskResult(
        accounts=accounts,
        positions=POSITIONS,
        series=series,
        seed=seed,
        accounts_per_second=round(rate, 1),
        numpy_accounts_per_second=round(numpy_rate, 1),
        ratio=round(rate / numpy_rate, 6),
        series_per_second=round(series / reprice_seconds, 1),
        reprice_ms=round(reprice_seconds * 1e3, 2),
        microseconds_per_account=round(law_seconds * 1e6 / accounts, 2),
        filter_microseconds_per_move=round(filter_seconds * 1e6, 1),
        filter_looks_per_move=round(looks, 1),
        first_look_accounts_per_second=round(accounts / first_seconds, 1),
        state_root="0x" + state.root().hex(),
    )


def _reprice(state: ChainState) -> None:
    """Move the price and run every step of the reprice that the next block finds due."""
    put_price(state, read_prices(_frame(state)).rows[ETH].index_price * 301 // 300)
    state.commit(apply_seal(state, HEADER, BLOCK_MS, 1).writes)
    steps = 0
    while state.get(CURSOR_KEY).phase != Phase.IDLE:
        outcome = run_task(state)
        state.commit(outcome.writes)
        steps += 1
        if steps % SEGMENT_STEPS == 0:
            state.root()
    state.root()


def _refresh_all(state: ChainState, accounts: list[int]) -> None:
    """Run the REFRESH step of every account."""
    for count, account in enumerate(accounts, 1):
        frame = _frame(state)
        begin_refresh(frame, account, Phase.IDLE)
        while frame.phase == Phase.REFRESH:
            refresh(frame)
        state.commit(frame.writes)
        if count % SEGMENT_STEPS == 0:
            state.root()
    state.root()


class _Arrays:
    """What the law says of the series, as NumPy's matrices."""

    def __init__(self, state: ChainState, held: Held) -> None:
        price = state.get(PRICES_KEY).rows[ETH].reference
        risks: list[SeriesRisk] = [state.get(series_risk_key(number)) for number in held.series]
        self.gains = np.array([risk.gains for risk in risks], dtype=np.float64)
        self.charge = float(-(-5_000 * price // (_PPM * LOTS_PER_UNIT)))
        self.deltas = np.zeros((len(risks), 8))
        for place, (risk, slot) in enumerate(zip(risks, held.dates, strict=True)):
            self.deltas[place, 1 + slot % 7] = risk.delta * price // (_PPM * LOTS_PER_UNIT)

    def weigh(self, held: Held) -> NDArray[np.float64]:
        """Return what each account requires initially. Source: docs/spec.md M-13, M-14."""
        lots = held.lots
        short = np.minimum(lots, 0.0)
        gains = lots @ self.gains + short.sum(axis=1)[:, None]
        deltas = short @ self.deltas
        longs = np.maximum(deltas, 0.0).sum(axis=1)
        shorts = longs - deltas.sum(axis=1)
        hedged, net = np.minimum(longs, shorts), np.abs(longs - shorts)
        floor = np.ceil((20_000 * net + 10_000 * hedged) / _PPM)
        scan = np.maximum(np.maximum(-gains.min(axis=1), 0.0), floor)
        extra = np.ceil(5_000 * hedged / _PPM) - short.sum(axis=1) * self.charge
        found: NDArray[np.float64] = scan + extra
        return found


def _filter(state: ChainState, accounts: list[int]) -> tuple[float, float, float]:
    """Return seconds of the first look at all, then of one move, and the looks that it takes."""
    watch, frame = Watch(), _frame(state)
    now_ms, price = frame.time_ms, read_prices(frame).rows[ETH].index_price
    looked = _spent(
        lambda: [
            watch.note(account, read_health(frame, account), (price,), now_ms)
            for account in accounts
        ]
    )
    rng, first = random.Random(accounts[0]), watch.looks  # noqa: S311 - replayable
    began = time.process_time()
    for number in range(1, MOVES + 1):
        price += rng.choice((-1, 1)) * (price // MOVE_DIVISOR)
        at_ms = now_ms + number * BLOCK_MS
        for account in watch.due((price,), at_ms):
            watch.note(account, read_health(frame, account), (price,), at_ms)
    seconds = time.process_time() - began
    return looked, seconds / MOVES, (watch.looks - first) / MOVES


def _frame(state: ChainState) -> Frame:
    cursor: Cursor = state.get(CURSOR_KEY)
    return Frame(state, cursor.time_ms, cursor.block, Phase.IDLE, cursor.order_class)


def _spent(work: Callable[[], object]) -> float:
    """Return the CPU seconds of some work."""
    began = time.process_time()
    work()
    return time.process_time() - began


def _best(work: Callable[[], object]) -> float:
    """Return the CPU seconds of the fastest of some tries."""
    return min(_spent(work) for _ in range(5))
