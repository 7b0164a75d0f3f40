"""The twenty attacks that a rollup must survive, on a real L1, each with its valid mirror.

Honest wins means: the right claim is confirmed within 2T+G, the honest accounts have no less than
before, gas included, the pool holds what it owes, and no wrong claim is ever confirmed.
"""

import pytest

from rollup_node.codec.records import encode_prefix, frame
from rollup_node.core.inputs import Transfer, Withdraw
from rollup_node.core.reason import Reason
from rollup_node.derive.assertions import AssertionStatus
from rollup_node.devnet.arena_senders import FrontRun
from rollup_node.devnet.arena_world import ArenaWorld
from rollup_node.devnet.keys import accounts, adversary
from rollup_node.node.claims import assertion_input
from rollup_node.ports import TransactionReverted
from tests.action import lies
from tests.action.attack_moves import (
    bisect_down,
    challenger_of,
    clock_of,
    disputed,
    fight,
    finalize,
    finalize_refusal,
    longest,
    overlong,
    patched,
    prove_all,
    prove_exit,
    scratch,
    would_do,
)
from tests.action.attackers import Followed, Killed, Mortal
from tests.action.dispute_world import ETH, PAYEE, Court
from tests.action.l1_world import World

ETHER = 10**18
DOORS = pytest.mark.parametrize("door", ["one-shot", "interactive"])
SIDES = pytest.mark.parametrize("mirror", [False, True], ids=["wrong", "mirror"])


@DOORS
@SIDES
async def test_attack_01_wrong_post_state_dies_at_its_step(
    world: World, door: str, *, mirror: bool
) -> None:
    court = await Court.open(world)
    root = court.honest.replica.state.root()
    await fight(court, None, door, mirror=mirror)
    assert await disputed(court, None) == (
        "TRANSFER OK transfer of 60 wei from account 1 to account 2, nonce 50"
    )
    assert court.honest.replica.state.root() == root == (await scratch(court)).replica.state.root()


@SIDES
async def test_attack_02_forged_money_is_never_paid(world: World, *, mirror: bool) -> None:
    court = await Court.open(world)
    if mirror:
        await court.claim_right()
    liar = await court.party(0, court.liar_machine(lies.FORGED_WITHDRAWAL))
    before = await court.purses(*court.honest_addresses())
    wrong = await court.claim(court.adversary(), liar.claim)
    thief = court.adversary()
    await world.anvil.mine()
    await prove_exit(thief, liar.node, 1, wrong)
    assert await finalize_refusal(court, thief, liar.node, 1, wrong) == "NotConfirmed"
    await court.finish(court.challenger(), [liar])
    await court.check_won(before)
    assert await finalize_refusal(court, thief, liar.node, 1, wrong) == "NotConfirmed"
    right = court.tree.latest_confirmed().id
    assert await finalize_refusal(court, thief, liar.node, 1, right) == "NotProven"
    await prove_exit(thief, court.honest, 0, right)
    await court.wait(world.rollup.parameters.maturity_seconds)
    await finalize(thief, court.honest, 0, right)
    assert await finalize_refusal(court, thief, court.honest, 0, right) == "AlreadyFinalized"


@pytest.mark.parametrize(
    "cause", [Reason.BAD_SIGNATURE, Reason.NONCE_USED, Reason.INSUFFICIENT_BALANCE]
)
@SIDES
async def test_attack_03_bad_authorisation_is_no_op_and_applying_it_loses(
    world: World, cause: Reason, *, mirror: bool
) -> None:
    transfer = {
        Reason.BAD_SIGNATURE: Transfer(1, 2, ETH, 700, 191),
        Reason.NONCE_USED: Transfer(1, 2, ETH, 10, 0),
        Reason.INSUFFICIENT_BALANCE: Transfer(1, 2, ETH, 10**9, 192),
    }[cause]
    signer = "bob" if cause is Reason.BAD_SIGNATURE else "alice"
    court = await Court.open(world, world.signed(signer, transfer))
    receipts = court.honest.replica.items[0].receipts
    assert [receipt.reason for receipt in receipts].count(cause) == 1
    lie = lies.APPLIED[cause]
    await fight(court, lie, "one-shot", mirror=mirror)
    assert (await disputed(court, lie)).startswith(f"TRANSFER {cause.name} transfer of")


