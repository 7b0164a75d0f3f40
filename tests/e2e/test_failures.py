"""Garbage, wrong flags, busy ports, missing tools, a full disk: one clear line, one code."""

import json
import os
import resource
import shlex
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from rollup_node.devnet import actions, sockets
from rollup_node.devnet.audit import wait_agreement
from rollup_node.devnet.failure import NotReadyError
from rollup_node.devnet.jsonrpc import JsonRpc, RpcError
from rollup_node.devnet.keys import accounts
from rollup_node.devnet.launcher import is_ready
from rollup_node.devnet.rundir import RunDir
from rollup_node.devnet.session import Party, Session
from tests.e2e.conftest import REPOSITORY, STRIKENET, Stage, devnet, strikenet, up

pytestmark = pytest.mark.e2e

GARBAGE = [
    bytes(range(128, 256)),
    b"",
    b"\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n{",
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n[[[[[",
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}",
    b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
    + b"\xff" * 9,
]


def test_garbage_on_every_port_disturbs_nobody(stage: Stage) -> None:
    session = stage.session
    for client in session.nodes.values():
        port = int(client.url.rpartition(":")[2])
        for garbage in GARBAGE:
            with socket.create_connection((sockets.HOST, port), timeout=5) as connection:
                connection.sendall(garbage)
                connection.shutdown(socket.SHUT_WR)
                connection.settimeout(0.2)
                try:
                    connection.recv(4096)
                except (TimeoutError, ConnectionResetError):
                    continue
    status = strikenet("status", "--json", "--run-dir", stage.run_dir.path).json
    assert all(node["ready"] for node in status["nodes"])


def test_bad_json_gets_an_error_object(stage: Stage) -> None:
    for client in stage.session.nodes.values():
        _, body = JsonRpc(client.url).request("POST", "/", "not json")
        assert json.loads(body)["error"]["code"] == -32700


@pytest.mark.parametrize(
    "words",
    [
        ("up", "--port", "70000"),
        ("up", "--profile", "nonsense"),
        ("up", "surplus"),
        ("down", "--frobnicate"),
        ("demo", "bridge", "--frobnicate"),
        ("demo", "nonsense"),
        ("deposit", "--to", "alice"),
        ("withdraw", "--from", "alice", "--asset", "ETH"),
    ],
)
def test_wrong_flags_give_one_line_and_code_2(words: tuple[str, ...]) -> None:
    ran = strikenet(*words, code=2)
    assert ran.err.startswith("error: ")
    assert ran.err.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("--asset", "DOGE", "--amount", "1"), "no asset 'DOGE'"),
        (("--asset", "USDC", "--amount", "0.0000001"), "USDC has 6 decimals"),
        (("--asset", "ETH", "--amount", "-1"), "amount out of range"),
        (("--asset", "ETH", "--amount", "lots"), "not an amount: 'lots'"),
    ],
)
def test_wrong_values_give_one_line_and_code_2(
    stage: Stage, words: tuple[str, ...], line: str
) -> None:
    ran = strikenet("deposit", "--to", "alice", *words, "--run-dir", stage.run_dir.path, code=2)
    assert line in ran.err
    assert ran.err.count("\n") == 1


def test_trade_with_prices_of_its_own_is_refused_while_a_devnet_runs(stage: Stage) -> None:
    words = ("--prices", "linear", "--run-dir", stage.run_dir.path)
    ran = strikenet("trade", *words, code=2)
    assert ran.err.startswith("error: --prices linear: the devnet in ")
    assert ran.err.count("\n") == 1


def test_command_without_a_devnet_says_how_to_start_one(tmp_path: Path) -> None:
    ran = strikenet("status", "--run-dir", tmp_path / "none", code=5)
    assert "start one with `strikenet up`" in ran.err
    assert not (tmp_path / "none").exists()


def test_busy_port_is_named_with_its_process(tmp_path: Path) -> None:
    with socket.socket() as holder:
        holder.bind((sockets.HOST, 0))
        holder.listen()
        port = str(holder.getsockname()[1])
        words = ("up", "--l1-port", "0", "--port", port, "--run-dir", tmp_path / "run")
        ran = strikenet(*words, code=4)
    assert f"port {port}, needed by node sequencer, is in use" in ran.err
    assert f"(pid {os.getpid()})" in ran.err


def test_missing_anvil_names_the_mending_command(tmp_path: Path) -> None:
    words = ("up", "--run-dir", tmp_path / "run", "--anvil", tmp_path / "anvil")
    ran = strikenet(*words, code=3)
    assert "configured anvil does not run" in ran.err


def test_run_directory_that_cannot_be_written_is_code_3(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    ran = up(tmp_path / "file" / "run", code=3)
    assert "cannot write run directory" in ran.err


def test_children_die_with_a_killed_supervisor(tmp_path: Path) -> None:
    path = tmp_path / "run"
    with devnet(path) as place:
        children = [*place.pids().values(), place.run_dir.read_state()["l1"]["pid"]]
        supervisor = place.run_dir.running_pid()
        assert supervisor
        os.kill(supervisor, signal.SIGKILL)
        place.wait_gone([supervisor, *children])
        assert strikenet("down", "--json", "--run-dir", path).json["stopped"] is False
        up(path)
        assert all(is_ready(node["url"]) for node in place.run_dir.read_state()["nodes"])
    assert not path.exists()


def test_interrupt_leaves_no_process(tmp_path: Path) -> None:
    with devnet(tmp_path / "run") as place:
        children = [*place.pids().values(), place.run_dir.read_state()["l1"]["pid"]]
        supervisor = place.run_dir.running_pid()
        assert supervisor
        os.kill(supervisor, signal.SIGINT)
        place.wait_gone([supervisor, *children])


def transfer_until_refused(
    session: Session, party: Party, other: Party
) -> tuple[int, RpcError | NotReadyError]:
    """Transfer one wei after the other; return how many were confirmed, and the refusal."""
    for accepted in range(1000):
        try:
            actions.transfer(session, accounts()["alice"], party, other, session.asset("ETH"), 1)
        except (RpcError, NotReadyError) as error:
            return accepted, error
    pytest.fail("1,000 transfers fit on a full disk")


def test_full_disk_refuses_and_loses_nothing(stage: Stage) -> None:
    session = stage.session
    alice, eth = accounts()["alice"], session.asset("ETH")
    party, other = session.party("alice", open_it=True), session.party("bob", open_it=True)
    for someone in (party, other):
        done = actions.deposit(session, alice, someone, eth, eth.parse("1"))
        assert actions.wait_executed(session, done.hash) == "OK"
    pid = stage.pids()["sequencer"]
    _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (2048, hard))
    accepted, error = transfer_until_refused(session, party, other)
    assert isinstance(error, NotReadyError) or error.reason == "STORE_FULL"
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))
    stage.kill("sequencer")
    stage.restart()
    held = int(session.l2_account(other.id)["balances"]["ETH"])
    assert held == eth.parse("1") + accepted
    actions.transfer(session, alice, party, other, eth, 1)
    actions.wait_idle(session)
    wait_agreement(session)


