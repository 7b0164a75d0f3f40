"""Worker processes that decode transactions and recover their signers, in chunks, off the loop.

Threads would do for libsecp256k1 alone, but beside a busy Python thread each call then waits for
the interpreter lock. A chunk travels as one frame `length u32 ‖ marshal` over a socket pair.
"""

import asyncio
import marshal
import multiprocessing
import signal
import socket
import time
from collections.abc import Sequence
from multiprocessing.process import BaseProcess
from struct import Struct
from typing import Any, Final, NamedTuple, get_args

from tiny_keccak import keccak256

from rollup_node.codec import eip712
from rollup_node.codec.records import decode_record
from rollup_node.codec.signature import recover
from rollup_node.core.inputs import (
    ForcedContent,
    ForwardReport,
    Leg,
    MassQuote,
    OpenRecord,
    PriceReport,
    Report,
    SettlementPrice,
    SignedTransaction,
)
from rollup_node.ports import CriticalError

CHUNK: Final = 250
"""Bodies per frame: below, the cost of a frame shows; above, nothing is gained."""

_LENGTH: Final = Struct(">I")
_TYPES: Final[tuple[type, ...]] = (*eip712.SIGNED_TYPES, *get_args(OpenRecord))
_NUMBERS: Final = {kind: number for number, kind in enumerate(_TYPES)}
_REPORTS: Final = (PriceReport, ForwardReport, SettlementPrice)
_IN_FLIGHT: Final = 2
_START_SECONDS: Final = 20


class Recovered(NamedTuple):
    """A body as the sequencer executes it; `transaction` is `None` if it is undecodable.

    `signer` is who signed for an account, `None` if the signature is invalid; `signers` the same
    for each signature of a report.
    """

    record_hash: bytes
    transaction: ForcedContent | None
    signer: bytes | None
    signers: tuple[bytes | None, ...] = ()


