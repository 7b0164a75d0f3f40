"""The vault keeper on a real L1: a week of both vaults, a stranger's payment, nothing by chance."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pytest

from rollup_node.core.inputs import (
    Bid,
    Liquidate,
    ListExpiry,
    ListStrike,
    RotateKey,
    Settle,
    Withdraw,
)
from rollup_node.core.layout import (
    BRIDGE_ACCOUNT_LIMIT,
    LeafKey,
    balances_key,
    directory_key,
    hot_key,
    owner_key,
)
from rollup_node.devnet.arena_deposits import deposit
from rollup_node.devnet.arena_desk import Desk, open_desk
from rollup_node.devnet.arena_world import ArenaWorld, new_world
from rollup_node.devnet.deployer import opening_messages
from rollup_node.devnet.keys import accounts, checksum
from rollup_node.devnet.market_script import BUY, Script
from rollup_node.devnet.markets import ETH, USDC_UNIT, smile
from rollup_node.devnet.vaults import CASH_SECURED_PUT, COVERED_CALL, VaultPlan, request_deposit
from rollup_node.l1.contracts import Contract, ContractClient
from rollup_node.l1.journal import JournalReader, Sent
from rollup_node.node.account_tape import AccountTape
from rollup_node.node.payouts import Payouts
from rollup_node.node.players import BatchPosterPlayer, ProposerPlayer
from rollup_node.node.vault_desk import VaultDesk
from rollup_node.node.vault_keeper import VaultKeeperPlayer
from rollup_node.node.vaults import STEADY_MS, VIRTUAL_SHARES, VaultReader
from rollup_node.roles.vault_keeper import GATHER_SECONDS, VaultPhase
from rollup_node.rpc.errors import RpcError

CALLS, PUTS = COVERED_CALL.name, CASH_SECURED_PUT.name
CALL_ACCOUNT, PUT_ACCOUNT, BOB = 1, 2, 3
WEI: Final = 10**18
SLOT: Final = 5
STRIKES: Final = ((2_048, 2_800), (2_050, 2_900), (2_052, 3_000), (2_054, 3_100), (2_056, 3_200))
PRICE: Final = 3_000_000_000
ENDED: Final = 2_870_000_000
"""Where the index is at the expiry: below the strike of the puts that were sold."""
BOB_USDC: Final = 50_000
ALICE_WEI: Final = 2 * WEI
CAROL_USDC: Final = 30_000 * USDC_UNIT
LOTS: Final = 400
ALL_LOTS: Final = 2_000
"""More than the sale of puts offers."""
MOON: Final = 40_000_000_000
"""Where puts are worth nothing and require, at 7.5 % of the index, more than the vault has."""
LARGE_TICK: Final = 500
STALE_SECONDS: Final = 120
REPRICE_MS: Final = 30_000
OPENING: Final = len(opening_messages(opened_at=0)) + 1
"""The governor's messages, and the deposit of bob."""


