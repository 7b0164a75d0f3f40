"""Bodies of delayed and fast messages. Source: docs/spec.md I-6, I-11."""

from typing import Final

from rollup_node.codec.admin import decode_admin
from rollup_node.codec.records import decode_fast, decode_forced, encode_open, encode_transaction
from rollup_node.core.inputs import (
    DelayedMessage,
    Deposit,
    ForcedContent,
    OpenRecord,
    StartSale,
)
from rollup_node.core.kinds import MessageKind
from rollup_node.core.markets import AdminMessage

DEPOSIT_BYTES: Final = 37


def encode_deposit(deposit: Deposit) -> bytes:
    """Return the body of a deposit. Source: docs/spec.md I-6."""
    account, owner, asset, amount = deposit
    return account.to_bytes(4, "big") + owner + bytes((asset,)) + amount.to_bytes(12, "big")


def decode_deposit(body: bytes) -> Deposit | None:
    """Return the deposit in `body`, None if the length is wrong. Source: docs/spec.md I-6."""
    if len(body) != DEPOSIT_BYTES:
        return None
    account, amount = int.from_bytes(body[:4], "big"), int.from_bytes(body[25:], "big")
    return Deposit(account, body[4:24], body[24], amount)


def encode_forced(content: ForcedContent) -> bytes:
    """Return the body of a forced transaction: no nonce, no signature. Source: docs/spec.md R-4."""
    if isinstance(content, OpenRecord | StartSale):
        return encode_open(content)
    return encode_transaction(content, signed=False)


def decode_message(message: DelayedMessage) -> Deposit | ForcedContent | AdminMessage | None:
    """Return what a delayed message says, None if it is undecodable or of an unknown kind.

    Source: docs/spec.md X-6. Twin: contracts/src/core.
    """
    if message.kind == MessageKind.DEPOSIT:
        return decode_deposit(message.body)
    if message.kind == MessageKind.FORCED_TRANSACTION:
        return decode_forced(message.body)
    if message.kind == MessageKind.FAST:
        return decode_fast(message.body)
    if message.kind == MessageKind.ADMIN:
        return decode_admin(message.body)
    return None
