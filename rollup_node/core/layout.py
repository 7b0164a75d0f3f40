"""Where each leaf of the state lives, and the limits of every field. No hashes: see proof."""

from typing import Any, Final, NewType, TypeAlias

LeafKey = NewType("LeafKey", int)
"""`region << 32 | index`. Source: docs/spec.md T-2."""

Opaque: TypeAlias = Any
"""A leaf, a key or a number that is only handed on: for the hot path.

Compiled code takes a number that it knows to be one out of its object, and makes a new object when
it hands it on: a leaf of sixteen numbers is copied in a third of the time if it does not know.
"""

INDEX_BITS: Final = 32
REGION_BITS: Final = 4
POSITION_BITS: Final = 36

GLOBALS: Final = 0
UNDERLYINGS: Final = 1
SERIES: Final = 2
LEVELS: Final = 3
TICK_MAP: Final = 4
ORDERS: Final = 5
ACCOUNTS: Final = 6
CLIENT_SLOTS: Final = 7
OUTBOX: Final = 8
TRIGGER_LEVELS: Final = 9
TRIGGER_MAP: Final = 10

DEPTHS: Final[dict[int, int]] = {
    GLOBALS: 12,
    UNDERLYINGS: 16,
    SERIES: 19,
    LEVELS: 30,
    TICK_MAP: 24,
    ORDERS: 28,
    ACCOUNTS: 31,
    CLIENT_SLOTS: 33,
    OUTBOX: 36,
    TRIGGER_LEVELS: 30,
    TRIGGER_MAP: 24,
}
"""Depth of the regions, the four region levels included. Source: docs/spec.md T-1."""

CURSOR_KEY: Final = LeafKey(0)
PRICES_KEY: Final = LeafKey(1)
ALLOCATORS_KEY: Final = LeafKey(2)
POOLS_KEY: Final = LeafKey(3)
TAKER_KEY: Final = LeafKey(4)
TOTALS_KEY: Final = LeafKey(5)
ASSETS_KEY: Final = LeafKey(6)
CREDIT_KEY: Final = LeafKey(7)
PUBLISHERS_KEY: Final = LeafKey(8)
REFRESH_KEY: Final = LeafKey(9)
QUOTE_KEY: Final = LeafKey(10)
SWEEP_KEY: Final = LeafKey(11)
PRICE_TASK_KEY: Final = LeafKey(12)
LEAVE_KEY: Final = LeafKey(13)
LIQUIDATION_KEY: Final = LeafKey(14)
RFQ_KEY: Final = LeafKey(15)

ACCOUNT_FIELD_BITS: Final = 5
HOT_FIELD: Final = 0
OWNER_FIELD: Final = 1
COLD_FIELD: Final = 2
BALANCES_FIELD: Final = 3
SESSION_KEY_FIELD: Final = 4
DIRECTORY_FIELD: Final = 7
RISK_FIELD: Final = 8
POSITIONS_FIELD: Final = 16

SESSION_KEYS: Final = 3
"""An account has this many session keys, numbered from 1. Source: docs/spec.md S-16."""

POSITION_LIMIT: Final = 128
POSITIONS_PER_PAGE: Final = 8
MAX_LOTS: Final = (1 << 23) - 1
"""A position is at most this many lots either way. Source: docs/spec.md S-18."""

PRICE_LIMIT: Final = 1 << 40
"""Prices of the oracle, and strikes, are below this: µUSDC per unit. Source: docs/spec.md V-4."""

MAX_LOT_VALUE: Final = (1 << 31) - 1
"""One lot is worth at most this many µUSDC at any tick. Source: docs/spec.md S-8."""

UNDERLYING_LIMIT: Final = 8
UNDERLYING_LEAVES_BITS: Final = 6
SERIES_LIST_FIELD: Final = 1
OPTION_RULES_FIELD: Final = 2
OPTION_DATES_FIELD: Final = 3
EXPIRY_FIELD: Final = 16
EXPIRIES: Final = 16
BOARD_FIELD: Final = 32
GRID_FIELD: Final = 48
SERIES_PER_UNDERLYING: Final = 16
SERIES_LIMIT: Final = 4_096
SERIES_FIELD_BITS: Final = 3
SERIES_RISK_FIELD: Final = 2
SALES_FIELD: Final = 3

