"""Worker processes that decode transactions and recover their signers, in chunks, off the loop."""

import asyncio
import socket
import time
from collections.abc import Sequence
from typing import Any, Final, NamedTuple, cast, get_args

from tiny_keccak import keccak256

from rollup_node.codec import eip712
from rollup_node.codec.fields import SIGNATURE_BYTES
from rollup_node.codec.inner_signers import recover_inner
from rollup_node.codec.records import decode_record
from rollup_node.codec.signature import recover
from rollup_node.core.inputs import (
    ExecuteRfq,
    ForcedContent,
    Leg,
    MassQuote,
    OpenRecord,
    RfqLeg,
    RfqQuote,
    SignedContent,
    SignedTransaction,
    SurfaceReport,
)
from rollup_node.core.surface import SurfaceNode
from rollup_node.node.workers import Worker, answer_frames, start_worker
from rollup_node.ports import CriticalError
from rollup_node.rpc.backend import Body, Call
from rollup_node.rpc.errors import RpcError
from rollup_node.rpc.methods.orders import read_call

CHUNK: Final = 250
"""Bodies per frame: below, the cost of a frame shows; above, nothing is gained."""

_TYPES: Final[tuple[type, ...]] = (*eip712.SIGNED_TYPES, *get_args(OpenRecord))
_NUMBERS: Final = {kind: number for number, kind in enumerate(_TYPES)}
_IN_FLIGHT: Final = 2
_START_SECONDS: Final = 60

_new: Final = tuple.__new__
"""Makes a tuple without the constructor of its class, in half the time: for the hot path."""


class Recovered(NamedTuple):
    """A body as the sequencer executes it; `transaction` is `None` if it is undecodable.

    `signer` is who signed for an account, `None` if the signature is invalid; `signers` the same
    for each signature of a report. `refusal` says why a call asks for no record.
    """

    record_hash: bytes
    transaction: ForcedContent | None
    signer: bytes | None
    signers: tuple[bytes | None, ...] = ()
    body: bytes = b""
    refusal: RpcError | None = None


class _Signer(NamedTuple):
    """A worker, and whose turn it is to wait for its next answer."""

    worker: Worker
    turn: asyncio.Lock


class SignerPool:
    """A fixed number of processes; a worker that dies is replaced and its chunk done again.

    `cpu_seconds` adds up what they spent on decoding and recovery.
    """

    def __init__(self, domain: bytes, workers: int = 2) -> None:
        """Take the EIP-712 domain separator and the number of processes."""
        self._domain = domain
        self._count = workers
        self.cpu_seconds = 0.0
        self._free: asyncio.Queue[_Signer] = asyncio.Queue()
        self._signers: list[_Signer] = []
        self._replacing = asyncio.Lock()

    async def start(self) -> None:
        """Start the processes and wait until each has answered.

        Raises `CriticalError` if one does not answer in 20 seconds.
        """
        for _ in range(self._count):
            signer = await self._spawn()
            for _ in range(_IN_FLIGHT):
                self._free.put_nowait(signer)
        try:
            async with asyncio.timeout(_START_SECONDS):
                await asyncio.gather(*(self._ask(signer, []) for signer in self._signers))
        except (TimeoutError, OSError, asyncio.IncompleteReadError) as error:
            await self.stop()
            raise CriticalError("signer processes did not start") from error

    async def stop(self) -> None:
        """End the processes."""
        signers, self._signers = self._signers, []
        await asyncio.gather(*(signer.worker.stop() for signer in signers))

    async def recover(self, bodies: Sequence[Body]) -> list[Recovered]:
        """Decode bodies or calls and recover signers, all in one frame to one worker, in order.

        Raises `CriticalError` if workers die of this chunk twice.
        """
        signer = await self._free.get()
        try:
            for _ in range(2):
                try:
                    answer = await self._ask(signer, list(bodies))
                except (asyncio.IncompleteReadError, ConnectionError):
                    signer = await self._replace(signer)
                else:
                    return [unpack(body, row) for body, row in zip(bodies, answer, strict=True)]
        finally:
            self._free.put_nowait(signer)
        raise CriticalError(f"signer processes died twice of one chunk of {len(bodies)} bodies")

    async def _ask(self, signer: _Signer, bodies: list[Body]) -> list[tuple[Any, ...]]:
        signer.worker.send(bodies)
        async with signer.turn:  # fair: answers come in the order of the questions
            answer: list[tuple[Any, ...]]
            spent, answer = await signer.worker.receive()
            self.cpu_seconds += spent
            return answer

    async def _spawn(self) -> _Signer:
        signer = _Signer(await start_worker(_serve, self._domain), asyncio.Lock())
        self._signers.append(signer)
        return signer

    async def _replace(self, dead: _Signer) -> _Signer:
        """Return the worker that stands in for a dead one, starting it at most once."""
        async with self._replacing:
            if dead not in self._signers:
                return self._signers[-1]  # the newest one: somebody replaced the same worker
            self._signers.remove(dead)
            dead.worker.writer.close()
            return await self._spawn()


