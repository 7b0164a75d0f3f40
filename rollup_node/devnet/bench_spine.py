"""`strikenet bench spine`: committed transfers per second beside the limit of signature recovery.

The sequencer runs in a process of its own with its workers, log and server, as in a devnet; the
client sends HTTP bodies that were signed and encoded before the clock started. Every core that the
client, the server and the disk use is taken from the same machine, and the limit is measured right
before and right after on two processes.
"""

import asyncio
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

import msgspec

from rollup_node.codec.delayed import encode_deposit
from rollup_node.codec.eip712 import digest, domain_separator
from rollup_node.codec.records import encode_record
from rollup_node.codec.signature import address_of, recover, sign
from rollup_node.core.inputs import (
    DelayedMessage,
    Deposit,
    ItemHeader,
    SignedTransaction,
    Transfer,
)
from rollup_node.core.kinds import MessageKind
from rollup_node.derive.events import L1Block
from rollup_node.devnet.failure import DevnetError
from rollup_node.node.config import Genesis, NodeConfig, Parameters, RollupConfig
from rollup_node.ports import L1Update
from rollup_node.proof.chain_state import ChainState
from rollup_node.proof.inbox import calldata_root
from rollup_node.proof.machine import Machine

CHAIN_ID: Final = 313371
BRIDGE: Final = bytes.fromhex("b1" * 20)
ACCOUNTS: Final = 500
PER_CALL: Final = 250
CONNECTIONS: Final = 8
RECOVER_SECONDS: Final = 1.0
_KEY: Final = b"\x33" * 32
_FUNDS: Final = 10**12


@dataclass(frozen=True, slots=True)
class SpineResult:
    """What the benchmark found; rates per second, times in µs of CPU per transaction."""

    transactions: int
    committed: int
    committed_per_second: float
    recover_per_second: float
    recover_before: float
    recover_after: float
    ratio: float
    seconds: float
    bytes_per_transfer: float
    calldata_floor_gas_per_transfer: float
    root_us_per_transaction: float
    profile_us: dict[str, float]
    batches: int
    blocks: int
    verifier_agrees: bool

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return asdict(self)


