"""Where anvil, solc and node are on this machine, which version they are, and how npm brings them.

No process at import time. The pins equal package.json (tests/architecture checks it).
"""

import json
import platform
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rollup_node.ports import EnvironmentMissingError

ANVIL_VERSION: Final = "1.7.1"
SOLC_VERSION: Final = "0.8.37"

_NPM_TIMEOUT_SECONDS: Final = 600
_VERSION_TIMEOUT_SECONDS: Final = 10
_SOLC_SCRIPT: Final = Path(__file__).with_name("npm_solc.js")
_MACHINES: Final = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


class ToolchainError(EnvironmentMissingError):
    """A tool is missing or does not work; the message names the command that mends it."""


@dataclass(frozen=True, slots=True)
class Tool:
    """One program on this machine: what to execute, its version, and where it was found."""

    name: str
    path: Path
    version: str
    origin: str


def default_cache_dir() -> Path:
    """Return the folder into which `doctor --fix` installs npm packages."""
    return Path.home() / ".cache" / "strikenet" / "npm"


def find_anvil(configured: Path | None = None, cache_dir: Path | None = None) -> Tool | None:
    """Return the anvil to use: the configured one, PATH, the repository's npm packages, the cache.

    One on PATH counts only when it is at least as new as the pin: older ones lack the gas cap of
    EIP-7825. A configured one is taken as it is.

    Raises
    ------
    ToolchainError
        If the configured program does not run.
    """
    if configured is not None:
        found = shutil.which(configured)
        version = _read_version(Path(found)) if found else None
        if not found or not version:
            raise ToolchainError(f"configured anvil does not run: {configured}")
        return Tool("anvil", Path(found), version, "configured")
    if found := shutil.which("anvil"):
        version = _read_version(Path(found))
        if version and _as_tuple(version) >= _as_tuple(ANVIL_VERSION):
            return Tool("anvil", Path(found), version, "PATH")
    for origin, modules in _module_folders(cache_dir):
        binary = modules / _platform_package("anvil") / "bin" / _executable("anvil")
        if binary.is_file() and (version := _package_version(binary.parents[1])):
            return Tool("anvil", binary, version, origin)
    return None


def find_solc(cache_dir: Path | None = None) -> Tool | None:
    """Return the pinned compiler: a native one on PATH, else npm's behind `npm_solc.js`."""
    if found := shutil.which("solc"):
        version = _read_version(Path(found))
        if version and _as_tuple(version) == _as_tuple(SOLC_VERSION):
            return Tool("solc", Path(found), version, "PATH")
    if find_node() is None:
        return None
    for origin, modules in _module_folders(cache_dir):
        script = modules.parent / "bin" / "solc" if origin == "cache" else _SOLC_SCRIPT
        if _package_version(modules / "solc") == SOLC_VERSION and script.is_file():
            return Tool("solc", script, SOLC_VERSION, origin)
    return None


def find_node() -> Tool | None:
    """Return node, which runs npm's compiler; `None` without a working one."""
    found = shutil.which("node")
    version = _read_version(Path(found)) if found else None
    return Tool("node", Path(found), version, "PATH") if found and version else None


def install_toolchain(cache_dir: Path) -> None:
    """Install the pinned anvil and solc from npm into the cache; safe to repeat.

    Raises
    ------
    ToolchainError
        If npm is missing or fails; the message carries the last line that npm wrote.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise ToolchainError("npm not found: install Node.js 20 or newer from https://nodejs.org")
    cache_dir.mkdir(parents=True, exist_ok=True)
    command = [npm, "install", "--prefix", str(cache_dir), "--ignore-scripts", "--no-audit"]
    packages = [f"@foundry-rs/anvil@{ANVIL_VERSION}", f"solc@{SOLC_VERSION}"]
    try:
        subprocess.run(
            [*command, "--no-fund", "--loglevel=error", *packages],
            check=True,
            capture_output=True,
            text=True,
            timeout=_NPM_TIMEOUT_SECONDS,
        )
    except subprocess.CalledProcessError as error:
        lines = error.stderr.strip().splitlines() or ["no output"]
        raise ToolchainError(
            f"npm install failed with exit code {error.returncode}: {lines[0]}"
        ) from error
    except subprocess.TimeoutExpired as error:
        raise ToolchainError(
            f"npm install took longer than {_NPM_TIMEOUT_SECONDS} seconds"
        ) from error
    script = cache_dir / "bin" / "solc"
    script.parent.mkdir(exist_ok=True)
    shutil.copyfile(_SOLC_SCRIPT, script)
    script.chmod(0o755)


def _module_folders(cache_dir: Path | None) -> list[tuple[str, Path]]:
    repository = Path(__file__).resolve().parents[2]
    cache = default_cache_dir() if cache_dir is None else cache_dir
    return [("node_modules", repository / "node_modules"), ("cache", cache / "node_modules")]


def _platform_package(tool: str) -> str:
    machine = _MACHINES.get(platform.machine().lower(), platform.machine().lower())
    return f"@foundry-rs/{tool}-{sys.platform}-{machine}"


def _executable(tool: str) -> str:
    return f"{tool}.exe" if sys.platform == "win32" else tool


def _package_version(folder: Path) -> str | None:
    try:
        version = json.loads((folder / "package.json").read_bytes()).get("version")
    except (OSError, ValueError):
        return None
    return version if isinstance(version, str) else None


def _read_version(program: Path) -> str | None:
    """Return the first word of `--version` output that looks like a version, without its suffix."""
    try:
        result = subprocess.run(
            [program, "--version"],
            check=False,
            capture_output=True,
            text=True,
            timeout=_VERSION_TIMEOUT_SECONDS,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    if result.returncode != 0:
        return None
    for word in result.stdout.split():
        version = word.lstrip("v").split("+")[0].split("-")[0]
        if re.fullmatch(r"\d+\.\d+\.\d+", version):
            return version
    return None


def _as_tuple(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
