"""A contest as text for a terminal: claims with their clocks, edges, money and moves."""

from collections.abc import Callable, Iterator

from rollup_node.devnet.game_words import (
    Reading,
    elapsed,
    ether,
    outcome,
    person,
    plural,
    seconds,
    short,
)
from rollup_node.rpc.games import Claim, Dispute, Edge, Game, GameLine

Paint = Callable[[str, str], str]
"""Colours a text: `green`, `red`, `yellow`, `cyan`, `dim` or `bold`."""

_BAR = 24
_SHOWN_MOVES = 40
_SHOWN_TREES = 6
_COLOURS = {"right": "green", "wrong": "red", "unknown": "yellow"}
_SIGNS = {"pending": "●", "confirmed": "✔", "refuted": "✘", "dead": "✝"}


def plain(words: str, _colour: str) -> str:
    """Paint nothing."""
    return words


def render_lines(lines: list[GameLine], paint: Paint = plain) -> str:
    """Return all contests, one a line."""
    if not lines:
        return "no contests: no assertion ever had a rival"
    rows = []
    for line in lines:
        leader = "every clock stands still"
        if line.leader is not None:
            verdict = line.leader_verdict or "unknown"
            word = "won" if line.status == "decided" else "leads"
            leader = f"{short(line.leader)} ({paint(verdict, _COLOURS[verdict])}) {word}"
        left = "" if line.seconds_left is None else f", {seconds(line.seconds_left)} left"
        count = plural(len(line.claims) - 1, "rival")
        rows.append(
            f"{paint(short(line.origin), 'bold')}  {line.status:<8} {count:<10} "
            f"{line.live} live  {line.wrong} wrong   {leader}{left}"
        )
    return "\n".join([*rows, "show one: strikenet game show ID"])


def render_tree(game: Game, paint: Paint = plain) -> str:
    """Return a whole contest as a tree."""
    reading = Reading(game)
    rules = game.rules
    period, delay = seconds(rules.confirm_period_seconds), seconds(rules.rival_delay_seconds)
    lines = [
        f"{paint(reading.headline(), 'bold')}. {reading.summary()}",
        f"L1 block {game.l1_block}, T {period}, G {delay}, 2^{rules.history_height} segments",
        "",
        f"{paint(short(game.origin), 'bold')} origin",
    ]
    for place, claim in enumerate(game.claims):
        is_last = place == len(game.claims) - 1
        lines += _claim(
            reading, claim, "└─ " if is_last else "├─ ", "   " if is_last else "│  ", paint
        )
    for dispute in game.disputes:
        lines += ["", *_dispute(dispute, paint)]
    lines += ["", *_money(reading), "", *_moves(reading, paint)]
    return "\n".join(lines)


def _claim(reading: Reading, claim: Claim, branch: str, below: str, paint: Paint) -> Iterator[str]:
    colour = _COLOURS[claim.verdict]
    sign = paint(f"{_SIGNS[claim.status]} {short(claim.id)} {claim.verdict}", colour)
    children = f", {plural(len(claim.children), 'child claim')}" if claim.children else ""
    part = "" if claim.finished else ", unfinished"
    yield (
        f"{branch}{sign}  {outcome(claim)}   staked by {person(claim.staker)}, "
        f"state after item {claim.item}{part}{children}"
    )
    edge = reading.edges.get(claim.edge)
    stem = below + ("│  " if edge is not None else "   ")
    yield f"{stem}{_clock(reading.game, claim, paint)}"
    if edge is None:
        return
    bisected = [found.id for found in reading.game.claims if found.edge in reading.edges]
    if claim.verdict == "right" or claim.id in bisected[:_SHOWN_TREES]:
        yield from _edge(reading, edge, claim, below, "└─ ", paint)
    else:
        yield f"{below}└─ its edges are left out (--json has all)"


def _clock(game: Game, claim: Claim, paint: Paint) -> str:
    """Return the clock of a claim as a bar and what is still missing."""
    period = game.rules.confirm_period_seconds
    run = min(max(claim.due_seconds, claim.live_own_seconds), period)
    full = run * _BAR // period
    bar = paint("█" * full, _COLOURS[claim.verdict]) + "░" * (_BAR - full)
    if claim.status == "confirmed":
        took = seconds((claim.confirmed_at or 0) - claim.created_at)
        return f"clock {bar} confirmed {took} after its creation"
    if claim.status != "pending":
        return f"clock {bar} lost"
    alone = f"alone {seconds(claim.live_own_seconds)}, timer {seconds(claim.due_seconds)}"
    if claim.marked_at is not None:
        return f"clock {bar} full; confirmable in {_left(game, claim)}"
    end = "stands still" if claim.clock_ends_at is None else f"confirmable in {_left(game, claim)}"
    return f"clock {bar} {alone}; {seconds(claim.missing_seconds)} missing, {end}"


