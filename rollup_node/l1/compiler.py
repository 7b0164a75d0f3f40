"""Compiles contracts/src through py-solc-x; keeps the artifacts in the wheel true to the sources.

Run it as `python -m rollup_node.l1.compiler build` or `check`. Settings: contracts/foundry.toml.

A contract is compiled with what it reaches and nothing else, several at a time. So an edit rebuilds
what it touches, code depends on no neighbour, and no compilation outgrows solc's 2 GB of memory.
"""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from rollup_node.l1.project import CONTRACTS_DIR, CompilerError, Project, read_project
from rollup_node.l1.shipped import (
    ARTIFACTS_DIR,
    Artifact,
    artifact_names,
    load_artifact,
    render,
    stale_artifacts,
    write_artifacts,
)
from rollup_node.l1.toolchain import SOLC_VERSION, ToolchainError, find_solc

EIP170_LIMIT_BYTES: Final = 24_576
EIP3860_LIMIT_BYTES: Final = 49_152

_IGNORED_WARNINGS: Final = frozenset(
    {"2394", "3860", "5574"}
)  # transient storage; sizes, which are errors here
_SYNTAX: Final = {"*": {"": ["ast"], "*": ["abi", "evm.methodIdentifiers"]}}
_OUTPUTS: Final = [
    "abi",
    "evm.bytecode.object",
    "evm.bytecode.linkReferences",
    "evm.deployedBytecode.object",
]


def compile_project(
    project: Project, names: Sequence[str] | None = None, contracts_dir: Path = CONTRACTS_DIR
) -> dict[str, Artifact]:
    """Compile the named contracts (default: all) and return their artifacts by name.

    Raises
    ------
    CompilerError
        On an error, a warning about the project, a contract too large, unlinked or named twice.
    ToolchainError
        If there is no compiler.
    """
    contracts = project.contracts()
    chosen = sorted(contracts if names is None else names)
    closures = {name: project.closure(contracts[name]) for name in chosen}

    def compile_one(name: str) -> Artifact:
        selection = {contracts[name]: {name: _OUTPUTS}}
        output = _run_solc(closures[name], contracts_dir, selection)
        compiled = output["contracts"][contracts[name]][name]
        return _artifact(name, compiled, closures[name].hash_sources())

    # The longest first: who reaches much takes long.
    longest_first = sorted(chosen, key=lambda name: -len(closures[name].sources))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        made = pool.map(compile_one, longest_first)
        return {artifact.name: artifact for artifact in sorted(made, key=lambda made: made.name)}


def parse_project(project: Project, contracts_dir: Path = CONTRACTS_DIR) -> dict[str, Any]:
    """Return solc's output of every source with its syntax tree and without code: in two seconds.

    Raises
    ------
    CompilerError
        On an error, or a warning about the project.
    ToolchainError
        If there is no compiler.
    """
    return _run_solc(project, contracts_dir, _SYNTAX)


def build(folder: Path = ARTIFACTS_DIR, *, force: bool = False) -> None:
    """Write the artifacts of contracts/src that are stale, and delete those of no source."""
    project = read_project()
    hashes = _source_hashes(project)
    names = list(hashes) if force else stale_artifacts(hashes, folder)
    write_artifacts(compile_project(project, names).values(), folder)
    for name in set(artifact_names(folder)) - hashes.keys():
        (folder / f"{name}.json").unlink()


