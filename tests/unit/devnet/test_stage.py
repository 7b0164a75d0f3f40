"""The parts of the stage that need no process: keys, addresses, amounts, profiles, locks."""

import os
import shutil
import socket
from contextlib import ExitStack
from pathlib import Path

import pytest

from rollup_node.core.settlement import LATE_SECONDS
from rollup_node.devnet import profiles, sockets
from rollup_node.devnet.audit import Audit, Stakes
from rollup_node.devnet.exchange_audit import Holdings
from rollup_node.devnet.failure import NotReadyError
from rollup_node.devnet.keys import ADVERSARIES, accounts, adversary, checksum
from rollup_node.devnet.launcher import Devnet
from rollup_node.devnet.manifest import Manifest
from rollup_node.devnet.rundir import RunDir, temporary_run, write_json
from rollup_node.devnet.session import Asset, address_of
from rollup_node.l1.anvil import ACCOUNTS
from rollup_node.l1.contracts import create_address
from rollup_node.l1.toolchain import Tool
from rollup_node.ports import InputError, PortInUseError

USDC = Asset(0, "USDC", 6, bytes(20))


def test_accounts_are_those_of_the_public_mnemonic() -> None:
    first, last = accounts()["deployer"], accounts()["dave"]
    assert checksum(first.address) == "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
    assert checksum(last.address) == "0xa0Ee7A142d267C1f36714E4a8F75612F20a79720"
    assert first.private_key.hex().startswith("ac0974bec39a17e36ba4a6b4d238ff94")


def test_adversaries_are_further_accounts_with_money() -> None:
    found = {adversary(number).address for number in range(ADVERSARIES)}
    assert len(found) == ADVERSARIES
    assert not found & {account.address for account in accounts().values()}
    assert ADVERSARIES + 16 == ACCOUNTS
    for number in (-1, ADVERSARIES):
        with pytest.raises(ValueError, match="adversary"):
            adversary(number)


@pytest.mark.parametrize(
    ("nonce", "address"),
    [
        (0, "0x5FbDB2315678afecb367f032d93F642f64180aa3"),
        (1, "0xe7f1725E7734CE288F8367e1Bb143E90bb3F0512"),
        (127, "0x5fc748f1FEb28d7b76fa1c6B07D8ba2d5535177c"),
        (128, "0xB82008565FdC7e44609fA118A4a681E92581e680"),
    ],
)
def test_create_address_follows_the_nonce(nonce: int, address: str) -> None:
    assert checksum(create_address(accounts()["deployer"].address, nonce)) == address


@pytest.mark.parametrize(
    ("text", "units"), [("1", 1_000_000), ("0.000001", 1), ("1e3", 10**9), ("12.50", 12_500_000)]
)
def test_amount_is_parsed_exactly(text: str, units: int) -> None:
    assert USDC.parse(text) == units


@pytest.mark.parametrize("text", ["0", "-1", "0.0000001", "NaN", "inf", "1,5", "", "1e30"])
def test_amount_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        USDC.parse(text)


@pytest.mark.parametrize(
    ("amount", "text"), [(0, "0 USDC"), (1, "0.000001 USDC"), (1_200_000_000, "1,200 USDC")]
)
def test_amount_is_shown_in_whole_units(amount: int, text: str) -> None:
    assert USDC.show(amount) == text


@pytest.mark.parametrize("text", ["mallory", "0x12", "0x" + "g" * 40])
def test_address_of_something_else_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        address_of(text)


def test_profiles_leave_time_to_answer() -> None:
    for profile in profiles.profiles().values():
        assert profile.max_past_seconds >= 3_600
        assert profile.stake_wei > 0
        assert profile.maturity_seconds > 0
        bound = 2 * profile.confirm_period_seconds + profile.rival_delay_seconds
        assert profile.exit_after_seconds > 2 * bound + profile.force_after_seconds
        earned = 34_250_000 + 250_000 * profile.history_height
        assert profile.stake_wei >= 2 * earned * profile.tariff_gas_price_wei
    with pytest.raises(InputError, match="no profile 'x'"):
        profiles.profile("x")