def _left(game: Game, claim: Claim) -> str:
    return seconds(max((claim.confirmable_at or 0) - game.l1_time, 0))


def _edge(
    reading: Reading, edge: Edge, claim: Claim, below: str, branch: str, paint: Paint
) -> Iterator[str]:
    """Return an edge and all edges below it; those of several claims under the first only."""
    width = 1 << edge.height
    first, last = edge.index * width, (edge.index + 1) * width - 1
    place = f"leaf {first}" if edge.height == 0 else f"leaves {first:,}..{last:,}"
    words = [f"h{edge.height:<2} {place}"]
    if edge.proven:
        words.append(paint(f"proven by {person(edge.proven_by)}", "green"))
    elif edge.rivals:
        words.append(paint(f"⚔ {plural(len(edge.rivals), 'rival')}", "red"))
    else:
        words.append(paint("nobody disputes it", "dim"))
    if edge.bisected_by is not None:
        words.append(f"bisected by {person(edge.bisected_by)}")
    if not edge.proven:
        words.append(f"own {seconds(edge.own_seconds)}, timer {seconds(edge.due_seconds)}")
    if edge.claims and edge.claims[0] != claim.id:
        words.append(paint(f"shared with {short(edge.claims[0])}", "dim"))
        yield f"{below}{branch}{'  '.join(words)}"
        return
    yield f"{below}{branch}{'  '.join(words)}"
    deeper = below + ("   " if branch.startswith("└") else "│  ")
    if edge.left is not None and edge.right is not None:
        yield from _edge(reading, reading.edges[edge.left], claim, deeper, "├─ ", paint)
        yield from _edge(reading, reading.edges[edge.right], claim, deeper, "└─ ", paint)


def _dispute(dispute: Dispute, paint: Paint) -> Iterator[str]:
    yield f"{paint('disputed', 'bold')} by {short(dispute.claim)}: {dispute.text}"
    expected = dispute.expected_root and short(dispute.expected_root)
    yield (
        f"   from {short(dispute.from_root)}: expected "
        f"{paint(expected or 'unknown', 'green')}, claimed "
        f"{paint(short(dispute.claimed_root), 'red')}"
    )
    for place, step in enumerate(dispute.steps):
        if dispute.wrong_step not in (None, place):
            continue
        name = f"step {step.step} of item {step.item}: {step.kind} {step.reason}"
        yield f"   {name}  {step.transaction}"
        for change in step.changes:
            told = "" if change.claimed is None else f"   claimed {paint(change.claimed, 'red')}"
            right = paint(change.expected, "green")
            yield f"      {change.leaf}: {change.before} -> {right}{told}"


def _money(reading: Reading) -> Iterator[str]:
    money = reading.game.money
    stakes = ", ".join(f"{person(stake.staker)} {stake.state}" for stake in money.stakes[:8])
    more = f" and {len(money.stakes) - 8} more" if money.stakes[8:] else ""
    yield f"stakes   {ether(reading.game.rules.stake_wei)} each: {stakes}{more}"
    paid: dict[str, int] = {}
    for tariff in money.tariffs:
        paid[tariff.to] = paid.get(tariff.to, 0) + int(tariff.amount_wei)
    tariffs = ", ".join(f"{ether(wei)} to {person(to)}" for to, wei in paid.items()) or "none"
    yield (
        f"seized   {ether(money.seized_wei)} = {ether(money.burnt_wei)} burnt + tariffs "
        f"{tariffs} + pot {ether(money.pot_wei)}"
    )


def _moves(reading: Reading, paint: Paint) -> Iterator[str]:
    moves = reading.game.moves
    yield paint(f"{plural(len(moves), 'move')}, {sum(move.gas for move in moves):,} gas", "bold")
    for move in moves[:_SHOWN_MOVES]:
        at = elapsed(move.at - reading.game.claims[0].created_at)
        yield (
            f"{move.number:>4}  +{at:<9} block {move.l1_block:<6} {person(move.actor):<14} "
            f"{move.action:<14} {move.gas:>10,} gas  {move.detail}"
        )
    if moves[_SHOWN_MOVES:]:
        yield f"      ... and {len(moves) - _SHOWN_MOVES} more (--json has all)"
