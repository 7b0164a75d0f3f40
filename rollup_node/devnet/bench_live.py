"""Orders per second while options are repriced, beside the same orders without any option.

Two devnets one after the other, with the same accounts, keys and orders. In both the price of every
underlying jumps by 0.3 % each second, so that all series are repriced as often as the law allows
and the oracle can say it, and every account that trades is refreshed. The second one has options
listed on the dates that the keeper lists, around the index, until there are enough.
"""

import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import count, islice, zip_longest
from pathlib import Path
from typing import Any, Final, NamedTuple

from rollup_node.codec.leaves import decode_leaf
from rollup_node.codec.records import encode_open
from rollup_node.core.inputs import ListStrike
from rollup_node.core.kinds import SeriesStatus
from rollup_node.core.layout import (
    EXPIRIES,
    PRICES_KEY,
    SERIES_LIMIT,
    STRIKES_PER_EXPIRY,
    LeafKey,
    board_key,
    series_key,
)
from rollup_node.core.option_leaves import Board
from rollup_node.devnet import supervisor
from rollup_node.devnet.audit import wait_agreement
from rollup_node.devnet.bench_flow import Flow
from rollup_node.devnet.bench_orders import (
    CATCH_UP_SECONDS,
    IN_FLIGHT,
    LIQUIDITY,
    SEED,
    FlowResult,
    Part,
    Tell,
    count_bytes,
    measure,
    prepare,
    send,
    summarize,
)
from rollup_node.devnet.bench_parties import open_accounts, open_books
from rollup_node.devnet.bench_probe import read_batches
from rollup_node.devnet.jsonrpc import Deadline, RpcError
from rollup_node.devnet.manifest import Manifest
from rollup_node.devnet.markets import BTC, BTC_OPTION_RULES, ETH, OPTION_RULES
from rollup_node.devnet.rundir import RunDir
from rollup_node.devnet.session import Session
from rollup_node.l1.toolchain import Tool

PERIOD_SECONDS: Final = 1_200
"""So long the price jumps, from the start of the devnet on."""
JUMP_BPS: Final = 30
_STEPS: Final = {ETH: OPTION_RULES.strike_step, BTC: BTC_OPTION_RULES.strike_step}
_READY_SECONDS: Final = 180
_TOO_LATE: Final = ("SERIES_EXISTS", "BOOK_FULL", "PRICE_OUT_OF_RANGE")
_PER_CALL: Final = 64
_ONE_WAY: Final = 5
"""Jumps in one direction."""


@dataclass(frozen=True, slots=True)
class LiveResult:
    """What was measured in both devnets.

    Attributes
    ----------
    orders_ratio
        `orders_per_second_with_options` in terms of `orders_per_second_without_options`.
    disturbed
        Other programs took part of the machine on one side: run it again. The CPU time that an
        order takes on the main thread is in both flows, and says more then.
    reprices_per_second
        Of each underlying, while orders were signed and came.
    """

    live_series: int
    orders_per_second_with_options: float
    orders_per_second_without_options: float
    orders_ratio: float
    disturbed: bool
    reprices_per_second: float
    reprices_per_second_without_options: float
    with_options: FlowResult
    without_options: FlowResult

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return asdict(self)


class _Side(NamedTuple):
    """One devnet: options with a price, reprices per second and underlying, the flow."""

    live: int
    reprices: float
    flow: FlowResult


def run_bench(
    manifest: Manifest, anvil: Tool, sizes: tuple[int, int], series: int, tell: Tell
) -> LiveResult:
    """Measure both; `sizes` are orders and accounts.

    Raises
    ------
    DevnetError
        If a signature was refused.
    DisagreementError
        If sequencer and verifier do not have the same state root.
    NotReadyError
        If options are not listed and priced, or a node does not catch up, before a deadline.
    """
    manifest = replace(prepare(manifest), prices=jumping_prices())
    tell("a devnet without options")
    without = _run(replace(manifest, options=False), anvil, sizes, 0, tell)
    tell(f"a devnet with {series} options")
    beside = _run(manifest, anvil, sizes, series, tell)
    rates = beside.flow.committed_per_second, without.flow.committed_per_second
    return LiveResult(
        live_series=beside.live,
        orders_per_second_with_options=rates[0],
        orders_per_second_without_options=rates[1],
        orders_ratio=round(rates[0] / rates[1], 3),
        disturbed=beside.flow.disturbed or without.flow.disturbed,
        reprices_per_second=beside.reprices,
        reprices_per_second_without_options=without.reprices,
        with_options=beside.flow,
        without_options=without.flow,
    )


def jumping_prices() -> str:
    """Return the script of a price that jumps once a second, some times up, then down again.

    An oracle that misses one jump still sees another price than it reported.
    """
    jumps = (
        f"gap:*@{second}s{'-' if second // _ONE_WAY & 1 else '+'}{JUMP_BPS}bps"
        for second in range(1, PERIOD_SECONDS)
    )
    return ",".join(("calm", *jumps))


