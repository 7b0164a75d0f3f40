"""The kinds of items, delayed messages, records and steps. Nothing but the numbers."""

from enum import IntEnum


class ItemKind(IntEnum):
    """How an item entered the inbox. Source: docs/spec.md I-1."""

    CALLDATA = 0
    BLOB = 1
    FORCED = 2


class MessageKind(IntEnum):
    """What a delayed message asks for. Source: docs/spec.md I-6."""

    DEPOSIT = 0
    FORCED_TRANSACTION = 1


class RecordKind(IntEnum):
    """First byte of a record's body. Source: docs/spec.md R-4."""

    SEAL = 0x00
    PULL = 0x01
    TRANSFER = 0x10
    WITHDRAW = 0x11
    ROTATE_KEY = 0x12


class StepKind(IntEnum):
    """What a step did; decides its weight. Source: docs/spec.md X-11."""

    OPEN_ITEM = 0
    BAD_LENGTH = 1
    SEAL = 2
    UNDECODABLE = 3
    TRANSFER = 4
    WITHDRAW = 5
    ROTATE_KEY = 6
    DEPOSIT = 7
    FORCED_TRANSFER = 8
    FORCED_WITHDRAW = 9
    FORCED_ROTATE_KEY = 10
    FORCED_UNDECODABLE = 11
    CLOSE_ITEM = 12
