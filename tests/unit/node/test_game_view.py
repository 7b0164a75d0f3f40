"""A contest as plain data: clocks, verdicts, edges, who won, and what is still missing."""

import msgspec
import pytest

from rollup_node.derive.events import StakeMoved
from rollup_node.node.game_view import to_hex
from rollup_node.proof.edges import edge_id
from rollup_node.proof.hashing import keccak
from rollup_node.rpc.games import Claim, Game
from tests.unit.node.contest_story import (
    DELAY,
    HEIGHT,
    HONEST,
    MALLORY,
    ORIGIN,
    PERIOD,
    RIGHT,
    START,
    SYBIL,
    Contest,
    history,
)

WRONG = history(5, b"m")
LATE = history(13, b"m")


def _claim(game: Game, made: bytes) -> Claim:
    return next(claim for claim in game.claims if claim.id == to_hex(made))


def test_game_single_claim_has_its_own_clock_and_no_delay() -> None:
    contest = Contest()
    made = contest.claim(10, HONEST, RIGHT)
    contest.at(210, HONEST)
    game = contest.game()
    claim = _claim(game, made)
    assert (game.status, game.rivaled_at, game.deadline_at) == ("open", None, None)
    assert (claim.live_own_seconds, claim.missing_seconds) == (200, PERIOD - 200)
    assert claim.clock_ends_at == claim.confirmable_at == START + 10 + PERIOD
    assert contest.desk().origins() == []


def test_game_rivals_stop_both_clocks_until_somebody_bisects() -> None:
    contest = Contest()
    right = contest.claim(0, HONEST, RIGHT)
    wrong = contest.claim(300, MALLORY, WRONG)
    contest.at(500, HONEST)
    game = contest.game()
    first, second = _claim(game, right), _claim(game, wrong)
    assert (first.verdict, second.verdict) == ("right", "wrong")
    assert (first.live_own_seconds, first.missing_seconds, first.clock_ends_at) == (300, 700, None)
    assert (second.live_own_seconds, second.missing_seconds) == (0, PERIOD)
    assert game.rivaled_at == START + 300
    assert game.deadline_at == START + 300 + 2 * PERIOD + DELAY


def test_game_silent_rival_loses_to_the_clock_of_who_bisects() -> None:
    contest = Contest()
    right = contest.claim(0, HONEST, RIGHT)
    wrong = contest.claim(300, MALLORY, WRONG)
    contest.bisect(320, HONEST, RIGHT, HEIGHT, 0)
    contest.at(400, HONEST)
    claim = _claim(contest.game(), right)
    assert (claim.timer_seconds, claim.due_seconds) == (0, 80)
    assert claim.clock_ends_at == START + 320 + PERIOD
    assert claim.confirmable_at == START + 320 + PERIOD + DELAY
    line = contest.desk().line(ORIGIN)
    assert (line.leader, line.leader_verdict, line.wrong) == (to_hex(right), "right", 1)
    assert line.seconds_left == PERIOD + DELAY - 80
    assert line.claims == (to_hex(right), to_hex(wrong))


def test_game_edge_shows_coordinates_rivals_and_whose_history_it_is_on() -> None:
    contest = Contest()
    right = contest.claim(0, HONEST, RIGHT)
    wrong = contest.claim(300, MALLORY, LATE)
    contest.bisect(320, HONEST, RIGHT, HEIGHT, 0)
    contest.bisect(350, MALLORY, LATE, HEIGHT, 0)
    contest.at(450, HONEST)
    edges = {edge.id: edge for edge in contest.game().edges}
    shared = edges[to_hex(edge_id(RIGHT.edge(ORIGIN, HEIGHT - 1, 0)))]
    assert set(shared.claims) == {to_hex(right), to_hex(wrong)}
    assert (shared.rivaled_at, shared.own_seconds, shared.rivals) == (None, 130, ())
    half = edges[to_hex(edge_id(RIGHT.edge(ORIGIN, HEIGHT - 1, 1)))]
    assert half.claims == (to_hex(right),)
    assert (half.height, half.index, half.rivaled_at) == (HEIGHT - 1, 1, START + 350)
    assert (half.own_seconds, half.bisected_by) == (30, None)
    assert half.rivals == (to_hex(edge_id(LATE.edge(ORIGIN, HEIGHT - 1, 1))),)
    root = edges[_claim(contest.game(), right).edge]
    assert (root.bisected_by, root.right, root.own_seconds) == (to_hex(HONEST), half.id, 0)


