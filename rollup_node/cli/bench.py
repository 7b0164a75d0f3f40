"""`strikenet bench`: throughput and cost, always beside a limit measured in the same run."""

from typing import TYPE_CHECKING

import click

from rollup_node.cli.options import json_option
from rollup_node.cli.output import ExitCode, emit, progress

if TYPE_CHECKING:
    from rollup_node.devnet.bench_spine import SpineResult


@click.group()
def bench() -> None:
    """Measure throughput and cost on this machine."""


@bench.command()
@json_option
@click.option(
    "--transactions",
    type=click.IntRange(1_000, 200_000),
    default=40_000,
    show_default=True,
    envvar="STRIKENET_BENCH_TRANSACTIONS",
    show_envvar=True,
    help="Transfers to sign before the measurement and to commit in it.",
)
def spine(*, json_flag: bool, transactions: int) -> int:
    """Commit signed transfers through the whole path of the sequencer.

    Batched JSON-RPC, recovery, execution, durable log, batch roots; then derives the batches again
    and compares the state root. The ratio to the recovery limit is the number to trust.
    """
    from rollup_node.devnet.bench_spine import run_bench

    result = run_bench(transactions, progress)
    emit(json_flag, result.to_dict(), render(result))
    return ExitCode.OK


def render(result: "SpineResult") -> str:
    """Return the result as text."""
    rows = [
        f"committed transfers   {result.committed_per_second:>10,.0f} /s",
        f"recovery limit        {result.recover_per_second:>10,.0f} /s (two processes)",
        f"ratio                 {result.ratio:>10.3f}",
        f"bytes per transfer    {result.bytes_per_transfer:>10.1f}",
        f"calldata floor gas    {result.calldata_floor_gas_per_transfer:>10,.0f} per transfer",
        "µs per transfer:",
        *(f"  {name:<30} {spent:>8.2f}" for name, spent in result.profile_us.items()),
    ]
    return "\n".join(rows)
