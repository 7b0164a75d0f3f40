"""Every schedule of a bounded adversary against honest play, at unit time steps, on the model.

In each second the adversary makes any set of its moves, then the honest player answers what it
saw a second before, so each of its reactions costs one second. States are visited once.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import combinations

from rollup_node.proof.assertions import assertion_id
from tests.contracts.game_edges import Key, Rejected, require
from tests.contracts.game_history import History
from tests.contracts.game_honest import Honest, Move, update
from tests.contracts.game_model import Game
from tests.contracts.game_state import NO_ID, NOBODY, Rules, Status

ETHER = 10**18


class WrongWinnerError(AssertionError):
    """A wrong claim was confirmed."""


class DelayError(AssertionError):
    """The right claim waits longer than was promised."""


class Counter:
    """A machine that counts: state n follows n - 1, and is finished at `last`."""

    def __init__(self, last: int) -> None:
        self.last = last

    def position(self, state: bytes) -> tuple[int, bool]:
        """Return the items consumed; wrong states are where the right one would be."""
        return (1 if state[-1] >= self.last else 0), True

    def successor(self, target: int, state: bytes) -> bytes:
        """Return the state after the next segment. A wrong state stays wrong."""
        assert target == 1
        return state if state[-1] >= self.last else state[:-1] + bytes([state[-1] + 1])

    def run(self, target: int, state: bytes, steps: int) -> tuple[bytes, bool]:
        """Return the state after the next segment, which is one step."""
        assert steps == 1
        return self.successor(target, state), True

    def accumulator(self, target: int) -> bytes:
        """Return a stand-in: nothing depends on it."""
        return target.to_bytes(32, "big")


def state(number: int, fault: int = 0) -> bytes:
    """Return a state of the machine; a fault is another world."""
    return fault.to_bytes(31, "big") + bytes([number])


@dataclass
class Setting:
    """What the adversary may do, and what the honest player starts from."""

    height: int
    period_seconds: int
    delay_seconds: int
    liars: list[list[tuple[int, int]]]
    """Histories as (number, fault) of each leaf, in the order in which they may be created."""
    published: frozenset[int] = frozenset()
    right_first: bool = True
    """Whether the right child is there before the game begins."""
    can_refute: bool = True
    """Whether the adversary may refute its own claims."""
    last: int = 0
    """Where the machine finishes; beyond the history by default."""
    moves_at_once: int = 3
    decoys: tuple[int, int] | None = None
    """Two liars who only come together: made, bisected and refuted in one transaction."""
    watches_the_dead: bool = True
    """Whether the honest player minds clocks that run on edges of refuted claims."""
    asleep_seconds: int = 0
    """Until then the honest player does nothing."""


@dataclass
class Search:
    """The search through one setting."""

    setting: Setting
    worst_seconds: int = 0
    """The longest time that the right claim, once rivaled, has to wait."""
    worst: dict[object, int] = field(default_factory=dict)
    """The same for each state that was visited; -1 while it is being visited."""

    def __post_init__(self) -> None:
        setting = self.setting
        size = 1 << setting.height
        machine = Counter(setting.last or size + 1)
        rules = Rules(
            setting.height, setting.period_seconds, setting.delay_seconds, 3 * ETHER, 30 * 10**9
        )
        game = Game(rules, machine, state(0), 1)
        right, before = [], state(0)
        for _ in range(size):
            before = machine.successor(1, before)
            right.append(before)
        history = History(right)
        accumulator = machine.accumulator(1)
        self.liars = [History([state(*leaf) for leaf in leaves]) for leaves in setting.liars]
        ids = [_id(game, liar, accumulator) for liar in self.liars]
        self.ids = ids
        self.honest = Honest(
            "honest",
            game.genesis,
            history,
            _id(game, history, accumulator),
            {ids[k]: self.liars[k] for k in setting.published},
            watches_the_dead=setting.watches_the_dead,
        )
        assert self.honest.right_id not in ids
        if setting.right_first:
            self.honest.assert_right(game)
        self.start = game

    @property
    def bound_seconds(self) -> int:
        """2T + G, and one second for each of the honest moves on the longest path."""
        setting = self.setting
        slack = setting.height + 2
        return 2 * setting.period_seconds + setting.delay_seconds + slack

    def run(self) -> None:
        """Visit every state; fail with the schedule that breaks the promise."""
        self.worst_seconds = self._visit(self.start, ())

    def _visit(self, game: Game, path: tuple[object, ...]) -> int:
        """Return for how many seconds the adversary can keep the right claim waiting."""
        key = self._key(game)
        known = self.worst.get(key)
        if known is not None:
            if known < 0:
                raise DelayError(f"the contest never ends: {path}")
            return known
        self.worst[key] = -1
        longest = 0
        for name, moved in self._choices(game):
            step = (*path, (game.now, name)) if name else path
            if not name and self._is_idle(game):
                continue
            self._push(moved, step)
            if moved.now > self.setting.asleep_seconds:
                self.honest.play(moved, game)
            if moved.assertions[game.genesis].confirmed_child != NO_ID:
                continue
            is_waiting = self._is_waiting(moved)
            moved.warp(1)
            longest = max(longest, is_waiting + self._visit(moved, step))
            if longest > self.bound_seconds:
                raise DelayError(f"{longest} > {self.bound_seconds} seconds: {step}")
        self.worst[key] = longest
        return longest

    def _key(self, game: Game) -> object:
        """Return what matters for the future: ages instead of times, none beyond the period."""
        now, period = game.now, self.setting.period_seconds
        edges = frozenset(
            (
                key,
                bool(edge.rivaled_at),
                min((edge.rivaled_at or now) - edge.created_at, period),
                min(edge.inherited, period),
                edge.actor == NOBODY,
            )
            for key, edge in game.edges.edges.items()
        )
        contest = game.assertions[game.genesis]
        gaps, after = [], now
        for id_ in reversed(contest.live):
            created_at = game.assertions[id_].created_at
            gaps.append((id_, min(after - created_at, period)))
            after = created_at
        marks = frozenset(
            (id_, claim.marked_at and min(now - claim.marked_at + 1, period))
            for id_, claim in game.assertions.items()
            if id_ != game.genesis
        )
        asleep = max(self.setting.asleep_seconds - now, -1)
        return edges, tuple(gaps), marks, asleep

    def _is_waiting(self, game: Game) -> bool:
        """Whether the clock of the promise runs: the right claim is there, and had a rival."""
        is_there = self.honest.right_id in game.assertions
        return is_there and len(game.assertions[game.genesis].children) > 1

    def _is_idle(self, game: Game) -> bool:
        """Whether nothing will happen until somebody asserts something."""
        return not game.assertions[game.genesis].live and not self._is_running(game)

    def _is_running(self, game: Game) -> bool:
        """Whether the clock of an edge has not reached the period."""
        period = self.setting.period_seconds
        clocks = [edge for edge in game.edges.edges.values() if not edge.rivaled_at]
        return any(game.now - edge.created_at < period for edge in clocks)

    def _push(self, game: Game, path: object) -> None:
        """Let the adversary do what can only help it: update, mark and confirm its claims."""
        for id_, liar in zip(self.ids, self.liars, strict=True):
            claim = game.assertions.get(id_)
            if claim is None or claim.status is not Status.PENDING:
                continue
            self._prove_leaves(game, liar)
            update(game, game.genesis, liar)
            for move in (game.mark_confirmable, game.confirm):
                with suppress(Rejected):
                    move(id_)
            if game.assertions[id_].status is Status.CONFIRMED:
                raise WrongWinnerError(f"wrong claim confirmed at {game.now}: {path}")

    def _prove_leaves(self, game: Game, liar: History) -> None:
        """Prove what follows by the rules even on a wrong history: after its fault, or before."""
        for index in range(len(liar.leaves)):
            key = liar.key(game.genesis, 0, index)
            if key in game.edges.edges:
                transition = self.honest.transition(game, index, liar)
                with suppress(Rejected):
                    game.prove_one_step(
                        "liar", key.mutual, key.node, liar.leaf_proof(index), transition
                    )

    def _choices(self, game: Game) -> Iterator[tuple[str, Game]]:
        moves = list(self._moves(game))
        for count in range(min(len(moves), self.setting.moves_at_once) + 1):
            for chosen in combinations(moves, count):
                moved = game.copy()
                try:
                    for _, move in chosen:
                        move(moved)
                except Rejected:
                    continue
                yield ", ".join(name for name, _ in chosen), moved

    def _moves(self, game: Game) -> Iterator[tuple[str, Move]]:
        decoys = self.setting.decoys
        if decoys is not None and self.ids[decoys[0]] not in game.assertions:
            yield "decoys", self._decoy
        for number, (id_, liar) in enumerate(zip(self.ids, self.liars, strict=True)):
            if decoys is not None and number in decoys:
                continue
            claim = game.assertions.get(id_)
            if claim is None:
                yield f"create {number}", _creation(f"liar {number}", game.genesis, liar)
                yield f"rush {number}", self._rush(number, id_, liar, is_new=True)
                continue
            if claim.status is Status.PENDING and self.setting.can_refute:
                yield f"refute {number}", self.honest.refutation(id_, liar)
            yield from self._bisections(game, number, id_, liar)
            yield f"rush {number}", self._rush(number, id_, liar, is_new=False)

    def _decoy(self, game: Game) -> None:
        """Leave edges behind whose clocks run, and no claim that anybody would have to answer."""
        assert self.setting.decoys is not None
        pair = [(number, self.ids[number], self.liars[number]) for number in self.setting.decoys]
        for number, _, liar in pair:
            _creation(f"liar {number}", game.genesis, liar)(game)
        for _ in range(self.setting.height):
            for decoy in pair:
                for _, move in list(self._bisections(game, *decoy)):
                    move(game)
        for _, id_, liar in pair:
            self._refute_at_the_end(game, id_, liar)

    def _refute_at_the_end(self, game: Game, id_: bytes, liar: History) -> None:
        """Show the last leaf to be wrong, and nothing of the leaves in the middle."""
        last = len(liar.leaves) - 1
        transition = self.honest.transition(game, last, liar)
        game.refute("liar", id_, liar.refutation(last), transition)

    def _rush(self, number: int, id_: bytes, liar: History, *, is_new: bool) -> Move:
        """Bisect everything that can be, down to the leaves, all at once."""

        def rush(game: Game) -> None:
            if is_new:
                _creation(f"liar {number}", game.genesis, liar)(game)
            is_done = True
            for _ in range(liar.height):
                for _, move in self._bisections(game, number, id_, liar):
                    move(game)
                    is_done = False
            require(not is_done, "NothingToBisect")

        return rush

    def _bisections(
        self, game: Game, number: int, id_: bytes, liar: History
    ) -> Iterator[tuple[str, Move]]:
        top = game.top(id_)
        is_rivaled = len(game.assertions[game.genesis].children) > 1
        if is_rivaled and top not in game.edges.edges:
            halves = liar.halves(liar.height, 0)
            yield (
                f"bisect {number}",
                lambda game: game.bisect_assertion(f"liar {number}", id_, *halves),
            )
        for height in range(1, liar.height):
            for index in range(len(liar.levels[height])):
                key = liar.key(game.genesis, height, index)
                edge = game.edges.edges.get(key)
                if edge is not None and edge.rivaled_at and edge.actor == NOBODY:
                    yield f"bisect {number} at {height}/{index}", _bisection(number, key, liar)


def _creation(who: str, origin: bytes, liar: History) -> Move:
    branch = liar.branch(0, len(liar.leaves) - 1)
    return lambda game: game.create(
        who, origin, liar.root, liar.leaves[-1], branch, game.rules.stake_wei
    )


def _bisection(number: int, key: Key, liar: History) -> Move:
    mutual = key.mutual
    halves = liar.halves(mutual.height, mutual.index)
    return lambda game: game.bisect(f"liar {number}", mutual, *halves)


def _id(game: Game, history: History, accumulator: bytes) -> bytes:
    return assertion_id(game.genesis, history.root, accumulator)
