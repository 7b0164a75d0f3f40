"""`strikenet oracle`: the oracle process, as `strikenet up` starts it."""

from pathlib import Path

import click

from rollup_node.cli.output import ExitCode


@click.command()
@click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="JSON file that `strikenet up` wrote for the oracle.",
)
def oracle(*, config: Path) -> int:
    """Run the publishers and their keeper until SIGTERM."""
    from rollup_node.devnet.oracle import run_oracle
    from rollup_node.devnet.oracle_config import OracleConfig
    from rollup_node.node.config import load_config

    run_oracle(load_config(config, OracleConfig))
    return ExitCode.OK
