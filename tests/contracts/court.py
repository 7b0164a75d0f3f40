"""The real verifier in an EVM in this process, with an inbox whose accumulators a test may write.

The contracts are the shipped artifacts. Only the inbox's storage is written directly: what it
accumulates is tested on its own; a differential run needs items that no honest entry point makes.
"""

from typing import Any, Final, NamedTuple

import pyrevm
from eth_abi.abi import decode, encode

from rollup_node.core.inputs import DelayedMessage, ItemHeader
from rollup_node.devnet.deployer import STEP_CONTRACTS, constructor_names
from rollup_node.l1.shipped import load_artifact
from rollup_node.proof.assertions import context
from rollup_node.proof.hashing import keccak
from rollup_node.proof.inbox import (
    next_accumulator,
    next_delayed_accumulator,
    next_fast_accumulator,
)
from rollup_node.proof.witness import Call

CHAIN_ID: Final = 313_371
BRIDGE: Final = bytes.fromhex("b41d9e0000000000000000000000000000000001")
CONFIG: Final = keccak(b"configuration of the differential test")
_DEPLOYER: Final = "0x" + "d0" * 20
_COUNT_SLOT: Final = 3
_ACCUMULATORS_SLOT: Final = 4
_DELAYED_SLOT: Final = 5
_FAST_SLOT: Final = 8
_CHUNK_ROOTS_SLOT: Final = 0
_FAMILIES_SLOT: Final = 1
_CALL: Final = "(uint40,bytes32,bytes32,uint16,uint16,bytes)"
_RESULT: Final = ("bytes32", "uint256", "bool", "uint8[]", "uint8[]")


class Verdict(NamedTuple):
    """What the verifier says about a run of steps, and the gas that the EVM counted."""

    root: bytes
    weight: int
    ended: bool
    kinds: tuple[int, ...]
    reasons: tuple[int, ...]
    gas: int


