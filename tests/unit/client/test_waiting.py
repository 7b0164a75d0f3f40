"""Waiting for a record: each wait ends with what was asked for, or with its deadline."""

from typing import Any

import pytest

from rollup_node.client.errors import ClientError, NotFoundError, WaitError
from rollup_node.client.waiting import Inclusion, wait_head, wait_included

HASH = "0x" + "11" * 32


class Node:
    """Answers the calls from a script: the last answer stays."""

    def __init__(self, records: list[Any], heads: list[int] | None = None) -> None:
        self.records, self.heads = records, heads or [0]

    async def ask(self, method: str, params: list[Any]) -> Any:
        if method == "optimism_syncStatus":
            head = self.heads.pop(0) if len(self.heads) > 1 else self.heads[0]
            return {"safe_l2": {"number": head}, "finalized_l2": {"number": head - 5}}
        assert params == [HASH]
        answer = self.records.pop(0) if len(self.records) > 1 else self.records[0]
        if isinstance(answer, Exception):
            raise answer
        return {"blockNumber": answer, "sequence": 3, "reason": "OK"}


async def test_wait_included_returns_the_block_once_there_is_one() -> None:
    node = Node([NotFoundError(-32001, "no such record"), None, 9])
    assert await wait_included(node.ask, HASH, 5) == Inclusion(HASH, 9, 3, "OK")


async def test_wait_included_never_ends_with_the_deadline() -> None:
    with pytest.raises(WaitError, match="is in no block after"):
        await wait_included(Node([None]).ask, HASH, 0.05)


async def test_wait_included_error_of_the_node_ends_the_wait() -> None:
    with pytest.raises(WaitError, match="internal"):
        await wait_included(Node([ClientError(-32603, "internal error")]).ask, HASH, 5)


async def test_wait_head_waits_for_the_block_and_follows_it_if_it_moves() -> None:
    node = Node([9, 10], heads=[8, 9, 10])
    assert (await wait_head(node.ask, "safe_l2", HASH, 5)).block == 10
    with pytest.raises(WaitError, match="beyond finalized_l2"):
        await wait_head(node.ask, "finalized_l2", HASH, 0.05)
