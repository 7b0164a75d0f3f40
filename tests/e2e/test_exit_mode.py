"""Everybody leaves a real devnet of which only L1, a challenger and one trader are alive.

The loser of a crash owes more than he has, because nobody was there to liquidate him.
"""

import asyncio
import os
import signal
from collections.abc import Iterable
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from rollup_node.client import Client
from rollup_node.core.inputs import OpenAccount
from rollup_node.core.layout import BRIDGE_ACCOUNT_LIMIT, CREDIT_KEY, POOLS_KEY
from rollup_node.devnet.actions import WAIT_SECONDS, fresh_nonce, move_time, submit, wait_executed
from rollup_node.devnet.exit_mode import leaving
from rollup_node.devnet.jsonrpc import Deadline
from rollup_node.devnet.keys import accounts, checksum
from rollup_node.devnet.rundir import RunDir
from rollup_node.devnet.session import Session
from tests.e2e.conftest import Stage, devnet, is_alive, strikenet

pytestmark = pytest.mark.e2e

USDC_UNIT: Final = 10**6
STAKES: Final = (
    ("alice", "USDC", "20000"),
    ("bob", "USDC", "600"),
    ("bob", "ETH", "1"),
    ("carol", "USDC", "3000"),
)
ETHER: Final = Decimal(9)
"""What bob buys on credit; a third less than he paid is beyond his cash and his ether."""
OPTIONS: Final = Decimal(2)
CRASH: Final = "crash:ETH@0s-35%/30s"
SAVED_USDC: Final = 500
"""What alice keeps in an account that she opened on L2."""
LATE_USDC: Final = 7
DEAD: Final = ("sequencer", "batch_poster", "proposer", "verifier", "oracle")


class Market(NamedTuple):
    """People who trade, and what they own."""

    alice: Client
    bob: Client
    carol: Client
    numbers: dict[str, int]


def enter(stack: ExitStack, session: Session, run_dir: Path) -> Market:
    """Give everybody money; return their clients and accounts."""
    numbers: dict[str, int] = {}
    for name, asset, amount in STAKES:
        terms = ("--to", name, "--asset", asset, "--amount", amount, "--wait")
        paid = strikenet("deposit", "--run-dir", run_dir, "--json", *terms).json
        numbers[name] = paid["account"]
    url = session.state["nodes"][0]["url"]
    alice, bob, carol = (
        stack.enter_context(Client(url, private_key=accounts()[name].private_key, account=number))
        for name, number in numbers.items()
    )
    return Market(alice, bob, carol, numbers)


def save(session: Session, run_dir: Path, account: int) -> None:
    """Let alice open an account on L2 and put something aside there."""
    sent = submit(session, accounts()["alice"], OpenAccount(account, 0, fresh_nonce()))
    assert wait_executed(session, sent.hash) == "OK"
    terms = ("--asset", "USDC", "--amount", str(SAVED_USDC))
    to = ("--from", "alice", "--to", str(BRIDGE_ACCOUNT_LIMIT))
    strikenet("transfer", "--run-dir", run_dir, *to, *terms)


def option(client: Client) -> dict[str, Any]:
    """Wait until ETH has options with marks; return a call of the last date."""
    for _ in Deadline(WAIT_SECONDS, "the options of the last date have marks"):
        found = client.call("public/get_instruments", currency="ETH", kind="option")
        calls = [item for item in found if item["option_type"] == "call"]
        if calls:
            last = max(calls, key=lambda item: (item["expiration_timestamp"], -item["strike"]))
            name = last["instrument_name"]
            if client.call("public/ticker", instrument_name=name)["mark_price"]:
                return dict(last)
    raise AssertionError


def deal(seller: Client, buyer: Client, item: dict[str, Any], amount: Decimal) -> None:
    """Let two trade an instrument near its mark."""
    tick, name = Decimal(str(item["tick_size"])), item["instrument_name"]
    mark = Decimal(str(seller.call("public/ticker", instrument_name=name)["mark_price"]))
    price = round(mark / tick) * tick
    seller.sell(name, amount, price)
    filled = buyer.buy(name, amount, price)["order"]["filled_amount"]
    assert Decimal(str(filled)) == amount


