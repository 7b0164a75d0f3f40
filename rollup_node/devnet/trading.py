"""The trading story: accounts with money, bots that trade, and a count of what is left."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from rollup_node.client import AsyncClient
from rollup_node.devnet.audit import audit, wait_agreement
from rollup_node.devnet.failure import NotReadyError
from rollup_node.devnet.jsonrpc import Deadline
from rollup_node.devnet.keys import Account, accounts, checksum, trader
from rollup_node.devnet.manifest import L2_CHAIN_ID
from rollup_node.devnet.option_traders import OptionBot, OptionMaker, OptionTaker
from rollup_node.devnet.session import Asset, Session
from rollup_node.devnet.traders import Bot, Gambler, MarketMaker, Taker

STAKE_USDC: Final = 1_000_000
STAKE_ETH: Final = 100
STAKE_BTC: Final = 5
GAMBLE_USDC: Final = 1_000
_FIRST_GAMBLER: Final = 1_000
_FIRST_BUYER: Final = 2_000
_FIRST_MAKER: Final = 3_000
"""Gamblers, buyers from vaults, and their makers are other people than bots."""
BUYER_USDC: Final = 500_000
MAKER_ETH: Final = 500
READY_SECONDS: Final = 120
OPTION_SECONDS: Final = 60
"""How long to wait for options once there is something else to trade."""
_LINEAR: Final = (MarketMaker, Taker)
_WITH_OPTIONS: Final = (MarketMaker, Taker, OptionMaker, OptionTaker)
"""Bots in turn: half of them make markets; where options are listed, half trade options."""

Tell = Callable[[str], None]


class Trader:
    """A bot's account: who signs, and its number on L2."""

    def __init__(self, owner: Account, number: int) -> None:
        self.owner, self.number = owner, number


def open_traders(session: Session, count: int) -> list[Trader]:
    """Open accounts for bots and give each USDC, ETH and TBTC, all paid by the deployer."""
    eth, payer = session.asset("ETH"), accounts()["deployer"]
    found = [_open(session, trader(index)) for index in range(count)]
    _stake(session, found, (("USDC", STAKE_USDC), ("TBTC", STAKE_BTC)))
    for item in found:
        value = eth.parse(str(STAKE_ETH))
        session.bridge.send(payer.address, "depositETH", item.number, value=value)
    _wait_credited(session, found, eth)
    return found


def open_gamblers(session: Session, count: int) -> list[Trader]:
    """Open accounts for gamblers and give each some USDC, paid by the deployer."""
    found = [_open(session, trader(_FIRST_GAMBLER + index)) for index in range(count)]
    _stake(session, found, (("USDC", GAMBLE_USDC),))
    _wait_credited(session, found, session.asset("USDC"))
    return found


def open_buyers(session: Session, count: int) -> list[Trader]:
    """Open accounts for those who buy from vaults and give each USDC, paid by the deployer.

    Who is there already keeps what it has.
    """
    owners = [trader(_FIRST_BUYER + index) for index in range(count)]
    known = _known(session, owners)
    if len(known) == count:
        return known
    found = [_open(session, owner) for owner in owners]
    _stake(session, found, (("USDC", BUYER_USDC),))
    _wait_credited(session, found, session.asset("USDC"))
    return found


def open_makers(session: Session, count: int) -> list[Trader]:
    """Open accounts for those who trade ETH for USDC with vaults, and give each both.

    Who is there already keeps what it has.
    """
    owners = [trader(_FIRST_MAKER + index) for index in range(count)]
    known = _known(session, owners)
    if len(known) == count:
        return known
    eth, payer = session.asset("ETH"), accounts()["deployer"]
    found = [_open(session, owner) for owner in owners]
    _stake(session, found, (("USDC", STAKE_USDC),))
    for item in found:
        value = eth.parse(str(MAKER_ETH))
        session.bridge.send(payer.address, "depositETH", item.number, value=value)
    _wait_credited(session, found, eth)
    return found


def _known(session: Session, owners: list[Account]) -> list[Trader]:
    """Return those who have an account."""
    numbers = [session.bridge.call("firstAccount", checksum(owner.address)) for owner in owners]
    return [Trader(owner, int(at)) for owner, at in zip(owners, numbers, strict=True) if at]


def _open(session: Session, owner: Account) -> Trader:
    """Return the first account of an owner; open one if there is none."""
    number = session.bridge.call("firstAccount", checksum(owner.address))
    if not number:
        payer = accounts()["deployer"].address
        receipt = session.bridge.send(payer, "openAccount", checksum(owner.address))
        number = session.bridge.events(receipt, "AccountOpened")[0]["account"]
    return Trader(owner, int(number))


def _stake(session: Session, found: list[Trader], stakes: tuple[tuple[str, int], ...]) -> None:
    """Deposit whole units of some tokens to each."""
    payer = accounts()["deployer"].address
    for symbol, whole in stakes:
        asset = session.asset(symbol)
        amount, token = asset.parse(str(whole)), session.token(asset)
        token.send(payer, "mint", payer, amount * len(found))
        token.send(payer, "approve", checksum(session.bridge.address), amount * len(found))
        for item in found:
            session.bridge.send(payer, "depositToken", asset.id, item.number, amount)