FIRST_OPTION: Final = 2_048
"""Series from here on are options: calls even, the put of the same strike one more. S-8."""

STRIKES_PER_EXPIRY: Final = 32
STRIKE_LIMIT: Final = 128
"""An underlying has at most this many strikes over all its dates. Source: docs/spec.md V-12."""

BOOK_LIMIT: Final = 32
TICK_BITS: Final = 20
TICK_LIMIT: Final = 1 << TICK_BITS
"""Ticks of a linear series: 1 <= tick < 2^20; 0 says that there is none."""

OPTION_TICK_BITS: Final = 14
OPTION_TICK_LIMIT: Final = 1 << OPTION_TICK_BITS
"""Ticks of an option: 1 <= tick < 2^14. Source: docs/spec.md S-12."""

WORD_BITS: Final = 8
WORDS_PER_BOOK_BITS: Final = 13
"""A book has 4,096 words of ticks, then 16 words over those, then 1 over these."""
OPTION_WORDS_BITS: Final = 7
OPTION_WORDS: Final = 64
"""The book of an option has 64 words of ticks, then 1 over those, then 1 over this."""
MIDDLE_WORDS: Final = 4_096
TOP_WORD: Final = 4_112

RFQ_LEGS: Final = 8
"""A combo has at most this many legs. Source: docs/spec.md Q-1."""

ORDER_LIMIT: Final = 1 << 24
CLIENT_SLOT_LIMIT: Final = 1_024
SLOTS_PER_LEAF_BITS: Final = 3

ASSET_COUNT: Final = 4
MAX_BALANCE: Final = (1 << 95) - 1
"""Bound of one balance of one account, in the token's smallest unit. Source: docs/spec.md S-3."""

TOTAL_LIMIT: Final = 1 << 96
"""A total stays below this. Source: docs/spec.md S-3."""

ACCOUNT_LIMIT: Final = 1 << 22
"""Account ids of the state stay below this. Source: docs/spec.md S-2."""

BRIDGE_ACCOUNT_LIMIT: Final = 1 << 21
"""Account ids that the bridge assigns stay below this. Source: docs/spec.md S-2."""

OUTBOX_WITHDRAWAL_LIMIT: Final = 1 << 31
"""Withdrawals take outbox slots below this; the rest is for refunds. Source: docs/spec.md S-4."""

TIME_LIMIT_MS: Final = 1 << 48
CLASS_RESET_MS: Final = 20
"""A block at least this long after the previous one begins with the first class. X-3."""

NONCE_WINDOW: Final = 192
NONCE_LEAD_MS: Final = 86_400_000
"""A nonce may be this far ahead of the block time. Source: docs/spec.md S-6."""

MAX_CALLDATA_BYTES: Final = 122_880
MAX_BLOBS: Final = 6
BLOB_PAYLOAD_BYTES: Final = 126_976
PREFIX_BYTES: Final = 7
MAX_RECORD_BYTES: Final = 1_024
LENGTH_BYTES: Final = 2
MAX_FORCED_BYTES: Final = 256

_HOT_BASE: Final = ACCOUNTS << INDEX_BITS
_UNDERLYINGS_BASE: Final = UNDERLYINGS << INDEX_BITS
_SERIES_BASE: Final = SERIES << INDEX_BITS
_SERIES_STATE_BASE: Final = _SERIES_BASE | 1
_SERIES_RISK_BASE: Final = _SERIES_BASE | SERIES_RISK_FIELD
_SALES_BASE: Final = _SERIES_BASE | SALES_FIELD
_LEVELS_BASE: Final = LEVELS << INDEX_BITS
_TICK_MAP_BASE: Final = TICK_MAP << INDEX_BITS
_TRIGGER_LEVELS_BASE: Final = TRIGGER_LEVELS << INDEX_BITS
_TRIGGER_MAP_BASE: Final = TRIGGER_MAP << INDEX_BITS
_ORDERS_BASE: Final = ORDERS << INDEX_BITS
_CLIENT_SLOTS_BASE: Final = CLIENT_SLOTS << INDEX_BITS
_ACCOUNTS_BASE: Final = ACCOUNTS << INDEX_BITS
_OWNER_BASE: Final = _ACCOUNTS_BASE | OWNER_FIELD
_BALANCES_BASE: Final = _ACCOUNTS_BASE | BALANCES_FIELD
_COLD_BASE: Final = _ACCOUNTS_BASE | COLD_FIELD
_SESSION_KEYS_BASE: Final = _ACCOUNTS_BASE + SESSION_KEY_FIELD - 1
_DIRECTORY_BASE: Final = _ACCOUNTS_BASE | DIRECTORY_FIELD
_ACCOUNT_RISK_BASE: Final = _ACCOUNTS_BASE | RISK_FIELD
_POSITIONS_BASE: Final = _ACCOUNTS_BASE | POSITIONS_FIELD
_OUTBOX_BASE: Final = OUTBOX << INDEX_BITS

