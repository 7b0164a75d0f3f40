"""`strikenet exit` on a chain without markets: claims, payments, deposits that came too late."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from rollup_node.cli.main import run
from rollup_node.cli.output import ExitCode
from rollup_node.core.inputs import Withdraw
from rollup_node.devnet.keys import accounts, checksum
from tests.action.l1_world import World

ETHER = 1

Command = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
def strikenet(world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run `strikenet exit` against the L1 of this world; return what it printed."""

    async def command(*words: str, code: ExitCode = ExitCode.OK) -> dict[str, Any]:
        where = ("--run-dir", str(tmp_path / "run"), "--l1", world.anvil.url, "--json")
        ended = await asyncio.to_thread(run, ["exit", *words, *where])
        printed = capsys.readouterr()
        assert ended == code, printed.err
        answer: dict[str, Any] = json.loads(printed.out) if ended == ExitCode.OK else {}
        return answer | ({"error": printed.err} if ended != ExitCode.OK else {})

    return command


async def confirm_deposits(world: World, strikenet: Command) -> None:
    """Confirm a state with 10,000 wei of alice and 300 of bob; nothing is confirmed after it."""
    await world.deposit("alice", 10_000, 1)
    await world.deposit("bob", 300, 2)
    world.cut(b"", 2)
    follower = await world.follower()
    poster, proposer = world.poster(follower), world.proposer(follower)
    await follower.catch_up(poster)
    while await poster.act():
        await follower.catch_up(poster)
    assert (await strikenet("status"))["entered_at"] is None
    await proposer.act()
    await world.anvil.increase_time(world.rollup.parameters.confirm_period_seconds)
    await world.anvil.mine()
    await follower.catch_up()
    await proposer.act()
    assert (await strikenet("status"))["enter_from"] is None
    await follower.catch_up(poster)
    world.cut(b"", 2)
    while await poster.act():
        await follower.catch_up(poster)


async def test_commands_take_one_account_out_at_once(world: World, strikenet: Command) -> None:
    await confirm_deposits(world, strikenet)
    entered = await strikenet("enter", "--warp")
    assert entered["claim_until"] - entered["entered_at"] == 2_592_000
    claimed = await strikenet("claim", "--account", "bob")
    assert claimed["transactions"] == 2
    assert claimed["accounts"]["2"]["payable"] == {"USDC": "0", "ETH": "300", "TBTC": "0"}
    assert (await strikenet("pay"))["transactions"] == 1
    status = await strikenet("status")
    assert status["left"]["ETH"] == "10000"
    assert [row["claimed"] for row in status["accounts"].values()] == [False, True]
    assert (await strikenet("claim"))["transactions"] == 1
    assert (await strikenet("pay", "--from", "bob"))["transactions"] == 1
    (left,) = await world.reader.call("bridge", "custody", ETHER)
    assert left == 0


async def test_commands_before_entering_say_what_is_missing(strikenet: Command) -> None:
    for words in (["claim"], ["pay", "--warp"], ["return"]):
        refused = await strikenet(*words, code=ExitCode.NOT_READY)
        assert "exit mode was not entered" in refused["error"]
    refused = await strikenet("enter", code=ExitCode.USAGE)
    assert "every inbox item is confirmed" in refused["error"]


async def test_return_pays_deposits_back_that_came_too_late(
    world: World, strikenet: Command
) -> None:
    await confirm_deposits(world, strikenet)
    await world.deposit("bob", 50, 1)
    await world.force("alice", Withdraw(1, ETHER, 1, accounts()["alice"].address, 0))
    await strikenet("enter", "--warp")
    await world.deposit("carol", 7, 2)
    await world.deposit("bob", 3, 2)
    bob, carol = (checksum(accounts()[name].address) for name in ("bob", "carol"))
    waiting = [(2, bob, 1, "50"), (4, carol, 2, "7"), (5, bob, 2, "3")]
    status = await strikenet("status")
    assert status["deposits"] == [
        {"message": message, "sender": who, "account": account, "asset": "ETH", "amount": amount}
        for message, who, account, amount in waiting
    ]
    before = await balance(world, bob)
    returned = await strikenet("return", "--account", "bob", "--from", "alice")
    assert [row["message"] for row in returned["deposits"]] == [2, 5]
    assert await balance(world, bob) - before == 53
    refused = await strikenet("return", "--account", "1", code=ExitCode.USAGE)
    assert "no deposit of 1 waits to be paid back" in refused["error"]
    before = await balance(world, carol)
    assert (await strikenet("return", "--account", "2"))["transactions"] == 1
    assert await balance(world, carol) - before == 7
    assert (await strikenet("return"))["transactions"] == 0
    (left,) = await world.reader.call("bridge", "custody", ETHER)
    assert left == 10_300, "claims are another matter"


async def balance(world: World, address: str) -> int:
    return int(await world.client.call("eth_getBalance", address, "latest"), 16)
