"""Golden vectors: `python -m tests.vectors.generate` writes them, `--check` fails if they differ.

They fix the bytes of every encoding and the results of steps, for both twins and for anyone who
writes a third one. Bytes are hex, numbers from 2^53 on are decimal strings.
"""

import argparse
import json
import random
import sys
from pathlib import Path
from typing import Any, Final

from rollup_node.codec.delayed import encode_deposit, encode_forced
from rollup_node.codec.eip712 import confirmation_digest, digest, domain_separator
from rollup_node.codec.leaves import encode_leaf
from rollup_node.codec.records import encode_prefix, encode_record, frame
from rollup_node.codec.signature import address_of, sign
from rollup_node.core.inputs import (
    DelayedMessage,
    Deposit,
    ItemHeader,
    Messages,
    Pull,
    PullFast,
    Record,
    RotateKey,
    Seal,
    SignedTransaction,
    Transaction,
    Transfer,
    Withdraw,
)
from rollup_node.core.layout import (
    ALLOCATORS_KEY,
    CURSOR_KEY,
    MAX_BALANCE,
    TOTALS_KEY,
    balances_key,
    outbox_key,
    owner_key,
)
from rollup_node.core.leaves import Allocators, Balances, Cursor, Owner, Totals, Withdrawal, Writes
from rollup_node.proof.assertions import assertion_id, block_hash, context
from rollup_node.proof.chain_state import ChainState
from rollup_node.proof.chunks import chunk_root
from rollup_node.proof.edges import edge_id, halves, mutual_id
from rollup_node.proof.hashing import ZERO, keccak
from rollup_node.proof.history import HistoryTree
from rollup_node.proof.inbox import (
    data_hash,
    message_hash,
    next_accumulator,
    next_delayed_accumulator,
    next_fast_accumulator,
    next_link,
)
from rollup_node.proof.machine import Machine
from rollup_node.proof.witness import build_call
from tests.contracts.random_world import World
from tests.vectors.exchange import exchange
from tests.vectors.options import options
from tests.vectors.vault import vault

FOLDER: Final = Path(__file__).parent
CHAIN_ID: Final = 313_371
BRIDGE: Final = bytes.fromhex("b41d9e0000000000000000000000000000000001")
_KEY: Final = b"\x11" * 32
_OWNER: Final = address_of(_KEY)
_SAFE: Final = 1 << 53

_TRANSACTIONS: Final[tuple[Transaction, ...]] = (
    Transfer(1, 2, 0, 1, 1),
    Transfer((1 << 32) - 1, (1 << 32) - 1, 255, (1 << 96) - 1, (1 << 64) - 1),
    Withdraw(127, 3, 128, bytes(range(20)), 1_763_700_000_000),
    RotateKey(128, b"\xff" * 20, 0),
)


def _plain(value: Any) -> Any:
    """Return a value as JSON can hold it without loss."""
    if isinstance(value, bytes):
        return f"0x{value.hex()}"
    if hasattr(value, "_asdict"):
        return {"type": type(value).__name__} | _plain(value._asdict())
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, int) and value >= _SAFE else value


def records() -> dict[str, Any]:
    """Bodies, digests and signatures of every record. Source: docs/spec.md R."""
    domain = domain_separator(CHAIN_ID, BRIDGE)
    signed = [
        {
            "transaction": transaction,
            "digest": digest(domain, transaction),
            "signature": (signature := sign(digest(domain, transaction), _KEY)),
            "body": encode_record(SignedTransaction(transaction, signature)),
            "forced_body": encode_forced(transaction),
        }
        for transaction in _TRANSACTIONS
    ]
    plain: list[Record] = [Seal(0), Seal(127), Seal(128), Seal((1 << 48) - 1), Pull(), PullFast()]
    deposit = Deposit(7, _OWNER, 1, 10**18)
    return {
        "chain_id": CHAIN_ID,
        "bridge": BRIDGE,
        "domain": domain,
        "signer": _OWNER,
        "signed": signed,
        "plain": [{"record": record, "body": encode_record(record)} for record in plain],
        "deposit": {"deposit": deposit, "body": encode_deposit(deposit)},
        "prefix": {"time_ms": 1_763_700_000_000, "bytes": encode_prefix(1_763_700_000_000)},
        "confirmation": {"count": 5, "digest": confirmation_digest(domain, 5, keccak(b"link"))},
    }


def hashes() -> dict[str, Any]:
    """Every hash of the protocol on fixed inputs. Source: docs/spec.md, the table of tags."""
    message = DelayedMessage(0, _OWNER, 9, encode_deposit(Deposit(7, _OWNER, 1, 10**18)))
    delayed = next_delayed_accumulator(ZERO, message)
    fast = next_fast_accumulator(ZERO, message)
    data = bytes(range(256)) * 9
    header = ItemHeader(0, len(data), chunk_root(data), 1, delayed, 2, fast, 100, 200)
    roots = [keccak(bytes((i,))) for i in range(4)]
    tree = HistoryTree(3, roots[:3], roots[3])
    return {
        "message": message,
        "message_hash": message_hash(message),
        "delayed_accumulator": delayed,
        "fast_accumulator": fast,
        "chunk_roots": {str(n): chunk_root(data[:n]) for n in (0, 1, 1024, 1025, 2048, 2304)},
        "header": header,
        "data_hash": data_hash(header),
        "accumulator": next_accumulator(ZERO, header),
        "link": next_link(ZERO, 0, keccak(b"record")),
        "history": {"root": tree.root, "last_branch": tree.branch(7), "leaf_2": tree.branch(2)},
        "assertion_id": assertion_id(roots[0], roots[1], roots[2]),
        "context": context(5, roots[0], roots[1]),
        "block_hash": block_hash(ZERO, 1, 1_763_700_000_000, roots[0], roots[1]),
    }


