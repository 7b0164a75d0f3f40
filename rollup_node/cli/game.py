"""`strikenet game show`: a whole contest as a tree, as JSON or as a page."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from rollup_node.cli.games import paint
from rollup_node.cli.options import json_option, run_dir_option
from rollup_node.cli.output import CliError, ExitCode, emit, progress

if TYPE_CHECKING:
    from rollup_node.rpc.games import Game


@click.group()
def game() -> None:
    """Look into a contest between rival claims."""


@game.command()
@click.argument("contest_id", metavar="[ID]", required=False)
@click.option(
    "--tree",
    "tree_flag",
    is_flag=True,
    help="Print a tree of claims and edges [this is the default].",
)
@json_option
@click.option(
    "--html",
    "page",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write a page that needs nothing else: one file, no network.",
)
@click.option(
    "--from",
    "source",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Take the contest from a file of `--json` or of `demo fraud --json`.",
)
@run_dir_option
def show(
    *,
    contest_id: str | None,
    tree_flag: bool,
    json_flag: bool,
    page: Path | None,
    source: Path | None,
    run_dir: Path,
) -> int:
    """Show a contest: claims, edges, clocks, money, gas, and the disputed step in words.

    ID is the id of a claim or of the assertion below which claims compete, or the beginning of it;
    it may be left out if there is one contest only.
    """
    import msgspec

    from rollup_node.devnet.game_tree import render_tree

    found = load(contest_id, source, run_dir)
    if page is not None:
        write_page(found, page)
    if page is None or tree_flag or json_flag:
        emit(json_flag, msgspec.to_builtins(found), render_tree(found, paint))
    return ExitCode.OK


def load(contest_id: str | None, source: Path | None, run_dir: Path) -> "Game":
    """Return the contest from the file, else from a node."""
    from rollup_node.devnet.game_source import ask_game, ask_lines, follower, read_game
    from rollup_node.devnet.rundir import RunDir
    from rollup_node.devnet.session import Session

    if source is not None:
        return read_game(source, contest_id)
    node = follower(Session(RunDir(run_dir)))
    if contest_id is None:
        origins = [line.origin for line in ask_lines(node)]
        if not origins:
            raise CliError("no contest to show: no assertion ever had a rival", ExitCode.USAGE)
        if len(origins) > 1:
            raise CliError(
                f"there are {len(origins)} contests: name one (`strikenet games` lists them)",
                ExitCode.USAGE,
            )
        contest_id = origins[0]
    return ask_game(node, contest_id)


def write_page(found: "Game", path: Path) -> None:
    """Write the contest as a page."""
    from rollup_node.devnet.game_page import render_page

    try:
        path.write_text(render_page(found), "utf-8")
    except OSError as error:
        raise CliError(f"cannot write {path}: {error.strerror}", ExitCode.ENVIRONMENT) from error
    progress(f"wrote {path}")
