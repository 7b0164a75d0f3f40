"""The order family of both twins, step by step on one state.

Equal must be the openings and their order, kind, reason, phase, class, and every leaf's bytes.
`python -m tests.contracts.order_twins --steps 20000 --seed 7` prints how often each kind had each
reason.
"""

import argparse
import random
import sys
import time
from collections import Counter
from typing import Any, Final

import pyrevm
from eth_abi.abi import encode

from rollup_node.codec.eip712 import digest, domain_separator
from rollup_node.codec.leaves import encode_leaf
from rollup_node.codec.records import decode_forced, decode_record, encode_record
from rollup_node.codec.signature import address_of, recover, sign
from rollup_node.core.families import ACTIONS, find_task
from rollup_node.core.frame import Authority, Frame
from rollup_node.core.inputs import SignedTransaction
from rollup_node.core.kinds import Phase, StepKind
from rollup_node.core.reason import Reason
from rollup_node.devnet.deployer import constructor_names
from rollup_node.l1.shipped import load_artifact
from rollup_node.proof.hashing import keccak
from tests.contracts.step_call import Answer, Openings, decode_answer, encode_step
from tests.contracts.step_chain import contract_of
from tests.unit.core.exchange_world import Recorder, World

CHAIN_ID: Final = 313_371
BRIDGE: Final = bytes.fromhex("b41d9e0000000000000000000000000000000001")
DOMAIN: Final = domain_separator(CHAIN_ID, BRIDGE)
_DEPLOYER: Final = "0x" + "d0" * 20
_CONTRACTS: Final = (
    "OrderSteps",
    "ReplaceSteps",
    "LegSteps",
    "SweepSteps",
    "RfqSteps",
    "SaleSteps",
)


def key_of(account: int, number: int = 0) -> bytes:
    """Return the private key of an owner, or of a session key."""
    return keccak(bytes((account & 255, number)))


class OrderChain:
    """The step contracts of orders in an EVM in this process."""

    def __init__(self) -> None:
        self.evm: Any = pyrevm.EVM(spec_id="PRAGUE")
        self.evm.set_balance(_DEPLOYER, 10**24)
        self.gas = 0
        self.addresses = {name: self._deploy(name) for name in _CONTRACTS}

    def _deploy(self, name: str) -> str:
        code = load_artifact(name).bytecode.removeprefix("0x")
        arguments = b""
        if constructor_names(name):
            arguments = encode(("uint256", "address"), (CHAIN_ID, "0x" + BRIDGE.hex()))
        address: str = self.evm.deploy(_DEPLOYER, bytes.fromhex(code) + arguments)
        return address

    def execute(self, given: tuple[Any, ...], openings: Openings) -> Answer:
        """Execute one step; raises if it reverts."""
        address = self.addresses[contract_of(given[-1], given[6])]
        data = encode_step(given, openings)
        answer = self.evm.message_call(_DEPLOYER, address, calldata=data, is_static=True)
        self.gas = int(self.evm.result.gas_used)
        return decode_answer(bytes(answer), openings)


