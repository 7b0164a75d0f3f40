"""Runs halmos over contracts/test/symbolic: each `check_` function holds for all of its arguments.

`python -m tests.contracts.prove` fails if a check has a counterexample, is undecided, or was cut
short by a bound (halmos itself only warns of that), and if there is no check at all. The bounds
are in contracts/halmos.toml and in the types of the arguments.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from rollup_node.l1.project import CONTRACTS_DIR

REPOSITORY: Final = CONTRACTS_DIR.parent
HALMOS: Final = REPOSITORY / ".venv-analysis" / "bin" / "halmos"

_VERDICTS: Final = {
    0: "proven",
    1: "counterexample",
    2: "undecided in time",
    3: "stuck",
    4: "never passes",
    5: "halmos failed",
}
_TIMEOUT_SECONDS: Final = 600


def judge(report: Mapping[str, Any]) -> tuple[list[str], bool]:
    """Return a line for each check in halmos's JSON report, and whether all are proven."""
    lines: list[str] = []
    proven = True
    for contract, results in sorted(report["test_results"].items()):
        for result in sorted(results, key=lambda result: str(result["name"])):
            verdict = _VERDICTS.get(result["exitcode"], f"code {result['exitcode']}")
            if result["num_bounded_loops"] and result["exitcode"] == 0:
                verdict = "cut short by the loop bound"
            proven = proven and verdict == _VERDICTS[0]
            name = f"{contract.rpartition(':')[2]}.{result['name'].partition('(')[0]}"
            paths, seconds = result["num_paths"][0], result["time"][0]
            lines.append(f"{verdict:>10}  {seconds:6.2f} s  {paths:>4} paths  {name}")
    return lines, proven and bool(lines)


def main() -> int:
    """Print the verdict on each check and return 0 only if all are proven."""
    if not HALMOS.is_file():
        sys.stderr.write(f"error: {HALMOS} not found: run `make prove`\n")
        return 3
    path = os.pathsep.join(
        [str(REPOSITORY / "node_modules" / ".bin"), str(HALMOS.parent), os.environ["PATH"]]
    )
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        done = subprocess.run(
            [str(HALMOS), "--no-status", "--json-output", str(report), *sys.argv[1:]],
            cwd=CONTRACTS_DIR,
            env={**os.environ, "PATH": path, "FOUNDRY_PROFILE": "prove", "NO_COLOR": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=_TIMEOUT_SECONDS,
        )
        if not report.is_file():
            sys.stderr.write(done.stdout)
            return 1
        lines, proven = judge(json.loads(report.read_bytes()))
    print("\n".join(lines))
    if not proven:
        sys.stderr.write(done.stdout)
    return 0 if proven else 1


if __name__ == "__main__":
    sys.exit(main())
