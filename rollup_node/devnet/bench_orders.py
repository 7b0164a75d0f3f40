"""`strikenet bench orders`: committed orders per second beside the limit of signature recovery.

A whole devnet runs, oracle included. Everything is signed beforehand by processes that know the
client alone, and comes over several WebSockets with many requests in flight: first a mixed flow of
single orders, then mass quotes. Each as fast as it is answered, then at half that rate, which is
where latency is measured. The limit is measured before and after each flow, on two processes.
"""

import json
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from rollup_node.codec.records import decode_record, iter_records
from rollup_node.core.inputs import CancelOrder, MassQuote, PlaceOrder, SignedTransaction
from rollup_node.core.layout import LENGTH_BYTES
from rollup_node.devnet import supervisor
from rollup_node.devnet.audit import audit, wait_agreement
from rollup_node.devnet.bench_flow import LEGS, Flow, Planned
from rollup_node.devnet.bench_load import measure_recovery, sign_requests
from rollup_node.devnet.bench_parties import open_accounts, open_books
from rollup_node.devnet.bench_probe import (
    WORKERS,
    Moment,
    is_disturbed,
    look,
    profile_us,
    read_batches,
)
from rollup_node.devnet.bench_socket import Answer, Request, drive, pace
from rollup_node.devnet.failure import DevnetError
from rollup_node.devnet.manifest import Manifest
from rollup_node.devnet.rundir import RunDir
from rollup_node.devnet.session import Session
from rollup_node.l1.toolchain import Tool

CONNECTIONS: Final = 8
IN_FLIGHT: Final = 250
QUOTES_IN_FLIGHT: Final = 8
"""Requests of one connection on their way at once."""
LIQUIDITY: Final = 2_000
CATCH_UP_SECONDS: Final = 600
SEED: Final = 1

_SIGNATURE_REASONS: Final = frozenset(["BAD_SIGNATURE", "NOT_OWNER", "UNKNOWN_ACCOUNT"])
_SETTLE_SECONDS: Final = 0.5

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Latency:
    """From when a request was due to its confirmation, in ms, at `per_second` requests."""

    per_second: float
    requests: int
    p50_ms: float
    p99_ms: float
    by_kind: dict[str, tuple[float, float]]


@dataclass(frozen=True, slots=True)
class FlowResult:
    """One flow at full load; a quote counts as its legs. Times in µs of CPU per order.

    Attributes
    ----------
    refused
        Requests and legs that were not committed, by reason; none of them for its signature.
    disturbed
        The limit before and after differ so much that other programs took part: run it again.
    """

    requests: int
    orders: int
    committed: int
    refused: dict[str, int]
    seconds: float
    committed_per_second: float
    recover_per_second: float
    recover_before: float
    recover_after: float
    ratio: float
    disturbed: bool
    fills: int
    bytes_per_order: float
    profile_us: dict[str, float]
    main_thread_us: float
    latency: Latency


@dataclass(frozen=True, slots=True)
class OrdersResult:
    """What the benchmark found; the first five are those of single orders."""

    committed_per_second: float
    recover_per_second: float
    ratio: float
    p99_ms: float
    bytes_per_order: float
    accounts: int
    markets: int
    connections: int
    seed: int
    orders: FlowResult
    quotes: FlowResult
    batches: int
    block: int
    state_root: str
    verifier_agrees: bool
    custody_equals_claims: bool
    positions_sum_to_zero: bool

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Part:
    """One kind of load: what is sent at full speed, what at half of it."""

    name: str
    full: list[Planned]
    half: list[Planned]
    window: int


@dataclass(frozen=True, slots=True)
class Measured:
    """One kind of load, done."""

    part: Part
    limits: tuple[float, float]
    seconds: float
    answers: list[Answer]
    before: Moment
    after: Moment
    latency: Latency


def prepare(manifest: Manifest) -> Manifest:
    """Return what the benchmark needs: users come first, the other nodes have what is left."""
    return replace(manifest, background_idle=True)


