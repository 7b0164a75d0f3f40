"""The tricks of each fault: what is sent beside or in place of a dishonest claim, and when."""

from collections.abc import Callable, Sequence
from typing import Final

from rollup_node.derive.assertions import AssertionStatus, KnownAssertion
from rollup_node.devnet.arena import HONEST, Fight
from rollup_node.devnet.arena_evidence import (
    one_at_a_time,
    prove_right,
    refute_right,
    right_plan,
)
from rollup_node.devnet.dispute_ledger import HEAVY_GAS, L1Call, LedgerSender
from rollup_node.devnet.faults.histories import no_state, patched
from rollup_node.devnet.faults.tricks import (
    CopyCat,
    SendAll,
    SendEach,
    SendFresh,
    When,
    beyond,
    create_call,
    position_proof,
    refute_padding,
)
from rollup_node.node.players import Player
from rollup_node.proof.edges import EdgeKey
from rollup_node.proof.history import HistoryTree

_Make = Callable[[Fight, LedgerSender], list[Player]]
_STARVED_SIXTEENTHS: Final = range(1, 16)
_BASE_GAS: Final = 40_000
_BYTE_GAS: Final = 40
"""Below this much for each byte, and the base, L1 does not even take the data (EIP-7623)."""
_LONE_LEVELS: Final = 3
_SWAPPED_SEGMENTS: Final = (0, 1)


def make_tricks(fight: Fight, sender: LedgerSender) -> list[Player]:
    """Return the tricks of the fault of a fight, none for most."""
    make = _TRICKS.get(fight.case.fault.name)
    return [] if make is None else make(fight, sender)


def trick_history(fight: Fight) -> HistoryTree | None:
    """Return the false history that a trick claims, if it claims one."""
    return _overlong(fight)[0] if fight.case.fault.name == "overlong-range" else None


def _squat(fight: Fight, sender: LedgerSender) -> list[Player]:
    """Claim below a claim that is not confirmed: its target is an item that L1 does not have."""

    async def calls() -> Sequence[L1Call]:
        parent = fight.right if fight.case.choice.mirror else _pending_wrong(fight)[0]
        above = fight.ground.origin if parent is None else parent.id
        proof = position_proof(fight.ground.right)
        return [create_call(above, fight.accumulator, fight.right_history, proof, fight.stake_wei)]

    return [SendAll(sender, _wrong_or_right(fight), calls=calls)]


def _beyond_target(fight: Fight, sender: LedgerSender) -> list[Player]:
    async def calls() -> Sequence[L1Call]:
        history, proof = _overlong(fight)
        return [create_call(*_place(fight), history, proof, fight.stake_wei)]

    return [SendAll(sender, _at_once(fight), calls=calls)]


def _overlong(fight: Fight) -> tuple[HistoryTree, bytes]:
    """Return a history that ends in a state past the target, and the proof of its position."""
    replica = fight.watch.replica
    root, proof = beyond(replica.state.copy_at(replica.state.mark()))
    return HistoryTree(fight.height, fight.ground.right.segment_roots, root), proof


def _false_cursor(fight: Fight, sender: LedgerSender) -> list[Player]:
    """Say that the last state stands an item earlier, so that it would not be finished."""

    async def calls() -> Sequence[L1Call]:
        history = fight.right_history
        if fight.case.choice.mirror:  # the same history cannot be claimed twice
            history = patched(history, {fight.ground.ground.segments >> 1: no_state(0)})
        proof = position_proof(fight.ground.right)
        item = int.from_bytes(proof[:5], "big") - 1
        false = item.to_bytes(5, "big") + proof[5:]
        return [create_call(*_place(fight), history, false, fight.stake_wei)]

    return [SendAll(sender, _at_once(fight), calls=calls)]


