"""Click groups whose commands are imported only when they run, so that `--help` answers at once."""

import difflib
import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import click


@dataclass(frozen=True, slots=True)
class LazyCommand:
    """Where a command lives, `module:attribute`, and its line in the help of the group."""

    target: str
    help: str
    hidden: bool = False

    def load(self) -> click.Command:
        """Import the command."""
        module, _, attribute = self.target.partition(":")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command), self.target
        return command


class LazyGroup(click.Group):
    """A group over a static table of commands; its help is made from the table alone."""

    def __init__(self, *args: Any, table: Mapping[str, LazyCommand], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.table = table

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the table."""
        return [*self.table, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return the command, or `None` if the table has none of that name."""
        if cmd_name in self.table:
            return self.table[cmd_name].load()
        return super().get_command(ctx, cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; a misspelt name gets a suggestion."""
        if args and not args[0].startswith("-") and args[0] not in self.list_commands(ctx):
            shown = [name for name, command in self.table.items() if not command.hidden]
            close = difflib.get_close_matches(args[0], shown, n=1)
            hint = f"; did you mean '{close[0]}'?" if close else ""
            ctx.fail(f"no such command: '{args[0]}'{hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """Write the table of commands without importing one."""
        rows = [(name, command.help) for name, command in self.table.items() if not command.hidden]
        with formatter.section("Commands"):
            formatter.write_dl(rows)
