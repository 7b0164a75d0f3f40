"""A contest as one page: a single file of HTML with its style and drawings inside, no script."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from rollup_node.devnet.game_charts import DOT_WORDS, clocks, money_flow, timeline
from rollup_node.devnet.game_drawings import bisection, claim_tree, history_strip
from rollup_node.devnet.game_words import Reading, elapsed, ether, person, plural, seconds, short
from rollup_node.devnet.markup import Markup, el, join
from rollup_node.devnet.page import legend, render_document, section, table, tile
from rollup_node.rpc.games import Change, Dispute, Game, Move, StepWords

_SHOWN_DISPUTES: Final = 8
_OPEN_MOVES: Final = 30
_BAR: Final = 90


def render_page(game: Game) -> str:
    """Return the page; everything that comes from outside is escaped."""
    reading = Reading(game)
    title = f"{reading.headline()} - contest {short(game.origin)}"
    return render_document(title, *_sections(reading))


def _sections(reading: Reading) -> Iterator[Markup]:
    game = reading.game
    yield _hero(reading)
    yield section(
        "The claims",
        "Each is a staked claim about the state after the same inbox items. One can be confirmed.",
        claim_tree(reading),
    )
    if game.disputes:
        yield _disputed(reading)
    if (narrowing := _narrowing(reading)) is not None:
        yield narrowing
    yield section(
        "The clocks",
        "A claim is confirmable when it was the earliest live one, alone, for T, or when every "
        "path below its history was without a rival for T; a rivaled one waits for G after that.",
        clocks(reading),
    )
    if game.moves:
        yield section(
            "The moves in time",
            "Each dot is one transaction on L1; long pauses are drawn short.",
            legend(DOT_WORDS),
            timeline(reading),
        )
    if game.money.stakes:
        yield section(
            "The money",
            "Half of a lost stake is burnt first, so nobody gains by fighting himself; the rest "
            "pays fixed tariffs to whoever did useful work.",
            money_flow(reading),
            _tariffs(reading),
        )
    if game.moves:
        yield section(
            "The gas", "What each party paid L1 for.", _gas_table(reading), _moves_table(reading)
        )
    yield el(
        "footer",
        f"Seen at L1 block {game.l1_block}, {_clock_time(game.l1_time)}. Verdicts are those of "
        "the node that answered, from its own execution of the inbox.",
    )


def _hero(reading: Reading) -> Markup:
    game = reading.game
    verdict = game.winner_verdict or "unknown"
    pill = el("span", game.status, cls=f"pill {verdict}")
    tiles = el("div", *(tile(big, words) for big, words in _figures(reading)), cls="tiles")
    ids = el("p", "origin ", el("code", game.origin), cls="ids")
    words = (el("h1", reading.headline()), el("p", reading.summary(), cls="lead"))
    return join([el("header", pill, *words, ids, cls=f"hero {verdict}"), tiles])


def _figures(reading: Reading) -> Iterator[tuple[str, str]]:
    game = reading.game
    yield str(len(game.claims)), f"claims, {len(reading.wrong)} of them wrong"
    end = reading.ended_at or game.l1_time
    bound = "" if game.deadline_at is None else seconds(game.deadline_at - reading.began_at)
    yield (
        seconds(end - reading.began_at),
        f"since the first rival; bound {bound}" if bound else "so far",
    )
    yield f"{len(game.moves)}", "transactions on L1"
    gas = sum(move.gas for move in game.moves)
    yield f"{gas / 1_000_000:,.2f} M", "gas in all"
    yield ether(game.money.seized_wei), "stakes lost"
    yield ether(game.money.burnt_wei), "burnt"


def _disputed(reading: Reading) -> Markup:
    shown = reading.game.disputes[:_SHOWN_DISPUTES]
    first, others = shown[0], shown[1:]
    parts: list[object] = [_dispute(reading, first)]
    for dispute in others:
        title = f"{short(dispute.claim)}: {dispute.text}"
        parts.append(el("details", el("summary", title), _dispute(reading, dispute)))
    hidden = len(reading.game.disputes) - len(shown)
    if hidden:
        parts.append(el("p", f"and {hidden} more", cls="note"))
    note = "Where a wrong history leaves the right one, in the rollup's own words."
    return section("The disputed step", note, *parts)


def _dispute(reading: Reading, dispute: Dispute) -> Markup:
    claim = reading.claims.get(dispute.claim)
    staker = f", staked by {person(claim.staker)}" if claim else ""
    lead = el("p", el("code", short(dispute.claim)), f"{staker}: {dispute.text}.")
    expected = dispute.expected_root or "not known to this node"
    roots = el(
        "div",
        _root("state before", dispute.from_root, ""),
        _root("expected after it", expected, "right"),
        _root("claimed after it", dispute.claimed_root, "wrong"),
        cls="roots",
    )
    parts = [lead, history_strip(reading, dispute), roots]
    if dispute.wrong_step is not None:
        parts.append(_changes(dispute.steps[dispute.wrong_step]))
    if dispute.steps:
        steps = _steps(dispute)
        many = len(dispute.steps) > 1 and dispute.wrong_step is not None
        summary = f"all {len(dispute.steps)} steps of the segment, as they should be"
        parts.append(el("details", el("summary", summary), steps) if many else steps)
    return join(parts)


def _root(name: str, root: str, cls: str) -> Markup:
    return el("div", el("b", name), el("code", root), cls=f"root {cls}".strip())


def _changes(step: StepWords) -> Markup:
    content = f": {step.transaction}" if step.transaction else ""
    title = el("h3", f"Step {step.step} of item {step.item}, {step.kind}{content}")
    told = any(change.claimed is not None for change in step.changes)
    heads = ["leaf", "before", "expected"] + ["claimed"] * told
    lies_first = sorted(step.changes, key=lambda change: change.claimed in (None, change.expected))
    return join([title, table(heads, [_change(change, told=told) for change in lies_first])])


def _change(change: Change, *, told: bool) -> list[tuple[object, str]]:
    cells: list[tuple[object, str]] = [
        (change.leaf, ""),
        (change.before, ""),
        (change.expected, "right"),
    ]
    if told:
        lied = change.claimed not in (None, change.expected)
        cells.append((change.claimed or "", "wrong" if lied else ""))
    return cells


def _steps(dispute: Dispute) -> Markup:
    rows = []
    for place, step in enumerate(dispute.steps):
        changed = join(
            el("div", f"{change.leaf}: {change.before} → {change.expected}")
            for change in step.changes
        )
        cls = "wrong" if place == dispute.wrong_step else ""
        rows.append(
            [
                (f"{step.item}.{step.step}", cls),
                (join([el("div", step.kind), el("small", step.reason)]), ""),
                (step.transaction, ""),
                (changed, ""),
            ]
        )
    return table(["item.step", "kind", "what it executes", "what it changes"], rows)


def _narrowing(reading: Reading) -> Markup | None:
    drawn = [(claim, bisection(reading, claim)) for claim in reading.wrong]
    found = [(claim, drawing) for claim, drawing in drawn if drawing is not None]
    if not found:
        return None
    words = legend(
        {
            "right": "right history",
            "wrong": "wrong history",
            "agreed": "the same in both",
            "after": "after the difference: follows from it",
        }
    )
    parts: list[object] = [words, el("h3", f"Against {short(found[0][0].id)}"), found[0][1]]
    for claim, drawing in found[1:_SHOWN_DISPUTES]:
        title = f"against {short(claim.id)} of {person(claim.staker)}"
        parts.append(el("details", el("summary", title), drawing))
    note = (
        "Each row cuts the disputed run of segments in two. Only the half in which both histories "
        "differ goes on, so the dispute doubles its precision with every move, down to one leaf."
    )
    return section("The bisection", note, *parts)


def _tariffs(reading: Reading) -> Markup:
    money = reading.game.money
    if not money.tariffs:
        return Markup("")
    rows = [
        [(tariff.service, ""), (person(tariff.to), ""), (ether(tariff.amount_wei), "number")]
        for tariff in money.tariffs
    ]
    summary = el("summary", plural(len(rows), "tariff"))
    return el("details", summary, table(["service", "paid to", "#amount"], rows))


def _gas_table(reading: Reading) -> Markup:
    rows = reading.gas_by_action()
    most = max((gas for *_, gas, _ in rows), default=1)
    cells: list[list[tuple[object, str]]] = []
    for actor, action, count, gas, wei in rows:
        width = max(gas * _BAR // most, 1)
        cells.append(
            [
                (person(actor), ""),
                (action, ""),
                (count, "number"),
                (f"{gas // count:,}", "number"),
                (f"{gas:,}", "number"),
                (el("span", cls="bar", style=f"width: {width}px"), ""),
                (ether(wei), "number"),
            ]
        )
    return table(["who", "move", "#times", "#gas each", "#gas", "", "#cost"], cells)


def _moves_table(reading: Reading) -> Markup:
    moves, start = reading.game.moves, reading.game.claims[0].created_at
    rows = [_move_row(move, start) for move in moves]
    heads = ["#", "#after", "block", "who", "move", "", "#gas", "transaction"]
    opened = "" if len(moves) <= _OPEN_MOVES else None
    return el(
        "details", el("summary", f"every move ({len(moves)})"), table(heads, rows), open=opened
    )


def _move_row(move: Move, start: int) -> list[tuple[object, str]]:
    return [
        (move.number, "number"),
        (elapsed(move.at - start), "number"),
        (move.l1_block, ""),
        (person(move.actor), ""),
        (move.action, ""),
        (move.detail, ""),
        (f"{move.gas:,}", "number"),
        (el("code", short(move.transaction), title=move.transaction), ""),
    ]


def _clock_time(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