def trade(market: Market) -> None:
    """Let bob buy from alice more than he can pay for, and carol a call from alice."""
    alice, bob, carol, _ = market
    perpetual = alice.call("public/get_instrument", instrument_name="ETH-PERPETUAL")
    deal(alice, bob, perpetual, ETHER)
    deal(alice, carol, option(alice), OPTIONS)


def confirm(session: Session) -> None:
    """Wait until L1 has confirmed what everybody has now, the crash included."""
    newest = session.sequencer.call("optimism_syncStatus")["unsafe_l2"]["number"]
    for _ in Deadline(WAIT_SECONDS, f"block {newest} is posted"):
        if session.sequencer.call("optimism_syncStatus")["safe_l2"]["number"] >= newest:
            break
    count = session.inbox.call("count")
    for _ in Deadline(WAIT_SECONDS, f"{count} items are claimed"):
        if latest(session, "AssertionCreated") >= count:
            break
    move_time(session, session.rollup["parameters"]["confirm_period_seconds"])
    for _ in Deadline(WAIT_SECONDS, f"{count} items are confirmed"):
        if latest(session, "AssertionConfirmed") >= count:
            break


def latest(session: Session, event: str) -> int:
    """Return how many inbox items the newest such event speaks of."""
    events = session.chain.all_events(event)
    return int(events[-1]["item"]) if events else 0


def kill(stage: Stage, names: Iterable[str]) -> None:
    """Kill processes of the devnet; nobody starts them again."""
    state = stage.run_dir.read_state()
    pids = {**stage.pids(), "oracle": state["oracle"]["pid"]}
    for name in names:
        os.kill(pids[name], signal.SIGKILL)
    stage.wait_gone([pids[name] for name in names])


def survivors(stage: Stage) -> list[str]:
    state = stage.run_dir.read_state()
    pids = {**stage.pids(), "oracle": state["oracle"]["pid"], "l1": state["l1"]["pid"]}
    return [name for name, pid in pids.items() if is_alive(pid)]


def deposit_too_late(session: Session, run_dir: Path) -> None:
    """Let carol deposit once more, and have L1 include it in an item that nobody confirms."""
    terms = ("--to", "carol", "--asset", "USDC", "--amount", str(LATE_USDC))
    strikenet("deposit", "--run-dir", run_dir, *terms)
    move_time(session, session.inbox.call("forceableAt") - session.l1_time() + 1)
    session.inbox.send(accounts()["carol"].address, "forceInclude")


async def own_usdc(run_dir: Path) -> int:
    """Return what the exchange and its insurance have in the exit state."""
    async with leaving(RunDir(run_dir), accounts()["carol"], None) as way:
        state = await way.desk.exit_state()
    pools, credit = state.get(POOLS_KEY), state.get(CREDIT_KEY)
    return int(pools.fees + sum(pools.insurance) - (credit.deficit if credit else 0))


def leave(run_dir: Path, *words: str) -> dict[str, Any]:
    """Run a command of the way out; carol, the last trader, pays its gas."""
    found: dict[str, Any] = strikenet(
        "exit", *words, "--from", "carol", "--run-dir", run_dir, "--json"
    ).json
    return found


