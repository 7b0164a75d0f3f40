"""Pure rooms: no clock, disk, network, randomness or float, and one file that divides."""

import ast
import sys
from typing import Final

from tests.architecture.source_tree import Module, calls, imports, pure_modules

_DIVIDING_FILE: Final = "core/fixed_point.py"
_DIVISIONS: Final = (ast.Div, ast.FloorDiv, ast.Mod)
_IMPURE_MODULES: Final = frozenset(
    [
        "asyncio",
        "concurrent",
        "datetime",
        "decimal",
        "fractions",
        "glob",
        "io",
        "locale",
        "logging",
        "multiprocessing",
        "os",
        "pathlib",
        "random",
        "secrets",
        "select",
        "selectors",
        "shutil",
        "signal",
        "socket",
        "sqlite3",
        "subprocess",
        "tempfile",
        "threading",
        "time",
        "urllib",
        "uuid",
        "uvloop",
        "aiohttp",
        "web3",
        "eth_account",
        "prometheus_client",
    ]
)
_IMPURE_CALLS: Final = frozenset(
    [
        "breakpoint",
        "divmod",
        "eval",
        "exec",
        "float",
        "hash",
        "id",
        "input",
        "open",
        "print",
        "round",
        "math.sqrt",
        "math.log",
        "math.log2",
        "math.exp",
        "math.pow",
    ]
)
_CORE_LIBRARIES: Final = frozenset({"rollup_node", "tiny_keccak", "msgspec"})


def _floats_and_divisions(module: Module) -> list[str]:
    found = []
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, float):
            found.append(f"{module.where(node)}: float {node.value}")
        elif isinstance(node, ast.Name) and node.id == "float":
            found.append(f"{module.where(node)}: float")
        elif (
            isinstance(node, ast.BinOp | ast.AugAssign)
            and isinstance(node.op, _DIVISIONS)
            and module.path != _DIVIDING_FILE
        ):
            found.append(f"{module.where(node)}: raw {type(node.op).__name__}")
    return found


def test_pure_rooms_never_divide_raw_or_use_floats() -> None:
    found = [line for module in pure_modules() for line in _floats_and_divisions(module)]
    assert not found, "\n".join(found)


def test_pure_rooms_never_import_the_world() -> None:
    found = [
        f"{module.where(node)}: import {name}"
        for module in pure_modules()
        for name, node in imports(module)
        if name.partition(".")[0] in _IMPURE_MODULES
    ]
    assert not found, "\n".join(found)


def test_pure_rooms_never_call_the_world() -> None:
    found = [
        f"{module.where(node)}: {name}()"
        for module in pure_modules()
        for name, node in calls(module)
        if name in _IMPURE_CALLS and module.path != _DIVIDING_FILE
    ]
    assert not found, "\n".join(found)


def test_core_uses_the_standard_library_and_one_hash_only() -> None:
    found = [
        f"{module.where(node)}: import {name}"
        for module in pure_modules()
        if module.room == "core"
        for name, node in imports(module)
        if name.partition(".")[0] not in _CORE_LIBRARIES | sys.stdlib_module_names
    ]
    assert not found, "\n".join(found)
