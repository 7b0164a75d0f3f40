"""Honest play (docs/spec.md D-15) on the model: what to do in one contest, given what is seen."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from tests.contracts.game_edges import Key, Rejected
from tests.contracts.game_history import History
from tests.contracts.game_model import Game
from tests.contracts.game_state import NO_ID, NOBODY, Transition

Move = Callable[[Game], object]


@dataclass(frozen=True, slots=True)
class Honest:
    """An honest player of the contest of `origin`, who knows the right history.

    `published` holds the histories of rivals that anyone can read; the others are withheld and are
    known as far as their edges were bisected.
    """

    name: str
    origin: bytes
    right: History
    right_id: bytes
    published: Mapping[bytes, History]
    watches_the_dead: bool = True
    """Whether it minds clocks that run on edges of refuted claims; it loses if it does not."""
    steps: int = 1
    """Steps of a segment; 0 of a finished state."""

    def moves(self, seen: Game) -> Iterator[Move]:
        """D-15 (1) to (4), in this order, decided on the state that was seen."""
        contest = seen.assertions[self.origin]
        if contest.confirmed_child != NO_ID:
            return
        threats = [id_ for id_ in contest.live if id_ not in {self.right_id, *self.published}]
        is_running = self.watches_the_dead and self._has_edges(seen)
        if (threats or is_running) and self.right_id not in seen.assertions:
            yield self.assert_right
        if self.right_id in seen.assertions:
            yield from self._defend(seen, len(contest.live) > 1 or is_running)
        for id_ in contest.live:
            if id_ in self.published:
                yield self.refutation(id_, self.published[id_])
        if self.right_id in seen.assertions:
            yield self._update
            yield lambda game: game.mark_confirmable(self.right_id)
            yield lambda game: game.confirm(self.right_id)

    def _has_edges(self, seen: Game) -> bool:
        return any(key.mutual.origin == self.origin for key in seen.edges.edges)

    def play(self, game: Game, seen: Game) -> None:
        """Make the moves; one that is rejected was made by somebody else, or comes too early."""
        for move in self.moves(seen):
            try:
                move(game)
            except Rejected:
                continue

    def assert_right(self, game: Game) -> None:
        value = 0 if self.name in game.staked_on else game.rules.stake_wei
        branch = self.right.branch(0, len(self.right.leaves) - 1)
        game.create(self.name, self.origin, self.right.root, self.right.leaves[-1], branch, value)

    def _defend(self, seen: Game, is_rivaled: bool) -> Iterator[Move]:
        height = self.right.height
        top = seen.top(self.right_id)
        if is_rivaled and top not in seen.edges.edges:
            halves = self.right.halves(height, 0)
            yield lambda game: game.bisect_assertion(self.name, self.right_id, *halves)
        for key, edge in seen.edges.edges.items():
            if self._is_mine(key) and edge.rivaled_at and edge.actor == NOBODY:
                yield self._answer(key)

    def _is_mine(self, key: Key) -> bool:
        _, height, index, _ = key.mutual
        return key == self.right.key(self.origin, height, index)

    def _answer(self, key: Key) -> Move:
        mutual = key.mutual
        if mutual.height:
            halves = self.right.halves(mutual.height, mutual.index)
            return lambda game: game.bisect(self.name, mutual, *halves)
        proof = self.right.leaf_proof(mutual.index)
        return lambda game: game.prove_one_step(
            self.name,
            mutual,
            key.node,
            proof,
            self.transition(game, mutual.index, self.right),
        )

    def transition(self, game: Game, index: int, history: History) -> Transition:
        """Bring the segment before leaf `index` into the proof table, and return what shows it."""
        contest = game.assertions[self.origin]
        before = history.leaves[index - 1] if index else contest.after
        if game.machine.position(before) == (contest.next_target, True):
            return Transition(0, finished=True)
        target = contest.next_target
        end, ended = game.machine.run(target, before, self.steps)
        game.record(target, before, self.steps, end, ended)
        return Transition(self.steps)

    def wrong_leaf(self, game: Game, history: History) -> int:
        """Return the first leaf that does not follow from the one before."""
        contest = game.assertions[self.origin]
        before = contest.after
        for index, leaf in enumerate(history.leaves):
            if game.machine.successor(contest.next_target, before) != leaf:
                return index
            before = leaf
        raise ValueError("this history is right")

    def refutation(self, id_: bytes, history: History) -> Move:
        def refute(game: Game) -> None:
            index = self.wrong_leaf(game, history)
            transition = self.transition(game, index, history)
            game.refute(self.name, id_, history.refutation(index), transition)

        return refute

    def _update(self, game: Game) -> None:
        update(game, self.origin, self.right)


def update(game: Game, origin: bytes, history: History) -> None:
    """Update all edges of a history, children first."""
    for height in range(1, history.height + 1):
        for index in range(len(history.levels[height])):
            key = history.key(origin, height, index)
            edge = game.edges.edges.get(key)
            if edge is not None and edge.actor != NOBODY:
                game.update_timers([(key.mutual, *history.halves(height, index))])