def check_claims(run_dir: Path, numbers: dict[str, int]) -> dict[str, Any]:
    """Check that what everybody is worth is what the bridge held for them; return the rows."""
    status, claimed = leave(run_dir, "status"), leave(run_dir, "claim")
    rows: dict[str, Any] = claimed["accounts"]
    assert set(rows) == {str(number) for number in (*numbers.values(), BRIDGE_ACCOUNT_LIMIT)}
    assert claimed["transactions"] == 2 + len(rows), "totals, marks, then the accounts"
    books = leave(run_dir, "status")
    pool = int(books["pool"]["USDC"])
    worth = {account: int(row["worth_usdc"]) for account, row in rows.items()}
    assert sum(worth.values()) + asyncio.run(own_usdc(run_dir)) == pool
    assert int(books["claimed_usdc"]) == sum(value for value in worth.values() if value > 0)
    assert int(books["claimed_usdc"]) > pool, "a loss that no collateral of bob covers in USDC"
    bob = str(numbers["bob"])
    assert worth[bob] < 0
    assert rows[bob]["claim"] == {"USDC": "0", "ETH": "0", "TBTC": "0"}
    assert int(books["seized"]["ETH"]) == 10**18, "all that he had"
    assert worth[str(BRIDGE_ACCOUNT_LIMIT)] == SAVED_USDC * USDC_UNIT
    assert not any(row["claimed"] for row in status["accounts"].values())
    return rows


def check_payments(session: Session, run_dir: Path, rows: dict[str, Any]) -> None:
    """Have everybody paid; check balances of owners and what is left, to the unit."""
    usdc, ether = session.asset("USDC"), session.asset("ETH")
    owners = {row["owner"]: bytes.fromhex(row["owner"][2:]) for row in rows.values()}
    before = {owner: session.l1_balance(usdc, address) for owner, address in owners.items()}
    alice = checksum(accounts()["alice"].address)
    had_wei = session.l1_balance(ether, owners[alice])
    held = {asset.symbol: session.bridge.call("custody", asset.id) for asset in (usdc, ether)}
    assert leave(run_dir, "pay")["transactions"] == 0, "losses are shared when the window is over"
    expected = {
        symbol: sum(int(row["expected"][symbol]) for row in rows.values()) for symbol in held
    }
    due = [row["expected"][symbol] for row in rows.values() for symbol in held]
    paid = leave(run_dir, "pay", "--warp")
    assert paid["transactions"] == sum(amount != "0" for amount in due)
    for owner, address in owners.items():
        mine = [row["expected"] for row in rows.values() if row["owner"] == owner]
        got = session.l1_balance(usdc, address) - before[owner]
        assert got == sum(int(row["USDC"]) for row in mine)
        if owner == alice:
            got_wei = session.l1_balance(ether, address) - had_wei
            assert got_wei == sum(int(row["ETH"]) for row in mine) > 0
    for asset in (usdc, ether):
        left = session.bridge.call("custody", asset.id)
        assert held[asset.symbol] - left == expected[asset.symbol]
    assert session.bridge.call("custody", usdc.id) - LATE_USDC * USDC_UNIT < len(rows)
    assert leave(run_dir, "pay")["transactions"] == 0


def test_everybody_leaves_when_only_l1_a_challenger_and_a_trader_are_alive(tmp_path: Path) -> None:
    run_dir = tmp_path / "run"
    with devnet(run_dir, "--profile", "ci", "--prices", "calm") as stage:
        session = stage.session
        with ExitStack() as stack:
            market = enter(stack, session, run_dir)
            save(session, run_dir, market.numbers["alice"])
            trade(market)
        kill(stage, ["verifier"])
        strikenet("shock", CRASH, "--wait", "--run-dir", run_dir)
        confirm(session)
        kill(stage, [name for name in DEAD if name != "verifier"])
        assert survivors(stage) == ["challenger", "l1"]
        deposit_too_late(session, run_dir)
        assert leave(run_dir, "status")["entered_at"] is None
        leave(run_dir, "enter", "--warp")
        rows = check_claims(run_dir, market.numbers)
        check_payments(session, run_dir, rows)
        carol = accounts()["carol"].address
        before = session.l1_balance(session.asset("USDC"), carol)
        (returned,) = leave(run_dir, "return")["deposits"]
        assert (returned["asset"], int(returned["amount"])) == ("USDC", LATE_USDC * USDC_UNIT)
        assert session.l1_balance(session.asset("USDC"), carol) - before == LATE_USDC * USDC_UNIT
        assert leave(run_dir, "status")["left"]["USDC"] == str(session.bridge.call("custody", 0))
        assert survivors(stage) == ["challenger", "l1"]
