"""Options that several commands share: each has one name, one meaning, one environment variable."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import click

_Command = TypeVar("_Command", bound=Callable[..., Any])

L1_PORT: Final = 8545
NODE_BASE_PORT: Final = 9545
NODE_PORTS: Final = range(NODE_BASE_PORT, NODE_BASE_PORT + 5)
ORACLE_PORT: Final = NODE_PORTS.stop

json_option = click.option(
    "--json",
    "json_flag",
    is_flag=True,
    envvar="STRIKENET_JSON",
    show_envvar=True,
    help="Print one JSON object for scripts.",
)
run_dir_option = click.option(
    "--run-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(".strikenet"),
    show_default=True,
    envvar="STRIKENET_RUN_DIR",
    show_envvar=True,
    help="Folder of the run: addresses, accounts, stores, logs.",
)
anvil_option = click.option(
    "--anvil",
    "anvil_path",
    type=click.Path(path_type=Path),
    envvar="STRIKENET_ANVIL",
    show_envvar=True,
    help="The anvil program to use instead of searching for one.",
)
cache_dir_option = click.option(
    "--cache-dir",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="STRIKENET_CACHE_DIR",
    show_envvar=True,
    help="Folder into which `doctor --fix` installs tools [default: ~/.cache/strikenet/npm].",
)


def anvil_options(command: _Command) -> _Command:
    """Give a command that starts an L1 the options that say which anvil it uses."""
    return anvil_option(cache_dir_option(command))


def count_option(
    flag: str, default: int, span: tuple[int, int], help_text: str, envvar: str | None = None
) -> Callable[[_Command], _Command]:
    """Return an option for how much of something a command takes."""
    kind = click.IntRange(*span)
    return click.option(
        flag, type=kind, default=default, help=help_text, envvar=envvar, show_envvar=bool(envvar)
    )
