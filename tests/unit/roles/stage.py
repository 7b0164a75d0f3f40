"""A contest on a stage: what L1 would have said, by hand, about histories of a toy machine."""

from collections.abc import Mapping, Sequence

from rollup_node.derive.assertions import AssertionTree, KnownAssertion
from rollup_node.derive.events import (
    AssertionConfirmable,
    AssertionConfirmed,
    AssertionCreated,
    AssertionDied,
    AssertionRefuted,
    ChainEvent,
    EdgeBisected,
    EdgeProven,
    EdgeTimerUpdated,
    L1Block,
    L1BlockEvents,
    Service,
    StakeMoved,
)
from rollup_node.proof.assertions import assertion_id
from rollup_node.proof.edges import edge_id
from rollup_node.proof.hashing import keccak
from rollup_node.proof.history import HistoryTree
from rollup_node.roles.challenger import ChallengerView
from rollup_node.roles.contest import (
    Contest,
    find_wrong_leaf,
    reveal_bisected,
    reveal_published,
)
from rollup_node.roles.disputes import Disputes
from rollup_node.roles.proposer import RightClaim

HEIGHT = 3
PERIOD = 1_000
DELAY = 100
STAKE_WEI = 3_000
OWN = b"\x01" * 20
MALLORY = b"\x66" * 20
SYBIL = b"\x67" * 20
ZERO = bytes(32)
TARIFFS = {
    Service.ASSERTION: 100,
    Service.BISECTION: 20,
    Service.ONE_STEP_PROOF: 90,
    Service.REFUTATION: 900,
    Service.SETTLEMENT: 15,
}
GENESIS = AssertionCreated(
    assertion_id=keccak(b"genesis"),
    parent_id=ZERO,
    after_state_root=keccak(b"state 0"),
    history_root=keccak(b"state 0"),
    accumulator=ZERO,
    target=0,
    next_target=1,
    item=0,
    finished=True,
    staker=bytes(20),
    created_at=0,
)


def root(label: object) -> bytes:
    """Return the state root that a label stands for."""
    return keccak(f"state {label}".encode())


def right_history(label: str = "") -> HistoryTree:
    """Return the history of six right segments, and the finished state repeated."""
    roots = [root(f"{label}{index + 1}") for index in range(6)]
    return HistoryTree(HEIGHT, roots, roots[-1])


def patched(history: HistoryTree, patches: Mapping[int, object]) -> HistoryTree:
    """Return a history with other leaves at some places."""
    leaves = [history.leaf(index) for index in range(1 << HEIGHT)]
    for index, label in patches.items():
        leaves[index] = root(label)
    return HistoryTree(HEIGHT, leaves, leaves[-1])


