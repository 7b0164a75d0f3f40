"""Signed L1 transactions as bytes: EIP-1559 (type 2) and blob transactions (EIP-4844, type 3).

eth-account signs both. Given blobs it would also make their sidecar (EIP-7594), but it reads the
KZG trusted setup again for every commitment and proof: 4 s per blob and per signature, against
0.09 s with the setup kept. So the commitments and proofs come from ckzg here, are made once for all
fee bumps, and the signed transaction is wrapped with them. eth-account is imported by the first
signature: it takes 0.4 s.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import ckzg

from rollup_node.ports import CriticalError

_TYPE_FEE: Final = 2
_TYPE_BLOB: Final = 3
_CELL_PROOF_VERSION: Final = 1


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
    from eth_account import Account

    signed = Account.sign_transaction(_fields(transaction), private_key)
    raw = bytes(signed.raw_transaction)
    if transaction.sidecar is not None:
        raw = _wrap(raw, transaction.sidecar)
    return Signed(raw, bytes(signed.hash))


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


def _wrap(raw: bytes, sidecar: Sidecar) -> bytes:
    """Return the network form of a signed blob transaction (EIP-7594)."""
    import rlp

    body = rlp.decode(raw[1:])
    proofs = [sidecar.blobs, sidecar.commitments, sidecar.proofs]
    return raw[:1] + bytes(rlp.encode([body, _CELL_PROOF_VERSION, *proofs]))


def _fields(transaction: Unsigned) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "type": _TYPE_FEE,
        "chainId": transaction.chain_id,
        "nonce": transaction.nonce,
        "maxPriorityFeePerGas": transaction.fees.priority,
        "maxFeePerGas": transaction.fees.maximum,
        "gas": transaction.gas,
        "to": transaction.to,
        "value": transaction.value_wei,
        "data": transaction.data,
        "accessList": [],
    }
    if transaction.sidecar is not None:
        fields |= {
            "type": _TYPE_BLOB,
            "maxFeePerBlobGas": transaction.fees.blob,
            "blobVersionedHashes": list(transaction.sidecar.versioned_hashes),
        }
    return fields
