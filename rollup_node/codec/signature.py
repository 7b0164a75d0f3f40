"""EIP-2098 signatures: recover and sign, with the checks of the twin. Source: docs/spec.md R-5."""

from typing import Final

from coincurve import PrivateKey
from coincurve._libsecp256k1 import ffi, lib
from coincurve.context import GLOBAL_CONTEXT
from tiny_keccak import keccak256

SIGNATURE_BYTES: Final = 64
_ORDER: Final = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
_HALF_ORDER: Final = (_ORDER >> 1).to_bytes(32, "big")
_PARITY: Final = 0x80
_WORD: Final = 32
_UNCOMPRESSED_BYTES: Final = 65

_CONTEXT: Final = GLOBAL_CONTEXT.ctx
_UNCOMPRESSED: Final = lib.SECP256K1_EC_UNCOMPRESSED
_parse = lib.secp256k1_ecdsa_recoverable_signature_parse_compact
_recover = lib.secp256k1_ecdsa_recover
_serialize = lib.secp256k1_ec_pubkey_serialize


def recover(digest: bytes, signature: bytes) -> bytes | None:
    """Return the address that signed `digest`, None if the signature is invalid.

    Valid: 1 <= r < n, 1 <= s <= n/2 and the point exists (`ecrecover`, but low s only).
    Source: docs/spec.md R-5. Twin: contracts/src/core.
    """
    if len(signature) != SIGNATURE_BYTES or len(digest) != _WORD:
        return None
    parity = signature[_WORD] >> 7
    if parity:
        signature = (
            signature[:_WORD] + bytes((signature[_WORD] ^ _PARITY,)) + signature[_WORD + 1 :]
        )
    if signature[_WORD:] > _HALF_ORDER:
        return None
    parsed = ffi.new("secp256k1_ecdsa_recoverable_signature *")
    if not _parse(_CONTEXT, parsed, signature, parity):
        return None
    point = ffi.new("secp256k1_pubkey *")
    if not _recover(_CONTEXT, point, parsed, digest):
        return None
    return _address(point)


def _address(point: object) -> bytes:
    out = ffi.new("unsigned char[65]")
    length = ffi.new("size_t *", _UNCOMPRESSED_BYTES)
    _serialize(_CONTEXT, out, length, point, _UNCOMPRESSED)
    return keccak256(ffi.buffer(out)[1:])[12:]


def sign(digest: bytes, private_key: bytes) -> bytes:
    """Return the 64-byte signature of `digest`; deterministic (RFC 6979), low s."""
    full: bytes = PrivateKey(private_key).sign_recoverable(digest, hasher=None)
    return full[:_WORD] + bytes((full[_WORD] | full[64] << 7,)) + full[_WORD + 1 : 64]


def address_of(private_key: bytes) -> bytes:
    """Return the 20-byte address of a private key."""
    public: bytes = PrivateKey(private_key).public_key.format(compressed=False)
    return keccak256(public[1:])[12:]