def test_game_proven_leaf_gives_its_path_the_largest_timer() -> None:
    contest = Contest()
    right = contest.claim(0, HONEST, RIGHT)
    contest.claim(300, MALLORY, WRONG)
    contest.bisect_to(310, HONEST, RIGHT, 5)
    contest.bisect_to(320, MALLORY, WRONG, 5)
    contest.prove_one(330, HONEST, RIGHT, 5)
    contest.at(1_400, HONEST)
    contest.update(1_401, HONEST, right)
    game = contest.game()
    leaf = next(edge for edge in game.edges if edge.proven)
    assert (leaf.height, leaf.index, leaf.proven_by) == (0, 5, to_hex(HONEST))
    claim = _claim(game, right)
    assert claim.timer_seconds == claim.due_seconds >= PERIOD
    assert (claim.missing_seconds, claim.clock_ends_at) == (0, START + 1_401)


def test_game_marked_claim_waits_for_the_rival_delay_then_decides_the_contest() -> None:
    contest = Contest()
    right = contest.claim(0, HONEST, RIGHT)
    wrong = contest.claim(300, MALLORY, WRONG)
    contest.bisect(320, HONEST, RIGHT, HEIGHT, 0)
    contest.mark(1_400, HONEST, right)
    game = contest.game()
    assert (game.status, _claim(game, right).confirmable_at) == ("delay", START + 1_400 + DELAY)
    contest.confirm(1_500, HONEST, right)
    game = contest.game()
    assert (game.status, game.winner, game.winner_verdict) == ("decided", to_hex(right), "right")
    loser = _claim(game, wrong)
    assert (loser.status, loser.dead_root, loser.confirmable_at) == ("dead", None, None)
    line = contest.desk().line(ORIGIN)
    assert (line.live, line.seconds_left, line.ends_at) == (1, None, START + 1_500)


def test_game_refuted_rival_gives_the_clock_back() -> None:
    contest = Contest()
    right = contest.claim(0, HONEST, RIGHT)
    wrong = contest.claim(300, MALLORY, WRONG)
    contest.refute(400, HONEST, wrong)
    game = contest.game()
    loser = _claim(game, wrong)
    assert (loser.status, loser.refuter, loser.clock_ends_at) == ("refuted", to_hex(HONEST), None)
    assert _claim(game, right).live_own_seconds == 400


def test_verdict_of_a_claim_that_was_not_executed_is_unknown() -> None:
    contest = Contest()
    made = contest.claim(0, HONEST, RIGHT)
    contest.checked.clear()
    assert _claim(contest.game(), made).verdict == "unknown"
    assert contest.desk().verdict(ORIGIN) == "right"


def test_game_as_json_comes_back_the_same() -> None:
    contest = Contest()
    contest.claim(0, HONEST, RIGHT)
    contest.claim(300, MALLORY, WRONG)
    contest.bisect_to(310, HONEST, RIGHT, 5)
    game = contest.game()
    assert msgspec.json.decode(msgspec.json.encode(game), type=Game) == game
    plain = msgspec.to_builtins(game)
    assert plain["claims"][0]["liveOwnSeconds"] == 300


@pytest.mark.parametrize("staker", [HONEST, SYBIL])
def test_moves_tell_who_did_what_at_which_cost(staker: bytes) -> None:
    contest = Contest()
    contest.claim(0, staker, RIGHT)
    wrong = contest.claim(300, MALLORY, WRONG)
    contest.bisect(310, staker, RIGHT, HEIGHT, 0)
    contest.prove_steps(320, staker)
    contest.refute(330, staker, wrong)
    moves = contest.game().moves
    actions = [move.action for move in moves]
    assert actions == ["assert", "assert", "bisect", "prove steps", "refute"]
    assert moves[0].events == ("AssertionCreated", "BondLocked")
    assert [move.number for move in moves] == [1, 2, 3, 4, 5]
    bisect = moves[2]
    assert (bisect.actor, bisect.at, bisect.l1_block) == (to_hex(staker), START + 310, 3)
    assert (bisect.gas, bisect.cost_wei, bisect.bytes) == (100_003, "200006", 40)
    assert bisect.detail == f"height {HEIGHT}, index 0"
    assert moves[4].subject == to_hex(wrong)


def test_moves_leave_out_what_belongs_to_other_contests() -> None:
    contest = Contest()
    contest.claim(0, HONEST, RIGHT)
    other = keccak(b"other")
    contest.at(10, SYBIL, (None, "AssertionCreated", {"id": other}))
    contest.at(20, SYBIL, (None, "StepsProven", {"context": other}))
    contest.at(30, SYBIL, (None, "TariffPaid", {"contest": other}))
    contest.at(40, SYBIL, (StakeMoved(SYBIL, other), "BondLocked", {"staker": SYBIL, "id": other}))
    contest.at(50, SYBIL, (None, "BondRefunded", {"staker": SYBIL, "amount": 1}))
    contest.at(60, SYBIL, (None, "BlobImported", {"versionedHash": other}))
    assert [move.action for move in contest.game().moves] == ["assert"]
