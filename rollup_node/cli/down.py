"""`strikenet down`: ends the devnet of the run directory; safe to repeat."""

from pathlib import Path

import click

from rollup_node.cli.options import json_option, run_dir_option
from rollup_node.cli.output import ExitCode, emit


@click.command()
@click.option("--purge", is_flag=True, help="Also delete the chain, the stores and the logs.")
@json_option
@run_dir_option
def down(*, purge: bool, json_flag: bool, run_dir: Path) -> int:
    """End the L1 and the nodes; their state stays for the next `strikenet up`."""
    from rollup_node.devnet.rundir import RunDir
    from rollup_node.devnet.supervisor import bring_down

    place = RunDir(run_dir)
    stopped = bring_down(place)
    if purge:
        place.purge()
    what = "stopped" if stopped else "nothing was running"
    emit(
        json_flag,
        {"stopped": stopped, "purged": purge},
        f"{what} in {run_dir}{'; its files are deleted' if purge else ''}",
    )
    return ExitCode.OK
