"""The configuration hash of both twins."""

import pyrevm
from eth_abi.abi import encode

from rollup_node.l1.compiler import load_artifact
from rollup_node.proof.assertions import Config, config_hash
from rollup_node.proof.hashing import keccak
from tests.contracts.court import BRIDGE, Court


def test_config_hash_equals_that_of_the_contract() -> None:
    court = Court()
    types = [entry["type"] for entry in _constructor()["inputs"]]
    inbox, verifier = bytes.fromhex(court.inbox[2:]), bytes.fromhex(court.verifier[2:])
    values = {
        "inbox": inbox,
        "verifier": verifier,
        "bridge": BRIDGE,
        "l2ChainId": 313_371,
        "historyHeight": 12,
        "confirmPeriodSeconds": 600,
        "stakeWei": 10**18,
        "genesisStateRoot": b"\x01" * 32,
    }
    ordered = [values[entry["name"]] for entry in _constructor()["inputs"]]
    code = bytes.fromhex(load_artifact("AssertionChain").bytecode.removeprefix("0x"))
    sender = "0x" + "d0" * 20
    info = pyrevm.AccountInfo(code=_bridge_code(inbox))
    court.evm.insert_account_info("0x" + BRIDGE.hex(), info)
    address = court.evm.deploy(sender, code + encode(types, ordered))
    raw = court.evm.message_call(sender, address, calldata=keccak(b"configHash()")[:4])
    config = Config(313_371, inbox, BRIDGE, verifier, 12, 600, 10**18)
    assert bytes(raw) == config_hash(config)
    assert config_hash(config._replace(stake_wei=1)) != config_hash(config)


def _bridge_code(inbox: bytes) -> bytes:
    """Return code that answers INBOX() with `inbox` and everything else with the caller."""
    select = bytes.fromhex("60003560e01c63") + keccak(b"INBOX()")[:4] + bytes.fromhex("14601857")
    answer = bytes.fromhex("60005260206000f3")
    return select + b"\x33" + answer + b"\x5b\x73" + inbox + answer


def _constructor() -> dict:  # type: ignore[type-arg]
    return next(e for e in load_artifact("AssertionChain").abi if e["type"] == "constructor")