def test_profiles_leave_l1_its_time_to_bring_settlement_prices() -> None:
    """A sequencer whose clock runs ahead would settle a date before its prices are made."""
    for profile in profiles.profiles().values():
        left = LATE_SECONDS - profile.max_future_seconds
        assert left >= 1_500
        assert left > 10 * profile.force_fast_after_seconds


def test_run_directory_belongs_to_who_holds_its_lock(tmp_path: Path) -> None:
    first, second = RunDir(tmp_path / "run"), RunDir(tmp_path / "run")
    with first.hold():
        write_json(first.state, {"status": "ready", "l1": {"url": "u"}, "nodes": []})
        with pytest.raises(PortInUseError, match="already running"), second.hold():
            pytest.fail("two processes hold one run directory")
        assert second.running()["status"] == "ready"
    assert second.running_pid() is None
    with pytest.raises(NotReadyError, match="no devnet runs"):
        second.running()


def test_devnet_that_starts_is_not_ready_because_a_killed_one_was(tmp_path: Path) -> None:
    """`up --detach` took the last words of the killed one for those of the one it had started."""
    run_dir = RunDir(tmp_path / "run")
    run_dir.prepare()
    write_json(run_dir.state, {"status": "ready", "l1": {"url": "u"}, "nodes": []})
    with run_dir.hold():
        assert run_dir.running_pid() == os.getpid()
        with pytest.raises(NotReadyError, match="is starting, not ready"):
            run_dir.running()


def test_start_with_the_port_of_the_oracle_taken_starts_nothing(tmp_path: Path) -> None:
    l1_port, taken = sockets.free_ports(2)
    manifest = Manifest(
        profiles.profile("ci"),
        seed=1,
        l1_port=l1_port,
        nodes=(),
        batch_data="calldata",
        markets=True,
        oracle_port=taken,
    )
    run_dir = RunDir(tmp_path / "run")
    devnet = Devnet(run_dir, manifest, Tool("anvil", Path("none"), "0", "nowhere"))
    with socket.create_server((sockets.HOST, taken)), run_dir.hold():
        with pytest.raises(PortInUseError, match=f"port {taken}, needed by the oracle"):
            devnet.start(lambda _: None)
        assert not devnet.processes


@pytest.mark.parametrize("text", ["", "a line"])
def test_temporary_run_that_fails_leaves_its_logs_if_it_has_any(text: str) -> None:
    told: list[str] = []
    stack = ExitStack()
    run_dir = stack.enter_context(temporary_run(told.append))
    run_dir.prepare()
    run_dir.log("verifier").write_text(text, "utf-8")
    late = NotReadyError("late")
    assert not stack.__exit__(NotReadyError, late, None), "the error goes on"
    assert told == ([f"the logs stay in {run_dir.path / 'logs'}"] if text else [])
    assert run_dir.log("verifier").exists() is bool(text)
    assert not run_dir.node("verifier").parent.exists()
    shutil.rmtree(run_dir.path.parent, ignore_errors=True)


def test_temporary_run_that_ends_leaves_nothing() -> None:
    with temporary_run(pytest.fail) as run_dir:
        run_dir.prepare()
        run_dir.log("verifier").write_text("a line", "utf-8")
    assert not run_dir.path.parent.exists()


def test_purge_keeps_files_of_others(tmp_path: Path) -> None:
    run_dir = RunDir(tmp_path / "run")
    with run_dir.hold():
        (run_dir.path / "notes.txt").write_text("mine", "utf-8")
    run_dir.purge()
    assert [path.name for path in run_dir.path.iterdir()] == ["notes.txt"]


def test_free_ports_can_be_bound() -> None:
    for port in sockets.free_ports(3):
        sockets.check_free(port, "a test")


@pytest.mark.parametrize(("balance", "exact"), [(9, True), (8, False), (10, False)])
def test_stakes_are_exact_if_the_pool_holds_what_it_owes(balance: int, exact: bool) -> None:
    found = Stakes(balance, locked_wei=6, pots_wei=2, owed_wei=1)
    assert found.exact is exact
    assert Audit((), found, Holdings(0, 0, 0, 0, 0, (), ())).exact is exact
    assert found.table()["balance"] == str(balance)
