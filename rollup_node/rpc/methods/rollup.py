"""`rollup_*`: what only a rollup has: submission, confirmations, batches, proofs."""

from collections.abc import Sequence
from typing import Annotated, Any, Final

import msgspec

from rollup_node.core.reason import Reason
from rollup_node.rpc.backend import Backend, Confirmation, TransactionStatus, WithdrawalView
from rollup_node.rpc.errors import REJECTED, TOO_LARGE, RpcError, invalid_params, not_found
from rollup_node.rpc.methods.eth import resolve_block
from rollup_node.rpc.table import TABLE, Address, BlockTag, Count, Data, Hash

MAX_TRANSACTIONS: Final = 1_000
"""Bodies in one call of `rollup_sendTransactions`."""
MAX_TRANSACTION_BYTES: Final = 1_024
MAX_ENTRIES: Final = 256
MAX_LEAVES: Final = 1_024
"""Leaves of one moment: enough for an account with 128 positions and all that prices them."""


class Accepted(msgspec.Struct, frozen=True):
    """A transaction that is durable: its place in the record chain and its hash."""

    sequence: int
    hash: str


class Refused(msgspec.Struct, frozen=True):
    """A transaction that is not included, and why."""

    error: dict[str, Any]


class Receipt(msgspec.Struct, frozen=True):
    """A soft confirmation: all records below `count` hash to `link` (docs/spec.md B-1)."""

    count: int
    link: str
    signature: str


class SendResult(msgspec.Struct, frozen=True):
    """Answer for several transactions, in the order given."""

    results: list[Accepted | dict[str, Any]]
    confirmation: Receipt | None


class SentOne(msgspec.Struct, frozen=True):
    """Answer for one transaction."""

    sequence: int
    hash: str
    confirmation: Receipt | None


@TABLE.add("rollup_sendTransactions")
async def send_transactions(backend: Backend, transactions: list[str] | str) -> Any:
    """Submit signed transaction bodies (docs/spec.md R-4) in order.

    `transactions` is a list of hex bodies, or one hex string of framed records (R-2). Each gets
    `{sequence, hash}` or `{error}`; the answer comes after all accepted ones are durable.
    """
    if isinstance(transactions, str):
        bodies = _split_frames(_hex(transactions, "transactions"))
    else:
        bodies = _decode_all(transactions)
    if not 1 <= len(bodies) <= MAX_TRANSACTIONS:
        text = f"{len(bodies)} transactions (at least 1, at most) {MAX_TRANSACTIONS}"
        raise invalid_params(text, "transactions")
    statuses, confirmation = await backend.submit(bodies)
    return SendResult([_format_status(status) for status in statuses], _receipt(confirmation))


@TABLE.add("rollup_sendTransaction")
async def send_transaction(backend: Backend, transaction: str) -> Any:
    """Submit one signed transaction body; errors are 3000 + reason of docs/spec.md X-10."""
    body = _hex(transaction, "transaction")
    if len(body) > MAX_TRANSACTION_BYTES:
        text = f"transaction has {len(body)} bytes (at most) {MAX_TRANSACTION_BYTES}"
        raise RpcError(TOO_LARGE, text, reason="TOO_LARGE", field="transaction")
    statuses, confirmation = await backend.submit([body])
    status = statuses[0]
    if status.reason:
        raise rejection(status)
    return SentOne(status.sequence, "0x" + status.record_hash.hex(), _receipt(confirmation))


def rejection(status: TransactionStatus) -> RpcError:
    """Return the error for a rejected transaction."""
    if status.reason < 0:
        text = f"transaction is longer than {MAX_TRANSACTION_BYTES} bytes"
        return RpcError(TOO_LARGE, text, reason="TOO_LARGE", field="transaction")
    name = Reason(status.reason).name
    text = f"transaction rejected: {name}" + (f" ({status.field})" if status.field else "")
    return RpcError(REJECTED + status.reason, text, reason=name, field=status.field)


def _format_status(status: TransactionStatus) -> Accepted | dict[str, Any]:
    if status.reason:
        return {"error": rejection(status).to_object()}
    return Accepted(status.sequence, "0x" + status.record_hash.hex())


def _receipt(confirmation: Confirmation | None) -> Receipt | None:
    if confirmation is None:
        return None
    count, link, signature = confirmation
    return Receipt(count, "0x" + link.hex(), "0x" + signature.hex())


def _hex(text: str, field: str) -> bytes:
    try:
        if text[:2] == "0x":
            return bytes.fromhex(text[2:])
    except ValueError:
        pass
    raise invalid_params(f"{field} is not 0x-prefixed hex", field)


def _decode_all(texts: Sequence[str]) -> list[bytes]:
    fromhex = bytes.fromhex
    try:
        return [fromhex(text.removeprefix("0x")) for text in texts]
    except ValueError:
        for index, text in enumerate(texts):
            _hex(text, f"transactions[{index}]")
        raise invalid_params("transactions are not 0x-prefixed hex", "transactions") from None


def _split_frames(data: bytes) -> list[bytes]:
    bodies = []
    offset = 0
    while offset < len(data):
        length = int.from_bytes(data[offset : offset + 2], "big")
        body = data[offset + 2 : offset + 2 + length]
        if not length or len(body) != length or len(data) - offset < 2:  # noqa: PLR2004 - R-2
            raise invalid_params(f"bad frame at byte {offset}", "transactions")
        bodies.append(body)
        offset += 2 + length
    return bodies


