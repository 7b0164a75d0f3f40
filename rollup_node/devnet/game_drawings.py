"""Drawings of a contest as SVG: who claims what, and how a bisection narrows to one leaf.

Colours are classes of the page's style sheet, so that they follow its light and dark sides.
"""

from collections.abc import Iterator
from typing import Final

from rollup_node.devnet.drawing import WIDTH, box, label, svg
from rollup_node.devnet.game_words import Reading, Step, outcome, person, plural, seconds, short
from rollup_node.devnet.markup import Markup, el, join
from rollup_node.rpc.games import Claim, Dispute, Edge

_MOST_CLAIMS: Final = 12
_BOX_WIDTH: Final = 330
_BOX_HEIGHT: Final = 66
_BOX_STEP: Final = 84
_ROW_HEIGHT: Final = 30
_FUNNEL_HEIGHT: Final = 26
_LEFT: Final = 190
_BAND: Final = WIDTH - _LEFT
_SIGNS: Final = {"pending": "●", "confirmed": "✔", "refuted": "✘", "dead": "✝"}


def shown_claims(reading: Reading) -> list[Claim]:
    """Return the claims that a drawing has room for: the right one always, the first others."""
    claims = reading.game.claims
    chosen = [claim for claim in claims if claim.verdict == "right"]
    chosen += [claim for claim in claims if claim.verdict != "right"]
    chosen = chosen[:_MOST_CLAIMS]
    return [claim for claim in claims if claim in chosen]


def claim_tree(reading: Reading) -> Markup:
    """Return the origin and its children."""
    claims = shown_claims(reading)
    hidden = len(reading.game.claims) - len(claims)
    height = _BOX_STEP * len(claims) + (24 if hidden else 0)
    middle = (_BOX_STEP * len(claims) - (_BOX_STEP - _BOX_HEIGHT)) / 2
    parts: list[object] = []
    start = 250
    for place, claim in enumerate(claims):
        y = place * _BOX_STEP + _BOX_HEIGHT / 2
        curve = (
            f"M {start} {middle:g} C {start + 90} {middle:g} {start + 60} {y:g} {start + 150} {y:g}"
        )
        parts.append(el("path", d=curve, cls=f"branch {claim.verdict}"))
        parts += _claim_box(claim, start + 150, place * _BOX_STEP)
    parts.append(box(1, middle - 30, start - 1, 60, "card-box", 10))
    parts.append(label(18, middle - 6, "origin", "muted small"))
    parts.append(label(18, middle + 16, short(reading.game.origin), "mono strong"))
    if hidden:
        parts.append(label(start + 150, height - 6, f"and {hidden} more claims", "muted small"))
    return svg(height, f"{plural(len(reading.game.claims), 'claim')} below one origin", *parts)


def _claim_box(claim: Claim, x: float, y: float) -> Iterator[Markup]:
    yield box(x, y + 1, _BOX_WIDTH + 260, _BOX_HEIGHT - 2, f"claim-box {claim.verdict}", 10)
    yield box(x, y + 1, 6, _BOX_HEIGHT - 2, f"fill {claim.verdict}", 3)
    name = f"{_SIGNS[claim.status]} {short(claim.id)}"
    yield label(x + 22, y + 28, name, f"mono strong ink {claim.verdict}")
    yield label(x + 22, y + 50, f"{claim.verdict}, {outcome(claim)}", "muted small")
    part = "" if claim.finished else " (unfinished)"
    yield label(x + 300, y + 28, f"state after item {claim.item}{part}", "small")
    children = f", {plural(len(claim.children), 'child claim')}" if claim.children else ""
    yield label(x + 300, y + 50, f"staked by {person(claim.staker)}{children}", "muted small")


def bisection(reading: Reading, claim: Claim) -> Markup | None:
    """Return how the histories of a wrong claim and the right one narrow to where they part.

    `None` if nobody bisected either.
    """
    right = reading.right if claim is not reading.right else None
    steps = reading.path(claim, right)
    silent = not steps or steps[0].edge.left is None
    if silent and right is not None:
        steps = reading.path(right, claim)
    if not steps or steps[0].edge.left is None:
        return None
    y = 0.0
    parts: list[Markup] = []
    for step in steps:
        parts += _row(reading, step, y, mirrored=silent)
        y += _ROW_HEIGHT
        if step.turn is not None and step.edge.height > 0:
            parts.append(_funnel(step.turn, y))
        y += _FUNNEL_HEIGHT
    words = f"Bisection from 2^{steps[0].edge.height} segments"
    return svg(y - _FUNNEL_HEIGHT + 4, words, *parts)


