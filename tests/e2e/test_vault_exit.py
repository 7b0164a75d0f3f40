"""Depositors leave vaults in the middle of a week: only L1, a challenger and they are alive."""

import os
import signal
from pathlib import Path
from typing import Any, Final

import pytest

from rollup_node.devnet import vault_moves
from rollup_node.devnet.actions import WAIT_SECONDS, move_time
from rollup_node.devnet.jsonrpc import Deadline
from rollup_node.devnet.keys import accounts, checksum
from rollup_node.devnet.session import OptionVault, Session
from rollup_node.devnet.vaults import CASH_SECURED_PUT, COVERED_CALL, DEPOSITS
from tests.e2e.conftest import Stage, devnet, is_alive, strikenet
from tests.e2e.test_vaults import begin, claim_shares, pump

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

LATE: Final = ("bob", COVERED_CALL.name, 3 * 10**18)
"""Who has a deposit in the queue when everything ends: it comes back whole."""
DEAD: Final = ("verifier", "batch_poster", "proposer", "sequencer")
QUEUED: Final = ("carol", CASH_SECURED_PUT.name)
"""Who has asked for half of the shares back."""


def confirm_sales(session: Session) -> None:
    """Wait until what the vaults sold is in the last confirmed state."""
    count = session.inbox.call("count")

    def is_confirmed() -> bool:
        found = session.chain.all_events("AssertionConfirmed")
        created = {
            each["id"]: each["item"] for each in session.chain.all_events("AssertionCreated")
        }
        return any(created.get(each["id"], 0) >= count for each in found)

    pump(session, is_confirmed, f"{count} items are confirmed", WAIT_SECONDS)


def kill_all(stage: Stage) -> None:
    """Kill everybody but L1 and the challenger; nobody starts them again."""
    state = stage.run_dir.read_state()
    pids = stage.pids()
    dead = [pids[name] for name in DEAD]
    dead += [state[name]["pid"] for name in ("oracle", "takers")]
    for pid in dead:
        os.kill(pid, signal.SIGKILL)
    stage.wait_gone(dead)


def check_alive(stage: Stage) -> None:
    state = stage.run_dir.read_state()
    pids = {**stage.pids(), "oracle": state["oracle"]["pid"], "l1": state["l1"]["pid"]}
    pids["takers"] = state["takers"]["pid"]
    assert [name for name, pid in pids.items() if is_alive(pid)] == ["challenger", "l1"]


def strand(session: Session, run_dir: Path) -> None:
    """Have L1 include an item that nobody will confirm."""
    terms = ("--to", "dave", "--asset", "USDC", "--amount", "7")
    strikenet("deposit", "--run-dir", run_dir, *terms)
    move_time(session, session.inbox.call("forceableAt") - session.l1_time() + 1)
    session.inbox.send(accounts()["dave"].address, "forceInclude")


def held(session: Session, vault: OptionVault, name: str) -> dict[str, int]:
    """Return what somebody has of the vault's asset and of USDC on L1."""
    owner = accounts()[name].address
    usdc = session.asset("USDC")
    coin = vault.coin.call("balanceOf", checksum(owner))
    return {"assets": int(coin), "usdc": session.l1_balance(usdc, owner)}


def leave(session: Session, run_dir: Path, name: str, vault: OptionVault) -> dict[str, Any]:
    """Claim by the command, and see that the balances grew by what it says."""
    before = held(session, vault, name)
    words = ("claim", vault.name, "--from", name, "--warp", "--run-dir", run_dir, "--json")
    paid: dict[str, Any] = strikenet("vault", *words).json
    after = held(session, vault, name)
    assert after["assets"] - before["assets"] == int(paid["assets"])
    usdc = int(paid["usdc"]) + (0 if vault.is_call else int(paid["assets"]))
    assert after["usdc"] - before["usdc"] == usdc
    return paid


def check_exit(session: Session, vault: OptionVault, paid: dict[str, dict[str, Any]]) -> None:
    """Hold what everybody got to what came home, pro rata of the shares, to the unit."""
    found = vault.contract.call("exitOf")
    account = vault.contract.call("epoch")["account"]
    asset = 1 if vault.is_call else 0
    came = [session.exit_mode.call("paid", account, asset), 0]
    if vault.is_call:
        came[1] = session.exit_mode.call("paid", account, 0)
    assert list(found["gathered"]) == came
    assert came[0] > 0
    sums = [0, 0]
    for name, plan, amount in DEPOSITS:
        if plan.name != vault.name:
            continue
        shares = amount * 10**6
        due = [each * shares // found["supply"] for each in came]
        refund = LATE[2] if (name, vault.name) == LATE[:2] else 0
        assert int(paid[name]["assets"]) == due[0] + refund
        assert int(paid[name]["usdc"]) == due[1]
        sums = [sums[0] + due[0], sums[1] + due[1]]
    assert list(found["paid"]) == sums
    dust = vault.coin.call("balanceOf", checksum(vault.contract.address))
    fees = vault.contract.call("books")["fees"]
    assert 0 <= dust - fees - (came[0] - sums[0]) <= 0


def test_depositors_leave_when_only_l1_and_a_challenger_are_alive(tmp_path: Path) -> None:
    run_dir = tmp_path / "run"
    with devnet(run_dir, "--profile", "vaults", "--prices", "calm") as stage:
        session = stage.session
        begin(session)
        shares = claim_shares(session, run_dir)
        who, name, amount = LATE
        vault_moves.deposit(session.vault(name), accounts()[who], amount)
        who, name = QUEUED
        vault_moves.redeem(session.vault(name), accounts()[who], shares[who] // 2)
        confirm_sales(session)
        kill_all(stage)
        strand(session, run_dir)
        refused = strikenet(*("vault", "claim", name, "--from", who, "--run-dir", run_dir), code=2)
        assert f"{who} has nothing to claim from {name}" in refused.err
        strikenet("exit", "enter", "--warp", "--from", "dave", "--run-dir", run_dir)
        for _ in Deadline(WAIT_SECONDS, "exit mode is entered"):
            if session.exit_mode.call("entered"):
                break
        for vault in session.vaults:
            paid = {
                name: leave(session, run_dir, name, vault)
                for name, plan, _ in DEPOSITS
                if plan.name == vault.name
            }
            check_exit(session, vault, paid)
        check_alive(stage)
