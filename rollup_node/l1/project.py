"""The sources of the contracts and what they are compiled with, as contracts/foundry.toml says."""

import hashlib
import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any, Final

from rollup_node.l1.toolchain import SOLC_VERSION
from rollup_node.ports import RollupError

REPOSITORY: Final = Path(__file__).resolve().parents[2]
CONTRACTS_DIR: Final = REPOSITORY / "contracts"

_CONTRACT: Final = re.compile(r"^contract (\w+)", re.MULTILINE)
_IMPORT: Final = re.compile(r"""^\s*import\b[^;]*?["']([^"']+)["']\s*;""", re.MULTILINE)


class CompilerError(RollupError):
    """The contracts do not compile, break a size limit, or their artifacts are stale."""


@dataclass(frozen=True, slots=True)
class Project:
    """The sources and settings that determine the artifacts."""

    sources: Mapping[str, str]
    settings: Mapping[str, Any]
    dependencies: Mapping[str, str]

    def contracts(self) -> dict[str, str]:
        """Return the source of every contract that can be deployed, by the name of the contract.

        Raises
        ------
        CompilerError
            If two have one name.
        """
        found: dict[str, str] = {}
        for source, text in sorted(self.sources.items()):
            for name in _CONTRACT.findall(text):
                if name in found:
                    raise CompilerError(
                        f"two contracts are named {name}; the second is in {source}"
                    )
                found[name] = source
        return found

    def closure(self, source: str) -> "Project":
        """Return the part of this project that compiles `source`: it and all it reaches."""
        reached: set[str] = set()
        queue = [source]
        while queue:
            name = queue.pop()
            if name not in reached and name in self.sources:
                reached.add(name)
                queue.extend(self.imports(name, self.sources[name]))
        return replace(self, sources={name: self.sources[name] for name in sorted(reached)})

    def imports(self, name: str, text: str) -> Iterator[str]:
        """Yield the source names that a file imports: no relative paths, no remappings."""
        for target in _IMPORT.findall(text):
            if target.startswith("."):
                yield _join(PurePosixPath(name).parent / target)
            else:
                yield self._remap(target)

    def library_sources(self, contracts_dir: Path) -> dict[str, str]:
        """Return every file of an npm package that the sources reach, named as forge names it.

        Raises
        ------
        CompilerError
            If a file is imported that does not exist.
        """
        found: dict[str, str] = {}
        queue = [
            target for name, text in self.sources.items() for target in self.imports(name, text)
        ]
        while queue:
            name = queue.pop()
            if name in found or name in self.sources:
                continue
            path = contracts_dir / name
            if not path.is_file():
                raise CompilerError(f"import not found: {name} (is it installed? run `make setup`)")
            found[name] = path.read_text("utf-8")
            queue.extend(self.imports(name, found[name]))
        return found

    def hash_sources(self) -> str:
        """Return the hash over settings, pins and sources; fast, no compiler.

        Files of npm packages count through their pinned version.
        """
        pins = {
            name: pin
            for name, pin in self.dependencies.items()
            if not name.startswith("@foundry-rs/")
        }
        digest = hashlib.sha256(json.dumps([self.settings, pins], sort_keys=True).encode())
        for name in sorted(self.sources):
            content = self.sources[name].encode()
            digest.update(f"\0{name}\0{len(content)}\0".encode())
            digest.update(content)
        return digest.hexdigest()

    def _remap(self, target: str) -> str:
        for remapping in self.settings["remappings"]:
            prefix, _, replacement = remapping.partition("=")
            if target.startswith(prefix):
                return f"{replacement}{target.removeprefix(prefix)}"
        return target


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
    root = contracts_dir / "src"
    sources = {
        path.relative_to(contracts_dir).as_posix(): path.read_text("utf-8")
        for path in sorted(root.rglob("*.sol"))
    }
    package = json.loads((contracts_dir.parent / "package.json").read_bytes())
    return Project(sources, _compiler_settings(config), package["dependencies"])


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


def _join(path: PurePosixPath) -> str:
    """Return a relative path without its `..`."""
    parts: list[str] = []
    for part in path.parts:
        if part == "..":
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts)
