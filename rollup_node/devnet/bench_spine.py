"""`strikenet bench spine`: committed transfers per second beside the limit of signature recovery.

A whole devnet runs: L1, sequencer, batch poster, proposer, verifier. The clock runs from the first
request to the last confirmation; what poster, proposer and verifier have not done by then is their
lag, and how long they take to catch up is measured too. They run on what the sequencer leaves free,
since its users wait and nobody waits for them; L1 and the client take their share of the same
processors. The limit is measured on two processes before the devnet starts and after it has ended.
"""

import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from rollup_node.codec.records import iter_records
from rollup_node.codec.signature import address_of
from rollup_node.devnet import supervisor
from rollup_node.devnet.actions import wait_idle
from rollup_node.devnet.bench_load import (
    key_of,
    make_requests,
    measure_recovery,
    send_all,
    sign_transfers,
)
from rollup_node.devnet.bench_probe import (
    Moment,
    is_disturbed,
    look,
    profile_us,
    read_batches,
    read_metrics,
)
from rollup_node.devnet.failure import DevnetError, DisagreementError, NotReadyError
from rollup_node.devnet.keys import accounts, checksum
from rollup_node.devnet.manifest import Manifest
from rollup_node.devnet.rundir import RunDir
from rollup_node.devnet.session import Session
from rollup_node.l1.toolchain import Tool

ACCOUNTS: Final = 100
CATCH_UP_SECONDS: Final = 300
_FUNDS_WEI: Final = 10**18
_TRANSFER: Final = 0x10
_POLL_SECONDS: Final = 0.1
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Lag:
    """How far a node is behind the sequencer when the last transfer is confirmed.

    Items that the batch poster has not posted, that the proposer has not executed with the roots of
    all segments, that the verifier has not executed. `seconds_to_catch_up` is counted from that
    moment: until all is back from L1, claimed on L1, and found equal by the verifier.
    """

    items: int
    transactions: int
    seconds_to_catch_up: float


@dataclass(frozen=True, slots=True)
class SpineResult:
    """What the benchmark found; rates per second, times in µs of CPU per transaction.

    `disturbed`: the limit before and after differ so much that other programs took part; then the
    ratio says little, and the benchmark is to be run again.
    """

    transactions: int
    committed: int
    committed_per_second: float
    recover_per_second: float
    recover_before: float
    recover_after: float
    ratio: float
    disturbed: bool
    seconds: float
    bytes_per_transfer: float
    root_us_per_transaction: float
    profile_us: dict[str, float]
    batches: int
    blocks: int
    batches_on_l1_at_end: int
    lag: dict[str, Lag]
    state_root: str
    verifier_agrees: bool

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _Run:
    """What the devnet gave."""

    committed: int
    seconds: float
    before: Moment
    after: Moment
    caught_up: dict[str, float]
    batches: list[bytes]
    blocks: int
    state_root: str


def run_bench(manifest: Manifest, anvil: Tool, transactions: int, tell: Tell) -> SpineResult:
    """Run the benchmark on a devnet of its own.

    Raises
    ------
    DevnetError
        If a transaction was not committed.
    DisagreementError
        If sequencer, verifier and the newest assertion do not have the same state root.
    NotReadyError
        If poster, proposer or verifier do not catch up before the deadline.
    """
    limit_before = measure_recovery()
    tell(f"recovery limit before: {limit_before:,.0f}/s on two processes")
    with tempfile.TemporaryDirectory(prefix="strikenet-bench-") as folder:
        run_dir = RunDir(Path(folder) / "run")
        with supervisor.running(run_dir, manifest, anvil, tell) as devnet:
            l1_pid = devnet.processes["l1"].pid
            run = _run(Session(run_dir), l1_pid, transactions, tell)
    limit_after = measure_recovery()
    tell(f"recovery limit after: {limit_after:,.0f}/s on two processes")
    return _summarize(transactions, run, (limit_before, limit_after))


def _run(session: Session, l1_pid: int, transactions: int, tell: Tell) -> _Run:
    tell(f"opening and funding {ACCOUNTS} accounts through the bridge")
    numbers = _open_accounts(session)
    tell(f"signing {transactions:,} transfers")
    asset, nonce = session.asset("ETH").id, session.l1_time() * 1_000
    requests = make_requests(sign_transfers(transactions, numbers, asset, session.domain, nonce))
    wait_idle(session)
    before = look(session, l1_pid)
    tell("sending them")
    began = time.perf_counter()
    committed = send_all(urlsplit(session.sequencer.url).port or 0, requests)
    seconds = time.perf_counter() - began
    after = look(session, l1_pid)
    tell(f"committed {committed:,} in {seconds:.2f} s; waiting for proposer and verifier")
    caught_up = _catch_up(session, began + seconds)
    block, root = agreed_root(session)
    batches = read_batches(session)
    posted = sum(_transfers(data) for data in batches)
    if not transactions == committed == posted:
        raise DevnetError(
            f"transfers: {committed} committed, {posted} in batches on L1 != {transactions} sent"
        )
    return _Run(committed, seconds, before, after, caught_up, batches, block, root)


