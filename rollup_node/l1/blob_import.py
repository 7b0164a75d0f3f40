"""Makes a blob provable on L1: what the importer needs to know of it besides its bytes.

Source: docs/spec.md I-8. Twin: contracts/src/BlobImporter.sol, contracts/src/proof/Blobs.sol.
"""

from typing import Final

import ckzg

from rollup_node.l1.transactions import trusted_setup, versioned_hash
from rollup_node.proof.hashing import TAG_BLOB_POINT, keccak

_MODULUS: Final = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001


def import_arguments(blob: bytes) -> tuple[bytes, bytes, bytes]:
    """Return the arguments of `importBlob`: elements, commitment, proof at the point they name.

    Takes about 0.1 s: run it off the event loop.
    """
    setup = trusted_setup()
    commitment = bytes(ckzg.blob_to_kzg_commitment(blob, setup))
    seed = keccak(TAG_BLOB_POINT + versioned_hash(commitment) + keccak(blob))
    point = (int.from_bytes(seed, "big") % _MODULUS).to_bytes(32, "big")
    proof, _ = ckzg.compute_kzg_proof(blob, point, setup)
    return blob, commitment, bytes(proof)