class Court:
    """Deployed contracts, and the inbox of one test run."""

    def __init__(self) -> None:
        self.evm: Any = pyrevm.EVM(spec_id="PRAGUE")
        self.evm.set_balance(_DEPLOYER, 10**24)
        self.inbox = self._deploy(
            "Inbox",
            ("address", "address", "address", "address[]", *("uint64",) * 4),
            ("0x" + BRIDGE.hex(), _DEPLOYER, _DEPLOYER, [], 600, 60, 3600, 60),
        )
        self.importer = self._deploy("BlobImporter", (), ())
        steps = {name: self._deploy_steps(name) for name in sorted({*STEP_CONTRACTS})}
        families = [steps[name] for name in STEP_CONTRACTS]
        self.verifier = self._deploy(
            "StepVerifier",
            ("address", "address", "address[]"),
            (self.inbox, self.importer, families),
        )
        self.accounts = self.evm.journal_state
        first = int.from_bytes(keccak(_FAMILIES_SLOT.to_bytes(32, "big")), "big")
        self.written = {
            (self.verifier, slot): int(self.evm.storage(self.verifier, slot))
            for slot in (_FAMILIES_SLOT, *range(first, first + len(STEP_CONTRACTS)))
        }
        self.items = [bytes(32)]
        self.messages = [bytes(32)]
        self.fast = [bytes(32)]

    def _deploy_steps(self, name: str) -> str:
        """Deploy a step contract: what checks signatures takes chain id and bridge."""
        if not constructor_names(name):
            return self._deploy(name, (), ())
        return self._deploy(name, ("uint256", "address"), (CHAIN_ID, "0x" + BRIDGE.hex()))

    def _deploy(self, name: str, types: tuple[str, ...], values: tuple[Any, ...]) -> str:
        code = bytes.fromhex(load_artifact(name).bytecode.removeprefix("0x"))
        address: str = self.evm.deploy(_DEPLOYER, code + encode(types, values))
        return address

    def _store(self, slot: int, value: bytes) -> None:
        self._write(self.inbox, slot, value)

    def _write(self, address: str, slot: int, value: bytes) -> None:
        self.written[address, slot] = int.from_bytes(value, "big")
        self.evm.insert_account_storage(address, slot, self.written[address, slot])

    def add_message(self, message: DelayedMessage) -> bytes:
        """Let the inbox accumulate a delayed message and return the accumulator."""
        self.messages.append(next_delayed_accumulator(self.messages[-1], message))
        self._push(_DELAYED_SLOT, self.messages)
        return self.messages[-1]

    def add_fast(self, message: DelayedMessage) -> bytes:
        """Let the inbox accumulate a fast message and return the accumulator."""
        self.fast.append(next_fast_accumulator(self.fast[-1], message))
        self._push(_FAST_SLOT, self.fast)
        return self.fast[-1]

    def _push(self, slot: int, accumulators: list[bytes]) -> None:
        """Write the newest accumulator of a queue: its counters, then the mapping."""
        count = len(accumulators) - 1
        self._store(_mapping(slot + 1, count), accumulators[-1])
        self._store(slot, count.to_bytes(32, "big"))

    def add_item(self, header: ItemHeader) -> None:
        """Let the inbox accumulate an item."""
        self.items.append(next_accumulator(self.items[-1], header))
        self._store(_mapping(_ACCUMULATORS_SLOT, len(self.items) - 1), self.items[-1])
        self._store(_COUNT_SLOT, (len(self.items) - 1).to_bytes(32, "big"))

    def import_blob(self, versioned_hash: bytes, root: bytes) -> None:
        """Record the chunk root of a blob as if it had been imported."""
        slot = int.from_bytes(keccak(versioned_hash + _CHUNK_ROOTS_SLOT.to_bytes(32, "big")), "big")
        self._write(self.importer, slot, root)

    def call_data(
        self,
        call: Call,
        *,
        name: str = "simulate",
        start_root: bytes | None = None,
        steps_done: int = 0,
        witness: bytes | None = None,
    ) -> bytes:
        """Return the calldata of `simulate` or `prove`."""
        selector = keccak(f"{name}({_CALL})".encode())[:4]
        fields = (
            len(self.items) - 1,
            CONFIG,
            start_root or call.start_root,
            steps_done,
            call.steps,
            call.encode() if witness is None else witness,
        )
        return selector + encode((_CALL,), (fields,))

    def simulate(self, data: bytes) -> Verdict:
        """Ask the verifier without recording."""
        raw = self._send(data, is_static=True)
        root, weight, ended, kinds, reasons = decode(_RESULT, raw)
        gas = self.evm.result.gas_used
        return Verdict(root, weight, ended, tuple(kinds), tuple(reasons), gas)

    def prove(self, data: bytes) -> tuple[bytes, int, bool]:
        """Ask the verifier and record; return root, weight, ended."""
        raw = self._send(data, is_static=False)
        root, weight, ended = decode(("bytes32", "uint256", "bool"), raw)
        return root, weight, ended

    def cool(self) -> None:
        """Let the next call find storage and contracts cold: the same ones in another EVM.

        What was proven before is forgotten.
        """
        self.evm = pyrevm.EVM(spec_id="PRAGUE")
        for address, account in self.accounts.items():
            self.evm.insert_account_info(address, account)
        for (address, slot), value in self.written.items():
            self.evm.insert_account_storage(address, slot, value)

    def is_rejected(self, data: bytes) -> bool:
        """Say whether the verifier reverts."""
        try:
            self._send(data, is_static=True)
        except RuntimeError:
            return True
        return False

    def entry(self, start_root: bytes, steps_done: int) -> tuple[bytes, int, bool]:
        """Read the proof table."""
        ctx = context(len(self.items) - 1, self.items[-1], CONFIG)
        selector = keccak(b"entry(bytes32,bytes32,uint256)")[:4]
        data = selector + encode(("bytes32", "bytes32", "uint256"), (ctx, start_root, steps_done))
        root, weight, ended = decode(
            ("bytes32", "uint256", "bool"), self._send(data, is_static=True)
        )
        return root, weight, ended

    def _send(self, data: bytes, *, is_static: bool) -> bytes:
        raw: bytes = self.evm.message_call(
            caller=_DEPLOYER, to=self.verifier, calldata=data, is_static=is_static
        )
        return bytes(raw)


def _mapping(slot: int, key: int) -> int:
    return int.from_bytes(keccak(key.to_bytes(32, "big") + slot.to_bytes(32, "big")), "big")