def _open_accounts(session: Session) -> list[int]:
    """Open an account for each key and deposit ETH; return the numbers once all are credited."""
    payer, bridge = accounts()["alice"], session.bridge
    first = int(bridge.call("accountCount")) + 1
    numbers = list(range(first, first + ACCOUNTS))
    for place, number in enumerate(numbers):
        bridge.send(payer.address, "openAccount", checksum(address_of(key_of(place))))
        bridge.send(payer.address, "depositETH", number, value=_FUNDS_WEI)
    wait_idle(session)
    return numbers


def _catch_up(session: Session, since: float) -> dict[str, float]:
    """Return the seconds until each node had executed, and claimed, all that was sequenced."""
    waiting = {"batch_poster", "proposer", "verifier"}
    found: dict[str, float] = {}
    while waiting:
        if time.perf_counter() - since > CATCH_UP_SECONDS:
            raise NotReadyError(f"not caught up in {CATCH_UP_SECONDS} s: {sorted(waiting)}")
        time.sleep(_POLL_SECONDS)
        sync = session.sequencer.call("optimism_syncStatus")
        if not _is_all_posted(session) or sync["unsafe_l2"]["number"] != sync["safe_l2"]["number"]:
            continue
        newest = sync["unsafe_l2"]["number"]
        for name in sorted(waiting):
            if _is_level(session, name, newest):
                found[name] = time.perf_counter() - since
        waiting -= found.keys()
    return found


def _is_all_posted(session: Session) -> bool:
    """Tell whether every batch is cut and back from L1."""
    said = read_metrics(session.sequencer)
    cut = said["strikenet_sequencer_batches_total",]
    is_open = said["strikenet_sequencer_open_batch_bytes",] > 0
    return not is_open and cut <= said["strikenet_derivation_items",]


def _is_level(session: Session, name: str, newest: int) -> bool:
    """Tell whether a node has done its part of everything up to a block."""
    if name == "batch_poster":
        return True  # the sequencer has its batches back from L1
    if session.nodes[name].call("optimism_syncStatus")["safe_l2"]["number"] < newest:
        return False
    if name == "verifier":
        return read_metrics(session.verifier)["strikenet_verifier_agreed_block",] >= newest
    claims = session.chain.all_events("AssertionCreated")
    return bool(claims) and claims[-1]["item"] == session.inbox.call("count")


def agreed_root(session: Session) -> tuple[int, str]:
    """Return the newest block and its state root, on which all agree."""
    newest = session.sequencer.call("optimism_syncStatus")["unsafe_l2"]["number"]
    claim = session.chain.all_events("AssertionCreated")[-1]
    roots = {
        name: session.nodes[name].call("optimism_outputAtBlock", hex(newest))["stateRoot"]
        for name in ("sequencer", "verifier", "proposer")
    }
    root = claim["afterStateRoot"]
    roots["assertion"] = root if isinstance(root, str) else f"0x{root.hex()}"
    if (
        len(set(roots.values())) > 1
        or not read_metrics(session.verifier)["strikenet_verifier_agrees",]
    ):
        raise DisagreementError(f"state root of block {newest}: {roots}")
    return newest, roots["sequencer"]


def _transfers(data: bytes) -> int:
    return sum(body[0] == _TRANSFER for _, body in iter_records(data))


def _summarize(transactions: int, run: _Run, limits: tuple[float, float]) -> SpineResult:
    limit = sum(limits) / 2
    rate = run.committed / run.seconds
    full = [data for data in run.batches if _transfers(data)]
    profile = profile_us(run.before, run.after, run.committed)
    return SpineResult(
        transactions=transactions,
        committed=run.committed,
        committed_per_second=round(rate, 1),
        recover_per_second=round(limit, 1),
        recover_before=round(limits[0], 1),
        recover_after=round(limits[1], 1),
        ratio=round(rate / limit, 3),
        disturbed=is_disturbed(limits),
        seconds=round(run.seconds, 3),
        bytes_per_transfer=round(sum(map(len, full)) / run.committed, 1),
        root_us_per_transaction=profile["root"],
        profile_us=profile,
        batches=len(full),
        blocks=run.blocks,
        batches_on_l1_at_end=run.after.inbox - run.before.inbox,
        lag={name: _lag(run, name) for name in ("batch_poster", "proposer", "verifier")},
        state_root=run.state_root,
        verifier_agrees=True,
    )


def _lag(run: _Run, name: str) -> Lag:
    """Return how far a node is behind: what is not posted, or not executed with its roots."""
    if name == "batch_poster":
        done = run.after.inbox
    else:
        done = round(run.after.nodes[name]["strikenet_derivation_executed_items",])
    missing = sum(_transfers(data) for data in run.batches[done:])
    return Lag(len(run.batches) - done, missing, round(run.caught_up[name], 2))
