"""Moves that no honest node makes: refused claims, stolen proofs, copies, double collections.

Each is a player beside the honest ones of its party. What it sends is not tried first: L1 answers,
and the sender pays.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from rollup_node.codec.leaves import encode_leaf
from rollup_node.core.layout import CURSOR_KEY
from rollup_node.core.leaves import Cursor
from rollup_node.devnet.dispute_ledger import (
    HEAVY_GAS,
    REFUSAL_GAS,
    Journal,
    L1Call,
    LedgerSender,
)
from rollup_node.ports import L1Update
from rollup_node.proof.assertions import assertion_id
from rollup_node.proof.chain_state import ChainState
from rollup_node.proof.history import HistoryTree
from rollup_node.roles.proposer import RightClaim

When = Callable[[], Awaitable[bool]]
Calls = Callable[[], Awaitable[Sequence[L1Call]]]


@dataclass
class Trick:
    """A player that does something once, as soon as `when` says so."""

    sender: LedgerSender
    when: When
    done: bool = False

    def on_l1(self, update: L1Update) -> None:
        """Nothing to remember."""

    def status(self) -> dict[str, Any]:
        """Nothing to say."""
        return {}

    async def act(self) -> bool:
        """Do it if its moment has come."""
        if self.done or not await self.when():
            return False
        self.done = True
        await self.play()
        return True

    async def play(self) -> None:
        """Do it."""
        raise NotImplementedError


@dataclass
class SendAll(Trick):
    """Sends calls that are made up when the moment has come."""

    calls: Calls = field(kw_only=True)
    gas: int = field(default=REFUSAL_GAS, kw_only=True)

    async def play(self) -> None:
        """Send them one after another, refused or not."""
        for call in await self.calls():
            await self.sender.send_raw(call, self.gas)


@dataclass
class SendEach(Trick):
    """Does what it is given to do."""

    play_it: Callable[[], Awaitable[None]] = field(kw_only=True)

    async def play(self) -> None:
        """Do it."""
        await self.play_it()


@dataclass
class SendFresh:
    """Sends whatever calls come up, each once."""

    sender: LedgerSender
    calls: Calls
    sent: set[str] = field(default_factory=set)

    def on_l1(self, update: L1Update) -> None:
        """Nothing to remember."""

    def status(self) -> dict[str, Any]:
        """Nothing to say."""
        return {}

    async def act(self) -> bool:
        """Send what is new."""
        fresh = [call for call in await self.calls() if repr(call) not in self.sent]
        for call in fresh:
            self.sent.add(repr(call))
            await self.sender.send_raw(call, REFUSAL_GAS)
        return bool(fresh)


@dataclass
class CopyCat(Trick):
    """Copies every move of others after they made it."""

    journal: Journal = field(kw_only=True)
    victims: Sequence[str] = field(kw_only=True)
    copied: int = 0

    async def act(self) -> bool:
        """Copy what is new."""
        moves = [move for move in self.journal.of(self.victims) if not move.error]
        fresh, self.copied = moves[self.copied :], len(moves)
        for move in fresh:
            if move.call is not None:
                await self.sender.send_raw(move.call, HEAVY_GAS)
        return bool(fresh)


def create_call(
    parent: bytes,
    accumulator: bytes,
    history: HistoryTree,
    position_proof: bytes,
    value_wei: int,
) -> L1Call:
    """Return the call that claims a history below `parent`."""
    last = (1 << history.height) - 1
    made = assertion_id(parent, history.root, accumulator)
    fields = (
        parent,
        made,
        history.root,
        history.last_leaf,
        tuple(history.branch(last)),
        position_proof,
    )
    return L1Call("assertion_chain", "createAssertion", (fields,), value_wei)


def position_proof(claim: RightClaim) -> bytes:
    """Return the proof of where the last state of a claim stands."""
    return claim.cursor + b"".join(claim.cursor_branch)


def beyond(state: ChainState) -> tuple[bytes, bytes]:
    """Return the root of a state one item further than `state`, and the proof of its position."""
    cursor: Cursor = state.get(CURSOR_KEY)
    state.commit({CURSOR_KEY: cursor._replace(item=cursor.item + 1)})
    proof = encode_leaf(state.get(CURSOR_KEY)) + b"".join(state.branch(CURSOR_KEY))
    return state.root(), proof


def refute_padding(
    assertion: bytes, history: HistoryTree, index: int, finished_proof: bytes
) -> L1Call:
    """Return the call that kills an assertion by a false leaf after the finished state."""
    refutation = (
        assertion,
        index,
        history.leaf(index - 1),
        tuple(history.branch(index - 1)),
        history.leaf(index),
        tuple(history.branch(index)),
    )
    return L1Call("challenge_game", "refute", (refutation, (0, finished_proof)))
