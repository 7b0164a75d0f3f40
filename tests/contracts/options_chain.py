"""The mathematics of options in an EVM in this process, on many points in one call."""

import functools
from collections.abc import Sequence
from typing import Any, Final

import pyrevm
from eth_abi.abi import decode, encode

from rollup_node.core.surface import Smile
from rollup_node.l1.compiler import compile_project
from rollup_node.l1.project import CONTRACTS_DIR, Project, read_project
from rollup_node.proof.hashing import keccak

_BOARD: Final = "test/mocks/OptionsBoard.sol"
_DEPLOYER: Final = "0x" + "d0" * 20
_WORD: Final = 1 << 256
_SMILE: Final = "(int24,uint16)[]"


@functools.cache
def _bytecode() -> str:
    project = read_project()
    sources = {_BOARD: (CONTRACTS_DIR / _BOARD).read_text("utf-8")}
    built = compile_project(Project(sources, project.settings, project.dependencies))
    return built["OptionsBoard"].bytecode.removeprefix("0x")


class OptionsChain:
    """The board, deployed. Every call returns what the twin returns; none may revert."""

    def __init__(self) -> None:
        self.evm: Any = pyrevm.EVM(spec_id="PRAGUE", gas_limit=2**62)
        self.evm.set_balance(_DEPLOYER, 10**24)
        self.gas = 0
        self._address = self.evm.deploy(_DEPLOYER, bytes.fromhex(_bytecode()))

    def evaluate(self, number: int, points: Sequence[tuple[int, ...]]) -> list[int]:
        """Return the words that a function of tests/options_points.py answers on the points."""
        words = [argument % _WORD for point in points for argument in point]
        data = encode(("uint256", "uint256[]"), (number, words))
        results, self.gas = self._call(
            "evaluate(uint256,uint256[])", data, ("uint256[]", "uint256")
        )
        return list(results)

    def interpolate_variance(self, smile: Smile, moneyness: int) -> int:
        """Return the variance at a moneyness."""
        data = encode((_SMILE, "int256"), (smile, moneyness))
        signature = f"interpolateVariance({_SMILE},int256)"
        variance, self.gas = self._call(signature, data, ("uint256", "uint256"))
        return int(variance)

    def check_smile(self, smile: Smile, time_ms: int) -> tuple[int, int]:
        """Return the reasons of the nodes and of the prices at them."""
        data = encode((_SMILE, "uint256"), (smile, time_ms))
        signature = f"checkSmile({_SMILE},uint256)"
        nodes, prices, self.gas = self._call(signature, data, ("uint8", "uint8", "uint256"))
        return nodes, prices

    def check_calendar(self, earlier: Smile, earlier_ms: int, later: Smile, later_ms: int) -> int:
        """Return the reason of two expiries."""
        types = (_SMILE, "uint256", _SMILE, "uint256")
        data = encode(types, (earlier, earlier_ms, later, later_ms))
        signature = f"checkCalendar({','.join(types)})"
        reason, self.gas = self._call(signature, data, ("uint8", "uint256"))
        return int(reason)

    def _call(self, signature: str, data: bytes, returned: tuple[str, ...]) -> tuple[Any, ...]:
        answer = self.evm.message_call(
            _DEPLOYER, self._address, calldata=keccak(signature.encode())[:4] + data, is_static=True
        )
        return decode(returned, bytes(answer))
