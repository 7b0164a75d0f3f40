"""Which law a process runs: the sources, or what was compiled from exactly these sources.

A compiled module is imported only through the finder that `activate` installs, and that only if
every source still has the hash that it had when `make native` compiled it. So an edit is never
shadowed by an old library: the process then runs the sources, and says so.
"""

import hashlib
import importlib
import json
import sys
import sysconfig
from collections.abc import Iterable, Mapping, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ExtensionFileLoader, ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any, Final, NamedTuple

AUTO: Final = "auto"
"""Compiled if that is there and up to date, else interpreted."""
COMPILED: Final = "compiled"
INTERPRETED: Final = "interpreted"
CHOICES: Final = (AUTO, INTERPRETED, COMPILED)

PACKAGE: Final = Path(__file__).resolve().parents[1]
BUILD: Final = PACKAGE.parent / "build" / "native"
MANIFEST: Final = "manifest.json"

_APART: Final = frozenset({"cli", "client", "devnet", "l1"})
"""Rooms that no compiled module imports: they may change."""
_EXIT_CODE: Final = 3


class LawError(Exception):
    """The compiled law was asked for and cannot be had."""

    exit_code = _EXIT_CODE


class Found(NamedTuple):
    """What was compiled; `problem` says why it cannot be used, empty if it can."""

    problem: str
    compiler: str = ""
    modules: Mapping[str, Path] = {}


class _Finder(MetaPathFinder):
    """Finds the compiled form of a module."""

    def __init__(self, modules: Mapping[str, Path]) -> None:
        self._modules = modules

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002 - importlib's signature
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        """Return where the compiled module is, `None` if it has only a source."""
        file = self._modules.get(fullname)
        if file is None:
            return None
        loader = ExtensionFileLoader(fullname, str(file))
        return spec_from_file_location(fullname, file, loader=loader)


def activate(choice: str) -> None:
    """Decide which law this process runs, before it imports any of it.

    Once modules of the law are imported their form stays: nothing mixes the two.

    Raises
    ------
    LawError
        The choice is `compiled`, and that is absent, out of date, or too late.
    """
    if choice == INTERPRETED or running() == COMPILED:
        return
    found = examine()
    problem = found.problem
    if not problem and (early := sorted(found.modules.keys() & sys.modules.keys())):
        problem = f"{early[0]} is imported already"
    if not problem:
        sys.meta_path.insert(0, _Finder(found.modules))
    elif choice == COMPILED:
        raise LawError(f"no compiled law: {problem}: run `make native`")


def running() -> str:
    """Return which law this process runs."""
    is_compiled = any(isinstance(finder, _Finder) for finder in sys.meta_path)
    return COMPILED if is_compiled else INTERPRETED


def call(choice: str, module: str, name: str, *arguments: Any) -> None:  # noqa: ANN401 - of any function
    """Call a function of a module, imported under the law of the choice: how a worker begins."""
    activate(choice)
    getattr(importlib.import_module(module), name)(*arguments)


def choice_of_child() -> str:
    """Return what a child process chooses in order to run the law of this one."""
    return AUTO if running() == COMPILED else INTERPRETED


def examine(build: Path = BUILD, package: Path = PACKAGE) -> Found:
    """Return what was compiled, and whether it is for this Python and from these sources."""
    try:
        manifest = json.loads((build / MANIFEST).read_text("utf-8"))
    except FileNotFoundError:
        return Found("it was never compiled")
    if manifest["python"] != python_tag():
        return Found(f"compiled for {manifest['python']}, this is {python_tag()}")
    hashes = hash_sources(package)
    if manifest["sources"] != hashes:
        known = manifest["sources"]
        changed = [path for path in {**known, **hashes} if known.get(path) != hashes.get(path)]
        return Found(f"{len(changed)} sources changed since, {min(changed)} among them")
    modules = {name: build / file for name, file in manifest["modules"].items()}
    return Found("", manifest["compiler"], modules)


def write_manifest(
    build: Path, compiler: str, modules: Mapping[str, str], sources: Mapping[str, str]
) -> None:
    """Say what was compiled, from sources with these hashes: the last thing that compiling does."""
    content = {
        "python": python_tag(),
        "compiler": compiler,
        "modules": dict(modules),
        "sources": dict(sources),
    }
    (build / MANIFEST).write_text(json.dumps(content, indent=1) + "\n", "utf-8")


def hash_sources(package: Path) -> dict[str, str]:
    """Return the hash of every source that a compiled module is made of or can import."""
    return {
        path.relative_to(package).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in _sources(package)
    }


def python_tag() -> str:
    """Return for which interpreter and machine a library is, as in the end of its name."""
    return str(sysconfig.get_config_var("EXT_SUFFIX"))


def _sources(package: Path) -> Iterable[Path]:
    return (
        path
        for path in sorted(package.rglob("*.py"))
        if path.relative_to(package).parts[0] not in _APART
    )
