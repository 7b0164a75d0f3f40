"""`strikenet shock`: something happens to the scripted market of a running devnet."""

from pathlib import Path

import click

from rollup_node.cli.options import json_option, run_dir_option
from rollup_node.cli.output import ExitCode, emit

_USDC_UNIT = 10**6


@click.command()
@click.argument("script")
@click.option("--wait", is_flag=True, help="Return when it is over and the exchange knows it.")
@json_option
@run_dir_option
def shock(*, script: str, wait: bool, json_flag: bool, run_dir: Path) -> int:
    """Let prices of the running devnet fall, jump or go stale, as a price script says.

    Such as crash:ETH@0s-20%/10s: evenly within 10 s, beginning now. All kinds: docs/oracle.md.
    """
    from rollup_node.devnet import market
    from rollup_node.devnet.rundir import RunDir
    from rollup_node.devnet.session import Session

    session = Session(RunDir(run_dir))
    done = market.shock(session, script)
    data = {"shocks": done.shocks, "over_ms": done.over_ms}
    if not wait:
        emit(json_flag, data, f"the market gets {done.shocks} shocks")
        return ExitCode.OK
    prices = market.wait_heard(session, done.over_ms)
    shown = ", ".join(f"{name} {price / _USDC_UNIT:,.2f}" for name, price in prices.items())
    emit(json_flag, {**data, "prices_usdc": prices}, f"over: {shown} USDC")
    return ExitCode.OK
