"""Starts and stops a devnet: anvil, the contracts, one process per node; restart is resume."""

import json
import shutil
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Final

from rollup_node.devnet import deployer, sockets
from rollup_node.devnet.failure import DevnetError, NotReadyError
from rollup_node.devnet.jsonrpc import Deadline, JsonRpc
from rollup_node.devnet.keys import accounts, checksum
from rollup_node.devnet.manifest import L1_CHAIN_ID, L2_CHAIN_ID, ORACLE, TAKERS, Manifest, NodePlan
from rollup_node.devnet.node_configs import node_config, oracle_config
from rollup_node.devnet.process import Process, spawn, stop
from rollup_node.devnet.rundir import RunDir, read_json, write_json
from rollup_node.l1.anvil import AnvilOptions
from rollup_node.l1.toolchain import Tool
from rollup_node.native import law
from rollup_node.ports import InputError

HTTP_OK: Final = 200
L1_READY_SECONDS: Final = 60
NODES_READY_SECONDS: Final = 120
IDLE_READY_SECONDS: Final = 300
"""For nodes that run only while others leave a processor free."""
STATE_INTERVAL_SECONDS: Final = 5

_TELLING_CODES: Final = (2, 3, 4)


class Devnet:
    """The processes of one run directory; the caller holds its lock."""

    def __init__(self, run_dir: RunDir, manifest: Manifest, anvil: Tool) -> None:
        self.run_dir = run_dir
        self.manifest = manifest
        self.anvil = anvil
        self.l1_url = sockets.url_of(manifest.l1_port)
        self.processes: dict[str, Process] = {}
        self.status = "starting"
        self.resumed = False
        self.ready_seconds = 0.0
        self._reported: set[int] = set()

    def start(self, progress: Callable[[str], None]) -> None:
        """Start everything and wait until every node answers `/readyz`.

        Raises
        ------
        PortInUseError
            If a port is taken.
        NotReadyError
            If something is not ready at its deadline.
        DevnetError
            If a process ends at once.
        """
        began = time.monotonic()
        sockets.check_free(self.manifest.l1_port, "the L1")
        for plan in self.manifest.nodes:
            sockets.check_free(plan.port, f"node {plan.name}")
        if self.manifest.markets:
            sockets.check_free(self.manifest.oracle_port, "the oracle")
        self.write_state()
        self._start_l1()
        progress(f"L1 ready at {self.l1_url}")
        self.resumed = self.run_dir.rollup.is_file()
        if self.resumed:
            deployer.check_deployed(self.l1, self.run_dir)
        else:
            deployer.deploy(self.l1, self.manifest, self.run_dir)
            progress(f"contracts deployed: {self.run_dir.shown / 'addresses.json'}")
        for plan in self.manifest.nodes:
            self.start_node(plan)
        self.wait_ready()
        if self.manifest.markets:
            self.start_oracle()
            self._wait_url(ORACLE, self.manifest.oracle_port)
        self.status = "ready"
        self.ready_seconds = time.monotonic() - began
        self.write_state()
        if self.manifest.people:
            self.start_takers()
            self.write_state()

    @property
    def l1(self) -> JsonRpc:
        """Return a client of the L1."""
        return JsonRpc(self.l1_url)

    def stop(self) -> None:
        """Stop the nodes, then the L1, which saves its state."""
        self.status = "stopping"
        nodes = [process for name, process in self.processes.items() if name != "l1"]
        stop(nodes)
        stop([process for name, process in self.processes.items() if name == "l1"])
        self.status = "stopped"
        self.write_state()

    def start_node(self, plan: NodePlan) -> None:
        """Write the configuration of a node and start its process."""
        folder = self.run_dir.node(plan.name)
        folder.mkdir(parents=True, exist_ok=True)
        config = folder / "config.json"
        fields = node_config(self.manifest, self.run_dir, plan, self.l1_url)
        write_json(config, fields, private=True)
        command = [sys.executable, "-m", "rollup_node.cli.main", "node", "--config", str(config)]
        idle = self.manifest.background_idle and plan.name != "sequencer"
        log = self.run_dir.log(plan.name)
        self.processes[plan.name] = spawn(plan.name, command, log, idle=idle)

    def start_oracle(self) -> None:
        """Write the configuration of the oracle and start its process."""
        folder = self.run_dir.node(ORACLE)
        folder.mkdir(parents=True, exist_ok=True)
        config = folder / "config.json"
        fields = oracle_config(self.manifest, self.run_dir, self.l1_url)
        write_json(config, fields, private=True)
        command = [sys.executable, "-m", "rollup_node.cli.main", "oracle", "--config", str(config)]
        self.processes[ORACLE] = spawn(ORACLE, command, self.run_dir.log(ORACLE))

    def start_takers(self) -> None:
        """Start the process of those who buy what vaults sell; it needs the devnet to be ready."""
        place = ("--run-dir", str(self.run_dir.path), "--seed", str(self.manifest.seed))
        command = [sys.executable, "-m", "rollup_node.cli.main", "vault", "takers", *place]
        self.processes[TAKERS] = spawn(TAKERS, command, self.run_dir.log(TAKERS))

    def restart_crashed(self) -> list[str]:
        """Start again every process that has ended, the L1 aside; return their names."""
        names = [plan for plan in self.manifest.nodes if self._exit_code(plan.name) is not None]
        for plan in names:
            self.start_node(plan)
        restarted = [plan.name for plan in names]
        if self._exit_code(ORACLE) is not None:
            self.start_oracle()
            restarted.append(ORACLE)
        self.write_state()
        if self._exit_code(TAKERS) is not None:
            self.start_takers()
            restarted.append(TAKERS)
            self.write_state()
        return restarted

    def crashes(self) -> list[Process]:
        """Return the processes that have ended since the last call."""
        ended = [
            process
            for process in self.processes.values()
            if process.exit_code is not None and process.pid not in self._reported
        ]
        self._reported.update(process.pid for process in ended)
        if ended:
            self.write_state()
        return ended

    def wait_ready(self, names: tuple[str, ...] | None = None) -> None:
        """Wait until the named nodes (default: all) answer 200 on `/readyz`.

        Raises
        ------
        NotReadyError
            At the deadline; it says which node is not ready and why.
        DevnetError
            If a node's process ended.
        """
        for plan in self.manifest.nodes:
            if names is None or plan.name in names:
                self._wait_node(plan)

    def write_state(self) -> None:
        """Write what other commands need to know about this run."""
        write_json(self.run_dir.state, self.describe())

    def describe(self) -> dict[str, Any]:
        """Return the state of the run as plain data."""
        l1 = self.processes.get("l1")
        return {
            "status": self.status,
            "profile": self.manifest.profile.name,
            "seed": self.manifest.seed,
            "batch_data": self.manifest.batch_data,
            "law": law.running(),
            "resumed": self.resumed,
            "ready_seconds": round(self.ready_seconds, 2),
            "l1": {
                "url": self.l1_url,
                "chain_id": L1_CHAIN_ID,
                "anvil": self.anvil.version,
                "pid": l1.pid if l1 else None,
                "exit_code": l1.exit_code if l1 else None,
            },
            "l2_chain_id": L2_CHAIN_ID,
            "nodes": [self._describe_node(plan) for plan in self.manifest.nodes],
            "oracle": self._describe_oracle(),
            "takers": self._describe_takers(),
        }

    def _describe_node(self, plan: NodePlan) -> dict[str, Any]:
        process = self.processes.get(plan.name)
        return {
            "name": plan.name,
            "url": sockets.url_of(plan.port),
            "account": checksum(accounts()[plan.name].address),
            "pid": process.pid if process else None,
            "exit_code": process.exit_code if process else None,
            "log": str(self.run_dir.log(plan.name)),
        }

    def _describe_oracle(self) -> dict[str, Any] | None:
        if not self.manifest.markets:
            return None
        process = self.processes.get(ORACLE)
        return {
            "url": sockets.url_of(self.manifest.oracle_port),
            "prices": self.manifest.prices,
            "pid": process.pid if process else None,
            "exit_code": process.exit_code if process else None,
            "log": str(self.run_dir.log(ORACLE)),
        }

    def _describe_takers(self) -> dict[str, Any] | None:
        process = self.processes.get(TAKERS)
        if process is None:
            return None
        log = str(self.run_dir.log(TAKERS))
        return {"pid": process.pid, "exit_code": process.exit_code, "log": log}

    def _start_l1(self) -> None:
        shutil.rmtree(self.run_dir.l1_old_states, ignore_errors=True)  # of an anvil that was killed
        options = AnvilOptions(
            port=self.manifest.l1_port,
            block_time_seconds=1,
            state=self.run_dir.l1_state,
            old_states=self.run_dir.l1_old_states,
        )
        command = [
            str(self.anvil.path),
            *options.arguments(),
            *("--state-interval", str(STATE_INTERVAL_SECONDS), "--quiet"),
        ]
        l1 = spawn("l1", command, self.run_dir.log("l1"), mercy=True)
        self.processes["l1"] = l1
        client = self.l1
        for _ in Deadline(L1_READY_SECONDS, f"the L1 answers at {self.l1_url}"):
            if l1.exit_code is not None:
                raise crash_error(l1)
            try:
                chain_id = int(client.call("eth_chainId"), 16)
            except NotReadyError:
                continue
            if chain_id != L1_CHAIN_ID:
                raise DevnetError(f"chain id of the L1: {chain_id} != {L1_CHAIN_ID}")
            self._keep_time()
            return

    def _keep_time(self) -> None:
        """Let the time of a resumed L1 go on from its last block, which may lie in the future."""
        head = self.l1.call("eth_getBlockByNumber", "latest", False)  # noqa: FBT003 - JSON-RPC
        ahead = int(head["timestamp"], 16) - int(time.time())
        if ahead > 0:
            self.l1.call("evm_increaseTime", ahead + 1)

    def _wait_node(self, plan: NodePlan) -> None:
        self._wait_url(plan.name, plan.port)

    def _wait_url(self, name: str, port: int) -> None:
        client = JsonRpc(sockets.url_of(port))
        process = self.processes[name]
        answer = "it does not answer"
        seconds = IDLE_READY_SECONDS if self.manifest.background_idle else NODES_READY_SECONDS
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if process.exit_code is not None:
                raise crash_error(process)
            try:
                status, body = client.request("GET", "/readyz")
            except NotReadyError:
                time.sleep(0.02)
                continue
            if status == HTTP_OK:
                return
            answer = f"it answers {status} {body.decode('utf-8', 'replace').strip()}"
            time.sleep(0.02)
        raise NotReadyError(f"node {name} not ready in {seconds} s: {answer}")

    def _exit_code(self, name: str) -> int | None:
        process = self.processes.get(name)
        return process.exit_code if process else None


