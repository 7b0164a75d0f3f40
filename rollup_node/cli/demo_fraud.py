"""`strikenet demo fraud`: a fault, fought out to the end, with its valid mirror."""

import json
import time
from typing import TYPE_CHECKING, Any, Final

import click

from rollup_node.cli.options import anvil_options, json_option
from rollup_node.cli.output import CliError, ExitCode, emit, progress

if TYPE_CHECKING:
    pass

_WEI: Final = 10**18


@click.command()
@click.option("--what", metavar="FAULT", help="Name of the fault: see `strikenet fault list`.")
@click.option("--all", "everything", is_flag=True, help="All faults, doors and kinds of data.")
@click.option(
    "--door",
    type=click.Choice(["one-shot", "interactive"]),
    help="By published segment roots, or by bisection [default: the first that ends the fault].",
)
@click.option(
    "--data", type=click.Choice(["calldata", "blob"]), default="calldata", help="Batches on L1."
)
@click.option("--step", type=click.IntRange(0), help="Step to lie about, from the first one.")
@click.option("--sybils", type=click.IntRange(1, 64), help="Number of wrong claims.")
@json_option
@anvil_options
def fraud(*, what: str | None, everything: bool, json_flag: bool, **options: Any) -> int:  # noqa: ANN401 - click passes what it parsed
    """Fight a fault out on an L1 of its own, then the same attack on a valid claim.

    An honest node with a proposer and a challenger meets a dishonest one that is made of the same
    parts. Time passes only when everybody is idle. Ends with code 6 if a check fails. With --all
    --json: one line for each case and a summary.
    """
    from rollup_node.cli.up import require_anvil

    if everything == bool(what):
        raise CliError("either --what FAULT or --all", ExitCode.USAGE)
    anvil = require_anvil(options).path
    if everything:
        return fight_all(anvil, json_flag=json_flag)
    return fight_one(str(what), anvil, options, json_flag=json_flag)


def fight_one(what: str, anvil: Any, options: dict[str, Any], *, json_flag: bool) -> int:  # noqa: ANN401 - a path
    """Fight one case and print its timeline and outcome."""
    import asyncio
    import logging

    from rollup_node.devnet.arena_case import make_spec, open_arena

    logging.disable(logging.CRITICAL)  # the complaints of a liar are no news
    spec = make_spec(what, options["door"], options["data"], options["step"], options["sybils"])

    async def fight() -> dict[str, Any]:
        async with open_arena(spec.data, anvil, spec.scene) as arena:
            return await arena.run(spec, progress)

    outcome = asyncio.run(fight())
    emit(json_flag, outcome, render(outcome))
    return ExitCode.OK if outcome["passed"] else ExitCode.SCENARIO_FAILED


def fight_all(anvil: Any, *, json_flag: bool) -> int:  # noqa: ANN401 - a path
    """Fight the whole matrix and print a line for each case as it ends."""
    from rollup_node.devnet.arena_case import all_specs
    from rollup_node.devnet.arena_matrix import run_matrix

    began, specs = time.monotonic(), all_specs()
    failed: list[str] = []
    for number, outcome in enumerate(run_matrix(specs, anvil), start=1):
        if not outcome["passed"]:
            failed.append(f"{outcome['fault']} {outcome['door']} {outcome['data']}")
        line = f"{number:>3}/{len(specs)}  {render_line(outcome)}"
        click.echo(json.dumps(outcome) if json_flag else line)
    summary = {
        "cases": len(specs),
        "passed": len(specs) - len(failed),
        "failed": failed,
        "seconds": round(time.monotonic() - began, 1),
    }
    human = f"{summary['passed']} of {len(specs)} cases passed in {summary['seconds']:.0f} s"
    click.echo(json.dumps({"summary": summary}) if json_flag else human)
    return ExitCode.SCENARIO_FAILED if failed else ExitCode.OK


def render_line(outcome: dict[str, Any]) -> str:
    """Return one line for a case."""
    what = f"{outcome['fault']:<28}{outcome['door']:<13}{outcome['data']:<10}"
    if "error" in outcome:
        return f"{what}BROKEN  {outcome['error']}"
    bad = [name for name, good in outcome["checks"].items() if not good]
    verdict = f"FAILED: {', '.join(bad)}" if bad else f"{outcome['winner']} won"
    return (
        f"{what}{verdict:<12} delay {outcome['delay_seconds']:>7,} s  "
        f"honest {_ether(outcome['honest_net_wei'])}  "
        f"attacker {_ether(outcome['attacker_net_wei'])}, "
        f"in the mirror {_ether(outcome['mirror']['attacker_net_wei'])}"
    )


def render(outcome: dict[str, Any]) -> str:
    """Return the outcome of a case for a person."""
    rows = [render_line(outcome)]
    wrong = outcome["first_wrong"]
    if wrong is not None:
        rows.append(f"first wrong: segment {wrong['segment']} of the history of {wrong['party']}")
    if wrong is not None and wrong["step"] is not None:
        place = f"{wrong['kind']} in item {wrong['item']} at byte {wrong['offset']}"
        right, claimed = wrong["reason"], wrong["claimed_reason"]
        said = right if right == claimed else f"{right}, not {claimed}"
        rows += [f"  step {wrong['step']}, {place}: {said}", *render_leaf(wrong)]
    ledger = outcome["ledger"]
    rows.append(
        f"{ledger['honest_moves']} honest moves, {ledger['honest_gas']:,} gas, "
        f"{ledger['calldata_bytes']:,} bytes, {ledger['rounds']} rounds, "
        f"{ledger['wall_seconds']:.2f} s"
    )
    checks = outcome["checks"].items()
    rows += [f"{'yes' if good else 'NO ':<5}{name.replace('_', ' ')}" for name, good in checks]
    return "\n".join(rows)


def render_leaf(wrong: dict[str, Any]) -> list[str]:
    """Return what is wrong with a leaf: its fields, or its bytes if there was none before."""
    leaf = wrong["leaf"]
    if wrong["fields"]:
        return [
            f"  {leaf}: {change['field'].replace('_', ' ')} is {change['expected']}, "
            f"claimed {change['claimed']}"
            for change in wrong["fields"]
        ]
    return [
        f"  {leaf}: {wrong['expected_value']}",
        f"  {'claimed':>{len(leaf)}}: {wrong['claimed_value']}",
    ]


def _ether(wei: int) -> str:
    return f"{wei / _WEI:+.4f} ETH"
