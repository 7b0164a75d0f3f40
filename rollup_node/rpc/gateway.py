"""From a frame to its answer: decodes, charges, calls; order entry goes to the sequencer in groups.

No task per message: a frame is answered where it is read, or it joins the group that goes to the
sequencer at once if none did in the last two milliseconds, else when those are over. A group is of
all connections, and each of its records is answered when it is durable, whatever the others wait
for.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from rollup_node.ports import Clock, InputError, TemporaryError
from rollup_node.rpc.answers import encode_answer
from rollup_node.rpc.backend import Confirmation, TradingBackend, TransactionStatus
from rollup_node.rpc.errors import (
    INTERNAL_ERROR,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    PARSE_ERROR,
    RpcError,
    invalid_params,
)
from rollup_node.rpc.limits import TradingLimits
from rollup_node.rpc.market_data import MarketData
from rollup_node.rpc.session import Desk, End, Session
from rollup_node.rpc.stages import StageClock
from rollup_node.rpc.structs import Id, Request
from rollup_node.rpc.trading_codes import translate
from rollup_node.rpc.trading_table import TRADING, Cost, Submission, at_fault

GROUP: Final = 250
"""Requests per call of the sequencer: what one worker recovers at a time."""
_PACE_SECONDS: Final = 0.002
"""From one group to the next: it has its price, in wake-ups and frames, however small it is."""
_MEASURED: Final = 16
"""One of so many frames is measured: reading the clock twice takes a sixth of the time of one."""

_logger = logging.getLogger(__name__)


class _Waiting(NamedTuple):
    session: Session
    request_id: Id
    submission: Submission
    began_ns: int


_new: Final = tuple.__new__
"""Makes a tuple without the constructor of its class, in half the time: for the hot path."""

_decode_request: Final = msgspec.json.Decoder(Request).decode
_decode_any: Final = msgspec.json.Decoder().decode


class Gateway:
    """Answers all sessions of one node."""

    def __init__(
        self,
        backend: TradingBackend,
        market: MarketData,
        clock: Clock,
        limits: TradingLimits | None = None,
        stages: StageClock | None = None,
    ) -> None:
        self.limits = limits or TradingLimits()
        self.desk = Desk(backend, market, self.limits, clock)
        self.sessions: set[Session] = set()
        self.requests = 0
        self.errors = 0
        self._backend, self._clock = backend, clock
        self.stages = stages or StageClock()
        self._waiting: list[_Waiting] = []
        self._next_at = 0.0
        self._unanswered = 0
        self._is_idle = asyncio.Event()
        self._is_idle.set()
        self._tasks: set[asyncio.Task[None]] = set()

    def open(self, address: str, end: End) -> Session:
        """Begin the session of a WebSocket."""
        session = Session(self.desk, address, end)
        self.sessions.add(session)
        return session

    def close(self, session: Session) -> None:
        """End the session of a WebSocket that is gone, and send what it left behind."""
        self.sessions.discard(session)
        session.leave()
        if session.last_words:
            self._start(self._speak_for(session))

    def tick(self) -> None:
        """Publish what was gathered, end what is over, let hearts beat; called every 100 ms."""
        self.desk.hub.flush()
        self.desk.rfqs.tick()
        now_ms = self._clock.monotonic_ms()
        for session in list(self.sessions):
            session.tick(now_ms)

    async def stop(self) -> None:
        """Wait for what was submitted."""
        self._submit()
        await self._is_idle.wait()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def take(self, session: Session, frame: str | bytes) -> None:
        """Take one frame of a WebSocket; its answer goes to the outbox now or later."""
        began_ns = time.time_ns()
        is_measured = self.requests % _MEASURED == 0
        if is_measured:
            self.stages.begin()
        request_id, answer = self._call(session, frame)
        if isinstance(answer, Submission):
            session.in_flight += 1
            self._waiting.append(_new(_Waiting, (session, request_id, answer, began_ns)))
            if len(self._waiting) >= GROUP:
                self._submit()
            elif len(self._waiting) == 1:
                loop = asyncio.get_running_loop()
                loop.call_later(max(self._next_at - loop.time(), 0), self._submit)
        else:
            session.outbox.put(self._format(request_id, answer, began_ns, time.time_ns()))
            self._check_outbox(session)
            after, session.after = session.after, []
            for step in after:
                step()
        if is_measured:
            self.stages.end("ingress", _MEASURED)

    async def answer(self, session: Session, body: str | bytes) -> bytes:
        """Answer one request over HTTP."""
        began_ns = time.time_ns()
        self.stages.begin()
        request_id, answer = self._call(session, body)
        self.stages.end("ingress")
        return await self._answer(request_id, answer, began_ns)

    async def answer_query(self, session: Session, method: str, query: dict[str, Any]) -> bytes:
        """Answer a GET request: the method is the path, its parameters are the query."""
        began_ns = time.time_ns()
        answer = self._guard(self._run_query, session, method, query)
        return await self._answer(None, answer, began_ns)

    async def _answer(self, request_id: Id, answer: Any, began_ns: int) -> bytes:
        if isinstance(answer, Submission):
            answer = await self._settle(answer)
        return self._format(request_id, answer, began_ns, time.time_ns())

    def _call(self, session: Session, frame: str | bytes) -> tuple[Id, Any]:
        """Return the id of a request and its result, its error, or what to submit for it."""
        self.requests += 1
        try:
            request = _decode_request(frame)
        except msgspec.ValidationError as error:
            refusal = at_fault(error, "request", INVALID_REQUEST, "INVALID_REQUEST")
            return _find_id(frame), refusal
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            return None, RpcError(PARSE_ERROR, f"not JSON: {str(error)[:200]}")
        return request.id, self._guard(self._run, session, request)

    def _run(self, session: Session, request: Request) -> Any:
        if request.jsonrpc != "2.0":
            raise RpcError(INVALID_REQUEST, 'jsonrpc is not "2.0"', field="jsonrpc")
        method = TRADING.methods.get(request.method)
        if method is None:
            raise _no_method(request.method)
        if method.cost is Cost.READ:
            session.charge_read()
        if method.finish is not None:
            credits_due = 1 if method.credits_of is None else method.credits_of(request.params)
            session.charge_matching(credits_due)
            finish = session.finishes.get(request.method)
            if finish is None:
                finish = session.finishes[request.method] = method.finish(session)
            return _new(Submission, ((request.method, bytes(request.params)), finish, 1))
        result = method.handler(session, *method.bind(request.params))
        if isinstance(result, Submission):
            session.charge_matching(result.credits)
        return result

    def _run_query(self, session: Session, name: str, query: dict[str, Any]) -> Any:
        self.requests += 1
        method = TRADING.methods.get(name)
        if method is None:
            raise _no_method(name)
        session.charge_read()
        result = method.handler(session, *method.bind_query(query))
        if isinstance(result, Submission):
            session.charge_matching(result.credits)
        return result

    @staticmethod
    def _guard(call: Callable[..., Any], *arguments: Any) -> Any:
        """Return what a call returns, or the error to answer with."""
        try:
            return call(*arguments)
        except RpcError as error:
            return error
        except InputError as error:
            return invalid_params(str(error))
        except TemporaryError as error:
            return RpcError(INTERNAL_ERROR, str(error), reason="TEMPORARY")
        except Exception:
            _logger.exception("a trading method failed")
            return RpcError(INTERNAL_ERROR, "internal error", reason="INTERNAL")

    def _submit(self) -> None:
        """Hand what waits to the sequencer, as one group."""
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        self.stages.begin()
        self._next_at = asyncio.get_running_loop().time() + _PACE_SECONDS
        self._unanswered += len(waiting)
        self._is_idle.clear()
        group = _Group(self, waiting)
        try:
            self._backend.enter([one.submission.body for one in waiting], group)
        except RpcError as error:
            group.refuse(error)
        self.stages.end("ingress")

    def answer_all(self, answers: Sequence[tuple[_Waiting, Any]]) -> None:
        """Answer requests of a group."""
        sessions: dict[Session, int] = {}
        ended_ns = time.time_ns()
        for (session, request_id, _, began_ns), answer in answers:
            session.outbox.put(self._format(request_id, answer, began_ns, ended_ns))
            sessions[session] = sessions.get(session, 0) + 1
        for session, count in sessions.items():
            self._check_outbox(session)
            session.in_flight -= count
            session.room.set()
        self._unanswered -= len(answers)
        if not self._unanswered:
            self._is_idle.set()

    def finish(
        self, submission: Submission, status: TransactionStatus, confirmation: Confirmation | None
    ) -> Any:
        """Return the result of a record, or the error to answer with."""
        if status.refusal is not None:
            return status.refusal
        try:
            return submission.finish(status, confirmation)
        except RpcError as error:
            return error
        except Exception:
            _logger.exception("an answer could not be made")
            return RpcError(INTERNAL_ERROR, "internal error", reason="INTERNAL")

    async def _settle(self, submission: Submission) -> Any:
        """Submit one record and return its result, or the error to answer with."""
        try:
            (status,), confirmation = await self._backend.submit([submission.body])
        except RpcError as error:
            return translate(error)
        return self.finish(submission, status, confirmation)

    def _start(self, work: Any) -> None:
        task: asyncio.Task[None] = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _speak_for(self, session: Session) -> None:
        """Submit what a session wanted to be sent when it is gone, after all that it sent."""
        self._submit()
        try:
            await self._backend.submit(session.last_words)
        except RpcError as error:
            _logger.warning("cancel on disconnect was not taken: %s", error)

    def _check_outbox(self, session: Session) -> None:
        if session.outbox.size_bytes > self.limits.slow_bytes:
            session.give_way()

    def _format(self, request_id: Id, answer: Any, began_ns: int, ended_ns: int) -> bytes:
        self.errors += isinstance(answer, RpcError)
        return encode_answer(request_id, answer, began_ns, ended_ns)


class _Group:
    """The asker of one group: answers each record as it is told of it."""

    def __init__(self, gateway: Gateway, waiting: Sequence[_Waiting]) -> None:
        self._gateway = gateway
        self._waiting: list[_Waiting | None] = list(waiting)

    def tell(
        self, told: Sequence[tuple[int, TransactionStatus]], confirmation: Confirmation | None
    ) -> None:
        """Answer records that are durable or rejected."""
        stages, finish = self._gateway.stages, self._gateway.finish
        stages.begin()
        answers = []
        for place, status in told:
            one, self._waiting[place] = self._waiting[place], None
            if one is not None:
                answers.append((one, finish(one.submission, status, confirmation)))
        self._gateway.answer_all(answers)
        stages.end("reply")

    def refuse(self, failure: RpcError) -> None:
        """Answer all that were not told of with a failure."""
        left, self._waiting = [one for one in self._waiting if one is not None], []
        error = translate(failure)
        self._gateway.answer_all([(one, error) for one in left])


def _no_method(name: str) -> RpcError:
    text = f"no such method: {name[:80]!r}"
    return RpcError(METHOD_NOT_FOUND, text, reason="METHOD_NOT_FOUND", field="method")


def _find_id(frame: str | bytes) -> Id:
    """Return the id of what is JSON but not a request, `None` if it has none."""
    try:
        value = _decode_any(frame)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    found = value.get("id") if isinstance(value, dict) else None
    if isinstance(found, str | int | float) and not isinstance(found, bool):
        return found
    return None