def _row(reading: Reading, step: Step, y: float, *, mirrored: bool) -> Iterator[Markup]:
    """Draw one level: an edge and its halves, or the leaf."""
    edge = step.edge
    count = 1 << edge.height
    name = f"leaf {edge.index:,}" if edge.height == 0 else f"{count:,} segments"
    yield label(_LEFT - 14, y + 13, name, "small strong", "end")
    proven = [e.proven_by for e in (edge, step.rival) if e is not None and e.proven]
    actors = [e.bisected_by for e in (edge, step.rival) if e is not None]
    known = dict.fromkeys(person(actor) for actor in proven or actors if actor)
    if not known and edge.height:
        yield label(_LEFT - 14, y + 27, "not cut yet", "muted tiny", "end")
    if known:
        words = ", ".join(known)
        yield label(
            _LEFT - 14, y + 27, f"{'proven by ' if proven else ''}{words}", "muted tiny", "end"
        )
    if edge.left is None:
        yield from _contested(step, _LEFT, y, _BAND, mirrored=mirrored)
        return
    halves = (reading.edges[edge.left or ""], reading.edges[edge.right or ""])
    for place, half in enumerate(halves):
        x = _LEFT + place * _BAND / 2
        if step.turn == place:
            rival = reading.rival_of(half, mirrored=mirrored)
            inner = Step(half, rival, None)
            yield from _contested(inner, x, y, _BAND / 2, mirrored=mirrored)
        else:
            yield _calm(half, x, y, after=step.turn == 0 and place == 1, mirrored=mirrored)


def _contested(step: Step, x: float, y: float, width: float, *, mirrored: bool) -> Iterator[Markup]:
    """Draw a node that two histories have differently: the right one above, the wrong one below."""
    mine, other = ("right", "wrong") if mirrored else ("wrong", "right")
    nodes = {mine: step.edge.node, other: step.rival.node if step.rival else None}
    half = _ROW_HEIGHT / 2
    for place, verdict in enumerate(("right", "wrong")):
        top = y + place * half
        yield box(x + 1, top, width - 2, half - 1, f"fill {verdict}")
        node = nodes[verdict]
        words = short(node) if node else "not revealed"
        yield label(x + width / 2, top + 11.5, words, "mono tiny on-fill", "middle")


def _calm(half: Edge, x: float, y: float, *, after: bool, mirrored: bool) -> Markup:
    """Draw a half that nobody disputes; one that a single side has shown in that side's colour."""
    width = _BAND / 2
    cls, words = ("after", "follows from it") if after else ("agreed", "agreed")
    if not after and len(half.claims) == 1:
        cls = f"{'right' if mirrored else 'wrong'} faint"
        words = f"{short(half.node)}, unrivaled for {seconds(half.own_seconds)}"
    drawn = box(x + 1, y, width - 2, _ROW_HEIGHT - 1, f"fill {cls}")
    return join([drawn, label(x + width / 2, y + 19, words, "tiny", "middle")])


def _funnel(turn: int, y: float) -> Markup:
    start = _LEFT + turn * _BAND / 2
    corners = (
        (start, y),
        (start + _BAND / 2, y),
        (_LEFT + _BAND, y + _FUNNEL_HEIGHT - 1),
        (_LEFT, y + _FUNNEL_HEIGHT - 1),
    )
    return el("polygon", points=" ".join(f"{a:g},{b:g}" for a, b in corners), cls="funnel")


def history_strip(reading: Reading, dispute: Dispute) -> Markup:
    """Return the whole history of a wrong claim as one band, with the leaf where it goes wrong."""
    leaves = 1 << reading.game.rules.history_height
    at = dispute.segment / leaves * WIDTH
    mark = min(max(at, 2), WIDTH - 2)
    anchor = "start" if mark < WIDTH / 2 else "end"
    shift = 10 if anchor == "start" else -10
    parts = join(
        [
            box(0, 30, at, 26, "fill agreed", 3),
            box(at, 30, WIDTH - at, 26, "fill wrong faint", 3),
            box(mark - 2, 22, 4, 42, "fill wrong", 2),
            label(mark + shift, 18, f"leaf {dispute.segment:,}", "strong ink wrong", anchor),
            label(0, 78, "leaf 0", "muted tiny"),
            label(WIDTH, 78, f"leaf {leaves - 1:,}", "muted tiny", "end"),
        ]
    )
    return svg(84, f"The history goes wrong at leaf {dispute.segment}", parts)
