"""Signer recovery for replicas: in a thread, a chunk at a time, so the event loop goes on."""

import asyncio
from collections.abc import Sequence
from typing import Final

from rollup_node.codec.eip712 import digest
from rollup_node.codec.records import decode_record
from rollup_node.codec.signature import recover
from rollup_node.core.inputs import SignedTransaction
from rollup_node.node.replica import RecoverAll

_CHUNK: Final = 250


def recover_in_thread(domain: bytes) -> RecoverAll:
    """Return a function that recovers the signers of record bodies; `None` where invalid."""

    def recover_chunk(bodies: Sequence[bytes]) -> list[bytes | None]:
        return [_recover(domain, body) for body in bodies]

    async def recover_all(bodies: Sequence[bytes]) -> list[bytes | None]:
        signers: list[bytes | None] = []
        for start in range(0, len(bodies), _CHUNK):
            signers += await asyncio.to_thread(recover_chunk, bodies[start : start + _CHUNK])
        return signers

    return recover_all


def _recover(domain: bytes, body: bytes) -> bytes | None:
    record = decode_record(body)
    if not isinstance(record, SignedTransaction):
        return None
    return recover(digest(domain, record.transaction), record.signature)
