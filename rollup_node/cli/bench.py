"""`strikenet bench`: throughput and cost, always beside a limit measured in the same run."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rollup_node.cli.options import anvil_option, cache_dir_option, json_option
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
@click.option("--gas/--no-gas", default=True, help="Also post batches on an L1 and read its bill.")
@anvil_option
@cache_dir_option
def spine(*, json_flag: bool, transactions: int, gas: bool, **options: Any) -> int:  # noqa: ANN401 - click passes what it parsed
    """Commit signed transfers through the whole path of the sequencer.

    Batched JSON-RPC, recovery, execution, durable log, batch roots; then derives the batches again
    and compares the state root. The ratio to the recovery limit is the number to trust.
    """
    from rollup_node.devnet.bench_spine import run_bench

    l1_gas = measure_on_l1(options) if gas else {}
    result = run_bench(transactions, progress)
    human = render(result) + "".join(
        f"\nas {kind:<9}{row['gas_per_transfer']:>10,.1f} gas and "
        f"{row['blob_gas_per_transfer']:,.1f} blob gas per transfer"
        for kind, row in l1_gas.items()
    )
    emit(json_flag, {**result.to_dict(), "l1_gas": l1_gas}, human)
    return ExitCode.OK


def measure_on_l1(options: dict[str, Any]) -> dict[str, dict[str, float]]:
    """Run a devnet in a temporary directory and read what full batches cost."""
    from rollup_node.cli.up import plan, require_anvil
    from rollup_node.devnet import supervisor
    from rollup_node.devnet.bench_gas import measure_gas
    from rollup_node.devnet.rundir import RunDir
    from rollup_node.devnet.session import Session

    fresh = {"profile": "ci", "seed": 1, "l1_port": 0, "port": 0, "batch_data": "alternate"}
    with tempfile.TemporaryDirectory(prefix="strikenet-") as folder:
        run_dir = RunDir(Path(folder) / "run")
        with supervisor.running(run_dir, plan(None, fresh), require_anvil(options), progress):
            return measure_gas(Session(run_dir), progress)


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
