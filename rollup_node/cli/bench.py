"""`strikenet bench`: throughput and cost, always beside a limit measured in the same run."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from rollup_node.cli.options import anvil_options, count_option, json_option
from rollup_node.cli.output import ExitCode, emit, progress
from rollup_node.native import law

if TYPE_CHECKING:
    from rollup_node.devnet.bench_l1 import L1Result
    from rollup_node.devnet.bench_live import LiveResult
    from rollup_node.devnet.bench_orders import FlowResult, OrdersResult
    from rollup_node.devnet.bench_restart import RestartResult
    from rollup_node.devnet.bench_risk import RiskResult
    from rollup_node.devnet.bench_spine import SpineResult


LIVE_ACCOUNTS = 1_000


@click.group()
def bench() -> None:
    """Measure throughput and cost on this machine."""


@bench.command()
@json_option
@count_option(
    "--transactions",
    40_000,
    (1_000, 200_000),
    "Transfers to sign before the measurement and to commit in it.",
    envvar="STRIKENET_BENCH_TRANSACTIONS",
)
@click.option("--gas/--no-gas", default=True, help="Also post batches on an L1 and read its bill.")
@anvil_options
def spine(*, json_flag: bool, transactions: int, gas: bool, **options: Any) -> int:  # noqa: ANN401 - click passes what it parsed
    """Commit signed transfers through the whole path, on a devnet with all its nodes.

    Batched JSON-RPC, recovery, execution, durable log, batch roots. Poster, proposer and verifier
    run on what it leaves free of the processors, and their lag is printed. Ends with code 8 if they
    then disagree about the state root. The ratio to the recovery limit is the number to trust.
    """
    from rollup_node.cli.up import plan, require_anvil
    from rollup_node.devnet.bench_spine import run_bench

    l1_gas = measure_on_l1(options) if gas else {}
    manifest = replace(plan(None, fresh("calldata")), background_idle=True, markets=False)
    result = run_bench(manifest, require_anvil(options), transactions, progress)
    human = render(result) + "".join(
        f"\nas {kind:<9}{row['gas_per_transfer']:>10,.1f} gas and "
        f"{row['blob_gas_per_transfer']:,.1f} blob gas per transfer"
        for kind, row in l1_gas.items()
    )
    report(json_flag, {**result.to_dict(), "l1_gas": l1_gas}, human)
    return ExitCode.OK


@bench.command()
@json_option
@count_option(
    "--orders",
    40_000,
    (100, 200_000),
    "Single orders at full load; half as many follow at half the rate.",
    envvar="STRIKENET_BENCH_ORDERS",
)
@count_option(
    "--quotes", 3_000, (10, 20_000), "Mass quotes of 20 legs at full load, and half as many."
)
@count_option("--accounts", 1_000, (10, 2_000), "Accounts that trade, each with a key of its own.")
@anvil_options
def orders(*, json_flag: bool, orders: int, quotes: int, accounts: int, **options: Any) -> int:  # noqa: ANN401 - click passes what it parsed
    """Trade through the whole path: signed orders over WebSockets, matched, durable, confirmed.

    60 % limit orders that rest, 30 % cancels, 10 % takers in four markets; then mass quotes of 20
    legs. Ends with code 1 if a signature was refused, with code 8 if sequencer and verifier end
    with different roots. The ratio to the recovery limit is the number to trust.
    """
    from rollup_node.cli.up import plan, require_anvil
    from rollup_node.devnet.bench_orders import prepare, run_bench

    manifest = prepare(plan(None, {**fresh("calldata"), "prices": "calm"}))
    sizes = (orders, quotes, accounts)
    result = run_bench(manifest, require_anvil(options), sizes, progress)
    report(json_flag, result.to_dict(), render_orders(result))
    return ExitCode.OK


@bench.command()
@json_option
@count_option(
    "--orders",
    100_000,
    (100, 1_000_000),
    "Resting orders in the state; there are about six leaves for each.",
)
@count_option(
    "--records",
    10_000,
    (1_000, 200_000),
    "Transfers after the snapshot, to be executed again at the start.",
)
@click.option("--seed", type=int, default=1, help="Of the state.")
def restart(*, json_flag: bool, orders: int, records: int, seed: int) -> int:
    """Start a sequencer and a replica with a full book from a snapshot and what came after.

    Prints the size of the snapshot, how long it takes to write and by how much it delays
    confirmations, and how long both take until they serve. Ends with code 1 if what comes back is
    not what was there. The state is held in this process: 100,000 orders take 3 GB.
    """
    from rollup_node.devnet.bench_restart import run_bench

    progress(f"making a state with {orders:,} orders; then writing, loading and comparing it")
    result = run_bench(orders, records, seed)
    report(json_flag, result.to_dict(), render_restart(result))
    return ExitCode.OK


@bench.command()
@json_option
@click.option("--seed", type=int, default=1, help="Of prices and accounts.")
def keeper(*, json_flag: bool, seed: int) -> int:
    """Watch accounts while prices walk: how the work grows with the number of healthy ones."""
    from rollup_node.devnet.bench_keeper import BLOCKS, NEAR, run_bench

    rows = run_bench(seed)
    lines = [
        f"  {row.healthy:>7,} healthy  {row.looks_per_block:>8.2f} looks  "
        f"{row.microseconds_per_block:>8.1f} us per block"
        for row in rows
    ]
    head = f"{NEAR} accounts near maintenance in every row, {BLOCKS} blocks"
    result = {"near": NEAR, "blocks": BLOCKS, "rows": [row._asdict() for row in rows]}
    report(json_flag, result, "\n".join([head, *lines]))
    return ExitCode.OK


@bench.command()
@json_option
@count_option("--accounts", 10_000, (10, 100_000), "Accounts under portfolio margin.")
@count_option("--series", 200, (8, 256), "Options, calls and puts of the same strikes, 8 a holder.")
@click.option("--seed", type=int, default=1, help="Of the positions.")
@count_option(
    "--orders",
    40_000,
    (0, 200_000),
    "Single orders on a devnet without and one with options; 0: none.",
)
@anvil_options
def risk(
    *,
    json_flag: bool,
    accounts: int,
    series: int,
    seed: int,
    orders: int,
    **options: Any,  # noqa: ANN401 - click passes what it parsed
) -> int:
    """Reprice options and weigh accounts by the law, beside a float64 evaluation with NumPy.

    Real steps, with every leaf encoded and hashed into the state tree; NumPy adds up the same
    accounts in memory. Then signed orders per second on two devnets, repriced about each second:
    one without options, one with so many. Ends with code 1 if NumPy does not agree to the last
    µUSDC, or a signature was refused; with code 8 if nodes disagree. Needs NumPy, which `make
    setup` installs and no node uses.
    """
    from rollup_node.cli.up import plan, require_anvil
    from rollup_node.devnet import bench_live, bench_risk

    result = bench_risk.run_bench(accounts, series, seed)
    found, human = result.to_dict(), render_risk(result)
    if orders:
        manifest, anvil = plan(None, fresh("calldata")), require_anvil(options)
        sizes = (orders, LIVE_ACCOUNTS)
        live = bench_live.run_bench(manifest, anvil, sizes, series, progress)
        found, human = {**found, **live.to_dict()}, f"{human}\n{render_live(live)}"
    report(json_flag, found, human)
    return ExitCode.OK


@bench.command(name="l1")
@json_option
@count_option(
    "--trades", 5_000, (100, 50_000), "Makers that rest, each taken by one order that crosses it."
)
@anvil_options
def on_l1(*, json_flag: bool, trades: int, **options: Any) -> int:  # noqa: ANN401 - click passes what it parsed
    """Trade on a plain Solidity order book and on the rollup, and compare.

    The plain book matches first in, first out at each tick and checks margin, on an anvil of its
    own; needs a source checkout with the compiler. The rollup's gas is that of its batches.
    """
    from rollup_node.cli.up import plan, require_anvil
    from rollup_node.devnet.bench_l1 import run_bench
    from rollup_node.devnet.bench_orders import prepare

    manifest = prepare(plan(None, {**fresh("calldata"), "prices": "calm"}))
    result = run_bench(manifest, require_anvil(options), trades, progress)
    report(json_flag, result.to_dict(), render_l1(result))
    return ExitCode.OK


def render_risk(result: "RiskResult") -> str:
    """Return the result as text."""
    rows = [
        f"options repriced      {result.series_per_second:>12,.0f} /s",
        f"  all {result.series:<17}{result.reprice_ms:>12,.1f} ms",
        f"accounts weighed      {result.accounts_per_second:>12,.0f} /s",
        f"  one of {result.positions} positions {result.microseconds_per_account:>12,.1f} µs",
        f"by NumPy in float64   {result.numpy_accounts_per_second:>12,.0f} /s",
        f"ratio                 {result.ratio:>12.4f}",
        f"keeper, first look    {result.first_look_accounts_per_second:>12,.0f} /s",
        f"  a price moved       {result.filter_microseconds_per_move:>12,.1f} µs",
        f"  looks at it         {result.filter_looks_per_move:>12,.1f}",
    ]
    return "\n".join(rows)


def render_live(result: "LiveResult") -> str:
    """Return the result as text."""
    rates = result.orders_per_second_without_options, result.orders_per_second_with_options
    rows = [
        f"orders, no options    {rates[0]:>12,.0f} /s",
        f"  reprices            {result.reprices_per_second_without_options:>12.2f} /s",
        f"orders, {result.live_series:<14}{rates[1]:>12,.0f} /s",
        f"  reprices            {result.reprices_per_second:>12.2f} /s",
        f"ratio                 {result.orders_ratio:>12.3f}"
        + (" (other programs took part: run it again)" if result.disturbed else ""),
    ]
    return "\n".join(rows)


def report(json_flag: bool, data: Mapping[str, Any], human: str) -> None:
    """Print a result with the law that it was measured under."""
    emit(json_flag, {"law": law.running(), **data}, f"{law.running()} law\n{human}")


def render_l1(result: "L1Result") -> str:
    """Return the result as text."""
    plain, rollup = result.plain, result.rollup
    return "\n".join(
        [
            "plain order book on L1",
            f"  a block each     {plain.block_per_transaction_per_second:>10,.0f} trades/s",
            f"  full blocks      {plain.full_blocks_per_second:>10,.0f} trades/s",
            f"  gas              {plain.gas_per_trade:>10,.0f} per trade",
            "rollup",
            f"  confirmed        {rollup.trades_per_second:>10,.0f} trades/s",
            f"  gas              {rollup.gas_per_trade:>10,.0f} per trade",
            f"  {result.faster:,.1f} times as fast as full blocks",
            f"  {result.cheaper:,.1f} times as cheap",
        ]
    )


def render_orders(result: "OrdersResult") -> str:
    """Return the result as text."""
    rows = [
        *render_flow("single orders", result.orders),
        *render_flow("legs of mass quotes", result.quotes),
        f"verifier and sequencer agree on state root {result.state_root}",
    ]
    return "\n".join(rows)


def render_flow(title: str, flow: "FlowResult") -> list[str]:
    """Return the lines of one flow."""
    latency = flow.latency
    return [
        f"{title}: {flow.committed:,} of {flow.orders:,} committed, {flow.fills:,} fills",
        f"  committed           {flow.committed_per_second:>10,.0f} /s",
        f"  recovery limit      {flow.recover_per_second:>10,.0f} /s (two processes)",
        f"  ratio               {flow.ratio:>10.3f}"
        + (" (other programs took part: run it again)" if flow.disturbed else ""),
        f"  posted bytes        {flow.bytes_per_order:>10.1f}",
        f"  latency, median     {latency.p50_ms:>10.1f} ms",
        f"  latency, p99        {latency.p99_ms:>10.1f} ms at {latency.per_second:,.0f} requests/s",
        f"  refused             {flow.refused or 'none'}",
        f"  µs on the main thread {flow.main_thread_us:>8.1f}; by stage:",
        *(f"    {name:<30} {spent:>8.2f}" for name, spent in flow.profile_us.items()),
    ]


def render_restart(result: "RestartResult") -> str:
    """Return the result as text."""
    rows = [
        ("state", f"{result.orders:,} orders, {result.leaves:,} leaves"),
        ("snapshot", f"{result.snapshot_bytes:,} bytes"),
        ("writing it", f"{result.write_ms:,.0f} ms beside confirmations"),
        ("stall", f"{result.stall_ms:,.1f} ms of CPU at most between two other things"),
        ("confirmation", f"{result.confirm_ms:,.2f} ms, median"),
        ("while writing", f"{result.confirm_while_writing_ms:,.2f} ms, median"),
        ("root check", f"{result.root_check_seconds:.2f} s"),
        ("sequencer serves", f"{result.sequencer_start_seconds:.2f} s after its start"),
        ("replica serves", f"{result.replica_start_seconds:.2f} s after its start"),
        ("executed again", f"{result.records_after:,} records"),
    ]
    return "\n".join(f"{name:<18}{value}" for name, value in rows)


def fresh(batch_data: str) -> dict[str, Any]:
    """Return the options of a devnet for one measurement."""
    return {"profile": "ci", "seed": 1, "l1_port": 0, "port": 0, "batch_data": batch_data}


def measure_on_l1(options: dict[str, Any]) -> dict[str, dict[str, float]]:
    """Run a devnet in a temporary directory and read what full batches cost."""
    from rollup_node.cli.up import plan, require_anvil
    from rollup_node.devnet import supervisor
    from rollup_node.devnet.bench_gas import measure_gas
    from rollup_node.devnet.rundir import temporary_run
    from rollup_node.devnet.session import Session

    manifest, anvil = plan(None, fresh("alternate")), require_anvil(options)
    with (
        temporary_run(progress) as run_dir,
        supervisor.running(run_dir, manifest, anvil, progress),
    ):
        return measure_gas(Session(run_dir), progress)


def render(result: "SpineResult") -> str:
    """Return the result as text."""
    rows = [
        f"committed transfers   {result.committed_per_second:>10,.0f} /s",
        f"recovery limit        {result.recover_per_second:>10,.0f} /s (two processes)",
        f"ratio                 {result.ratio:>10.3f}"
        + (" (other programs took part: run it again)" if result.disturbed else ""),
        f"bytes per transfer    {result.bytes_per_transfer:>10.1f}",
        "µs per transfer:",
        *(f"  {name:<30} {spent:>8.2f}" for name, spent in result.profile_us.items()),
        "behind the sequencer at the last confirmation:",
        *(
            f"  {name:<13}{lag.items:>4} items {lag.transactions:>8,} transfers, "
            f"level after {lag.seconds_to_catch_up:.1f} s"
            for name, lag in result.lag.items()
        ),
        f"all agree on state root {result.state_root}",
    ]
    return "\n".join(rows)
