"""The bytes of the leaves of the order book. Source: docs/spec.md S-11 to S-13."""

from collections.abc import Callable
from struct import Struct
from typing import Any, Final

from rollup_node.core.book_leaves import ClientSlots, Level, Order, TickWord

_ORDER: Final = Struct(">IHHIIIIIQQQHIHBH")
_LEVEL: Final = Struct(">IIQI")
_CLIENT_SLOTS: Final = Struct(">8I")
_WORD_BYTES: Final = 32


def _encode_order(leaf: Order) -> bytes:
    return _ORDER.pack(*leaf)


def _decode_order(value: bytes) -> Order:
    return Order(*_ORDER.unpack(value))


def _encode_level(leaf: Level) -> bytes:
    return _LEVEL.pack(*leaf)


def _decode_level(value: bytes) -> Level:
    return Level(*_LEVEL.unpack(value))


def _encode_word(leaf: TickWord) -> bytes:
    return leaf.bits.to_bytes(_WORD_BYTES, "big")


def _decode_word(value: bytes) -> TickWord:
    return TickWord(int.from_bytes(value, "big"))


def _encode_client_slots(leaf: ClientSlots) -> bytes:
    return _CLIENT_SLOTS.pack(*leaf.slots)


def _decode_client_slots(value: bytes) -> ClientSlots:
    return ClientSlots(_CLIENT_SLOTS.unpack(value))


BOOK_LEAVES: Final[dict[type, tuple[int, Callable[[Any], bytes], Callable[[bytes], Any]]]] = {
    Order: (_ORDER.size, _encode_order, _decode_order),
    Level: (_LEVEL.size, _encode_level, _decode_level),
    TickWord: (_WORD_BYTES, _encode_word, _decode_word),
    ClientSlots: (_CLIENT_SLOTS.size, _encode_client_slots, _decode_client_slots),
}
"""Per leaf its length, its encoder and decoder. Twin: contracts/src/core/BookLeaves.sol."""
