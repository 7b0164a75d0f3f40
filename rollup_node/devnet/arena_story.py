"""The L2 that the arena fights about: every kind of input that a fault needs, in a few items."""

from dataclasses import dataclass
from typing import Final

from rollup_node.codec.eip712 import digest
from rollup_node.codec.records import encode_prefix, encode_record, frame
from rollup_node.codec.signature import sign
from rollup_node.core.inputs import (
    Pull,
    RotateKey,
    Seal,
    SignedTransaction,
    Transaction,
    Transfer,
    Withdraw,
)
from rollup_node.devnet.keys import accounts

ETH: Final = 1
ALICE: Final = 1
BOB: Final = 2
CAROL: Final = 3
PAYEE: Final = b"\x11" * 20
TRANSFERS: Final = 44
"""Plain transfers of the long batch: with them it takes more than one segment."""

_NEW_KEY: Final = b"\x22" * 20
_NO_VERSION: Final = b"\x02"


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs for the named users in one domain."""

    domain: bytes

    def record(self, name: str, transaction: Transaction, *, forged: bool = False) -> bytes:
        """Return a framed record; a forged one carries a signature over something else."""
        key = accounts()[name].private_key
        signed = digest(self.domain, transaction)
        signature = sign(bytes(reversed(signed)) if forged else signed, key)
        return frame(encode_record(SignedTransaction(transaction, signature)))


def everything(signer: Signer, time_ms: int) -> bytes:
    """Return a batch with a record of every kind, good and bad, and more than one segment."""
    once = signer.record("alice", Transfer(ALICE, BOB, ETH, 100, 1))
    records = [
        frame(encode_record(Pull())),
        once,
        signer.record("alice", Transfer(ALICE, BOB, ETH, 70, 2), forged=True),
        once,
        frame(encode_record(Seal(250))),
        signer.record("bob", Transfer(BOB, CAROL, ETH, 1_000_000, 1)),
        signer.record("alice", Withdraw(ALICE, ETH, 300, PAYEE, 3)),
        signer.record("bob", Transfer(BOB, 9, ETH, 1, 2)),
        frame(b"\x99nothing"),
        signer.record("carol", RotateKey(CAROL, _NEW_KEY, 1)),
        frame(encode_record(Seal(250))),
    ]
    records += [
        signer.record("alice", Transfer(ALICE, BOB, ETH, 1 + number, 10 + number))
        for number in range(TRANSFERS)
    ]
    return encode_prefix(time_ms) + b"".join(records)


def garbage(signer: Signer, time_ms: int) -> bytes:
    """Return a void batch whose records would move money if anybody read them."""
    records = signer.record("alice", Transfer(ALICE, BOB, ETH, 999, 150))
    return _NO_VERSION + encode_prefix(time_ms)[1:] + records


def cut_short(signer: Signer, time_ms: int) -> bytes:
    """Return a batch that ends in the middle of a record."""
    record = signer.record("alice", Transfer(ALICE, BOB, ETH, 5, 160))
    return encode_prefix(time_ms) + record + record[:20]
