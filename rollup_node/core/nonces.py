"""The nonce window of an account: 192 transactions in flight, in any order, each once."""

from typing import Final

from rollup_node.core.layout import NONCE_LEAD_MS, NONCE_WINDOW
from rollup_node.core.leaves import Owner
from rollup_node.core.reason import Reason

_MAP_MASK: Final = (1 << NONCE_WINDOW) - 1
_OK: Final = Reason.OK

_new: Final = tuple.__new__
"""Makes a tuple without the constructor of its class, in half the time: for the hot path."""


def spend_nonce(owner: Owner, nonce: int, time_ms: int) -> tuple[Reason, Owner]:
    """Return `OK` and the owner leaf with `nonce` marked as used, or why not and the same leaf.

    Reasons: `NONCE_TOO_NEW`, `NONCE_TOO_OLD`, `NONCE_USED`. Source: docs/spec.md S-6.
    Twin: contracts/src/core.
    """
    address, high, used = owner
    if nonce > high:
        if nonce > time_ms + NONCE_LEAD_MS:
            return Reason.NONCE_TOO_NEW, owner
        shift = nonce - high
        window = (used << shift | 1) & _MAP_MASK if shift < NONCE_WINDOW else 1
        return _OK, _new(Owner, (address, nonce, window))
    return _spend_old(owner, nonce, time_ms)


def _spend_old(owner: Owner, nonce: int, time_ms: int) -> tuple[Reason, Owner]:
    """Mark a nonce at or below the highest one."""
    if nonce > time_ms + NONCE_LEAD_MS:
        return Reason.NONCE_TOO_NEW, owner
    age = owner.nonce_high - nonce
    if age >= NONCE_WINDOW:
        return Reason.NONCE_TOO_OLD, owner
    bit = 1 << age
    if owner.nonce_map & bit:
        return Reason.NONCE_USED, owner
    return _OK, Owner(owner.address, owner.nonce_high, owner.nonce_map | bit)