class _Worker:
    """One process with its end of the socket pair."""

    def __init__(
        self, process: BaseProcess, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.process = process
        self.reader = reader
        self.writer = writer
        self.turn = asyncio.Lock()


class SignerPool:
    """A fixed number of processes; a worker that dies is replaced and its chunk done again.

    `cpu_seconds` adds up what they spent on decoding and recovery.
    """

    def __init__(self, domain: bytes, workers: int = 2) -> None:
        """Take the EIP-712 domain separator and the number of processes."""
        self._domain = domain
        self._count = workers
        self.cpu_seconds = 0.0
        self._free: asyncio.Queue[_Worker] = asyncio.Queue()
        self._workers: list[_Worker] = []
        self._replacing = asyncio.Lock()

    async def start(self) -> None:
        """Start the processes and wait until each has answered.

        Raises `CriticalError` if one does not answer in 20 seconds.
        """
        for _ in range(self._count):
            worker = await self._spawn()
            for _ in range(_IN_FLIGHT):
                self._free.put_nowait(worker)
        try:
            async with asyncio.timeout(_START_SECONDS):
                await asyncio.gather(*(self._ask(worker, []) for worker in self._workers))
        except (TimeoutError, OSError, asyncio.IncompleteReadError) as error:
            await self.stop()
            raise CriticalError("signer processes did not start") from error

    async def stop(self) -> None:
        """End the processes."""
        workers, self._workers = self._workers, []
        for worker in workers:
            worker.writer.close()
        for worker in workers:
            await asyncio.to_thread(worker.process.join, 2)
            if worker.process.is_alive():
                worker.process.kill()
                await asyncio.to_thread(worker.process.join)

    async def recover(self, bodies: Sequence[bytes]) -> list[Recovered]:
        """Decode bodies and recover signers, all in one frame to one worker, in order.

        Raises `CriticalError` if workers die of this chunk twice.
        """
        worker = await self._free.get()
        try:
            for _ in range(2):
                try:
                    answer = await self._ask(worker, list(bodies))
                except (asyncio.IncompleteReadError, ConnectionError):
                    worker = await self._replace(worker)
                else:
                    return [unpack(row) for row in answer]
        finally:
            self._free.put_nowait(worker)
        raise CriticalError(f"signer processes died twice of one chunk of {len(bodies)} bodies")

    async def _ask(self, worker: _Worker, bodies: list[bytes]) -> list[tuple[Any, ...]]:
        frame = marshal.dumps(bodies)
        worker.writer.write(_LENGTH.pack(len(frame)) + frame)
        async with worker.turn:  # fair: answers come in the order of the questions
            (length,) = _LENGTH.unpack(await worker.reader.readexactly(_LENGTH.size))
            answer: list[tuple[Any, ...]]
            spent, answer = marshal.loads(  # noqa: S302 - from our own child
                await worker.reader.readexactly(length)
            )
            self.cpu_seconds += spent
            return answer

    async def _spawn(self) -> _Worker:
        ours, theirs = socket.socketpair()
        context = multiprocessing.get_context("spawn")
        process = context.Process(target=_serve, args=(theirs, self._domain), daemon=True)
        await asyncio.to_thread(process.start)
        theirs.close()
        reader, writer = await asyncio.open_connection(sock=ours, limit=1 << 22)
        worker = _Worker(process, reader, writer)
        self._workers.append(worker)
        return worker

    async def _replace(self, dead: _Worker) -> _Worker:
        """Return the worker that stands in for a dead one, starting it at most once."""
        async with self._replacing:
            if dead not in self._workers:
                return self._workers[-1]  # the newest one: somebody replaced the same worker
            self._workers.remove(dead)
            dead.writer.close()
            return await self._spawn()


def unpack(row: tuple[Any, ...]) -> Recovered:
    """Return what a row of a worker's answer says."""
    record_hash, index, fields, signer, signers = row
    if index is None:
        return Recovered(record_hash, None, None)
    kind = _TYPES[index]
    if kind is MassQuote:
        account, key, max_fee, legs, nonce = fields
        fields = (account, key, max_fee, tuple(Leg(*leg) for leg in legs), nonce)
    return Recovered(record_hash, kind(*fields), signer, signers)


def recover_one(domain: bytes, body: bytes) -> tuple[Any, ...]:
    """Return hash, type number, fields, signer and signers of a body as marshal can carry them."""
    record_hash = keccak256(body)
    record = decode_record(body)
    if isinstance(record, SignedTransaction):
        transaction, signature = record
        signer = recover(eip712.digest(domain, transaction), signature)
        fields = tuple(transaction)
        if isinstance(transaction, MassQuote):
            fields = (*fields[:3], tuple(map(tuple, transaction.legs)), fields[4])
        return record_hash, _NUMBERS[type(transaction)], fields, signer, ()
    if not isinstance(record, OpenRecord):
        return record_hash, None, None, None, ()
    signers = recover_report(domain, record) if isinstance(record, _REPORTS) else ()
    return record_hash, _NUMBERS[type(record)], tuple(record), None, signers


def recover_report(domain: bytes, report: Report) -> tuple[bytes | None, ...]:
    """Return who made each signature of a report, `None` where one is invalid."""
    signed = eip712.report_digest(domain, report)
    return tuple(recover(signed, signature) for signature in report.signatures)


def _serve(connection: socket.socket, domain: bytes) -> None:
    """Answer frames until the other end closes. Ctrl-C is the parent's business."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with connection, connection.makefile("rb") as stream:
        while len(head := stream.read(_LENGTH.size)) == _LENGTH.size:
            bodies = marshal.loads(stream.read(*_LENGTH.unpack(head)))  # noqa: S302 - our parent
            began = time.process_time()
            rows = [recover_one(domain, body) for body in bodies]
            frame = marshal.dumps((time.process_time() - began, rows))
            connection.sendall(_LENGTH.pack(len(frame)) + frame)
