"""`strikenet bench l1`: the same trades on the rollup and on a plain Solidity order book.

A trade is two orders: a maker that rests and a taker that crosses it. The plain book runs on an
anvil of its own, once with a block for every transaction, once with full blocks; the rollup runs as
a whole devnet, and its gas is what L1 charged for the batches.
"""

import asyncio
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from eth_abi.abi import encode

from rollup_node.devnet import supervisor
from rollup_node.devnet.audit import wait_agreement
from rollup_node.devnet.bench_flow import NEAR_TICKS, PAIR_LOTS, Flow
from rollup_node.devnet.bench_load import sign_requests
from rollup_node.devnet.bench_orders import (
    CATCH_UP_SECONDS,
    CONNECTIONS,
    IN_FLIGHT,
    count_answers,
    port_of,
)
from rollup_node.devnet.bench_parties import open_accounts, open_books
from rollup_node.devnet.bench_socket import drive
from rollup_node.devnet.failure import DevnetError
from rollup_node.devnet.manifest import Manifest
from rollup_node.devnet.rundir import RunDir
from rollup_node.devnet.session import Session
from rollup_node.l1.anvil import BLOCK_GAS_LIMIT, AnvilOptions, AnvilProcess
from rollup_node.l1.client import JsonRpcClient
from rollup_node.l1.compiler import compile_project
from rollup_node.l1.project import CONTRACTS_DIR, read_project
from rollup_node.l1.toolchain import Tool
from rollup_node.proof.hashing import keccak

SOURCE: Final = "test/bench/PlainBook.sol"
PEOPLE: Final = 40
"""Half of them make, half of them take."""

_MIDDLE: Final = 60_000
_PLACE_GAS: Final = 200_000
_CREATE_GAS: Final = 5_000_000
_FUNDS_USDC: Final = 10**13
_PER_BLOCK: Final = BLOCK_GAS_LIMIT // (2 * _PLACE_GAS)
"""Trades per full block."""
_MINED_SECONDS: Final = 30
_POLL_SECONDS: Final = 0.001
_GAS_PRICE: Final = hex(10**10)
_MAX_FEE: Final = {"maxFeePerGas": _GAS_PRICE, "maxPriorityFeePerGas": "0x1"}

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class PlainResult:
    """The plain book: trades per second in two ways of mining, and gas per trade."""

    trades: int
    block_per_transaction_per_second: float
    full_blocks_per_second: float
    gas_per_trade: float


@dataclass(frozen=True, slots=True)
class RollupResult:
    """The rollup: trades per second to soft confirmation, and gas of its batches per trade."""

    trades: int
    orders: int
    trades_per_second: float
    gas_per_trade: float


@dataclass(frozen=True, slots=True)
class L1Result:
    """Both, and how many times better the rollup is than full blocks."""

    plain: PlainResult
    rollup: RollupResult
    faster: float
    cheaper: float

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return asdict(self)


def run_bench(manifest: Manifest, anvil: Tool, trades: int, tell: Tell) -> L1Result:
    """Trade `trades` times on both, one after the other.

    Raises
    ------
    DevnetError
        If an order is refused or a trade is missing.
    """
    tell(f"trading {trades:,} times on a plain order book on L1")
    plain = asyncio.run(_trade_plain(Path(anvil.path), trades))
    with tempfile.TemporaryDirectory(prefix="strikenet-bench-") as folder:
        run_dir = RunDir(Path(folder) / "run")
        with supervisor.running(run_dir, manifest, anvil, tell):
            rollup = _trade_rollup(Session(run_dir), trades, tell)
    faster = rollup.trades_per_second / plain.full_blocks_per_second
    cheaper = plain.gas_per_trade / rollup.gas_per_trade
    return L1Result(plain, rollup, round(faster, 1), round(cheaper, 1))


def _trade_rollup(session: Session, trades: int, tell: Tell) -> RollupResult:
    numbers, books = open_accounts(session, PEOPLE), open_books(session)
    flow = Flow(numbers, books, session.l1_time() * 1_000 + PEOPLE, seed=1)
    requests = sign_requests(flow.pairs(trades), session.domain, CONNECTIONS)
    wait_agreement(session, CATCH_UP_SECONDS)
    first = int(session.inbox.call("count"))
    tell(f"trading {trades:,} times on the rollup")
    began, answers = drive(port_of(session), requests, CONNECTIONS, IN_FLIGHT)
    seconds = answers[-1].at - began
    committed, refused, fills = count_answers(answers)
    if refused or not fills:
        raise DevnetError(f"{fills} fills, refused: {dict(refused)}")
    wait_agreement(session, CATCH_UP_SECONDS)
    gas = 0
    for batch in session.inbox.all_events("BatchPosted"):
        if batch["index"] >= first:
            receipt = session.l1.call("eth_getTransactionReceipt", batch["hash"])
            gas += int(receipt["gasUsed"], 16)
    return RollupResult(fills, committed, round(fills / seconds, 1), round(gas / fills, 1))