@SIDES
async def test_attack_04_missing_leaves_are_provable(world: World, *, mirror: bool) -> None:
    ghost = [Transfer(1, lies.GHOST, ETH, 5, 191), Transfer(lies.GHOST, 1, ETH, 5, 192)]
    records = [world.signed("alice", transfer) for transfer in ghost]
    records.append(world.signed("bob", Withdraw(lies.GHOST, ETH, 5, PAYEE, 193)))
    court = await Court.open(world, b"".join(records))
    found = [receipt.reason for receipt in court.honest.replica.items[0].receipts]
    assert found.count(Reason.UNKNOWN_RECIPIENT) == 1
    assert found.count(Reason.UNKNOWN_ACCOUNT) == 2
    await prove_all(court)
    await fight(court, lies.OPENED_ACCOUNT, "one-shot", mirror=mirror)
    words = await disputed(court, lies.OPENED_ACCOUNT)
    assert words.startswith("TRANSFER UNKNOWN_RECIPIENT")


@DOORS
@SIDES
async def test_attack_05_false_block_time_is_provable(
    world: World, door: str, *, mirror: bool
) -> None:
    court = await Court.open(world)
    header = court.honest.replica.items[0].item.header
    time_ms = court.honest.replica.items[0].cursor.time_ms
    assert header.min_time * 1_000 <= time_ms <= header.max_time * 1_000
    await fight(court, lies.FALSE_BLOCK_TIME, door, mirror=mirror)
    assert await disputed(court, lies.FALSE_BLOCK_TIME) == "OPEN_ITEM OK "


@pytest.mark.parametrize(
    ("garbage", "reason"),
    [
        (b"\x02" + bytes(40), Reason.VOID_BATCH),
        (b"\x07", Reason.VOID_BATCH),
        (encode_prefix(1) + b"\xff\xff" + b"\x99" * 50, Reason.BAD_LENGTH),
        (encode_prefix(1) + b"\x00\x04\x99\x99\x99\x99", Reason.UNDECODABLE),
        (encode_prefix(1) + frame(b"\x10" + b"\xff" * 200), Reason.UNDECODABLE),
    ],
    ids=["version", "short", "length", "kind", "varint"],
)
@SIDES
async def test_attack_06_garbage_means_the_same_to_everybody(
    world: World, garbage: bytes, reason: Reason, *, mirror: bool
) -> None:
    await world.deposit("alice", 1_000, 1)
    await world.deposit("bob", 1, 2)
    node = await world.follower()
    court = Court(world, node)
    (delayed,) = await world.reader.call("inbox", "delayedAccumulator", 2)
    poster = world.sender("batch_poster")
    await poster.send("inbox", "appendBatch", bytes(32), garbage, 2, delayed, 0, bytes(32))
    await node.catch_up()
    reasons = [receipt.reason for receipt in node.replica.items[0].receipts]
    assert reason in reasons
    assert node.replica.segment_roots == (await scratch(court)).replica.segment_roots
    await prove_all(court)
    assert reasons[-3:-1] == [Reason.OK, Reason.OK], "the deposits are executed all the same"
    await fight(court, lies.EXECUTED_GARBAGE, "one-shot", mirror=mirror)
    assert reason.name in await disputed(court, lies.EXECUTED_GARBAGE)


@pytest.mark.parametrize("shown", [0, 3, 11])
@SIDES
async def test_attack_07_withheld_history_loses(world: World, shown: int, *, mirror: bool) -> None:
    court = await Court.open(world)
    before = await court.purses(*court.honest_addresses())
    if mirror:
        await court.claim_right()
    claim = await court.wrong_claim()
    mallory = court.adversary()
    wrong = await court.claim(mallory, claim)
    challenger = court.challenger()
    await court.play(challenger)
    await bisect_down(court, challenger, mallory, claim, levels=shown)
    assert court.known(wrong).live
    await court.finish(challenger)
    game = await court.check_won(before)
    assert game.disputes == ()
    assert not [move for move in game.moves if move.action in ("refute", "prove one step")]


