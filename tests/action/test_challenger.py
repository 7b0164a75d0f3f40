"""A challenger on a real L1 with the real contracts: every door, crashes, reorgs, company."""

from rollup_node.core.inputs import Transfer
from rollup_node.core.kinds import ItemKind
from rollup_node.derive.assertions import AssertionStatus
from rollup_node.node.challenger import ChallengerPlayer
from rollup_node.roles.contest import Contest
from tests.action.dispute_liars import Bisector, Crash, DyingSender
from tests.action.dispute_world import ETH, Court, one_more_for
from tests.action.l1_world import World

_TURNS = 60


async def _fight(court: Court, player: ChallengerPlayer, *liars: Bisector) -> None:
    """Let both sides move in turn until nobody wants to."""
    for _ in range(_TURNS):
        await court.play(player)
        if not any([await liar.act() for liar in liars]):
            return
    raise AssertionError("the contest does not come to rest")


async def _win(court: Court, player: ChallengerPlayer) -> None:
    """Let time pass until the right child is confirmed and everything is settled."""
    await court.wait(court.period)
    await court.play(player)
    await court.wait(court.delay)
    await court.play(player)


def _right(court: Court) -> bytes:
    child = court.honest.claims.right_child(court.tree.genesis)
    assert child is not None
    return child.assertion_id


async def _check_money(court: Court, stakes: int) -> None:
    """Check that the pool holds what it should, and how many stakes are still locked."""
    pool = {}
    for name in ("locked", "pots", "owed", "burnt"):
        (pool[name],) = await court.world.reader.call("stake_pool", name)
    assert pool["locked"] == stakes * court.world.rollup.parameters.stake_wei
    address = court.world.rollup.address("stake_pool")
    balance = await court.world.client.call("eth_getBalance", "0x" + address.hex(), "latest")
    assert int(balance, 16) >= pool["locked"] + pool["pots"] + pool["owed"]


async def _stakes_paid(court: Court, name: str) -> int:
    """Return how many stakes an account has ever paid, from the logs of the pool."""
    staker = court.world.sender(name).address
    pool = court.world.rollup.address("stake_pool")
    topic = court.world.reader.handle("stake_pool").event_topic("BondLocked")
    query = {
        "address": "0x" + pool.hex(),
        "fromBlock": "0x0",
        "topics": ["0x" + topic.hex(), "0x" + staker.rjust(32, b"\x00").hex()],
    }
    return len(await court.world.client.call("eth_getLogs", query))


async def test_published_lie_is_refuted_in_one_turn_without_a_stake(world: World) -> None:
    court = await Court.open(world)
    player = court.challenger()
    wrong = await court.claim(court.adversary(), await court.wrong_claim(), publish=True)
    await court.play(player)
    assert court.known(wrong).status is AssertionStatus.DEAD
    assert court.known(wrong).refuter == world.sender("challenger").address
    assert court.tree.get(_right(court)) is None
    await _check_money(court, stakes=0)


async def test_silent_liar_loses_by_the_clock(world: World) -> None:
    court = await Court.open(world)
    player = court.challenger()
    wrong = await court.claim(court.adversary(), await court.wrong_claim())
    await court.play(player)
    right = court.known(_right(court))
    assert right.created.staker == world.sender("challenger").address
    await _win(court, player)
    assert court.known(_right(court)).confirmed
    assert court.known(wrong).status is AssertionStatus.DEAD
    assert not court.tree.stakes
    status = player.status()["challenger"]
    assert status["earned_wei"] > 0
    await _check_money(court, stakes=0)


async def test_withheld_history_is_bisected_to_the_leaf_and_refuted(world: World) -> None:
    court = await Court.open(world)
    player = court.challenger()
    liar = await Bisector.enter(court, await court.wrong_claim())
    await _fight(court, player, liar)
    assert court.known(liar.claim).status is AssertionStatus.DEAD
    assert court.known(_right(court)).live
    await _win(court, player)
    assert court.known(_right(court)).confirmed
    assert not court.tree.stakes
    await _check_money(court, stakes=0)


async def test_lie_in_a_blob_is_refuted_after_the_blob_was_imported(world: World) -> None:
    court = await Court.open(world, data="blob")
    assert [done.item.header.kind for done in court.honest.replica.items] == [ItemKind.BLOB]
    player = court.challenger()
    wrong = await court.claim(court.adversary(), await court.wrong_claim(), publish=True)
    await court.play(player)
    assert court.known(wrong).status is AssertionStatus.DEAD
    assert player.status()["challenger"]["moves"]["importBlob"] == 1
    await _win(court, player)
    assert court.known(_right(court)).confirmed


async def test_lie_in_the_padding_is_refuted_by_the_position_of_the_finished_state(
    world: World,
) -> None:
    court = await Court.open(world)
    player = court.challenger()

    def change(leaves: list[bytes]) -> None:
        leaves[3_000] = b"\x99" * 32

    claim = await court.patched(change)
    wrong = await court.claim(court.adversary(), claim, publish=True)
    await court.play(player)
    assert court.known(wrong).status is AssertionStatus.DEAD
    assert player.status()["challenger"]["moves"]["refute"] == 1