@TABLE.add("rollup_getAccount")
async def get_account(backend: Backend, account: Count) -> dict[str, Any]:
    """Return owner, nonce window and balances of an account."""
    view = backend.account(account)
    if view is None:
        raise not_found(f"account {account} is not open", "account")
    return {
        "account": view.account,
        "owner": "0x" + view.owner.hex(),
        "nonceHigh": view.nonce_high,
        "nonceMap": hex(view.nonce_map),
        "balances": {
            asset.symbol: str(amount)
            for asset, amount in zip(backend.assets, view.balances, strict=False)
        },
    }


@TABLE.add("rollup_getLeaves")
async def get_leaves(backend: Backend, keys: list[Count]) -> list[str]:
    """Return leaves of the newest state by key (docs/spec.md T-2), all of one moment.

    A leaf that was never written is `0x`.
    """
    if len(keys) > MAX_LEAVES:
        raise invalid_params(f"{len(keys)} keys (at most) {MAX_LEAVES}", "keys")
    return ["0x" + backend.leaf(key).hex() for key in keys]


@TABLE.add("rollup_getAccounts")
async def get_accounts(backend: Backend, owner: Address) -> list[int]:
    """Return the numbers of all accounts of an owner."""
    return list(backend.accounts_of(bytes.fromhex(owner[2:])))


@TABLE.add("rollup_getRecord")
async def get_record(backend: Backend, hash: Hash) -> dict[str, Any]:
    """Return a record with its place, kind and reason."""
    view = backend.record(bytes.fromhex(hash[2:]))
    if view is None:
        raise not_found("no such record", "hash")
    return {
        "hash": hash,
        "sequence": view.sequence,
        "kind": view.kind,
        "reason": Reason(view.reason).name,
        "blockNumber": view.block_number if view.block_number >= 0 else None,
        "index": view.place,
        "sender": "0x" + view.sender.hex(),
        "account": view.account,
        "body": "0x" + view.body.hex(),
    }


@TABLE.add("rollup_getConfirmation")
async def get_confirmation(backend: Backend, sequence: Count) -> Any:
    """Return the first soft confirmation that covers a sequence number."""
    confirmation = backend.confirmation(sequence)
    if confirmation is None:
        raise not_found(f"record {sequence} is not confirmed", "sequence")
    return _receipt(confirmation)


@TABLE.add("rollup_getBatches")
async def get_batches(
    backend: Backend, first: Count, limit: Annotated[int, msgspec.Meta(ge=1, le=MAX_ENTRIES)] = 16
) -> list[dict[str, Any]]:
    """Return batches that are cut and durable, from a number on: what a batch poster posts."""
    return [
        {
            "number": number,
            "data": "0x" + data.hex(),
            "delayedCount": delayed_count,
            "fastCount": fast_count,
        }
        for number, data, delayed_count, fast_count in backend.batches(first, limit)
    ]


@TABLE.add("rollup_getLog")
async def get_log(
    backend: Backend, first: Count, limit: Annotated[int, msgspec.Meta(ge=1, le=MAX_ENTRIES)] = 64
) -> list[dict[str, Any]]:
    """Return signed entries of the sequencer's log from a number on: what the feed carries."""
    return [
        {"number": number, "entry": "0x" + entry.hex(), "signature": "0x" + signature.hex()}
        for number, entry, signature in backend.log_entries(first, limit)
    ]


@TABLE.add("rollup_getWithdrawals")
async def get_withdrawals(backend: Backend, account: Count) -> list[dict[str, Any]]:
    """Return the outbox entries of an account."""
    return [_format_withdrawal(entry) for entry in backend.withdrawals_of(account)]


@TABLE.add("rollup_getWithdrawalProof")
async def get_withdrawal_proof(
    backend: Backend,
    outboxIndex: Count,
    item: Count | None = None,
) -> dict[str, Any]:
    """Prove an outbox entry in the state after `item` inbox items: 36 siblings from the leaf up."""
    proof = await backend.withdrawal_proof(outboxIndex, item)
    if proof is None:
        raise not_found(f"outbox entry {outboxIndex} is not in that state", "outboxIndex")
    return {
        **_format_withdrawal(proof.withdrawal),
        "item": proof.item,
        "stateRoot": "0x" + proof.state_root.hex(),
        "branch": ["0x" + node.hex() for node in proof.branch],
    }


def _format_withdrawal(entry: WithdrawalView) -> dict[str, Any]:
    return {
        "outboxIndex": entry.outbox_index,
        "account": entry.account,
        "asset": entry.asset,
        "amount": str(entry.amount),
        "recipient": "0x" + entry.recipient.hex(),
    }


@TABLE.add("rollup_getSegmentRoots")
async def get_segment_roots(backend: Backend, assertionId: Hash) -> list[str]:
    """Return the segment roots of an assertion, from its parent's state to its own."""
    roots = backend.segment_roots(bytes.fromhex(assertionId[2:]))
    if roots is None:
        raise not_found("no segment roots of that assertion", "assertionId")
    return ["0x" + root.hex() for root in roots]


@TABLE.add("rollup_stateRoot")
async def state_root(backend: Backend, block: BlockTag = "latest") -> Data:
    """Return the state root after a block."""
    view = backend.block(resolve_block(backend, block))
    if view is None:
        raise not_found(f"no block {block}", "block")
    return "0x" + view.state_root.hex()


@TABLE.add("rollup_typedData")
async def typed_data(backend: Backend, kind: str, fields: dict[str, Any]) -> dict[str, Any]:
    """Return the EIP-712 document of a transfer, withdraw or rotate-key for a wallet to sign."""
    return backend.typed_data(kind, fields)
