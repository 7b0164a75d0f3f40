"""`strikenet node`: one node process, as `strikenet up` starts it."""

from pathlib import Path

import click

from rollup_node.cli.output import ExitCode


@click.command()
@click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="JSON file that `strikenet up` wrote for the node.",
)
def node(*, config: Path) -> int:
    """Run one node process until SIGTERM."""
    from rollup_node.node import run
    from rollup_node.node.config import NodeConfig, load_config

    run(load_config(config, NodeConfig))
    return ExitCode.OK
