"""The audit: slither over contracts/src, beside a list of what was found and accepted.

`python -m tests.contracts.audit` fails if slither finds something that contracts/slither.toml does
not list, and if the list accepts something that slither no longer finds. Every entry has a reason.

slither gets syntax trees without code, which solc gives in two seconds; it needs no more.
"""

import json
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rollup_node.l1.compiler import parse_project
from rollup_node.l1.project import CONTRACTS_DIR, CompilerError, read_project
from rollup_node.l1.toolchain import SOLC_VERSION, ToolchainError

SLITHER: Final = CONTRACTS_DIR.parent / ".venv-analysis" / "bin" / "slither"
TRIAGE: Final = CONTRACTS_DIR / "slither.toml"

_SOLC_PLATFORM: Final = 1
_ARRAY_LENGTH: Final = re.compile(r"\[(\d+)\]")
_TIMEOUT_SECONDS: Final = 300


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One kind of trouble in one place."""

    detector: str
    where: str
    """Contract and function, or the file of what belongs to neither."""


@dataclass(frozen=True, slots=True)
class Triage:
    """What contracts/slither.toml accepts."""

    detectors: frozenset[str]
    """Detectors whose findings are accepted everywhere."""
    findings: Mapping[Finding, int]
    """How many findings of one kind are accepted in one place."""


def read_triage(path: Path = TRIAGE) -> Triage:
    """Return the accepted findings.

    Raises
    ------
    ValueError
        If an entry has no reason, or one is listed twice.
    """
    raw = tomllib.loads(path.read_text("utf-8"))
    detectors: set[str] = set()
    findings: dict[Finding, int] = {}
    for entry in [*raw.get("everywhere", []), *raw.get("finding", [])]:
        name = entry["detector"]
        if not entry.get("reason", "").strip():
            raise ValueError(f"{path.name}: no reason for {name}")
        places = {Finding(name, where): count for where, count in entry.get("where", {}).items()}
        if name in detectors or places.keys() & findings.keys():
            raise ValueError(f"{path.name}: {name} is listed twice")
        findings.update(places)
        if not places:
            detectors.add(name)
    return Triage(frozenset(detectors), findings)


def compare(found: Mapping[Finding, Sequence[str]], triage: Triage) -> list[str]:
    """Return a line for each finding that is not accepted, and each entry that accepts nothing."""
    lines = []
    for finding in sorted(found.keys() | triage.findings.keys()):
        texts = found.get(finding, ())
        accepted = triage.findings.get(finding, 0)
        if finding.detector not in triage.detectors and len(texts) != accepted:
            head = f"{finding.detector} in {finding.where}: {len(texts)} != {accepted} accepted"
            lines.append("\n".join([head, *(text.rstrip() for text in texts)]))
    unused = triage.detectors - {finding.detector for finding in found}
    return lines + [f"{name}: accepted everywhere, found nowhere" for name in sorted(unused)]


def collect(report: Mapping[str, Any]) -> dict[Finding, list[str]]:
    """Return the descriptions of the findings in slither's JSON report."""
    found: dict[Finding, list[str]] = {}
    for entry in report["results"].get("detectors", []):
        finding = Finding(entry["check"], _place(entry["elements"][0]))
        found.setdefault(finding, []).append(entry["description"])
    return found


def run_slither() -> dict[str, Any]:
    """Run slither over contracts/src and return its report.

    Raises
    ------
    CompilerError
        If the contracts do not compile, or slither cannot read them.
    ToolchainError
        If slither or the compiler is missing.
    """
    if not SLITHER.is_file():
        raise ToolchainError(f"{SLITHER} not found: run `make audit`")
    with tempfile.TemporaryDirectory() as folder:
        exported = Path(folder) / "strikenet_export.json"
        report = Path(folder) / "report.json"
        exported.write_text(json.dumps(_export(parse_project(read_project()))), "utf-8")
        command = [str(SLITHER), str(exported), "--json", str(report), "--exclude-dependencies"]
        done = subprocess.run(
            command,
            cwd=CONTRACTS_DIR,
            capture_output=True,
            text=True,
            check=False,
            timeout=_TIMEOUT_SECONDS,
        )
        if not report.is_file():
            raise CompilerError(f"slither failed with {done.returncode}:\n{done.stderr}")
        answer: dict[str, Any] = json.loads(report.read_bytes())
    if not answer["success"]:
        raise CompilerError(f"slither failed: {answer['error']}")
    return answer


