"""Compiled contracts as they ship in the wheel: a file each, dated by the hash of its sources."""

import functools
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rollup_node.l1.project import CompilerError

ARTIFACTS_DIR: Final = Path(__file__).resolve().parent / "artifacts"


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
    """Of settings, pins and the sources that the contract reaches: what decides its code."""


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
    return sorted(path.stem for path in folder.glob("*.json"))


def stale_artifacts(hashes: Mapping[str, str], folder: Path = ARTIFACTS_DIR) -> list[str]:
    """Return the names of the contracts whose artifact is missing, or not of its source hash."""
    return [name for name, value in hashes.items() if _hash_of(folder / f"{name}.json") != value]


def write_artifacts(artifacts: Iterable[Artifact], folder: Path = ARTIFACTS_DIR) -> None:
    """Write a file for each artifact."""
    folder.mkdir(exist_ok=True)
    for artifact in artifacts:
        (folder / f"{artifact.name}.json").write_text(render(artifact), "utf-8")
    load_artifact.cache_clear()


def render(artifact: Artifact) -> str:
    """Return the text of the file of an artifact."""
    value = {
        "contractName": artifact.name,
        "sourceHash": artifact.source_hash,
        "deployedBytecodeSize": artifact.deployed_size,
        "errors": artifact.errors,
        "abi": artifact.abi,
        "bytecode": artifact.bytecode,
    }
    return json.dumps(value, indent=1) + "\n"


def _hash_of(path: Path) -> str | None:
    try:
        found: str = json.loads(path.read_bytes())["sourceHash"]
    except (OSError, ValueError, KeyError):
        return None
    return found
