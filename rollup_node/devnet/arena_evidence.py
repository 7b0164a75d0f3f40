"""Proofs about the right history that a trickster sends: honest evidence, dishonest use."""

from collections.abc import Sequence

from rollup_node.codec.blob import blob_payload
from rollup_node.core.kinds import ItemKind
from rollup_node.devnet.arena import Fight
from rollup_node.devnet.dispute_ledger import L1Call
from rollup_node.devnet.failure import DevnetError
from rollup_node.l1.blob_import import import_arguments
from rollup_node.node.claims import RightChild
from rollup_node.node.evidence import Evidence, Plan, ProofCall
from rollup_node.proof.witness import BlobData, build_call


async def right_plan(fight: Fight, segment: int) -> Plan:
    """Return what proves that a leaf of the right history follows the one before."""
    config_hash = bytes.fromhex(fight.world.rollup.config_hash.removeprefix("0x"))
    desk, world = fight.watch, fight.world
    evidence = Evidence(desk.replica, world.machine, world.reader, config_hash)
    return await evidence.plan(_child(fight), segment)


async def prove_right(
    fight: Fight, segment: int, *, target: int | None = None, calls: int | None = None
) -> list[L1Call]:
    """Return the transactions that prove a right segment, or towards another target."""
    plan = await right_plan(fight, segment)
    found = [_import(blob) for blob in plan.blobs]
    for call in plan.calls[:calls]:
        given = call if target is None else call._replace(target=target)
        found.append(L1Call("step_verifier", "prove", (given,)))
    return found


async def refute_right(fight: Fight, segment: int) -> L1Call:
    """Return the refutation of a right transition."""
    plan = await right_plan(fight, segment)
    history = fight.right_history
    before = (history.leaf(segment - 1), tuple(history.branch(segment - 1))) if segment else None
    leaf_before, branch_before = before or (bytes(32), ())
    refutation = (
        fight.ground.right.assertion_id,
        segment,
        leaf_before,
        branch_before,
        history.leaf(segment),
        tuple(history.branch(segment)),
    )
    return L1Call("challenge_game", "refute", (refutation, plan.transition))


async def one_at_a_time(fight: Fight) -> Sequence[L1Call]:
    """Return calls that prove the first segment of the contest, one step each."""
    plan = await right_plan(fight, 0)
    item, machine = fight.ground.items[0], fight.world.machine
    config_hash = bytes.fromhex(fight.world.rollup.config_hash.removeprefix("0x"))
    blobs = None
    if item.header.kind == ItemKind.BLOB:
        whole = await fight.world.reader.blobs(item.transaction_hash)
        blobs = BlobData(item.blob_hashes, b"".join(map(blob_payload, whole)))
    state = fight.ground.state_at_start()
    start, done, weight, ended = state.root(), 0, 0, False
    found = [_import(blob) for blob in plan.blobs]
    while not ended:
        call = build_call(
            machine,
            state,
            item.header,
            item.data,
            item.messages,
            1,
            steps_done=done,
            weight_done=weight,
            blobs=blobs,
        )
        given = ProofCall(fight.ground.right.target, config_hash, start, done, 1, call.encode())
        found.append(L1Call("step_verifier", "prove", (given,)))
        state.commit(call.results[0].writes)
        done, weight, ended = done + 1, weight + call.weight, call.is_ended
    return found


def _child(fight: Fight) -> RightChild:
    origin = fight.watch.l1.tree.get(fight.ground.origin)
    child = None if origin is None else fight.honest_claims.right_child(origin)
    if child is None:
        raise DevnetError("the honest node has not derived the contest")
    return child


def _import(blob: bytes) -> L1Call:
    return L1Call("blob_importer", "importBlob", import_arguments(blob))
