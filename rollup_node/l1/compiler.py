"""Compiles contracts/src through py-solc-x; keeps the artifacts in the wheel true to the sources.

Run it as `python -m rollup_node.l1.compiler build` or `check`. Settings: contracts/foundry.toml.
"""

import argparse
import functools
import hashlib
import json
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

from rollup_node.l1.toolchain import SOLC_VERSION, ToolchainError, find_solc
from rollup_node.ports import RollupError

REPOSITORY: Final = Path(__file__).resolve().parents[2]
CONTRACTS_DIR: Final = REPOSITORY / "contracts"
ARTIFACTS_DIR: Final = Path(__file__).resolve().parent / "artifacts"

EIP170_LIMIT_BYTES: Final = 24_576
EIP3860_LIMIT_BYTES: Final = 49_152

_INDEX: Final = "index.json"
_IMPORT: Final = re.compile(r"""^\s*import\b[^;]*?["']([^"']+)["']\s*;""", re.MULTILINE)
_IGNORED_WARNINGS: Final = frozenset(
    {"2394", "3860", "5574"}
)  # transient storage; sizes, which are errors here
_SYNTAX_ONLY: Final = ["abi", "evm.methodIdentifiers"]
_OUTPUTS: Final = [
    "abi",
    "evm.bytecode.object",
    "evm.bytecode.linkReferences",
    "evm.deployedBytecode.object",
]


class CompilerError(RollupError):
    """The contracts do not compile, break a size limit, or their artifacts are stale."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """What is needed to deploy and call one contract."""

    name: str
    abi: list[dict[str, Any]]
    bytecode: str
    """Creation code as 0x-prefixed hex, fully linked."""
    deployed_size: int
    """Bytes of the runtime code, at most 24,576 (EIP-170)."""
    errors: dict[str, str]
    """Signature of every custom error by its 0x-prefixed 4-byte selector."""
    source_hash: str


@dataclass(frozen=True, slots=True)
class Project:
    """The sources and settings that determine the artifacts."""

    sources: Mapping[str, str]
    settings: Mapping[str, Any]
    dependencies: Mapping[str, str]


@functools.cache
def load_artifact(name: str, folder: Path = ARTIFACTS_DIR) -> Artifact:
    """Return the artifact of the contract called `name`.

    Raises
    ------
    CompilerError
        If there is none; the message says how to build it.
    """
    try:
        raw = json.loads((folder / f"{name}.json").read_bytes())
    except FileNotFoundError:
        raise CompilerError(f"no artifact for contract {name}: run `make artifacts`") from None
    return Artifact(
        name=raw["contractName"],
        abi=raw["abi"],
        bytecode=raw["bytecode"],
        deployed_size=raw["deployedBytecodeSize"],
        errors=raw["errors"],
        source_hash=raw["sourceHash"],
    )


def artifact_names(folder: Path = ARTIFACTS_DIR) -> list[str]:
    """Return the names of all contracts that have an artifact, sorted."""
    return sorted(path.stem for path in folder.glob("*.json") if path.name != _INDEX)


def read_project(contracts_dir: Path = CONTRACTS_DIR) -> Project:
    """Read foundry.toml, every source under contracts/src, and the pins of the npm dependencies.

    Raises
    ------
    CompilerError
        If foundry.toml pins another compiler than this package.
    """
    config = tomllib.loads((contracts_dir / "foundry.toml").read_text("utf-8"))["profile"][
        "default"
    ]
    if config["solc_version"] != SOLC_VERSION:
        raise CompilerError(
            f"solc pin of foundry.toml: {config['solc_version']} != {SOLC_VERSION} of the toolchain"
        )
    root = contracts_dir / config["src"]
    sources = {
        path.relative_to(contracts_dir).as_posix(): path.read_text("utf-8")
        for path in sorted(root.rglob("*.sol"))
    }
    package = json.loads((contracts_dir.parent / "package.json").read_bytes())
    return Project(sources, _compiler_settings(config), package["dependencies"])


def compute_source_hash(project: Project, names: Sequence[str] | None = None) -> str:
    """Return the hash over settings, pins and the named sources (default: all); fast, no compiler.

    Files of npm packages count through their pinned version.
    """
    digest = hashlib.sha256()
    pins = {
        name: pin
        for name, pin in project.dependencies.items()
        if not name.startswith("@foundry-rs/")
    }
    digest.update(json.dumps([project.settings, pins], sort_keys=True).encode())
    for name in sorted(project.sources if names is None else names):
        content = project.sources[name].encode()
        digest.update(f"\0{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def compile_project(project: Project, contracts_dir: Path = CONTRACTS_DIR) -> dict[str, Artifact]:
    """Compile every source and return one artifact for each deployable contract, by name.

    Raises
    ------
    CompilerError
        On an error, a warning about the project, a contract too large, unlinked or named twice.
    ToolchainError
        If there is no compiler.
    """
    if not project.sources:
        return {}
    output = _run_solc(project, contracts_dir, _OUTPUTS)
    artifacts: dict[str, Artifact] = {}
    for source, name, contract in _deployable(output, project):
        if name in artifacts:
            raise CompilerError(f"two contracts are named {name}; the second is in {source}")
        artifacts[name] = _artifact(
            name, contract, compute_source_hash(project, _closure(project, source))
        )
    return artifacts


def parse_project(project: Project, contracts_dir: Path = CONTRACTS_DIR) -> dict[str, Any]:
    """Return solc's output of every source with its syntax tree and without code: in two seconds.

    Raises
    ------
    CompilerError
        On an error, or a warning about the project.
    ToolchainError
        If there is no compiler.
    """
    return _run_solc(project, contracts_dir, _SYNTAX_ONLY)


def build(folder: Path = ARTIFACTS_DIR, *, force: bool = False) -> dict[str, Artifact]:
    """Write the artifacts of contracts/src, unless they are up to date already."""
    project = read_project()
    if not force and not _stale_reason(project, folder):
        return {name: load_artifact(name, folder) for name in artifact_names(folder)}
    artifacts = compile_project(project)
    folder.mkdir(exist_ok=True)
    for name in set(artifact_names(folder)) - set(artifacts):
        (folder / f"{name}.json").unlink()
    for name, text in _render(project, artifacts).items():
        (folder / name).write_text(text, "utf-8")
    load_artifact.cache_clear()
    return artifacts


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
    reason = _stale_reason(project, folder)
    if reason:
        raise CompilerError(f"{reason}: run `make artifacts`")
    if full:
        for name, text in _render(project, compile_project(project)).items():
            if (folder / name).read_text("utf-8") != text:
                raise CompilerError(
                    f"artifact {name} differs from a fresh compilation: run `make artifacts`"
                )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line of this module and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m rollup_node.l1.compiler", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    build_parser = commands.add_parser(
        "build", help="compile contracts/src and write the artifacts"
    )
    build_parser.add_argument(
        "--force", action="store_true", help="compile even if nothing changed"
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


def _compiler_settings(config: Mapping[str, Any]) -> dict[str, Any]:
    """Translate the profile of foundry.toml into the settings of solc's standard JSON."""
    return {
        "remappings": config["remappings"],
        "optimizer": {"enabled": config["optimizer"], "runs": config["optimizer_runs"]},
        "viaIR": config["via_ir"],
        "evmVersion": config["evm_version"],
        "metadata": {
            "bytecodeHash": config["bytecode_hash"],
            "appendCBOR": config["cbor_metadata"],
        },
    }


