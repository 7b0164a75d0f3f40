"""What happened on L1 around a contest or a vault: decoded logs, their transactions, the costs.

Only for telling it to people: no decision is taken from here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rollup_node.l1.client import JsonRpcClient
from rollup_node.l1.handles import Handle, contract_handles
from rollup_node.l1.reader import to_bytes, to_int
from rollup_node.l1.sender import read_receipt
from rollup_node.ports import L1Receipt, ReorgError

_CONTRACTS: Final = (
    "assertion_chain",
    "challenge_game",
    "stake_pool",
    "step_verifier",
    "blob_importer",
)
_PAGE: Final = 128
"""Transactions asked for in one request."""


@dataclass(frozen=True, slots=True)
class L1Log:
    """A decoded event, `name` with its `arguments`, and where it is."""

    name: str
    arguments: Mapping[str, Any]
    l1_block: int
    transaction: bytes


@dataclass(frozen=True, slots=True)
class Sent:
    """A mined transaction; `at` is the time of its block, unix seconds."""

    sender: bytes
    to: bytes | None
    data: bytes
    at: int
    receipt: L1Receipt


class JournalReader:
    """Reads logs and transactions of some contracts."""

    def __init__(
        self,
        client: JsonRpcClient,
        addresses: Mapping[str, bytes],
        contracts: Sequence[str] = _CONTRACTS,
    ) -> None:
        """Take whose logs to read, by names in rollup.json; by default those of a contest."""
        self._client = client
        self._handles = contract_handles(addresses)
        found = [self._handles[name] for name in contracts if name in self._handles]
        self._by_address = {handle.address: handle for handle in found}

    def handle(self, contract: str) -> Handle:
        """Return the handle of a contract, by its name in rollup.json."""
        return self._handles[contract]

    async def logs(self, first: int, last: int) -> list[L1Log]:
        """Return the events of blocks `first..last` in order."""
        query = {
            "fromBlock": hex(first),
            "toBlock": hex(last),
            "address": ["0x" + address.hex() for address in self._by_address],
        }
        found: list[L1Log] = []
        for log in await self._client.call("eth_getLogs", query):
            handle = self._by_address[to_bytes(log["address"])]
            topics = [to_bytes(topic) for topic in log["topics"]]
            event = handle.decode_event(topics, to_bytes(log["data"]))
            if event is not None:
                number, digest = to_int(log["blockNumber"]), to_bytes(log["transactionHash"])
                found.append(L1Log(event.name, event.arguments, number, digest))
        return found

    async def sent(self, hashes: Sequence[bytes]) -> dict[bytes, Sent]:
        """Return transactions with their receipts, by hash.

        Raises
        ------
        ReorgError
            If L1 does not have one of them any more.
        """
        found: dict[bytes, Sent] = {}
        for start in range(0, len(hashes), _PAGE):
            found |= await self._page(hashes[start : start + _PAGE])
        return found

    async def _page(self, hashes: Sequence[bytes]) -> dict[bytes, Sent]:
        names = ["0x" + digest.hex() for digest in hashes]
        receipts = await self._ask("eth_getTransactionReceipt", [[name] for name in names])
        bodies = await self._ask("eth_getTransactionByHash", [[name] for name in names])
        blocks = sorted({receipt["blockNumber"] for receipt in receipts})
        headers = await self._ask("eth_getBlockByNumber", [[number, False] for number in blocks])
        times = {
            number: to_int(header["timestamp"])
            for number, header in zip(blocks, headers, strict=True)
        }
        return {
            digest: Sent(
                sender=to_bytes(body["from"]),
                to=None if body.get("to") is None else to_bytes(body["to"]),
                data=to_bytes(body["input"]),
                at=times[receipt["blockNumber"]],
                receipt=read_receipt(receipt),
            )
            for digest, body, receipt in zip(hashes, bodies, receipts, strict=True)
        }

    async def _ask(self, method: str, parameters: list[list[Any]]) -> list[Any]:
        answers = await self._client.batch([(method, each) for each in parameters])
        if any(answer is None for answer in answers):
            raise ReorgError(f"{method}: L1 does not have it any more")
        return answers
