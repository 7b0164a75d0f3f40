"""What the attacks have in common: a whole fight, and single moves of both sides."""

from collections.abc import Sequence

from rollup_node.codec.records import encode_record, frame
from rollup_node.core.inputs import SignedTransaction, Withdraw
from rollup_node.devnet.faults.machine import Lie
from rollup_node.devnet.keys import adversary
from rollup_node.l1.sender import RpcSender
from rollup_node.node.challenger import ChallengerPlayer, make_challenger
from rollup_node.node.evidence import Evidence
from rollup_node.ports import L1Sender
from rollup_node.proof.assertions import assertion_id
from rollup_node.proof.history import HistoryTree
from rollup_node.roles.challenger import decide
from rollup_node.roles.dispute_moves import Action
from rollup_node.roles.proposer import RightClaim
from rollup_node.rpc.games import Claim, Game
from tests.action.dispute_world import ETH, PAYEE, Court
from tests.action.l1_world import Follower


async def fight(court: Court, lie: Lie | None, door: str, *, mirror: bool) -> Game:
    """Have one liar claim, publish or play, and the honest side answer, until all is settled.

    `mirror`: a valid claim is there first, and the liar's is its rival.
    """
    before = await court.purses(*court.honest_addresses())
    stolen = await court.purses(adversary(0).address)
    if mirror:
        await court.claim_right()
    liar = await court.party(0, court.liar_machine(lie))
    await court.claim(court.adversary(), liar.claim, publish=door == "one-shot")
    challenger = court.challenger()
    await court.finish(challenger, [] if door == "one-shot" else [liar])
    game = await court.check_won(before)
    assert await court.purses(adversary(0).address) < stolen
    assert all(claim.verdict == "wrong" for claim in game.claims if claim.id != game.winner)
    return game


async def disputed(court: Court, lie: Lie | None) -> str:
    """Return what the step was that a liar did wrong, in the rollup's own words."""
    game = await court.games(court.liar_machine(lie)).show(court.tree.genesis.id)
    assert game is not None
    (dispute,) = game.disputes
    assert dispute.wrong_step is not None
    step = dispute.steps[dispute.wrong_step]
    assert any(change.claimed not in (None, change.expected) for change in step.changes)
    return f"{step.kind} {step.reason} {step.transaction}"


async def prove_all(court: Court) -> None:
    """Prove every segment of the right history on L1."""
    await court.honest.catch_up()
    world, node = court.world, court.honest
    child = node.claims.right_child(court.tree.genesis)
    assert child is not None
    config_hash = bytes.fromhex(world.rollup.config_hash[2:])
    evidence = Evidence(node.replica, world.machine, world.reader, config_hash)
    sender = world.sender("verifier")
    (ctx,) = await world.reader.call("step_verifier", "context", child.target, config_hash)
    start = court.tree.genesis.created.after_state_root
    for index in range(child.segments):
        for call in (await evidence.plan(child, index)).calls:
            await sender.send("step_verifier", "prove", call)
        steps = (await evidence.plan(child, index)).steps
        root, _, ended = await world.reader.call("step_verifier", "entry", ctx, start, steps)
        assert (root, ended) == (child.history.leaf(index), True)
        start = root


def challenger_of(court: Court, sender: L1Sender, *, releases: bool = True) -> ChallengerPlayer:
    node, world = court.honest, court.world
    return make_challenger(
        node.l1,
        node.replica,
        node.claims,
        world.reader,
        sender,
        world.machine,
        world.rollup,
        [court.publisher],
        releases=releases,
    )


async def scratch(court: Court) -> Follower:
    """Return a node that starts from an empty disk."""
    node = await court.world.follower()
    await node.catch_up()
    return node


async def patched(court: Court, index: int, number: int = 0) -> RightClaim:
    """Return the right claim with one leaf that is no state."""
    return await court.patched(lambda leaves: leaves.__setitem__(index, bytes((0x55, number)) * 16))


async def bisect_down(
    court: Court,
    challenger: ChallengerPlayer,
    liar: RpcSender,
    claim: RightClaim,
    *,
    levels: int,
) -> None:
    """Bisect a wrong history towards its first wrong leaf; the challenger answers each time."""
    child = court.honest.claims.right_child(court.tree.genesis)
    assert child is not None
    height, origin = child.history.height, court.tree.genesis.id
    wrong = HistoryTree(height, claim.segment_roots, claim.segment_roots[-1])
    index = next(n for n in range(1 << height) if wrong.leaf(n) != child.history.leaf(n))
    made = next(
        known.id
        for known in court.tree.children(origin)
        if known.created.history_root == wrong.root
    )
    for level in range(height, height - levels, -1):
        edge = wrong.edge(origin, level, index >> level)
        halves = [wrong.node(level - 1, 2 * edge.index + side) for side in (0, 1)]
        if level == height:
            await liar.send("challenge_game", "bisectAssertion", made, *halves)
        else:
            await liar.send("challenge_game", "bisect", (*edge[:4], *halves))
        await court.play(challenger)


def overlong(court: Court) -> tuple[object, ...]:
    """Return a claim below genesis that runs on past its target."""
    node = court.honest
    roots = node.replica.segment_roots
    height = court.world.rollup.parameters.history_height
    history = HistoryTree(height, roots, roots[-1])
    cursor, branch = node.claims._cursor(len(roots))
    return (
        court.tree.genesis.id,
        assertion_id(court.tree.genesis.id, history.root, node.l1.derivation.accumulator(1)),
        history.root,
        history.last_leaf,
        history.branch((1 << height) - 1),
        cursor + b"".join(branch),
    )


def clock_of(court: Court, made: bytes) -> Claim:
    """Return a claim as a node tells it now."""
    claims = court.games()._desk().claims(court.tree.genesis.id, {})
    return next(claim for claim in claims if claim.id == "0x" + made.hex())


async def would_do(challenger: ChallengerPlayer) -> Sequence[Action]:
    """Return what a challenger would do at the newest block."""
    view = await challenger._view(challenger.follower.derivation.head)
    assert view is not None
    return decide(view, challenger.memory)[1]


def longest() -> bytes:
    """Return records with the widest fields, and the longest record that nobody can decode."""
    widest = Withdraw(1, ETH, (1 << 96) - 1, PAYEE, (1 << 64) - 1)
    record = encode_record(SignedTransaction(widest, b"\xff" * 64))
    return frame(record) + frame(b"\x99" * 1_024)


async def exit_of(node: Follower, slot: int) -> tuple[tuple[object, ...], tuple[bytes, ...]]:
    """Return an outbox entry of a node as the bridge takes it, and its branch."""
    found = node.replica.prove_outbox(slot, 1)
    assert found is not None
    return tuple(found.withdrawal), found.branch


async def prove_exit(sender: RpcSender, node: Follower, slot: int, made: bytes) -> None:
    entry, branch = await exit_of(node, slot)
    await sender.send("bridge", "proveWithdrawal", made, entry, slot, list(branch))


async def finalize(sender: RpcSender, node: Follower, slot: int, made: bytes) -> None:
    entry, _ = await exit_of(node, slot)
    await sender.send("bridge", "finalizeWithdrawal", sender.address, made, entry, slot)


async def finalize_refusal(
    court: Court, prover: RpcSender, node: Follower, slot: int, made: bytes
) -> str:
    entry, _ = await exit_of(node, slot)
    return await court.refusal("bridge", "finalizeWithdrawal", prover.address, made, entry, slot)
