"""The accounts of the devnet, from the public test mnemonic; never use them with real money."""

import functools
import hashlib
import hmac
from dataclasses import dataclass
from typing import Final

import coincurve

from rollup_node.codec.signature import address_of
from rollup_node.proof.hashing import keccak

MNEMONIC: Final = "test test test test test test test test test test test junk"
OPERATORS: Final = (
    "deployer",
    "sequencer",
    "batch_poster",
    "proposer",
    "verifier",
    "guardian",
)
USERS: Final = ("alice", "bob", "carol", "dave")
NAMES: Final = (*OPERATORS, *USERS, "challenger", "oracle")
"""All named accounts in the order of the derivation path; new ones go to the end."""
PUBLISHERS: Final = tuple(f"publisher-{number}" for number in range(5))
"""Who signs prices; they never send anything to L1 and have no money there."""
ADVERSARIES: Final = 80
"""Further accounts, for parties that no honest node knows."""

_FIRST_ADVERSARY: Final = 16
_FIRST_PUBLISHER: Final = _FIRST_ADVERSARY + ADVERSARIES
_FIRST_TRADER: Final = 1 << 16

_ORDER: Final = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
_HARDENED: Final = 1 << 31
_PATH: Final = (44 | _HARDENED, 60 | _HARDENED, _HARDENED, 0)


@dataclass(frozen=True, slots=True)
class Account:
    """One named key pair; on L1 it starts with 10,000 ETH, unless it is a publisher's."""

    name: str
    address: bytes
    private_key: bytes


@functools.cache
def accounts() -> dict[str, Account]:
    """Return all accounts by name, in the order of the mnemonic's derivation path."""
    named = [*enumerate(NAMES), *enumerate(PUBLISHERS, _FIRST_PUBLISHER)]
    return {name: _account(name, index) for index, name in named}


@functools.cache
def adversary(number: int) -> Account:
    """Return the account of adversary `number`, `0 <= number < ADVERSARIES`.

    Raises
    ------
    ValueError
        If L1 gave that account no money.
    """
    if not 0 <= number < ADVERSARIES:
        raise ValueError(f"adversary {number}: not in 0..{ADVERSARIES - 1}")
    return _account(f"adversary_{number}", _FIRST_ADVERSARY + number)


@functools.cache
def trader(number: int) -> Account:
    """Return the account of trading bot `number` from 0 on; L1 gave it no money."""
    return _account(f"trader-{number}", _FIRST_TRADER + number)


def checksum(address: bytes) -> str:
    """Return an address as text with the checksum of EIP-55."""
    text = address.hex()
    digest = keccak(text.encode()).hex()
    pairs = zip(text, digest, strict=False)
    return "0x" + "".join(char.upper() if nibble in "89abcdef" else char for char, nibble in pairs)


def _account(name: str, index: int) -> Account:
    private_key, _ = _child(*_parent(), index)
    return Account(name, address_of(private_key), private_key)


@functools.cache
def _parent() -> tuple[bytes, bytes]:
    """Return key and chain code above all accounts."""
    seed = hashlib.pbkdf2_hmac("sha512", MNEMONIC.encode(), b"mnemonic", 2048)
    master = hmac.digest(b"Bitcoin seed", seed, "sha512")
    key, chain_code = master[:32], master[32:]
    for index in _PATH:
        key, chain_code = _child(key, chain_code, index)
    return key, chain_code


def _child(key: bytes, chain_code: bytes, index: int) -> tuple[bytes, bytes]:
    """Derive one BIP-32 child key."""
    if index & _HARDENED:
        material = b"\0" + key
    else:
        material = coincurve.PublicKey.from_valid_secret(key).format(compressed=True)
    digest = hmac.digest(chain_code, material + index.to_bytes(4, "big"), "sha512")
    child = (int.from_bytes(digest[:32], "big") + int.from_bytes(key, "big")) % _ORDER
    return child.to_bytes(32, "big"), digest[32:]
