"""A weekly epoch of both vaults on real processes, every sum exact; and a sale that comes twice.

Depositors, takers, keepers and nodes are those of `up --profile vaults`; the test moves the time
of L1, and asks with the commands and methods that users have.
"""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from rollup_node.devnet import vault_moves
from rollup_node.devnet.actions import WAIT_SECONDS, is_idle, move_time, pass_time, wait_idle
from rollup_node.devnet.audit import audit, wait_agreement
from rollup_node.devnet.jsonrpc import Deadline, RpcError
from rollup_node.devnet.keys import Account, accounts, checksum
from rollup_node.devnet.profiles import profile
from rollup_node.devnet.session import OptionVault, Session
from rollup_node.devnet.vault_story.state import seconds_until_priced
from rollup_node.devnet.vaults import CASH_SECURED_PUT, COVERED_CALL, DEPOSITS, vault_terms
from rollup_node.node.vaults import VIRTUAL_SHARES, share_price
from rollup_node.ports import TransactionReverted
from rollup_node.roles.vault_keeper import VaultPhase
from tests.e2e.conftest import Stage, devnet, strikenet

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

NAMES: Final = (COVERED_CALL.name, CASH_SECURED_PUT.name)
PERIOD: Final = profile("vaults").confirm_period_seconds
YEAR: Final = 365 * 86_400
PPM: Final = 10**6
SETTLED_SECONDS: Final = 240
CLOSED_SECONDS: Final = 300
SILENT_SECONDS: Final = 120
"""Prices that are so old are no good for a sale."""
AGAIN_SECONDS: Final = profile("vaults").force_after_seconds + 3_601
"""The first sale has run by then, or failed."""
TURN_SECONDS: Final = AGAIN_SECONDS + 1_800
"""A sale that fails so shortly before rolls sell to another Friday does not come again."""
LATE: Final = ("bob", COVERED_CALL.name, 10**18)
"""Who asks after the cutoff: the close of this epoch leaves it waiting."""


def ask(session: Session, method: str, *words: str) -> Any:
    return session.verifier.call(method, *words)


def row(session: Session, name: str, epoch: int) -> dict[str, Any]:
    rows = ask(session, "vault_getHistory", name)["epochs"]
    found: dict[str, Any] = next(each for each in rows if each["epoch"] == epoch)
    return found


def epochs(session: Session) -> dict[str, int]:
    """Tell which epoch each vault is in, by the node whose history the test goes on to read."""
    return {line["name"]: line["epoch"] for line in ask(session, "vault_list")}


def pump(session: Session, done: Callable[[], bool], what: str, seconds: float) -> None:
    """Let confirm periods pass, one whenever everybody is idle, until something has happened."""
    for _ in Deadline(seconds, what):
        if done():
            return
        if is_idle(session):
            move_time(session, PERIOD + 1)


def begin(session: Session) -> None:
    """Let the first deposits convert at par, and the first sales begin."""
    for _ in Deadline(WAIT_SECONDS, "both vaults have converted their first deposits"):
        if set(epochs(session).values()) == {2}:
            break
        move_time(session, 20)
    for _ in Deadline(WAIT_SECONDS, "both vaults have rolled, and somebody has bought"):
        lines = ask(session, "vault_list")
        if all(line["phase"] in {"locked", "sale"} for line in lines):
            found = [row(session, name, 2)["sold"] for name in NAMES]
            if all(sold and sold["soldLots"] for sold in found):
                return
        pass_time(session, seconds_until_priced(session))


def claim_shares(session: Session, run_dir: Path) -> dict[str, int]:
    """Have everybody claim; return what each holds."""
    held = {}
    for name, plan, amount in DEPOSITS:
        words = ("claim", plan.name, "--from", name, "--run-dir", run_dir, "--json")
        claimed = strikenet("vault", *words).json
        assert int(claimed["shares"]) == amount * VIRTUAL_SHARES
        vault, owner = session.vault(plan.name), accounts()[name]
        held[name] = vault_moves.read_standing(vault, owner.address).shares
        assert held[name] == int(claimed["shares"])
    return held


def redeem_half(run_dir: Path, vault: OptionVault, owner: Account, held: int) -> int:
    """Queue half of what somebody holds, by the command."""
    half = held // 2
    text = vault.shares.show(half).split()[0].replace(",", "")
    words = ("redeem", vault.name, "--from", owner.name, "--shares", text)
    queued = strikenet("vault", *words, "--run-dir", run_dir, "--json").json
    assert queued["pending_redeem"] == str(half)
    return half


