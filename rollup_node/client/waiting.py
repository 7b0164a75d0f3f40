"""How far a record is: in a block, on L1, beyond challenge. Asks the node again until it is."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple

from rollup_node.client.errors import ClientError, NotFoundError, WaitError

_FIRST_PAUSE_SECONDS: Final = 0.02
_LONGEST_PAUSE_SECONDS: Final = 1.0

Ask = Callable[[str, list[Any]], Awaitable[Any]]
"""Calls a method of the node by position."""


class Inclusion(NamedTuple):
    """Where a record is in the chain, and what became of it (a name of docs/spec.md X-10)."""

    record_hash: str
    block: int
    sequence: int | None
    reason: str


async def wait_included(ask: Ask, record_hash: str, seconds: float) -> Inclusion:
    """Wait until a record is in an L2 block.

    Raises
    ------
    WaitError
        If it is not after `seconds`.
    """

    async def look() -> Inclusion | None:
        try:
            found = await ask("rollup_getRecord", [record_hash])
        except NotFoundError:
            return None
        if found["blockNumber"] is None:
            return None
        return Inclusion(record_hash, found["blockNumber"], found["sequence"], found["reason"])

    return await _until(look, f"{record_hash} is in no block", seconds)


async def wait_head(ask: Ask, head: str, record_hash: str, seconds: float) -> Inclusion:
    """Wait until the block of a record is at or below a head of `optimism_syncStatus`.

    `safe_l2`: its batch is on L1. `finalized_l2`: an assertion with it is confirmed.

    Raises
    ------
    WaitError
        If it is not after `seconds`.
    """
    began = time.monotonic()
    included = await wait_included(ask, record_hash, seconds)

    async def look() -> Inclusion | None:
        status = await ask("optimism_syncStatus", [])
        if status[head]["number"] < included.block:
            return None
        return await wait_included(ask, record_hash, seconds)

    left = seconds - (time.monotonic() - began)
    return await _until(look, f"{record_hash} in block {included.block} is beyond {head}", left)


async def _until(
    look: Callable[[], Awaitable[Inclusion | None]], what: str, seconds: float
) -> Inclusion:
    deadline = time.monotonic() + seconds
    pause = _FIRST_PAUSE_SECONDS
    while True:
        try:
            found = await look()
        except ClientError as error:
            raise WaitError(f"{what}: {error}") from error
        if found is not None:
            return found
        if time.monotonic() + pause > deadline:
            raise WaitError(f"{what} after {seconds:.1f} s")
        await asyncio.sleep(pause)
        pause = min(pause * 1.5, _LONGEST_PAUSE_SECONDS)
