"""Compiles the law and what else is on the way of an order: `python -m rollup_node.native.build`.

mypyc takes the sources as they are, so there is no second source to keep. Libraries go to
build/native, never beside the sources, and are used only as `rollup_node.native.law` says.
"""

import contextlib
import io
import os
import shutil
import sys
import sysconfig
import time
from pathlib import Path
from typing import Any, Final

from rollup_node.native.law import BUILD, PACKAGE, LawError, hash_sources, write_manifest

COMPILED: Final = (
    "core/*.py",
    "codec/*.py",
    "proof/[!m]*.py",
    "proof/multiproof.py",
    "roles/ordering.py",
    "roles/sequencer.py",
    "node/assembly.py",
    "node/batches.py",
    "node/book_mirror.py",
    "node/builder.py",
    "node/ledger.py",
    "node/market_accounts.py",
    "node/market_data.py",
    "node/market_group.py",
    "node/market_stats.py",
    "node/order_tracker.py",
    "node/requests.py",
    "node/signers.py",
    "node/tape.py",
    "rpc/answers.py",
    "rpc/credits.py",
    "rpc/formats.py",
    "rpc/gateway.py",
    "rpc/hub.py",
    "rpc/order_answers.py",
    "rpc/outbox.py",
    "rpc/*publishers.py",
    "rpc/session.py",
    "rpc/signed.py",
    "rpc/stages.py",
    "rpc/units.py",
)
"""What an order passes on the main thread of the sequencer, and what others execute it with."""

_GROUP: Final = "strikenet"
"""One library holds everything, so that calls between modules are calls in C."""

_OPTIMIZE: Final = "1"
"""More gains nothing, because the time goes into Python's objects, and takes longer."""


def main() -> int:
    """Compile, and say how it went."""
    began = time.monotonic()
    try:
        count = build(BUILD)
    except LawError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201 - a program of make
        return error.exit_code
    print(f"compiled {count} modules in {time.monotonic() - began:.0f} s")  # noqa: T201
    return 0


def build(target: Path) -> int:
    """Compile into a folder, from nothing; return how many modules.

    Raises
    ------
    LawError
        Something that compiling needs is missing, or the compiler refused the sources.
    """
    check_tools()
    from mypy.version import __version__ as version
    from mypyc.build import mypycify
    from setuptools import Distribution
    from setuptools.command.build_ext import build_ext

    os.chdir(PACKAGE.parent)  # modules have the names that they have from here
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    hashes = hash_sources(PACKAGE)  # before: what is edited meanwhile is not what was compiled
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said):
            extensions = mypycify(
                [f"--cache-dir={target / 'mypy'}", *sources()],
                opt_level=_OPTIMIZE,
                debug_level="0",
                target_dir=str(target / "c"),
                group_name=_GROUP,
            )
    except SystemExit as error:
        raise LawError(f"mypyc refused the sources: {said.getvalue()}") from error
    command: Any = build_ext(Distribution({"ext_modules": extensions}))
    command.build_lib, command.build_temp = str(target), str(target / "objects")
    command.ensure_finalized()
    command.run()
    for done in ("mypy", "c", "objects"):
        shutil.rmtree(target / done)
    modules = {ext.name: command.get_ext_filename(ext.name) for ext in extensions}
    write_manifest(target, f"mypyc {version}", modules, hashes)
    return len(modules) - 1  # apart from the library that all of them share


def sources() -> list[str]:
    """Return the files to compile; packages stay sources."""
    found = [path for pattern in COMPILED for path in sorted(PACKAGE.glob(pattern))]
    return [str(path.relative_to(PACKAGE.parent)) for path in found if path.stem != "__init__"]


def check_tools() -> None:
    """Look for what compiling needs.

    Raises
    ------
    LawError
        Something is missing: mypyc, setuptools, a C compiler, or the headers of Python.
    """
    try:
        import mypyc  # noqa: F401 - only whether it is there
        from setuptools._distutils import ccompiler
        from setuptools._distutils import sysconfig as distutils_sysconfig
    except ImportError as error:
        raise LawError(f"{error}: run `make setup`, which installs it") from error
    compiler: Any = ccompiler.new_compiler()
    distutils_sysconfig.customize_compiler(compiler)
    program = compiler.compiler_so[0]
    if shutil.which(program) is None:
        raise LawError(
            f"no C compiler: {program} not found: install one (Debian: apt install gcc), "
            "or name one: make native CC=clang"
        )
    header = Path(sysconfig.get_path("include")) / "Python.h"
    if not header.is_file():
        raise LawError(f"no headers of Python: no {header} (Debian: apt install python3-dev)")


if __name__ == "__main__":
    sys.exit(main())
