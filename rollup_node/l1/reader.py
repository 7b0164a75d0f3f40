"""Reads L1 for one rollup: blocks, what our contracts said in them, batch data, and views.

Nothing here is believed by the derivation without its hashes, except that blobs are checked
against their versioned hashes here, because that needs the KZG library.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, Final, cast

from rollup_node.codec.blob import from_blobs
from rollup_node.core.inputs import ItemHeader
from rollup_node.core.kinds import ItemKind
from rollup_node.derive.events import ChainEvent, ItemAppended, L1Block, L1BlockEvents
from rollup_node.l1.client import JsonRpcClient, RpcError
from rollup_node.l1.handles import Handle, contract_handles, explain_revert
from rollup_node.l1.logs import decode_log
from rollup_node.l1.transactions import blob_versioned_hash
from rollup_node.ports import (
    CriticalError,
    InputError,
    L1Transaction,
    ReorgError,
    TemporaryError,
)

_FOLLOWED: Final = ("inbox", "assertion_chain", "stake_pool", "challenge_game")
_BLOBS_METHOD: Final = "anvil_getBlobsByTransactionHash"
_REVERT_CODE: Final = 3


class RpcReader:
    """`L1Reader` over JSON-RPC. Errors as that protocol says."""

    def __init__(self, client: JsonRpcClient, addresses: Mapping[str, bytes]) -> None:
        self._client = client
        self._handles = contract_handles(addresses)
        followed = [found for name, found in self._handles.items() if name in _FOLLOWED]
        self._by_address = {handle.address: handle for handle in followed}

    async def chain_id(self) -> int:
        """Return the chain id of L1."""
        return to_int(await self._client.call("eth_chainId"))

    async def head(self) -> L1Block:
        """Return the latest block."""
        block = await self._client.call("eth_getBlockByNumber", "latest", *(False,))
        if block is None:
            raise TemporaryError("L1 has no latest block")
        return _block(block)

    async def block_by_number(self, number: int) -> L1Block | None:
        """Return the canonical block of that height, `None` above the head."""
        block = await self._client.call("eth_getBlockByNumber", hex(number), *(False,))
        return None if block is None else _block(block)

    async def events(self, first: int, last: int) -> list[L1BlockEvents]:
        """Return the blocks `first..last` and their events, with batch data.

        Raises
        ------
        ReorgError
            If L1 changed while it was read.
        CriticalError
            If the endpoint gives blobs that do not match their hashes.
        """
        query = {
            "fromBlock": hex(first),
            "toBlock": hex(last),
            "address": ["0x" + address.hex() for address in self._by_address],
        }
        requests: list[tuple[str, list[Any]]] = [
            ("eth_getBlockByNumber", [hex(number), False]) for number in range(first, last + 1)
        ]
        *headers, logs = await self._client.batch([*requests, ("eth_getLogs", [query])])
        if any(header is None for header in headers):
            raise ReorgError(f"L1 blocks {first}..{last}: one is gone")
        blocks = [_block(header) for header in headers]
        grouped: dict[bytes, list[ChainEvent]] = {block.hash: [] for block in blocks}
        times = {block.hash: block.timestamp for block in blocks}
        for log in sorted(
            logs, key=lambda log: (to_int(log["blockNumber"]), to_int(log["logIndex"]))
        ):
            block_hash = to_bytes(log["blockHash"])
            if block_hash not in grouped:
                raise ReorgError(f"L1 block {log['blockNumber']}: logs of another block hash")
            event = await self._event(log, times[block_hash])
            if event is not None:
                grouped[block_hash].append(event)
        return [L1BlockEvents(block, tuple(grouped[block.hash])) for block in blocks]

    async def transaction(self, transaction_hash: bytes) -> L1Transaction:
        """Return a transaction.

        Raises
        ------
        ReorgError
            If L1 does not have it (any more).
        """
        found = await self._client.call("eth_getTransactionByHash", "0x" + transaction_hash.hex())
        if found is None:
            raise ReorgError(f"L1 transaction 0x{transaction_hash.hex()} is gone")
        return L1Transaction(
            hash=transaction_hash,
            sender=to_bytes(found["from"]),
            to=None if found.get("to") is None else to_bytes(found["to"]),
            data=to_bytes(found["input"]),
            blob_hashes=tuple(to_bytes(text) for text in found.get("blobVersionedHashes") or ()),
        )

    async def blobs(self, transaction_hash: bytes) -> list[bytes]:
        """Return the blobs of a transaction, whole: what follows the data of an item included.

        Raises
        ------
        TemporaryError
            If nobody serves them.
        """
        blobs, _ = await self._blobs(transaction_hash)
        return blobs

    async def call(
        self, contract: str, function: str, *arguments: object, block_hash: bytes | None = None
    ) -> tuple[Any, ...]:
        """Return what a view answers, at a block hash or at the head.

        Raises
        ------
        TransactionReverted
            If it reverts.
        """
        handle = self.handle(contract)
        request = {
            "to": "0x" + handle.address.hex(),
            "data": "0x" + handle.encode_call(function, *arguments).hex(),
        }
        at = "latest" if block_hash is None else {"blockHash": "0x" + block_hash.hex()}
        what = f"{handle.name}.{function}"
        try:
            answer = await self._client.call("eth_call", request, at)
        except RpcError as error:
            raise classify_error(what, error) from error
        return handle.decode_result(function, to_bytes(answer))

    async def estimate_gas(self, contract: str, function: str, *arguments: object) -> int | None:
        """Return the gas of a transaction at the head, `None` if it would fail or cost too much."""
        handle = self.handle(contract)
        request = {
            "to": "0x" + handle.address.hex(),
            "data": "0x" + handle.encode_call(function, *arguments).hex(),
        }
        try:
            return to_int(await self._client.call("eth_estimateGas", request, "latest"))
        except RpcError:
            return None

    def handle(self, contract: str) -> Handle:
        """Return the handle of a contract of rollup.json.

        Raises
        ------
        InputError
            If it is not one of ours.
        """
        found = self._handles.get(contract)
        if found is None:
            raise InputError(f"no contract {contract}: expected one of {sorted(self._handles)}")
        return found

    async def _event(self, log: Mapping[str, Any], timestamp: int) -> ChainEvent | None:
        handle = self._by_address[to_bytes(log["address"])]
        topics = [to_bytes(topic) for topic in log["topics"]]
        event = handle.decode_event(topics, to_bytes(log["data"]))
        if event is None:
            return None
        if event.name == "BatchPosted":
            return await self._item(event.arguments, to_bytes(log["transactionHash"]))
        return decode_log(event.name, event.arguments, timestamp)

    async def _item(self, values: Mapping[str, Any], transaction_hash: bytes) -> ItemAppended:
        header = ItemHeader(
            kind=values["kind"],
            byte_length=values["byteLength"],
            data_root=values["dataRoot"],
            delayed_count=values["delayedCount"],
            delayed_acc=values["delayedAccumulator"],
            fast_count=values["fastCount"],
            fast_acc=values["fastAccumulator"],
            min_time=values["minTime"],
            max_time=values["maxTime"],
        )
        data: bytes = b""
        blob_hashes: tuple[bytes, ...] = ()
        if header.kind == ItemKind.CALLDATA:
            data = await self._calldata(transaction_hash)
        elif header.kind == ItemKind.BLOB:
            blobs, blob_hashes = await self._blobs(transaction_hash)
            data = from_blobs(blobs, header.byte_length)
        return ItemAppended(
            index=values["index"],
            accumulator=values["accumulator"],
            header=header,
            data=data,
            blob_hashes=blob_hashes,
            poster=values["poster"],
            transaction_hash=transaction_hash,
        )

    async def _calldata(self, transaction_hash: bytes) -> bytes:
        transaction = await self.transaction(transaction_hash)
        arguments = self._handles["inbox"].decode_call("appendBatch", transaction.data)
        if arguments is None:
            raise CriticalError(f"L1 transaction 0x{transaction_hash.hex()} is no appendBatch call")
        return cast("bytes", arguments[1])

    async def _blobs(self, transaction_hash: bytes) -> tuple[list[bytes], tuple[bytes, ...]]:
        transaction = await self.transaction(transaction_hash)
        found = await self._client.call(_BLOBS_METHOD, "0x" + transaction_hash.hex())
        if not found:
            raise TemporaryError(f"blobs of 0x{transaction_hash.hex()} are not available")
        blobs = [to_bytes(text) for text in found]
        hashes = await asyncio.to_thread(lambda: [blob_versioned_hash(blob) for blob in blobs])
        if tuple(hashes) != transaction.blob_hashes:
            raise CriticalError(f"blobs of 0x{transaction_hash.hex()} do not match their hashes")
        return blobs, transaction.blob_hashes


def classify_error(what: str, error: RpcError) -> Exception:
    """Return the shell error for an endpoint's answer to a call or a transaction."""
    data = error.data
    if isinstance(data, str) and data.startswith("0x"):
        return explain_revert(what, to_bytes(data))
    if error.code == _REVERT_CODE or "revert" in error.reason:
        return explain_revert(what, b"")
    if "block" in error.reason.lower() and "not found" in error.reason.lower():
        return ReorgError(f"{what}: {error.reason}")
    return TemporaryError(f"{what}: {error.reason}")


def to_int(text: str) -> int:
    """Return the integer of a JSON-RPC quantity."""
    return int(text, 16)


def to_bytes(text: str) -> bytes:
    """Return the bytes of JSON-RPC data."""
    return bytes.fromhex(text[2:])


def _block(raw: Mapping[str, Any]) -> L1Block:
    return L1Block(
        number=to_int(raw["number"]),
        hash=to_bytes(raw["hash"]),
        parent_hash=to_bytes(raw["parentHash"]),
        timestamp=to_int(raw["timestamp"]),
    )
