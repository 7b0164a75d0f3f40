"""Every step of a derived chain, executed again by the verifier on a real L1, blobs included."""

import ckzg

from rollup_node.codec.blob import to_blobs
from rollup_node.core.inputs import RotateKey, Transfer, Withdraw
from rollup_node.core.kinds import ItemKind
from rollup_node.core.layout import CURSOR_KEY
from rollup_node.derive.items import DerivedItem
from rollup_node.l1.sender import RpcSender
from rollup_node.l1.transactions import trusted_setup
from rollup_node.proof.chain_state import ChainState
from rollup_node.proof.hashing import keccak
from rollup_node.proof.witness import BlobData, build_call
from tests.action.l1_world import Follower, World

ETH = 1
_STEPS_PER_CALL = 24
_GAS_CAP = 1 << 24
_FIELD = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001


async def _catch_up_with(world: World, follower: Follower) -> None:
    poster = world.poster(follower)
    await follower.catch_up(poster)
    while await poster.act():
        await follower.catch_up(poster)


async def _chain_of_all_kinds(world: World) -> Follower:
    """Return a follower of: calldata with two segments, a blob, calldata garbage, a forced item."""
    await world.deposit("alice", 10_000, 1)
    await world.deposit("bob", 1, 2)
    world.cut(b"", 2)
    transfers = (Transfer(1, 2, ETH, 10 + nonce, nonce) for nonce in range(50))
    rotation = world.signed("bob", RotateKey(2, b"\x22" * 20, 0))
    world.cut(b"".join(world.signed("alice", t) for t in transfers) + rotation, 2)
    replayed = world.signed("alice", Transfer(1, 2, ETH, 10, 0))
    withdrawal = world.signed("alice", Withdraw(1, ETH, 300, b"\x11" * 20, 60))
    world.cut(replayed + withdrawal + b"\x00\x03\x99\x99\x99" + b"\xff", 2)
    follower = await world.follower()
    await _catch_up_with(world, follower)
    await world.force("alice", Withdraw(1, ETH, 200, b"\x11" * 20, 0))
    await follower.catch_up()
    return follower


async def _import_blobs(sender: RpcSender, item: DerivedItem) -> list[int]:
    """Make a blob batch provable; return the gas of each import."""
    used: list[int] = []
    if item.header.kind != ItemKind.BLOB:
        return used
    for versioned_hash, blob in zip(item.blob_hashes, to_blobs(item.data), strict=True):
        seed = b"\x0e" + versioned_hash + keccak(blob)
        z = int.from_bytes(keccak(seed), "big") % _FIELD
        setup = trusted_setup()
        commitment = ckzg.blob_to_kzg_commitment(blob, setup)
        proof, _ = ckzg.compute_kzg_proof(blob, z.to_bytes(32, "big"), setup)
        receipt = await sender.send("blob_importer", "importBlob", blob, commitment, proof)
        used.append(receipt.gas_used)
    return used


async def test_prove_every_segment_of_a_chain_reaches_the_roots_of_the_replica(
    world: World,
) -> None:
    follower = await _chain_of_all_kinds(world)
    items = [executed.item for executed in follower.replica.items]
    kinds = [item.header.kind for item in items]
    assert kinds == [ItemKind.CALLDATA, ItemKind.BLOB, ItemKind.CALLDATA, ItemKind.FORCED]
    sender = world.sender("verifier")
    (config_hash,) = await world.reader.call("assertion_chain", "configHash")
    state, proven, target = ChainState(), [], len(items)
    (ctx,) = await world.reader.call("step_verifier", "context", target, config_hash)
    for item in items:
        assert max(await _import_blobs(sender, item), default=0) < _GAS_CAP
        while state.get(CURSOR_KEY).item == item.index:
            proven.append(await _prove_segment(world, sender, state, item, (target, config_hash)))
            (root, _, ended) = await world.reader.call(
                "step_verifier", "entry", ctx, proven[-1][0], proven[-1][1]
            )
            assert (root, ended) == (state.root(), True)
    assert [segment[2] for segment in proven] == follower.replica.segment_roots
    assert len(proven) > len(items)  # one item is longer than a segment


async def _prove_segment(
    world: World, sender: RpcSender, state: ChainState, item: DerivedItem, claim: tuple[int, bytes]
) -> tuple[bytes, int, bytes]:
    """Prove a segment call by call; return its start root, its steps and its end root."""
    start, done, weight, is_ended = state.root(), 0, 0, False
    is_blob = item.header.kind == ItemKind.BLOB
    blobs = BlobData(item.blob_hashes, item.data) if is_blob else None
    while not is_ended:
        call = build_call(
            world.machine,
            state,
            item.header,
            item.data,
            item.messages,
            _STEPS_PER_CALL,
            steps_done=done,
            weight_done=weight,
            blobs=blobs,
        )
        fields = (*claim, start, done, call.steps, call.encode())
        receipt = await sender.send("step_verifier", "prove", fields)
        assert receipt.gas_used < _GAS_CAP
        for result in call.results:
            state.commit(result.writes)
        assert state.root() == call.end_root
        done, weight, is_ended = done + call.steps, weight + call.weight, call.is_ended
    return start, done, state.root()
