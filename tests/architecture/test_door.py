"""The door answers at once and leads to existing rooms; pins that are written twice are equal."""

import json
import subprocess
import sys
import tomllib

import pytest

from rollup_node import __version__
from rollup_node.cli.main import COMMANDS
from rollup_node.cli.options import NODE_BASE_PORT, NODE_PORTS, ORACLE_PORT
from rollup_node.devnet.manifest import NODES
from rollup_node.l1.toolchain import ANVIL_VERSION, SOLC_VERSION
from tests.architecture.source_tree import REPOSITORY

_HEAVY = ("web3", "solcx", "aiohttp", "eth_account", "eth_abi", "ckzg", "coincurve", "pydantic")


@pytest.mark.parametrize("name", COMMANDS)
def test_command_of_the_table_exists_and_has_help(name: str) -> None:
    command = COMMANDS[name].load()
    assert command.name == name
    assert command.help


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["doctor", "--help"]])
def test_help_imports_no_heavy_library(words: list[str]) -> None:
    script = (
        "import sys\n"
        "from rollup_node.cli.main import run\n"
        f"run({words!r})\n"
        f"sys.exit(str([name for name in {_HEAVY!r} if name in sys.modules] or ''))"
    )
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60
    )
    assert result.stderr.strip() == "", result.stderr
    assert result.stdout


def test_pins_written_twice_are_equal() -> None:
    package = json.loads((REPOSITORY / "package.json").read_text("utf-8"))["dependencies"]
    foundry = tomllib.loads((REPOSITORY / "contracts" / "foundry.toml").read_text("utf-8"))
    assert package["@foundry-rs/anvil"] == ANVIL_VERSION
    assert package["@foundry-rs/forge"] == ANVIL_VERSION
    assert package["@foundry-rs/cast"] == ANVIL_VERSION
    assert package["solc"] == SOLC_VERSION
    assert foundry["profile"]["default"]["solc_version"] == SOLC_VERSION


def test_ports_of_the_door_are_one_for_each_node_and_the_oracle() -> None:
    assert [*NODE_PORTS, ORACLE_PORT] == [*range(NODE_BASE_PORT, NODE_BASE_PORT + len(NODES) + 1)]


def test_versions_of_the_package_are_equal() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["version"] == __version__


def test_node_imports_no_web3() -> None:
    script = (
        "import sys\n"
        "import rollup_node.node.main\n"
        "sys.exit(str([name for name in ('web3', 'eth_account') if name in sys.modules] or ''))"
    )
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60
    )
    assert result.stderr.strip() == "", result.stderr