class Stage:
    """L1 as its events tell it; one block per call, at the time of the clock."""

    def __init__(self) -> None:
        self.tree = AssertionTree(GENESIS)
        self.disputes = Disputes(HEIGHT)
        self.now = 10_000
        self.number = 1

    def say(self, *events: ChainEvent) -> None:
        """Have L1 say something in a block of its own."""
        block = L1Block(self.number, bytes(32), bytes(32), self.now)
        for book in (self.tree, self.disputes):
            book.advance(L1BlockEvents(block, events))
        self.number += 1

    def make(
        self, parent: bytes, history: HistoryTree, staker: bytes, *, stake: bool = True
    ) -> KnownAssertion:
        """Create an assertion."""
        created = AssertionCreated(
            assertion_id=name(parent, history),
            parent_id=parent,
            after_state_root=history.last_leaf,
            history_root=history.root,
            accumulator=ZERO,
            target=1,
            next_target=2,
            item=1,
            finished=True,
            staker=staker,
            created_at=self.now,
        )
        self.say(created, *([StakeMoved(staker, created.assertion_id)] if stake else []))
        known = self.tree.get(created.assertion_id)
        assert known is not None
        return known

    def bisect(
        self, origin: bytes, history: HistoryTree, height: int, index: int, actor: bytes
    ) -> None:
        """Reveal the halves of a node."""
        edge = edge_id(history.edge(origin, height, index))
        pair = (history.node(height - 1, 2 * index), history.node(height - 1, 2 * index + 1))
        self.say(EdgeBisected(edge, actor, *pair))

    def dissect(self, origin: bytes, history: HistoryTree, leaf: int, actor: bytes) -> None:
        """Reveal everything on the way to a leaf that is not revealed."""
        for height in range(HEIGHT, 0, -1):
            known = self.disputes.edge(edge_id(history.edge(origin, height, leaf >> height)))
            if known is None or not known.bisected:
                self.bisect(origin, history, height, leaf >> height, actor)

    def prove(self, origin: bytes, history: HistoryTree, leaf: int, actor: bytes) -> None:
        """Prove a leaf."""
        self.say(EdgeProven(edge_id(history.edge(origin, 0, leaf)), actor))

    def update(self, edge: bytes, inherited: int) -> None:
        """Have an edge inherit."""
        self.say(EdgeTimerUpdated(edge, inherited))

    def refute(self, assertion: bytes, refuter: bytes) -> None:
        """Kill an assertion."""
        self.say(AssertionRefuted(assertion, refuter))

    def mark(self, assertion: bytes) -> None:
        """Mark an assertion."""
        self.say(AssertionConfirmable(assertion, self.now))

    def confirm(self, assertion: bytes) -> None:
        """Confirm an assertion."""
        self.say(AssertionConfirmed(assertion))

    def settle(self, assertion: bytes, dead_root: bytes) -> None:
        """Settle an assertion."""
        self.say(AssertionDied(assertion, dead_root))

    def contest(
        self,
        origin: bytes,
        right: HistoryTree,
        published: Sequence[HistoryTree] = (),
        transactions: int = 1,
    ) -> Contest:
        """Return the contest as a node sees it that knows some published histories."""
        right_id = name(origin, right)
        plans = {tree.root: reveal_published(tree) for tree in published}
        children = tuple(self.tree.children(origin))
        leaves = {}
        for child in children:
            history_root = child.created.history_root
            reveal = plans.get(history_root, reveal_bisected(self.disputes))
            leaf = find_wrong_leaf(origin, right, history_root, reveal)
            if child.id != right_id and leaf is not None:
                leaves[child.id] = leaf
        claim = None if self.tree.get(right_id) else claim_of(origin, right)
        counts = {leaf.index: transactions for leaf in leaves.values()}
        return Contest(origin, right, right_id, claim, children, leaves, counts)

    def view(self, *contests: Contest, branch: Sequence[bytes] = ()) -> ChallengerView:
        """Return what a challenger sees whose right branch goes from genesis to `branch`."""
        ids = [GENESIS.assertion_id, *branch]
        return ChallengerView(
            l1_time=self.now,
            history_height=HEIGHT,
            confirm_period_seconds=PERIOD,
            rival_delay_seconds=DELAY,
            stake_wei=STAKE_WEI,
            tariffs=TARIFFS,
            tree=self.tree,
            disputes=self.disputes,
            branch=[known for wanted in ids if (known := self.tree.get(wanted)) is not None],
            contests=[
                contest
                for contest in contests
                if contest.live_wrong or self.disputes.edges(contest.origin)
            ],
            own=OWN,
        )


def name(parent: bytes, history: HistoryTree) -> bytes:
    """Return the id of a child of `parent`."""
    return assertion_id(parent, history.root, ZERO)


def claim_of(parent: bytes, history: HistoryTree) -> RightClaim:
    """Return a right claim with nothing in it that a role reads, but for its names."""
    return RightClaim(
        assertion_id=name(parent, history),
        parent_id=parent,
        target=1,
        history_root=history.root,
        after_state_root=history.last_leaf,
        last_leaf_branch=(),
        cursor=b"",
        cursor_branch=(),
        segment_roots=(),
        finished=True,
    )
