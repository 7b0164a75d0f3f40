"""The entry point `strikenet`: commands, configuration file, and how errors end the process."""

import os
import sys
import tomllib
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NoReturn

import click

from rollup_node import __version__
from rollup_node.cli.lazy import LazyCommand, LazyGroup
from rollup_node.cli.output import CliError, ExitCode, report_error
from rollup_node.native import law as native

CONFIG_FILE: Final = "strikenet.toml"
ENVIRONMENT_PREFIX: Final = "STRIKENET"

COMMANDS: Final[Mapping[str, LazyCommand]] = {
    "doctor": LazyCommand(
        "rollup_node.cli.doctor:doctor", "Say what is missing on this machine, and mend it."
    ),
    "up": LazyCommand("rollup_node.cli.up:up", "Start the L1 and the nodes."),
    "down": LazyCommand("rollup_node.cli.down:down", "Stop what `up --detach` started."),
    "status": LazyCommand(
        "rollup_node.cli.status:status", "Show nodes and oracle, heads, inbox and assertions."
    ),
    "account": LazyCommand(
        "rollup_node.cli.account:account", "Show what an account holds, is worth and must be worth."
    ),
    "deposit": LazyCommand(
        "rollup_node.cli.deposit:deposit", "Move ETH or tokens from L1 to an account."
    ),
    "transfer": LazyCommand(
        "rollup_node.cli.transfer:transfer", "Move an asset between two accounts."
    ),
    "withdraw": LazyCommand(
        "rollup_node.cli.withdraw:withdraw", "Move an asset from an account back to L1."
    ),
    "exit": LazyCommand(
        "rollup_node.cli.exit:exit_mode", "Leave when nothing is confirmed any more."
    ),
    "vault": LazyCommand(
        "rollup_node.cli.vault:vault", "Deposit into vaults that sell options each week."
    ),
    "shock": LazyCommand(
        "rollup_node.cli.shock:shock", "Let prices of the running devnet fall, jump or go stale."
    ),
    "warp": LazyCommand(
        "rollup_node.cli.warp:warp", "Move the time of L1 forward, or past a date of options."
    ),
    "demo": LazyCommand("rollup_node.cli.demo:demo", "Run a whole story and check its outcome."),
    "fault": LazyCommand("rollup_node.cli.fault:fault", "List the faults that can be injected."),
    "games": LazyCommand("rollup_node.cli.games:games", "List the contests between rival claims."),
    "game": LazyCommand("rollup_node.cli.game:game", "Show a contest as a tree or as a page."),
    "bench": LazyCommand(
        "rollup_node.cli.bench:bench", "Measure throughput and cost on this machine."
    ),
    "node": LazyCommand("rollup_node.cli.node:node", "Run one node process.", hidden=True),
    "trade": LazyCommand("rollup_node.cli.trade:trade", "Let bots trade, and check the books."),
    "oracle": LazyCommand("rollup_node.cli.oracle:oracle", "Run the oracle.", hidden=True),
}


@click.group(
    cls=LazyGroup,
    table=COMMANDS,
    context_settings={
        "auto_envvar_prefix": ENVIRONMENT_PREFIX,
        "show_default": True,
        "help_option_names": ["-h", "--help"],
    },
    epilog="Every option is also a variable: STRIKENET_<COMMAND>_<OPTION>; "
    "shared ones are STRIKENET_<OPTION>.",
)
@click.version_option(__version__, prog_name="strikenet", message="%(prog)s %(version)s")
@click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    help=f"TOML file with defaults, one table per command [default: ./{CONFIG_FILE} if it exists].",
)
@click.option(
    "--law",
    type=click.Choice(native.CHOICES),
    default=native.AUTO,
    envvar="STRIKENET_LAW",
    show_envvar=True,
    is_eager=True,
    expose_value=False,
    callback=lambda _ctx, _option, value: use_law(value),
    help="Run the sources, or what `make native` compiled from them; auto: compiled if up to date.",
)
@click.pass_context
def strikenet(ctx: click.Context, config: Path | None) -> None:
    """Run a local testnet of a derivatives rollup, on which every fault can be proven."""
    path = config or Path(CONFIG_FILE)
    name = ctx.invoked_subcommand or ""
    if name in COMMANDS and (config is not None or path.is_file()):
        tables = read_config(path)
        common = {key: value for key, value in tables.items() if not isinstance(value, dict)}
        command = COMMANDS[name].load()
        defaults = defaults_of(ctx, command, tables.get(name, {}), f"{path}: [{name}]")
        ctx.default_map = {name: _over(defaults, common_of(ctx, command, common))}


