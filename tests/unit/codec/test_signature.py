"""Digests and signatures against eth-account, and every way a signature is invalid."""

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data

from rollup_node.codec.eip712 import confirmation_digest, digest, domain_separator
from rollup_node.codec.signature import address_of, recover, sign
from rollup_node.codec.typed_data import typed_data
from rollup_node.core.inputs import RotateKey, Transaction, Transfer, Withdraw
from rollup_node.proof.hashing import keccak

CHAIN_ID = 313_371
BRIDGE = bytes(range(20))
KEY = b"\x07" * 32
DIGEST = b"\x21" * 32
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
GOOD = sign(DIGEST, KEY)
R, S = int.from_bytes(GOOD[:32], "big"), int.from_bytes(GOOD[32:], "big") & (1 << 255) - 1
PARITY = GOOD[32] >> 7


def packed(r: int, s: int, parity: int) -> bytes:
    return r.to_bytes(32, "big") + (parity << 255 | s).to_bytes(32, "big")


@pytest.mark.parametrize(
    "transaction",
    [
        Transfer((1 << 32) - 1, 1, 255, (1 << 96) - 1, (1 << 64) - 1),
        Withdraw(5, 1, 10**18, b"\xee" * 20, 9),
        RotateKey(6, b"\x0a" * 20, 10),
    ],
)
def test_digest_equals_that_of_a_wallet(transaction: Transaction) -> None:
    message = encode_typed_data(full_message=typed_data(CHAIN_ID, BRIDGE, transaction))
    wallet = keccak(b"\x19" + message.version + message.header + message.body)
    assert digest(domain_separator(CHAIN_ID, BRIDGE), transaction) == wallet
    signed = Account.sign_message(message, KEY)
    ours = sign(wallet, KEY)
    assert ours == packed(signed.r, signed.s, signed.v - 27)
    assert (
        recover(wallet, ours) == address_of(KEY) == bytes.fromhex(Account.from_key(KEY).address[2:])
    )


def test_confirmation_digest_binds_count_link_and_domain() -> None:
    domain = domain_separator(CHAIN_ID, BRIDGE)
    other = domain_separator(CHAIN_ID + 1, BRIDGE)
    digests = {
        confirmation_digest(domain, 1, DIGEST),
        confirmation_digest(domain, 2, DIGEST),
        confirmation_digest(domain, 1, BRIDGE + bytes(12)),
        confirmation_digest(other, 1, DIGEST),
    }
    assert len(digests) == 4


@pytest.mark.parametrize(
    "signature",
    [
        packed(0, S, PARITY),
        packed(R, 0, PARITY),
        packed(ORDER, S, PARITY),
        packed((1 << 256) - 1, S, PARITY),
        packed(R, (ORDER >> 1) + 1, PARITY),
        packed(R, (1 << 255) - 1, PARITY),
        packed(5, S, PARITY),
        GOOD[:-1],
        GOOD + b"\x00",
        b"",
    ],
)
def test_recover_on_an_invalid_signature_gives_nobody(signature: bytes) -> None:
    assert recover(DIGEST, signature) is None


def test_recover_on_the_other_parity_or_digest_gives_somebody_else() -> None:
    assert recover(DIGEST, GOOD) == address_of(KEY)
    assert recover(DIGEST, packed(R, S, 1 - PARITY)) not in {address_of(KEY), None}
    assert recover(b"\x22" * 32, GOOD) not in {address_of(KEY), None}
    assert recover(DIGEST, packed(R, ORDER >> 1, PARITY)) is not None
