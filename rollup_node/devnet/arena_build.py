"""Seats the parties of a case: the honest node, and each claimant of the fault plan."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rollup_node.devnet.arena import HONEST, HONEST_NODE, Case, Fight
from rollup_node.devnet.arena_desk import Desk, open_desk
from rollup_node.devnet.arena_ground import Field
from rollup_node.devnet.arena_parties import Adversary, Allowed, Gate, HonestParty
from rollup_node.devnet.arena_senders import Contract, FrontRun, deploy_grief
from rollup_node.devnet.arena_tricks import make_tricks, trick_history
from rollup_node.devnet.arena_world import ArenaWorld
from rollup_node.devnet.dispute_ledger import LedgerSender
from rollup_node.devnet.faults.histories import PatchedClaims, patched
from rollup_node.devnet.faults.machine import FaultyMachine
from rollup_node.devnet.faults.plan import Claimant, plan_claims
from rollup_node.devnet.faults.revealer import Revealer
from rollup_node.devnet.keys import accounts, adversary
from rollup_node.node.challenger import ChallengerPlayer, make_challenger
from rollup_node.node.claims import Claims
from rollup_node.node.histories import HistorySource
from rollup_node.node.players import Player, ProposerPlayer
from rollup_node.ports import L1Sender
from rollup_node.proof.assertions import assertion_id
from rollup_node.proof.history import HistoryTree

_TRICKSTER: Final = 70
"""Number of the account that plays tricks beside the claimants."""


@dataclass
class OpenHistories:
    """The histories that dishonest claimants publish: a peer of the honest node."""

    claims: list[Claims]
    name: str = "peers"

    async def segment_roots(self, assertion_id: bytes, limit: int) -> Sequence[bytes] | None:
        """Return the roots of whoever has made that claim; see `HistorySource`."""
        for claims in self.claims:
            roots = claims.segment_roots(assertion_id)
            if roots is not None:
                return roots[:limit]
        return None


async def seat(world: ArenaWorld, ground: Field, case: Case) -> Fight:
    """Return a fight with all its parties at their desks."""
    desk = await open_desk(world)
    await desk.catch_up()
    fight = Fight(world, ground, case, desk, desk.claims())
    shared = await open_desk(world)
    claimants = plan_claims(case.fault, ground.ground, case.choice)
    fight.stays_rivaled = all(it.answers == "never" and not it.publishes for it in claimants)
    for number, claimant in enumerate(claimants):
        fight.adversaries.append(await _claimant(fight, claimant, number, shared))
    trickster = world.sender("trickster", adversary(_TRICKSTER).private_key, pays_refusals=True)
    tricks = make_tricks(fight, trickster)
    if tricks:
        history = trick_history(fight)
        party = Adversary("trickster", desk, [trickster], tricks, history=history)
        fight.adversaries.append(party)
    fight.honest = _honest(fight, desk, trickster)
    return fight


def _honest(fight: Fight, desk: Desk, trickster: LedgerSender) -> HonestParty:
    world, parameters = fight.world, fight.world.rollup.parameters
    key = accounts()["proposer"].private_key
    senders = [world.sender(role, key) for role in HONEST]
    ours: list[L1Sender] = [*senders]
    if fight.case.fault.name == "front-runner":
        ours = [FrontRun(sender, trickster) for sender in senders]
    claims = fight.honest_claims
    proposer = ProposerPlayer(desk.l1, world.reader, ours[0], claims, parameters)
    sources = [OpenHistories(fight.published)]
    challenger = _challenger(world, desk, claims, ours[1], sources)
    players: list[Player] = [challenger, proposer]
    desk.players += players
    return HonestParty(HONEST_NODE, desk, senders, players)


async def _claimant(fight: Fight, claimant: Claimant, number: int, shared: Desk) -> Adversary:
    world, rollup = fight.world, fight.world.rollup
    desk = shared
    if claimant.lie_at is not None:
        bridge = rollup.address("bridge")
        desk = await open_desk(world, FaultyMachine(rollup.l2_chain_id, bridge, claimant.lie_at))
    start = fight.ground.start

    def make(*parts: object) -> Claims:
        if not claimant.patches:
            return Claims(*parts)  # type: ignore[arg-type]
        return PatchedClaims(*parts, start=start, patches=claimant.patches)  # type: ignore[arg-type]

    claims = desk.claims(make)
    if claimant.publishes:
        fight.published.append(claims)
    name = claimant.name
    sender = world.sender(name, adversary(number).private_key, pays_refusals=True)
    acting: L1Sender = sender
    if claimant.is_contract:
        acting = Contract(sender, await deploy_grief(world, sender))
    return await _adversary(fight, claimant, desk, claims, sender, acting)


async def _adversary(
    fight: Fight,
    claimant: Claimant,
    desk: Desk,
    claims: Claims,
    sender: LedgerSender,
    acting: L1Sender,
) -> Adversary:
    world = fight.world
    proposer = ProposerPlayer(desk.l1, world.reader, acting, claims, world.rollup.parameters)
    players: list[Player] = [Gate(proposer, _entry(fight, claimant))]
    if claimant.answers == "bisects":
        await desk.catch_up()
        history = _history(fight, claimant, desk)
        made = assertion_id(fight.ground.origin, history.root, fight.accumulator)
        players.append(Revealer(desk.l1, sender, fight.ground.origin, made, history))
    elif claimant.answers != "never":
        challenger = _challenger(world, desk, claims, acting, [])
        allowed = fight.is_last_second if claimant.answers == "last second" else fight.is_rivalable
        players.append(Gate(challenger, allowed))
    desk.players += players
    await desk.catch_up()
    return Adversary(
        claimant.name, desk, [sender, acting], players, history=_history(fight, claimant, desk)
    )


def _entry(fight: Fight, claimant: Claimant) -> Allowed:
    """Return when a claimant may claim."""
    if claimant.entry == "last second":
        return fight.is_last_second
    return fight.is_rivalable if fight.case.choice.mirror else fight.always


def _history(fight: Fight, claimant: Claimant, desk: Desk) -> HistoryTree:
    """Return the history that a claimant believes in."""
    if claimant.patches:
        return patched(fight.right_history, claimant.patches)
    roots = desk.replica.segment_roots[fight.ground.start :]
    return HistoryTree(fight.height, roots, roots[-1])


def _challenger(
    world: ArenaWorld,
    desk: Desk,
    claims: Claims,
    sender: L1Sender,
    sources: Sequence[HistorySource],
) -> ChallengerPlayer:
    return make_challenger(
        desk.l1,
        desk.replica,
        claims,
        world.reader,
        sender,
        desk.machine,
        world.rollup,
        sources,
        releases=False,
    )
