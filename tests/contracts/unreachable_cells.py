"""Reasons that the code of a step kind mentions, but that none of its steps can give, and why.

Every other cell that `derive_cells` finds is reachable, and the scenes reach it.
"""

from typing import Final

from rollup_node.core.kinds import StepKind as Kind
from rollup_node.core.reason import Reason
from tests.contracts.reason_cells import Cells, derive_cells

_NONCE: Final = {Reason.NONCE_TOO_NEW, Reason.NONCE_TOO_OLD, Reason.NONCE_USED}
_SIGNED: Final = (Kind.TRANSFER, Kind.WITHDRAW, Kind.ROTATE_KEY)
_FORCED: Final = (Kind.FORCED_TRANSFER, Kind.FORCED_WITHDRAW, Kind.FORCED_ROTATE_KEY)
_OWNED: Final = (Kind.OPEN_ACCOUNT, Kind.SET_GUARDIAN, Kind.MOVE_POSITION)
_KEY: Final = {Reason.BAD_KEY_NUMBER, Reason.KEY_EXPIRED, Reason.KEY_SCOPE}

UNREACHABLE: Final[dict[str, Cells]] = {
    "a record is refused for its signature, never for a sender": {
        kind: {Reason.NOT_OWNER} for kind in _SIGNED
    },
    "a message is refused for its sender, never for a signature; it has no nonce": {
        kind: {Reason.BAD_SIGNATURE, *_NONCE} for kind in (*_FORCED, Kind.SALE)
    },
    "the record names no key: only the owner's will do": {
        **dict.fromkeys((*_OWNED, Kind.SALE), _KEY),
        Kind.SET_KEY: {Reason.KEY_SCOPE},
    },
    "only a replacement is refused because it crosses; what is placed meets the book in TAKE": {
        Kind.PLACE: {Reason.POST_ONLY_CROSS},
        Kind.LEG: {Reason.POST_ONLY_CROSS},
    },
    "a void order is not found, so none is replaced": {
        Kind.REPLACE: {Reason.EXPIRED, Reason.SERIES_CLOSED},
    },
    "the order rests: its series is known, its client slot and its generation are its own": {
        Kind.REPLACE: {Reason.UNKNOWN_SERIES, Reason.SLOT_TAKEN, Reason.NO_POSITION},
    },
    "the order leaves its slot before it takes one": {Kind.REPLACE: {Reason.BOOK_FULL}},
    "what rests, or is a leg, is never immediate": {
        Kind.REPLACE: {Reason.REMAINDER_CANCELLED},
        Kind.LEG: {Reason.REMAINDER_CANCELLED},
    },
    "a leg reduces nothing, and empties its client slot first": {
        Kind.LEG: {Reason.NO_POSITION, Reason.SLOT_TAKEN},
    },
    "a frozen account's quote is refused whole, and nothing comes between its legs": {
        Kind.LEG: {Reason.FROZEN},
    },
    "checked before it set out, and nothing comes between": {
        Kind.TAKE: {Reason.FEE_ABOVE_CAP, Reason.REDUCE_ONLY},
        Kind.LEAVE: {Reason.FROZEN, Reason.LIQUIDATING},
    },
    "the account was refreshed just now": {Kind.LEAVE: {Reason.REFRESH}},
    "who bids or opens an account pays from cash, which stays above zero": {
        Kind.BID: {Reason.BORROW_LIMIT},
        Kind.OPEN_ACCOUNT: {Reason.BORROW_LIMIT},
    },
}
"""By the reason in words."""


def unreachable_cells() -> Cells:
    """Return the cells that are declared unreachable, by kind."""
    cells: Cells = {kind: set() for kind in Kind}
    for declared in UNREACHABLE.values():
        for kind, reasons in declared.items():
            cells[kind] |= reasons
    return cells


def reachable_cells() -> Cells:
    """Return the cells that must be met: all that the code mentions, but for these."""
    left_out = unreachable_cells()
    return {kind: reasons - left_out[kind] for kind, reasons in derive_cells().items()}
