"""What the worst step of every kind costs, in one table: `python -m tests.contracts.gate_table`.

It fails if a witness has over 65,536 bytes, if gas is over 8,000,000 or the weight of its kind, or
if a kind has no case. `--write` keeps what each kind costs in contracts/snapshots/steps.json:
alone, and with the move that uses it, whose gas the forge tests measure (game.json beside it);
and what the calls of `gate_calls` cost as transactions in calls.json.
"""

import json
import sys
from pathlib import Path
from typing import Final

from rollup_node.core.kinds import StepKind
from rollup_node.core.weights import MAX_STEP_WEIGHT, WEIGHTS
from tests.contracts import (
    gate,
    gate_calls,
    gate_distress,
    gate_exchange,
    gate_match,
    gate_money,
    gate_options,
    gate_rfq,
    gate_sales,
)
from tests.contracts.gate import Measure
from tests.contracts.gate_calls import Transaction

SNAPSHOTS: Final = Path(__file__).parents[2] / "contracts" / "snapshots"
MAX_WITNESS_BYTES: Final = 65_536
GATES: Final = (
    gate,
    gate_money,
    gate_exchange,
    gate_match,
    gate_distress,
    gate_options,
    gate_rfq,
    gate_sales,
)


def run() -> dict[StepKind, list[Measure]]:
    """Measure every case of every gate, by kind."""
    found: dict[StepKind, list[Measure]] = {kind: [] for kind in StepKind}
    for module in GATES:
        for kind, measures in module.run().items():
            found[kind] += measures
    return found


def gas_table(found: dict[StepKind, list[Measure]]) -> dict[str, str]:
    """Return the worst case of each kind: proven, and with the transaction that decides by it."""
    game = json.loads((SNAPSHOTS / "game.json").read_text("utf-8"))
    refute = int(game["refute, segment in the table"])
    one_step = int(game["proveOneStep, segment in the table"])
    table = {}
    for kind, measures in found.items():
        prove = max(measure.gas for measure in measures)
        table[f"{kind.name}, prove"] = str(prove)
        table[f"{kind.name}, prove and refute"] = str(prove + refute)
        table[f"{kind.name}, prove and one-step proof"] = str(prove + one_step)
        table[f"{kind.name}, witness bytes"] = str(max(m.witness_bytes for m in measures))
    return table


def calls_table(priced: list[Transaction]) -> dict[str, str]:
    """Return the gas of each call as a transaction, in a full tree and in one of some hundred."""
    full = {f"{call.name}, full tree": str(call.full) for call in priced}
    return full | {f"{call.name}, some hundred accounts": str(call.some) for call in priced}


def failures(found: dict[StepKind, list[Measure]]) -> list[str]:
    """Say which kinds break a limit, or were never measured."""
    lines = [f"{kind.name}: no case" for kind, measures in found.items() if not measures]
    for kind, measures in found.items():
        limit = min(MAX_STEP_WEIGHT, WEIGHTS[kind])
        lines += [
            f"{kind.name} {m.reason.name} ({m.name}): {m.witness_bytes} bytes, {m.gas} gas"
            for m in measures
            if m.witness_bytes > MAX_WITNESS_BYTES or m.gas > limit
        ]
    return lines


def main() -> int:
    """Print the table and fail if a limit is broken."""
    found = run()
    print(f"{'kind':20}{'cases':>6}{'bytes':>9}{'gas':>10}{'weight':>10}  dearest case")
    for kind, measures in found.items():
        worst = max(measures, key=lambda m: m.gas)
        size = max(m.witness_bytes for m in measures)
        case = f"{worst.reason.name} {worst.name}"
        print(f"{kind.name:20}{len(measures):6}{size:9,}{worst.gas:10,}{WEIGHTS[kind]:10,}  {case}")
    priced = gate_calls.run()
    print("\nas a transaction: full tree, some hundred accounts, limit")
    for call in priced:
        print(f"{call.name:36}{call.full:12,}{call.some:12,}{call.limit:12,}")
    broken = failures(found)
    print("\n".join(f"over the limit: {line}" for line in broken) or "every step is provable")
    if sys.argv[1:] == ["--write"]:
        for name, table in (("steps", gas_table(found)), ("calls", calls_table(priced))):
            text = json.dumps(table, indent=2, sort_keys=True) + "\n"
            (SNAPSHOTS / f"{name}.json").write_text(text, "utf-8")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
