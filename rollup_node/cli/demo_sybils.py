"""`strikenet demo sybils`: how long any number of wrong claims can delay a right one."""

import json
import time
from typing import Any, Final

import click

from rollup_node.cli.options import anvil_options, json_option
from rollup_node.cli.output import CliError, ExitCode, emit, progress

_WEI: Final = 10**18
_MOST: Final = 64
_MANNERS: Final = {
    "simultaneous": "sybil-swarm",
    "staggered": "staggered-sybils",
    "staggered-silent": "staggered-silent-sybils",
    "staggered-refutable": "staggered-refutable-sybils",
}


@click.command()
@click.option("--counts", default="1,2,8,32,64", help="Numbers of rivals, with commas.")
@json_option
@anvil_options
def sybils(*, counts: str, json_flag: bool, **options: Any) -> int:  # noqa: ANN401 - click passes what it parsed
    """Print delay and cost of the honest node for growing numbers of rivals.

    They come at once, or each in the last second of the clock: revealing their histories move by
    move, silent, or with published histories. Each time twice: a wrong claim comes first, or a
    valid one. Delays run from the first rival; `since claim` is the longest life of a right claim.
    Ends with code 6 if a delay is above 2T + G or another check fails.
    """
    from rollup_node.cli.up import require_anvil
    from rollup_node.devnet.arena_case import make_spec
    from rollup_node.devnet.arena_matrix import run_matrix

    numbers = parse_counts(counts)
    specs = [
        make_spec(fault, door_of(fault), "calldata", None, number)
        for number in numbers
        for fault in _MANNERS.values()
    ]
    began, rows = time.monotonic(), []
    for outcome in run_matrix(specs, require_anvil(options).path):
        rows.append(row(outcome))
        progress(json.dumps(rows[-1]))
    passed = all(found["passed"] for found in rows)
    seconds = round(time.monotonic() - began, 1)
    rows.sort(key=lambda found: (list(_MANNERS).index(found["manner"]), found["rivals"]))
    emit(json_flag, {"rows": rows, "passed": passed, "seconds": seconds}, render(rows))
    return ExitCode.OK if passed else ExitCode.SCENARIO_FAILED


def door_of(fault: str) -> str:
    """Return the door of a table row: the harder one, if there are two."""
    from rollup_node.devnet.faults.catalogue import find_fault

    return find_fault(fault).doors[-1]


def parse_counts(text: str) -> list[int]:
    """Return the numbers of a list with commas.

    Raises
    ------
    CliError
        If one is no number from 1 to 64.
    """
    try:
        found = [int(part) for part in text.split(",")]
    except ValueError:
        raise CliError(f"--counts {text}: not numbers with commas", ExitCode.USAGE) from None
    if not all(1 <= number <= _MOST for number in found):
        raise CliError(f"--counts {text}: each from 1 to {_MOST}", ExitCode.USAGE)
    return found


def row(outcome: dict[str, Any]) -> dict[str, Any]:
    """Return what the table says of one case."""
    manner = next(name for name, fault in _MANNERS.items() if fault == outcome["fault"])
    if "error" in outcome:
        return {"manner": manner, "rivals": 0, "passed": False, "error": outcome["error"]}
    ledger = outcome["ledger"]
    return {
        "rivals": outcome["wrong_claims"],
        "manner": manner,
        "delay_seconds": outcome["delay_seconds"],
        "mirror_delay_seconds": outcome["mirror"]["delay_seconds"],
        "since_claim_seconds": max(
            outcome["since_claim_seconds"], outcome["mirror"]["since_claim_seconds"]
        ),
        "bound_seconds": outcome["bound_seconds"],
        "honest_moves": ledger["honest_moves"],
        "honest_gas": ledger["honest_gas"],
        "honest_net_wei": outcome["honest_net_wei"],
        "attacker_net_wei": outcome["attacker_net_wei"],
        "wall_seconds": ledger["wall_seconds"],
        "passed": outcome["passed"],
    }


def render(rows: list[dict[str, Any]]) -> str:
    """Return the table for a person."""
    titles = f"{'rivals':>6}  {'manner':<20}{'delay s':>9}{'of a valid':>11}{'since claim':>12}"
    lines = [f"{titles}{'bound s':>9}{'moves':>7}{'gas':>13}{'honest':>14}{'attackers':>16}"]
    for found in rows:
        if "error" in found:
            lines.append(f"{found['manner']}: BROKEN {found['error']}")
            continue
        lines.append(
            f"{found['rivals']:>6}  {found['manner']:<20}{found['delay_seconds']:>9,}"
            f"{found['mirror_delay_seconds']:>11,}{found['since_claim_seconds']:>12,}"
            f"{found['bound_seconds']:>9,}{found['honest_moves']:>7,}{found['honest_gas']:>13,}"
            f"{found['honest_net_wei'] / _WEI:>+10.3f} ETH"
            f"{found['attacker_net_wei'] / _WEI:>+12.3f} ETH"
            f"{'' if found['passed'] else '  FAILED'}"
        )
    return "\n".join(lines)
