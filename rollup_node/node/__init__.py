"""One node process: reads L1, lets its roles decide, and does what they decided."""

from rollup_node.node.config import NodeConfig


def run(config: NodeConfig) -> None:
    """Run a node until SIGTERM or SIGINT.

    Raises
    ------
    InputError
        If the configuration is wrong, or the port is taken (exit code 4).
    TemporaryError
        If L1 does not answer before the deadline (exit code 5).
    CriticalError
        If going on could do harm.
    """
    from rollup_node.node.main import run_node

    run_node(config)
