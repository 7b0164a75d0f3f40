"""Which law a process runs: nothing compiled is imported unless every source is as it was then."""

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from rollup_node.native import build, law
from tests.architecture.source_tree import REPOSITORY

MODULE: Final = "rollup_node.core.layout"


@pytest.fixture
def _finders() -> Iterator[None]:
    before = list(sys.meta_path)
    yield
    sys.meta_path[:] = before


@pytest.fixture(name="package")
def _package(tmp_path: Path) -> Path:
    for name in ("core/step.py", "node/builder.py", "cli/up.py"):
        path = tmp_path / "package" / name
        path.parent.mkdir(parents=True)
        path.write_text("ANSWER = 42\n", "utf-8")
    return tmp_path / "package"


@pytest.fixture(name="built")
def _built(tmp_path: Path, package: Path) -> Path:
    folder = tmp_path / "built"
    folder.mkdir()
    law.write_manifest(folder, "mypyc 1", {MODULE: "layout.so"}, law.hash_sources(package))
    return folder


def test_examine_sources_as_they_were_names_the_libraries(built: Path, package: Path) -> None:
    assert law.examine(built, package) == ("", "mypyc 1", {MODULE: built / "layout.so"})


def test_examine_nothing_compiled_says_so(tmp_path: Path, package: Path) -> None:
    assert law.examine(tmp_path, package).problem == "it was never compiled"


@pytest.mark.parametrize("name", ["core/step.py", "node/builder.py"])
def test_examine_one_source_edited_names_it(built: Path, package: Path, name: str) -> None:
    (package / name).write_text("ANSWER = 43\n", "utf-8")
    found = law.examine(built, package)
    assert name in found.problem
    assert not found.modules


def test_examine_source_added_or_removed_is_a_change(built: Path, package: Path) -> None:
    added = package / "core" / "zeal.py"
    added.write_text("", "utf-8")
    assert "core/zeal.py" in law.examine(built, package).problem
    added.unlink()
    (package / "core" / "step.py").unlink()
    assert "core/step.py" in law.examine(built, package).problem


def test_examine_room_that_nothing_compiled_imports_may_change(built: Path, package: Path) -> None:
    (package / "cli" / "up.py").write_text("ANSWER = 43\n", "utf-8")
    assert not law.examine(built, package).problem


def test_examine_compiled_for_another_python_is_refused(built: Path, package: Path) -> None:
    manifest = json.loads((built / law.MANIFEST).read_text("utf-8"))
    manifest["python"] = ".cpython-310-other.so"
    (built / law.MANIFEST).write_text(json.dumps(manifest), "utf-8")
    assert "cpython-310" in law.examine(built, package).problem


@pytest.mark.usefixtures("_finders")
def test_activate_modules_imported_already_are_not_mixed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    found = law.Found("", "mypyc 1", {"json": tmp_path / "json.so"})
    monkeypatch.setattr(law, "examine", lambda: found)
    monkeypatch.setattr(law, "running", lambda: law.INTERPRETED)
    before = list(sys.meta_path)
    law.activate(law.AUTO)
    assert sys.meta_path == before
    with pytest.raises(law.LawError, match="json is imported already"):
        law.activate(law.COMPILED)


@pytest.mark.usefixtures("_finders")
def test_activate_makes_python_look_for_the_library(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    library = tmp_path / "none_such.so"
    library.write_bytes(b"no library")
    found = law.Found("", "mypyc 1", {"none_such": library})
    monkeypatch.setattr(law, "examine", lambda: found)
    monkeypatch.setattr(law, "running", lambda: law.INTERPRETED)
    law.activate(law.COMPILED)
    with pytest.raises(ImportError, match=r"none_such\.so"):
        __import__("none_such")


def test_law_is_decided_before_any_room_is_imported() -> None:
    code = (
        "import sys, rollup_node.native.law, rollup_node.cli.main;"
        "print([name for name in sys.modules if name.startswith('rollup_node.')"
        " and name.split('.')[1] not in ('native', 'cli')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=REPOSITORY
    )
    assert done.stdout.strip() == "[]", done.stderr


def test_law_asked_for_and_absent_is_refused_with_the_mend() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "rollup_node.cli.main", "doctor"],
        capture_output=True,
        text=True,
        check=False,
        cwd=REPOSITORY,
        env={**os.environ, "STRIKENET_LAW": "compiled"},
    )
    if law.examine().problem:
        assert done.returncode == 3
        assert "run `make native`" in done.stderr
    else:
        assert "compiled: " in done.stdout


def test_sources_are_modules_of_the_package_and_none_is_left_out_by_a_typing_error() -> None:
    chosen = build.sources()
    assert "rollup_node/core/step.py" in chosen
    assert not [path for path in chosen if path.endswith("__init__.py")]
    for pattern in build.COMPILED:
        assert list(law.PACKAGE.glob(pattern)), f"{pattern} names nothing"


@pytest.mark.parametrize("path", build.sources())
def test_source_to_compile_has_no_class_that_loses_something(path: str) -> None:
    tree = ast.parse((REPOSITORY / path).read_text("utf-8"))
    structs = [
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and any("Struct" in ast.unparse(b) for b in node.bases)
    ]
    assert not structs, f"mypyc passes no options of these on to msgspec: {structs}"


def test_check_tools_without_a_compiler_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CC", "no-such-compiler")
    with pytest.raises(law.LawError, match=r"no-such-compiler not found.*apt install gcc"):
        build.check_tools()
