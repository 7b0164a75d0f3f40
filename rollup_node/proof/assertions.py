"""Hashes that name assertions, their configuration, proof-table contexts and L2 blocks."""

from typing import NamedTuple

from rollup_node.proof.hashing import (
    TAG_ASSERTION,
    TAG_BLOCK,
    TAG_CONFIG,
    TAG_CONTEXT,
    keccak,
)


def assertion_id(parent_id: bytes, history_root: bytes, accumulator: bytes) -> bytes:
    """Return the id of an assertion; `accumulator` is the inbox's at the target.

    Source: docs/spec.md G-4. Twin: contracts/src/AssertionChain.sol.
    """
    return keccak(TAG_ASSERTION + parent_id + history_root + accumulator)


class Config(NamedTuple):
    """What an assertion chain is made for; period in seconds, stake in wei."""

    l2_chain_id: int
    inbox: bytes
    bridge: bytes
    verifier: bytes
    history_height: int
    confirm_period_seconds: int
    stake_wei: int


def config_hash(config: Config) -> bytes:
    """Hash a configuration. Source: docs/spec.md G-7. Twin: contracts/src/AssertionChain.sol."""
    return keccak(
        TAG_CONFIG
        + config.l2_chain_id.to_bytes(8, "big")
        + config.inbox
        + config.bridge
        + config.verifier
        + config.history_height.to_bytes(1, "big")
        + config.confirm_period_seconds.to_bytes(5, "big")
        + config.stake_wei.to_bytes(12, "big")
    )


def context(target: int, accumulator: bytes, config: bytes) -> bytes:
    """Return the context of proof-table entries. Source: docs/spec.md G-3."""
    return keccak(TAG_CONTEXT + target.to_bytes(5, "big") + accumulator + config)


def block_hash(
    parent: bytes, number: int, time_ms: int, state_root: bytes, transactions_root: bytes
) -> bytes:
    """Return the hash of an L2 block. Source: docs/spec.md B-2."""
    head = number.to_bytes(5, "big") + time_ms.to_bytes(6, "big")
    return keccak(TAG_BLOCK + parent + head + state_root + transactions_root)
