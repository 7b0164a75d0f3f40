"""Signed L1 transactions as bytes: EIP-1559 (type 2) and blob transactions (EIP-4844, type 3)."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import ckzg
import coincurve
import sha3

from rollup_node.ports import CriticalError

_STRING: Final = 0x80
_LIST: Final = 0xC0
_SHORT: Final = 55
_TYPE_FEE: Final = b"\x02"
_TYPE_BLOB: Final = b"\x03"
_CELL_PROOF_VERSION: Final = 1

Rlp = int | bytes | Sequence["Rlp"]


@dataclass(frozen=True, slots=True)
class Fees:
    """What a transaction offers, in wei per gas; `blob` per blob gas."""

    maximum: int
    priority: int
    blob: int = 0


@dataclass(frozen=True, slots=True)
class Sidecar:
    """Blobs with their KZG commitments and cell proofs (EIP-7594)."""

    blobs: tuple[bytes, ...]
    commitments: tuple[bytes, ...]
    proofs: tuple[bytes, ...]

    @property
    def versioned_hashes(self) -> tuple[bytes, ...]:
        """Return the hashes that the transaction names."""
        return tuple(versioned_hash(commitment) for commitment in self.commitments)


@dataclass(frozen=True, slots=True)
class Unsigned:
    """A call before it is signed; `to` is empty for a creation."""

    chain_id: int
    nonce: int
    to: bytes
    value_wei: int
    data: bytes
    gas: int
    fees: Fees
    sidecar: Sidecar | None = None


@dataclass(frozen=True, slots=True)
class Signed:
    """Bytes for `eth_sendRawTransaction` and the transaction's hash."""

    raw: bytes
    hash: bytes


def sign_transaction(transaction: Unsigned, private_key: bytes) -> Signed:
    """Return the signed transaction; with a sidecar, `raw` is the network form that carries it."""
    kind = _TYPE_FEE if transaction.sidecar is None else _TYPE_BLOB
    fields = _fields(transaction)
    digest = sha3.keccak_256(kind + encode_rlp(fields)).digest()
    signature = coincurve.PrivateKey(private_key).sign_recoverable(digest, hasher=None)
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:64], "big")
    body: list[Any] = [*fields, signature[64], r, s]
    plain = kind + encode_rlp(body)
    transaction_hash = bytes(sha3.keccak_256(plain).digest())
    sidecar = transaction.sidecar
    if sidecar is None:
        return Signed(plain, transaction_hash)
    wrapper: list[Any] = [
        body,
        _CELL_PROOF_VERSION,
        sidecar.blobs,
        sidecar.commitments,
        sidecar.proofs,
    ]
    return Signed(kind + encode_rlp(wrapper), transaction_hash)


def build_sidecar(blobs: Sequence[bytes]) -> Sidecar:
    """Return blobs with commitments and proofs. Takes about a second: run it off the event loop."""
    setup = trusted_setup()
    commitments: list[bytes] = []
    proofs: list[bytes] = []
    for blob in blobs:
        commitments.append(bytes(ckzg.blob_to_kzg_commitment(blob, setup)))
        _, cell_proofs = ckzg.compute_cells_and_kzg_proofs(blob, setup)
        proofs.extend(bytes(proof) for proof in cell_proofs)
    return Sidecar(tuple(blobs), tuple(commitments), tuple(proofs))


def blob_versioned_hash(blob: bytes) -> bytes:
    """Return the versioned hash of a blob. Takes about 50 ms: run it off the event loop."""
    return versioned_hash(bytes(ckzg.blob_to_kzg_commitment(blob, trusted_setup())))


def versioned_hash(commitment: bytes) -> bytes:
    """Return the versioned hash of a KZG commitment (EIP-4844)."""
    return b"\x01" + hashlib.sha256(commitment).digest()[1:]


@cache
def trusted_setup() -> object:
    """Return the KZG trusted setup of mainnet; the first call takes a second or two.

    Raises
    ------
    CriticalError
        If the installed eth-account does not carry the file.
    """
    spec = find_spec("eth_account")  # finds the folder without importing the package
    for folder in spec.submodule_search_locations or () if spec else ():
        for path in sorted(Path(folder).rglob("*trusted_setup*.txt")):
            return ckzg.load_trusted_setup(str(path), 0)
    raise CriticalError("eth-account carries no KZG trusted setup: install the locked versions")


def encode_rlp(value: Rlp) -> bytes:
    """Return the RLP encoding; integers without leading zeros."""
    if isinstance(value, int):
        value = value.to_bytes((value.bit_length() + 7) >> 3, "big")
    if isinstance(value, bytes):
        if len(value) == 1 and value[0] < _STRING:
            return value
        return _prefix(len(value), _STRING) + value
    body = b"".join(encode_rlp(element) for element in value)
    return _prefix(len(body), _LIST) + body


def _prefix(length: int, offset: int) -> bytes:
    if length <= _SHORT:
        return bytes([offset + length])
    size = length.to_bytes((length.bit_length() + 7) >> 3, "big")
    return bytes([offset + _SHORT + len(size)]) + size


def _fields(transaction: Unsigned) -> list[Any]:
    fields: list[Any] = [
        transaction.chain_id,
        transaction.nonce,
        transaction.fees.priority,
        transaction.fees.maximum,
        transaction.gas,
        transaction.to,
        transaction.value_wei,
        transaction.data,
        (),
    ]
    if transaction.sidecar is not None:
        fields += [transaction.fees.blob, transaction.sidecar.versioned_hashes]
    return fields
