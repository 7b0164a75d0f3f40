"""What wallets hash and sign is what the node recovers: ethers and eth-account on every struct."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data

from rollup_node.codec.eip712 import digest, domain_separator, login_digest
from rollup_node.codec.signature import address_of, recover
from rollup_node.codec.typed_data import login_typed_data, typed_data
from rollup_node.core.inputs import (
    Bid,
    CancelAll,
    CancelOrder,
    ExecuteRfq,
    Freeze,
    Leg,
    MassQuote,
    MovePosition,
    OpenAccount,
    PlaceOrder,
    ReplaceOrder,
    RfqLeg,
    RfqQuote,
    RotateKey,
    SetDeadMan,
    SetGuardian,
    SetKey,
    SetMode,
    SetProtection,
    SignedContent,
    Transfer,
    Withdraw,
)
from rollup_node.rpc.logins import to_compact
from rollup_node.rpc.signed import SIGNED

pytestmark = pytest.mark.e2e

CHAIN, BRIDGE = 313_371, bytes(range(1, 21))
KEY = b"\x42" * 32
U32, U64 = (1 << 32) - 1, (1 << 64) - 1
HERE = Path(__file__).parent
LEGS = (Leg(1, 0, 1_023, U32, U32), Leg(31, 1, 0, 1, 0))
QUOTE = RfqQuote(2, 1, 1, 300, U64, (RfqLeg(1, -(1 << 31), U32), RfqLeg(31, 5, 1)), U64, bytes(64))
STRUCTS: list[SignedContent] = [
    Transfer(1, U32, 3, (1 << 96) - 1, U64),
    Withdraw(1, 2, 1 << 64, BRIDGE, 5),
    RotateKey(1, BRIDGE, 5),
    PlaceOrder(1, 3, 31, 1, 3, 1, 1, 1, 2, U32, U32, U32, U64, 65_535, 1_023, U64),
    PlaceOrder(1, 0, 1, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 1),
    CancelOrder(1, 1, 7, U32, 5),
    CancelAll(1, 2, 1, 7, 5),
    ReplaceOrder(1, 1, 7, U32, 60_000, 10, 5),
    MassQuote(1, 0, 500, LEGS, U64),
    ExecuteRfq(1, 0, 500, U64, QUOTE, 5),
    Bid(1, 0, 2, 3, -(1 << 100), 5),
    OpenAccount(1, 7, 5),
    SetKey(1, 3, BRIDGE, 15, 255, U64, U64, 5),
    Freeze(1, 255, 1, 5),
    SetGuardian(1, BRIDGE, 5),
    SetProtection(1, 0, 7, U32, U32, 5),
    SetDeadMan(1, 0, U64, 5),
    MovePosition(1, 2, 7, -(1 << 31), 5),
    SetMode(1, 0, 1, 5),
]


def test_structs_leave_none_out() -> None:
    assert {type(made) for made in STRUCTS} == set(SIGNED)


def test_wallets_sign_what_the_node_recovers() -> None:
    domain = domain_separator(CHAIN, BRIDGE)
    documents = [typed_data(CHAIN, BRIDGE, made) for made in STRUCTS]
    documents.append(login_typed_data(CHAIN, BRIDGE, 1, 2, U64))
    digests = [digest(domain, made) for made in STRUCTS] + [login_digest(domain, 1, 2, U64)]
    for document, expected, answer in zip(documents, digests, _ethers(documents), strict=True):
        name = document["primaryType"]
        assert answer["digest"] == "0x" + expected.hex(), name
        of_ethers = bytes.fromhex(answer["signature"][2:])
        signable = encode_typed_data(full_message=document)
        of_account = Account.sign_message(signable, KEY).signature
        for signature in (of_ethers, bytes(of_account)):
            assert recover(expected, to_compact(signature)) == address_of(KEY), name


def _ethers(documents: list[dict[str, Any]]) -> list[dict[str, str]]:
    node = shutil.which("node")
    assert node is not None, "node is missing"
    asked = json.dumps({"key": "0x" + KEY.hex(), "documents": documents})
    done = subprocess.run(
        [node, HERE / "digests.mjs"],
        input=asked,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    found: list[dict[str, str]] = json.loads(done.stdout)
    return found