def tree() -> dict[str, Any]:
    """Leaves, root and multiproof of a small state. Source: docs/spec.md S, T."""
    writes: Writes = {
        CURSOR_KEY: Cursor(1, 2, 3, 4, 5, 6, 1, 5),
        ALLOCATORS_KEY: Allocators(3, 4, 5, 6),
        TOTALS_KEY: Totals((1, 2, 3, (1 << 96) - 1)),
        owner_key(1): Owner(_OWNER, 5, 3),
        balances_key(1): Balances((MAX_BALANCE, 0, 1, 2)),
        owner_key((1 << 22) - 1): Owner(_OWNER, (1 << 64) - 1, (1 << 192) - 1),
        outbox_key(2): Withdrawal((1 << 32) - 1, 255, (1 << 96) - 1, _OWNER),
    }
    state = ChainState()
    genesis = state.root()
    state.commit(writes)
    proof = state.prove([*writes, balances_key(77)])
    return {
        "genesis_root": genesis,
        "leaves": [{"key": key, "value": encode_leaf(leaf)} for key, leaf in writes.items()],
        "root": state.root(),
        "proof": {
            "keys": proof.keys,
            "values": [state.value(key) for key in proof.keys],
            "siblings": proof.siblings,
        },
    }


def edges() -> dict[str, Any]:
    """Return the way from a history root to a leaf, for two rivals. Source: docs/spec.md D-1, D-2.

    `branch` are the siblings of the node up to the root: they name its prefix.
    """
    roots = [keccak(bytes((i,))) for i in range(9)]
    histories = [HistoryTree(4, roots[:count], roots[8]) for count in (6, 5)]
    return {
        "origin": keccak(b"origin"),
        "history_height": 4,
        "cases": [
            _edge(tree, height, 5 >> height) for tree in histories for height in range(4, -1, -1)
        ],
    }


def _edge(tree: HistoryTree, height: int, index: int) -> dict[str, Any]:
    edge = tree.edge(keccak(b"origin"), height, index)
    way = [tree.node(level, index >> (level - height) ^ 1) for level in range(height, tree.height)]
    found = {
        "height": height,
        "index": index,
        "prefix": edge.prefix,
        "node": edge.node,
        "branch": way,
        "mutual_id": mutual_id(edge),
        "edge_id": edge_id(edge),
    }
    if height:
        left, right = (tree.node(height - 1, 2 * index + side) for side in (0, 1))
        ids = [edge_id(half) for half in halves(edge, left, right)]
        found |= {"left": left, "right": right, "left_id": ids[0], "right_id": ids[1]}
    return found


def steps() -> dict[str, Any]:
    """Return calls of the verifier: witness, result and reasons. Source: docs/spec.md X, W.

    Each begins at item 0, nothing done, with all lists of accumulators in the inbox.
    """
    machine = Machine(CHAIN_ID, BRIDGE)
    return {
        "chain_id": CHAIN_ID,
        "bridge": BRIDGE,
        "cases": [_call(machine, seed) for seed in range(6)],
    }


def _call(machine: Machine, seed: int) -> dict[str, Any]:
    rng = random.Random(seed)
    world = World(rng, machine)
    messages = Messages(
        [world.message() for _ in range(seed)], [world.fast_message() for _ in range(seed >> 1)]
    )
    delayed, fast = [ZERO], [ZERO]
    for message in messages.delayed:
        delayed.append(next_delayed_accumulator(delayed[-1], message))
    for message in messages.fast:
        fast.append(next_fast_accumulator(fast[-1], message))
    data = encode_prefix(1_763_700_000_500) + b"".join(frame(world.body()) for _ in range(seed + 2))
    queues = seed, delayed[-1], seed >> 1, fast[-1]
    header = ItemHeader(0, len(data), chunk_root(data), *queues, 0, 1 << 32)
    call = build_call(machine, world.state, header, data, messages, 64)
    return {
        "name": f"seed {seed}",
        "target": 1,
        "accumulators": [ZERO, next_accumulator(ZERO, header)],
        "delayed_accumulators": delayed,
        "fast_accumulators": fast,
        "start_root": call.start_root,
        "steps": call.steps,
        "witness": call.encode(),
        "end_root": call.end_root,
        "weight": call.weight,
        "ended": call.is_ended,
        "kinds": [int(kind) for kind in call.kinds],
        "reasons": [int(reason) for reason in call.reasons],
    }


VECTORS: Final = {
    "records": records,
    "hashes": hashes,
    "tree": tree,
    "edges": edges,
    "steps": steps,
    "exchange": exchange,
    "options": options,
    "vault": vault,
}


def render() -> dict[Path, str]:
    """Return the text of every file."""
    return {
        FOLDER / f"{name}.json": json.dumps(_plain(make()), indent=1) + "\n"
        for name, make in VECTORS.items()
    }


def main(arguments: list[str] | None = None) -> int:
    """Write the vectors, or say which differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, fail on a difference")
    is_check = parser.parse_args(arguments).check
    stale = [
        path
        for path, text in render().items()
        if not path.exists() or path.read_text("utf-8") != text
    ]
    for path in stale:
        print(f"{path.name}: {'differs from the code' if is_check else 'written'}")
        if not is_check:
            path.write_text(render()[path], "utf-8")
    return 1 if is_check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
