"""The syntax trees of the package, for the tests of this folder."""

import ast
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

REPOSITORY: Final = Path(__file__).resolve().parents[2]
PACKAGE: Final = REPOSITORY / "rollup_node"
PURE_ROOMS: Final = ("core", "codec", "proof", "derive", "roles")


@dataclass(frozen=True, slots=True)
class Module:
    """One source file: its path within the package and its syntax tree."""

    path: str
    tree: ast.Module

    @property
    def room(self) -> str:
        """The first folder, or the file itself for a room of one file."""
        return self.path.partition("/")[0].removesuffix(".py")

    def where(self, node: ast.AST) -> str:
        """Name a place as editors understand it."""
        return f"rollup_node/{self.path}:{getattr(node, 'lineno', 1)}"


@functools.cache
def modules() -> tuple[Module, ...]:
    """Return every module of the package."""
    return tuple(
        Module(path.relative_to(PACKAGE).as_posix(), ast.parse(path.read_text("utf-8")))
        for path in sorted(PACKAGE.rglob("*.py"))
    )


def pure_modules() -> tuple[Module, ...]:
    """Return the modules of the rooms without clock, disk, network, randomness and float."""
    return tuple(module for module in modules() if module.room in PURE_ROOMS)


def imports(module: Module) -> Iterator[tuple[str, ast.AST]]:
    """Yield the full name of everything a module imports, wherever in the file it does."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module.where(node)}: relative import"
            yield from ((f"{node.module}.{alias.name}", node) for alias in node.names)


def calls(module: Module) -> Iterator[tuple[str, ast.AST]]:
    """Yield the dotted name of everything a module calls, as it is written."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node