async def test_leaf_of_a_refuted_liar_is_proven_while_a_silent_one_lives(world: World) -> None:
    court = await Court.open(world)
    player = court.challenger()
    silent = await court.claim(
        court.adversary(1), await court.wrong_claim(court.liar_machine(one_more_for(30)))
    )
    liar = await Bisector.enter(court, await court.wrong_claim())
    await _fight(court, player, liar)
    assert court.known(liar.claim).status is AssertionStatus.DEAD
    assert court.known(silent).live
    assert player.status()["challenger"]["moves"]["proveOneStep"] == 1
    await _win(court, player)
    assert court.known(_right(court)).confirmed
    assert court.known(silent).status is AssertionStatus.DEAD
    await _check_money(court, stakes=0)


async def test_crash_after_each_own_transaction_pays_one_stake_and_wins(world: World) -> None:
    court = await Court.open(world)
    liar = await Bisector.enter(court, await court.wrong_claim())
    crashes, quiet = 0, 0
    for _ in range(200):
        court.honest = await world.follower()
        await court.honest.catch_up()
        player = court.challenger()
        player._moves.sender = DyingSender(player.sender)
        try:
            busy = await player.act()
        except Crash:
            busy = True
        crashes += busy
        if busy or await liar.act():
            quiet = 0
            continue
        quiet += 1
        if quiet > 3:
            break
        await court.wait(court.period)
    assert court.known(_right(court)).confirmed
    assert court.known(liar.claim).status is AssertionStatus.DEAD
    assert crashes > 20
    assert await _stakes_paid(court, "challenger") == 1
    assert not court.tree.stakes
    await _check_money(court, stakes=0)


async def test_reorg_that_drops_claim_and_bisections_is_played_again(world: World) -> None:
    court = await Court.open(world)
    player = court.challenger()
    liar = await Bisector.enter(court, await court.wrong_claim())
    base = await world.reader.head()
    await court.play(player)
    assert await liar.act()
    await court.play(player)
    first = court.known(_right(court))
    head = await world.reader.head()
    await world.anvil.reorg(head.number - base.number)
    await world.anvil.call("anvil_dropAllTransactions")
    await court.honest.catch_up(player)
    assert court.tree.get(first.id) is None
    await _fight(court, player, liar)
    await _win(court, player)
    assert court.known(_right(court)).confirmed
    assert court.known(liar.claim).status is AssertionStatus.DEAD
    assert await _stakes_paid(court, "challenger") == 1
    await _check_money(court, stakes=0)


async def test_reorg_that_drops_the_lie_leaves_nothing_to_do(world: World) -> None:
    court = await Court.open(world)
    player = court.challenger()
    base = await world.reader.head()
    await court.claim(court.adversary(), await court.wrong_claim())
    await court.play(player)
    head = await world.reader.head()
    await world.anvil.reorg(head.number - base.number)
    await world.anvil.call("anvil_dropAllTransactions")
    sent = dict(player.status()["challenger"]["moves"])
    await court.play(player)
    assert court.tree.all() == [court.tree.genesis]
    assert player.status()["challenger"]["moves"] == sent


async def test_two_challengers_pay_one_stake_together_and_both_are_right(world: World) -> None:
    court = await Court.open(world)
    players = [court.challenger(), court.challenger("dave")]
    liar = await Bisector.enter(court, await court.wrong_claim())
    for _ in range(_TURNS):
        await court.honest.catch_up(*players)
        busy = [await player.act() for player in players]  # the second one sees an old block
        if not any([*busy, await liar.act()]):
            break
    paid = [await _stakes_paid(court, name) for name in ("challenger", "dave")]
    assert sum(paid) == 1
    assert players[1].status()["challenger"]["found_done"] > 0
    for player in players:
        await _win(court, player)
    assert court.known(_right(court)).confirmed
    await _check_money(court, stakes=0)


async def test_bisection_that_was_copied_ahead_is_taken_as_made(world: World) -> None:
    court = await Court.open(world)
    player = court.challenger()
    liar = await Bisector.enter(court, await court.wrong_claim())
    await court.play(player)
    assert await liar.act()
    await court.honest.catch_up(player)
    child = court.honest.claims.right_child(court.tree.genesis)
    assert child is not None
    copier = court.adversary(1)
    children = tuple(court.tree.children(child.parent_id))
    contest = Contest(child.parent_id, child.history, child.assertion_id, None, children)
    splits = contest.to_reveal(court.honest.l1.disputes)
    assert splits
    for edge, left, right in splits:
        await copier.send("challenge_game", "bisect", (*edge[:4], left, right))
    before = player.status()["challenger"]["found_done"]
    await player.act()
    assert player.status()["challenger"]["found_done"] == before + len(splits)
    await _fight(court, player, liar)
    await _win(court, player)
    assert court.known(_right(court)).confirmed


