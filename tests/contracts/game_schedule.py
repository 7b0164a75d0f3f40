"""Random schedules of moves, most of them sensible, many of them not."""

import random
from collections.abc import Sequence
from typing import Final, NamedTuple

from rollup_node.proof.assertions import assertion_id
from tests.contracts.game_edges import NO_PREFIX, Mutual
from tests.contracts.game_history import History
from tests.contracts.game_model import Game
from tests.contracts.game_state import NO_ID, NOBODY, Refutation, Rules, Status, Transition
from tests.contracts.game_toy import SEGMENT_STEPS, ToyMachine, ToyState

PEOPLE: Final = ("ada", "bob", "eve", "mallory", "sybil", "trudy")
_NOISE: Final = b"\x5a" * 32


class Command(NamedTuple):
    """A command of the model, which is one of the contracts too."""

    name: str
    arguments: tuple[object, ...]


class Schedule:
    """Chooses commands for a game that it watches."""

    def __init__(self, rng: random.Random, rules: Rules, machine: ToyMachine) -> None:
        self.rng = rng
        self.rules = rules
        self.machine = machine
        self.size = 1 << rules.height
        self.histories: dict[bytes, History] = {}
        """Of every assertion that was tried."""
        # A quarter of the schedules never leaves the first contest; the others make chains.
        self.moves = 0
        self.patience = rng.randrange(15, 50)
        """Moves until time is let pass and contests are brought to an end."""
        self.is_wide = rng.random() < 0.5

    def next(self, game: Game) -> Command:
        """Return a command; it may be one that the rules reject."""
        rng = self.rng
        self.moves += 1
        is_late = self.moves > self.patience
        is_ended = any(node.confirmed_child != NO_ID for node in game.assertions.values())
        weights = {
            self._warp: 10,
            self._create: 3 if is_late else 14,
            self._bisect: 8 if is_late else 30,
            self._update: 10,
            self._refute: 5,
            self._prove: 2 if is_late else 10,
            self._mark: 16 if is_late else 4,
            self._confirm: 16 if is_late else 2,
            self._settle: 14 if is_ended else 1,
            self._claim: 40 if is_ended else 1,
            self._stake: 5,
            self._rarely: 1,
        }
        move = rng.choices(list(weights), list(weights.values()))[0]
        return move(game)

    # -- choices

    def _is_rare(self, one_in: int) -> bool:
        return self.rng.randrange(one_in) == 0

    def _who(self) -> str:
        return self.rng.choice(PEOPLE)

    def _claims(self, game: Game) -> list[bytes]:
        return [id_ for id_ in game.assertions if id_ in self.histories]

    def _claim_of(self, game: Game) -> bytes | None:
        claims = self._claims(game)
        if not claims:
            return None
        is_open = [id_ for id_ in claims if game.assertions[id_].status is Status.PENDING]
        return self.rng.choice(claims if self._is_rare(6) or not is_open else is_open)

    # -- moves

    def _warp(self, _: Game) -> Command:
        period, delay = self.rules.confirm_period_seconds, self.rules.rival_delay_seconds
        seconds = self.rng.choice((0, 1, 1, 2, 3, 5))
        if self._is_rare(2 if self.moves > self.patience else 6):
            seconds = self.rng.choice((delay - 1, delay, period - 1, period, period // 2))
        return Command("warp", (seconds,))

    def _instead(self, game: Game) -> Command:
        """Return a move where there is nothing to do what was meant to."""
        return self._warp(game) if self._is_rare(4) else self._create(game)

    def _create(self, game: Game) -> Command:
        rng = self.rng
        parent = self._parent(game)
        node = game.assertions[parent]
        history = self._history(node.after, node.next_target)
        branch = history.branch(0, self.size - 1)
        root, after, who = history.root, history.leaves[-1], self._maker(game, parent)
        value = 0 if who in game.staked_on else self.rules.stake_wei
        if self._is_rare(12):
            value = rng.choice((0, 1, self.rules.stake_wei))
        if self._is_rare(20):
            branch = rng.choice((branch[:-1], [*branch[:-1], _NOISE], [*branch, _NOISE]))
        if self._is_rare(30):
            parent = _NOISE
        if node.next_target <= game.inbox_count:
            self._remember(parent, node.next_target, history)
        return Command("create", (who, parent, root, after, branch, value))

    def _maker(self, game: Game, parent: bytes) -> str:
        """Choose somebody, most often one who has a stake for it."""
        able = [
            who
            for who in PEOPLE
            if (latest := game.staked_on.get(who)) in (None, parent)
            or game.assertions[latest].status is Status.CONFIRMED
        ]
        return self.rng.choice(able) if able and not self._is_rare(8) else self._who()

    def _parent(self, game: Game) -> bytes:
        if self._is_rare(8):
            return self.rng.choice(list(game.assertions))
        is_alive = (Status.PENDING, Status.CONFIRMED)
        is_open = [
            id_
            for id_, node in game.assertions.items()
            if node.confirmed_child == NO_ID and node.status in is_alive
        ]
        if self.is_wide or not is_open:
            return game.latest_confirmed
        return self.rng.choice(is_open)

    def _history(self, start: bytes, target: int) -> History:
        machine, rng = self.machine, self.rng
        if target >= len(machine.accumulators):
            return History([start] * self.size)
        index, salt = rng.randrange(self.size), rng.randrange(3)
        kind = rng.random()
        if kind < 0.3:
            return History(machine.right(start, target, self.size))
        if kind < 0.65:
            return machine.poisoned(start, target, self.size, index, salt)
        if kind < 0.97:
            return machine.patched(start, target, self.size, index, salt)
        leaves = machine.right(start, target, self.size)
        place = rng.choice(((target + 1, 0), (target, 1)))
        return History([*leaves[:-1], machine.name(ToyState(*place, _NOISE))])

    def _remember(self, parent: bytes, target: int, history: History) -> None:
        id_ = assertion_id(parent, history.root, self.machine.accumulators[target])
        self.histories[id_] = history

    def _node(self, game: Game) -> tuple[Mutual, History] | None:
        """Choose a node of a history, most often one whose edge is there and can be played."""
        nodes = []
        for id_ in self._claims(game):
            history, origin = self.histories[id_], game.assertions[id_].parent
            if game.assertions[origin].confirmed_child != NO_ID and not self._is_rare(8):
                continue
            for height in range(self.rules.height):
                for index in range(len(history.levels[height])):
                    key = history.key(origin, height, index)
                    edge = game.edges.edges.get(key)
                    if edge is not None:
                        is_playable = edge.rivaled_at and edge.actor == NOBODY
                        nodes.append((key.mutual, history, is_playable))
            if self._is_rare(12):
                height = self.rng.randrange(self.rules.height + 1)
                index = self.rng.randrange(len(history.levels[height]))
                nodes.append((history.key(origin, height, index).mutual, history, False))
        playable = [node for node in nodes if node[2]]
        if playable and not self._is_rare(8):
            nodes = playable
        return self.rng.choice(nodes)[:2] if nodes else None

    def _bisect(self, game: Game) -> Command:
        if self._is_rare(3):
            id_ = self._claim_of(game)
            if id_ is not None:
                halves = self.histories[id_].halves(self.rules.height, 0)
                if self._is_rare(15):
                    halves = (halves[1], halves[0])
                return Command("bisect_assertion", (self._who(), id_, *halves))
        chosen = self._node(game)
        if chosen is None:
            return self._instead(game)
        mutual, history = chosen
        if mutual.height == 0:
            return self._prove_leaf(game, mutual, history)
        halves = history.halves(mutual.height, mutual.index)
        if self._is_rare(20):
            mutual = self._bent(mutual)
        if self._is_rare(25):
            halves = (_NOISE, halves[1])
        return Command("bisect", (self._who(), mutual, *halves))

    def _bent(self, mutual: Mutual) -> Mutual:
        return self.rng.choice(
            (
                mutual._replace(height=mutual.height + 1),
                mutual._replace(height=0),
                mutual._replace(index=mutual.index ^ 1),
                mutual._replace(prefix=_NOISE),
                mutual._replace(prefix=NO_PREFIX),
                mutual._replace(height=self.rules.height, index=0, prefix=NO_PREFIX),
            )
        )

    def _prove_leaf(self, game: Game, mutual: Mutual, history: History) -> Command:
        rng, index = self.rng, mutual.index
        proof = history.leaf_proof(index)
        if self._is_rare(15):
            proof = rng.choice(
                (
                    proof._replace(last_left=_NOISE),
                    proof._replace(previous_prefix=_NOISE),
                    proof._replace(branch=[*proof.branch, _NOISE]),
                    history.leaf_proof(index ^ 1),
                )
            )
        before = proof.leaf_before if index else game.assertions[mutual.origin].after
        if before not in self.machine.states:
            return self._instead(game)
        transition = self._transition(game, game.assertions[mutual.origin].next_target, before)
        leaf = history.leaves[index] if not self._is_rare(15) else _NOISE
        return Command("prove_one_step", (self._who(), mutual, leaf, proof, transition))

    def _transition(self, game: Game, target: int, before: bytes) -> Transition:
        if self._is_rare(12):
            return Transition(self.rng.randrange(3), finished=self._is_rare(2))
        if self.machine.is_finished(target, before):
            return Transition(0, finished=True)
        for steps in (SEGMENT_STEPS, 1):
            if (target, before, steps) in game.table:
                return Transition(steps)
        return Transition(SEGMENT_STEPS)

    def _update(self, game: Game) -> Command:
        id_ = self._claim_of(game)
        if id_ is None:
            return self._instead(game)
        history, origin = self.histories[id_], game.assertions[id_].parent
        edges = []
        for height in range(1, self.rules.height + 1):
            for index in range(len(history.levels[height])):
                key = history.key(origin, height, index)
                edge = game.edges.edges.get(key)
                if edge is not None and (edge.actor != NOBODY or self._is_rare(20)):
                    edges.append((key.mutual, *history.halves(height, index)))
        if self._is_rare(5):
            self.rng.shuffle(edges)
        if self._is_rare(5):
            edges = edges[: self.rng.randrange(len(edges) + 1)]
        if edges and self._is_rare(25):
            edges.append((self._bent(edges[0][0]), *edges[0][1:]))
        return Command("update_timers", (edges,))

    def _refute(self, game: Game) -> Command:
        id_ = self._claim_of(game)
        if id_ is None:
            return self._instead(game)
        history, node = self.histories[id_], game.assertions[id_]
        index = self.rng.randrange(self.size)
        wrong = self._maybe_bent(history.refutation(index))
        start = game.assertions[node.parent].after
        if index and not self._is_rare(20):
            start = wrong.leaf_before
        if start not in self.machine.states:
            return self._instead(game)
        if self._is_rare(2) and not self.machine.is_finished(node.target, start):
            steps = self.rng.choice((SEGMENT_STEPS, SEGMENT_STEPS, 1))
            if self.machine.run(node.target, start, 1)[1]:
                steps = 1
            return Command("refute_with_run", (self._who(), id_, wrong, start, steps))
        transition = self._transition(game, node.target, start)
        return Command("refute", (self._who(), id_, wrong, transition))

    def _maybe_bent(self, wrong: Refutation) -> Refutation:
        if not self._is_rare(8):
            return wrong
        return self.rng.choice(
            (
                wrong._replace(index=wrong.index + self.size),
                wrong._replace(index=wrong.index ^ 1),
                wrong._replace(leaf=_NOISE),
                wrong._replace(branch=wrong.branch[:-1]),
                wrong._replace(branch_before=[*wrong.branch_before, _NOISE]),
            )
        )

    def _prove(self, game: Game) -> Command:
        """Run the machine from a leaf of a history, towards the target of its contest."""
        id_ = self._claim_of(game)
        if id_ is None:
            return self._instead(game)
        node = game.assertions[id_]
        leaves = (game.assertions[node.parent].after, *self.histories[id_].leaves)
        start = self.rng.choice(leaves[:-1])
        if start not in self.machine.states or self.machine.is_finished(node.target, start):
            return self._instead(game)
        steps = 1 if self._is_rare(6) else SEGMENT_STEPS
        if self.machine.run(node.target, start, 1)[1]:
            steps = 1
        end, ended = self.machine.run(node.target, start, steps)
        return Command("record", (node.target, start, steps, end, ended))

    def _mark(self, game: Game) -> Command:
        id_ = self._claim_of(game)
        ready = [
            id_
            for id_ in self._claims(game)
            if game.assertions[id_].status is Status.PENDING
            and not game.assertions[id_].marked_at
            and game.is_confirmable(id_)
        ]
        if not ready and not self._is_rare(3):
            return self._update(game) if self._is_rare(2) else self._warp(game)
        if ready and not self._is_rare(6):
            id_ = self.rng.choice(ready)
        return Command("mark_confirmable", (id_ or game.genesis,))

    def _confirm(self, game: Game) -> Command:
        marked = [
            id_
            for id_ in self._claims(game)
            if game.assertions[id_].status is Status.PENDING
            and (game.assertions[id_].marked_at or self._is_alone(game, id_))
            and game.assertions[game.assertions[id_].parent].status is Status.CONFIRMED
        ]
        if not marked and not self._is_rare(4):
            return self._mark(game)
        id_ = self.rng.choice(marked) if marked and not self._is_rare(6) else None
        return Command("confirm", (id_ or self._claim_of(game) or game.genesis,))

    def _is_alone(self, game: Game, id_: bytes) -> bool:
        node = game.assertions[id_]
        is_old = game.now >= node.created_at + self.rules.confirm_period_seconds
        return is_old and len(game.assertions[node.parent].children) == 1

    def _settle(self, game: Game) -> Command:
        rng = self.rng
        lost = [id_ for id_ in game.assertions if game.dead_root(id_) is not None]
        chosen = [id_ for id_ in lost if not self._is_rare(4)]
        if self._is_rare(6):
            rng.shuffle(chosen)
        if self._is_rare(8):
            chosen.append(rng.choice(list(game.assertions)))
        return Command("settle", (self._who(), chosen, rng.sample(PEOPLE, rng.randrange(5))))

    def _stake(self, game: Game) -> Command:
        who = self._who()
        if self._is_rare(2):
            return Command("withdraw_stake", (who,))
        below = [
            id_
            for id_ in self._claims(game)
            if game.assertions[id_].parent == game.staked_on.get(who)
        ]
        any_ = self.rng.choice(list(game.assertions))
        child = self.rng.choice(below) if below and not self._is_rare(4) else any_
        return Command("advance_stake", (who, child))

    def _claim(self, game: Game) -> Command:
        rng = self.rng
        owners = [who for who in PEOPLE if game.money.owed.get(who)]
        ended = [id_ for id_, node in game.assertions.items() if node.confirmed_child != NO_ID]
        kind = rng.randrange(8)
        if kind == 0:
            return Command("claim", (rng.choice(owners) if owners else self._who(),))
        origin = rng.choice(ended) if ended and not self._is_rare(6) else self._any(game)
        if kind == 1:
            return Command("close_contest", (origin,))
        if kind == 2:
            return Command("claim_assertion", (origin,))
        if kind == 3:
            lost = [id_ for id_ in self._claims(game) if game.assertions[id_].refuter != NOBODY]
            return Command("claim_refutation", (rng.choice(lost) if lost else origin,))
        return self._claim_edge(game, origin)

    def _claim_edge(self, game: Game, origin: bytes) -> Command:
        rng = self.rng
        winner = game.assertions[origin].confirmed_child
        history = self.histories.get(winner)
        if history is None:
            return Command("claim_bisection", (origin, 1, 0, _NOISE, [_NOISE]))
        earned = [
            key.mutual
            for key, edge in game.edges.edges.items()
            if edge.actor != NOBODY
            and key.mutual.origin == origin
            and key == history.key(origin, key.mutual.height, key.mutual.index)
        ]
        height = rng.randrange(self.rules.height + 2)
        index = rng.randrange(self.size >> min(height, self.rules.height))
        if earned and not self._is_rare(4):
            _, height, index, _ = rng.choice(earned)
        if height > self.rules.height:
            return Command("claim_bisection", (origin, height, 0, _NOISE, []))
        branch = history.branch(height, index)
        if self._is_rare(12):
            branch = rng.choice(([*branch, _NOISE], branch[:-1]))
        if self._is_rare(15):
            index += rng.choice((1, self.size))
        node = history.levels[height][min(index, len(history.levels[height]) - 1)]
        if height == 0 and not self._is_rare(8):
            return Command("claim_one_step_proof", (origin, index, node, branch))
        return Command("claim_bisection", (origin, height, index, node, branch))

    def _any(self, game: Game) -> bytes:
        return self.rng.choice(list(game.assertions))

    def _rarely(self, _: Game) -> Command:
        if self._is_rare(12):
            return Command("enter_exit_mode", ())
        return Command("add_item", ())


def described(commands: Sequence[Command]) -> str:
    """Return the commands as text, with hashes cut short."""
    lines = []
    for name, arguments in commands:
        shown = ", ".join(_short(argument) for argument in arguments)
        lines.append(f"{name}({shown})")
    return "\n".join(lines)


def _short(value: object) -> str:
    if isinstance(value, bytes):
        return value.hex()[:6]
    if isinstance(value, str):
        return value
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_short(item) for item in value) + "]"
    return repr(value)
