"""What the story reads of the state on L2, as the verifier derives it from L1."""

from typing import Any, Final

from rollup_node.codec.leaves import decode_leaf
from rollup_node.core.flags import FUND_FLAG, LIQUIDATING_FLAG
from rollup_node.core.layout import EXPIRIES, LeafKey, directory_key, expiry_key, hot_key
from rollup_node.devnet.session import Session

ETH: Final = 0
"""The underlying of both vaults."""


def read_leaf(session: Session, key: LeafKey) -> Any:  # noqa: ANN401 - the key decides
    """Return a leaf of the newest state, `None` if it is empty."""
    (text,) = session.verifier.call("rollup_getLeaves", [key])
    value = bytes.fromhex(text[2:])
    return decode_leaf(key, value) if value else None


def has_positions(session: Session, account: int) -> bool:
    """Tell whether an account holds anything that has to be settled."""
    directory = read_leaf(session, directory_key(account))
    return directory is not None and any(directory.series)


def is_liquidated(session: Session, account: int) -> bool:
    """Tell whether an account is being liquidated."""
    return _has_flag(session, account, LIQUIDATING_FLAG)


def is_taken(session: Session, account: int) -> bool:
    """Tell whether an account went to the fund."""
    return _has_flag(session, account, FUND_FLAG)


def _has_flag(session: Session, account: int, flag: int) -> bool:
    hot = read_leaf(session, hot_key(account))
    return hot is not None and bool(hot.flags & flag)


def settlement_price(session: Session, expiry_at: int) -> int:
    """Return the settlement price of a date in µUSDC per unit, 0 if it is not fixed."""
    for slot in range(EXPIRIES):
        expiry = read_leaf(session, expiry_key(ETH, slot))
        if expiry is not None and expiry.expiry_at == expiry_at:
            return int(expiry.price)
    return 0