def run_bench(
    manifest: Manifest, anvil: Tool, sizes: tuple[int, int, int], tell: Tell
) -> OrdersResult:
    """Run the benchmark on a devnet of its own; `sizes` are orders, quotes and accounts.

    Raises
    ------
    DevnetError
        If a signature was refused.
    DisagreementError
        If sequencer and verifier do not have the same state root.
    NotReadyError
        If a node does not catch up before the deadline.
    """
    with tempfile.TemporaryDirectory(prefix="strikenet-bench-") as folder:
        run_dir = RunDir(Path(folder) / "run")
        with supervisor.running(run_dir, manifest, anvil, tell) as devnet:
            l1_pid = devnet.processes["l1"].pid
            return _run(Session(run_dir), l1_pid, sizes, tell)


def _run(session: Session, l1_pid: int, sizes: tuple[int, int, int], tell: Tell) -> OrdersResult:
    orders, quotes, people = sizes
    tell(f"opening and funding {people:,} accounts through the bridge")
    numbers, books = open_accounts(session, people), open_books(session)
    flow = Flow(numbers, books, session.l1_time() * 1_000 + people, SEED)
    send(session, flow.liquidity(LIQUIDITY), IN_FLIGHT)
    mixed = Part("orders", flow.mixed(orders), flow.mixed(orders // 2), IN_FLIGHT)
    singles = measure(session, l1_pid, mixed, tell)
    send(session, flow.quotes(people), QUOTES_IN_FLIGHT)
    moved = Part("quotes", flow.quotes(quotes), flow.quotes(quotes // 2), QUOTES_IN_FLIGHT)
    quoted = measure(session, l1_pid, moved, tell)
    tell("waiting for the verifier")
    block, root = wait_agreement(session, CATCH_UP_SECONDS)
    money = audit(session)
    batches = read_batches(session)
    lengths = count_bytes(batches)
    first = summarize(singles, lengths)
    return OrdersResult(
        committed_per_second=first.committed_per_second,
        recover_per_second=first.recover_per_second,
        ratio=first.ratio,
        p99_ms=first.latency.p99_ms,
        bytes_per_order=first.bytes_per_order,
        accounts=people,
        markets=len(books),
        connections=CONNECTIONS,
        seed=SEED,
        orders=first,
        quotes=summarize(quoted, lengths),
        batches=len(batches),
        block=block,
        state_root=root,
        verifier_agrees=True,
        custody_equals_claims=money.exact,
        positions_sum_to_zero=money.holdings.exact,
    )


def send(session: Session, planned: Sequence[Planned], window: int) -> None:
    """Send what nobody measures; all of it has to be taken."""
    requests = sign_requests(planned, session.domain, CONNECTIONS)
    _, answers = drive(port_of(session), requests, CONNECTIONS, window)
    taken, refused, _ = count_answers(answers)
    if refused:
        raise DevnetError(f"preparation: {taken} orders committed, refused: {dict(refused)}")


def measure(session: Session, l1_pid: int, part: Part, tell: Tell) -> Measured:
    """Send one kind of load as fast as it is answered, then at half that rate."""
    count, port = len(part.full), port_of(session)
    tell(f"signing {count + len(part.half):,} {part.name}")
    requests = sign_requests(part.full, session.domain, CONNECTIONS)
    later = sign_requests(part.half, session.domain, CONNECTIONS)
    limit_before = measure_recovery()
    before = look(session, l1_pid)
    tell(f"sending {count:,} {part.name}; recovery limit {limit_before:,.0f}/s")
    began, answers = drive(port, requests, CONNECTIONS, part.window)
    seconds = answers[-1].at - began
    after = look(session, l1_pid)
    limit_after = measure_recovery()
    tell(f"answered {count:,} in {seconds:.2f} s; now at half that rate")
    latency = _measure_latency(port, part, later, count / seconds / 2)
    return Measured(part, (limit_before, limit_after), seconds, answers, before, after, latency)


def _measure_latency(
    port: int, part: Part, requests: Sequence[Request], per_second: float
) -> Latency:
    time.sleep(_SETTLE_SECONDS)  # the queues of the measurement before are empty by then
    due, answers = pace(port, requests, CONNECTIONS, per_second)
    _, refused, _ = count_answers(answers)
    _check_signatures(refused)
    waited: dict[str, list[float]] = {}
    for answer in answers:
        kind = part.half[answer.number].kind
        waited.setdefault(kind, []).append((answer.at - due[answer.number]) * 1e3)
    everything = [ms for found in waited.values() for ms in found]
    return Latency(
        per_second=round(per_second, 1),
        requests=len(answers),
        p50_ms=percentile(everything, 50),
        p99_ms=percentile(everything, 99),
        by_kind={
            kind: (percentile(found, 50), percentile(found, 99))
            for kind, found in sorted(waited.items())
        },
    )


def count_answers(answers: Sequence[Answer]) -> tuple[int, Counter[str], int]:
    """Return committed orders, what was refused by reason, and fills; legs count one each."""
    committed, fills = 0, 0
    refused: Counter[str] = Counter()
    for answer in answers:
        said = json.loads(answer.body)
        if "error" in said:
            refused[(said["error"].get("data") or {}).get("reason", said["error"]["message"])] += 1
            continue
        legs = said["result"].get("legs")
        if legs is None:
            committed += 1
            fills += len(said["result"].get("trades", ()))
            continue
        reasons = [leg["reason"] for leg in legs]
        committed += reasons.count("OK")
        refused.update(reason for reason in reasons if reason != "OK")
    return committed, refused, fills


def percentile(values: Sequence[float], percent: int) -> float:
    """Return the smallest value that `percent` % of all do not exceed, rounded; 0 of nothing."""
    if not values:
        return 0.0
    place = -(-len(values) * percent // 100) - 1
    return round(sorted(values)[max(place, 0)], 2)


def count_bytes(batches: Sequence[bytes]) -> dict[str, tuple[int, int]]:
    """Return orders and framed bytes in all batches: of single orders, and of quoted legs."""
    found = {"orders": (0, 0), "quotes": (0, 0)}
    for data in batches:
        for _, body in iter_records(data):
            record = decode_record(body)
            if not isinstance(record, SignedTransaction):
                continue
            content = record.transaction
            if isinstance(content, MassQuote):
                name, count = "quotes", len(content.legs)
            elif isinstance(content, PlaceOrder | CancelOrder):
                name, count = "orders", 1
            else:
                continue
            orders, length = found[name]
            found[name] = orders + count, length + LENGTH_BYTES + len(body)
    return found


def summarize(measured: Measured, lengths: dict[str, tuple[int, int]]) -> FlowResult:
    """Return what came of a load; `lengths` are orders and posted bytes of each kind."""
    part = measured.part
    committed, refused, fills = count_answers(measured.answers)
    _check_signatures(refused)
    limit, rate = sum(measured.limits) / 2, committed / measured.seconds
    profile = profile_us(measured.before, measured.after, committed)
    legs = LEGS if part.name == "quotes" else 1
    counted, length = lengths[part.name]
    return FlowResult(
        requests=len(part.full),
        orders=len(part.full) * legs,
        committed=committed,
        refused=dict(refused),
        seconds=round(measured.seconds, 3),
        committed_per_second=round(rate, 1),
        recover_per_second=round(limit, 1),
        recover_before=round(measured.limits[0], 1),
        recover_after=round(measured.limits[1], 1),
        ratio=round(rate / limit, 3),
        disturbed=is_disturbed(measured.limits),
        fills=fills,
        bytes_per_order=round(length / max(counted, 1), 1),
        profile_us=profile,
        main_thread_us=round(
            sum(v for k, v in profile.items() if k not in WORKERS and not k.startswith("beside")), 1
        ),
        latency=measured.latency,
    )


def _check_signatures(refused: Counter[str]) -> None:
    """Raise unless every signature was accepted: what is refused is refused for the market."""
    wrong = {reason: refused[reason] for reason in refused if reason in _SIGNATURE_REASONS}
    if wrong:
        raise DevnetError(f"signatures were refused: {wrong}")


def port_of(session: Session) -> int:
    """Return the port of the sequencer."""
    return urlsplit(session.sequencer.url).port or 0
