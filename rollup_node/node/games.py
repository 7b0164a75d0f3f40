"""Answers what this node knows about contests: its own memory, and the journal of L1 when asked."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from rollup_node.derive.assertions import KnownAssertion
from rollup_node.l1.journal import JournalReader, L1Log, Sent
from rollup_node.node.claims import Claims, RightChild
from rollup_node.node.config import RollupConfig
from rollup_node.node.follow import L1Follower
from rollup_node.node.game_moves import Scope, select, tell_money, tell_moves
from rollup_node.node.game_view import NOTHING_TOLD, GameDesk, Told, to_hex
from rollup_node.node.replica import Replica
from rollup_node.node.step_words import Narrator
from rollup_node.proof.assertions import context
from rollup_node.proof.machine import Machine
from rollup_node.rpc.games import Dispute, Game, GameLine, Rules, StepWords

LiarOf = Callable[[bytes], Machine | None]
"""The machine behind a wrong claim, for those who made it; a node never knows one."""

_KEPT_SEGMENTS: Final = 64


def nobody_lies(_claim: bytes) -> Machine | None:
    """Know no machine behind any claim."""
    return None


@dataclass(frozen=True, slots=True)
class _Fork:
    """Leaf `segment` of the history of a wrong claim, and the state before it."""

    claim: bytes
    segment: int
    from_root: bytes
    claimed_root: bytes


@dataclass
class Games:
    """All contests that a node follows."""

    follower: L1Follower
    replica: Replica
    claims: Claims
    journal: JournalReader
    machine: Machine
    rollup: RollupConfig
    liar_of: LiarOf = nobody_lies
    _told: dict[tuple[bytes, int], tuple[tuple[StepWords, ...], int | None]] = field(
        default_factory=dict
    )

    def lines(self) -> list[GameLine]:
        """Return every contest with rivals in one line, in order of creation of the origins."""
        desk = self._desk()
        return [desk.line(origin) for origin in desk.origins()]

    async def show(self, origin: bytes) -> Game | None:
        """Return a whole contest, without claims if nobody made one; `None` without an origin.

        Raises
        ------
        TemporaryError
            If L1 does not answer.
        ReorgError
            If L1 changed while it was read.
        """
        tree = self.follower.tree
        children = tree.children(origin)
        if tree.get(origin) is None:
            return None
        desk = self._desk()
        if not children:
            return desk.game(origin, NOTHING_TOLD)
        scope = self._scope(origin, children, desk)
        first = children[0].l1_block
        logs = await self.journal.logs(first, desk.l1_block)
        chosen, book = select(logs, scope)
        hashes = list(dict.fromkeys(log.transaction for log in chosen))
        sent = await self.journal.sent(hashes)
        told = Told(
            moves=tell_moves(chosen, sent, scope),
            money=tell_money(chosen, book),
            disputes=tuple(self._disputes(origin, desk, chosen, sent)),
            made_in={
                log.arguments["id"]: log.transaction
                for log in chosen
                if log.name == "AssertionCreated"
            },
        )
        return desk.game(origin, told)

    def _desk(self) -> GameDesk:
        parameters = self.rollup.parameters
        checked = {found.assertion_id: found for found in self.claims.checked()}
        return GameDesk(
            tree=self.follower.tree,
            disputes=self.follower.disputes,
            checked=checked,
            rules=Rules(
                confirm_period_seconds=parameters.confirm_period_seconds,
                rival_delay_seconds=parameters.rival_delay_seconds,
                history_height=parameters.history_height,
                stake_wei=str(parameters.stake_wei),
            ),
            l1_block=self.follower.derivation.head.number,
            now=self.follower.derivation.head.timestamp,
        )

    def _scope(self, origin: bytes, children: Sequence[KnownAssertion], desk: GameDesk) -> Scope:
        made = children[0].created
        height = self.rollup.parameters.history_height
        edges = {desk.root_edge(child): (height, 0) for child in children}
        for edge in self.follower.disputes.edges(origin):
            edges[edge.id] = (edge.key.height, edge.key.index)
        parent = self.follower.tree.get(origin)
        start = parent.created.item if parent else 0
        items = self.follower.derivation.items[start : made.target]
        config = bytes.fromhex(self.rollup.config_hash.removeprefix("0x"))
        return Scope(
            origin=origin,
            claims={child.id for child in children},
            edges=edges,
            context=context(made.target, made.accumulator, config),
            blobs={digest for item in items for digest in item.blob_hashes},
            stake_wei=self.rollup.parameters.stake_wei,
        )

    def _disputes(
        self, origin: bytes, desk: GameDesk, logs: Sequence[L1Log], sent: Mapping[bytes, Sent]
    ) -> list[Dispute]:
        """Return where each wrong claim left the right history, as far as it is in the open."""
        parent = self.follower.tree.get(origin)
        right = None
        if parent is not None and desk.verdict(origin) == "right":
            right = self.claims.right_child(parent)
        forks = {} if right is None else self._open_leaves(right, desk)
        refuted = [log.transaction for log in logs if log.name == "AssertionRefuted"]
        for digest in refuted:
            if fork := self._refuted(sent[digest]):
                forks[fork.claim] = fork
        children = [child.id for child in self.follower.tree.children(origin)]
        found = sorted(forks.values(), key=lambda fork: children.index(fork.claim))
        return [self._dispute(fork, right) for fork in found]

    def _open_leaves(self, right: RightChild, desk: GameDesk) -> dict[bytes, _Fork]:
        """Return for each wrong claim its first leaf that bisection showed to be another one."""
        found: dict[bytes, _Fork] = {}
        leaves = [edge for edge in desk.edges(right.parent_id) if not edge.height and edge.rivals]
        wrong = {c.id for c in desk.claims(right.parent_id, {}) if c.verdict == "wrong"}
        for edge in sorted(leaves, key=lambda edge: edge.index):
            node = bytes.fromhex(edge.node[2:])
            if node == right.history.leaf(edge.index):
                continue
            before = self._leaf_before(right, edge.index)
            for claim in wrong.intersection(edge.claims):
                fork = _Fork(bytes.fromhex(claim[2:]), edge.index, before, node)
                found.setdefault(fork.claim, fork)
        return found

    def _refuted(self, sent: Sent) -> _Fork | None:
        """Return what a refutation showed; `None` if it came through another contract."""
        handle = self.journal.handle("challenge_game")
        for function in ("refute", "refuteWithRun"):
            arguments: tuple[Any, ...] | None = handle.decode_call(function, sent.data)
            if arguments is not None and sent.to == handle.address:
                claim, index, before, _, leaf, _ = arguments[0]
                return _Fork(claim, index, before if index else self._root_below(claim), leaf)
        return None

    def _root_below(self, claim: bytes) -> bytes:
        """Return the after state of the parent of a claim."""
        known = self.follower.tree.get(claim)
        parent = known and self.follower.tree.get(known.created.parent_id)
        return parent.created.after_state_root if parent else bytes(32)

    def _leaf_before(self, right: RightChild, index: int) -> bytes:
        if index:
            return right.history.leaf(index - 1)
        parent = self.follower.tree.get(right.parent_id)
        return parent.created.after_state_root if parent else bytes(32)

    def _dispute(self, fork: _Fork, right: RightChild | None) -> Dispute:
        known = right is not None and fork.from_root == self._leaf_before(right, fork.segment)
        expected = right.history.leaf(fork.segment) if right is not None and known else None
        real = right is not None and known and fork.segment < right.segments
        steps: tuple[StepWords, ...] = ()
        wrong = None
        if right is not None and real:
            steps, wrong = self._steps(fork, right.first_segment + fork.segment)
        return Dispute(
            claim=to_hex(fork.claim),
            segment=fork.segment,
            from_root=to_hex(fork.from_root),
            expected_root=None if expected is None else to_hex(expected),
            claimed_root=to_hex(fork.claimed_root),
            steps=steps,
            wrong_step=wrong,
            text=_sentence(fork, steps, wrong, known=known, real=real),
        )

    def _steps(self, fork: _Fork, segment: int) -> tuple[tuple[StepWords, ...], int | None]:
        """Return the steps of a segment in words; executed once per claim."""
        key = (fork.claim, segment)
        if key not in self._told:
            narrator = Narrator(self.machine, self.rollup.assets)
            while len(self._told) >= _KEPT_SEGMENTS:
                del self._told[next(iter(self._told))]
            liar = self.liar_of(fork.claim)
            self._told[key] = narrator.segment(self.replica, segment, liar)
        return self._told[key]


def _sentence(
    fork: _Fork, steps: Sequence[StepWords], wrong: int | None, *, known: bool, real: bool
) -> str:
    """Return a dispute in one sentence."""
    where = f"leaf {fork.segment} of its history"
    if not known:
        return f"{where} does not follow from the leaf before it, which is wrong itself"
    if not real:
        return f"{where} should repeat the finished state, and names another one"
    if wrong is None:
        count = f"one of the {len(steps)} steps" if len(steps) > 1 else "the step"
        return f"{where}: {count} between two known states is claimed to end elsewhere"
    step = steps[wrong]
    content = f" ({step.transaction})" if step.transaction else ""
    return f"{where}: step {step.step} of item {step.item}, {step.kind}{content}, was done wrong"
