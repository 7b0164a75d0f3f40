"""A model of the challenge game, written from docs/spec.md G-4 to G-8 and D-1 to D-13.

It knows nothing of the contracts: `after` returns the state after a command, or raises `Rejected`
with the name of the custom error. (A command called by itself changes the state in place, and may
leave it half changed if it is rejected.) Where the rules leave open which of two errors comes
first, the order is that of the contracts. Ids of assertions and nodes of histories are real
hashes; edges are their coordinates, people are names. This file has the money, D-11 to D-13.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Self

from tests.contracts.game_court import Court
from tests.contracts.game_edges import NO_PREFIX, Key, Mutual, extend, require, root_of
from tests.contracts.game_state import NO_ID, NOBODY, Service, Status


class Game(Court):
    """One deployment: assertions, edges, proof table, money, and the clock."""

    def after(self, command: str, *arguments: object) -> Self:
        """Return the state after a command; this one stays as it is."""
        state = self.copy()
        getattr(state, command)(*arguments)
        return state

    # -- settlement

    def settle(self, who: str, ids: Sequence[bytes], stakers: Sequence[str]) -> None:
        """D-11."""
        for id_ in ids:
            self._bury(id_)
        for staker in stakers:
            self._seize(who, staker)

    def _bury(self, id_: bytes) -> None:
        node = self.known(id_)
        if node.status is Status.DEAD:
            return
        parent = self.assertions.get(node.parent)
        if parent is not None and parent.status is Status.DEAD:
            dead_root = parent.dead_root
        else:
            require(self.is_dead_root(id_), "NotLost")
            dead_root = id_
        self.assertions[id_] = replace(node, status=Status.DEAD, dead_root=dead_root)

    def is_dead_root(self, id_: bytes) -> bool:
        """Whether an assertion is lost while all above it is confirmed."""
        node = self.assertions[id_]
        parent = self.assertions.get(node.parent)
        if parent is None or parent.status is not Status.CONFIRMED:
            return False
        is_refuted = node.status in (Status.REFUTED, Status.DEAD)
        return is_refuted or parent.confirmed_child not in (NO_ID, id_)

    def dead_root(self, id_: bytes) -> bytes | None:
        """Return the topmost dead root at or above an assertion: what is lost under what stands."""
        found = None
        while id_ != self.genesis:
            if self.is_dead_root(id_):
                found = id_
            id_ = self.assertions[id_].parent
        return found

    def _seize(self, who: str, staker: str) -> None:
        latest = self.staked_on.get(staker)
        root = None if latest is None else self.dead_root(latest)
        if root is None:
            return
        del self.staked_on[staker]
        stake, reward = self.rules.stake_wei, self.rules.tariff(Service.SETTLEMENT)
        half = stake // 2
        self.money.locked -= stake
        self.money.burnt += half
        self.money.credit(who, reward)
        self.money.fill(self.assertions[root].parent, stake - half - reward)

    def withdraw_stake(self, who: str) -> None:
        """G-8: from a confirmed assertion; in exit mode also over what nobody refuted."""
        require(who in self.staked_on, "NoStake")
        id_ = self.staked_on[who]
        while self.assertions[id_].status is not Status.CONFIRMED:
            node = self.assertions[id_]
            is_undecided = self.assertions[node.parent].confirmed_child == NO_ID
            is_free = self.exit_mode and is_undecided and node.status is Status.PENDING
            require(is_free, "StakeLocked")
            id_ = node.parent
        del self.staked_on[who]
        self.money.locked -= self.rules.stake_wei
        self.money.credit(who, self.rules.stake_wei)

    def claim(self, who: str) -> None:
        """D-13."""
        require(self.money.owed.get(who, 0) != 0, "NothingToClaim")
        amount = self.money.owed.pop(who)
        self.money.paid += amount
        self.purses[who] = self.purses.get(who, 0) + amount

    # -- tariffs

    def _winner(self, origin: bytes) -> bytes:
        node = self.assertions.get(origin)
        require(node is not None and node.confirmed_child != NO_ID, "ContestOpen")
        assert node is not None
        return node.confirmed_child

    def _pay(self, contest: bytes, service: Service, of: object, to: str) -> None:
        due = self.rules.tariff(service)
        require(self.money.pots.get(contest, 0) >= due, "PotTooSmall")
        self.claimed.add((service, of))
        self.money.pots[contest] -= due
        self.money.credit(to, due)

    def claim_assertion(self, origin: bytes) -> None:
        """D-12: making the winner, if it had a rival."""
        winner = self._winner(origin)
        is_due = len(self.assertions[origin].children) > 1
        require(is_due and (Service.ASSERTION, origin) not in self.claimed, "NothingEarned")
        self._pay(origin, Service.ASSERTION, origin, self.assertions[winner].staker)

    def claim_bisection(
        self, origin: bytes, height: int, index: int, node: bytes, branch: Sequence[bytes]
    ) -> None:
        """D-12: a bisection of an edge on the winner's history."""
        require(0 < height <= self.rules.height, "HeightOutOfRange")
        self._claim_edge(Service.BISECTION, self._on_winner(origin, height, index, node, branch))

    def claim_one_step_proof(
        self, origin: bytes, index: int, leaf: bytes, branch: Sequence[bytes]
    ) -> None:
        """D-12: a one-step proof on the winner's history."""
        self._claim_edge(Service.ONE_STEP_PROOF, self._on_winner(origin, 0, index, leaf, branch))

    def _on_winner(
        self, origin: bytes, height: int, index: int, node: bytes, branch: Sequence[bytes]
    ) -> Key:
        """Return the edge of a node of the winner's history; its prefix follows from the branch."""
        winner = self._winner(origin)
        levels = self.rules.height - height
        require(index < 1 << levels, "IndexOutOfRange")
        require(len(branch) == levels, "BranchLengthMismatch")
        require(root_of(node, index, branch) == self.assertions[winner].root, "LeafNotInHistory")
        prefix = NO_PREFIX
        for level in reversed(range(levels)):
            if index >> level & 1:
                prefix = extend(prefix, branch[level])
        return Key(Mutual(origin, height, index, prefix), node)

    def _claim_edge(self, service: Service, key: Key) -> None:
        edge = self.edges.edges.get(key)
        is_due = edge is not None and edge.actor != NOBODY
        require(is_due, "NothingEarned")
        assert edge is not None
        self._pay(key.mutual.origin, service, key, edge.actor)
        # Whoever was paid is forgotten: that is how an edge remembers it.
        self.edges.edges[key] = replace(edge, actor=NOBODY)

    def claim_refutation(self, id_: bytes) -> None:
        """D-12: killing a rival of the winner."""
        node = self.known(id_)
        self._winner(node.parent)
        is_due = node.refuter != NOBODY and (Service.REFUTATION, id_) not in self.claimed
        require(is_due, "NothingEarned")
        self._pay(node.parent, Service.REFUTATION, id_, node.refuter)

    def close_contest(self, origin: bytes) -> None:
        """D-12: burn what nobody earned, T after the end."""
        self._winner(origin)
        end = self.assertions[origin].confirmed_at
        is_due = self.now >= end + self.rules.confirm_period_seconds
        require(is_due, "ClaimPeriodRunning")
        self.money.burnt += self.money.pots.pop(origin, 0)
