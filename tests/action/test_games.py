"""What a node tells about a real dispute on a real L1: clocks, moves, money, the step in words."""

import msgspec

from rollup_node.devnet.game_page import render_page
from rollup_node.devnet.game_tree import render_tree
from rollup_node.node.game_view import to_hex
from rollup_node.rpc.games import Claim, Game
from tests.action.dispute_world import Court
from tests.action.l1_world import World


def _claim(game: Game, made: bytes) -> Claim:
    return next(claim for claim in game.claims if claim.id == to_hex(made))


async def _show(court: Court) -> Game:
    await court.honest.catch_up()
    game = await court.games(court.liar_machine()).show(court.tree.genesis.id)
    assert game is not None
    assert msgspec.json.decode(msgspec.json.encode(game), type=Game) == game
    return game


async def test_show_one_shot_dispute_tells_the_step_and_where_the_money_went(world: World) -> None:
    court = await Court.open(world)
    wrong = await court.claim(court.adversary(), await court.wrong_claim(), publish=True)
    challenger = court.challenger()
    await court.play(challenger)
    game = await _show(court)
    assert _claim(game, wrong).status == "dead"
    assert _claim(game, wrong).refuter == to_hex(challenger.sender.address)
    (dispute,) = game.disputes
    assert dispute.claim == to_hex(wrong)
    assert dispute.wrong_step is not None
    step = dispute.steps[dispute.wrong_step]
    assert (step.kind, step.reason) == ("TRANSFER", "OK")
    assert step.transaction == "transfer of 60 wei from account 1 to account 2, nonce 50"
    changes = {change.leaf: change for change in step.changes}
    lie = changes["account 2: balance, ETH"]
    assert lie.claimed is not None
    assert int(lie.claimed.split()[0].replace(",", "")) == 1 + int(
        lie.expected.split()[0].replace(",", "")
    )
    actions = [move.action for move in game.moves]
    assert actions[0] == "assert"
    assert actions[-2:] == ["refute", "settle"]
    assert all(move.gas > 21_000 for move in game.moves)
    for told in (render_page(game), render_tree(game)):
        assert "transfer of 60 wei" in told


async def test_show_bisected_dispute_agrees_with_the_views_of_the_contracts(world: World) -> None:
    court = await Court.open(world)
    wrong = await court.claim(court.adversary(), await court.wrong_claim())
    challenger = court.challenger()
    await court.play(challenger)
    await court.wait(500)
    game = await _show(court)
    right = next(claim for claim in game.claims if claim.verdict == "right")
    assert _claim(game, wrong).verdict == "wrong"
    reader = court.world.reader
    for claim in game.claims:
        made = bytes.fromhex(claim.id[2:])
        (own,) = await reader.call("assertion_chain", "liveOwn", made)
        (timer,) = await reader.call(
            "challenge_game",
            "assertionTimer",
            court.tree.genesis.id,
            bytes.fromhex(claim.history_root[2:]),
        )
        assert (claim.live_own_seconds, claim.timer_seconds) == (own, timer)
    for edge in game.edges:
        (timer,) = await reader.call("challenge_game", "timer", bytes.fromhex(edge.id[2:]))
        assert edge.timer_seconds == timer
    assert right.due_seconds >= 500
    assert right.clock_ends_at is not None
    line = court.games().lines()[0]
    assert (line.leader, line.leader_verdict) == (right.id, "right")


async def test_show_decided_dispute_adds_up_to_the_pool(world: World) -> None:
    court = await Court.open(world)
    await court.claim(court.adversary(), await court.wrong_claim())
    challenger = court.challenger()
    await court.play(challenger)
    for seconds in (court.period, court.delay, 1):
        await court.wait(seconds)
        await court.play(challenger)
    game = await _show(court)
    assert (game.status, game.winner_verdict) == ("decided", "right")
    money = game.money
    paid = sum(int(tariff.amount_wei) for tariff in money.tariffs)
    assert int(money.seized_wei) == world.rollup.parameters.stake_wei
    assert int(money.seized_wei) == int(money.burnt_wei) + paid + int(money.pot_wei)
    (pot,) = await world.reader.call("stake_pool", "pot", court.tree.genesis.id)
    (burnt,) = await world.reader.call("stake_pool", "burnt")
    assert (int(money.pot_wei), int(money.burnt_wei)) == (pot, burnt)
    assert [stake.state for stake in money.stakes] == ["seized", "released"]
    services = {tariff.service for tariff in money.tariffs}
    assert services >= {"settlement", "assertion", "bisection"}
    assert "The right claim won" in render_page(game)


async def test_show_unknown_origin_is_none_and_without_claims_is_empty(world: World) -> None:
    court = await Court.open(world)
    games = court.games()
    assert await games.show(bytes(31) + b"\x01") is None
    game = await games.show(court.tree.genesis.id)
    assert game is not None
    assert (game.claims, game.moves, games.lines()) == ((), (), [])
