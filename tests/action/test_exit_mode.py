"""Everybody leaves from L1 alone: traders on both sides of a trade, and an item half claimed."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from rollup_node.core.exit_claims import compute_claim, due, sum_claims
from rollup_node.core.inputs import Transfer
from rollup_node.core.kinds import StepKind
from rollup_node.core.layout import CREDIT_KEY, POOLS_KEY, TOTALS_KEY
from rollup_node.core.weights import SEGMENT_WEIGHT, WEIGHTS
from rollup_node.devnet.arena_deposits import Stakes, deposit, deposit_stakes
from rollup_node.devnet.arena_desk import Desk, open_desk
from rollup_node.devnet.arena_market import PERPETUAL
from rollup_node.devnet.arena_world import ArenaWorld, new_world
from rollup_node.devnet.deployer import opening_messages
from rollup_node.devnet.market_script import BUY, SELL, Script
from rollup_node.devnet.markets import ETH, USDC_UNIT
from rollup_node.node.challenger import ChallengerPlayer, make_challenger
from rollup_node.node.exits import ExitDesk, list_accounts
from rollup_node.node.players import BatchPosterPlayer, ProposerPlayer
from rollup_node.ports import TransactionReverted
from rollup_node.proof.chain_state import ChainState
from rollup_node.roles.exiting import Pay, ProveClaim, ProveMarks, ProveTotals
from tests.action.l1_world import World

USDC, ETHER, WEI = 0, 1, 10**18
ALICE, BOB, CAROL = 1, 2, 3
_STAKES: Stakes = (("alice", 2_000), ("bob", 600), ("carol", 900))
_OPENING = len(opening_messages(opened_at=0)) + len(_STAKES) + 1
_PRICE = 3_000_123_457
"""No whole number of anything: what is taken and shared is rounded."""
_LOTS = 300
"""Three ether, at 60,000 ticks of 5 cents a piece."""

_JUMPS = (103, 107, 111, 115, 119, 123)
"""Prices in per cent of the first one: each less than 5 % from the one before."""


@dataclass
class Stage:
    """A world whose only claim is confirmed; proposer and sequencer are gone since."""

    world: ArenaWorld
    desk: Desk
    challenger: ChallengerPlayer

    def leaver(self, name: str) -> ExitDesk:
        """Return what a user starts who leaves: it knows nothing but L1."""
        return ExitDesk(self.world.rollup, self.world.reader, self.world.user(name))

    async def challenge(self) -> None:
        """Let the honest challenger do what it wants to."""
        await self.desk.catch_up()
        while await self.challenger.act():
            await self.desk.catch_up()

    async def custody(self, asset: int) -> int:
        (held,) = await self.world.reader.call("bridge", "custody", asset)
        return int(held)


def _trade(script: Script) -> None:
    """Bob sells to alice, then the price leaves him: far beyond his cash."""
    script.begin()
    script.pull(_OPENING)
    script.begin()
    script.report(ETH, _PRICE)
    script.begin()
    script.order("bob", BOB, PERPETUAL, (SELL, 60_000, _LOTS), rests=1)
    script.begin()
    script.order("alice", ALICE, PERPETUAL, (BUY, 60_000, _LOTS))
    for percent in _JUMPS:
        script.begin(1_500)
        script.report(ETH, _PRICE * percent // 100)


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with new_world("calldata", markets=True) as world:
        await asyncio.to_thread(deposit_stakes, world, _STAKES)
        await world.user("bob").send("bridge", "depositETH", BOB, value_wei=WEI)
        script = Script(world.machine.domain, await world.now() * 1_000)
        _trade(script)
        world.batches.add(script.cut(), _OPENING)
        desk = await open_desk(world)
        await _post(world, desk)
        await _confirm(world, desk)
        await asyncio.to_thread(deposit, world, "carol", CAROL, 7)
        script.begin()
        script.pull()
        world.batches.add(script.cut(), _OPENING + 1)
        await _post(world, desk)
        sender, rollup = world.user("challenger"), world.rollup
        claims = desk.claims()
        player = make_challenger(
            desk.l1, desk.replica, claims, world.reader, sender, world.machine, rollup, []
        )
        desk.players.append(player)
        yield Stage(world, desk, player)


async def _post(world: ArenaWorld, desk: Desk) -> None:
    poster = BatchPosterPlayer(desk.l1, world.batches, world.user("batch_poster"), world.data)
    desk.players[:] = [poster]
    await desk.catch_up()
    while await poster.act():
        await desk.catch_up()
    desk.players.clear()


async def _confirm(world: ArenaWorld, desk: Desk) -> None:
    """Have the first item claimed and confirmed."""
    parameters = world.rollup.parameters
    sender = world.user("proposer")
    proposer = ProposerPlayer(desk.l1, world.reader, sender, desk.claims(), parameters)
    await proposer.act()
    await world.warp(parameters.confirm_period_seconds)
    await desk.catch_up()
    await proposer.act()
    await desk.catch_up()
    assert desk.l1.tree.latest_confirmed().created.item == 1


def _check_books(state: ChainState) -> int:
    """Check M-1 by the worth of all accounts; return what the exchange itself holds."""
    pools, credit = state.get(POOLS_KEY), state.get(CREDIT_KEY)
    own: int = pools.fees + sum(pools.insurance)
    claims = [compute_claim(state, account) for account in list_accounts(state)]
    worth = sum(claim.worth_usdc for claim in claims if claim)
    deficit = credit.deficit if credit else 0
    assert state.get(TOTALS_KEY).amounts[USDC] + deficit == worth + own
    return own


async def test_both_sides_of_a_trade_leave_with_what_it_is_worth_at_the_last_mark(
    stage: Stage,
) -> None:
    world, parameters = stage.world, stage.world.rollup.parameters
    leaver = stage.leaver("alice")
    await leaver.follow()
    status = await leaver.status()
    assert status.entered_at == 0
    with pytest.raises(TransactionReverted, match="TooEarly"):
        await leaver.enter()
    await world.warp(status.enter_from - status.l1_time)
    await stage.challenge()
    await leaver.enter()
    await stage.challenge()
    await leaver.follow()
    state = await leaver.exit_state()
    assert list_accounts(state) == [ALICE, BOB, CAROL]
    own = _check_books(state)
    claims = [compute_claim(state, account) for account in (ALICE, BOB, CAROL)]
    alice, bob, carol = (claim for claim in claims if claim)
    gain = _LOTS * (_PRICE * _JUMPS[-1] // 100 // 100 - _PRICE // 100)
    assert gain > 2_000 * USDC_UNIT
    assert alice.worth_usdc + bob.worth_usdc + own == 2_600 * USDC_UNIT
    assert abs(alice.worth_usdc - 2_000 * USDC_UNIT - gain) < 10 * USDC_UNIT  # fees and funding
    assert bob.worth_usdc < 0 < bob.amounts[ETHER] < WEI
    assert carol.worth_usdc == 900 * USDC_UNIT

    assert await leaver.claim(state, [ALICE, BOB, CAROL]) == [
        ProveTotals(),
        ProveMarks((PERPETUAL,)),
        *(ProveClaim(account) for account in (ALICE, BOB, CAROL)),
    ]
    assert await leaver.claim(state, [ALICE]) == []
    books = sum_claims(state.get(TOTALS_KEY).amounts, [alice, bob, carol])
    assert (await leaver.status()).books == books
    assert await leaver.pay(state, [ALICE, BOB, CAROL]) == [Pay(BOB, ETHER)]
    assert await stage.custody(ETHER) == WEI - bob.amounts[ETHER]
    await world.warp(parameters.exit_claim_seconds)
    done = await leaver.pay(state, [ALICE, BOB, CAROL])
    assert done == [Pay(ALICE, USDC), Pay(ALICE, ETHER), Pay(CAROL, USDC), Pay(CAROL, ETHER)]
    for account, claim in ((ALICE, alice), (BOB, bob), (CAROL, carol)):
        for asset, amount in enumerate(due(books, claim)):
            (paid,) = await world.reader.call("exit_mode", "paid", account, asset)
            assert paid == amount
    # What stays: the deposit that no confirmed item took, and less than a unit for each claim; of
    # the collateral what the exchange's own money made good instead.
    assert 0 <= await stage.custody(USDC) - 7 * USDC_UNIT < 3
    missing = books.claimed_usdc - books.pool[USDC]
    kept = bob.seized[ETHER] - bob.seized[ETHER] * missing // books.covered_usdc
    assert 0 <= await stage.custody(ETHER) - kept < 3
    assert missing == -bob.worth_usdc - own
    await stage.challenge()


async def test_late_claim_gets_its_ether_at_once_and_usdc_from_what_is_left(stage: Stage) -> None:
    leaver = stage.leaver("carol")
    await leaver.follow()
    status = await leaver.status()
    await stage.world.warp(status.enter_from - status.l1_time)
    await leaver.enter()
    state = await leaver.exit_state()
    await leaver.claim(state, [CAROL])
    await stage.world.warp(stage.world.rollup.parameters.exit_claim_seconds)
    await leaver.claim(state, [ALICE, BOB])
    assert await leaver.pay(state, [ALICE, BOB, CAROL]) == [
        Pay(ALICE, USDC),
        Pay(BOB, ETHER),
        Pay(CAROL, USDC),
    ]
    (paid,) = await stage.world.reader.call("exit_mode", "paid", CAROL, USDC)
    assert paid == 900 * USDC_UNIT
    assert await stage.custody(USDC) == 7 * USDC_UNIT


_TRANSFERS = 4 * (SEGMENT_WEIGHT // WEIGHTS[StepKind.TRANSFER]) + 10


@pytest.mark.parametrize("world", [{"history_height": 1}], indirect=True)
async def test_exit_state_in_the_middle_of_an_item_is_found_and_left_from(world: World) -> None:
    await world.deposit("alice", 10_000, 1)
    await world.deposit("bob", 1, 2)
    sent = [world.signed("alice", Transfer(1, 2, ETHER, 1, n)) for n in range(_TRANSFERS)]
    world.cut(b"", 2)
    world.cut(b"".join(sent), 2)
    follower = await world.follower()
    poster, proposer = world.poster(follower), world.proposer(follower)
    await follower.catch_up(poster)
    while await poster.act():
        await follower.catch_up(poster)
    parameters = world.rollup.parameters
    while follower.l1.tree.latest_confirmed().created.finished:
        await proposer.act()
        await world.anvil.increase_time(parameters.confirm_period_seconds)
        await world.anvil.mine()
        await follower.catch_up()
        await proposer.act()
        await follower.catch_up()
    leaver = ExitDesk(world.rollup, world.reader, world.sender("alice"))
    await leaver.follow()
    status = await leaver.status()
    await world.anvil.increase_time(max(status.enter_from - status.l1_time, 1))
    await world.anvil.mine()
    await leaver.enter()
    state = await leaver.exit_state()
    claims = [compute_claim(state, account) for account in (1, 2)]
    sums = [claim.amounts[ETHER] for claim in claims if claim]
    assert sum(sums) == 10_001
    assert 1 < sums[1] < 1 + _TRANSFERS
    await leaver.claim(state, [1, 2])
    assert await leaver.pay(state, [1, 2]) == [Pay(1, ETHER), Pay(2, ETHER)]
    (left,) = await world.reader.call("bridge", "custody", ETHER)
    assert left == 0