@dataclass
class Stage:
    """A world with two vaults, a node that keeps them, and a script for its sequencer."""

    world: ArenaWorld
    desk: Desk
    script: Script
    readers: dict[str, VaultReader]
    tape: AccountTape
    keeper: VaultKeeperPlayer
    told: VaultDesk
    client: ContractClient

    def contract(self, plan: VaultPlan) -> Contract:
        return Contract(self.client, "OptionVault", self.world.rollup.address(plan.key))

    async def request(self, plan: VaultPlan, name: str, amount: int) -> None:
        """Queue a deposit of a named user."""
        artifact = "WrappedEther" if plan.is_call else "TestUSDC"
        coin = Contract(self.client, artifact, self.world.rollup.address(plan.coin))
        owner = accounts()[name].address
        await asyncio.to_thread(request_deposit, self.contract(plan), coin, owner, amount)

    async def follow(self) -> None:
        """Execute what L1 has, as the loop of a node does."""
        await self.desk.l1.follow()
        items = self.desk.l1.derivation.items
        while self.desk.replica.item_count < len(items):
            await self.desk.replica.apply(items[self.desk.replica.item_count])
            self.tape.see(self.desk.replica)

    async def post(self, messages: int) -> None:
        """Post what the script has; `messages` were consumed by then."""
        self.world.batches.add(self.script.cut(), messages)
        await self.follow()
        poster = BatchPosterPlayer(
            self.desk.l1, self.world.batches, self.world.user("batch_poster"), self.world.data
        )
        while await poster.act():
            await self.follow()

    async def claim(self) -> None:
        """Have what can be confirmed confirmed, and the newest state claimed."""
        sender, parameters = self.world.user("proposer"), self.world.rollup.parameters
        claims = self.desk.claims()
        proposer = ProposerPlayer(self.desk.l1, self.world.reader, sender, claims, parameters)
        while claims.next_claim() is not None or await proposer.act():
            await proposer.act()
            await self.world.warp(3)
            await self.follow()

    async def confirm(self) -> None:
        """Have the newest state claimed and confirmed."""
        await self.claim()
        await self.world.warp(self.world.rollup.parameters.confirm_period_seconds)
        await self.follow()
        await self.claim()

    async def keep(self) -> None:
        """Let the keeper act until it has nothing to do."""
        await self.follow()
        for _ in range(20):
            if not await self.keeper.act():
                return
            await self.world.warp(1)
            await self.follow()
        pytest.fail("the keeper does not come to rest")

    def leaf(self, key: LeafKey) -> Any:
        """Return a leaf of the newest state, which is there."""
        return self.desk.replica.state.get(key)

    async def phase(self, name: str) -> VaultPhase:
        return VaultPhase(await self.readers[name].ask("phase"))

    async def epoch(self, name: str) -> int:
        found = await self.readers[name].ask("epoch")
        return int(found[0])


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with new_world("calldata", markets=True, vaults=True) as world:
        desk = await open_desk(world)
        vaults = VaultReader.all_of(world.rollup, world.reader)
        readers = {found.vault.name: found for found in vaults}
        owners = {reader.address for reader in readers.values()}
        tape = AccountTape(owners, world.rollup.underlyings)
        sender = world.user("verifier")
        payouts = Payouts(desk.replica, desk.claims(), world.reader, sender, tape, owners)
        keeper = VaultKeeperPlayer(
            desk.l1, desk.replica, world.reader, sender, vaults, payouts, tape
        )
        addresses = {name: world.rollup.address(name) for name in world.rollup.contracts}
        journals = {
            name: JournalReader(world.client, addresses, [reader.vault.contract])
            for name, reader in readers.items()
        }
        told = VaultDesk(world.rollup, desk.l1, desk.replica, tape, readers, journals)
        bob = world.user("bob")
        await bob.send("bridge", "openAccount", bob.address)
        await asyncio.to_thread(deposit, world, "bob", BOB, BOB_USDC)
        script = Script(world.machine.domain, await world.now() * 1_000)
        client = ContractClient(world.anvil.url)
        yield Stage(world, desk, script, readers, tape, keeper, told, client)
        client.close()


async def _list(stage: Stage, expiry_at: int) -> None:
    """Open the exchange: prices, and options of the date with marks."""
    script = stage.script
    script.begin(await stage.world.now() * 1_000 - script.time_ms)
    script.pull(OPENING)
    script.begin()
    script.report(ETH, PRICE)
    script.begin()
    script.open(ListExpiry(ETH, SLOT, expiry_at))
    for call, strike in STRIKES:
        script.open(ListStrike(ETH, SLOT, strike * USDC_UNIT, call))
    script.begin()
    script.surface(ETH, SLOT, smile(6_000))
    script.begin(STEADY_MS)
    script.report(ETH, PRICE + 1)
    script.begin(1_000)
    await stage.post(OPENING)


async def _wake(stage: Stage, messages: int) -> None:
    """Let L2 have the time of L1, prices, and marks, after a silence."""
    script = stage.script
    script.begin(await stage.world.now() * 1_000 - script.time_ms)
    script.report(ETH, PRICE)
    script.surface(ETH, SLOT, smile(6_000))
    script.begin(REPRICE_MS)
    script.report(ETH, PRICE + 1)
    script.begin(1_000)
    await stage.post(messages)


async def _sell(
    stage: Stage, pulled: int = 4, messages: int = OPENING + 4, lots: int = LOTS
) -> int:
    """Let the sales begin, and bob buy puts; the calls find nobody. Return the put's number."""
    script = stage.script
    script.begin(2_000)
    script.report(ETH, PRICE)
    script.begin(2_000)
    script.pull(pulled)
    await stage.post(messages)
    (offered,) = {held.offer.strike_usdc for held in stage.tape.holdings(PUT_ACCOUNT) if held.offer}
    put = next(call + 1 for call, strike in STRIKES if strike * USDC_UNIT == offered)
    script.begin(1_000)
    script.order("bob", BOB, put, (BUY, LARGE_TICK, lots), immediate=1)
    script.begin()
    await stage.post(messages)
    return put


