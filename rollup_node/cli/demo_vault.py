"""`strikenet demo vault`: weeks of two option vaults in minutes, and every unit accounted for."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from rollup_node.cli.options import anvil_options, json_option
from rollup_node.cli.output import ExitCode, progress

if TYPE_CHECKING:
    from rollup_node.devnet.session import Session

MOST_EPOCHS: Final = 52
_CHECKS: Final = ("custody_equals_claims", "claims_are_exact")
_MARKET: Final = "calm,vol:*@0s+200%"
"""Quiet prices, so that what happens is what is announced, and premiums worth looking at."""
_MICRO: Final = 10**6


@click.command()
@click.option(
    "--epochs",
    type=click.IntRange(1, MOST_EPOCHS),
    default=4,
    show_default=True,
    help="Weeks. The crash comes in the second one, the total loss in the third, if there are 4.",
)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Of it all.")
@click.option(
    "--plot",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Write share price, premium and payoff of each epoch as one HTML file.",
)
@json_option
@anvil_options
def vault(*, epochs: int, seed: int, plot: Path | None, json_flag: bool, **options: Any) -> int:  # noqa: ANN401 - click passes what it parsed
    """Let two option vaults live through weekly epochs, with a crash and a total loss.

    Starts a devnet of its own. People queue deposits and redemptions, the keeper turns the cranks,
    a taker buys what the vaults sell, time jumps from date to date. One week ETH falls by 40 %, and
    the put vault pays; the next it is worth more than ten times as much at once, and the call
    vault is liquidated: its shares are worth nothing, and a new generation begins.

    With --json: one line for each epoch and one for the end. Ends with code 6 unless custody equals
    claims, and everybody got what the stored pairs say, to the unit.
    """
    from rollup_node.cli.demo import run_fresh
    from rollup_node.cli.up import plan, require_anvil

    fresh = {"profile": "vaults", "seed": seed, "l1_port": 0, "port": 0, "batch_data": "calldata"}
    manifest = replace(plan(None, {**fresh, "prices": _MARKET}), people=False)

    def story(session: "Session", tell: Callable[[str], None]) -> dict[str, Any]:
        return _play(session, tell, epochs, seed, plot, json_flag=json_flag)

    return run_fresh(manifest, require_anvil(options), story, json_flag=json_flag, finish=_finish)


def _play(
    session: "Session",
    tell: Callable[[str], None],
    epochs: int,
    seed: int,
    plot: Path | None,
    *,
    json_flag: bool,
) -> dict[str, Any]:
    """Run the story, printing each epoch as it ends; return the summary."""
    from rollup_node.devnet.vault_story import audit, page, report
    from rollup_node.devnet.vault_story.plan import make_plan
    from rollup_node.devnet.vault_story.story import Weeks

    weeks = Weeks(session, tell, make_plan(epochs, seed), seed)
    weeks.open()
    for week in weeks.plan.weeks:
        found = report.epoch_table(*weeks.play(week))
        click.echo(json.dumps(found) if json_flag else render_epoch(found))
    for desk in weeks.desks.values():
        audit.claim_all(desk)
    weeks.market.close()
    told, summary = report.finish(weeks, seed)
    if plot is not None:
        plot.write_text(page.render_page(told), "utf-8")
        progress(f"plot        {plot}")
    return summary


def _finish(summary: dict[str, Any], *, json_flag: bool) -> int:
    good = all(summary[check] for check in _CHECKS)
    click.echo(json.dumps({"summary": summary}) if json_flag else render(summary))
    return ExitCode.OK if good else ExitCode.SCENARIO_FAILED


def render_epoch(found: dict[str, Any]) -> str:
    """Return an epoch for a person."""
    from rollup_node.devnet.vault_story.plan import WORDS

    index, told = found["index_usdc"], WORDS[found["shock"]]
    moved = f"ETH {_usdc(index['sold'])} -> {_usdc(index['settled'])} USDC"
    head = f"week {found['epoch']}: {told}, {moved}"
    return "\n".join([head, *(_row(name, row) for name, row in found["vaults"].items())])


def _row(name: str, row: dict[str, Any]) -> str:
    sale = row["sale"]
    sold = "nothing sold"
    if sale is not None:
        sold = (
            f"{sale['sold_lots']:>5,} of {sale['lots']:>5,} {sale['instrument']:<22}"
            f"premium {_usdc(sale['premium_usdc']):>10}  payoff {_usdc(sale['payoff_usdc']):>12}"
        )
    price = "total loss" if row["total_loss"] else f"share {float(row['share_price']):.6f}"
    return f"  {name:<18}{sold:<76}  {price}"


def render(summary: dict[str, Any]) -> str:
    """Return the end for a person."""
    units = {name: (log["asset"], log["decimals"]) for name, log in summary["logs"].items()}
    head = f"{'':<8}{'':<18}{'paid in':>24}{'paid back':>24}{'shares worth':>24}"
    rows = [head]
    for person in summary["depositors"]:
        symbol, decimals = units[person["vault"]]
        amounts = (person[key] for key in ("paid_in", "claimed", "worth"))
        shown = "".join(f"{_units(amount, decimals):>24}" for amount in amounts)
        verdict = "exact" if person["exact"] else "WRONG"
        rows.append(f"{person['name']:<8}{person['vault']:<18}{shown} {symbol:<5} {verdict}")
    rows += [
        f"{'yes' if summary[check] else 'NO ':<5}{check.replace('_', ' ')}" for check in _CHECKS
    ]
    return "\n".join([*rows, f"state root {summary['state_root']} at block {summary['block']}"])


def _usdc(amount: str) -> str:
    return f"{int(amount) / _MICRO:,.2f}"


def _units(amount: str, decimals: int) -> str:
    """Return an amount in whole units, exact."""
    whole, rest = divmod(int(amount), 10**decimals)
    return f"{whole:,}.{rest:0{decimals}d}"