def expire(session: Session) -> None:
    """Let the week pass; deposits that come after the cutoff wait; wait until all are settled."""
    expiry_at = max(vault.contract.call("epoch")["expiryAt"] for vault in session.vaults)
    wait_idle(session)
    move_time(session, expiry_at - 600 - session.l1_time())
    who, name, amount = LATE
    vault_moves.deposit(session.vault(name), accounts()[who], amount)
    wait_idle(session)
    move_time(session, expiry_at + 1 - session.l1_time())
    for _ in Deadline(SETTLED_SECONDS, "the keeper settles what the vaults sold"):
        found = [ask(session, "vault_get", name)["account"] for name in NAMES]
        if not any(account["positions"] for account in found):
            return


def check_close(vault: OptionVault, found: dict[str, Any], half: int) -> None:
    """Hold the books of a close to its rules, to the unit (docs/vaults.md)."""
    plan = COVERED_CALL if vault.is_call else CASH_SECURED_PUT
    terms = vault_terms(plan, profile("vaults"), {"bridge": b"", plan.coin: b""})
    received, supply = int(found["received"]), int(found["supply"])
    elapsed = found["closedAt"] - found["rolledAt"]
    turned = 2 + len(found["proven"])
    cranks = turned * min(terms.crank_fee, received * terms.crank_ppm // PPM // turned)
    management = received * terms.management_ppm * elapsed // (PPM * YEAR)
    gain = received - cranks - management + 1 - -(-(supply + VIRTUAL_SHARES) // VIRTUAL_SHARES)
    performance = max(gain, 0) * terms.performance_ppm // PPM
    fees = [int(found[key]) for key in ("cranks", "management", "performance")]
    assert fees == [cranks, management, performance]
    assert int(found["assets"]) == received - sum(fees)
    assert found["sharePrice"] == str(share_price(int(found["assets"]), supply))
    assert int(found["redeemed"]) == half
    expected = half * (int(found["assets"]) + 1) // (supply + VIRTUAL_SHARES)
    assert int(found["paid"]) == expected
    assert not found["isTotalLoss"]


def check_put(found: dict[str, Any]) -> None:
    """Hold what came home to what was sent, and what the sale left.

    A withdrawal comes again if L2 had only old prices, as on a slow machine.
    """
    sold = found["sold"]
    earned = int(sold["premiumUsdc"]) - int(sold["payoffUsdc"]) - int(sold["feesUsdc"])
    assert int(found["received"]) == int(found["sent"]) + earned
    assert {each["action"] for each in found["proven"]} == {"withdraw"}
    assert found["stayed"] == "0"
    assert found["proven"][-1]["amount"] == found["received"]


def check_call(found: dict[str, Any]) -> None:
    """Hold the cash of the first proof to the sale; conversions turned it into ether."""
    sold, proven = found["sold"], found["proven"]
    earned = int(sold["premiumUsdc"]) - int(sold["payoffUsdc"]) - int(sold["feesUsdc"])
    assert int(proven[0]["cashUsdc"]) == earned
    assert proven[0]["balance"] == found["sent"]
    assert proven[-1]["action"] == "withdraw"
    assert {each["action"] for each in proven} <= {"buy", "sell", "withdraw"}
    assert found["received"] == proven[-1]["amount"] == proven[-1]["balance"]


def check_custody(vault: OptionVault) -> None:
    """All that the vault holds is in its books."""
    books = vault.contract.call("books")
    kept = ("idle", "incoming", "pendingDeposits", "lateDeposits", "claimable", "fees")
    held = vault.coin.call("balanceOf", checksum(vault.contract.address))
    assert held == sum(books[key] for key in kept)


def check_words(run_dir: Path) -> None:
    """Read what the commands print for people."""
    listed = strikenet("vault", "list", "--run-dir", run_dir).out
    assert all(name in listed for name in NAMES)
    shown = strikenet("vault", "epoch", NAMES[0], "--of", "alice", "--run-dir", run_dir).out
    assert "covered call" in shown
    assert "alice holds" in shown
    told = strikenet("vault", "history", NAMES[1], "--run-dir", run_dir).out
    assert "came home" in told
    assert "-P for" in told
    wrong = strikenet("vault", "epoch", "moon", "--run-dir", run_dir, code=2)
    assert "no vault 'moon': one of covered-call, cash-secured-put" in wrong.err


def test_both_vaults_live_through_a_week_and_every_sum_is_exact(tmp_path: Path) -> None:
    run_dir = tmp_path / "run"
    with devnet(run_dir, "--profile", "vaults", "--prices", "calm") as stage:
        session = stage.session
        begin(session)
        held = claim_shares(session, run_dir)
        halves = {}
        for name, vault_name in (("alice", NAMES[0]), ("carol", NAMES[1])):
            vault = session.vault(vault_name)
            halves[vault_name] = redeem_half(run_dir, vault, accounts()[name], held[name])
        expire(session)
        pump(
            session,
            lambda: set(epochs(session).values()) == {3},
            "both vaults have closed their epochs",
            CLOSED_SECONDS,
        )
        for vault in session.vaults:
            found = row(session, vault.name, 2)
            assert found["sale"] == "OK"
            check_close(vault, found, halves[vault.name])
            (check_call if vault.is_call else check_put)(found)
            check_custody(vault)
        for name, vault_name in (("alice", NAMES[0]), ("carol", NAMES[1])):
            words = ("claim", vault_name, "--from", name, "--run-dir", run_dir, "--json")
            claimed = strikenet("vault", *words).json
            assert claimed["assets"] == row(session, vault_name, 2)["paid"]
            check_custody(session.vault(vault_name))
        late = ask(session, "vault_getRequests", LATE[1], checksum(accounts()[LATE[0]].address))
        assert late["pendingDeposit"] == str(LATE[2])
        check_words(run_dir)
        with pytest.raises(RpcError, match="follows no vaults"):
            session.sequencer.call("vault_list")
        wait_idle(session)
        wait_agreement(session)
        assert audit(session).exact
        keeper = session.verifier.call("optimism_syncStatus")["vault_keeper"]
        assert keeper["paid"] == len(NAMES)


def silence(stage: Stage) -> None:
    """Kill the oracle, and let the prices that it said become old; let no Friday turn later."""
    pid = stage.run_dir.read_state()["oracle"]["pid"]
    os.kill(pid, signal.SIGKILL)
    stage.wait_gone([pid])
    move_time(stage.session, TURN_SECONDS if turns_soon(stage.session) else SILENT_SECONDS)


def turns_soon(session: Session) -> bool:
    """Tell whether rolls will sell to another Friday before a sale could come again."""
    now, strategy = session.l1_time(), session.vaults[0].strategy
    dates = {strategy.call("expiryAfter", time) for time in (now, now + TURN_SECONDS)}
    return len(dates) == 2


def roll_blindly(session: Session) -> None:
    """Let the first deposits convert, and a stranger roll when nothing can be sold."""
    for _ in Deadline(WAIT_SECONDS, "both vaults have converted their first deposits"):
        if set(epochs(session).values()) == {2}:
            break
        move_time(session, 20)
    for vault in session.vaults:
        assert vault_moves.read_phase(vault) is VaultPhase.OPEN, "the keeper waits for prices"
        vault.contract.send(accounts()["dave"].address, "roll")
    for _ in Deadline(WAIT_SECONDS, "both sales have failed"):
        told = [ask(session, "vault_getHistory", name)["epochs"][-1] for name in NAMES]
        if all(each["epoch"] == 2 and each["sale"] for each in told):
            assert [each["sale"] for each in told] == ["STALE_PRICE"] * 2
            return


def test_sale_that_failed_at_old_prices_is_sent_again_and_sells(tmp_path: Path) -> None:
    run_dir = tmp_path / "run"
    with devnet(run_dir, "--profile", "vaults", "--prices", "calm") as stage:
        silence(stage)
        session = stage.session
        roll_blindly(session)
        stage.restart()
        wait_idle(session)
        found = [row(session, name, 2) for name in NAMES]
        assert [(each["sale"], each["resent"]) for each in found] == [("STALE_PRICE", 0)] * 2
        move_time(session, AGAIN_SECONDS)
        for _ in Deadline(SETTLED_SECONDS, "both sales have begun, and somebody has bought"):
            found = [row(session, name, 2) for name in NAMES]
            if all(each["sold"] and each["sold"]["soldLots"] for each in found):
                break
        assert [(each["sale"], each["resent"]) for each in found] == [("OK", 1)] * 2
        for vault in session.vaults:
            epoch = vault.contract.call("epoch")
            assert epoch["cranks"] == 1, "only the roll is paid for"
            assert vault_moves.read_phase(vault) in {VaultPhase.LOCKED, VaultPhase.SALE}
            with pytest.raises(TransactionReverted, match="WrongPhase"):
                vault.contract.send(accounts()["dave"].address, "resendSale")
        told = strikenet("vault", "history", NAMES[0], "--run-dir", run_dir).out
        assert "sale: OK, sent 2 times" in told
