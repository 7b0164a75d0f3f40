"""Worker processes give one answer per body, in order, and are replaced when they die."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator

import pytest

from rollup_node.codec.signature import address_of
from rollup_node.core.inputs import RotateKey, Transaction, Transfer, Withdraw
from rollup_node.node.signers import SignerPool
from rollup_node.proof.inbox import record_hash
from tests.action.sequencing import DOMAIN, KEYS, signed


@pytest.fixture
async def pool() -> AsyncIterator[SignerPool]:
    made = SignerPool(DOMAIN, workers=2)
    await made.start()
    yield made
    await made.stop()


async def test_recover_keeps_order_over_many_chunks(pool: SignerPool) -> None:
    chunks = [[signed(Transfer(1, 2, 0, n * 10 + k, 1)) for k in range(5)] for n in range(20)]
    answers = await asyncio.gather(*(pool.recover(chunk) for chunk in chunks))
    for chunk, answer in zip(chunks, answers, strict=True):
        assert [found.record_hash for found in answer] == [record_hash(body) for body in chunk]
        assert {found.signer for found in answer} == {address_of(KEYS[1])}


async def test_recover_every_kind_and_garbage(pool: SignerPool) -> None:
    transactions: list[Transaction] = [
        Withdraw(1, 0, 5, b"\x09" * 20, 3),
        RotateKey(1, b"\x08" * 20, 4),
    ]
    bodies = [*(signed(t) for t in transactions), b"\x00\x05", b"\x01", b"\xff", b""]
    answer = await pool.recover(bodies)
    assert [found.transaction for found in answer] == [*transactions, None, None, None, None]
    spoiled = signed(transactions[0])[:-64] + b"\xff" * 64
    assert (await pool.recover([spoiled]))[0].signer is None


async def test_recover_dead_worker_is_replaced(pool: SignerPool) -> None:
    for worker in (signer.worker for signer in pool._signers):
        assert worker.process.pid
        os.kill(worker.process.pid, signal.SIGKILL)
        await asyncio.to_thread(worker.process.join)
    body = signed(Transfer(1, 2, 0, 1, 1))
    answers = await asyncio.gather(*(pool.recover([body]) for _ in range(2)))
    assert [answer[0].signer for answer in answers] == [address_of(KEYS[1])] * 2


async def test_start_workers_stand_back_for_who_asks_them(pool: SignerPool) -> None:
    await pool.recover([b""])
    mine = os.getpriority(os.PRIO_PROCESS, 0)
    for process in (signer.worker.process for signer in pool._signers):
        assert process.pid
        assert os.getpriority(os.PRIO_PROCESS, process.pid) == min(mine + 5, 19)
