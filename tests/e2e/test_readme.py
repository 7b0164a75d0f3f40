"""The commands of README and tutorial, run in order, each with success."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.e2e.conftest import REPOSITORY

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

COMMAND_SECONDS = 300
"""Beyond the deadlines of the commands."""


def quick_start(page: str) -> list[str]:
    """Return the commands of the console blocks, without the set-up of the checkout."""
    text = (REPOSITORY / page).read_text("utf-8")
    blocks = re.findall(r"^```console\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    commands = re.findall(r"^\$ (.+)$", "\n".join(blocks), re.MULTILINE)
    return [command for command in commands if not command.startswith("make ")]


@pytest.mark.parametrize("page", ["README.md", "docs/tutorial.md", "docs/tutorial-options.md"])
def test_commands_of_a_page_work(page: str, tmp_path: Path) -> None:
    commands = quick_start(page)
    assert len(commands) >= 8
    environment = {
        **os.environ,
        "STRIKENET_RUN_DIR": str(tmp_path / "run"),
        "STRIKENET_UP_PORT": "0",
        "STRIKENET_UP_L1_PORT": "0",
    }
    for command in commands:
        done = subprocess.run(
            ["bash", "-c", command],
            capture_output=True,
            text=True,
            check=False,
            timeout=COMMAND_SECONDS,
            cwd=REPOSITORY,
            env=environment,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
