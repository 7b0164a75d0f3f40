"""Who may see which account: logins by signature, and the tokens that stand for them."""

import secrets
from typing import Final, NamedTuple

from rollup_node.codec.eip712 import login_digest
from rollup_node.codec.signature import recover
from rollup_node.ports import Clock
from rollup_node.rpc.errors import RpcError, invalid_params
from rollup_node.rpc.market_data import MarketData
from rollup_node.rpc.trading_codes import INVALID_CREDENTIALS, unauthorized

WINDOW_MS: Final = 60_000
"""How far the time in a login may be from the node's."""
TOKEN_SECONDS: Final = 900
MAX_TOKENS: Final = 100_000

_TOKEN_BYTES: Final = 24
_SIGNATURE_BYTES: Final = 64
_LONG_SIGNATURE_BYTES: Final = 65
_PARITY_OFFSET: Final = 27


class Login(NamedTuple):
    """A key that may see an account until a time."""

    account: int
    key: int
    signer: bytes
    token: str
    until_ms: int


class Logins:
    """All logins that are valid. A signature logs in once."""

    def __init__(self, market: MarketData, clock: Clock) -> None:
        self._market, self._clock = market, clock
        self._logins: dict[str, Login] = {}
        self._used: dict[bytes, int] = {}

    def login(self, account: int, key: int, time_ms: int, signature: bytes) -> Login:
        """Check a signed login and return what stands for it.

        Raises
        ------
        RpcError
            13004 if it is too old or too new, was used, or its key may not see the account.
        """
        now_ms = self._clock.now_ms()
        self._forget(now_ms)
        if abs(time_ms - now_ms) > WINDOW_MS:
            text = f"timeMs {time_ms} is not within {WINDOW_MS} ms of {now_ms}"
            raise _refused(text, "LOGIN_TIME", "timeMs")
        digest = login_digest(self._market.domain, account, key, time_ms)
        signer = recover(digest, signature)
        if signer is None or not self._market.may_login(account, key, signer, now_ms):
            raise _refused("not signed by a key of the account", "BAD_SIGNATURE", "signature")
        if digest in self._used:
            raise _refused("this login was used before", "LOGIN_USED", "timeMs")
        if len(self._logins) >= MAX_TOKENS:
            raise _refused("too many logins: try later", "BUSY", "account")
        self._used[digest] = now_ms
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        made = Login(account, key, signer, token, now_ms + TOKEN_SECONDS * 1_000)
        self._logins[token] = made
        return made

    def resume(self, token: str) -> Login:
        """Return the login that a token stands for.

        Raises
        ------
        RpcError
            13009 if there is none, it is over, or its key lost its right.
        """
        now_ms = self._clock.now_ms()
        found = self._logins.get(token)
        if found is None or found.until_ms <= now_ms:
            raise unauthorized("no such token, or it is over")
        if not self._market.may_login(found.account, found.key, found.signer, now_ms):
            raise unauthorized("the key lost its right")
        return found

    def renew(self, login: Login) -> Login:
        """Prolong a login whose connection is still open.

        Raises
        ------
        RpcError
            13009 if its key lost its right.
        """
        now_ms = self._clock.now_ms()
        if not self._market.may_login(login.account, login.key, login.signer, now_ms):
            raise unauthorized("the key lost its right")
        self._logins.pop(login.token, None)
        renewed = login._replace(until_ms=now_ms + TOKEN_SECONDS * 1_000)
        self._logins[renewed.token] = renewed
        return renewed

    def logout(self, token: str) -> None:
        """Forget a login."""
        self._logins.pop(token, None)

    def _forget(self, now_ms: int) -> None:
        """Forget what is over: the oldest come first in both."""
        while self._logins:
            token, first = next(iter(self._logins.items()))
            if first.until_ms > now_ms:
                break
            del self._logins[token]
        while self._used:
            digest, used_ms = next(iter(self._used.items()))
            if used_ms > now_ms - 2 * WINDOW_MS:
                break
            del self._used[digest]


def read_signature(text: str) -> bytes:
    """Return a signature of 64 bytes from 0x-hex of 64 or 65.

    Raises
    ------
    RpcError
        -32602 if it is neither.
    """
    try:
        raw = bytes.fromhex(text[2:]) if text.startswith("0x") else b""
    except ValueError:
        raw = b""
    if len(raw) not in {_SIGNATURE_BYTES, _LONG_SIGNATURE_BYTES}:
        raise invalid_params("signature is not 0x-hex of 64 or 65 bytes", "signature")
    return to_compact(raw)


def to_compact(signature: bytes) -> bytes:
    """Return a signature of 65 bytes (`r ‖ s ‖ v`, as wallets give it) in 64 (EIP-2098)."""
    if len(signature) != _LONG_SIGNATURE_BYTES:
        return signature
    parity = signature[64] - _PARITY_OFFSET if signature[64] >= _PARITY_OFFSET else signature[64]
    if parity not in {0, 1} or signature[32] >> 7:
        return bytes(_SIGNATURE_BYTES)
    return signature[:32] + bytes((signature[32] | parity << 7,)) + signature[33:64]


def _refused(text: str, reason: str, field: str) -> RpcError:
    extra = {"why": text}
    return RpcError(
        INVALID_CREDENTIALS, "invalid_credentials", reason=reason, field=field, extra=extra
    )