async def _trade_plain(anvil: Path, trades: int) -> PlainResult:
    bytecode = await asyncio.to_thread(_compile)
    with tempfile.TemporaryDirectory(prefix="strikenet-bench-") as folder:
        options = AnvilOptions(binary=anvil)
        async with AnvilProcess(options, Path(folder) / "anvil.log") as process:
            client = JsonRpcClient(process.url)
            try:
                book = await _PlainBook.create(client, bytecode)
                slow, _ = await book.trade(min(trades, 500), 1)
                await process.set_automine(on=False)
                fast, gas = await book.trade(trades, _PER_BLOCK)
            finally:
                await client.close()
    return PlainResult(trades, round(slow, 1), round(fast, 1), round(gas, 1))


def _compile() -> str:
    """Return the bytecode of the plain book, built with the settings of the rollup's contracts."""
    text = (CONTRACTS_DIR / SOURCE).read_text("utf-8")
    return compile_project(replace(read_project(), sources={SOURCE: text}))["PlainBook"].bytecode


class _PlainBook:
    """The contract on one anvil, and the nonces of who trades on it."""

    def __init__(self, client: JsonRpcClient, address: str, people: Sequence[str]) -> None:
        self._client, self._address, self._people = client, address, people
        self._nonces = dict.fromkeys(people, 0)

    @classmethod
    async def create(cls, client: JsonRpcClient, bytecode: str) -> "_PlainBook":
        """Create the contract and give everybody money."""
        people = (await client.call("eth_accounts"))[: PEOPLE + 1]
        data = "0x" + bytecode.removeprefix("0x")
        request = {"from": people[-1], "data": data, "gas": hex(_CREATE_GAS), **_MAX_FEE}
        digest = await client.call("eth_sendTransaction", request)
        book = cls(client, "", people[:-1])
        await book._wait_mined(digest)
        receipt = await client.call("eth_getTransactionReceipt", digest)
        book._address = receipt["contractAddress"]
        await book.fund()
        return book

    async def trade(self, trades: int, per_block: int) -> tuple[float, float]:
        """Make pairs of orders, so many to a block; return trades per second and gas of one.

        Raises
        ------
        DevnetError
            If a taker did not trade exactly once.
        """
        makers, takers = [], []
        for number in range(trades):
            sells, away = bool(number & 1), 1 + number % NEAR_TICKS
            tick = _MIDDLE + away if sells else _MIDDLE - away
            bound = _MIDDLE + NEAR_TICKS if sells else _MIDDLE - NEAR_TICKS
            maker, taker = (self._people[(2 * number + n) % PEOPLE] for n in range(2))
            makers.append((maker, _place(sells, tick, 0)))
            takers.append((taker, _place(not sells, bound, 1)))
        began = time.perf_counter()
        hashes: list[Any] = []
        for start in range(0, trades, per_block):
            end = start + per_block
            for part in (makers[start:end], takers[start:end]):  # a batch keeps no order within
                hashes += await self._send(part)
            if per_block > 1:
                await self._client.call("evm_mine")
        await self._wait_mined(hashes[-1])
        seconds = time.perf_counter() - began
        receipts = await self._receipts(hashes)
        traded = sum(len(receipt["logs"]) for receipt in receipts)
        if traded != trades:
            raise DevnetError(f"plain book: {traded} trades (expected) {trades}")
        return trades / seconds, sum(int(r["gasUsed"], 16) for r in receipts) / trades

    async def fund(self) -> None:
        """Give everybody money."""
        for who in self._people:
            (digest,) = await self._send([(who, _call("fund(uint64)", _FUNDS_USDC))])
            await self._wait_mined(digest)

    async def _send(self, calls: Sequence[tuple[str, str]]) -> list[Any]:
        return await self._client.batch(
            [("eth_sendTransaction", [self._request(*call)]) for call in calls]
        )

    async def _wait_mined(self, digest: str) -> None:
        """Wait until a transaction has a receipt, and so all that came before it."""
        async with asyncio.timeout(_MINED_SECONDS):
            while await self._client.call("eth_getTransactionReceipt", digest) is None:  # noqa: ASYNC110 - it is in another process
                await asyncio.sleep(_POLL_SECONDS)

    async def _receipts(self, hashes: Sequence[Any]) -> list[Any]:
        """Return the receipts of transactions that are mined.

        Raises
        ------
        DevnetError
            If one is not, or failed.
        """
        found = [("eth_getTransactionReceipt", [digest]) for digest in hashes]
        receipts = await self._client.batch(found)
        failed = sum(receipt is None or receipt["status"] != "0x1" for receipt in receipts)
        if failed:
            raise DevnetError(f"plain book: {failed} of {len(hashes)} transactions failed")
        return receipts

    def _request(self, who: str, data: str) -> dict[str, str]:
        nonce = self._nonces[who]
        self._nonces[who] = nonce + 1
        return {
            "from": who,
            "to": self._address,
            "data": data,
            "gas": hex(_PLACE_GAS),
            "nonce": hex(nonce),
            **_MAX_FEE,
        }


def _place(sells: object, tick: int, immediate: int) -> str:
    return _call("place(bool,uint24,uint32,bool)", sells, tick, PAIR_LOTS, bool(immediate))


def _call(signature: str, *arguments: object) -> str:
    types = signature.partition("(")[2].removesuffix(")").split(",")
    selector = keccak(signature.encode())[:4]
    return "0x" + (selector + encode(types, arguments)).hex()