def test_full_tmpfs_refuses_and_goes_on_with_more_space(tmp_path: Path) -> None:
    path = tmp_path / "run"
    data = RunDir(path).node("sequencer") / "data"
    data.mkdir(parents=True)
    ports = ["--l1-port", "0", "--port", "0"]
    start = [*STRIKENET, "up", "--detach", "--profile", "ci", *ports, "--run-dir", str(path)]
    mount = f"mount -t tmpfs -o size=32k tmpfs {data} && exec {shlex.join(start)}"
    namespace = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "-r", "--mount"]
    subprocess.run([*namespace, "sh", "-c", mount], check=True, timeout=60, cwd=REPOSITORY)
    place = Stage.at(path)
    try:
        _fill_and_grow(place, data)
    finally:
        for session in place.sessions:
            session.close()
        strikenet("down", "--run-dir", path)


def _fill_and_grow(place: Stage, data: Path) -> None:
    """Fill the disk of the sequencer, see that nothing confirmed is lost, and give it space."""
    session = place.session
    alice, eth = accounts()["alice"], session.asset("ETH")
    party, other = session.party("alice", open_it=True), session.party("bob", open_it=True)
    for someone in (party, other):
        done = actions.deposit(session, alice, someone, eth, eth.parse("1"))
        assert actions.wait_executed(session, done.hash) == "OK"
    accepted, error = transfer_until_refused(session, party, other)
    assert isinstance(error, RpcError)
    assert error.reason == "STORE_FULL"
    assert accepted > 0
    assert int(session.l2_account(other.id)["balances"]["ETH"]) == eth.parse("1") + accepted
    pid = place.pids()["sequencer"]
    enter = ["nsenter", "--target", str(pid), "--mount"]
    if os.geteuid() != 0:
        enter += ["--user", "--preserve-credentials"]
    subprocess.run([*enter, "mount", "-o", "remount,size=8m", data], check=True, timeout=10)
    place.kill("sequencer")
    place.restart()
    assert int(session.l2_account(other.id)["balances"]["ETH"]) == eth.parse("1") + accepted
    actions.transfer(session, alice, party, other, eth, 1)
    actions.wait_idle(session)
    wait_agreement(session)