def main() -> int:
    """Print what is wrong and return 0 only if nothing is."""
    try:
        found = collect(run_slither())
        trouble = compare(found, read_triage())
    except (CompilerError, ToolchainError, ValueError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 3 if isinstance(error, ToolchainError) else 1
    for line in trouble:
        sys.stderr.write(f"{line}\n\n")
    total = sum(len(texts) for texts in found.values())
    print(f"slither: {total} findings in contracts/src, {len(trouble)} places to be looked at")
    return 1 if trouble else 0


def _place(element: Mapping[str, Any]) -> str:
    """Name the function or contract of an element, or its file."""
    names: list[str] = []
    while element:
        kind = element["type"]
        if kind in ("function", "contract", "event", "struct", "enum"):
            names.append(element["name"])
        elif kind not in ("node", "variable"):
            break
        element = element.get("type_specific_fields", {}).get("parent", {})
    if names:
        return ".".join(reversed(names))
    where: str = element["source_mapping"]["filename_relative"]
    return where


def _export(output: Mapping[str, Any]) -> dict[str, Any]:
    """Translate solc's output into the format in which crytic-compile hands over projects."""
    names = {
        source: {
            "absolute": str(CONTRACTS_DIR / source),
            "relative": source,
            "short": source,
            "used": source,
        }
        for source in output["sources"]
    }
    units: dict[str, Any] = {}
    for source, unit in output["sources"].items():
        _write_array_lengths(unit["ast"])
        contracts = output["contracts"].get(source, {})
        units[source] = {
            "ast": unit["ast"],
            "contracts": {
                name: _export_contract(contract["abi"], names[source])
                for name, contract in contracts.items()
            },
        }
    compiler = {"compiler": "solc", "version": SOLC_VERSION, "optimized": True}
    unit = {"compiler": compiler, "source_units": units, "filenames": list(names.values())}
    return {
        "compilation_units": {"contracts": unit},
        "package": None,
        "working_dir": str(CONTRACTS_DIR),
        "type": _SOLC_PLATFORM,
        "unit_tests": [],
        "crytic_version": "0.0.2",
    }


def _export_contract(abi: Sequence[Any], filename: Mapping[str, str]) -> dict[str, Any]:
    return {
        "abi": abi,
        "bin": "",
        "bin-runtime": "",
        "srcmap": "",
        "srcmap-runtime": "",
        "filenames": filename,
        "libraries": {},
        "is_dependency": filename["used"].startswith("node_modules/"),
        "userdoc": {},
        "devdoc": {},
    }


def _write_array_lengths(node: Any) -> None:
    """Write named array lengths as numbers, in place: slither reads types before constants."""
    if isinstance(node, list):
        for child in node:
            _write_array_lengths(child)
    elif isinstance(node, dict):
        length = node.get("length")
        if node.get("nodeType") == "ArrayTypeName" and isinstance(length, dict):
            number = _ARRAY_LENGTH.findall(node["typeDescriptions"]["typeString"])[-1]
            types = {"typeIdentifier": f"t_rational_{number}_by_1", "typeString": "int_const"}
            node["length"] = {
                "id": length["id"],
                "src": length["src"],
                "nodeType": "Literal",
                "kind": "number",
                "value": number,
                "hexValue": "",
                "typeDescriptions": types,
            }
        for child in node.values():
            _write_array_lengths(child)


if __name__ == "__main__":
    sys.exit(main())
