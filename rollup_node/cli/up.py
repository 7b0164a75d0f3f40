"""`strikenet up`: starts the L1 and the nodes, says where everything is, and stays or detaches."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from rollup_node.cli.options import (
    L1_PORT,
    NODE_BASE_PORT,
    NODE_PORTS,
    anvil_options,
    json_option,
    run_dir_option,
)
from rollup_node.cli.output import CliError, ExitCode, emit, progress

if TYPE_CHECKING:
    from rollup_node.devnet.manifest import Manifest
    from rollup_node.devnet.rundir import RunDir
    from rollup_node.l1.toolchain import Tool

_PROFILES: Final = ("ci", "devnet", "vaults", "research", "mainnet-like")
_LAST_PORT: Final = 65_535


@click.command()
@click.option("--profile", type=click.Choice(_PROFILES), default="devnet", help="Periods, stakes.")
@click.option("--seed", type=click.IntRange(0), default=1, help="Seed of the nodes and the demo.")
@click.option("--l1-port", type=click.IntRange(0, _LAST_PORT), default=L1_PORT, help="0: any free.")
@click.option(
    "--port",
    type=click.IntRange(0, _LAST_PORT - len(NODE_PORTS)),
    default=NODE_BASE_PORT,
    help="Port of the first node; the others and the oracle follow. 0: any free.",
)
@click.option(
    "--batch-data",
    type=click.Choice(["calldata", "blob", "alternate"]),
    default="calldata",
    help="How batches are posted; blobs cost each node 2 s for the KZG setup.",
)
@click.option(
    "--prices",
    default="default",
    help="calm, default, linear, march-2020, october-2025, or shocks: docs/oracle.md.",
)
@click.option("--lying", metavar="PUBLISHER", help="Have one publisher lie, such as publisher-3.")
@click.option("--detach", is_flag=True, help="Return when ready; `strikenet down` ends it.")
@click.option("--once", is_flag=True, help="Run `demo bridge` on a fresh devnet, then end.")
@click.option("--restart", is_flag=True, help="Bring crashed nodes of the running devnet back.")
@json_option
@run_dir_option
@anvil_options
@click.pass_context
def up(ctx: click.Context, /, **options: Any) -> int:  # noqa: ANN401 - click passes what it parsed
    """Start the L1 and the nodes, and stay in the foreground until Ctrl-C.

    A devnet that was ended before goes on where it was. If one is running in the run directory
    already, the command says what is running and ends with code 4.
    """
    from rollup_node.devnet.rundir import RunDir

    run_dir = RunDir(options["run_dir"])
    if options["restart"]:
        return restart(run_dir, json_flag=options["json_flag"])
    if options["once"]:
        return once(options)
    if run_dir.running_pid() is not None:
        raise CliError(run_dir.occupied(), ExitCode.PORT_IN_USE)
    if options["detach"]:
        return start_detached(ctx, run_dir, json_flag=options["json_flag"])
    return stay(run_dir, options)


def stay(run_dir: "RunDir", options: dict[str, Any]) -> int:
    """Run in the foreground until Ctrl-C or `strikenet down`."""
    from rollup_node.devnet import supervisor

    manifest, anvil = plan(run_dir, options), require_anvil(options)
    with supervisor.running(run_dir, manifest, anvil, progress) as devnet:
        state = devnet.describe()
        emit(options["json_flag"], state, banner(state, run_dir))
        supervisor.watch(devnet, progress)
    progress(
        "stopped; `strikenet up` goes on from here, "
        f"`strikenet down --purge` forgets {run_dir.shown}"
    )
    return ExitCode.OK


def start_detached(ctx: click.Context, run_dir: "RunDir", *, json_flag: bool) -> int:
    """Start the same command in the background and return when it is ready."""
    from rollup_node.devnet import supervisor

    state = supervisor.detach(run_dir, arguments_of(ctx))
    emit(json_flag, state, banner(state, run_dir))
    return ExitCode.OK


def restart(run_dir: "RunDir", *, json_flag: bool) -> int:
    """Bring crashed nodes back."""
    from rollup_node.devnet import supervisor

    names = supervisor.restart_crashed(run_dir)
    emit(json_flag, {"restarted": names}, f"started again: {', '.join(names) or 'nothing'}")
    return ExitCode.OK


def once(options: dict[str, Any]) -> int:
    """Run the bridge demo on a fresh devnet in a temporary directory, and end everything."""
    from rollup_node.cli.demo import bridge_story, run_fresh

    manifest = plan(None, {**options, "batch_data": "alternate"})
    anvil = require_anvil(options)
    return run_fresh(manifest, anvil, bridge_story, json_flag=options["json_flag"])


def plan(run_dir: "RunDir | None", options: dict[str, Any]) -> "Manifest":
    """Return the manifest that the options describe; port 0 becomes a free one."""
    from rollup_node.devnet import launcher, manifest, prices, profiles, sockets

    l1_port, base = options["l1_port"], options["port"]
    count = len(manifest.NODES) + 1
    *ports, oracle_port = range(base, base + count) if base else sockets.free_ports(count)
    script = prices.check_script(options.get("prices", "default"), options.get("lying"))
    profile = profiles.profile(options["profile"])
    fresh = manifest.Manifest(
        profile=profile,
        seed=options["seed"],
        l1_port=l1_port or sockets.free_ports(1)[0],
        nodes=tuple(map(manifest.NodePlan, manifest.NODES, ports)),
        batch_data=options["batch_data"],
        markets=True,
        prices=script,
        oracle_port=oracle_port,
        vaults=profile.has_vaults,
        people=profile.has_vaults,
    )
    return launcher.manifest_of(run_dir, fresh) if run_dir else fresh


def require_anvil(options: dict[str, Any]) -> "Tool":
    """Return the anvil to use.

    Raises
    ------
    CliError
        If there is none.
    """
    from rollup_node.l1 import toolchain

    tool = toolchain.find_anvil(options["anvil_path"], options["cache_dir"])
    if tool is None:
        raise CliError(
            f"anvil {toolchain.ANVIL_VERSION} or newer not found: run `strikenet doctor --fix`",
            ExitCode.ENVIRONMENT,
        )
    return tool


def arguments_of(ctx: click.Context) -> list[str]:
    """Return the options of this call as arguments, without `--detach` and `--json`."""
    arguments = []
    for parameter in ctx.command.params:
        value = ctx.params.get(str(parameter.name))
        if parameter.name in {"detach", "json_flag"} or value is None or value is False:
            continue
        arguments.append(parameter.opts[0])
        if value is not True:
            arguments.append(os.fspath(value) if isinstance(value, Path) else str(value))
    return arguments


def banner(state: dict[str, Any], run_dir: "RunDir") -> str:
    """Return what a person wants to know when the devnet is ready."""
    l1 = state["l1"]
    how = "resumed" if state["resumed"] else "fresh"
    rows = [f"  {node['name']:<13}{node['url']:<25}{node['account']}" for node in state["nodes"]]
    shown = run_dir.shown
    first = (
        f"Strikenet is ready in {state['ready_seconds']:.2f} s "
        f"({how}, profile {state['profile']}, seed {state['seed']}, {state['law']} law)"
    )
    return "\n".join(
        [
            first,
            "",
            f"  L1           {l1['url']:<25}chain {l1['chain_id']}, anvil {l1['anvil']}",
            f"  L2           {state['nodes'][0]['url']:<25}chain {state['l2_chain_id']}",
            f"  exchange     {state['nodes'][0]['url'].replace('http', 'ws', 1)}/ws/api/v2",
            "",
            f"  {'node':<13}{'JSON-RPC; WebSocket at /ws':<29}account on L1",
            *rows,
            "",
            f"  files        {shown}/{{addresses,rollup,accounts}}.json",
            f"  logs         {shown}/logs/*.jsonl",
            "  keys         public test keys: never send real money to these addresses",
            "",
            "  next         strikenet deposit --to alice --asset ETH --amount 1.5 --wait",
            "               strikenet transfer --from alice --to bob --asset ETH --amount 0.5",
            "               strikenet trade --for 10s | strikenet demo bridge | strikenet status",
        ]
    )
