"""Who makes the state roots of blocks: the state itself, or a process that keeps its tree.

Nothing waits for the root of a block: its records are confirmed as soon as they are on disk. So the
sequencer's tree is in a process of its own, which is told what each block changed, and users never
stand behind a thousand hashes.
"""

import asyncio
import socket
import time
from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any, Final, NamedTuple, Protocol

from rollup_node.codec.leaves import encode_leaf
from rollup_node.core.layout import LeafKey
from rollup_node.node.workers import Worker, answer_frames, start_worker
from rollup_node.ports import CriticalError
from rollup_node.proof.chain_state import ChainState
from rollup_node.proof.state_tree import StateTree

_PART: Final = 10_000
"""Leaves in one frame while a whole state is handed over."""
_START_SECONDS: Final = 60
_BUFFER_BYTES: Final = 8 << 20

_Values = Sequence[tuple[LeafKey, bytes]]


class Proof(NamedTuple):
    """A leaf under a state root: its bytes and its siblings, from the leaf upwards."""

    root: bytes
    value: bytes
    branch: Sequence[bytes]


class Roots(Protocol):
    """Makes roots in the order in which they are asked for."""

    seconds: float
    """CPU time that it took so far."""

    def begin(self, state: ChainState) -> None:
        """Go on from a whole state."""

    def ask(self, state: ChainState, tell: Callable[[bytes], None]) -> None:
        """Have `tell` called, now or later, with the root of the state as it is now."""

    async def prove(self, state: ChainState, key: LeafKey, mark: int | None) -> Proof:
        """Prove a leaf in the state as it is now, or at the moment of a mark.

        Raises `KeyError` if the mark is not kept.
        """

    async def settle(self) -> None:
        """Wait until every root that was asked for is told."""


class OwnRoots:
    """The tree of the state itself: every root is told at once."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def begin(self, state: ChainState) -> None:
        """Do nothing: a state comes with its tree."""

    def ask(self, state: ChainState, tell: Callable[[bytes], None]) -> None:
        """Tell the root."""
        began = time.thread_time()
        root = state.root()
        self.seconds += time.thread_time() - began
        tell(root)

    async def prove(self, state: ChainState, key: LeafKey, mark: int | None) -> Proof:
        """Prove a leaf."""
        if mark is None:
            return Proof(state.root(), state.value(key), state.branch(key))
        return Proof(*state.branch_at(mark, key))

    async def settle(self) -> None:
        """Do nothing: nothing is left to tell."""


class TreeProcess:
    """The tree of one state at a time, in a process of its own.

    If the process dies, `failed` is told once and no root comes any more: the node has to begin
    anew, which builds the tree again.
    """

    def __init__(self, failed: Callable[[CriticalError], None]) -> None:
        self.seconds = 0.0
        self._failed = failed
        self._asked: deque[asyncio.Future[Any]] = deque()
        self._worker: Worker | None = None
        self._listening: asyncio.Task[None] | None = None
        self._is_gone = False

    async def start(self) -> None:
        """Start the process and wait until it has answered.

        Raises `CriticalError` if it does not answer in time.
        """
        self._worker = await start_worker(_serve)
        self._worker.writer.transport.set_write_buffer_limits(_BUFFER_BYTES)
        self._listening = asyncio.create_task(self._listen(self._worker), name="tree")
        try:
            async with asyncio.timeout(_START_SECONDS):
                await self.settle()
        except TimeoutError as error:
            await self.stop()
            raise CriticalError("the process of the state tree did not start") from error

    async def stop(self) -> None:
        """End the process; what was asked for and not told is told no more."""
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)
        if self._worker is not None:
            await self._worker.stop()
            self._is_gone = True

    def begin(self, state: ChainState) -> None:
        """Take the tree of a state: all its leaves are sent."""
        self._ask("begin")
        leaves = state.hand_over()
        while part := list(islice(leaves, _PART)):
            self._ask("put", part)

    def ask(self, state: ChainState, tell: Callable[[bytes], None]) -> None:
        """Send what changed since the root before; `tell` is called when the answer comes."""

        def told(answer: asyncio.Future[Any]) -> None:
            if answer.exception() is None:
                tell(answer.result())

        self._ask("root", state.take_changes()).add_done_callback(told)

    async def prove(self, state: ChainState, key: LeafKey, mark: int | None) -> Proof:
        """Prove a leaf; the tree goes back to the mark and comes again.

        Raises `CriticalError` if the process is gone.
        """
        before = {} if mark is None else state.changes_at(mark)
        old = {k: b"" if leaf is None else encode_leaf(leaf) for k, leaf in before.items()}
        new = [(k, state.value(k)) for k in before]
        value = old.get(key, state.value(key))
        asked = self._ask("prove", state.take_changes(), list(old.items()), new, key)
        root, branch = await asked
        return Proof(root, value, branch)

    async def settle(self) -> None:
        """Wait until every root that was asked for is told.

        Raises `CriticalError` if the process is gone.
        """
        await self._ask("put", [])

    async def has_room(self) -> None:
        """Wait while the process is far behind."""
        if self._worker is not None and not self._is_gone:
            await self._worker.writer.drain()

    def _ask(self, *question: object) -> asyncio.Future[Any]:
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        answer.add_done_callback(asyncio.Future.exception)  # whoever does not wait need not know
        self._asked.append(answer)
        if self._worker is None or self._is_gone:
            self._give_up()
        else:
            self._worker.send(question)
        return answer

    def _give_up(self) -> None:
        while self._asked:
            self._asked.popleft().set_exception(CriticalError("the process of the tree is gone"))

    async def _listen(self, worker: Worker) -> None:
        try:
            while True:
                spent, content = await worker.receive()
                self.seconds += spent
                answer = self._asked.popleft()
                if not answer.done():
                    answer.set_result(content)
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            self._is_gone = True
            failure = CriticalError("the process of the state tree died")
            failure.__cause__ = error
            self._failed(failure)
        finally:
            self._give_up()


def _serve(connection: socket.socket) -> None:
    """Keep a tree; each answer begins with the CPU time that it took."""
    tree = StateTree()

    def answer(question: tuple[Any, ...]) -> tuple[float, object]:
        nonlocal tree
        began = time.process_time()
        what, *content = question
        told: object = None
        if what == "begin":
            tree = StateTree()
        elif what == "prove":
            told = _prove(tree, *content)
        else:
            tree.put_all(*content)
            told = tree.root() if what == "root" else None
        return time.process_time() - began, told

    answer_frames(connection, answer)


def _prove(
    tree: StateTree, changes: _Values, old: _Values, new: _Values, key: LeafKey
) -> tuple[bytes, list[bytes]]:
    """Return root and siblings of a leaf while the tree has old values."""
    tree.put_all(changes)
    tree.put_all(old)
    proof = tree.root(), tree.branch(key)
    tree.put_all(new)
    return proof