def is_ready(url: str) -> bool:
    """Tell whether a node answers 200 on `/readyz`."""
    try:
        return JsonRpc(url).request("GET", "/readyz")[0] == HTTP_OK
    except NotReadyError:
        return False


def crash_error(process: Process) -> NotReadyError:
    """Return the failure to raise for a process that ended; it keeps a code that says why."""
    error = NotReadyError(describe_crash(process))
    if process.exit_code in _TELLING_CODES:
        error.exit_code = process.exit_code
    return error


def describe_crash(process: Process) -> str:
    """Say in one line which process ended, how, and what it said last."""
    code = process.exit_code or 0
    how = f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
    last = process.last_line()
    return f"{process.name} ended ({how}){': ' if last else ''}{_message(last)}; log: {process.log}"


def manifest_of(run_dir: RunDir, fresh: Manifest) -> Manifest:
    """Return the manifest to start with: of a run that is resumed, its own profile and seed.

    Raises
    ------
    InputError
        If another profile is asked for than the contracts were deployed with.
    """
    if not run_dir.rollup.is_file():
        return fresh
    known = read_json(run_dir.rollup)["parameters"]
    wanted = asdict(fresh.profile)
    for key, value in known.items():
        if wanted.get(key, value) != value:
            raise InputError(
                f"{run_dir.shown} was deployed with {key} {value}, profile {fresh.profile.name} "
                f"has {wanted[key]}: `strikenet down --purge` first, or another --run-dir"
            )
    return fresh


def _message(line: str) -> str:
    try:
        entry = json.loads(line)
    except ValueError:
        return line.removeprefix("error: ")
    return str(entry.get("message", entry.get("event", line))) if isinstance(entry, dict) else line