async def _expire(stage: Stage, expiry_at: int, put: int, *, is_disguised: bool) -> None:
    """Let the week pass, and everybody be settled at a price below the strike.

    Bob pays the vault from an account of his; disguised, that account becomes the vault's.
    """
    script = stage.script
    await stage.world.warp(expiry_at + 60 - await stage.world.now())
    script.begin((expiry_at + 1) * 1_000 - script.time_ms)
    script.report(ETH, PRICE * 97 // 100)
    script.settlement(ETH, SLOT, expiry_at, (ENDED,) * 60)
    script.begin()
    for account in (PUT_ACCOUNT, BOB):
        script.open(Settle(account, put))
    script.begin()
    vault = stage.readers[PUTS].address
    script.act("bob", Withdraw, BOB, 0, 12_345, vault)
    if is_disguised:
        script.act("bob", RotateKey, BOB, vault)
    await stage.post(OPENING + 4)
    assert not any(stage.desk.replica.state.get(directory_key(PUT_ACCOUNT)).series)


async def _open(stage: Stage) -> int:
    """Let deposits convert and both vaults roll; return the expiry."""
    await stage.request(COVERED_CALL, "alice", ALICE_WEI)
    await stage.request(CASH_SECURED_PUT, "carol", CAROL_USDC)
    now = await stage.world.now()
    expiry_at = await stage.readers[PUTS].expiry_after(now + 2 * GATHER_SECONDS)
    await stage.keep()
    assert await stage.epoch(CALLS) == await stage.epoch(PUTS) == 1
    await stage.world.warp(GATHER_SECONDS)
    await stage.keep()
    assert await stage.epoch(CALLS) == await stage.epoch(PUTS) == 2
    assert await stage.phase(PUTS) is VaultPhase.OPEN
    await _list(stage, expiry_at)
    await stage.keep()
    assert await stage.phase(PUTS) is VaultPhase.LOCKED
    return expiry_at


@pytest.mark.parametrize(
    ("is_disguised", "paid"), [(False, 2), (True, 3)], ids=["plain", "disguised"]
)
async def test_keeper_turns_a_week_of_both_vaults_whatever_a_stranger_pays_them(
    stage: Stage, is_disguised: bool, paid: int
) -> None:
    expiry_at = await _open(stage)
    put = await _sell(stage)
    await stage.keep()
    assert await stage.phase(CALLS) is VaultPhase.LOCKED
    await _expire(stage, expiry_at, put, is_disguised=is_disguised)
    await stage.keep()
    assert await stage.phase(PUTS) is VaultPhase.LIVE, "nothing of it is confirmed yet"
    await stage.confirm()
    await stage.keep()
    assert await stage.phase(PUTS) is VaultPhase.LIVE, "prices of L2 are old"
    stage.script.begin(await stage.world.now() * 1_000 - stage.script.time_ms)
    stage.script.report(ETH, PRICE * 97 // 100)
    await stage.post(OPENING + 4)
    state = stage.desk.replica.state
    state.prune(state.mark())  # as after a restart: what is confirmed is executed once more
    await stage.keep()
    assert await stage.phase(CALLS) is await stage.phase(PUTS) is VaultPhase.SETTLED
    await _bring_home(stage)
    assert await stage.epoch(CALLS) == await stage.epoch(PUTS) == 3
    assert stage.keeper.payouts.finalized == paid, "nobody works for what strangers pay"
    await _check_told(stage, put)


async def _bring_home(stage: Stage) -> None:
    """Let L2 send what the keeper asked for, and the keeper turn what it can once it is paid."""
    stage.script.begin(await stage.world.now() * 1_000 - stage.script.time_ms)
    stage.script.pull(2)
    await stage.post(OPENING + 6)
    await stage.claim()
    await stage.keep()
    await stage.confirm()
    await stage.world.warp(stage.world.rollup.parameters.maturity_seconds)
    await stage.keep()


async def _auction(stage: Stage, put: int) -> None:
    """Let the index rise until the account that sold puts is for sale, and bob buy it."""
    script = stage.script
    for delta_ms in (1_000, 1_000, 61_000):  # said, confirmed, and a minute of grace later
        script.begin(delta_ms)
        script.report(ETH, MOON)
        script.begin(1_000)
        script.open(Liquidate(PUT_ACCOUNT, put))
    await stage.post(OPENING + 4)
    version = stage.leaf(hot_key(PUT_ACCOUNT)).version
    for _ in range(2):  # the first one revalues bob's account
        script.begin()
        script.act("bob", Bid, BOB, 0, PUT_ACCOUNT, version, BOB_USDC * USDC_UNIT)
    await stage.post(OPENING + 4)


async def _give_back(stage: Stage, expiry_at: int, put: int) -> None:
    """Let the week pass, and bob empty what he bought down to a unit and give it to the vault."""
    script, bob = stage.script, accounts()["bob"].address
    await stage.world.warp(expiry_at + 60 - await stage.world.now())
    script.begin((expiry_at + 1) * 1_000 - script.time_ms)
    script.report(ETH, MOON)
    script.settlement(ETH, SLOT, expiry_at, (MOON,) * 60)
    script.begin()
    for account in (PUT_ACCOUNT, BOB):
        script.open(Settle(account, put))
    await stage.post(OPENING + 4)
    left = stage.leaf(balances_key(PUT_ACCOUNT)).amounts[0] - 1
    script.begin()
    script.act("bob", Withdraw, PUT_ACCOUNT, 0, left, bob)
    script.act("bob", RotateKey, PUT_ACCOUNT, stage.readers[PUTS].address)
    await stage.post(OPENING + 4)


async def test_keeper_brings_home_what_an_account_was_sold_for_though_it_was_given_back(
    stage: Stage,
) -> None:
    expiry_at = await _open(stage)
    put = await _sell(stage, lots=ALL_LOTS)
    await stage.keep()
    await _auction(stage, put)
    vault = stage.readers[PUTS].address
    assert stage.leaf(owner_key(PUT_ACCOUNT)).address == accounts()["bob"].address
    assert stage.leaf(owner_key(BRIDGE_ACCOUNT_LIMIT)).address == vault
    price = stage.leaf(balances_key(BRIDGE_ACCOUNT_LIMIT)).amounts[0]
    assert price > CAROL_USDC * 9 // 10
    await _give_back(stage, expiry_at, put)
    assert stage.leaf(owner_key(PUT_ACCOUNT)).address == vault
    assert stage.leaf(balances_key(PUT_ACCOUNT)).amounts[0] == 1
    assert stage.leaf(hot_key(PUT_ACCOUNT)).group == BOB
    details = await stage.told.details(PUTS)
    assert details.account is not None
    assert not details.account.is_owned, "the owner alone says nothing"
    await stage.confirm()
    stage.script.begin(await stage.world.now() * 1_000 - stage.script.time_ms)
    stage.script.report(ETH, MOON)
    await stage.post(OPENING + 4)
    await stage.keep()
    assert await stage.phase(PUTS) is VaultPhase.SETTLED
    assert (await stage.told.details(PUTS)).epoch.account == BRIDGE_ACCOUNT_LIMIT
    await _bring_home(stage)
    assert await stage.epoch(PUTS) == 3
    row = (await stage.told.history(PUTS)).epochs[1]
    assert (row.received, row.generation) == (str(price), 0)
    details = await stage.told.details(PUTS)
    assert details.epoch.account not in {PUT_ACCOUNT, BRIDGE_ACCOUNT_LIMIT}
    assert stage.leaf(balances_key(PUT_ACCOUNT)).amounts[0] == 1, "nobody counts on it any more"


async def test_keeper_sends_a_sale_again_until_something_is_sold(stage: Stage) -> None:
    await _open(stage)
    await _fail_sales(stage)
    again_seconds = stage.world.rollup.parameters.force_after_seconds + 3_600
    await _wake(stage, OPENING + 4)
    await stage.keep()
    assert await _sales(stage) == [("STALE_PRICE", 0, 0)] * 2, "for all L1 knows it runs"
    await stage.world.warp(again_seconds)
    await stage.keep()
    assert await stage.phase(PUTS) is VaultPhase.LIVE, "prices are old: it would fail once more"
    await _wake(stage, OPENING + 4)
    await stage.keep()
    assert await stage.phase(CALLS) is await stage.phase(PUTS) is VaultPhase.LOCKED
    assert await _sales(stage) == [(None, 1, 0)] * 2
    await _sell(stage, 2, OPENING + 6)
    assert await _sales(stage) == [("OK", 1, 0), ("OK", 1, LOTS)]
    await stage.world.warp(again_seconds)
    await _wake(stage, OPENING + 6)
    await stage.keep()
    assert await stage.phase(CALLS) is VaultPhase.LOCKED, "nobody bought: it is offered once more"
    assert await stage.phase(PUTS) is VaultPhase.LIVE, "what sold in part is not"
    assert await _sales(stage) == [("OK", 2, 0), ("OK", 1, LOTS)]


async def test_history_is_of_one_head_though_the_node_reads_on(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _open(stage)
    await _fail_sales(stage)
    await stage.world.warp(stage.world.rollup.parameters.force_after_seconds + 3_600)
    await _wake(stage, OPENING + 4)
    journal = stage.told.journals[PUTS]
    read = journal.sent

    async def sell_meanwhile(hashes: Sequence[bytes]) -> dict[bytes, Sent]:
        await stage.keep()
        await _sell(stage, 2, OPENING + 6)
        return await read(hashes)

    with monkeypatch.context() as patch:
        patch.setattr(journal, "sent", sell_meanwhile)
        row = (await stage.told.history(PUTS)).epochs[1]
    assert row.sold is not None
    assert (row.sale, row.resent, row.sold.sold_lots) == ("STALE_PRICE", 0, 0)
    assert await _sales(stage) == [("OK", 1, 0), ("OK", 1, LOTS)]


async def test_keeper_sends_no_sale_again_that_l1_refuses_by_now(stage: Stage) -> None:
    """Later than the last roll for its date a sale is for nobody, however good the prices are."""
    expiry_at = await _open(stage)
    await _fail_sales(stage)
    last_at = expiry_at - (await stage.readers[CALLS].terms()).min_tenor_seconds
    await stage.world.warp(last_at + 1 - await stage.world.now())
    await _wake(stage, OPENING + 4)
    await stage.keep()
    assert await stage.phase(CALLS) is await stage.phase(PUTS) is VaultPhase.LIVE
    assert await _sales(stage) == [("STALE_PRICE", 0, 0)] * 2
    assert [desk.failed for desk in stage.keeper.desks] == [None] * 2, "it does not even try"


async def _fail_sales(stage: Stage) -> None:
    """Let L2 have the sales once its prices are old."""
    await stage.world.warp(STALE_SECONDS)
    stage.script.begin(await stage.world.now() * 1_000 - stage.script.time_ms)
    stage.script.pull(4)
    await stage.post(OPENING + 4)
    assert await _sales(stage) == [("STALE_PRICE", 0, 0)] * 2


async def _sales(stage: Stage) -> list[tuple[str | None, int, int]]:
    """Return what became of the sales of both vaults, how often they came again, lots sold."""
    rows = [(await stage.told.history(name)).epochs[1] for name in (CALLS, PUTS)]
    return [(row.sale, row.resent, row.sold.sold_lots if row.sold else 0) for row in rows]


async def _check_told(stage: Stage, put: int) -> None:
    """Read what users are told, and hold it to what happened."""
    strike = next(strike for call, strike in STRIKES if call + 1 == put)
    row = (await stage.told.history(PUTS)).epochs[1]
    sold = row.sold
    assert sold is not None
    assert (row.sale, sold.sold_lots, sold.offered_lots) == (
        "OK",
        LOTS,
        CAROL_USDC * 100 // (strike * USDC_UNIT),
    )
    payoff = max(strike * USDC_UNIT - ENDED, 0) * LOTS // 100
    assert sold.payoff_usdc == str(payoff)
    gained = int(sold.premium_usdc) - payoff - int(sold.fees_usdc or 0)
    assert row.received == str(CAROL_USDC + gained)
    calls = (await stage.told.history(CALLS)).epochs[1]
    assert calls.sold is not None
    assert (calls.sale, calls.sold.sold_lots, calls.received) == ("OK", 0, str(ALICE_WEI))
    assert calls.sold.offered_lots == ALICE_WEI * 100 // WEI
    carol = accounts()["carol"].address
    found = await stage.told.requests(PUTS, carol)
    assert found.claimable_shares == str(CAROL_USDC * VIRTUAL_SHARES)
    vault = stage.contract(CASH_SECURED_PUT)
    who = checksum(carol)
    vault.send(carol, "deposit(uint256,address,address)", CAROL_USDC, who, who)
    await stage.follow()
    assert (await stage.told.requests(PUTS, carol)).shares == found.claimable_shares
    details = await stage.told.details(PUTS)
    assert details.account is not None
    assert (details.account.is_owned, details.account.cash_usdc) == (True, "0")
    assert details.epoch.phase == "open"
    lines = await stage.told.lines()
    assert [line.name for line in lines] == [CALLS, PUTS]
    assert int(lines[1].managed) == int(row.assets or 0)
    with pytest.raises(RpcError, match="no vault 'x'"):
        await stage.told.details("x")