class _Clock:
    """Wall time: the benchmark has no L1 whose time could differ."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic_ms(self) -> int:
        return time.monotonic_ns() // 1_000_000


def run_bench(transactions: int, tell: Callable[[str], None] = lambda _: None) -> SpineResult:
    """Run the benchmark.

    Raises
    ------
    DevnetError
        If a transaction was not committed or the derived root differs.
    """
    tell(f"signing {transactions:,} transfers of {ACCOUNTS} accounts")
    start_ms = time.time_ns() // 1_000_000
    bodies = _sign_all(transactions, start_ms)
    requests = [_http(bodies[at : at + PER_CALL]) for at in range(0, len(bodies), PER_CALL)]
    before = _measure_recovery()
    tell(f"recovery limit before: {before:,.0f}/s on two processes")
    with tempfile.TemporaryDirectory(prefix="strikenet-bench-") as folder:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        child = context.Process(target=_serve, args=(theirs, folder, start_ms))
        child.start()
        try:
            port = _receive(ours)
            began = time.perf_counter()
            committed = asyncio.run(_load(port, requests))
            ours.send("finish")
            found: dict[str, Any] = _receive(ours)
            seconds = time.perf_counter() - began
            after = _measure_recovery()
            ours.send("stop")
            found |= _receive(ours)
        finally:
            child.join(20)
            if child.is_alive():
                child.kill()
    tell("deriving the batches again as a verifier does")
    agrees = _derive(found["batches"], start_ms) == found["root"]
    if committed != transactions or not agrees:
        raise DevnetError(f"{committed} of {transactions} committed, roots agree: {agrees}")
    return _summarize(transactions, committed, seconds, (before, after), found)


def _summarize(
    transactions: int,
    committed: int,
    seconds: float,
    limits: tuple[float, float],
    found: dict[str, Any],
) -> SpineResult:
    limit = sum(limits) / 2
    rate = committed / seconds
    data = b"".join(data for data, _ in found["batches"])
    zeros = data.count(0)
    gas = 10 * zeros + 40 * (len(data) - zeros) + 21_000 * len(found["batches"])
    profile = {name: spent * 1e6 / committed for name, spent in found["spent"].items()}
    return SpineResult(
        transactions=transactions,
        committed=committed,
        committed_per_second=round(rate, 1),
        recover_per_second=round(limit, 1),
        recover_before=round(limits[0], 1),
        recover_after=round(limits[1], 1),
        ratio=round(rate / limit, 3),
        seconds=round(seconds, 3),
        bytes_per_transfer=round(len(data) / committed, 1),
        calldata_floor_gas_per_transfer=round(gas / committed, 1),
        root_us_per_transaction=round(profile["root"], 2),
        profile_us={name: round(spent, 2) for name, spent in profile.items()},
        batches=len(found["batches"]),
        blocks=found["blocks"],
        verifier_agrees=True,
    )


def _key(account: int) -> bytes:
    return account.to_bytes(32, "big")


def _sign_all(count: int, start_ms: int) -> list[bytes]:
    """Sign transfers around a ring of accounts, nonces in order within each account."""
    domain = domain_separator(CHAIN_ID, BRIDGE)
    bodies = []
    for number in range(count):
        sender = number % ACCOUNTS + 1
        nonce = start_ms + number // ACCOUNTS
        transaction = Transfer(sender, sender % ACCOUNTS + 1, 0, 1_000_000 + number, nonce)
        signature = sign(digest(domain, transaction), _key(sender))
        bodies.append(encode_record(SignedTransaction(transaction, signature)))
    return bodies


def _http(bodies: Sequence[bytes]) -> bytes:
    call = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "rollup_sendTransactions",
        "params": [["0x" + body.hex() for body in bodies]],
    }
    content = msgspec.json.encode(call)
    head = (
        "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


def _messages(start_ms: int) -> list[DelayedMessage]:
    return [
        DelayedMessage(
            int(MessageKind.DEPOSIT),
            address_of(_key(account)),
            start_ms // 1_000,
            encode_deposit(Deposit(account, address_of(_key(account)), 0, _FUNDS)),
        )
        for account in range(1, ACCOUNTS + 1)
    ]


async def _load(port: int, requests: Sequence[bytes]) -> int:
    """Send all requests over a few connections and count accepted transactions."""
    waiting = iter(requests)

    async def connection() -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 22)
        accepted = 0
        for request in waiting:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            accepted += (await reader.readexactly(length)).count(b'"sequence"')
        writer.close()
        return accepted

    return sum(await asyncio.gather(*(connection() for _ in range(CONNECTIONS))))


def _measure_recovery() -> float:
    """Return recoveries per second of two processes."""
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        pool.map(_recover_for, [0.05, 0.05], chunksize=1)  # warm
        return sum(pool.map(_recover_for, [RECOVER_SECONDS] * 2, chunksize=1))


def _recover_for(seconds: float) -> float:
    work = [(bytes([n + 1]) * 32, sign(bytes([n + 1]) * 32, _key(n + 1))) for n in range(50)]
    count = 0
    began = time.perf_counter()
    while (spent := time.perf_counter() - began) < seconds:
        for digest_, signature in work:
            recover(digest_, signature)
        count += len(work)
    return count / spent


def _receive(connection: Connection) -> Any:  # noqa: ANN401 - what the child sends
    if not connection.poll(120):
        raise DevnetError("the sequencer of the benchmark does not answer")
    return connection.recv()


def _serve(connection: Connection, folder: str, start_ms: int) -> None:
    """Run the sequencer of the benchmark."""
    import uvloop

    uvloop.run(_sequence(connection, Path(folder), start_ms))


async def _sequence(connection: Connection, folder: Path, start_ms: int) -> None:
    import gc

    from rollup_node.node.backend import SequencerBackend, Sync
    from rollup_node.node.sequencer import Sequencer
    from rollup_node.roles.sequencer import SequencerPolicy
    from rollup_node.rpc.server import RpcServer

    sequencer = Sequencer(
        log=folder / "input.log",
        key=_KEY,
        domain=domain_separator(CHAIN_ID, BRIDGE),
        policy=SequencerPolicy(110_000, 60_000, 1_000),
        clock=_Clock(),
        workers=2,
    )
    await sequencer.start()
    head = L1Block(1, bytes(32), bytes(32), start_ms // 1_000)
    await sequencer.on_l1(
        L1Update(
            head,
            reorg=False,
            kept_items=0,
            kept_messages=0,
            items=(),
            messages=tuple(_messages(start_ms)),
        )
    )
    config, rollup = _configs(folder)
    sync = Sync(head, head, 0, ready=True)
    server = RpcServer(SequencerBackend(config, rollup, lambda: sync, sequencer))
    port = await server.start("127.0.0.1", 0)
    spent: dict[str, float] = {}
    _time(spent, "root", sequencer.builder.state, "root")
    _time(spent, "execute, roots included", sequencer, "_execute")
    _time(spent, "log, in its thread", sequencer.log, "append")
    gc.collect()
    gc.freeze()
    cpu = time.process_time()
    connection.send(port)
    await asyncio.to_thread(connection.recv)
    await sequencer.cut_now()
    spent["sequencer process, all CPU"] = time.process_time() - cpu
    batches = [(b.data, b.delayed_count) for b in sequencer.batches(0, 1 << 30)]
    root = sequencer.builder.state.root()
    blocks = sequencer.builder.ledger.newest.number
    connection.send({"batches": batches, "root": root, "blocks": blocks})
    await asyncio.to_thread(connection.recv)
    await server.stop()
    await sequencer.stop()
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent["signer processes, all CPU"] = children.ru_utime + children.ru_stime
    connection.send({"spent": spent})


def _configs(folder: Path) -> tuple[NodeConfig, RollupConfig]:
    config = NodeConfig(
        name="bench",
        roles=("sequencer",),
        l1_url="",
        port=0,
        data_dir=folder,
        rollup=folder / "rollup.json",
    )
    zero = "0x" + "00" * 32
    rollup = RollupConfig(
        l1_chain_id=31337,
        l2_chain_id=CHAIN_ID,
        contracts={"bridge": "0x" + BRIDGE.hex()},
        assets=(),
        genesis=Genesis(0, zero, zero),
        config_hash=zero,
        parameters=Parameters(
            history_height=12,
            confirm_period_seconds=1,
            force_after_seconds=1,
            max_past_seconds=1,
            max_future_seconds=1,
            maturity_seconds=1,
            stake_wei=0,
        ),
    )
    return config, rollup


def _time(spent: dict[str, float], name: str, owner: object, method: str) -> None:
    """Add up the time that a method takes."""
    inner = getattr(owner, method)
    spent[name] = 0.0

    def timed(*args: object) -> object:
        began = time.perf_counter()
        try:
            return inner(*args)
        finally:
            spent[name] += time.perf_counter() - began

    setattr(owner, method, timed)


def _derive(batches: Sequence[tuple[bytes, int]], start_ms: int) -> bytes:
    """Execute batches from genesis, as a verifier does with items of L1; return the root."""
    machine = Machine(CHAIN_ID, BRIDGE)
    state = ChainState()
    messages = _messages(start_ms)
    consumed = 0
    for data, delayed in batches:
        header = ItemHeader(
            0, len(data), calldata_root(data), delayed, bytes(32), 0, start_ms // 1_000 + 3_600
        )
        machine.run_item(state, header, data, messages[consumed:delayed], segment_roots=False)
        consumed = delayed
    return state.root()
