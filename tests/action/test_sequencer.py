"""The sequencer never loses what it confirmed, and ends where L1 says it ends."""

import asyncio
import errno
import os
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from rollup_node.codec.eip712 import confirmation_digest
from rollup_node.codec.records import decode_record, encode_record, iter_records
from rollup_node.codec.signature import address_of, recover
from rollup_node.core.inputs import Pull, PullFast, Seal, Transfer
from rollup_node.core.kinds import OrderClass
from rollup_node.core.layout import CLASS_RESET_MS, balances_key
from rollup_node.core.reason import Reason
from rollup_node.node.sequencer import Sequencer
from rollup_node.node.signers import Recovered
from rollup_node.proof.inbox import message_hash
from rollup_node.rpc.backend import Confirmation, TransactionStatus
from rollup_node.rpc.errors import STORE_FULL, RpcError
from tests.action.sequencing import DOMAIN, START_MS, FakeL1, FixedClock, make_sequencer, signed


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def l1(clock: FixedClock) -> FakeL1:
    made = FakeL1(clock)
    made.deposit(1)
    made.deposit(2)
    return made


@pytest.fixture
async def sequencer(tmp_path: Path, clock: FixedClock, l1: FakeL1) -> AsyncIterator[Sequencer]:
    made = make_sequencer(tmp_path, clock)
    await made.start()
    await made.on_l1(l1.update(0, 0))
    yield made
    await made.stop()


def _transfer(number: int, amount: int = 5) -> bytes:
    return signed(Transfer(1, 2, 0, amount, START_MS + number))


def _balance(sequencer: Sequencer, account: int) -> int:
    balance: int = sequencer.builder.state.get(balances_key(account)).amounts[0]
    return balance


async def _cut(sequencer: Sequencer, clock: FixedClock, l1: FakeL1) -> None:
    """Let the open batch grow old and be cut and durable."""
    clock.time_ms += 6_000
    await sequencer.on_l1(l1.update(len(l1.items), len(l1.messages), len(l1.fast), reorg=True))
    await sequencer.submit([b"\x00"])


async def test_submit_confirms_with_signature_of_the_sequencer(sequencer: Sequencer) -> None:
    statuses, confirmation = await sequencer.submit([_transfer(0), _transfer(1)])
    assert [status.reason for status in statuses] == [0, 0]
    assert confirmation is not None
    assert confirmation.covered > statuses[1].sequence
    digest = confirmation_digest(DOMAIN, confirmation.covered, confirmation.link)
    assert recover(digest, confirmation.signature) == address_of(b"\x33" * 32)
    assert _balance(sequencer, 2) == 1_000_010


async def test_submit_bad_transactions_answer_the_reason_and_change_nothing(
    sequencer: Sequencer,
) -> None:
    used = _transfer(0)
    await sequencer.submit([used])
    before = sequencer.builder.state.root()
    forged = signed(Transfer(1, 2, 0, 5, START_MS + 9), account=2)
    bodies = [used, forged, _transfer(2, amount=10**9), b"\xff" * 9, b"\x10" * 2_000]
    statuses, _ = await sequencer.submit(bodies)
    reasons = [status.reason for status in statuses]
    expected = [Reason.NONCE_USED, Reason.BAD_SIGNATURE, Reason.INSUFFICIENT_BALANCE]
    assert reasons == [*expected, Reason.UNDECODABLE, -1]
    assert statuses[1].field == "signature"
    assert sequencer.builder.state.root() == before


async def test_restart_replays_what_was_confirmed(
    sequencer: Sequencer, tmp_path: Path, clock: FixedClock, l1: FakeL1
) -> None:
    _, confirmation = await sequencer.submit([_transfer(n) for n in range(5)])
    await sequencer.settle()
    root, blocks = sequencer.builder.state.root(), sequencer.builder.ledger.newest
    await sequencer.stop()
    again = make_sequencer(tmp_path, clock)
    await again.start()
    await again.on_l1(l1.update(0, 0))
    await again.settle()
    assert again.builder.state.root() == root
    assert again.builder.ledger.newest == blocks
    assert again.chain.confirmations[-1] == confirmation
    statuses, _ = await again.submit([_transfer(0), _transfer(7)])
    assert [status.reason for status in statuses] == [Reason.NONCE_USED, 0]
    await again.stop()


async def test_on_l1_own_batch_is_the_forecast(
    sequencer: Sequencer, clock: FixedClock, l1: FakeL1
) -> None:
    await sequencer.submit([_transfer(0)])
    await _cut(sequencer, clock, l1)
    batch = sequencer.batches(0, 1)[0]
    root = sequencer.builder.state.root()
    l1.item(batch.data, batch.delayed_count)
    await sequencer.on_l1(l1.update(0, 2))
    assert sequencer.counters.rewinds == 0
    assert sequencer.builder.state.root() == root


