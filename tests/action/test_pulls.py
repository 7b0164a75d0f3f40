"""What a pull record adds to its block: the sequencer's ledger and the machine agree."""

from rollup_node.codec.records import encode_prefix, encode_record, frame, iter_records
from rollup_node.core.inputs import Messages, Pull
from rollup_node.node.builder import Builder
from rollup_node.node.signers import Recovered
from rollup_node.proof.chain_state import ChainState
from rollup_node.proof.hashing import keccak
from rollup_node.proof.inbox import message_hash, record_hash
from rollup_node.proof.machine import Machine
from tests.action.sequencing import BRIDGE, START_MS, FakeL1, FixedClock

PULL = encode_record(Pull())
GARBAGE = b"\xff\xff"


def test_pull_adds_its_message_and_a_pull_of_nothing_itself() -> None:
    l1 = FakeL1(FixedClock())
    l1.deposit(1)
    l1.deposit(2)
    bodies = [PULL, GARBAGE, PULL, PULL]
    item = l1.item(encode_prefix(START_MS) + b"".join(map(frame, bodies)), delayed_count=2)

    machine, state = Machine(313371, BRIDGE), ChainState()
    (block,) = machine.run_item(
        state, item.header, item.data, item.messages, segment_roots=False
    ).blocks
    builder = Builder(machine.domain)
    recovered = [Recovered(record_hash(body), None, None) for _, body in iter_records(item.data)]
    builder.run(item.header, item.data, Messages(l1.messages), recovered)
    builder.finish(2, 0, Messages(l1.messages))

    first, second = map(message_hash, l1.messages)
    expected = (first, record_hash(GARBAGE), second, record_hash(PULL))
    assert builder.ledger.newest.records == expected
    assert builder.ledger.newest.transactions_root == keccak(b"".join(expected))
    assert block.transactions_root == builder.ledger.newest.transactions_root
    assert block.state_root == builder.ledger.newest.state_root == state.root()
