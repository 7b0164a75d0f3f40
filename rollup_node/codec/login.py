"""The EIP-712 message by which a key shows that it may see an account. Not part of consensus."""

from typing import Final

import sha3

_TYPE: Final = b"Login(uint32 account,uint8 key,uint64 timeMs)"
_TYPE_HASH: Final[bytes] = sha3.keccak_256(_TYPE).digest()


def login_digest(domain: bytes, account: int, key: int, time_ms: int) -> bytes:
    """Return what is signed to log in: `key` 0 is the owner's, 1 to 3 a session key.

    Source: docs/spec.md R-5. No transaction has this type, so a login signs nothing else.
    """
    words = b"".join(word.to_bytes(32, "big") for word in (account, key, time_ms))
    inner: bytes = sha3.keccak_256(_TYPE_HASH + words).digest()
    outer: bytes = sha3.keccak_256(b"\x19\x01" + domain + inner).digest()
    return outer