async def test_proposer_goes_on_below_a_contested_claim_of_the_challenger(world: World) -> None:
    court = await Court.open(world)
    challenger = court.challenger()
    await court.claim(court.adversary(), await court.wrong_claim())
    await court.play(challenger)
    world.cut(world.signed("alice", Transfer(1, 2, ETH, 5, 200)), 2)
    await court.post()
    proposer = world.proposer(court.honest)
    for _ in range(4):
        await court.honest.catch_up(challenger)
        await proposer.act()
    branch = court.honest.claims.right_branch()
    names = [known.created.staker for known in branch[1:]]
    assert names == [world.sender(name).address for name in ("challenger", "proposer")]
    for _ in range(8):
        await court.wait(court.period)
        await court.play(challenger)
        await proposer.act()
    assert all(known.confirmed for known in court.honest.claims.right_branch())


async def _enter_exit_mode(court: Court) -> None:
    await court.wait(court.world.rollup.parameters.exit_after_seconds)
    oldest = court.honest.replica.items[0].item.header
    await court.adversary().send("exit_mode", "enter", oldest)
    await court.honest.catch_up()


async def test_exit_mode_ends_all_moves_and_brings_the_stake_home(world: World) -> None:
    court = await Court.open(world)
    player = court.challenger()
    wrong = await court.claim(court.adversary(), await court.wrong_claim())
    await court.play(player)
    assert await _stakes_paid(court, "challenger") == 1
    await _enter_exit_mode(court)
    await court.honest.catch_up(player)
    before = player.status()["challenger"]["moves"]
    await court.play(player)
    assert player.status()["challenger"]["moves"] == before
    assert world.sender("challenger").address not in court.tree.stakes
    assert court.known(wrong).live


async def test_exit_mode_stops_the_proposer(world: World) -> None:
    court = await Court.open(world)
    proposer = world.proposer(court.honest)
    await _enter_exit_mode(court)
    assert court.honest.claims.next_claim() is not None
    assert not await proposer.act()
    assert await _stakes_paid(court, "proposer") == 0


async def test_contest_below_a_contest_is_won_on_one_stake(world: World) -> None:
    court = await Court.open(world)
    player = court.challenger()
    upper = await court.claim(court.adversary(), await court.wrong_claim())
    await court.play(player)
    world.cut(world.signed("alice", Transfer(1, 2, ETH, 5, 200)), 2)
    await court.post()
    claim = await court.wrong_claim(court.liar_machine(one_more_for(5)))
    lower = await court.claim(court.adversary(1), claim)
    await court.play(player)
    branch = [known.id for known in court.honest.claims.right_branch()]
    assert len(branch) == 3
    assert court.tree.stakes[world.sender("challenger").address] == branch[2]
    await _win(court, player)
    await _win(court, player)
    assert all(court.known(right).confirmed for right in branch)
    for wrong in (upper, lower):
        assert court.known(wrong).status is AssertionStatus.DEAD
    assert await _stakes_paid(court, "challenger") == 1
    assert not court.tree.stakes
    await _check_money(court, stakes=0)


async def test_many_liars_that_answer_everything_are_refuted_on_one_stake(world: World) -> None:
    court = await Court.open(world)
    player = court.challenger()
    liars = []
    for number in range(6):
        index = 700 * number + 1

        def change(leaves: list[bytes], index: int = index) -> None:
            leaves[index] = b"\x99" * 32

        liars.append(await Bisector.enter(court, await court.patched(change), number))
    await _fight(court, player, *liars)
    await _win(court, player)
    assert court.known(_right(court)).confirmed
    assert all(court.known(liar.claim).status is AssertionStatus.DEAD for liar in liars)
    assert await _stakes_paid(court, "challenger") == 1
    status = player.status()["challenger"]
    assert status["earned_wei"] > status["spent_wei"]
    await _check_money(court, stakes=0)


async def test_proposer_is_paid_for_its_claim_that_won_although_another_settled(
    world: World,
) -> None:
    court = await Court.open(world)
    own = world.sender("proposer").address
    both = court.honest_addresses()
    alone_before, before = await court.purses(own), await court.purses(*both)
    right = await court.claim_right()
    player = court.challenger()
    liar = await Bisector.enter(court, await court.wrong_claim())
    await _fight(court, player, liar)
    await _win(court, player)
    assert court.known(right).confirmed
    assert player.status()["challenger"]["moves"]["settle"] == 1
    assert await court.purses(own) < alone_before
    court.honest = await world.follower()  # from an empty disk
    proposer = world.proposer(court.honest)
    for _ in range(4):
        await court.honest.catch_up(proposer)
        await proposer.act()
    assert not await proposer.act()
    assert proposer.status()["proposer"]["earned_wei"] > 0
    assert await court.purses(own) >= alone_before
    assert await court.purses(*both) >= before
    (credit,) = await world.reader.call("stake_pool", "claimable", own)
    assert credit == 0
    await court.check_pool()
    again = world.proposer(court.honest)
    await again.act()
    assert again.status()["proposer"]["earned_wei"] == 0
