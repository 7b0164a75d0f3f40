"""Where each leaf of the state lives, and the limits of every field. No hashes: see proof."""

from typing import Final, NewType

LeafKey = NewType("LeafKey", int)
"""`region << 32 | index`. Source: docs/spec.md T-2."""

INDEX_BITS: Final = 32
REGION_BITS: Final = 4
POSITION_BITS: Final = 36

GLOBALS: Final = 0
ACCOUNTS: Final = 6
OUTBOX: Final = 8

DEPTHS: Final[dict[int, int]] = {GLOBALS: 12, ACCOUNTS: 31, OUTBOX: 36}
"""Depth of the regions in use, the four region levels included. Source: docs/spec.md T-1."""

CURSOR_KEY: Final = LeafKey(0)
ALLOCATORS_KEY: Final = LeafKey(2)
TOTALS_KEY: Final = LeafKey(5)

ACCOUNT_FIELD_BITS: Final = 5
OWNER_FIELD: Final = 1
BALANCES_FIELD: Final = 3

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

_ACCOUNTS_BASE: Final = ACCOUNTS << INDEX_BITS
_OWNER_BASE: Final = _ACCOUNTS_BASE | OWNER_FIELD
_BALANCES_BASE: Final = _ACCOUNTS_BASE | BALANCES_FIELD
_OUTBOX_BASE: Final = OUTBOX << INDEX_BITS


def owner_key(account: int) -> LeafKey:
    """Return the key of an account's owner and nonce window. Source: docs/spec.md S-2."""
    return LeafKey(_OWNER_BASE + (account << ACCOUNT_FIELD_BITS))


def balances_key(account: int) -> LeafKey:
    """Return the key of an account's balances. Source: docs/spec.md S-2."""
    return LeafKey(_BALANCES_BASE + (account << ACCOUNT_FIELD_BITS))


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
