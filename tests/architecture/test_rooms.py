"""Every room keeps to its own: the environment, processes, web3 and click each have one place."""

import ast
from typing import Final

from tests.architecture.source_tree import PACKAGE, REPOSITORY, calls, imports, modules

_ENVIRONMENT: Final = ("os.environ", "os.getenv", "os.environb", "os.putenv")
_PROCESS_CALLS: Final = (
    "os.fork",
    "os.system",
    "os.popen",
    "os.exec",
    "os.spawn",
    "os.posix_spawn",
)
_PROCESS_PLACES: Final = ("l1/anvil.py", "l1/toolchain.py", "devnet/")
_ROOM_OF_LIBRARY: Final = {"web3": "l1", "solcx": "l1", "click": "cli"}


def test_environment_is_read_only_in_cli() -> None:
    found = [
        f"{module.where(node)}: {ast.unparse(node)}"
        for module in modules()
        if module.room != "cli"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node) in _ENVIRONMENT
    ]
    found += [
        f"{module.where(node)}: import {name}"
        for module in modules()
        if module.room != "cli"
        for name, node in imports(module)
        if name in _ENVIRONMENT
    ]
    assert not found, "\n".join(found)


def test_processes_start_only_in_l1_and_devnet() -> None:
    elsewhere = [module for module in modules() if not module.path.startswith(_PROCESS_PLACES)]
    found = [
        f"{module.where(node)}: import {name}"
        for module in elsewhere
        for name, node in imports(module)
        if name.partition(".")[0] in {"subprocess", "pty"}
    ]
    found += [
        f"{module.where(node)}: {name}()"
        for module in elsewhere
        for name, node in calls(module)
        if name.startswith(_PROCESS_CALLS) or "create_subprocess" in name
    ]
    assert not found, "\n".join(found)


def test_libraries_stay_in_their_room() -> None:
    found = [
        f"{module.where(node)}: import {name}"
        for module in modules()
        for name, node in imports(module)
        if module.room != _ROOM_OF_LIBRARY.get(name.partition(".")[0], module.room)
    ]
    assert not found, "\n".join(found)


def test_no_folder_or_file_is_called_utils() -> None:
    homeless = {"utils", "util", "helpers", "helper", "misc", "common"}
    roots = [PACKAGE, REPOSITORY / "tests", REPOSITORY / "contracts" / "src"]
    found = [path for root in roots for path in root.rglob("*") if path.stem.lower() in homeless]
    assert not found, f"a helper without a room is a helper without a reason: {found}"


def test_every_module_says_what_lives_there() -> None:
    found = [module.path for module in modules() if not ast.get_docstring(module.tree)]
    assert not found, f"modules without a docstring: {found}"
