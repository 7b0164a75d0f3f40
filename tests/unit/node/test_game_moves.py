"""Where the stakes of a contest went, to the last wei."""

from rollup_node.derive.events import Service
from rollup_node.node.game_view import to_hex
from rollup_node.proof.hashing import keccak
from tests.unit.node.contest_story import (
    ETHER,
    HONEST,
    MALLORY,
    RIGHT,
    STAKE,
    SYBIL,
    Contest,
    history,
)


def _decided() -> Contest:
    """Two liars lost to an honest claim; nothing is settled yet."""
    contest = Contest()
    right = contest.claim(0, HONEST, RIGHT)
    for seconds, liar, name in ((300, MALLORY, b"m"), (350, SYBIL, b"s")):
        contest.claim(seconds, liar, history(5, name))
    contest.mark(2_000, HONEST, right)
    contest.confirm(2_100, HONEST, right)
    return contest


def _losers(contest: Contest) -> dict[bytes, bytes]:
    return {
        claim.id: claim.created.staker
        for claim in contest.tree.all()
        if claim.created.staker in (MALLORY, SYBIL)
    }


def test_tell_money_before_settlement_has_locked_stakes_only() -> None:
    money = _decided().game().money
    assert [stake.state for stake in money.stakes] == ["locked"] * 3
    assert (money.seized_wei, money.burnt_wei, money.pot_wei, money.tariffs) == ("0", "0", "0", ())


def test_tell_money_after_settlement_adds_up() -> None:
    contest = _decided()
    contest.settle(2_110, HONEST, _losers(contest))
    contest.pay(2_120, HONEST, Service.ASSERTION, ETHER // 50)
    contest.pay(2_121, HONEST, Service.BISECTION, ETHER // 250)
    contest.release(2_130, HONEST)
    money = contest.game().money
    states = {stake.staker: stake.state for stake in money.stakes}
    assert states == {
        to_hex(HONEST): "released",
        to_hex(MALLORY): "seized",
        to_hex(SYBIL): "seized",
    }
    services = [tariff.service for tariff in money.tariffs]
    assert services == ["settlement", "settlement", "assertion", "bisection"]
    paid = sum(int(tariff.amount_wei) for tariff in money.tariffs)
    assert int(money.seized_wei) == 2 * STAKE
    assert int(money.burnt_wei) == STAKE
    assert int(money.seized_wei) == int(money.burnt_wei) + paid + int(money.pot_wei)


def test_tell_money_rest_of_the_pot_is_burnt_at_the_end() -> None:
    contest = _decided()
    contest.settle(2_110, HONEST, _losers(contest))
    pot = int(contest.game().money.pot_wei)
    origin = bytes.fromhex(contest.game().origin[2:])
    contest.at(4_000, HONEST, (None, "PotBurned", {"contest": origin, "amount": pot}))
    money = contest.game().money
    assert money.pot_wei == "0"
    assert int(money.burnt_wei) == STAKE + pot
    assert contest.game().moves[-1].action == "burn the rest"


def test_tell_money_stake_that_moved_on_is_seized_where_it_died() -> None:
    contest = Contest()
    contest.claim(0, HONEST, RIGHT)
    wrong = contest.claim(300, MALLORY, history(5, b"m"))
    deeper = {"staker": MALLORY, "from": wrong, "to": keccak(b"child")}
    contest.at(400, MALLORY, (None, "BondMoved", deeper))
    assert contest.game().money.stakes[1].state == "moved"
    contest.settle(500, HONEST, {wrong: MALLORY})
    assert contest.game().money.stakes[1].state == "seized"
