"""`strikenet games` and `strikenet game show` while five processes fight a real dispute."""

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from rollup_node.devnet import actions
from rollup_node.devnet.jsonrpc import Deadline
from rollup_node.devnet.keys import accounts
from rollup_node.devnet.session import Session
from rollup_node.rpc.games import Game
from tests.action.dispute_world import Court
from tests.action.l1_world import World
from tests.e2e.conftest import Stage, devnet, strikenet

pytestmark = pytest.mark.e2e


def _deposit(session: Session) -> None:
    """Have an item in the inbox that can be claimed, whichever test comes first."""
    alice, eth = accounts()["alice"], session.asset("ETH")
    party = session.party("alice", open_it=True)
    done = actions.deposit(session, alice, party, eth, eth.parse("1"))
    assert actions.wait_executed(session, done.hash) == "OK"
    actions.wait_idle(session)


async def _lie(stage: Stage) -> str:
    """Make a wrong claim below genesis from an account that nobody knows; return its id."""
    place: Any = SimpleNamespace(url=stage.session.l1.url)
    world = World(place, stage.run_dir.rollup)
    node = await world.follower()
    await node.catch_up()
    court = Court(world, node)
    claim = await court.patched(lambda leaves: leaves.__setitem__(0, b"\x55" * 32))
    made = await court.claim(court.adversary(), claim)
    await world.client.close()
    return "0x" + made.hex()


def _wait(stage: Stage, status: str) -> dict[str, Any]:
    for _ in Deadline(actions.WAIT_SECONDS, f"the contest is {status}"):
        (line,) = strikenet("games", "--run-dir", stage.run_dir.path, "--json").json["games"]
        if line["status"] == status and line["leader"]:
            found: dict[str, Any] = line
            return found
    raise AssertionError


def _show(stage: Stage, prefix: str) -> Game:
    out = strikenet("game", "show", prefix, "--run-dir", stage.run_dir.path, "--json").out
    return msgspec.json.decode(out, type=Game)


def test_game_show_without_rivals_shows_the_claim_alone(stage: Stage) -> None:
    session, run_dir = stage.session, stage.run_dir.path
    assert strikenet("games", "--run-dir", run_dir).out.startswith("no contests")
    assert "no contest to show" in strikenet("game", "show", "--run-dir", run_dir, code=2).err
    absent = strikenet("game", "show", "0x" + "11" * 32, "--run-dir", run_dir, code=2)
    assert "no such assertion" in absent.err
    _deposit(session)
    genesis = session.chain.call("GENESIS_ID")
    for _ in Deadline(actions.WAIT_SECONDS, "the proposer claims"):
        if session.chain.call("childCount", genesis):
            break
    alone = strikenet("game", "show", "0x" + genesis.hex(), "--run-dir", run_dir).out
    assert alone.startswith("Nobody contests this claim")


def test_games_and_game_show_follow_a_dispute_to_its_end(tmp_path: Path) -> None:
    with devnet(tmp_path / "run", "--profile", "ci", "--batch-data", "alternate") as stage:
        follow_a_dispute(stage, tmp_path / "game.html")


def follow_a_dispute(stage: Stage, page: Path) -> None:
    session, run_dir = stage.session, stage.run_dir.path
    _deposit(session)
    wrong = asyncio.run(_lie(stage))
    line = _wait(stage, "open")
    assert (line["wrong"], len(line["claims"]), line["leaderVerdict"]) == (1, 2, "right")
    challenger = "0x" + accounts()["challenger"].address.hex()
    game = _show(stage, wrong[:12])
    for _ in Deadline(actions.WAIT_SECONDS, "the challenger bisects"):
        game = _show(stage, wrong[:12])
        if any(edge.bisected_by == challenger for edge in game.edges):
            break
    verdicts = {claim.id: claim.verdict for claim in game.claims}
    assert verdicts[wrong] == "wrong"
    words = strikenet("games", "--run-dir", run_dir).out
    assert "1 rival" in words
    rules = game.rules
    actions.move_time(session, rules.confirm_period_seconds)
    _wait(stage, "delay")
    actions.move_time(session, rules.rival_delay_seconds)
    _wait(stage, "decided")
    for _ in Deadline(actions.WAIT_SECONDS, "the loser is settled"):
        game = _show(stage, game.origin)
        if int(game.money.seized_wei):
            break
    assert game.winner_verdict == "right"
    assert int(game.money.burnt_wei) == int(rules.stake_wei) // 2
    tree = strikenet("game", "show", wrong, "--tree", "--run-dir", run_dir).out
    assert "The right claim won" in tree
    assert "by challenger" in tree
    strikenet("game", "show", wrong, "--html", page, "--run-dir", run_dir)
    assert "<h1>The right claim won</h1>" in page.read_text("utf-8")
    assert "no contest" in strikenet("game", "show", "0xdead", "--run-dir", run_dir, code=2).err


def test_game_show_takes_the_contest_from_a_fought_out_fault(tmp_path: Path) -> None:
    ran = strikenet("demo", "fraud", "--what", "forged-withdrawal", "--json")
    path = tmp_path / "fraud.json"
    path.write_text(ran.out, "utf-8")
    game = msgspec.convert(ran.json["game"], Game)
    assert (game.status, game.winner_verdict) == ("decided", "right")
    tree = strikenet("game", "show", "--from", path).out
    assert "outbox slot" in tree
    assert "claimed 1,000 wei of account 1" in tree
    page = tmp_path / "fraud.html"
    strikenet("game", "show", "--from", path, "--html", page)
    assert "refuted by proposer" in page.read_text("utf-8")