def _wait_credited(session: Session, traders: list[Trader], last: Asset) -> None:
    """Wait until the sequencer has executed the deposits of the last trader."""
    if not traders:
        return
    for _ in Deadline(READY_SECONDS, "the deposits of the bots are credited"):
        try:
            account = session.l2_account(traders[-1].number)
        except Exception as error:
            if getattr(error, "reason", None) != "NOT_FOUND":
                raise
            continue
        if int(account["balances"].get(last.symbol, "0")):
            return


def trade(
    session: Session, tell: Tell, *, bots: int, seconds: float, seed: int, gamblers: int = 0
) -> dict[str, Any]:
    """Let `bots` trade for `seconds`, then hold sequencer, verifier, L1 and the law together.

    Besides them `gamblers` go long with all they have; the keeper of the devnet watches them.

    Raises
    ------
    DisagreementError
        If sequencer and verifier have different roots.
    NotReadyError
        If prices do not come, or the verifier does not follow.
    """
    before = int(session.inbox.call("count"))
    traders = open_traders(session, bots)
    tell(f"{bots} bots have {STAKE_USDC:,} USDC, {STAKE_ETH} ETH and {STAKE_BTC} TBTC each")
    gambling = open_gamblers(session, gamblers)
    if gambling:
        tell(f"{gamblers} gamblers have {GAMBLE_USDC:,} USDC each")
    url = str(session.state["nodes"][0]["url"])
    counts = asyncio.run(_run(url, traders, gambling, seconds, seed))
    tell(f"traded for {seconds:g} s: {counts['orders']:,} orders, {counts['fills']:,} fills")
    block, root = wait_agreement(session)
    money = audit(session)
    batches = int(session.inbox.call("count")) - before
    status = session.verifier.call("optimism_syncStatus")
    return {
        "bots": bots,
        "gamblers": gamblers,
        "gamblers_liquidated": counts["gamblers liquidated"],
        "keeper": status["keeper"],
        "seconds": seconds,
        "seed": seed,
        "l2_chain_id": L2_CHAIN_ID,
        "orders": counts["orders"],
        "quotes": counts["quotes"],
        "cancels": counts["cancels"],
        "fills": counts["fills"],
        "option_quotes": counts["option quotes"],
        "option_fills": counts["option fills"],
        "hedges": counts["hedges"],
        "refused": {
            name.removeprefix("refused "): number
            for name, number in sorted(counts.items())
            if name.startswith("refused ")
        },
        "l1_batches": batches,
        "block": block,
        "state_root": root,
        "verifier_agrees": True,
        "audited_blocks": status["audited_blocks"],
        "custody": money.table(),
        "custody_equals_claims": money.exact,
        "deficit_usdc": str(money.holdings.deficit),
        "open_positions": money.holdings.positions,
        "positions_sum_to_zero": money.holdings.exact,
    }


async def _run(
    url: str, traders: list[Trader], gambling: list[Trader], seconds: float, seed: int
) -> Counter[str]:
    clients = [
        AsyncClient(url, private_key=item.owner.private_key, account=item.number)
        for item in (*traders, *gambling)
    ]
    bots: list[Bot] = []
    try:
        for client in clients:
            await client.connect()
        bots += await _make_bots(clients, len(traders), seed)
        tasks = [asyncio.create_task(bot.run()) for bot in bots]
        done, _ = await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_EXCEPTION)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for task in done:
            task.result()
        for bot in bots:
            await bot.client.cancel_all()
            if isinstance(bot, Gambler):
                bot.counts["gamblers liquidated"] += await bot.was_liquidated()
    finally:
        for client in clients:
            await client.close()
    return sum((bot.counts for bot in bots), Counter())


async def _make_bots(clients: list[AsyncClient], traders: int, seed: int) -> list[Bot]:
    """Return a bot for each client; those behind the traders gamble."""
    bots: list[Bot] = []
    linear, options = await _tradable(clients[0])
    kinds = _WITH_OPTIONS if options else _LINEAR
    for number, client in enumerate(clients):
        rng = random.Random(f"{seed}/{number}")  # noqa: S311 - replayable
        kind = kinds[number % len(kinds)]
        if number >= traders:
            bots.append(Gambler(client, linear, rng, GAMBLE_USDC))
        else:
            bots.append(kind(client, options if issubclass(kind, OptionBot) else linear, rng))
    return bots


async def _tradable(client: AsyncClient) -> tuple[list[str], list[str]]:
    """Return the names of what has a mark: linear instruments, and options; wait until some have.

    Options come a little later: they are listed around the first index price.
    """
    loop = asyncio.get_running_loop()
    began = loop.time()
    while loop.time() < began + READY_SECONDS:
        found = await client.call("public/get_book_summary_by_currency")
        marked = [item for item in found if item["mark_price"]]
        linear = [item["instrument_name"] for item in marked if "mark_iv" not in item]
        options = [item["instrument_name"] for item in marked if "mark_iv" in item]
        if linear and (options or loop.time() > began + OPTION_SECONDS):
            return linear, options
        await asyncio.sleep(0.1)  # the oracle is about to report
    raise NotReadyError(f"no instrument has a price after {READY_SECONDS} s")
