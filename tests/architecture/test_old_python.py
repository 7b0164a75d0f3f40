"""What `make setup` says to a Python that it cannot use: one line, exit code 3."""

import subprocess
import sys
from pathlib import Path

from tests.architecture.source_tree import REPOSITORY


def _check(python: Path | str) -> tuple[int, str]:
    script = REPOSITORY / "scripts" / "check-python"
    done = subprocess.run(
        [script, str(python)], capture_output=True, text=True, check=False, timeout=30
    )
    return done.returncode, done.stderr


def test_an_old_python_is_named_with_its_version_and_the_mend(tmp_path: Path) -> None:
    old = tmp_path / "python3.10"
    old.write_text(
        '#!/bin/sh\ncase "$2" in *python_version*) echo 3.10.13 ;; *) exit 1 ;; esac\n', "utf-8"
    )
    old.chmod(0o755)
    code, error = _check(old)
    assert code == 3
    assert error.count("\n") == 1
    assert "3.10.13" in error
    assert "make setup PYTHON=" in error


def test_a_missing_python_is_named(tmp_path: Path) -> None:
    code, error = _check(tmp_path / "python3")
    assert code == 3
    assert "not found" in error


def test_this_python_is_accepted() -> None:
    assert _check(sys.executable) == (0, "")