def _context_swap(fight: Fight, sender: LedgerSender) -> list[Player]:
    """Prove a segment towards another target, and use it against the right claim.

    One that is not disputed: what is, the honest challenger proves towards the right target.
    """

    async def calls() -> Sequence[L1Call]:
        other = fight.ground.right.target - 1
        disputed = {_first_wrong(fight, p.history) for p in fight.adversaries if p.history}
        segment = next(number for number in _SWAPPED_SEGMENTS if number not in disputed)
        proving = await prove_right(fight, segment, target=other)
        return [*proving, await refute_right(fight, segment)]

    return [SendAll(sender, fight.is_rivalable, calls=calls, gas=HEAVY_GAS)]


def _table_squatter(fight: Fight, sender: LedgerSender) -> list[Player]:
    """Enter the first segment step by step, then use the entries against the right claim."""

    async def entries() -> Sequence[L1Call]:
        return await one_at_a_time(fight)

    async def refutation() -> Sequence[L1Call]:
        return [await refute_right(fight, 0)]

    return [
        SendAll(sender, _wrong_or_right(fight), calls=entries, gas=HEAVY_GAS),
        SendAll(sender, fight.is_rivalable, calls=refutation),
    ]


def _gas_starved(fight: Fight, sender: LedgerSender) -> list[Player]:
    """Prove the first segment with all too little gas."""

    async def starve() -> None:
        plan = await right_plan(fight, 0)
        *imports, _ = await prove_right(fight, 0, calls=1)
        for call in imports:
            await sender.send_raw(call, HEAVY_GAS)
        full = await fight.world.reader.estimate_gas("step_verifier", "prove", plan.calls[0])
        floor = _BASE_GAS + _BYTE_GAS * len(plan.calls[0].witness)
        for part in _STARVED_SIXTEENTHS:
            call = L1Call("step_verifier", "prove", (plan.calls[0],))
            await sender.send_raw(call, max((full or HEAVY_GAS) * part >> 4, floor))

    return [SendEach(sender, _wrong_or_right(fight), play_it=starve)]


def _lone_bisector(fight: Fight, sender: LedgerSender) -> list[Player]:
    """Bisect the own history downwards before anybody rivals it."""

    async def calls() -> Sequence[L1Call]:
        wrong = _pending_wrong(fight)[0]
        history = fight.adversaries[0].history
        if history is None:
            return []
        found = [_bisect_call(wrong.id, history, fight.ground.origin, history.height, 0)]
        for level in range(1, _LONE_LEVELS):
            height, last = history.height - level, (1 << level) - 1
            found.append(_bisect_call(wrong.id, history, fight.ground.origin, height, last))
        return found

    return [SendAll(sender, _is_wrong_there(fight), calls=calls)]


def _exhaustive(fight: Fight, sender: LedgerSender) -> list[Player]:
    """Bisect whatever can be bisected, on whichever history."""

    async def calls() -> Sequence[L1Call]:
        await fight.watch.catch_up()
        disputes, origin = fight.watch.l1.disputes, fight.ground.origin
        histories = [fight.right_history, *(p.history for p in fight.adversaries if p.history)]
        found = []
        for known in disputes.edges(origin):
            key = known.key
            for history in histories:
                if (
                    key.height
                    and known.rivaled_at is not None
                    and not known.bisected
                    and history.node(key.height, key.index) == key.node
                    and history.edge(origin, key.height, key.index) == key
                ):
                    found.append(_halves_call(history, key))
                    break
        return found if fight.right is None or not fight.right.confirmed else []

    return [SendFresh(sender, calls)]


def _freeloader(fight: Fight, sender: LedgerSender) -> list[Player]:
    return [CopyCat(sender, fight.always, journal=fight.world.journal, victims=HONEST)]