class TwinWorld(World):
    """A world whose every body and task runs in both twins; keys are real."""

    def __init__(self, chain: OrderChain) -> None:
        super().__init__()
        self.chain = chain
        self.counts: Counter[tuple[StepKind, Reason]] = Counter()
        self.largest: Counter[StepKind] = Counter()
        self.dearest: Counter[StepKind] = Counter()

    def address(self, account: int, number: int = 0) -> bytes:
        """Return the address of an owner, or of a session key."""
        return address_of(key_of(account, number))

    def signed(self, record: Any, key: bytes) -> bytes:
        """Return the body of a record that `key` signs."""
        return encode_record(SignedTransaction(record, sign(digest(DOMAIN, record), key)))

    def run_body(self, body: bytes) -> Reason:
        """Run a record of a batch."""
        content: Any = decode_record(body)
        signer = None
        if isinstance(content, SignedTransaction):
            signer = recover(digest(DOMAIN, content.transaction), content.signature)
            content = content.transaction
        return self._compare(content, Authority(signer, forced=False, tag=0), body)

    def run_forced(self, body: bytes, sender: bytes, number: int) -> Reason:
        """Run a forced transaction."""
        return self._compare(decode_forced(body), Authority(sender, forced=True, tag=number), body)

    def run_task(self) -> Reason:
        """Run a task step of the family."""
        return self._compare(None, Authority(None, forced=False, tag=0), b"")

    def _compare(self, content: Any, authority: Authority, body: bytes) -> Reason:
        is_forced = authority.forced
        recorder = Recorder(self.leaves)
        frame = Frame(
            recorder,
            time_ms=self.time_ms,
            block=1,
            phase=self.phase,
            order_class=self.order_class,
        )
        action = ACTIONS.get(type(content))
        if not body:
            kind, reason = find_task(self.phase)(frame)
        elif action is None:
            kind = StepKind.FORCED_UNDECODABLE if is_forced else StepKind.UNDECODABLE
            reason = Reason.UNDECODABLE
        else:
            kind, reason = action(frame, content, authority)
        keys = recorder.order
        before = [self._bytes(key) for key in keys]
        sender = authority.address if is_forced and authority.address else bytes(20)
        given = (
            is_forced,
            "0x" + sender.hex(),
            authority.tag,
            0,
            self.time_ms,
            1,
            self.phase,
            self.order_class,
            body,
        )
        self.leaves.update(frame.writes)
        answer = self.chain.execute(given, list(zip(keys, before, strict=True)))
        after = tuple(self._bytes(key) for key in keys)
        expected = (kind, reason, frame.phase, frame.order_class)
        assert answer[:4] == expected, f"{content}: {answer[:4]} != {expected}"
        assert tuple(answer[4]) == after, f"{content}: {kind.name}, {reason.name}: leaves differ"
        self.phase, self.order_class = frame.phase, frame.order_class
        self.events, self.opened = frame.events, keys
        self.counts[kind, reason] += 1
        self.largest[kind] = max(self.largest[kind], len(keys))
        self.dearest[kind] = max(self.dearest[kind], self.chain.gas)
        return reason

    def _bytes(self, key: Any) -> bytes:
        leaf = self.leaves.get(key)
        return b"" if leaf is None else encode_leaf(leaf)

    def finish_tasks(self) -> None:
        """Run the tasks of the family to their end; those of others end without an effect."""
        while self.phase != Phase.IDLE:
            if self.phase in {Phase.LEG, Phase.SWEEP}:
                self.run_task()
            else:
                self.end_foreign_task()

    def end_foreign_task(self) -> None:
        """Pass over a TAKE or a REFRESH as if it had done nothing."""
        task: Any = self.leaves[4 if self.phase == Phase.TAKE else 9]  # type: ignore[index]
        refreshed = self.phase == Phase.REFRESH
        self.phase = task.resume
        if refreshed and self.phase == Phase.TAKE:
            self.phase = Phase.IDLE


def main(arguments: list[str] | None = None) -> int:
    """Run the comparison and print seed, speed and counts."""
    from tests.contracts.order_flow import OrderFlow

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=None)
    options = parser.parse_args(arguments)
    seed = random.SystemRandom().getrandbits(32) if options.seed is None else options.seed
    print(f"seed {seed}", flush=True)
    chain = OrderChain()
    start = time.perf_counter()
    counts: Counter[tuple[StepKind, Reason]] = Counter()
    largest: Counter[StepKind] = Counter()
    dearest: Counter[StepKind] = Counter()
    rng = random.Random(seed)
    while counts.total() < options.steps:
        flow = OrderFlow(rng, TwinWorld(chain))
        flow.run(400)
        counts.update(flow.world.counts)
        largest |= flow.world.largest
        dearest |= flow.world.dearest
    elapsed = time.perf_counter() - start
    for (kind, reason), count in sorted(counts.items()):
        print(f"{kind.name:20} {reason.name:22} {count:8}")
    for kind, leaves in sorted(largest.items()):
        print(f"{kind.name:20} at most {leaves} leaves, {dearest[kind]} gas")
    print(f"{counts.total()} steps equal, {counts.total() / elapsed:.0f} steps/s, seed {seed}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