@SIDES
async def test_attack_08_claims_about_data_that_l1_does_not_have_are_refused(
    world: World, *, mirror: bool
) -> None:
    court = await Court.open(world)
    if mirror:
        await court.claim_right()
    world.cut(world.signed("alice", Transfer(1, 2, ETH, 5, 300)), 2)
    liar = await court.party(0, court.liar_machine())
    mallory, node = court.adversary(), liar.node
    stake = world.rollup.parameters.stake_wei
    first = court.honest.claims.next_claim() or liar.claim
    future = list(assertion_input(first))
    if mirror:
        future[0] = court.tree.all()[-1].id
        with pytest.raises(TransactionReverted, match="TargetNotReached"):
            await mallory.send("assertion_chain", "createAssertion", tuple(future), value_wei=stake)
        future[0] = court.tree.genesis.id
    future[1] = bytes(32)
    with pytest.raises(TransactionReverted, match="UnexpectedAssertion"):
        await mallory.send("assertion_chain", "createAssertion", tuple(future), value_wei=stake)
    await court.post()
    await node.catch_up()
    too_far = overlong(court)
    with pytest.raises(TransactionReverted, match="CursorBeyondTarget"):
        await mallory.send("assertion_chain", "createAssertion", too_far, value_wei=stake)
    if not mirror:
        made = await court.claim_right()
        assert court.known(made).status is AssertionStatus.PENDING
    child = court.honest.claims.next_claim()
    assert child is not None
    assert child.target == 2, "the id below is free for the honest claim"
    await court.claim(world.sender("challenger"), child)


@pytest.mark.parametrize("place", ["first", "last step", "first padding", "last padding"])
@DOORS
@SIDES
async def test_attack_09_lies_in_the_middle_or_the_padding_are_found(
    world: World, place: str, door: str, *, mirror: bool
) -> None:
    court = await Court.open(world)
    before = await court.purses(*court.honest_addresses())
    real = len(court.honest.replica.segment_roots)
    last = (1 << world.rollup.parameters.history_height) - 2
    indices = {"first": 0, "last step": real - 2, "first padding": real, "last padding": last}
    index = indices[place]
    if mirror:
        await court.claim_right()
    claim = await patched(court, index)
    mallory = court.adversary()
    wrong = await court.claim(mallory, claim, publish=door == "one-shot")
    challenger = court.challenger()
    if door == "interactive":
        await court.play(challenger)
        await bisect_down(court, challenger, mallory, claim, levels=12)
    await court.finish(challenger)
    game = await court.check_won(before)
    assert [dispute.segment for dispute in game.disputes] == [index]
    assert court.known(wrong).refuter is not None