def _run(manifest: Manifest, anvil: Tool, sizes: tuple[int, int], series: int, tell: Tell) -> _Side:
    with tempfile.TemporaryDirectory(prefix="strikenet-bench-") as folder:
        run_dir = RunDir(Path(folder) / "run")
        with supervisor.running(run_dir, manifest, anvil, tell) as devnet:
            return _measure(Session(run_dir), devnet.processes["l1"].pid, sizes, series, tell)


def _measure(
    session: Session, l1_pid: int, sizes: tuple[int, int], series: int, tell: Tell
) -> _Side:
    orders, people = sizes
    numbers, books = open_accounts(session, people), open_books(session)
    flow = Flow(numbers, books, session.l1_time() * 1_000 + people, SEED)
    send(session, flow.liquidity(LIQUIDITY), IN_FLIGHT)
    live = list_options(session, series) if series else 0
    part = Part("orders", flow.mixed(orders), flow.mixed(orders // 2), IN_FLIGHT)
    first = _epochs(session)
    measured = measure(session, l1_pid, part, tell)
    epochs, ms = (after - before for after, before in zip(_epochs(session), first, strict=True))
    tell("waiting for the verifier")
    wait_agreement(session, CATCH_UP_SECONDS)
    found = summarize(measured, count_bytes(read_batches(session)))
    return _Side(live, round(epochs * 1e3 / max(ms, 1), 2), found)


def list_options(session: Session, wanted: int) -> int:
    """List strikes until so many options have a mark; return how many have one."""
    for _ in Deadline(_READY_SECONDS, f"{wanted} options are listed and priced"):
        boards = _read_boards(session)
        calls = [row.series for board in boards.values() for row in board.strikes if row.series]
        missing = wanted // 2 - len(calls)
        if missing > 0:
            for record in find_strikes(boards, _prices(session), missing):
                _list(session, record)
            continue
        both = [series for call in calls for series in (call, call + 1)]
        states = _leaves(session, [series_key(series) for series in both])
        live = [state for state in states if state.mark and state.status == SeriesStatus.TRADING]
        if len(live) >= wanted:
            return len(live)
    return 0


def _list(session: Session, record: ListStrike) -> None:
    """List a strike; the keeper may have been faster."""
    try:
        session.sequencer.call("rollup_sendTransaction", "0x" + encode_open(record).hex())
    except RpcError as error:
        if error.reason not in _TOO_LATE:
            raise


def find_strikes(
    boards: dict[tuple[int, int], Board], prices: Sequence[int], missing: int
) -> Iterable[ListStrike]:
    """Yield strikes to list: the nearest to the index that a date lacks, date by date."""
    used = {row.series for board in boards.values() for row in board.strikes}
    calls = (number for number in range(SERIES_LIMIT - 2, 0, -2) if number not in used)
    by_date = [
        [(place, strike) for strike in _lacking(board, prices[place[0]], _STEPS[place[0]])]
        for place, board in boards.items()
    ]
    turns = (found for turn in zip_longest(*by_date) for found in turn if found is not None)
    for ((underlying, slot), strike), call in zip(islice(turns, missing), calls, strict=False):
        yield ListStrike(underlying, slot, strike, call)


def _lacking(board: Board, price: int, step: int) -> list[int]:
    """Return strikes around a price that a board lacks, as many as it has places for."""
    listed = {row.strike for row in board.strikes if row.series}
    middle = price // step
    found: list[int] = []
    for number in count():
        if len(found) + len(listed) >= STRIKES_PER_EXPIRY:
            return found
        away = (number + 1) // 2 * (1 if number & 1 else -1)
        strike = (middle + away) * step
        if strike not in listed:
            found.append(strike)
    return found


def _read_boards(session: Session) -> dict[tuple[int, int], Board]:
    """Return the boards of all dates that have strikes."""
    places = [(underlying, slot) for underlying in _STEPS for slot in range(EXPIRIES)]
    leaves = _leaves(session, [board_key(*place) for place in places])
    return {
        place: board
        for place, board in zip(places, leaves, strict=True)
        if board is not None and any(row.series for row in board.strikes)
    }


def _prices(session: Session) -> list[int]:
    (leaf,) = _leaves(session, [PRICES_KEY])
    return [row.index_price for row in leaf.rows]


def _epochs(session: Session) -> tuple[float, int]:
    """Return how often an underlying was repriced so far, on average, and the last time, ms."""
    (leaf,) = _leaves(session, [PRICES_KEY])
    rows = [leaf.rows[underlying] for underlying in _STEPS]
    return sum(row.epoch for row in rows) / len(rows), max(row.priced_ms for row in rows)


def _leaves(session: Session, keys: Sequence[LeafKey]) -> list[Any]:
    """Return leaves of the newest state of the sequencer, None for empty ones."""
    texts: list[str] = []
    for start in range(0, len(keys), _PER_CALL):
        texts += session.sequencer.call("rollup_getLeaves", list(keys[start : start + _PER_CALL]))
    values = [bytes.fromhex(text.removeprefix("0x")) for text in texts]
    return [
        decode_leaf(key, value) if value else None for key, value in zip(keys, values, strict=True)
    ]
