"""From a frame to its answer: decodes, charges, calls; order entry goes to the sequencer in groups.

No task per message: a frame is answered where it is read, or it joins the group that is submitted
when the socket has nothing more to read at once. A group is one call of the sequencer.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import msgspec

from rollup_node.ports import Clock, InputError, TemporaryError
from rollup_node.rpc.backend import Backend, Submitted
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
from rollup_node.rpc.trading_codes import translate
from rollup_node.rpc.trading_table import TRADING, Cost, Submission, at_fault

GROUP: Final = 250
"""Requests per call of the sequencer: what one worker recovers at a time."""

_logger = logging.getLogger(__name__)
_encode: Final = msgspec.json.Encoder().encode
_NO_PARAMS: Final = msgspec.Raw(b"{}")


class Request(msgspec.Struct):
    """What every request has; parameters are decoded by their method."""

    method: str
    id: int | float | str
    jsonrpc: str = "2.0"
    params: msgspec.Raw = _NO_PARAMS


Id = int | float | str | None


class _Result(msgspec.Struct, rename="camel", gc=False):
    jsonrpc: str
    id: Id
    result: Any
    us_in: int
    us_out: int
    us_diff: int
    testnet: bool = True


class _Error(msgspec.Struct, rename="camel", gc=False):
    jsonrpc: str
    id: Id
    error: dict[str, Any]
    us_in: int
    us_out: int
    us_diff: int
    testnet: bool = True


class _Waiting(NamedTuple):
    request_id: Id
    submission: Submission
    began_ns: int


_decode_request: Final = msgspec.json.Decoder(Request).decode
_decode_any: Final = msgspec.json.Decoder().decode


class Gateway:
    """Answers all sessions of one node."""

    def __init__(
        self,
        backend: Backend,
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
        self._stages = stages or StageClock()
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
        """Publish what channels have gathered, and let hearts beat; called every 100 ms."""
        self.desk.hub.flush()
        now_ms = self._clock.monotonic_ms()
        for session in list(self.sessions):
            session.tick(now_ms)

    async def stop(self) -> None:
        """Wait for what was submitted."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def take(self, session: Session, frame: str | bytes) -> None:
        """Take one frame of a WebSocket; its answer goes to the outbox now or later."""
        began_ns = time.time_ns()
        self._stages.begin()
        request_id, answer = self._call(session, frame)
        if isinstance(answer, Submission):
            session.in_flight += 1
            session.waiting.append(_Waiting(request_id, answer, began_ns))
            if len(session.waiting) >= GROUP:
                self._submit(session)
            elif len(session.waiting) == 1:
                asyncio.get_running_loop().call_soon(self._submit, session)
        else:
            session.outbox.put(self._format(request_id, answer, began_ns, time.time_ns()))
            self._check_outbox(session)
            after, session.after = session.after, []
            for step in after:
                step()
        self._stages.end("ingress")

    async def answer(self, session: Session, body: str | bytes) -> bytes:
        """Answer one request over HTTP."""
        began_ns = time.time_ns()
        self._stages.begin()
        request_id, answer = self._call(session, body)
        self._stages.end("ingress")
        return await self._answer(request_id, answer, began_ns)

    async def answer_query(self, session: Session, method: str, query: dict[str, Any]) -> bytes:
        """Answer a GET request: the method is the path, its parameters are the query."""
        began_ns = time.time_ns()
        answer = self._guard(self._run_query, session, method, query)
        return await self._answer(None, answer, began_ns)

    async def _answer(self, request_id: Id, answer: Any, began_ns: int) -> bytes:
        if isinstance(answer, Submission):
            (answer,) = await self._settle([_Waiting(request_id, answer, began_ns)])
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

    def _submit(self, session: Session) -> None:
        waiting, session.waiting = session.waiting, []
        if waiting:
            self._start(self._send(session, waiting))

    def _start(self, work: Any) -> None:
        task: asyncio.Task[None] = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _send(self, session: Session, waiting: list[_Waiting]) -> None:
        answers = await self._settle(waiting)
        ended_ns = time.time_ns()
        for (request_id, _, began_ns), answer in zip(waiting, answers, strict=True):
            session.outbox.put(self._format(request_id, answer, began_ns, ended_ns))
        self._check_outbox(session)
        self._stages.end("reply")
        session.in_flight -= len(waiting)
        session.room.set()

    async def _settle(self, waiting: list[_Waiting]) -> list[Any]:
        """Submit a group in order and return one answer each."""
        self._stages.begin()
        bodies = [body for one in waiting for body in one.submission.bodies]
        try:
            submitted = await self._backend.submit(bodies)
        except RpcError as error:
            failure = translate(error)
            return [failure for _ in waiting]
        except Exception:
            _logger.exception("submission failed")
            failure = RpcError(INTERNAL_ERROR, "internal error", reason="INTERNAL")
            return [failure for _ in waiting]
        finally:
            self._stages.begin()
        return self._divide(waiting, submitted)

    def _divide(self, waiting: list[_Waiting], submitted: Submitted) -> list[Any]:
        statuses, confirmation = submitted
        answers = []
        at = 0
        for _, (bodies, finish, _), _ in waiting:
            part = statuses[at : at + len(bodies)]
            at += len(bodies)
            try:
                answers.append(finish(part, confirmation))
            except RpcError as error:
                answers.append(error)
            except Exception:
                _logger.exception("an answer could not be made")
                answers.append(RpcError(INTERNAL_ERROR, "internal error", reason="INTERNAL"))
        return answers

    async def _speak_for(self, session: Session) -> None:
        """Submit what a session wanted to be sent when it is gone."""
        try:
            await self._backend.submit(session.last_words)
        except RpcError as error:
            _logger.warning("cancel on disconnect was not taken: %s", error)

    def _check_outbox(self, session: Session) -> None:
        if session.outbox.size_bytes > self.limits.slow_bytes:
            session.give_way()

    def _format(self, request_id: Id, answer: Any, began_ns: int, ended_ns: int) -> bytes:
        began, ended = began_ns // 1_000, ended_ns // 1_000
        times = began, ended, ended - began
        if isinstance(answer, RpcError):
            self.errors += 1
            return _encode(_Error("2.0", request_id, answer.to_object(), *times))
        return _encode(_Result("2.0", request_id, answer, *times))


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
