"""One call of a step contract: input and openings as it takes them, its answer as values.

Leaves travel as words (contracts/src/proof/Openings.sol): going there their number, then of each
its key, its length and its bytes, filled up to words; coming back the index in place of the key.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from eth_abi.abi import decode, encode

from rollup_node.core.layout import LeafKey
from rollup_node.proof.hashing import keccak

Openings = Sequence[tuple[LeafKey, bytes]]

_INPUT: Final = "(bool,address,uint40,uint64,uint48,uint40,uint8,uint8,bytes)"
_RESULT: Final = "(uint8,uint8,uint8,uint8,bytes)"
_EXECUTE: Final = keccak(f"execute({_INPUT},bytes)".encode())[:4]
_WORD: Final = 32


class Answer(NamedTuple):
    """What a step contract answers: the leaves are aligned with its openings."""

    kind: int
    reason: int
    phase: int
    order_class: int
    values: tuple[bytes, ...]


def encode_step(given: tuple[Any, ...], openings: Openings) -> bytes:
    """Return the call data of a step."""
    leaves = b"".join(_word(key) + _fill(value) for key, value in openings)
    packed = _word(len(openings)) + leaves
    return _EXECUTE + encode((_INPUT, "bytes"), (given, packed))


def decode_answer(answer: bytes, openings: Openings) -> Answer:
    """Return what a step answered, with the leaves that it wrote among those that it read."""
    ((kind, reason, phase, order_class, writes),) = decode((_RESULT,), answer)
    values = [value for _, value in openings]
    for index, value in _written(writes):
        values[index] = value
    return Answer(kind, reason, phase, order_class, tuple(values))


def _word(number: int) -> bytes:
    return number.to_bytes(_WORD, "big")


def _fill(value: bytes) -> bytes:
    return _word(len(value)) + value + bytes(-len(value) % _WORD)


def _written(writes: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(writes):
        index, size = (
            int.from_bytes(writes[start : start + _WORD], "big") for start in (at, at + _WORD)
        )
        at += 2 * _WORD
        yield index, writes[at : at + size]
        at += size + -size % _WORD
