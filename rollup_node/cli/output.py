"""What every command prints and how it ends: exit codes, one line per error, JSON for scripts.

Errors of other rooms carry their exit code, those of libraries are known by name: printing an error
imports neither.
"""

import errno
import json
from collections.abc import Mapping
from enum import IntEnum
from typing import Any, Final

import click


class ExitCode(IntEnum):
    """How a command ended; scripts rely on these numbers."""

    OK = 0
    INTERNAL = 1
    USAGE = 2
    ENVIRONMENT = 3
    PORT_IN_USE = 4
    NOT_READY = 5
    SCENARIO_FAILED = 6
    REVERTED = 7
    NODES_DISAGREE = 8
    INTERRUPTED = 130


class CliError(Exception):
    """An expected failure of a command: one line for the user and the exit code."""

    def __init__(self, message: str, exit_code: ExitCode = ExitCode.INTERNAL) -> None:
        super().__init__(message)
        self.exit_code = exit_code


_BY_CLASS_NAME: Final[Mapping[str, ExitCode]] = {
    "KeyboardInterrupt": ExitCode.INTERRUPTED,
    "Abort": ExitCode.INTERRUPTED,
    "TimeoutError": ExitCode.NOT_READY,
    "ConnectionError": ExitCode.NOT_READY,
    "ClientConnectionError": ExitCode.NOT_READY,
    "ContractLogicError": ExitCode.REVERTED,
    "MemoryError": ExitCode.ENVIRONMENT,
    "ModuleNotFoundError": ExitCode.ENVIRONMENT,
}
_BY_ERRNO: Final[Mapping[int, ExitCode]] = {
    errno.EADDRINUSE: ExitCode.PORT_IN_USE,
    errno.ENOSPC: ExitCode.ENVIRONMENT,
    errno.EDQUOT: ExitCode.ENVIRONMENT,
    errno.EROFS: ExitCode.ENVIRONMENT,
    errno.EACCES: ExitCode.ENVIRONMENT,
    errno.EPERM: ExitCode.ENVIRONMENT,
    errno.EMFILE: ExitCode.ENVIRONMENT,
}


def emit(json_flag: bool, data: Mapping[str, Any], human: str) -> None:
    """Print the result of a command on stdout: `data` as one JSON object, or `human`."""
    click.echo(json.dumps(data, indent=2) if json_flag else human)


def progress(message: str) -> None:
    """Show on stderr what a long command is doing; stdout stays free for the result."""
    click.echo(message, err=True)


def exit_code_of(error: BaseException) -> ExitCode:
    """Return the exit code for any exception: its own, else by errno or class name."""
    if isinstance(error, click.UsageError):
        return ExitCode.USAGE
    own = getattr(error, "exit_code", None)
    if isinstance(own, int) and own in set(ExitCode):
        return ExitCode(own)
    if isinstance(error, OSError) and (code := _BY_ERRNO.get(error.errno or 0)):
        return code
    for base in type(error).__mro__:
        if base.__name__ in _BY_CLASS_NAME:
            return _BY_CLASS_NAME[base.__name__]
    return ExitCode.INTERNAL


def describe_error(error: BaseException, prog: str) -> str:
    """Return one line that says what failed and, for wrong usage, where the help is."""
    code = exit_code_of(error)
    if isinstance(error, click.UsageError):
        path = error.ctx.command_path if error.ctx else prog
        return f"{_one_line(error.format_message())} (see: {path} --help)"
    if isinstance(error, click.ClickException):
        return _one_line(error.format_message())
    if code == ExitCode.INTERRUPTED:
        return "interrupted"
    text = _one_line(str(error))
    if code == ExitCode.INTERNAL and not isinstance(error, CliError):
        return f"internal: {type(error).__name__}: {text} (set STRIKENET_DEBUG=1 for the traceback)"
    return text or type(error).__name__


def report_error(error: BaseException, *, json_flag: bool, prog: str = "strikenet") -> ExitCode:
    """Print the error as one line on stderr, as JSON on stdout if asked; return its exit code."""
    code = exit_code_of(error)
    message = describe_error(error, prog)
    if json_flag:
        body = {"code": int(code), "name": code.name.lower(), "message": message}
        click.echo(json.dumps({"error": body}, indent=2))
    click.echo(f"error: {message}", err=True)
    return code


def _one_line(text: str) -> str:
    return " ".join(text.split())
