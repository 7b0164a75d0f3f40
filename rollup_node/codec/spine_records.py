"""Records of the spine: transfer, withdraw, rotate key. Source: docs/spec.md R-4.

`encode_*` gives the fields without kind and nonce; `decode_*` reads them and the offset after them.
"""

from rollup_node.codec.fields import ADDRESS_BYTES, U32, U96, read_fixed
from rollup_node.codec.varint import decode_varint, encode_varint
from rollup_node.core.inputs import RotateKey, Transfer, Withdraw


def encode_transfer(record: Transfer) -> bytes:
    """Return the fields of a transfer."""
    return (
        encode_varint(record.sender)
        + encode_varint(record.recipient)
        + record.asset.to_bytes(1, "big")
        + encode_varint(record.amount)
    )


def decode_transfer(body: bytes, at: int) -> tuple[Transfer, int]:
    """Read a transfer; its nonce is left 0."""
    sender, at = decode_varint(body, at, U32)
    recipient, at = decode_varint(body, at, U32)
    asset = body[at]
    amount, at = decode_varint(body, at + 1, U96)
    return Transfer(sender, recipient, asset, amount, 0), at


def encode_withdraw(record: Withdraw) -> bytes:
    """Return the fields of a withdrawal."""
    return (
        encode_varint(record.account)
        + record.asset.to_bytes(1, "big")
        + encode_varint(record.amount)
        + record.recipient
    )


def decode_withdraw(body: bytes, at: int) -> tuple[Withdraw, int]:
    """Read a withdrawal; its nonce is left 0."""
    account, at = decode_varint(body, at, U32)
    asset = body[at]
    amount, at = decode_varint(body, at + 1, U96)
    recipient, at = read_fixed(body, at, ADDRESS_BYTES)
    return Withdraw(account, asset, amount, recipient, 0), at


def encode_rotate_key(record: RotateKey) -> bytes:
    """Return the fields of a key rotation."""
    return encode_varint(record.account) + record.new_owner


def decode_rotate_key(body: bytes, at: int) -> tuple[RotateKey, int]:
    """Read a key rotation; its nonce is left 0."""
    account, at = decode_varint(body, at, U32)
    new_owner, at = read_fixed(body, at, ADDRESS_BYTES)
    return RotateKey(account, new_owner, 0), at
