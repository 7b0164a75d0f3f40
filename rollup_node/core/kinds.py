"""The kinds of items, delayed messages, records, steps and series. Nothing but the numbers."""

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
    ADMIN = 2
    FAST = 3


class RecordKind(IntEnum):
    """First byte of a record's body. Source: docs/spec.md R-4."""

    SEAL = 0x00
    PULL = 0x01
    PULL_FAST = 0x02
    TRANSFER = 0x10
    WITHDRAW = 0x11
    ROTATE_KEY = 0x12
    ORDER = 0x20
    CANCEL = 0x21
    CANCEL_ALL = 0x22
    REPLACE = 0x23
    QUOTE = 0x24
    PRUNE = 0x25
    EXECUTE_RFQ = 0x26
    SALE = 0x27
    PRICE_REPORT = 0x30
    FORWARD_REPORT = 0x31
    SETTLEMENT_PRICE = 0x32
    SETTLE = 0x33
    SURFACE_REPORT = 0x34
    LIST_EXPIRY = 0x35
    LIST_STRIKE = 0x36
    DELIST_STRIKE = 0x37
    LIQUIDATE = 0x40
    BID = 0x41
    TRIGGER = 0x42
    TAKEOVER = 0x43
    OPEN_ACCOUNT = 0x50
    SET_KEY = 0x51
    FREEZE = 0x52
    SET_GUARDIAN = 0x53
    SET_PROTECTION = 0x54
    SET_DEAD_MAN = 0x55
    MOVE_POSITION = 0x56
    SET_MODE = 0x57


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
    PLACE = 13
    CANCEL = 14
    CANCEL_ALL = 15
    REPLACE = 16
    QUOTE = 17
    PRUNE = 18
    TAKE = 19
    LEG = 20
    SWEEP = 21
    REFRESH = 22
    PRICE_REPORT = 23
    FORWARD_REPORT = 24
    SETTLEMENT_PRICE = 25
    SETTLE = 26
    REPRICE = 27
    SAMPLE = 28
    DRAIN = 29
    LIQUIDATE = 30
    BID = 31
    TRIGGER = 32
    TAKEOVER = 33
    OPEN_ACCOUNT = 34
    SET_KEY = 35
    FREEZE = 36
    SET_GUARDIAN = 37
    SET_PROTECTION = 38
    SET_DEAD_MAN = 39
    MOVE_POSITION = 40
    ADMIN = 41
    LEAVE = 42
    SURFACE_REPORT = 43
    LIST_EXPIRY = 44
    LIST_STRIKE = 45
    DELIST_STRIKE = 46
    STRIKE = 47
    SET_MODE = 48
    EXECUTE_RFQ = 49
    SALE = 50


class Phase(IntEnum):
    """What the machine does next. Source: docs/spec.md X-2."""

    BETWEEN = 0
    IDLE = 1
    TAKE = 2
    LEG = 3
    SWEEP = 4
    REFRESH = 5
    REPRICE = 6
    SAMPLE = 7
    DRAIN = 8
    LEAVE = 9
    LIQUIDATE = 10
    STRIKE = 11
    RFQ = 12


class OrderClass(IntEnum):
    """The order of records inside a block. Source: docs/spec.md O-1."""

    ORACLE = 0
    LIQUIDATION = 2
    MAKER = 3
    TAKER = 4
    DELAYED = 5


class SeriesKind(IntEnum):
    """What a series is. Source: docs/spec.md S-8."""

    SPOT = 1
    PERPETUAL = 2
    FUTURE = 3
    CALL = 4
    PUT = 5


class SeriesStatus(IntEnum):
    """What may be done in a series. Source: docs/spec.md S-8."""

    NONE = 0
    TRADING = 1
    REDUCE_ONLY = 2
    EXPIRED = 3
    SETTLED = 4
