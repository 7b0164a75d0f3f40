"""Why D-15 minds the edges of refuted claims: the clocks of edges run on when their claims die.

A liar makes two claims that differ in the last leaf alone, bisects both down to it, and refutes
both there, in one transaction. No wrong claim lives, and the left half, whose inside nobody has
seen, is alone. T later a third claim shares it, proves another last leaf, and is confirmable at
once. Nobody can refute it within G: the fault lies in the half that stays withheld.
"""

import pytest

from tests.contracts.game_chain import START_AT, Chain
from tests.contracts.game_edges import NO_PREFIX, Rejected
from tests.contracts.game_history import History
from tests.contracts.game_model import Game
from tests.contracts.game_observe import differences
from tests.contracts.game_state import Rules, Status, Transition
from tests.contracts.game_toy import SEGMENT_STEPS, ToyMachine

RULES = Rules(2, 60, 10, 3 * 10**18, 30 * 10**9)
T, G, LAST = RULES.confirm_period_seconds, RULES.rival_delay_seconds, 3


class Duel:
    """Model and contracts, to which the same commands are given; both must stay equal."""

    def __init__(self) -> None:
        self.chain = Chain(RULES, 5, ("honest", "liar", "sock", "heir"))
        machine: ToyMachine = self.chain.machine
        self.game = Game(RULES, machine, machine.genesis, START_AT)
        self.origin = self.game.genesis
        self.right = History(machine.right(machine.genesis, 1, 4))
        self.heir = machine.poisoned(machine.genesis, 1, 4, 0, 7)
        shared = self.heir.leaves[:LAST]
        self.decoys = [
            History([*shared, machine.corrupt(self.heir.leaves[LAST], salt)]) for salt in (1, 2)
        ]

    def do(self, command: str, *arguments: object) -> None:
        """Give a command to both."""
        self.game = self.game.after(command, *arguments)
        getattr(self.chain, command)(*arguments)
        assert not list(differences(self.game, self.chain))

    def claim(self, who: str, history: History) -> bytes:
        """Assert a history."""
        last, branch = history.leaves[LAST], history.branch(0, LAST)
        self.do("create", who, self.origin, history.root, last, branch, RULES.stake_wei)
        return self.game.assertions[self.origin].children[-1]

    def bisect(self, who: str, history: History, height: int, index: int) -> None:
        """Bisect an edge of a history below its top."""
        key = history.key(self.origin, height, index)
        self.do("bisect", who, key.mutual, *history.halves(height, index))

    def leave_decoys(self) -> None:
        """Make two claims, bisect them to the last leaf, and refute both there."""
        ids = [self.claim(*pair) for pair in zip(("liar", "sock"), self.decoys, strict=True)]
        for id_, history in zip(ids, self.decoys, strict=True):
            self.do("bisect_assertion", "liar", id_, *history.halves(2, 0))
        for history in self.decoys:
            self.bisect("liar", history, 1, 1)
        before = self.heir.leaves[LAST - 1]
        end, ended = self.game.machine.run(1, before, SEGMENT_STEPS)
        self.do("record", 1, before, SEGMENT_STEPS, end, ended)
        for id_, history in zip(ids, self.decoys, strict=True):
            self.do("refute", "liar", id_, history.refutation(LAST), Transition(SEGMENT_STEPS))
        assert self.game.assertions[self.origin].live == ()

    def inherit(self) -> bytes:
        """Make the claim that shares all but the last leaf, and take over what has aged."""
        id_ = self.claim("heir", self.heir)
        self.do("bisect_assertion", "heir", id_, *self.heir.halves(2, 0))
        self.bisect("heir", self.heir, 1, 1)
        key, proof = self.heir.key(self.origin, 0, LAST), self.heir.leaf_proof(LAST)
        done = Transition(SEGMENT_STEPS)
        self.do("prove_one_step", "heir", key.mutual, key.node, proof, done)
        for height, index in ((1, 1), (2, 0)):
            place = self.heir.key(self.origin, height, index).mutual
            self.do("update_timers", [(place, *self.heir.halves(height, index))])
        return id_


def test_decoy_edges_left_alone_age_for_the_next_lie() -> None:
    """A right claim that is there, but was not bisected, does not stop the clock of the half."""
    duel = Duel()
    duel.leave_decoys()
    duel.do("warp", 5)
    right = duel.claim("honest", duel.right)
    duel.do("warp", T - 5)
    lie = duel.inherit()
    assert duel.game.timer(duel.game.top(lie)) == T > duel.game.live_own(right) == T - 5
    duel.do("mark_confirmable", lie)
    duel.do("bisect_assertion", "honest", right, *duel.right.halves(2, 0))
    duel.do("warp", G)
    duel.do("confirm", lie)
    assert duel.game.assertions[lie].status is Status.CONFIRMED


def test_decoy_edges_answered_at_once_gain_nothing() -> None:
    """D-15: the half of the right history rivals that of the lie, and its clock stands still."""
    duel = Duel()
    duel.leave_decoys()
    duel.do("warp", 5)
    right = duel.claim("honest", duel.right)
    duel.do("bisect_assertion", "honest", right, *duel.right.halves(2, 0))
    duel.bisect("honest", duel.right, 1, 0)
    duel.do("warp", T - 5)
    lie = duel.inherit()
    assert duel.game.timer(duel.game.top(lie)) == 5
    with pytest.raises(Rejected, match="NotConfirmable"):
        duel.do("mark_confirmable", lie)
    duel.do("warp", 5)
    halves = duel.right.halves(1, 0)
    whole = duel.right.key(duel.origin, 2, 0).mutual
    left = duel.right.key(duel.origin, 1, 0).mutual
    assert whole.prefix == NO_PREFIX
    duel.do("update_timers", [(left, *halves), (whole, *duel.right.halves(2, 0))])
    duel.do("mark_confirmable", right)
    duel.do("warp", G)
    duel.do("confirm", right)
    assert duel.game.latest_confirmed == right
