"""`strikenet trade`: bots trade on the devnet, and everything is counted afterwards."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import click

from rollup_node.cli.demo import run_fresh
from rollup_node.cli.options import anvil_options, json_option, run_dir_option
from rollup_node.cli.output import CliError, ExitCode, emit, progress

if TYPE_CHECKING:
    from rollup_node.devnet.rundir import RunDir
    from rollup_node.devnet.session import Session

_MS: Final = 1_000


@click.command()
@click.option(
    "--bots",
    type=click.IntRange(1, 64),
    default=8,
    help="How many; half make markets, and half trade options where any are listed.",
)
@click.option("--for", "duration", default="20s", help="How long they trade: 20s, 2m, 500ms.")
@click.option("--seed", type=click.IntRange(0), default=1, help="Decides what the bots want.")
@click.option(
    "--gamblers",
    type=click.IntRange(0, 64),
    default=0,
    help="Besides them, accounts that go long with all they have, for the keeper to liquidate.",
)
@click.option(
    "--prices",
    help="Market of a temporary devnet: linear, march-2020, october-2025, or a script.",
)
@json_option
@run_dir_option
@anvil_options
def trade(**options: Any) -> int:  # noqa: ANN401 - click passes what it parsed
    """Let bots trade, then check that sequencer, verifier and custody agree.

    --gamblers 8 --prices linear --for 80s is a crash on a real devnet: half the price in a minute.

    Runs on the devnet of the run directory, or on a temporary one if none is running.
    """
    from rollup_node.cli.up import plan, require_anvil
    from rollup_node.devnet.rundir import RunDir
    from rollup_node.devnet.session import Session

    def story(session: "Session", tell: Callable[[str], None]) -> dict[str, Any]:
        from rollup_node.devnet.trading import trade as run

        seconds = read_seconds(options["duration"])
        sizes = {"bots": options["bots"], "gamblers": options["gamblers"]}
        return run(session, tell, **sizes, seconds=seconds, seed=options["seed"])

    def finish(result: dict[str, Any], *, json_flag: bool) -> int:
        good = result["verifier_agrees"] and result["custody_equals_claims"]
        emit(json_flag, result, summary(result))
        return ExitCode.OK if good else ExitCode.SCENARIO_FAILED

    read_seconds(options["duration"])
    run_dir = RunDir(options["run_dir"])
    if run_dir.running_pid() is not None:
        refuse_prices(run_dir, options["prices"])
        return finish(story(Session(run_dir), progress), json_flag=options["json_flag"])
    fresh = {"profile": "ci", "seed": options["seed"], "l1_port": 0, "port": 0}
    manifest = plan(
        None, {**fresh, "batch_data": "calldata", "prices": options["prices"] or "default"}
    )
    anvil = require_anvil(options)
    return run_fresh(manifest, anvil, story, json_flag=options["json_flag"], finish=finish)


def refuse_prices(run_dir: "RunDir", prices: str | None) -> None:
    """Raise if prices are asked for while a devnet runs, which has its own.

    Raises
    ------
    CliError
        If they are; it says how a running devnet gets shocks.
    """
    if prices is None:
        return
    run_dir.running()
    raise CliError(
        f"--prices {prices}: the devnet in {run_dir.shown} has its own market; "
        "give it shocks: strikenet shock crash:ETH@0s-50%/60s",
        ExitCode.USAGE,
    )


def read_seconds(text: str) -> float:
    """Read a duration such as 20s, 500ms or 2m.

    Raises
    ------
    click.BadParameter
        If it is none, or nothing.
    """
    from rollup_node.devnet.price_script import parse_time
    from rollup_node.ports import InputError

    try:
        duration_ms = parse_time(text)
    except InputError as error:
        raise click.BadParameter(str(error), param_hint="--for") from error
    if not duration_ms:
        raise click.BadParameter("nothing happens in no time", param_hint="--for")
    return duration_ms / _MS


def summary(result: dict[str, Any]) -> str:
    """Return the figures for a person."""
    refused = ", ".join(f"{name} {count}" for name, count in result["refused"].items()) or "none"
    checks = ("verifier_agrees", "custody_equals_claims")
    options, gamblers = [], []
    if result["option_quotes"]:
        quoted = f"in {result['option_quotes']:,} mass quotes, {result['hedges']:,} delta hedges"
        options = [f"  options  {result['option_fills']:>8,}   fills {quoted}"]
    if result["gamblers"]:
        asked = f"by {result['keeper']['asked']:,} calls of the keeper"
        gamblers = [f"  gamblers {result['gamblers_liquidated']:>8,}   liquidated, {asked}"]
    return "\n".join(
        [
            f"state root {result['state_root']} at block {result['block']}",
            f"  orders   {result['orders']:>8,}   of them in {result['quotes']:,} mass quotes",
            f"  fills    {result['fills']:>8,}",
            *options,
            f"  cancels  {result['cancels']:>8,}",
            f"  batches  {result['l1_batches']:>8,}   on L1",
            f"  audited  {result['audited_blocks']:>8,}   blocks, by the verifier",
            *gamblers,
            f"  refused  {refused}",
            *(
                f"{'yes' if result[check] else 'NO ':<5}{check.replace('_', ' ')}"
                for check in checks
            ),
        ]
    )
