"""What tests of scenes that end in a withdrawal share: being paid by a claim."""

from rollup_node.devnet.arena_desk import Desk
from rollup_node.devnet.arena_story import PAYEE
from rollup_node.devnet.arena_world import ArenaWorld


async def pay_first_entry(world: ArenaWorld, desk: Desk, claim: bytes) -> int:
    """Withdraw the first entry of the outbox by a claim; return what the payee has then."""
    proof = desk.replica.prove_outbox(0)
    assert proof is not None
    alice, entry = world.user("alice"), tuple(proof.withdrawal)
    await alice.send("bridge", "proveWithdrawal", claim, entry, 0, list(proof.branch))
    await world.warp(world.rollup.parameters.maturity_seconds)
    await alice.send("bridge", "finalizeWithdrawal", alice.address, claim, entry, 0)
    call = "0x70a08231" + PAYEE.rjust(32, b"\0").hex()
    token = "0x" + world.rollup.address("usdc").hex()
    return int(await world.client.call("eth_call", {"to": token, "data": call}, "latest"), 16)
