"""`strikenet games`: the contests between rival claims, one a line."""

from pathlib import Path

import click

from rollup_node.cli.options import json_option, run_dir_option
from rollup_node.cli.output import ExitCode, emit


@click.command()
@json_option
@run_dir_option
def games(*, json_flag: bool, run_dir: Path) -> int:
    """List the contests between rival claims: rivals, who leads, time left."""
    import msgspec

    from rollup_node.devnet.game_source import ask_lines, follower
    from rollup_node.devnet.game_tree import render_lines
    from rollup_node.devnet.rundir import RunDir
    from rollup_node.devnet.session import Session

    lines = ask_lines(follower(Session(RunDir(run_dir))))
    data = {"games": msgspec.to_builtins(lines)}
    emit(json_flag, data, render_lines(lines, paint))
    return ExitCode.OK


def paint(words: str, colour: str) -> str:
    """Colour words for a terminal; click drops the colours elsewhere."""
    if colour == "bold":
        return click.style(words, bold=True)
    if colour == "dim":
        return click.style(words, dim=True)
    return click.style(words, fg=colour)
