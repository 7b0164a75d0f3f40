"""One message of the feed: number, signature, entry. Source: docs/spec.md B-4."""

from typing import NamedTuple

from rollup_node.codec.log_entries import feed_preimage
from rollup_node.codec.signature import recover
from rollup_node.ports import TemporaryError
from rollup_node.proof.hashing import keccak

_NUMBER_BYTES = 8
_HEAD_BYTES = 72


class FeedMessage(NamedTuple):
    """Entry `number` of the sequencer's log with the sequencer's signature."""

    number: int
    entry: bytes
    signature: bytes


def encode_message(message: FeedMessage) -> bytes:
    """Return `number u64 ‖ signature 64 ‖ entry`."""
    number, entry, signature = message
    return number.to_bytes(_NUMBER_BYTES, "big") + signature + entry


def decode_message(data: bytes, domain: bytes, sequencer: bytes, expected: int) -> FeedMessage:
    """Return the message.

    Raises
    ------
    TemporaryError
        If it is cut, is not number `expected`, or was not signed by the sequencer.
    """
    if len(data) <= _HEAD_BYTES:
        raise TemporaryError(f"feed: message of {len(data)} bytes is cut")
    number = int.from_bytes(data[:_NUMBER_BYTES], "big")
    signature, entry = data[_NUMBER_BYTES:_HEAD_BYTES], data[_HEAD_BYTES:]
    if number != expected:
        raise TemporaryError(f"feed: message number: {number} != {expected}")
    signer = recover(keccak(feed_preimage(domain, number, entry)), signature)
    if signer != sequencer:
        shown = "nobody" if signer is None else "0x" + signer.hex()
        raise TemporaryError(f"feed: message {number} was signed by {shown}")
    return FeedMessage(number, entry, signature)
