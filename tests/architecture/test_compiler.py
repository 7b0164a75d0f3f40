"""Artifacts follow the sources: what changes the code changes the hash; warnings are errors."""

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from rollup_node.l1 import compiler, toolchain
from rollup_node.l1.project import CompilerError, Project, read_project
from rollup_node.l1.shipped import ARTIFACTS_DIR, Artifact, artifact_names, load_artifact

_LICENSE = "// SPDX-License-Identifier: MIT\npragma solidity 0.8.37;\n"
_COUNTER = (
    _LICENSE
    + """import {Base} from "./lib/Base.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
contract Counter is Base { IERC20 public token; }
"""
)
_BASE = (
    _LICENSE
    + """abstract contract Base {
    error TooMany(uint64 count, int256[] why);
    function check(uint64 count) external pure {
        if (count > 9) revert TooMany(count, new int256[](0));
    }
}
"""
)


@pytest.fixture
def project() -> Project:
    real = read_project()
    sources = {"src/Counter.sol": _COUNTER, "src/lib/Base.sol": _BASE}
    return Project(sources, real.settings, real.dependencies)


def test_compile_gives_one_artifact_per_concrete_contract(project: Project) -> None:
    artifacts = compiler.compile_project(project)
    assert list(artifacts) == ["Counter"]
    counter = artifacts["Counter"]
    assert counter.bytecode.startswith("0x60")
    assert 0 < counter.deployed_size < compiler.EIP170_LIMIT_BYTES
    assert list(counter.errors.values()) == ["TooMany(uint64,int256[])"]


def test_compile_with_a_warning_fails(project: Project) -> None:
    noisy = _LICENSE + "contract Noisy { function f() external pure { uint256 x; } }"
    with pytest.raises(CompilerError, match="Unused local variable"):
        compiler.compile_project(replace(project, sources={"src/Noisy.sol": noisy}))


def test_compile_with_a_missing_import_names_it(project: Project) -> None:
    text = _LICENSE + 'import "@openzeppelin/contracts/Nothing.sol";\ncontract A {}'
    with pytest.raises(CompilerError, match=r"Nothing\.sol"):
        compiler.compile_project(replace(project, sources={"src/A.sol": text}))


def test_source_hash_covers_sources_settings_and_pins(project: Project) -> None:
    touched = {**project.sources, "src/lib/Base.sol": _BASE + "// touched"}
    variants = [
        project,
        replace(project, sources=touched),
        replace(project, settings={**project.settings, "evmVersion": "cancun"}),
        replace(project, dependencies={**project.dependencies, "solc": "0.8.36"}),
    ]
    assert len({variant.hash_sources() for variant in variants}) == len(variants)


def test_load_artifact_of_unknown_contract_says_how_to_build_it(tmp_path: Path) -> None:
    with pytest.raises(CompilerError, match="make artifacts"):
        load_artifact("Nothing", tmp_path)


def test_shipped_artifacts_belong_to_the_sources() -> None:
    compiler.check()


def test_check_names_stale_and_foreign_artifacts(tmp_path: Path) -> None:
    folder = tmp_path / "artifacts"
    shutil.copytree(ARTIFACTS_DIR, folder)
    compiler.check(folder)
    shutil.copy(folder / "Bridge.json", folder / "Gone.json")
    with pytest.raises(CompilerError, match=r"of no source: \['Gone'\]"):
        compiler.check(folder)
    artifact = json.loads((folder / "Bridge.json").read_bytes())
    (folder / "Bridge.json").write_text(json.dumps({**artifact, "sourceHash": "0" * 64}))
    with pytest.raises(CompilerError, match="older than its sources: Bridge"):
        compiler.check(folder)


def test_build_compiles_what_changed_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, project: Project
) -> None:
    compiled: list[list[str]] = []

    def compile_and_note(project: Project, names: list[str]) -> dict[str, Artifact]:
        compiled.append(names)
        return compile_project(project, names)

    other = _LICENSE + "contract Other {}\n"
    sources = {**project.sources, "src/Other.sol": other}
    edited = {**sources, "src/lib/Base.sol": _BASE.replace("9", "8")}
    compile_project = compiler.compile_project
    monkeypatch.setattr(compiler, "compile_project", compile_and_note)
    for state in (sources, edited, edited, {"src/Other.sol": other}):
        monkeypatch.setattr(
            compiler, "read_project", lambda state=state: replace(project, sources=state)
        )
        compiler.build(tmp_path)
    assert compiled == [["Counter", "Other"], ["Counter"], [], []]
    assert artifact_names(tmp_path) == ["Other"]


def test_anvil_on_path_older_than_the_pin_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path / "anvil"
    old.write_text("#!/bin/sh\necho anvil Version: 1.0.0-stable\n", "utf-8")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    found = toolchain.find_anvil(cache_dir=tmp_path)
    assert found is not None
    assert found.path != old
    configured = toolchain.find_anvil(old)
    assert configured is not None
    assert (configured.path, configured.version) == (old, "1.0.0")
