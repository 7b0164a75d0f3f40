"""An ordered input: one inbox item with everything its execution needs."""

from dataclasses import dataclass

from rollup_node.core.inputs import ItemHeader, Messages


@dataclass(frozen=True, slots=True)
class DerivedItem:
    """Inbox item number `index`, believed: its hashes match the inbox.

    Attributes
    ----------
    data
        Batch bytes, empty for a forced item.
    first_message, first_fast
        Numbers of the first delayed and the first fast message that this item consumes; `messages`
        are all that it consumes, pulled by records or by its end (docs/spec.md X-2).
    accumulator
        `acc[index + 1]` (docs/spec.md I-5).
    blob_hashes
        Versioned hashes for a blob batch, else empty.
    l1_block
        L1 block number that contains the item.
    poster
        Who appended it.
    """

    index: int
    header: ItemHeader
    data: bytes
    first_message: int
    first_fast: int
    messages: Messages
    accumulator: bytes
    blob_hashes: tuple[bytes, ...]
    l1_block: int
    poster: bytes
    transaction_hash: bytes
