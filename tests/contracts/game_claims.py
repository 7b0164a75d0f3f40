"""The model of assertions: G-4 to G-8, D-6, D-10 (docs/spec.md)."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Self

from rollup_node.proof.assertions import assertion_id
from tests.contracts.game_edges import NO_PREFIX, Edges, Key, Mutual, require, root_of
from tests.contracts.game_state import (
    NO_ID,
    NOBODY,
    Assertion,
    Machine,
    Money,
    Rules,
    Service,
    Status,
)

LOST = (Status.REFUTED, Status.DEAD)


class Claims:
    """The state of a deployment, and what can be done with assertions and stakes."""

    def __init__(self, rules: Rules, machine: Machine, genesis_state: bytes, now: int) -> None:
        self.rules = rules
        self.machine = machine
        self.now = now
        self.inbox_count = 1
        self.exit_mode = False
        self.genesis = assertion_id(NO_ID, genesis_state, NO_ID)
        root = Assertion(
            parent=NO_ID,
            after=genesis_state,
            root=genesis_state,
            target=0,
            next_target=1,
            item=0,
            finished=True,
            created_at=now,
            status=Status.CONFIRMED,
            staker=NOBODY,
        )
        self.assertions = {self.genesis: root}
        self.latest_confirmed = self.genesis
        self.edges = Edges()
        self.staked_on: dict[str, bytes] = {}
        self.money = Money()
        self.purses: dict[str, int] = {}
        """What everybody has gained, in wei; negative if lost or locked."""
        self.table: dict[tuple[int, bytes, int], tuple[bytes, bool]] = {}
        self.claimed: set[tuple[Service, object]] = set()

    def copy(self) -> Self:
        """Return an independent state."""
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        other.assertions = self.assertions.copy()
        other.edges = self.edges.copy()
        other.staked_on = self.staked_on.copy()
        other.money = self.money.copy()
        other.purses = self.purses.copy()
        other.table = self.table.copy()
        other.claimed = self.claimed.copy()
        return other

    # -- time, inbox, exit mode

    def warp(self, seconds: int) -> None:
        """Let time pass."""
        self.now += seconds

    def add_item(self) -> None:
        """Let the inbox grow."""
        self.inbox_count += 1

    def enter_exit_mode(self) -> None:
        """E-2, as far as assertions are concerned."""
        self.exit_mode = True

    # -- views

    def known(self, id_: bytes) -> Assertion:
        """Return an assertion that exists."""
        require(id_ in self.assertions, "UnknownAssertion")
        return self.assertions[id_]

    def unlost(self, id_: bytes) -> Assertion:
        """Return an assertion that is not marked as lost."""
        node = self.known(id_)
        require(node.status not in LOST, "AssertionLost")
        return node

    def contestant(self, id_: bytes) -> Assertion:
        """Return a pending assertion of a contest that is open."""
        node = self.unlost(id_)
        require(node.status is Status.PENDING, "AlreadyConfirmed")
        require(self.assertions[node.parent].confirmed_child == NO_ID, "ParentClosed")
        return node

    def top(self, id_: bytes) -> Key:
        """Return the layer-zero edge of an assertion (D-1)."""
        node = self.assertions[id_]
        return Key(Mutual(node.parent, self.rules.height, 0, NO_PREFIX), node.root)

    def timer(self, key: Key) -> int:
        """D-5."""
        return self.edges.timer(key, self.now, self.rules.height)

    def live_own(self, id_: bytes) -> int:
        """D-6."""
        node = self.assertions[id_]
        live = self.assertions[node.parent].live if id_ != self.genesis else ()
        if not live or live[0] != id_:
            return 0
        end = self.assertions[live[1]].created_at if len(live) > 1 else self.now
        return end - node.created_at

    def is_confirmable(self, id_: bytes) -> bool:
        """D-10, the clocks alone."""
        period = self.rules.confirm_period_seconds
        return self.timer(self.top(id_)) >= period or self.live_own(id_) >= period

    # -- commands

    def create(
        self,
        who: str,
        parent: bytes,
        root: bytes,
        after: bytes,
        branch: Sequence[bytes],
        value: int,
    ) -> bytes:
        """G-5, G-8."""
        require(not self.exit_mode, "ExitModeActive")
        node = self.unlost(parent)
        require(node.confirmed_child == NO_ID, "ParentClosed")
        target = node.next_target
        require(self.inbox_count >= target, "TargetNotReached")
        id_ = assertion_id(parent, root, self.machine.accumulator(target))
        require(id_ not in self.assertions, "AssertionExists")
        require(len(branch) == self.rules.height, "BranchLengthMismatch")
        require(root_of(after, (1 << len(branch)) - 1, branch) == root, "HistoryMismatch")
        item, clean = self.machine.position(after)
        require(item < target or (item == target and clean), "CursorBeyondTarget")
        self._stake(who, parent, id_, value)
        finished = item == target
        next_target = max(self.inbox_count, target + 1) if finished else target
        self.assertions[id_] = Assertion(
            parent,
            after,
            root,
            target,
            next_target,
            item,
            finished,
            self.now,
            Status.PENDING,
            who,
        )
        self.assertions[parent] = replace(
            node, children=(*node.children, id_), live=(*node.live, id_)
        )
        return id_

    def _stake(self, who: str, parent: bytes, id_: bytes, value: int) -> None:
        latest = self.staked_on.get(who)
        require(value == (self.rules.stake_wei if latest is None else 0), "StakeMismatch")
        if latest not in (None, parent):
            require(self.assertions[latest].status is Status.CONFIRMED, "StakeElsewhere")
        self.money.received += value
        self.money.locked += value
        self.purses[who] = self.purses.get(who, 0) - value
        self.staked_on[who] = id_

    def advance_stake(self, who: str, child: bytes) -> None:
        """G-8: a stake moves down to a child, while neither is marked as lost."""
        require(who in self.staked_on, "NoStake")
        self.unlost(self.staked_on[who])
        node = self.unlost(child)
        require(node.parent == self.staked_on[who], "NotChildOfStake")
        self.staked_on[who] = child

    def mark_confirmable(self, id_: bytes) -> None:
        """D-10."""
        require(not self.exit_mode, "ExitModeActive")
        node = self.contestant(id_)
        require(not node.marked_at, "AlreadyConfirmable")
        require(self.is_confirmable(id_), "NotConfirmable")
        self.assertions[id_] = replace(node, marked_at=self.now)

    def confirm(self, id_: bytes) -> None:
        """D-10."""
        require(not self.exit_mode, "ExitModeActive")
        node = self.contestant(id_)
        parent = self.assertions[node.parent]
        require(parent.status is Status.CONFIRMED, "ParentNotConfirmed")
        if len(parent.children) == 1:
            is_due = self.live_own(id_) >= self.rules.confirm_period_seconds
            require(is_due, "ConfirmPeriodRunning")
        else:
            require(node.marked_at != 0, "AssertionRivaled")
            is_due = self.now >= node.marked_at + self.rules.rival_delay_seconds
            require(is_due, "RivalDelayRunning")
        self.assertions[id_] = replace(node, status=Status.CONFIRMED)
        closed = replace(parent, confirmed_child=id_, confirmed_at=self.now)
        self.assertions[node.parent] = closed
        self.latest_confirmed = id_
