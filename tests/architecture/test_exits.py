"""Every failure of a command ends in one clear line and the exit code that scripts rely on."""

import errno
import json
from pathlib import Path

import pytest

from rollup_node.cli import doctor
from rollup_node.cli.main import run
from rollup_node.cli.output import CliError, ExitCode, exit_code_of
from rollup_node.ports import InputError


class NoGasError(InputError):
    """Inherits its exit code."""


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (CliError("no", ExitCode.NODES_DISAGREE), 8),
        (KeyboardInterrupt(), 130),
        (NoGasError("no"), 2),
        (OSError(errno.EADDRINUSE, "in use"), 4),
        (OSError(errno.ENOSPC, "disk full"), 3),
        (ConnectionRefusedError(errno.ECONNREFUSED, "refused"), 5),
        (TimeoutError("late"), 5),
        (ValueError("a bug"), 1),
    ],
)
def test_exit_code_of_exception_is_fixed(error: BaseException, code: int) -> None:
    assert exit_code_of(error) == code


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["dcotor"], "error: no such command: 'dcotor'; did you mean 'doctor'? (see: strikenet"),
        (["doctor", "--frobnicate"], "error: No such option"),
        (["doctor", "surplus"], "error: Got unexpected extra argument"),
        (["--config", "absent.toml", "doctor"], "error: cannot read configuration absent.toml"),
    ],
)
def test_wrong_usage_gives_one_line_and_code_2(
    words: list[str], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(words) == ExitCode.USAGE
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(line)
    assert captured.err.count("\n") == 1


def test_error_with_json_is_an_object(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--config", "absent.toml", "doctor", "--json"]) == ExitCode.USAGE
    error = json.loads(capsys.readouterr().out)["error"]
    assert (error["code"], error["name"]) == (2, "usage")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[doctor]\nfrobnicate = 1\n", "[doctor] has no option 'frobnicate'"),
        ("[dcotor]\n", "[dcotor] is not a command"),
        ("=\n", "is not TOML"),
    ],
)
def test_configuration_with_unknown_key_is_refused(
    text: str, complaint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "strikenet.toml"
    config.write_text(text, "utf-8")
    assert run(["--config", str(config), "doctor"]) == ExitCode.USAGE
    assert complaint in capsys.readouterr().err


def test_configuration_sets_a_flag_by_its_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "strikenet.toml"
    config.write_text('run-dir = "elsewhere"\n[doctor]\njson = true\n', "utf-8")
    code = run(["--config", str(config), "doctor"])
    assert json.loads(capsys.readouterr().out)["exit_code"] == code


def test_configuration_for_every_command_reaches_subcommands(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "strikenet.toml"
    config.write_text(f'run-dir = "{tmp_path}/common"\n[account.margin]\nnode = "v"\n', "utf-8")
    for words in (["account", "alice"], ["account", "margin", "alice"]):
        assert run(["--config", str(config), *words]) != ExitCode.OK
        assert f"{tmp_path}/common" in capsys.readouterr().err
    config.write_text("[account.margin]\nnod = 1\n", "utf-8")
    assert run(["--config", str(config), "account", "margin", "alice"]) == ExitCode.USAGE
    assert "has no option 'nod'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("statuses", "code"),
    [(["ok", "optional"], 0), (["ok", "busy"], 4), (["busy", "missing"], 3)],
)
def test_doctor_exit_code_prefers_missing_over_busy(statuses: list[str], code: int) -> None:
    assert doctor.exit_code([doctor.Check("x", status, "") for status in statuses]) == code


def test_doctor_names_the_mending_command(tmp_path: Path) -> None:
    broken = doctor.check_anvil(tmp_path / "anvil", tmp_path)
    assert (broken.status, "STRIKENET_ANVIL" in broken.mend) == ("missing", True)
