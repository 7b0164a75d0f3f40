"""The tree in a process of its own gives the roots that the state itself gives, in order."""

import asyncio
import os
import random
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from rollup_node.core.inputs import Transfer
from rollup_node.core.layout import LeafKey, balances_key, outbox_key
from rollup_node.core.leaves import Balances, Leaf, Withdrawal
from rollup_node.node.roots import OwnRoots, TreeProcess
from rollup_node.node.sequencer import Sequencer
from rollup_node.ports import CriticalError
from rollup_node.proof.chain_state import ChainState
from rollup_node.rpc.errors import RpcError
from tests.action.sequencing import START_MS, FakeL1, FixedClock, make_sequencer, signed

SLOT = outbox_key(3)


@pytest.fixture
async def tree() -> AsyncIterator[TreeProcess]:
    made = TreeProcess(lambda _: None)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
async def sequencer(tmp_path: Path, clock: FixedClock) -> AsyncIterator[Sequencer]:
    l1 = FakeL1(clock)
    l1.deposit(1)
    l1.deposit(2)
    made = make_sequencer(tmp_path, clock)
    await made.start()
    await made.on_l1(l1.update(0, 0))
    yield made
    await made.stop()


def _pid(sequencer: Sequencer) -> int:
    worker = sequencer._tree._worker
    assert worker is not None
    assert worker.process.pid
    return worker.process.pid


def _write(state: ChainState, rng: random.Random) -> None:
    writes: dict[LeafKey, Leaf] = {
        balances_key(rng.randrange(1, 50)): Balances((rng.randrange(1 << 60), 0, 0, 0))
        for _ in range(5)
    }
    writes[SLOT] = Withdrawal(1, 0, rng.randrange(1, 1 << 60), b"\x55" * 20)
    state.commit(writes)


async def test_ask_tells_the_roots_of_the_state_in_order_over_blocks_and_rewinds(
    tree: TreeProcess,
) -> None:
    rng, told, expected = random.Random(7), list[bytes](), list[bytes]()
    state, own = ChainState(), ChainState()
    tree.begin(state)
    for round_ in range(30):
        mark, _ = state.mark(), own.mark()
        seed = rng.random()
        for one in (state, own):
            _write(one, random.Random(seed))
        if round_ % 4 == 3:
            state.rewind(mark)
            own.rewind(mark)
        tree.ask(state, told.append)
        expected.append(own.root())
    await tree.settle()
    assert told == expected
    assert len(set(told)) > 20


async def test_prove_now_and_at_a_mark_is_what_the_state_itself_proves(tree: TreeProcess) -> None:
    state, own, roots = ChainState(), ChainState(), OwnRoots()
    tree.begin(state)
    for one in (state, own):
        _write(one, random.Random(1))
        one.mark()
        _write(one, random.Random(2))
    mark = state.first_mark
    assert await tree.prove(state, SLOT, mark) == await roots.prove(own, SLOT, mark)
    assert await tree.prove(state, SLOT, None) == await roots.prove(own, SLOT, None)
    told: list[bytes] = []
    tree.ask(state, told.append)
    await tree.settle()
    assert told == [own.root()]
    with pytest.raises(KeyError):
        await tree.prove(state, SLOT, 99)


async def test_begin_with_another_state_forgets_the_one_before(tree: TreeProcess) -> None:
    first, second, told = ChainState(), ChainState(), list[bytes]()
    _write(first, random.Random(1))
    tree.begin(first)
    tree.begin(second)
    tree.ask(second, told.append)
    await tree.settle()
    assert told == [ChainState().root()]


async def test_stop_leaves_nobody_waiting(tree: TreeProcess) -> None:
    proving = asyncio.ensure_future(tree.prove(ChainState(), SLOT, None))
    await asyncio.sleep(0)
    await tree.stop()
    with pytest.raises(CriticalError, match="process of the tree is gone"):
        await proving
    with pytest.raises(CriticalError, match="process of the tree is gone"):
        await tree.settle()


async def test_sequencer_whose_tree_dies_takes_nothing_more(sequencer: Sequencer) -> None:
    os.kill(_pid(sequencer), signal.SIGKILL)
    listening = sequencer._tree._listening
    assert listening is not None
    await asyncio.wait_for(listening, 20)
    assert isinstance(sequencer.failure, CriticalError)
    with pytest.raises(RpcError, match="takes no transactions"):
        await sequencer.submit([signed(Transfer(1, 2, 0, 5, START_MS))])


async def test_submit_confirms_while_the_tree_stands_still(
    sequencer: Sequencer, clock: FixedClock
) -> None:
    await sequencer.settle()
    finished = sequencer.builder.ledger.newest.number
    os.kill(_pid(sequencer), signal.SIGSTOP)
    try:
        for number in range(3):
            clock.time_ms += 5_000
            statuses, _ = await sequencer.submit([signed(Transfer(1, 2, 0, 5, START_MS + number))])
            assert [status.reason for status in statuses] == [0]
        assert sequencer.builder.cursor.block > finished + 2
        assert sequencer.builder.ledger.newest.number == finished
    finally:
        os.kill(_pid(sequencer), signal.SIGCONT)
    await sequencer.settle()
    assert sequencer.builder.ledger.newest.number >= finished + 2


async def test_undo_of_blocks_without_roots_leaves_the_blocks_of_a_run_that_never_had_them(
    sequencer: Sequencer, clock: FixedClock
) -> None:
    await sequencer.submit([signed(Transfer(1, 2, 0, 5, START_MS))])
    assembly, ledger = sequencer._assembly, sequencer.builder.ledger
    saved, hashes = assembly.save(), list(ledger.hashes)
    time_ms = sequencer.builder.cursor.time_ms
    for _ in range(3):
        clock.time_ms += 5_000
        assembly.advance(pending=True, active=True)
    assert ledger.position[0] > saved.position.ledger[0]
    assembly.go_back(saved)
    assert (ledger.position, ledger.hashes) == (saved.position.ledger, hashes)
    clock.time_ms += 5_000
    await sequencer.submit([signed(Transfer(1, 2, 0, 5, START_MS + 1))])
    await sequencer.settle()
    block = ledger.blocks[saved.position.ledger[0]]
    assert (block.time_ms, block.records) == (time_ms, tuple(hashes))
    assert [b.number for b in ledger.blocks] == list(range(len(ledger.blocks)))