def _run_solc(project: Project, contracts_dir: Path, outputs: Sequence[str]) -> dict[str, Any]:
    import solcx  # 0.1 s: only who compiles pays for it

    solc = find_solc()
    if solc is None:
        raise ToolchainError(f"solc {SOLC_VERSION} not found: run `make setup`")
    libraries = _library_sources(project, contracts_dir)
    sources = {**project.sources, **libraries}
    selection = {"*": {"": ["ast"], "*": list(outputs)}}
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


def _library_sources(project: Project, contracts_dir: Path) -> dict[str, str]:
    """Return every file of an npm package that the sources reach, named as forge names it."""
    found: dict[str, str] = {}
    queue = [
        target for name, text in project.sources.items() for target in _imports(project, name, text)
    ]
    while queue:
        name = queue.pop()
        if name in found or name in project.sources:
            continue
        path = contracts_dir / name
        if not path.is_file():
            raise CompilerError(f"import not found: {name} (is it installed? run `make setup`)")
        found[name] = path.read_text("utf-8")
        queue.extend(_imports(project, name, found[name]))
    return found


def _imports(project: Project, name: str, text: str) -> Iterator[str]:
    """Yield the source names that a file imports, with relative paths and remappings resolved."""
    for target in _IMPORT.findall(text):
        if target.startswith("."):
            parts: list[str] = []
            for part in (PurePosixPath(name).parent / target).parts:
                if part == "..":
                    parts.pop()
                else:
                    parts.append(part)
            yield "/".join(parts)
            continue
        remapped = target
        for remapping in project.settings["remappings"]:
            prefix, _, replacement = remapping.partition("=")
            if target.startswith(prefix):
                remapped = replacement + target.removeprefix(prefix)
        yield remapped


def _closure(project: Project, source: str) -> list[str]:
    """Return `source` and every project source it reaches."""
    reached: set[str] = set()
    queue = [source]
    while queue:
        name = queue.pop()
        if name in reached or name not in project.sources:
            continue
        reached.add(name)
        queue.extend(_imports(project, name, project.sources[name]))
    return sorted(reached)


def _deployable(
    output: Mapping[str, Any], project: Project
) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Yield (source, name, output) of each concrete contract; libraries are inlined."""
    for source in sorted(project.sources):
        for node in output["sources"][source]["ast"]["nodes"]:
            if (
                node["nodeType"] != "ContractDefinition"
                or node["contractKind"] != "contract"
                or node["abstract"]
            ):
                continue
            yield source, node["name"], output["contracts"][source][node["name"]]


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


def _render(project: Project, artifacts: Mapping[str, Artifact]) -> dict[str, str]:
    """Return the text of every file of the artifacts folder, by file name."""
    index = {
        "contracts": sorted(artifacts),
        "solc": SOLC_VERSION,
        "sourceHash": compute_source_hash(project),
    }
    files: dict[str, Any] = {_INDEX: index}
    for name, artifact in artifacts.items():
        files[f"{name}.json"] = {
            "contractName": name,
            "sourceHash": artifact.source_hash,
            "deployedBytecodeSize": artifact.deployed_size,
            "errors": artifact.errors,
            "abi": artifact.abi,
            "bytecode": artifact.bytecode,
        }
    return {name: json.dumps(value, indent=1) + "\n" for name, value in files.items()}


def _stale_reason(project: Project, folder: Path) -> str | None:
    try:
        index = json.loads((folder / _INDEX).read_bytes())
    except (OSError, ValueError):
        return "artifacts have not been built"
    if index.get("sourceHash") != compute_source_hash(project):
        return "artifacts are older than the contract sources"
    if index.get("contracts") != artifact_names(folder):
        return "artifacts and their index name different contracts"
    for source in project.sources:
        path = folder / f"{Path(source).stem}.json"
        if not path.is_file():
            continue
        own = compute_source_hash(project, _closure(project, source))
        if json.loads(path.read_bytes()).get("sourceHash") != own:
            return f"artifact {path.name} is older than its sources"
    return None


if __name__ == "__main__":
    sys.exit(main())