# Keys of frequent leaves are plain sums: `LeafKey(...)` is a call at run time, half of their cost.


def owner_key(account: int) -> LeafKey:
    """Return the key of an account's owner and nonce window. Source: docs/spec.md S-2."""
    return _OWNER_BASE + (account << ACCOUNT_FIELD_BITS)  # type: ignore[return-value]


def balances_key(account: int) -> LeafKey:
    """Return the key of an account's balances. Source: docs/spec.md S-2."""
    return _BALANCES_BASE + (account << ACCOUNT_FIELD_BITS)  # type: ignore[return-value]


def hot_key(account: int) -> LeafKey:
    """Return the key of what trading touches of an account. Source: docs/spec.md S-14."""
    return _HOT_BASE + (account << ACCOUNT_FIELD_BITS)  # type: ignore[return-value]


def cold_key(account: int) -> LeafKey:
    """Return the key of an account's guardian and protections. Source: docs/spec.md S-15."""
    return _COLD_BASE + (account << ACCOUNT_FIELD_BITS)  # type: ignore[return-value]


def session_key_key(account: int, number: int) -> LeafKey:
    """Return the key of session key 1 to 3 of an account. Source: docs/spec.md S-16."""
    return _SESSION_KEYS_BASE + (account << ACCOUNT_FIELD_BITS) + number  # type: ignore[return-value]


def directory_key(account: int) -> LeafKey:
    """Return the key of the list of an account's positions. Source: docs/spec.md S-17."""
    return _DIRECTORY_BASE + (account << ACCOUNT_FIELD_BITS)  # type: ignore[return-value]


def positions_key(account: int, number: int) -> LeafKey:
    """Return the key of the page that holds position `number`. Source: docs/spec.md S-18."""
    return _POSITIONS_BASE + (account << ACCOUNT_FIELD_BITS) + (number >> 3)  # type: ignore[return-value]


def underlying_key(underlying: int) -> LeafKey:
    """Return the key of the oracle state of an underlying. Source: docs/spec.md S-9."""
    return LeafKey(_UNDERLYINGS_BASE + (underlying << UNDERLYING_LEAVES_BITS))


def series_list_key(underlying: int) -> LeafKey:
    """Return the key of the live series of an underlying. Source: docs/spec.md S-9."""
    return LeafKey(_UNDERLYINGS_BASE + (underlying << UNDERLYING_LEAVES_BITS) + SERIES_LIST_FIELD)


def option_rules_key(underlying: int) -> LeafKey:
    """Return the key of the rules of an underlying's options. Source: docs/spec.md S-21."""
    return LeafKey(_UNDERLYINGS_BASE + (underlying << UNDERLYING_LEAVES_BITS) + OPTION_RULES_FIELD)


def option_dates_key(underlying: int) -> LeafKey:
    """Return the key of the dates that have strikes. Source: docs/spec.md S-21."""
    return LeafKey(_UNDERLYINGS_BASE + (underlying << UNDERLYING_LEAVES_BITS) + OPTION_DATES_FIELD)


def board_key(underlying: int, expiry_slot: int) -> LeafKey:
    """Return the key of the strikes and volatilities of a date. Source: docs/spec.md S-21."""
    return LeafKey(
        _UNDERLYINGS_BASE + (underlying << UNDERLYING_LEAVES_BITS) + BOARD_FIELD + expiry_slot
    )


def expiry_key(underlying: int, expiry_slot: int) -> LeafKey:
    """Return the key of a settlement date, 0 <= expiry_slot < 16. Source: docs/spec.md S-10."""
    return LeafKey(
        _UNDERLYINGS_BASE + (underlying << UNDERLYING_LEAVES_BITS) + EXPIRY_FIELD + expiry_slot
    )


