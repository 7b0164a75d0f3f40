"""The codecs of the exchange in an EVM in this process, called with bytes and answering values."""

import functools
from collections.abc import Mapping
from typing import Any, Final

import pyrevm
from eth_abi.abi import decode, encode

from rollup_node.l1.compiler import compile_project
from rollup_node.l1.project import CONTRACTS_DIR, Project, read_project
from rollup_node.l1.shipped import Artifact
from rollup_node.proof.hashing import keccak

_MOCKS: Final = tuple(
    f"test/mocks/{name}Codec.sol" for name in ("Key", "Leaf", "Portfolio", "Record")
)
_DEPLOYER: Final = "0x" + "d0" * 20


@functools.cache
def _artifacts() -> Mapping[str, Artifact]:
    project = read_project()
    sources = {name: (CONTRACTS_DIR / name).read_text("utf-8") for name in _MOCKS}
    return compile_project(Project(sources, project.settings, project.dependencies))


class CodecChain:
    """The contracts that decode, make keys, and weigh, for the comparison of the twins."""

    def __init__(self) -> None:
        self.evm: Any = pyrevm.EVM(spec_id="PRAGUE")
        self.evm.set_balance(_DEPLOYER, 10**24)
        self._addresses = {
            name: self.evm.deploy(_DEPLOYER, bytes.fromhex(artifact.bytecode.removeprefix("0x")))
            for name, artifact in _artifacts().items()
        }

    def call(
        self, contract: str, signature: str, values: tuple[Any, ...], returned: tuple[str, ...]
    ) -> tuple[Any, ...] | None:
        """Call a function and decode what it returns; None if it reverts."""
        types = signature.partition("(")[2].rstrip(")").split(",")
        data = keccak(signature.encode())[:4] + encode(types, values)
        try:
            answer = self.evm.message_call(
                _DEPLOYER, self._addresses[contract], calldata=data, is_static=True
            )
        except RuntimeError as error:
            if "Revert" not in str(error):
                raise
            return None
        return decode(returned, bytes(answer))
