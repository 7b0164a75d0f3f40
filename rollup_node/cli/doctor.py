"""`strikenet doctor`: says what this machine lacks, and the exact command that mends it."""

import importlib
import platform
import shutil
import socket
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import click

from rollup_node.cli.options import L1_PORT, NODE_PORTS, ORACLE_PORT, anvil_options, json_option
from rollup_node.cli.output import ExitCode, emit, progress
from rollup_node.l1 import compiler, toolchain
from rollup_node.l1.project import CompilerError
from rollup_node.l1.shipped import artifact_names
from rollup_node.native import law

_NATIVE_MODULES: Final = {
    "tiny_keccak": "tiny-keccak",
    "sha3": "safe-pysha3",
    "coincurve": "coincurve",
    "ckzg": "ckzg",
}
_FIX: Final = "strikenet doctor --fix"
_MARKS: Final = {"ok": "ok     ", "optional": "absent ", "missing": "MISSING", "busy": "BUSY   "}


@dataclass(frozen=True, slots=True)
class Check:
    """One thing and its state: `ok`, `optional` (absent, not needed), `missing`, `busy` (port)."""

    name: str
    status: str
    detail: str
    mend: str = ""


@click.command()
@click.option("--fix", is_flag=True, help="Install anvil and solc from npm into the cache.")
@json_option
@anvil_options
def doctor(*, fix: bool, json_flag: bool, anvil_path: Path | None, cache_dir: Path | None) -> int:
    """Say what is missing on this machine, with the command that mends it.

    Exit code 0: nothing is missing; 3: something is; 4: only a port is in use.
    """
    cache = cache_dir or toolchain.default_cache_dir()
    checks = examine(anvil_path, cache)
    if fix and any(check.mend == _FIX for check in checks):
        anvil, solc = toolchain.ANVIL_VERSION, toolchain.SOLC_VERSION
        progress(f"installing anvil {anvil} and solc {solc} into {cache}")
        toolchain.install_toolchain(cache)
        checks = examine(anvil_path, cache)
    code = exit_code(checks)
    rows = [asdict(check) for check in checks]
    emit(
        json_flag,
        {"ok": code == ExitCode.OK, "exit_code": int(code), "checks": rows},
        render(checks),
    )
    return code


def examine(anvil_path: Path | None, cache_dir: Path) -> list[Check]:
    """Look at everything that Strikenet needs on this machine."""
    anvil = check_anvil(anvil_path, cache_dir)
    artifacts = check_artifacts()
    solc = check_solc(cache_dir, needed=artifacts.status != "ok")
    needs_npm = "missing" in {anvil.status, solc.status}
    users = {L1_PORT: "L1", **dict.fromkeys(NODE_PORTS, "node"), ORACLE_PORT: "oracle"}
    return [
        check_python(),
        check_law(),
        *check_native_modules(),
        anvil,
        artifacts,
        solc,
        *check_node(needed=needs_npm),
        *(check_port(port, user) for port, user in users.items()),
    ]


def exit_code(checks: list[Check]) -> ExitCode:
    """Return 3 if something is missing, else 4 if a port is in use, else 0."""
    statuses = {check.status for check in checks}
    if "missing" in statuses:
        return ExitCode.ENVIRONMENT
    return ExitCode.PORT_IN_USE if "busy" in statuses else ExitCode.OK


def render(checks: list[Check]) -> str:
    """Return one line for each check and, under it, the command that mends it."""
    lines = []
    for check in checks:
        lines.append(f"{_MARKS[check.status]}  {check.name:<12} {check.detail}")
        if check.mend and check.status != "ok":
            lines.append(f"{'':<23}mend: {check.mend}")
    return "\n".join(lines)


def check_python() -> Check:
    """Check the version of the running interpreter."""
    version = platform.python_version()
    if (3, 11) <= sys.version_info[:2] < (3, 14):
        return Check("python", "ok", version)
    mend = "make setup PYTHON=python3.12"
    return Check("python", "missing", f"{version}, needed: 3.11 to 3.13", mend)


def check_law() -> Check:
    """Say which law runs; nobody needs the compiled one."""
    found = law.examine()
    if law.running() == law.COMPILED:
        count = len(found.modules) - 1
        return Check("law", "ok", f"compiled: {count} modules by {found.compiler}")
    if not found.problem:
        return Check("law", "ok", "interpreted, though a compiled one is there: --law interpreted")
    return Check("law", "optional", f"interpreted; no compiled one: {found.problem}", "make native")


def check_native_modules() -> Iterator[Check]:
    """Check that the compiled modules for keccak, secp256k1 and KZG load."""
    for module, distribution in _NATIVE_MODULES.items():
        try:
            importlib.import_module(module)
        except ImportError as error:
            mend = f"{sys.executable} -m pip install {distribution}"
            yield Check(distribution, "missing", str(error), mend)
        else:
            yield Check(distribution, "ok", "loads")


def check_anvil(configured: Path | None, cache_dir: Path) -> Check:
    """Check that there is an anvil, as configured or where `find_anvil` looks."""
    try:
        tool = toolchain.find_anvil(configured, cache_dir)
    except toolchain.ToolchainError as error:
        mend = "unset STRIKENET_ANVIL, or point it to a working anvil"
        return Check("anvil", "missing", str(error), mend)
    if tool is None:
        detail = f"not found, needed: {toolchain.ANVIL_VERSION} or newer"
        return Check("anvil", "missing", detail, _FIX)
    return Check("anvil", "ok", _describe(tool))


def check_artifacts() -> Check:
    """Check that compiled contracts are there and belong to the sources."""
    try:
        compiler.check()
    except CompilerError as error:
        return Check("contracts", "missing", str(error).partition(":")[0], "make artifacts")
    count = len(artifact_names())
    if count == 0:
        return Check("contracts", "missing", "no compiled contracts", "make artifacts")
    return Check("contracts", "ok", f"{count} compiled contracts, up to date")


def check_solc(cache_dir: Path, *, needed: bool) -> Check:
    """Check that there is a compiler; only someone who changes contracts needs one."""
    tool = toolchain.find_solc(cache_dir)
    if tool is not None:
        return Check("solc", "ok", _describe(tool))
    if needed:
        return Check("solc", "missing", f"not found, needed: {toolchain.SOLC_VERSION}", _FIX)
    return Check("solc", "optional", "not found; the compiled contracts suffice", _FIX)


def check_node(*, needed: bool) -> Iterator[Check]:
    """Check node and npm, which install anvil and solc and run npm's solc."""
    absent = "missing" if needed else "optional"
    mend = "install Node.js 20 or newer from https://nodejs.org"
    node = toolchain.find_node()
    yield Check("node", "ok", _describe(node)) if node else Check("node", absent, "not found", mend)
    npm = shutil.which("npm")
    yield Check("npm", "ok", npm) if npm else Check("npm", absent, "not found", mend)


def check_port(port: int, user: str) -> Check:
    """Check that nothing listens on a port of the loopback interface."""
    name = f"port {port}"
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            mend = f"strikenet down, or stop the program that uses the port: lsof -i :{port}"
            return Check(name, "busy", f"needed by the {user}: {error.strerror}", mend)
    return Check(name, "ok", f"free for the {user}")


def _describe(tool: toolchain.Tool) -> str:
    return f"{tool.version} ({tool.origin}: {tool.path})"
