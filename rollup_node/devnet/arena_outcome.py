"""What a case has shown: who won, which root was wrong where, what it cost, and that sums hold."""

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rollup_node.derive.assertions import KnownAssertion
from rollup_node.devnet.arena import HONEST, HONEST_NODE, Fight
from rollup_node.devnet.arena_desk import open_desk
from rollup_node.devnet.arena_money import (
    Purse,
    check_pool,
    custody_equals_claims,
    read_pool,
    read_purses,
)
from rollup_node.devnet.arena_parties import Adversary
from rollup_node.devnet.faults.trace import first_difference


@dataclass(frozen=True, slots=True)
class Start:
    """What is noted before a case begins."""

    block: int
    l1_time: int
    clock: float
    purses: Mapping[tuple[str, bytes], Purse]


async def note_start(fight: Fight) -> Start:
    """Note where everything stands."""
    head = await fight.world.reader.head()
    purses = await read_purses(fight.world, fight.accounts())
    return Start(head.number, head.timestamp, time.monotonic(), purses)


async def judge(fight: Fight, start: Start) -> dict[str, Any]:
    """Return the outcome of one fight as plain data."""
    wall, claims = time.monotonic() - start.clock, _claims(fight)
    world, desk = fight.world, fight.watch
    nets = await _nets(fight, start)
    parameters = world.rollup.parameters
    right = fight.right
    won = right is not None and right.confirmed
    bound = 2 * parameters.confirm_period_seconds + parameters.rival_delay_seconds
    delay = _delay(fight, right)
    wrong = _wrong_claims(fight)
    if not wrong:  # nobody rivaled the claim that it makes anyway
        nets[HONEST_NODE] += sum(move.cost_wei for move in world.journal.of(HONEST))
    attackers = sum(net for name, net in nets.items() if name != HONEST_NODE)
    return {
        "winner": "honest" if won else "nobody",
        "changed_root": any(found["changed_root"] for found in claims),
        "wrong_claims": wrong,
        "claims": claims,
        "refused": world.journal.errors([party.name for party in fight.adversaries]),
        "wrong_assertion_confirmed": _wrong_confirmed(fight),
        "honest_net_wei": nets[HONEST_NODE],
        "attacker_net_wei": attackers,
        "custody_equals_claims": await custody_equals_claims(world, desk),
        "rederived": await _rederived(fight),
        "bonds_lost": (await read_pool(world, start.block + 1)).seizures,
        "delay_seconds": delay,
        "since_claim_seconds": _since_claim(right),
        "bound_seconds": bound,
        "within_bound": delay is not None and delay <= bound,
        "ledger": await _ledger(fight, start, nets, wall),
    }


async def _ledger(
    fight: Fight, start: Start, nets: Mapping[str, int], wall: float
) -> dict[str, Any]:
    world = fight.world
    moves = world.journal.moves
    pool = await read_pool(world, start.block + 1)
    return {
        "gas": world.journal.gas_table(),
        "net_wei": dict(nets),
        "bonds": {
            "locked_wei": pool.locked_wei,
            "released_wei": pool.refunded_wei,
            "burnt_wei": pool.seized_burnt_wei + pool.pots_burnt_wei,
            "settlers_wei": pool.settler_wei,
            "tariffs_wei": pool.tariffs_wei,
            "seized": pool.seizures,
        },
        "pool": await check_pool(world),
        "honest_net_at_reference_wei": _at_reference(fight, nets[HONEST_NODE]),
        "l1_seconds": await world.now() - start.l1_time,
        "rounds": fight.rounds,
        "moves": len(moves),
        "honest_moves": len(world.journal.of(HONEST)),
        "honest_gas": sum(move.gas for move in world.journal.of(HONEST)),
        "calldata_bytes": sum(move.data_bytes for move in moves),
        "wall_seconds": round(wall, 3),
    }


def _at_reference(fight: Fight, net_wei: int) -> int:
    """Return what the honest node would have won if all its gas had cost the reference price."""
    price = fight.world.rollup.parameters.tariff_gas_price_wei
    moves = fight.world.journal.of(HONEST)
    return net_wei + sum(move.cost_wei - move.gas * price for move in moves)


async def _nets(fight: Fight, start: Start) -> dict[str, int]:
    after = await read_purses(fight.world, fight.accounts())
    nets: Counter[str] = Counter()
    for key, purse in after.items():
        nets[key[0]] += purse.total_wei - start.purses[key].total_wei
    return dict(nets)


def _delay(fight: Fight, right: KnownAssertion | None) -> int | None:
    """Return from the first rival to the confirmation, seconds; without a rival from the claim."""
    if right is None or right.confirmed_at is None:
        return None
    rivals = [
        child.created.created_at
        for child in fight.watch.l1.tree.children(fight.ground.origin)
        if child.id != right.id
    ]
    return right.confirmed_at - min([*rivals, right.created.created_at][: max(len(rivals), 1)])


def _since_claim(right: KnownAssertion | None) -> int | None:
    """Return from the right claim to its confirmation, seconds."""
    if right is None or right.confirmed_at is None:
        return None
    return right.confirmed_at - right.created.created_at


def _wrong_confirmed(fight: Fight) -> bool:
    tree = fight.watch.l1.tree
    return any(
        found.is_right is False
        for found in fight.honest_claims.checked()
        if (known := tree.get(found.assertion_id)) is not None and known.confirmed
    )


def _wrong_claims(fight: Fight) -> int:
    """Return how many wrong claims reached L1."""
    children = fight.watch.l1.tree.children(fight.ground.origin)
    return sum(child.id != fight.ground.right.assertion_id for child in children)


async def _rederived(fight: Fight) -> bool:
    """Tell whether a node that starts now derives the same state."""
    fresh = await open_desk(fight.world)
    await fresh.catch_up()
    return fresh.replica.segment_roots == fight.watch.replica.segment_roots


def _claims(fight: Fight) -> list[dict[str, Any]]:
    """Return for each dishonest party what it claims and where that first goes wrong."""
    return [_claim(fight, party) for party in fight.adversaries]


def _claim(fight: Fight, party: Adversary) -> dict[str, Any]:
    """Compare the history that a party believes in with the right one."""
    right = fight.ground.right
    wrong = party.history
    if wrong is None or wrong.root == right.history_root:
        return {"party": party.name, "changed_root": False}
    honest = fight.right_history
    segment = next(
        index for index in range(1 << honest.height) if honest.leaf(index) != wrong.leaf(index)
    )
    found: dict[str, Any] = {
        "party": party.name,
        "changed_root": True,
        "history_root": "0x" + wrong.root.hex(),
        "right_history_root": "0x" + honest.root.hex(),
        "segment": segment,
        "expected_root": "0x" + honest.leaf(segment).hex(),
        "claimed_root": "0x" + wrong.leaf(segment).hex(),
    }
    step = first_difference(
        fight.world.machine, party.desk.machine, fight.ground.state_at_start(), fight.ground.items
    )
    return {**found, "step": None} if step is None else {**found, **step.to_dict()}
