"""The whole deployment in an EVM: addresses as foretold, one configuration hash in both twins."""

from typing import Any

import pyrevm
import pytest
from eth_abi.abi import encode

from rollup_node.devnet.deployer import constructor_names, creations, shared_arguments
from rollup_node.devnet.keys import accounts, checksum
from rollup_node.devnet.manifest import L2_CHAIN_ID, Manifest
from rollup_node.devnet.profiles import Profile, profiles
from rollup_node.l1.contracts import create_address
from rollup_node.l1.shipped import load_artifact
from rollup_node.proof.assertions import Config, config_hash
from rollup_node.proof.hashing import keccak


def deploy(evm: Any, profile: Profile) -> dict[str, bytes]:
    """Create all contracts in order and return their addresses."""
    deployer = accounts()["deployer"].address
    plan = creations()
    addresses = {
        creation.key: create_address(deployer, nonce) for nonce, creation in enumerate(plan)
    }
    manifest = Manifest(profile, 0, 0, (), "calldata")
    values = shared_arguments(manifest, addresses)
    evm.set_balance(checksum(deployer), 10**24)
    for creation in plan:
        artifact = load_artifact(creation.artifact)
        names = constructor_names(creation.artifact)
        inputs = [
            item
            for entry in artifact.abi
            if entry["type"] == "constructor"
            for item in entry["inputs"]
        ]
        ordered = [{**values, **creation.arguments}[name] for name in names]
        code = bytes.fromhex(artifact.bytecode.removeprefix("0x"))
        code += encode([item["type"] for item in inputs], ordered)
        created = evm.deploy(checksum(deployer), code)
        assert bytes.fromhex(created[2:]) == addresses[creation.key], creation.key
    return addresses


def view(evm: Any, address: bytes, function: str) -> bytes:
    caller = checksum(accounts()["deployer"].address)
    selector = keccak(f"{function}()".encode())[:4]
    return bytes(evm.message_call(caller, checksum(address), calldata=selector, is_static=True))


@pytest.mark.parametrize("name", profiles())
def test_deploy_every_profile_gives_the_config_hash_of_the_twin(name: str) -> None:
    profile = profiles()[name]
    evm = pyrevm.EVM(spec_id="PRAGUE")
    evm.set_block_env(pyrevm.BlockEnv(timestamp=1_763_700_000))
    found = deploy(evm, profile)
    config = Config(
        l2_chain_id=L2_CHAIN_ID,
        inbox=found["inbox"],
        bridge=found["bridge"],
        verifier=found["step_verifier"],
        history_height=profile.history_height,
        confirm_period_seconds=profile.confirm_period_seconds,
        stake_wei=profile.stake_wei,
    )
    chain = found["assertion_chain"]
    assert view(evm, chain, "configHash") == config_hash(config)
    assert config_hash(config._replace(stake_wei=1)) != config_hash(config)


def test_deploy_gives_every_contract_the_addresses_of_the_others() -> None:
    evm = pyrevm.EVM(spec_id="PRAGUE")
    evm.set_block_env(pyrevm.BlockEnv(timestamp=1_763_700_000))
    found = deploy(evm, profiles()["ci"])
    wires = [
        *(("bridge", "ASSERTION_CHAIN", "assertion_chain"), ("bridge", "EXIT_MODE", "exit_mode")),
        *(("assertion_chain", getter, key) for getter, key in _CHAIN_WIRES),
        ("challenge_game", "ASSERTION_CHAIN", "assertion_chain"),
        ("challenge_game", "STAKE_POOL", "stake_pool"),
        ("challenge_game", "VERIFIER", "step_verifier"),
        ("stake_pool", "ASSERTION_CHAIN", "assertion_chain"),
        ("stake_pool", "CHALLENGE_GAME", "challenge_game"),
        ("exit_mode", "ASSERTION_CHAIN", "assertion_chain"),
        ("inbox", "GOVERNOR", "governor"),
        ("governor", "INBOX", "inbox"),
    ]
    for contract, getter, key in wires:
        assert view(evm, found[contract], getter)[12:] == found[key], (contract, getter)


_CHAIN_WIRES = [
    ("INBOX", "inbox"),
    ("BRIDGE", "bridge"),
    ("VERIFIER", "step_verifier"),
    ("CHALLENGE_GAME", "challenge_game"),
    ("STAKE_POOL", "stake_pool"),
    ("EXIT_MODE", "exit_mode"),
]