def use_law(choice: str) -> None:
    """Choose the law of this process, before a command imports any of it, and of its children."""
    native.activate(choice)
    os.environ["STRIKENET_LAW"] = choice


def read_config(path: Path) -> dict[str, Any]:
    """Return the tables of a configuration file, one per command, and the keys outside a table.

    The latter hold for every command. Keys may be written as the flags are, with hyphens.

    Raises
    ------
    CliError
        If the file is missing, is not TOML, or has a table that is not a command.
    """
    try:
        tables = _with_underscores(tomllib.loads(path.read_text("utf-8")))
    except (OSError, UnicodeDecodeError) as error:
        raise CliError(
            f"cannot read configuration {path}: {getattr(error, 'strerror', None) or error}",
            ExitCode.USAGE,
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise CliError(f"configuration {path} is not TOML: {error}", ExitCode.USAGE) from error
    unknown = {key for key, value in tables.items() if isinstance(value, dict)} - set(COMMANDS)
    if unknown:
        raise CliError(f"configuration {path}: [{min(unknown)}] is not a command", ExitCode.USAGE)
    return tables


def defaults_of(
    ctx: click.Context, command: click.Command, table: Mapping[str, Any], where: str | None = None
) -> dict[str, Any]:
    """Return a table of the configuration with click's parameter names in place of flags.

    Keys that the command does not know are left out, or refused if `where` names the table.

    Raises
    ------
    CliError
        If `where` is given and a key is neither an option nor a subcommand.
    """
    names = {
        flag.lstrip("-").replace("-", "_"): str(parameter.name)
        for parameter in command.params
        for flag in parameter.opts
    }
    defaults: dict[str, Any] = {}
    for key, value in table.items():
        inner = command.get_command(ctx, key) if isinstance(command, click.Group) else None
        if key in names:
            defaults[names[key]] = value
        elif inner is not None and isinstance(value, dict):
            defaults[key] = defaults_of(ctx, inner, value, where and f"{where} [{key}]")
        elif where:
            raise CliError(f"configuration {where} has no option '{key}'", ExitCode.USAGE)
    return defaults


def common_of(
    ctx: click.Context, command: click.Command, common: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what holds for every command as defaults of one and of its subcommands."""
    found = defaults_of(ctx, command, common)
    if isinstance(command, click.Group):
        for name in command.list_commands(ctx):
            inner = command.get_command(ctx, name)
            if inner is not None:
                found[name] = common_of(ctx, inner, common)
    return found


def _over(table: Mapping[str, Any], below: Mapping[str, Any]) -> dict[str, Any]:
    """Return a table of defaults with those of another one where it has none."""
    found = {**below, **table}
    for key in table.keys() & below.keys():
        if isinstance(table[key], dict):
            found[key] = _over(table[key], below[key])
    return found


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit the process with the code of `ExitCode`."""
    os.environ.setdefault(
        "ETH_HASH_BACKEND", "pysha3"
    )  # 7 times faster than the backend chosen by default
    words = list(sys.argv[1:] if arguments is None else arguments)
    sys.exit(run(words))


def run(words: Sequence[str]) -> int:
    """Run one command line and return its exit code; errors are printed, never raised."""
    try:
        result = strikenet.main(list(words), prog_name="strikenet", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(
            os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno()
        )  # the reader left; nobody is told
        return ExitCode.OK
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help(), err=True)
        return ExitCode.USAGE
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the last door: everything gets a line and a code
        if os.environ.get("STRIKENET_DEBUG"):
            traceback.print_exc()
        return report_error(
            error, json_flag="--json" in words or bool(os.environ.get("STRIKENET_JSON"))
        )
    return result if isinstance(result, int) else ExitCode.OK


def _with_underscores(table: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key.replace("-", "_"): _with_underscores(value) if isinstance(value, dict) else value
        for key, value in table.items()
    }


if __name__ == "__main__":
    main()