def check(folder: Path = ARTIFACTS_DIR, *, full: bool = False) -> None:
    """Raise unless the artifacts belong to the sources; `full` compares a fresh compilation.

    Without sources beside the package (an installed wheel) there is nothing to compare.

    Raises
    ------
    CompilerError
        If an artifact is stale, missing, or differs from what the compiler gives.
    """
    if not (CONTRACTS_DIR / "foundry.toml").is_file():
        return
    project = read_project()
    hashes = _source_hashes(project)
    old = stale_artifacts(hashes, folder)
    foreign = sorted(set(artifact_names(folder)) - hashes.keys())
    if old or foreign:
        reason = f"older than its sources: {', '.join(old)}" if old else f"of no source: {foreign}"
        raise CompilerError(f"artifact {reason}: run `make artifacts`")
    if full:
        for name, artifact in compile_project(project).items():
            if (folder / f"{name}.json").read_text("utf-8") != render(artifact):
                raise CompilerError(
                    f"artifact {name} differs from a fresh compilation: run `make artifacts`"
                )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line of this module and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m rollup_node.l1.compiler", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    build_parser = commands.add_parser(
        "build", help="compile what changed of contracts/src and write its artifacts"
    )
    build_parser.add_argument(
        "--force", action="store_true", help="compile even what did not change"
    )
    check_parser = commands.add_parser(
        "check", help="fail unless the artifacts belong to the sources"
    )
    check_parser.add_argument(
        "--full", action="store_true", help="compile again and compare every byte"
    )
    options = parser.parse_args(arguments)
    try:
        if options.command == "build":
            build(force=options.force)
        else:
            check(full=options.full)
    except (CompilerError, ToolchainError) as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_code
    for name in artifact_names():
        sys.stdout.write(f"{load_artifact(name).deployed_size:>6} bytes  {name}\n")
    return 0


def _source_hashes(project: Project) -> dict[str, str]:
    return {
        name: project.closure(source).hash_sources() for name, source in project.contracts().items()
    }


def _run_solc(
    project: Project, contracts_dir: Path, selection: Mapping[str, Mapping[str, Sequence[str]]]
) -> dict[str, Any]:
    import solcx  # 0.1 s: only who compiles pays for it

    solc = find_solc()
    if solc is None:
        raise ToolchainError(f"solc {SOLC_VERSION} not found: run `make setup`")
    libraries = project.library_sources(contracts_dir)
    sources = {**project.sources, **libraries}
    standard_input = {
        "language": "Solidity",
        "sources": {name: {"content": content} for name, content in sorted(sources.items())},
        "settings": {**project.settings, "outputSelection": selection},
    }
    try:
        output: dict[str, Any] = solcx.compile_standard(standard_input, solc_binary=solc.path)
    except solcx.exceptions.SolcError as error:
        raise CompilerError(error.message) from None
    warnings = [
        entry["formattedMessage"]
        for entry in output.get("errors", [])
        if entry["severity"] == "warning"
        and entry["errorCode"] not in _IGNORED_WARNINGS
        and entry.get("sourceLocation", {}).get("file") not in libraries
    ]
    if warnings:
        raise CompilerError("".join(warnings))
    return output


def _artifact(name: str, contract: Mapping[str, Any], source_hash: str) -> Artifact:
    creation = contract["evm"]["bytecode"]
    if creation["linkReferences"]:
        raise CompilerError(
            f"contract {name} needs a linked library; library functions must be internal"
        )
    size = len(contract["evm"]["deployedBytecode"]["object"]) // 2
    init_size = len(creation["object"]) // 2
    if size > EIP170_LIMIT_BYTES:
        raise CompilerError(
            f"runtime code of {name}: {size} > {EIP170_LIMIT_BYTES} bytes (EIP-170)"
        )
    if init_size > EIP3860_LIMIT_BYTES:
        raise CompilerError(
            f"creation code of {name}: {init_size} > {EIP3860_LIMIT_BYTES} bytes (EIP-3860)"
        )
    return Artifact(
        name=name,
        abi=contract["abi"],
        bytecode=f"0x{creation['object']}",
        deployed_size=size,
        errors=_error_selectors(contract["abi"]),
        source_hash=source_hash,
    )


def _error_selectors(abi: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    from rollup_node.proof.hashing import keccak

    errors = {}
    for entry in abi:
        if entry["type"] == "error":
            signature = (
                f"{entry['name']}({','.join(_canonical_type(item) for item in entry['inputs'])})"
            )
            errors[f"0x{keccak(signature.encode()).hex()[:8]}"] = signature
    return dict(sorted(errors.items()))


def _canonical_type(item: Mapping[str, Any]) -> str:
    kind: str = item["type"]
    if not kind.startswith("tuple"):
        return kind
    inner = ",".join(_canonical_type(component) for component in item["components"])
    return f"({inner}){kind.removeprefix('tuple')}"


if __name__ == "__main__":
    sys.exit(main())
