"""`strikenet warp`: the time of L1, and of all that follows it, jumps forward."""

from datetime import UTC, datetime
from pathlib import Path

import click

from rollup_node.cli.options import json_option, run_dir_option
from rollup_node.cli.output import ExitCode, emit

_MS = 1_000


@click.command()
@click.argument("to", metavar="TIME|expiry")
@json_option
@run_dir_option
def warp(*, to: str, json_flag: bool, run_dir: Path) -> int:
    """Move the time of L1 forward: by 90s, 10m or 2h; there is no way back.

    First waits until L1 has what L2 has confirmed, up to 20 seconds.

    `expiry` moves it past the next date of options, and waits until everybody is settled.
    """
    from rollup_node.devnet import actions, market
    from rollup_node.devnet.rundir import RunDir
    from rollup_node.devnet.session import Session

    seconds = None if to == "expiry" else read_seconds(to)
    session = Session(RunDir(run_dir))
    held = None
    if seconds is None:
        held = market.pass_expiry(session)
    else:
        actions.warp(session, seconds)
    now = session.l1_time()
    settled = "" if held is None else f"; what was held of {held} options is settled"
    shown = f"{datetime.fromtimestamp(now, UTC):%Y-%m-%d %H:%M:%S}"
    emit(json_flag, {"l1_time": now, "settled_series": held}, f"it is {shown} on L1{settled}")
    return ExitCode.OK


def read_seconds(text: str) -> int:
    """Read a time such as 90s or 2h.

    Raises
    ------
    click.BadParameter
        If it is none, or no whole number of seconds.
    """
    from rollup_node.devnet.price_script import parse_time
    from rollup_node.ports import InputError

    try:
        seconds, rest = divmod(parse_time(text), _MS)
    except InputError as error:
        raise click.BadParameter(f"{error}, or expiry") from error
    if rest or not seconds:
        raise click.BadParameter("L1 counts whole seconds, at least one")
    return seconds
