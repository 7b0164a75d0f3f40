"""Step contracts in an EVM in this process, fed with the openings of a step of the Python twin.

Whatever the step read, in the order of first read, is what the contract must read; whatever it
wrote is what the contract must answer, byte by byte. The contracts are the shipped artifacts.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import pyrevm
from eth_abi.abi import encode

from rollup_node.codec.leaves import encode_leaf
from rollup_node.core.kinds import Phase, RecordKind
from rollup_node.core.layout import LeafKey
from rollup_node.core.leaves import Leaf
from rollup_node.l1.shipped import load_artifact
from tests.contracts.step_call import Answer, decode_answer, encode_step

_DEPLOYER: Final = "0x" + "d0" * 20
_NOBODY: Final = "0x" + "00" * 20
_OWN_CONTRACTS: Final = {
    RecordKind.CANCEL: "SweepSteps",
    RecordKind.CANCEL_ALL: "SweepSteps",
    RecordKind.REPLACE: "ReplaceSteps",
    RecordKind.QUOTE: "SweepSteps",
    RecordKind.PRUNE: "SweepSteps",
    RecordKind.EXECUTE_RFQ: "RfqSteps",
    RecordKind.SALE: "SaleSteps",
    RecordKind.SETTLEMENT_PRICE: "SettlementSteps",
    RecordKind.SETTLE: "SettlementSteps",
    RecordKind.SURFACE_REPORT: "OptionSteps",
    RecordKind.LIST_EXPIRY: "OptionSteps",
    RecordKind.LIST_STRIKE: "OptionSteps",
    RecordKind.DELIST_STRIKE: "OptionSteps",
    RecordKind.BID: "AuctionSteps",
    RecordKind.TRIGGER: "TriggerSteps",
    RecordKind.TAKEOVER: "AuctionSteps",
    RecordKind.MOVE_POSITION: "MoveSteps",
}
_CONTRACTS: Final = ("", "AccountSteps", "OrderSteps", "PriceSteps", "LiquidationSteps", "KeySteps")
_TASK_CONTRACTS: Final = {
    Phase.TAKE: "MatchSteps",
    Phase.LEG: "LegSteps",
    Phase.SWEEP: "SweepSteps",
    Phase.REFRESH: "RiskSteps",
    Phase.LEAVE: "RiskSteps",
    Phase.DRAIN: "TriggerSteps",
    Phase.LIQUIDATE: "LiquidationSteps",
    Phase.STRIKE: "StrikeSteps",
    Phase.RFQ: "RfqSteps",
}


def contract_of(body: bytes, phase: int) -> str:
    """Return the step contract of a body, or of the task in flight. Source: docs/spec.md X-12."""
    if not body:
        return _TASK_CONTRACTS.get(phase, "RepriceSteps")  # type: ignore[call-overload, no-any-return]
    return _OWN_CONTRACTS.get(body[0]) or _CONTRACTS[body[0] >> 4]  # type: ignore[call-overload]


def read_values(
    state: Mapping[LeafKey, Leaf], keys: Sequence[LeafKey]
) -> list[tuple[LeafKey, bytes]]:
    """Return leaves as openings, in this order."""
    found = [(key, state.get(key)) for key in keys]
    return [(key, b"" if leaf is None else encode_leaf(leaf)) for key, leaf in found]


class StepChain:
    """The step contracts of the match and of the values of accounts."""

    def __init__(self) -> None:
        self.evm: Any = pyrevm.EVM(spec_id="PRAGUE")
        self.evm.set_balance(_DEPLOYER, 10**24)
        self.contracts = {
            "MatchSteps": self._deploy("MatchSteps"),
            "RiskSteps": self._deploy("RiskSteps"),
            "DepositSteps": self._deploy("DepositSteps"),
            "AccountSteps": self._deploy("AccountSteps", ("uint256", "address"), (1, _NOBODY)),
        }
        self.gas = dict.fromkeys(self.contracts, 0)
        self.steps = 0

    def _deploy(self, name: str, types: tuple[str, ...] = (), values: tuple[Any, ...] = ()) -> str:
        code = bytes.fromhex(load_artifact(name).bytecode.removeprefix("0x"))
        address: str = self.evm.deploy(_DEPLOYER, code + encode(types, values))
        return address

    def execute(
        self,
        contract: str,
        clock: tuple[int, int, int, int],
        openings: Sequence[tuple[LeafKey, bytes]],
        message: tuple[bytes, bytes] | None = None,
    ) -> Answer:
        """Execute one step at (time ms, block, phase, class); `message` is (sender, body)."""
        time_ms, block, phase, order_class = clock
        sender, body = message or (bytes(20), b"")
        given = (
            message is not None,
            "0x" + sender.hex(),
            0,
            0,
            time_ms,
            block,
            phase,
            order_class,
            body,
        )
        data = encode_step(given, openings)
        answer = self.evm.message_call(
            _DEPLOYER, self.contracts[contract], calldata=data, is_static=True, gas=30_000_000
        )
        self.gas[contract] = max(self.gas[contract], self.evm.result.gas_used)
        self.steps += 1
        return decode_answer(bytes(answer), openings)