def _refund_drain(fight: Fight, sender: LedgerSender) -> list[Player]:
    """Ask for every tariff of the contest again, for those of its losers, and close it early."""

    async def calls() -> Sequence[L1Call]:
        origin, right = fight.ground.origin, fight.ground.right
        wrong = [child for child in _children(fight) if child.id != right.assertion_id]
        found = [_game("claimAssertion", origin)]
        for child in wrong:
            found.append(_game("claimRefutation", child.id))
            root = child.created.history_root
            found.append(_game("claimBisection", origin, fight.height, 0, root, ()))
        found.append(_game("claimRefutation", right.assertion_id))
        found.append(_game("closeContest", origin))
        return found

    return [SendAll(sender, fight.is_won, calls=calls)]


def _self_refuter(fight: Fight, sender: LedgerSender) -> list[Player]:
    """Kill the own sybils as soon as they stand, and ask for the tariff in the end."""

    async def refutations() -> Sequence[L1Call]:
        await fight.watch.catch_up()
        proof = position_proof(fight.ground.right)
        by_root = {p.history.root: p.history for p in fight.adversaries if p.history}
        return [
            refute_padding(child.id, history, _first_wrong(fight, history), proof)
            for child in _pending_wrong(fight)
            if (history := by_root.get(child.created.history_root)) is not None
        ]

    return [SendFresh(sender, refutations), *_collect(fight, sender)]


def _collect(fight: Fight, sender: LedgerSender) -> list[Player]:
    """Ask for the tariff of every refutation when all is over."""

    async def tariffs() -> Sequence[L1Call]:
        wrong = [c for c in _children(fight) if c.id != fight.ground.right.assertion_id]
        return [_game("claimRefutation", child.id) for child in wrong]

    return [SendAll(sender, fight.is_won, calls=tariffs)]


_TRICKS: Final[dict[str, _Make]] = {
    "squat": _squat,
    "overlong-range": _beyond_target,
    "false-cursor": _false_cursor,
    "context-swap": _context_swap,
    "table-squatter": _table_squatter,
    "gas-starved-prover": _gas_starved,
    "lone-bisector": _lone_bisector,
    "exhaustive-mover": _exhaustive,
    "freeloader": _freeloader,
    "refund-drain": _refund_drain,
    "front-runner": _collect,
    "self-refuting-sybil": _self_refuter,
    "self-challenge": _self_refuter,
}


def _place(fight: Fight) -> tuple[bytes, bytes]:
    return fight.ground.origin, fight.accumulator


def _game(function: str, *arguments: object) -> L1Call:
    return L1Call("challenge_game", function, arguments)


def _bisect_call(
    assertion: bytes, history: HistoryTree, origin: bytes, height: int, index: int
) -> L1Call:
    if height == history.height:
        left, right = history.node(height - 1, 0), history.node(height - 1, 1)
        return _game("bisectAssertion", assertion, left, right)
    return _halves_call(history, history.edge(origin, height, index))


def _halves_call(history: HistoryTree, key: EdgeKey) -> L1Call:
    first = 2 * key.index
    left, right = (history.node(key.height - 1, place) for place in (first, first + 1))
    return _game("bisect", (key.origin, key.height, key.index, key.prefix, left, right))


def _children(fight: Fight) -> list[KnownAssertion]:
    return fight.watch.l1.tree.children(fight.ground.origin)


def _pending_wrong(fight: Fight) -> list[KnownAssertion]:
    return [
        child
        for child in _children(fight)
        if child.id != fight.ground.right.assertion_id and child.status is AssertionStatus.PENDING
    ]


def _first_wrong(fight: Fight, history: HistoryTree) -> int:
    right = fight.right_history
    return next(i for i in range(1 << right.height) if right.leaf(i) != history.leaf(i))


def _is_wrong_there(fight: Fight) -> When:
    async def is_there() -> bool:
        await fight.watch.catch_up()
        return bool(_pending_wrong(fight))

    return is_there


def _wrong_or_right(fight: Fight) -> When:
    """Return when the claim under attack stands: the right one in a mirror, else a wrong one."""
    return fight.is_rivalable if fight.case.choice.mirror else _is_wrong_there(fight)


def _at_once(fight: Fight) -> When:
    return fight.is_rivalable if fight.case.choice.mirror else fight.always