def grid_key(underlying: int, expiry_slot: int) -> LeafKey:
    """Return the key of the settlement prices of a date, 0 <= expiry_slot < 16. Source: S-10."""
    return LeafKey(
        _UNDERLYINGS_BASE + (underlying << UNDERLYING_LEAVES_BITS) + GRID_FIELD + expiry_slot
    )


def terms_key(series: int) -> LeafKey:
    """Return the key of what a series is. Source: docs/spec.md S-8."""
    return _SERIES_BASE + (series << SERIES_FIELD_BITS)  # type: ignore[return-value]


def series_key(series: int) -> LeafKey:
    """Return the key of what changes of a series. Source: docs/spec.md S-8."""
    return _SERIES_STATE_BASE + (series << SERIES_FIELD_BITS)  # type: ignore[return-value]


def series_risk_key(series: int) -> LeafKey:
    """Return the key of the risk array of a series. Source: docs/spec.md S-21."""
    return _SERIES_RISK_BASE + (series << SERIES_FIELD_BITS)  # type: ignore[return-value]


def sales_key(series: int) -> LeafKey:
    """Return the key of the sales in an option. Source: docs/spec.md P-4."""
    return _SALES_BASE + (series << SERIES_FIELD_BITS)  # type: ignore[return-value]


def account_risk_key(account: int, underlying: int) -> LeafKey:
    """Return the key of an account's risk in an underlying, 0 <= underlying < 8. Source: S-22."""
    return _ACCOUNT_RISK_BASE + (account << ACCOUNT_FIELD_BITS) + underlying  # type: ignore[return-value]


def tick_limit(series: int) -> int:
    """Return the first number that is no tick of a series. Source: docs/spec.md S-12."""
    return OPTION_TICK_LIMIT if series >= FIRST_OPTION else TICK_LIMIT


def level_key(book: int, tick: int, *, triggers: bool = False) -> LeafKey:
    """Return the key of a price level, or of a trigger level. Source: docs/spec.md S-12."""
    base = _TRIGGER_LEVELS_BASE if triggers else _LEVELS_BASE
    bits = OPTION_TICK_BITS if book >= FIRST_OPTION else TICK_BITS
    return base + (book << bits) + tick  # type: ignore[return-value]


def word_key(book: int, word: int, *, triggers: bool = False) -> LeafKey:
    """Return the key of a word of a tick map: 0 to 4,112. Source: docs/spec.md S-12.

    The map of an option has no word between its 64 words of ticks and the two above them.
    """
    base = _TRIGGER_MAP_BASE if triggers else _TICK_MAP_BASE
    if book >= FIRST_OPTION:
        place = word if word < MIDDLE_WORDS else OPTION_WORDS + (word == TOP_WORD)
        return base + (book << OPTION_WORDS_BITS) + place  # type: ignore[return-value]
    return base + (book << WORDS_PER_BOOK_BITS) + word  # type: ignore[return-value]


def order_key(slot: int) -> LeafKey:
    """Return the key of an order slot, 1 <= slot < 2^24. Source: docs/spec.md S-11."""
    return _ORDERS_BASE + slot  # type: ignore[return-value]


def client_slots_key(account: int, slot: int) -> LeafKey:
    """Return the key of the client slots around `slot`, from 8 on. Source: docs/spec.md S-13."""
    group = slot >> SLOTS_PER_LEAF_BITS
    return _CLIENT_SLOTS_BASE + (account << 7) + group  # type: ignore[return-value]


def outbox_key(slot: int) -> LeafKey:
    """Return the key of an outbox slot. Source: docs/spec.md S-4."""
    return LeafKey(_OUTBOX_BASE + slot)


def position(key: LeafKey) -> int:
    """Return where a leaf lies from left to right, as a 36-bit number. Source: docs/spec.md T-2.

    Raises
    ------
    KeyError
        The region is reserved or does not exist.
    ValueError
        The index does not fit the region.
    """
    region, index = key >> INDEX_BITS, key & ((1 << INDEX_BITS) - 1)
    depth = DEPTHS[region]
    if index >> (depth - REGION_BITS):
        raise ValueError(f"key {key:#x}: index {index} >= 2^{depth - REGION_BITS}")
    return region << INDEX_BITS | index << (POSITION_BITS - depth)