async def test_on_l1_foreign_item_first_executes_own_batch_again(
    sequencer: Sequencer, clock: FixedClock, l1: FakeL1
) -> None:
    await sequencer.submit([_transfer(0)])
    await _cut(sequencer, clock, l1)
    batch = sequencer.batches(0, 1)[0]
    l1.item(b"", 2, kind=2)
    await sequencer.on_l1(l1.update(0, 2))
    assert sequencer.counters.rewinds == 1
    assert sequencer.builder.cursor.item == 2
    assert _balance(sequencer, 2) == 1_000_005
    l1.item(batch.data, batch.delayed_count)
    await sequencer.on_l1(l1.update(1, 2))
    assert _balance(sequencer, 2) == 1_000_005


async def test_on_l1_time_slept_over_an_open_batch_does_not_pass_twice_behind_a_forced_item(
    sequencer: Sequencer, clock: FixedClock, l1: FakeL1
) -> None:
    """Else L2 is minutes ahead of L1: until then reports are of no time, and no batch is old."""
    await sequencer.submit([_transfer(0)])
    clock.time_ms += 7_200_000
    l1.deposit(1)
    await sequencer.on_l1(l1.update(0, 2))
    l1.item(b"", 2, kind=2)
    await sequencer.on_l1(l1.update(0, 3))
    assert sequencer.builder.cursor.delayed == 3
    assert sequencer.builder.cursor.time_ms <= clock.time_ms + 1_000


async def test_on_l1_fast_messages_are_pulled_at_once_and_before_the_delayed_ones(
    sequencer: Sequencer, clock: FixedClock, l1: FakeL1
) -> None:
    await sequencer.submit([_transfer(0)])
    l1.deposit(2, 7)
    l1.send_fast(b"\x30one")
    l1.send_fast(b"\x40two")
    await sequencer.on_l1(l1.update(0, 2))
    cursor = sequencer.builder.cursor
    assert (cursor.delayed, cursor.fast) == (3, 2)
    bodies = [body for _, body in iter_records(bytes(sequencer.chain.batches[0].data))]
    pulls, seal = bodies[-4:-1], decode_record(bodies[-1])
    assert pulls == [encode_record(r) for r in (PullFast(), PullFast(), Pull())]
    assert seal == Seal(CLASS_RESET_MS)
    assert cursor.order_class == OrderClass.ORACLE
    await _cut(sequencer, clock, l1)
    (batch,) = sequencer.batches(0, 1)
    assert (batch.delayed_count, batch.fast_count) == (3, 2)
    root = sequencer.builder.state.root()
    l1.item(batch.data, 3, 2)
    await sequencer.on_l1(l1.update(0, 3, 2))
    assert sequencer.counters.rewinds == 0
    assert sequencer.builder.state.root() == root


async def test_on_l1_flood_of_fast_messages_is_pulled_with_the_deposit_behind_it(
    tmp_path: Path, clock: FixedClock, l1: FakeL1
) -> None:
    for number in range(5_000):
        l1.send_fast(b"\x30%d" % number)
    made = make_sequencer(tmp_path, clock, max_bytes=10_000)
    await made.start()
    await made.on_l1(l1.update(0, 0))
    cursor = made.builder.cursor
    assert (cursor.delayed, cursor.fast, cursor.order_class) == (2, 5_000, OrderClass.ORACLE)
    assert max(len(batch.data) for batch in made.chain.batches) <= 10_000
    await made.settle()
    first = made.builder.ledger.blocks[1]
    assert [message_hash(message) for message in l1.messages] == list(first.records[-2:])
    await made.submit([_transfer(0)])
    assert _balance(made, 2) == 1_000_005
    await made.stop()


async def test_on_l1_fast_messages_forced_first_are_not_pulled_twice(
    sequencer: Sequencer, clock: FixedClock, l1: FakeL1
) -> None:
    await sequencer.submit([_transfer(0)])
    l1.send_fast(b"\x30")
    await sequencer.on_l1(l1.update(0, 2))
    await _cut(sequencer, clock, l1)
    (batch,) = sequencer.batches(0, 1)
    l1.item(b"", 0, 1, kind=2)
    await sequencer.on_l1(l1.update(0, 2, 1))
    assert sequencer.counters.rewinds == 1
    assert sequencer.builder.cursor.fast == 1
    l1.item(batch.data, batch.delayed_count, batch.fast_count)
    await sequencer.on_l1(l1.update(1, 2, 1))
    assert sequencer.builder.cursor.fast == 1
    assert _balance(sequencer, 2) == 1_000_005


