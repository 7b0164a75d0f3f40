"""Who may do what: class of the record, signer or sender, session key, nonce - in this order.

Source: docs/spec.md K-2, O-1. Twin: contracts/src/core/Authority.sol.
"""

from typing import Final

from rollup_node.core.account_leaves import SessionKey
from rollup_node.core.frame import Authority, Frame
from rollup_node.core.layout import ACCOUNT_LIMIT, SESSION_KEYS, owner_key, session_key_key
from rollup_node.core.leaves import Owner
from rollup_node.core.nonces import spend_nonce
from rollup_node.core.reason import Reason

_NO_ADDRESS: Final = bytes(20)
_OK: Final = Reason.OK


def is_late(frame: Frame, wanted: int, authority: Authority) -> bool:
    """Say whether the block is past the class of a record; a message has no class of its own.

    Source: docs/spec.md O-1.
    """
    return wanted < frame.order_class and not authority.forced


def enter_class(frame: Frame, wanted: int) -> None:
    """Raise the class of the block to that of a record that counts. Source: docs/spec.md O-1."""
    frame.order_class = max(wanted, frame.order_class)


def authenticate(
    frame: Frame, account: int, key: int, nonce: int, authority: Authority, scope: int
) -> Reason:
    """Check who stands behind a record of `account`, and spend its nonce unless it is a message.

    `key` 0 is the owner's, 1 to 3 a session key, which needs one of the bits of `scope` (0: only
    the owner will do). Reads owner, then the session key. From the nonce on it is spent whatever
    follows. Reasons, in this order: `UNKNOWN_ACCOUNT`, `BAD_KEY_NUMBER`, `BAD_SIGNATURE` (forced:
    `NOT_OWNER`), `KEY_EXPIRED`, `KEY_SCOPE`, and those of S-6. Source: docs/spec.md K-2.
    """
    if account == 0 or account >= ACCOUNT_LIMIT:
        return Reason.UNKNOWN_ACCOUNT
    place = owner_key(account)
    owner: Owner | None = frame.get(place)
    if owner is None:
        return Reason.UNKNOWN_ACCOUNT
    if key:
        return _authenticate_key(frame, account, key, nonce, authority, scope)
    if authority.address != owner.address:
        return Reason.NOT_OWNER if authority.forced else Reason.BAD_SIGNATURE
    if authority.forced:
        return _OK
    reason, spent = spend_nonce(owner, nonce, frame.time_ms)
    if reason is _OK:
        frame.put(place, spent)
    return reason


def _authenticate_key(
    frame: Frame, account: int, key: int, nonce: int, authority: Authority, scope: int
) -> Reason:
    if key > SESSION_KEYS:
        return Reason.BAD_KEY_NUMBER
    place = session_key_key(account, key)
    session: SessionKey | None = frame.get(place)
    if session is None or not _is_set(session) or session.address != authority.address:
        return Reason.NOT_OWNER if authority.forced else Reason.BAD_SIGNATURE
    if session.expiry_ms <= frame.time_ms:
        return Reason.KEY_EXPIRED
    if not session.scope & scope:
        return Reason.KEY_SCOPE
    if authority.forced:
        return _OK
    window = Owner(session.address, session.nonce_high, session.nonce_map)
    reason, spent = spend_nonce(window, nonce, frame.time_ms)
    if reason is _OK:
        frame.put(place, SessionKey(*session[:5], spent.nonce_high, spent.nonce_map))
    return reason


def _is_set(session: SessionKey) -> bool:
    return session.address != _NO_ADDRESS


def admit(
    frame: Frame,
    account: int,
    key: int,
    nonce: int,
    authority: Authority,
    scope: int,
    wanted: int,
) -> Reason:
    """Check the class of a record, then who stands behind it; what is authenticated counts.

    Reasons: `OUT_OF_CLASS`, which reads nothing and keeps the nonce, then those of
    `authenticate`. Source: docs/spec.md O-1, K-2.
    """
    reached = frame.order_class
    if wanted < reached and not authority.forced:
        return Reason.OUT_OF_CLASS
    reason = authenticate(frame, account, key, nonce, authority, scope)
    if wanted > reached and reason is _OK:
        frame.order_class = wanted
    return reason