@SIDES
async def test_attack_10_silent_claimant_loses_by_time(world: World, *, mirror: bool) -> None:
    court = await Court.open(world)
    before = await court.purses(*court.honest_addresses())
    if mirror:
        await court.claim_right()
        await court.wait(court.period // 2)
    await court.claim(court.adversary(), await court.wrong_claim())
    await court.finish(court.challenger())
    game = await court.check_won(before)
    honest = {"0x" + address.hex() for address in court.honest_addresses()}
    bisections = [m for m in game.moves if m.action == "bisect" and m.actor in honest]
    assert len(bisections) == 1, "one move answers who never moves"


@SIDES
async def test_attack_11_exhaustive_mover_and_freeloader_gain_nothing(
    world: World, *, mirror: bool
) -> None:
    court = await Court.open(world)
    before = await court.purses(*court.honest_addresses())
    if mirror:
        await court.claim_right()
    liar = await court.party(0, court.liar_machine())
    wrong = await court.claim(court.adversary(), liar.claim)
    followed = Followed(world.sender("challenger"), court.adversary(5))
    challenger = challenger_of(court, followed)
    await court.finish(challenger, [liar])
    await court.check_won(before)
    assert followed.errors >= {"AlreadyBisected"}
    assert await court.refusal("challenge_game", "claimRefutation", wrong) == "NothingEarned"
    (earned,) = await world.reader.call("stake_pool", "claimable", followed.copier.address)
    assert earned == 0


@pytest.mark.parametrize("count", [2, 8, 32])
@pytest.mark.parametrize("staggered", [False, True], ids=["at once", "staggered"])
@SIDES
async def test_attack_12_swarm_delays_no_more_than_one_rival(
    world: World, count: int, *, staggered: bool, mirror: bool
) -> None:
    court = await Court.open(world)
    before = await court.purses(*court.honest_addresses())
    if mirror:
        await court.claim_right()
    challenger = court.challenger()
    places = [1 + 97 * number for number in range(count)]
    for number, index in enumerate(places):
        claim = await patched(court, index, number)
        await court.claim(court.adversary(number), claim, publish=bool(number % 2))
        if staggered:
            await court.play(challenger)
            await court.wait(court.period // (2 * count))
    await court.finish(challenger)
    game = await court.check_won(before)
    honest = {"0x" + address.hex() for address in court.honest_addresses()}
    gas = sum(move.gas for move in game.moves if move.actor in honest)
    assert gas <= 3_000_000 * (count + 1), "work is linear in the number of rivals"
    winner = next(claim for claim in game.claims if claim.id == game.winner)
    delay = (winner.confirmed_at or 0) - (game.rivaled_at or 0)
    assert delay <= 2 * court.period + court.delay + 60


@SIDES
async def test_attack_13_clock_borders_are_the_same_for_node_and_contract(
    world: World, *, mirror: bool
) -> None:
    court = await Court.open(world)
    if mirror:
        await court.claim_right()
    wrong = await court.claim(court.adversary(), await court.wrong_claim())
    challenger = court.challenger()
    await court.play(challenger)
    right = next(c for c in court.tree.children(court.tree.genesis.id) if c.id != wrong)
    (root,) = [
        edge
        for edge in court.honest.l1.disputes.edges(court.tree.genesis.id)
        if edge.key.height == world.rollup.parameters.history_height
    ]
    halves = court.honest.l1.disputes.children(root.id)
    assert halves is not None
    full = clock_of(court, right.id).clock_ends_at
    assert full is not None
    for second, is_due in ((full - 1, False), (full, True)):
        block = await court.at(second)
        await court.honest.catch_up()
        assert bool(await would_do(challenger)) is is_due
        claim = clock_of(court, right.id)
        assert (claim.missing_seconds == 0, claim.clock_ends_at) == (is_due, full)
        for half in halves:
            (timer,) = await world.reader.call("challenge_game", "timer", half.id, block_hash=block)
            assert (timer >= court.period) is is_due
    await court.play(challenger)
    marked = court.known(right.id).confirmable_at
    assert marked is not None
    end = marked + court.delay
    for second, error in ((end - 1, "RivalDelayRunning"), (end, None)):
        block = await court.at(second)
        await court.honest.catch_up()
        assert bool(await would_do(challenger)) is (error is None)
        if error is None:
            await world.reader.call("assertion_chain", "confirm", right.id, block_hash=block)
            continue
        with pytest.raises(TransactionReverted, match=error):
            await world.reader.call("assertion_chain", "confirm", right.id, block_hash=block)
    await court.finish(challenger)
    assert court.known(right.id).confirmed


@SIDES
async def test_attack_14_stalling_and_self_challenge_cost(world: World, *, mirror: bool) -> None:
    court = await Court.open(world)
    before = await court.purses(*court.honest_addresses())
    pair = [adversary(number).address for number in (0, 1)]
    had = await court.purses(*pair)
    if mirror:
        await court.claim_right()
    await court.claim(court.adversary(0), await court.wrong_claim(), publish=True)
    accomplice = challenger_of(court, court.adversary(1))
    await court.play(accomplice)
    await court.finish(accomplice)
    await court.finish(court.challenger())
    await court.check_won(before)
    lost = had - await court.purses(*pair)
    assert lost >= world.rollup.parameters.stake_wei // 2


@SIDES
async def test_attack_15_crash_and_reorg_change_no_outcome(world: World, *, mirror: bool) -> None:
    court = await Court.open(world)
    before = await court.purses(*court.honest_addresses())
    if mirror:
        await court.claim_right()
    base = await world.reader.head()
    liar = await court.party(0, court.liar_machine())
    await court.claim(court.adversary(), liar.claim)
    await court.play(court.challenger())
    head = await world.reader.head()
    await world.anvil.reorg(head.number - base.number)
    await world.anvil.call("anvil_dropAllTransactions")
    await court.honest.catch_up()
    assert court.honest.l1.reorgs == 1
    assert len(court.tree.children(court.tree.genesis.id)) == int(mirror)
    await liar.node.catch_up()
    await court.claim(court.adversary(), liar.claim)
    crashes = 0
    for _ in range(400):
        court.honest = await scratch(court)
        player = challenger_of(court, Mortal(world.sender("challenger")))
        await liar.turn()
        await court.honest.catch_up()
        try:
            busy = await player.act()
        except Killed:
            crashes += 1
            continue
        if not busy and court.is_over():
            break
        if not busy:
            await court.wait(court._due())
    await court.finish(court.challenger())
    game = await court.check_won(before)
    assert crashes >= 12
    own = "0x" + accounts()["challenger"].address.hex()
    assert len([claim for claim in game.claims if claim.verdict == "right"]) == 1
    assert len([stake for stake in game.money.stakes if stake.staker == own]) == int(not mirror)


@SIDES
async def test_attack_16_front_running_changes_no_outcome(world: World, *, mirror: bool) -> None:
    court = await Court.open(world)
    before = await court.purses(*court.honest_addresses())
    if mirror:
        await court.claim_right()
    liar = await court.party(0, court.liar_machine())
    await court.claim(court.adversary(), liar.claim)
    arena = ArenaWorld(world.anvil, world.rollup, "calldata")
    runner = arena.sender("runner", adversary(5).private_key)
    slowed = FrontRun(arena.user("challenger"), runner, copies_claims=True)
    challenger = challenger_of(court, slowed)
    await court.finish(challenger, [liar])
    game = await court.check_won(before, slack_wei=ETHER // 100)
    await arena.close()
    ran = [move.action for move in arena.journal.of(["runner"]) if not move.error]
    assert len(ran) >= 3
    assert ("createAssertion" in ran) is not mirror
    right = [claim for claim in game.claims if claim.verdict == "right"]
    assert len(right) == 1
    assert challenger.status()["challenger"]["found_done"] >= 3


@SIDES
async def test_attack_17_bonds_add_up_whoever_refuses_them(world: World, *, mirror: bool) -> None:
    court = await Court.open(world)
    reader, stake = world.reader, world.rollup.parameters.stake_wei
    if mirror:
        await court.claim_right()
    before = await court.purses(*court.honest_addresses())
    mallory, claim = court.adversary(), await court.wrong_claim()
    given = list(assertion_input(claim))
    for wei in (0, stake - 1, stake + 1):
        with pytest.raises(TransactionReverted, match="StakeMismatch"):
            await mallory.send("assertion_chain", "createAssertion", tuple(given), value_wei=wei)
    await court.claim(mallory, claim)
    with pytest.raises(TransactionReverted, match="StakeLocked"):
        await mallory.send("assertion_chain", "withdrawStake")
    challenger = challenger_of(court, world.sender("challenger"), releases=False)
    await court.finish(challenger)
    await court.check_won(before)
    with pytest.raises(TransactionReverted, match="NoStake"):
        await mallory.send("assertion_chain", "withdrawStake")
    owner = world.sender("proposer" if mirror else "challenger")
    await owner.send("assertion_chain", "withdrawStake")
    with pytest.raises(TransactionReverted, match="NoStake"):
        await owner.send("assertion_chain", "withdrawStake")
    (owed,) = await reader.call("stake_pool", "claimable", owner.address)
    assert owed >= stake
    with pytest.raises(TransactionReverted, match="PaymentRefused"):
        await owner.send("stake_pool", "claim", world.rollup.address("inbox"))
    (still,) = await reader.call("stake_pool", "claimable", owner.address)
    assert still == owed, "who refuses a payment loses nothing and stops nobody"
    await owner.send("stake_pool", "claim", owner.address)
    with pytest.raises(TransactionReverted, match="NothingToClaim"):
        await owner.send("stake_pool", "claim", owner.address)
    await court.check_pool()


@SIDES
async def test_attack_18_moves_at_a_wrong_place_or_time_have_their_own_errors(
    world: World, *, mirror: bool
) -> None:
    court = await Court.open(world)
    origin = court.tree.genesis.id
    right = await court.claim_right()
    height = world.rollup.parameters.history_height
    child = court.honest.claims.right_child(court.tree.genesis)
    assert child is not None
    history = child.history
    halves = (history.node(height - 1, 0), history.node(height - 1, 1))
    game, chain, refusal = "challenge_game", "assertion_chain", court.refusal
    assert await refusal(game, "bisectAssertion", right, *halves) == "EdgeUnrivaled"
    assert await refusal(chain, "markConfirmable", right) == "NotConfirmable"
    assert await refusal(chain, "settle", [right], [bytes(20)]) == "NotLost"
    claim = await court.wrong_claim()
    wrong = await court.claim(court.adversary(), claim)
    victim, false = (right, halves[::-1]) if mirror else (wrong, halves)
    assert await refusal(game, "bisectAssertion", victim, *false) == "HalvesMismatch"
    whole = (origin, height, 0, bytes(32), *halves)
    assert await refusal(game, "updateTimers", [whole]) == "UnknownEdge"
    await court.play(court.challenger())
    elsewhere = (origin, height - 1, 1, bytes(32), *halves)
    assert await refusal(game, "bisect", elsewhere) == "UnknownEdge"
    assert await refusal(game, "updateTimers", [elsewhere]) == "UnknownEdge"
    assert await refusal(chain, "refute", victim, bytes(20)) == "NotGame"
    assert await refusal(game, "claimAssertion", origin) == "ContestOpen"
    branch, leaves = history.branch, history.leaf
    refutation = (right, 1, leaves(0), branch(0), leaves(1), branch(1))
    assert await refusal(game, "refute", refutation, (0, b"")) == "SegmentNotProven"
    await prove_all(court)
    found = {await refusal(game, "refute", refutation, (count, b"")) for count in range(1, 65)}
    assert found == {"SegmentNotProven", "TransitionIsValid"}
    await court.finish(court.challenger())
    assert await refusal(game, "bisectAssertion", right, *halves) == "ContestClosed"
    assert await refusal(game, "refute", (wrong, *refutation[1:]), (0, b"")) == "ContestClosed"
    assert await refusal(chain, "confirm", wrong) in ("AssertionLost", "ParentClosed")
    assert await refusal(game, "closeContest", origin) in ("ClaimPeriodRunning", "NothingEarned")


@SIDES
async def test_attack_19_worst_step_is_provable_and_two_liars_confirm_nothing(
    world: World, *, mirror: bool
) -> None:
    court = await Court.open(world, longest())
    await prove_all(court)
    if mirror:
        await court.claim_right()
    for number in range(2):
        await court.claim(court.adversary(number), await patched(court, 2 + number, number))
    if not mirror:
        for _ in range(3):
            await court.wait(court.period)
            for known in court.tree.children(court.tree.genesis.id):
                error = await court.refusal("assertion_chain", "markConfirmable", known.id)
                assert error == "NotConfirmable"
    before = await court.purses(*court.honest_addresses())
    late = court.honest.l1.derivation.head.timestamp
    await court.finish(court.challenger())
    confirmed = court.tree.latest_confirmed().confirmed_at
    assert confirmed is not None
    assert confirmed - late <= 2 * court.period + court.delay
    await court.check_pool()
    assert await court.purses(*court.honest_addresses()) >= before


@SIDES
async def test_attack_20_censored_users_leave_and_withdrawals_pay_once(
    world: World, *, mirror: bool
) -> None:
    await world.deposit("alice", 1_000, 1)
    await world.force("alice", Withdraw(1, ETH, 300, PAYEE, 0))
    node = await world.follower()
    court = Court(world, node)
    await node.catch_up()
    assert [entry.amount for _, entry in node.replica.withdrawals(1)] == [300]
    if mirror:
        await court.claim_right()
    before = await court.purses(*court.honest_addresses())
    liar = await court.party(0, court.liar_machine(lies.SWALLOWED_MESSAGE))
    stranger = court.adversary(7)
    wrong = await court.claim(court.adversary(), liar.claim)
    await court.finish(court.challenger(), [liar])
    await court.check_won(before)
    right = court.tree.latest_confirmed().id
    assert right != wrong
    await prove_exit(stranger, node, 0, right)
    assert await finalize_refusal(court, stranger, node, 0, right) == "NotMature"
    other = court.adversary(8)
    assert await finalize_refusal(court, other, node, 0, right) == "NotProven"
    await court.wait(world.rollup.parameters.maturity_seconds)
    guardian = world.sender("guardian")
    await guardian.send("bridge", "pause", 60)
    assert await finalize_refusal(court, stranger, node, 0, right) == "Paused"
    await court.wait(61)
    await finalize(stranger, node, 0, right)
    paid = int(await world.client.call("eth_getBalance", "0x" + PAYEE.hex(), "latest"), 16)
    assert paid == 300
    assert await finalize_refusal(court, stranger, node, 0, right) == "AlreadyFinalized"
