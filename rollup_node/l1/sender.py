"""Sends L1 transactions of one account: sign, submit, raise the fee while waiting, read receipts.

Idempotent after a crash: the nonce comes from the chain, and `recover` waits for what a previous
process of this account left in the pool before anything new is sent.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from rollup_node.codec.signature import address_of
from rollup_node.l1.client import JsonRpcClient, RpcError
from rollup_node.l1.reader import RpcReader, classify_error, to_bytes, to_int
from rollup_node.l1.transactions import (
    Fees,
    Sidecar,
    Signed,
    Unsigned,
    build_sidecar,
    sign_transaction,
)
from rollup_node.ports import (
    GroupCall,
    L1Receipt,
    ReorgError,
    RollupError,
    TemporaryError,
    TransactionReverted,
)

MAX_TRANSACTION_GAS: Final = 16_777_216
"""Gas of one transaction at most (EIP-7825)."""

MAX_GROUP: Final = 16
"""Transactions of one account in the pool at once: pools keep that many for each."""

_GAS_MARGIN_PERCENT: Final = 130
_PLAIN_BUMP_PERCENT: Final = 115
_BLOB_BUMP_PERCENT: Final = 200
_POLL_SECONDS: Final = 0.02
_PRIORITY_WEI: Final = 1_000_000_000
_ERROR_HINTS: Final = ("already known", "already imported", "nonce too low")


@dataclass(frozen=True, slots=True)
class SendPolicy:
    """How long to wait: for a fee bump, and in all; seconds."""

    bump_after_seconds: float = 6.0
    deadline_seconds: float = 60.0


class RpcSender:
    """`GroupSender` over JSON-RPC for one private key. One call or group at a time, in order."""

    def __init__(
        self,
        client: JsonRpcClient,
        reader: RpcReader,
        private_key: bytes,
        chain_id: int,
        policy: SendPolicy | None = None,
    ) -> None:
        self._client = client
        self._reader = reader
        self._key = private_key
        self._chain_id = chain_id
        self._policy = policy or SendPolicy()
        self._lock = asyncio.Lock()
        self._address = address_of(private_key)

    @property
    def address(self) -> bytes:
        """Return the account that signs."""
        return self._address

    async def recover(self) -> None:
        """Wait until nothing of this account is in the pool, left by a process that was killed.

        Raises
        ------
        TemporaryError
            If it is still there at the deadline.
        """
        deadline = time.monotonic() + self._policy.deadline_seconds
        while time.monotonic() < deadline:
            if await self._nonce("pending") <= await self._nonce("latest"):
                return
            await asyncio.sleep(_POLL_SECONDS)
        raise TemporaryError(f"0x{self._address.hex()} has transactions that are not mined")

    async def send(
        self,
        contract: str,
        function: str,
        *arguments: object,
        value_wei: int = 0,
        blobs: Sequence[bytes] = (),
    ) -> L1Receipt:
        """Send a call of one of our contracts and wait for its receipt; see `L1Sender.send`."""
        handle = self._reader.handle(contract)
        data = handle.encode_call(function, *arguments)
        what = f"{handle.name}.{function}"
        sidecar = await asyncio.to_thread(build_sidecar, blobs) if blobs else None
        async with self._lock:
            return await self._send(what, handle.address, data, value_wei, sidecar)

    async def send_many(self, calls: Sequence[GroupCall]) -> list[L1Receipt | TransactionReverted]:
        """Send calls with consecutive nonces, then wait; see `GroupSender.send_many`."""
        found: list[L1Receipt | TransactionReverted] = []
        async with self._lock:
            for first in range(0, len(calls), MAX_GROUP):
                found += await self._send_group(calls[first : first + MAX_GROUP])
        return found

    async def _send_group(
        self, calls: Sequence[GroupCall]
    ) -> list[L1Receipt | TransactionReverted]:
        """Submit first, wait later. A call that would revert takes no nonce, so none is left out.

        If one cannot be submitted, those before it are waited for and those after it are not sent.
        """
        nonce, fees = await self._nonce("pending"), await self._fees(None)
        found: dict[int, L1Receipt | TransactionReverted] = {}
        sent: dict[int, tuple[str, Unsigned, bytes]] = {}
        failure: Exception | None = None
        for place, call in enumerate(calls):
            handle = self._reader.handle(call.contract)
            what, to = f"{handle.name}.{call.function}", handle.address
            data = handle.encode_call(call.function, *call.arguments)
            try:
                gas = await self._estimate(what, to, data, 0, None)
                unsigned = Unsigned(self._chain_id, nonce + len(sent), to, 0, data, gas, fees, None)
                sent[place] = what, unsigned, await self._sign_and_submit(what, unsigned)
            except TransactionReverted as error:
                found[place] = error
            except RollupError as error:
                failure = error
                break
        for place, (what, unsigned, digest) in sent.items():
            try:
                found[place] = await self._land(what, unsigned, [digest])
            except TransactionReverted as error:
                found[place] = error
        if failure is not None:
            raise failure
        return [found[place] for place in range(len(calls))]

    async def _send(
        self, what: str, to: bytes, data: bytes, value_wei: int, sidecar: Sidecar | None
    ) -> L1Receipt:
        gas = await self._estimate(what, to, data, value_wei, sidecar)
        nonce, fees = await self._nonce("pending"), await self._fees(sidecar)
        unsigned = Unsigned(self._chain_id, nonce, to, value_wei, data, gas, fees, sidecar)
        return await self._land(what, unsigned, [await self._sign_and_submit(what, unsigned)])

    async def _sign_and_submit(self, what: str, unsigned: Unsigned, *, first: bool = True) -> bytes:
        signed = await asyncio.to_thread(sign_transaction, unsigned, self._key)
        await self._submit(what, signed, first=first)
        return signed.hash

    async def _land(self, what: str, unsigned: Unsigned, sent: list[bytes]) -> L1Receipt:
        """Wait for the receipt of what was submitted, with higher fees after a while."""
        percent = _PLAIN_BUMP_PERCENT if unsigned.sidecar is None else _BLOB_BUMP_PERCENT
        deadline = time.monotonic() + self._policy.deadline_seconds
        while True:
            wait = min(deadline, time.monotonic() + self._policy.bump_after_seconds)
            receipt = await self._wait(what, sent, until=wait)
            if receipt is not None:
                return receipt
            if time.monotonic() >= deadline:
                seconds = self._policy.deadline_seconds
                text = f"{what}: no receipt of nonce {unsigned.nonce} after {seconds:g} s"
                raise TemporaryError(text)
            unsigned = replace(unsigned, fees=_bump(unsigned.fees, percent))
            sent.append(await self._sign_and_submit(what, unsigned, first=False))

    async def _estimate(
        self, what: str, to: bytes, data: bytes, value_wei: int, sidecar: Sidecar | None
    ) -> int:
        """Return a gas limit with a margin, or raise what the call would revert with."""
        request = _call_object(self._address, to, data, value_wei, sidecar)
        try:
            gas = to_int(await self._client.call("eth_estimateGas", request, "latest"))
        except RpcError as error:
            raise classify_error(what, error) from error
        return min(gas * _GAS_MARGIN_PERCENT // 100, MAX_TRANSACTION_GAS)

    async def _nonce(self, tag: str) -> int:
        address = "0x" + self._address.hex()
        return to_int(await self._client.call("eth_getTransactionCount", address, tag))

    async def _fees(self, sidecar: Sidecar | None) -> Fees:
        block = await self._client.call("eth_getBlockByNumber", "latest", *(False,))
        maximum = 2 * to_int(block["baseFeePerGas"]) + _PRIORITY_WEI
        if sidecar is None:
            return Fees(maximum, _PRIORITY_WEI)
        return Fees(maximum, _PRIORITY_WEI, 2 * to_int(await self._client.call("eth_blobBaseFee")))

    async def _submit(self, what: str, signed: Signed, *, first: bool) -> None:
        try:
            await self._client.call("eth_sendRawTransaction", "0x" + signed.raw.hex())
        except RpcError as error:
            text = error.reason.lower()
            if first and "nonce too low" in text:
                raise TemporaryError(f"{what}: {error.reason}") from error
            if any(hint in text for hint in _ERROR_HINTS) or not first:
                return  # an earlier one is in the pool or mined: its receipt tells
            raise classify_error(what, error) from error

    async def _wait(self, what: str, hashes: Sequence[bytes], until: float) -> L1Receipt | None:
        """Return the receipt of whichever of these transactions is mined before `until`."""
        while time.monotonic() < until:
            calls: list[tuple[str, list[Any]]] = [
                ("eth_getTransactionReceipt", ["0x" + digest.hex()]) for digest in hashes
            ]
            for raw in await self._client.batch(calls):
                if raw is not None and raw.get("blockHash") is not None:
                    return await self._finish(what, raw)
            await asyncio.sleep(_POLL_SECONDS)
        return None

    async def _finish(self, what: str, raw: dict[str, Any]) -> L1Receipt:
        if to_int(raw["status"]) == 1:
            return read_receipt(raw)
        raise await self._revert_reason(what, raw)

    async def _revert_reason(self, what: str, raw: dict[str, Any]) -> Exception:
        """Return why a mined transaction reverted, by calling it again on its parent block."""
        mined = await self._client.call("eth_getTransactionByHash", raw["transactionHash"])
        if mined is None:
            return ReorgError(f"{what}: transaction {raw['transactionHash']} is gone")
        request = {key: mined[key] for key in ("from", "to", "input", "value")}
        parent = hex(to_int(raw["blockNumber"]) - 1)
        try:
            await self._client.call("eth_call", request, parent)
        except RpcError as error:
            return classify_error(what, error)
        used = to_int(raw["gasUsed"])
        return TransactionReverted(what, "out of gas or order", (used,))


def read_receipt(raw: dict[str, Any]) -> L1Receipt:
    """Return a JSON-RPC receipt as a value."""
    created = raw.get("contractAddress")
    return L1Receipt(
        transaction_hash=to_bytes(raw["transactionHash"]),
        block_number=to_int(raw["blockNumber"]),
        block_hash=to_bytes(raw["blockHash"]),
        gas_used=to_int(raw["gasUsed"]),
        gas_price_wei=to_int(raw["effectiveGasPrice"]),
        blob_gas_used=to_int(raw.get("blobGasUsed") or "0x0"),
        blob_gas_price_wei=to_int(raw.get("blobGasPrice") or "0x0"),
        logs=tuple(raw.get("logs") or ()),
        contract_address=None if created is None else to_bytes(created),
    )


def _call_object(
    sender: bytes, to: bytes, data: bytes, value_wei: int, sidecar: Sidecar | None
) -> dict[str, Any]:
    request: dict[str, Any] = {
        "from": "0x" + sender.hex(),
        "to": "0x" + to.hex(),
        "data": "0x" + data.hex(),
        "value": hex(value_wei),
    }
    if sidecar is not None:
        request["blobVersionedHashes"] = ["0x" + h.hex() for h in sidecar.versioned_hashes]
        request["maxFeePerBlobGas"] = hex(10**12)
    return request


def _bump(fees: Fees, percent: int) -> Fees:
    """Return higher fees; pools want 10 % more, and 100 % more for blob transactions."""
    return Fees(
        fees.maximum * percent // 100 + 1,
        fees.priority * percent // 100 + 1,
        fees.blob * percent // 100 + (1 if fees.blob else 0),
    )
