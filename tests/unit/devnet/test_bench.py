"""The benchmark's own parts: what it signs, and when it says that roots differ."""

import os
import sys
from pathlib import Path
from typing import Any, cast

import pytest

from rollup_node.codec.eip712 import digest
from rollup_node.codec.records import decode_record
from rollup_node.codec.signature import address_of, recover
from rollup_node.core.inputs import SignedTransaction, Transfer
from rollup_node.devnet.bench_load import key_of, sign_transfers
from rollup_node.devnet.bench_spine import agreed_root
from rollup_node.devnet.failure import DisagreementError
from rollup_node.devnet.process import spawn, stop
from rollup_node.devnet.session import Session

DOMAIN = b"\x07" * 32
ROOT, OTHER = "0x" + "11" * 32, "0x" + "22" * 32


class FakeNode:
    """Answers like a node with one block."""

    def __init__(self, root: str, *, agrees: bool = True) -> None:
        self.root, self.agrees = root, agrees

    def call(self, method: str, *params: Any) -> Any:
        if method == "optimism_syncStatus":
            return {"unsafe_l2": {"number": 3}}
        assert (method, params) == ("optimism_outputAtBlock", ("0x3",))
        return {"stateRoot": self.root}

    def request(self, verb: str, path: str) -> tuple[int, bytes]:
        assert (verb, path) == ("GET", "/metrics")
        return 200, f"strikenet_verifier_agrees {int(self.agrees)}\n".encode()


class FakeSession:
    """A session whose parties may say different things."""

    def __init__(self, *, verifier: str = ROOT, claimed: str = ROOT, agrees: bool = True) -> None:
        self.nodes = {
            "sequencer": FakeNode(ROOT),
            "proposer": FakeNode(ROOT),
            "verifier": FakeNode(verifier, agrees=agrees),
        }
        self.sequencer, self.verifier = self.nodes["sequencer"], self.nodes["verifier"]
        self.chain = self
        self._claimed = bytes.fromhex(claimed[2:])

    def all_events(self, name: str) -> list[dict[str, Any]]:
        assert name == "AssertionCreated"
        return [{"afterStateRoot": self._claimed}]


def test_agreed_root_gives_block_and_root() -> None:
    assert agreed_root(cast("Session", FakeSession())) == (3, ROOT)


@pytest.mark.parametrize("what", [{"verifier": OTHER}, {"claimed": OTHER}, {"agrees": False}])
def test_agreed_root_any_difference_ends_with_code_8(what: dict[str, Any]) -> None:
    with pytest.raises(DisagreementError) as raised:
        agreed_root(cast("Session", FakeSession(**what)))
    assert raised.value.exit_code == 8


def test_sign_transfers_goes_around_the_ring_with_nonces_in_order() -> None:
    numbers = [5, 6, 7]
    nonces: dict[int, list[int]] = {number: [] for number in numbers}
    for body in sign_transfers(10, numbers, 1, DOMAIN, 1_000):
        signed = decode_record(body)
        assert isinstance(signed, SignedTransaction)
        transfer = signed.transaction
        assert isinstance(transfer, Transfer)
        assert transfer.recipient == numbers[(numbers.index(transfer.sender) + 1) % 3]
        owner = address_of(key_of(numbers.index(transfer.sender)))
        assert recover(digest(DOMAIN, transfer), signed.signature) == owner
        nonces[transfer.sender].append(transfer.nonce)
    assert nonces == {5: [1000, 1001, 1002, 1003], 6: [1000, 1001, 1002], 7: [1000, 1001, 1002]}


@pytest.mark.skipif(sys.platform != "linux", reason="priorities are lowered on Linux only")
def test_spawn_idle_lowers_the_priority_of_that_child_alone(tmp_path: Path) -> None:
    parent = os.sched_getscheduler(0)
    for idle, expected in ((False, parent), (True, os.SCHED_IDLE)):
        child = spawn("child", ["sleep", "600"], tmp_path / f"{idle}.log", idle=idle)
        try:
            assert os.sched_getscheduler(child.pid) == expected
            assert os.getpgid(child.pid) == child.pid  # a group of its own hears no Ctrl-C
        finally:
            stop([child])
    assert os.sched_getscheduler(0) == parent
