"""`strikenet fault`: the faults that can be injected by name."""

import click

from rollup_node.cli.options import json_option
from rollup_node.cli.output import ExitCode, emit


@click.group()
def fault() -> None:
    """Faults that can be injected by name."""


@fault.command("list")
@json_option
def list_faults(*, json_flag: bool) -> int:
    """List every fault: its layer, the doors that end it, the attacks it plays, its mirror."""
    from rollup_node.devnet.faults.catalogue import FAULTS

    width = max(len(name) for name in FAULTS)
    rows = []
    for found in FAULTS.values():
        doors = ", ".join(found.doors) or "refused by L1"
        numbers = ", ".join(str(number) for number in found.attacks)
        rows += [
            f"{found.name:<{width}}  {found.layer:<8} {doors:<22} attacks {numbers}",
            f"{'':<{width}}  {found.summary}",
        ]
    rows.append(f"{len(FAULTS)} faults; fight one out: strikenet demo fraud --what NAME")
    emit(json_flag, {"faults": [found.to_dict() for found in FAULTS.values()]}, "\n".join(rows))
    return ExitCode.OK