async def test_on_l1_reorg_that_reorders_the_fast_queue_is_followed(
    sequencer: Sequencer, clock: FixedClock, l1: FakeL1
) -> None:
    l1.send_fast(b"\x30one")
    l1.send_fast(b"\x30two")
    await sequencer.on_l1(l1.update(0, 2))
    first = list(sequencer.builder.ledger.entries)
    l1.fast.reverse()
    rewinds = sequencer.counters.rewinds
    await sequencer.on_l1(l1.update(0, 2, 0, reorg=True))
    assert sequencer.counters.rewinds == rewinds + 1
    assert sequencer.builder.cursor.fast == 2
    one, two = (message_hash(message) for message in l1.fast)
    order = [digest for digest in sequencer.builder.ledger.entries if digest in {one, two}]
    assert order == [one, two]
    assert [digest for digest in first if digest in {one, two}] == [two, one]
    await _cut(sequencer, clock, l1)
    assert sequencer.batches(0, 1)[0].fast_count == 2


async def test_on_l1_reorg_that_drops_a_deposit_takes_it_back(
    sequencer: Sequencer, l1: FakeL1
) -> None:
    await sequencer.submit([_transfer(0)])
    del l1.messages[1:]
    await sequencer.on_l1(l1.update(0, 1, reorg=True))
    assert sequencer.builder.state.get(balances_key(2)) is None
    l1.deposit(2, 7)
    await sequencer.on_l1(l1.update(0, 1))
    assert _balance(sequencer, 2) == 7


async def test_submit_disk_full_undoes_and_recovers(
    sequencer: Sequencer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sequencer.submit([_transfer(0)])
    before = sequencer.builder.state.root()

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(RpcError, match="No space left on device"):
        await sequencer.submit([_transfer(1)])
    assert sequencer.builder.state.root() == before
    monkeypatch.undo()
    statuses, _ = await sequencer.submit([_transfer(1)])
    assert statuses[0].reason == 0


class Told:
    """An asker that keeps what it hears."""

    def __init__(self) -> None:
        self.statuses: dict[int, TransactionStatus] = {}
        self.failure: RpcError | None = None

    def tell(
        self, told: Sequence[tuple[int, TransactionStatus]], confirmation: Confirmation | None
    ) -> None:
        assert confirmation is not None
        assert not self.statuses.keys() & {place for place, _ in told}
        self.statuses.update(told)

    def refuse(self, failure: RpcError) -> None:
        assert self.failure is None
        self.failure = failure


@pytest.mark.sources
async def test_enter_what_was_refused_while_its_signers_were_recovered_is_never_executed(
    sequencer: Sequencer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sequencer.submit([_transfer(0)])
    held, recover_now = asyncio.Event(), sequencer._signers.recover

    async def recover_later(bodies: Sequence[bytes]) -> list[Recovered]:
        await held.wait()
        return await recover_now(bodies)

    monkeypatch.setattr(sequencer._signers, "recover", recover_later)
    told = Told()
    sequencer.enter([_transfer(1)], told)
    await asyncio.sleep(0)  # the loop of the sequencer takes it and waits for its signer
    sequencer._refuse(RpcError(STORE_FULL, "no space", reason="STORE_FULL"))
    assert told.failure is not None
    held.set()
    await sequencer.submit([_transfer(2)])
    assert told.statuses == {}
    assert _balance(sequencer, 2) == 1_000_010
    assert sequencer.queue_length == 0


async def test_enter_an_asker_that_fails_stops_nobody(sequencer: Sequencer) -> None:
    class Broken(Told):
        def tell(
            self, told: Sequence[tuple[int, TransactionStatus]], confirmation: Confirmation | None
        ) -> None:
            super().tell(told, confirmation)
            raise ValueError("not mine")

    broken, whole = Broken(), Told()
    sequencer.enter([_transfer(0)], broken)
    sequencer.enter([_transfer(1), b"\xff"], whole)
    await sequencer.submit([_transfer(2)])
    assert [status.reason for status in broken.statuses.values()] == [0]
    assert {place: s.reason for place, s in whole.statuses.items()} == {
        0: Reason.OK,
        1: Reason.UNDECODABLE,
    }
    assert sequencer.failure is None


async def test_submit_many_cuts_batches_below_the_limit(
    tmp_path: Path, clock: FixedClock, l1: FakeL1
) -> None:
    made = make_sequencer(tmp_path, clock, max_bytes=10_000)
    await made.start()
    await made.on_l1(l1.update(0, 0))
    await made.submit([_transfer(n, 1) for n in range(300)])
    batches = made.batches(0, 100)
    assert len(batches) > 1
    assert max(len(batch.data) for batch in batches) <= 10_000
    assert _balance(made, 2) == 1_000_300
    await made.stop()


async def test_dropped_sender_is_answered_but_not_included(sequencer: Sequencer) -> None:
    sequencer.dropped.add(address_of(b"\x11" * 32))
    before = sequencer.builder.state.root()
    await sequencer.submit([_transfer(0)])
    assert sequencer.builder.state.root() == before