def unpack(asked: Body, row: tuple[Any, ...]) -> Recovered:
    """Return what a row of a worker's answer says of a body or call."""
    record_hash, index, fields, signer, signers, said = row
    if said is None:
        body = cast(bytes, asked)
    elif type(said) is bytes:
        body = said
    else:
        code, message, reason, field = said
        refusal = RpcError(code, message, reason=reason, field=field)
        return Recovered(b"", None, None, refusal=refusal)
    if index is None:
        return Recovered(record_hash, None, None, body=body)
    kind = _TYPES[index]
    if kind is MassQuote:
        account, key, max_fee, legs, nonce = fields
        fields = (account, key, max_fee, tuple([_new(Leg, leg) for leg in legs]), nonce)
    if kind is ExecuteRfq:
        fields = _unflatten(fields)
    if kind is SurfaceReport:
        fields = (*fields[:6], tuple(SurfaceNode(*node) for node in fields[6]), fields[7])
    row = (record_hash, _new(kind, fields), signer, signers, body, None)
    return _new(Recovered, row)


def recover_asked(domain: bytes, asked: Body) -> tuple[Any, ...]:
    """Return what `recover_one` finds, and of a call the body that it asks for, or the refusal."""
    if type(asked) is bytes:
        return *recover_one(domain, asked), None
    try:
        content, body = read_call(*cast(Call, asked))
    except RpcError as error:
        refusal = error.code, error.message, error.reason, error.field
        return b"", None, None, None, (), refusal
    record_hash, signature = keccak256(body), body[-SIGNATURE_BYTES:]
    return record_hash, *_recover_signed(domain, content, signature), body


def recover_one(domain: bytes, body: bytes) -> tuple[Any, ...]:
    """Return hash, type number, fields, signer and signers of a body as marshal can carry them."""
    record_hash = keccak256(body)
    record = decode_record(body)
    if isinstance(record, SignedTransaction):
        return record_hash, *_recover_signed(domain, *record)
    if not isinstance(record, OpenRecord):
        return record_hash, None, None, None, ()
    said = tuple(record)
    if isinstance(record, SurfaceReport):
        said = (*said[:6], tuple(map(tuple, record.nodes)), said[7])
    return record_hash, _NUMBERS[type(record)], said, None, recover_inner(domain, record)


def _recover_signed(domain: bytes, content: SignedContent, signature: bytes) -> tuple[Any, ...]:
    """Return type number, fields, signer and signers of what an account signed."""
    signer = recover(eip712.digest(domain, content), signature)
    fields: tuple[Any, ...] = tuple(content)
    signers: tuple[bytes | None, ...] = ()
    if isinstance(content, MassQuote):
        fields = (*fields[:3], tuple(map(tuple, content.legs)), fields[4])
    elif isinstance(content, ExecuteRfq):
        fields, signers = _flatten(content), recover_inner(domain, content)
    return _NUMBERS[type(content)], fields, signer, signers


def _flatten(record: ExecuteRfq) -> tuple[Any, ...]:
    """Return the fields of an execution as plain tuples."""
    *head, legs, nonce, signature = record.quote
    quote = (*head, tuple(map(tuple, legs)), nonce, signature)
    return *record[:4], quote, record.nonce


def _unflatten(fields: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the fields of an execution with the types that `_flatten` took off."""
    quote = RfqQuote(*fields[4])
    quote = quote._replace(legs=tuple(RfqLeg(*leg) for leg in quote.legs))
    return *fields[:4], quote, fields[5]


def _serve(connection: socket.socket, domain: bytes) -> None:
    """Recover chunks of bodies; each answer begins with the CPU time that it took."""

    def answer(bodies: list[Body]) -> tuple[float, list[tuple[Any, ...]]]:
        began = time.process_time()
        rows = [recover_asked(domain, body) for body in bodies]
        return time.process_time() - began, rows

    answer_frames(connection, answer)
