"""Charts of a contest as SVG: clocks against their limits, moves in time, and where money went."""

import math
from itertools import accumulate, pairwise
from typing import Final, NamedTuple

from rollup_node.devnet.drawing import WIDTH, box, label, svg
from rollup_node.devnet.game_drawings import shown_claims
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
from rollup_node.devnet.markup import Markup, el
from rollup_node.rpc.games import Claim, Stake

_CLOCK_STEP: Final = 52
_NAME: Final = 190
_LANE_STEP: Final = 34
_FLOW_HEIGHT: Final = 180
_FLOW_GAP: Final = 16
_ROOM: Final = 30
_FLOW_BAR: Final = 16
_LEAST: Final = 3
_MOST_LANES: Final = 12
_BLOCK: Final = 0.5
"""How much of a pause lies between two blocks, on the scale of logarithms of seconds."""

_Moment = tuple[int, int]
"""Time and L1 block."""

_MOST_STAKES: Final = 6
_DOTS: Final = {
    "assert": "accent",
    "bisect": "unknown",
    "prove one step": "wrong",
    "refute": "wrong",
    "mark": "right",
    "confirm": "right",
}
DOT_WORDS: Final = {
    "accent": "claims",
    "unknown": "bisects",
    "wrong": "proves a lie",
    "right": "marks, confirms",
    "muted": "everything else",
}
"""What the colours of the dots mean."""


def clocks(reading: Reading) -> Markup:
    """Return one bar per claim against the confirm period and the rival delay."""
    rules = reading.game.rules
    period, delay = rules.confirm_period_seconds, rules.rival_delay_seconds
    scale = (WIDTH - _NAME - 10) / (period + delay)
    end, full = _NAME + period * scale, _NAME + (period + delay) * scale
    claims = shown_claims(reading)
    height = _CLOCK_STEP * len(claims) + 36
    parts: list[Markup] = []
    for place, claim in enumerate(claims):
        parts += _clock(reading, claim, place * _CLOCK_STEP, scale)
    for x, words, y in (
        (end, f"T = {seconds(period)}", height - 22),
        (full, f"+ G = {seconds(delay)}", height - 4),
    ):
        line = {"x1": f"{x:g}", "x2": f"{x:g}", "y1": "0", "y2": f"{y - 2}"}
        parts.append(el("line", cls="limit", **line))
        parts.append(label(x - 6, y, words, "tiny muted", "end"))
    return svg(height, "Clocks of the claims", *parts)


def _clock(reading: Reading, claim: Claim, y: float, scale: float) -> list[Markup]:
    """Return the bar of a claim: the better of its two clocks, and the delay after it."""
    rules = reading.game.rules
    period = rules.confirm_period_seconds
    own, timer = min(claim.live_own_seconds, period), min(claim.due_seconds, period)
    full = claim.status == "confirmed" or claim.marked_at is not None
    run = period if full else max(own, timer)
    faint = "" if claim.status in ("pending", "confirmed") else " faint"
    parts = [
        label(0, y + 18, short(claim.id), f"mono strong ink {claim.verdict}"),
        label(0, y + 35, f"of {person(claim.staker)}", "muted tiny"),
        box(_NAME, y + 4, period * scale, 22, "track", 4),
        box(_NAME, y + 4, run * scale, 22, f"fill {claim.verdict}{faint}", 4),
    ]
    if full and len(reading.game.claims) > 1:
        waited = rules.rival_delay_seconds
        if claim.status != "confirmed" and claim.marked_at is not None:
            waited = min(reading.game.l1_time - claim.marked_at, waited)
        parts.append(box(_NAME + period * scale, y + 4, waited * scale, 22, "fill delay", 4))
    parts.append(label(_NAME + 2, y + 41, _clock_words(reading, claim), "muted tiny"))
    return parts


def _clock_words(reading: Reading, claim: Claim) -> str:
    if claim.status == "confirmed":
        end = (claim.confirmed_at or 0) - claim.created_at
        return f"confirmed {seconds(end)} after it was made"
    if claim.status != "pending":
        return f"{outcome(claim)}: its clocks count no more"
    clock = f"alone for {seconds(claim.live_own_seconds)}, timer {seconds(claim.due_seconds)}"
    if claim.marked_at is not None:
        left = max((claim.confirmable_at or 0) - reading.game.l1_time, 0)
        return f"{clock}; marked, the rival delay ends in {seconds(left)}"
    still = "" if claim.clock_ends_at is not None else ", stands still"
    return f"{clock}; {seconds(claim.missing_seconds)} missing{still}"


def timeline(reading: Reading) -> Markup:
    """Return every move as a dot in the lane of who made it, from the first claim to the end.

    A pause is as wide as the logarithm of its length, or the hours of waiting would leave no room
    for the minutes of playing.
    """
    game = reading.game
    start = game.claims[0].created_at
    marks = _marks(reading)
    place_of = _places([(m.at, m.l1_block) for m in game.moves] + [at for at, _ in marks])
    actors = list(dict.fromkeys(move.actor for move in game.moves))[:_MOST_LANES]
    height = _LANE_STEP * len(actors) + 46
    parts: list[Markup] = []
    for lane, actor in enumerate(actors):
        y = lane * _LANE_STEP + 18
        line = {"x1": str(_NAME), "x2": str(WIDTH), "y1": str(y), "y2": str(y)}
        parts += [label(0, y + 5, person(actor), "small strong"), el("line", cls="lane", **line)]
    floor = height - 30
    for at, words in marks:
        x = place_of[at]
        line = {"x1": f"{x:g}", "x2": f"{x:g}", "y1": "0", "y2": str(floor)}
        anchor = "end" if x > WIDTH * 0.9 else "start" if x < _NAME + 60 else "middle"
        parts.append(el("line", cls="limit", **line))
        parts.append(label(x, floor + 16, words, "tiny strong", anchor))
        parts.append(label(x, floor + 29, f"+ {seconds(at[0] - start)}", "tiny muted", anchor))
    for move in game.moves:
        if move.actor in actors:
            x, y = place_of[move.at, move.l1_block], actors.index(move.actor) * _LANE_STEP + 18
            title = el("title", f"+{elapsed(move.at - start)} {move.action}: {move.detail}")
            cls = f"dot {_DOTS.get(move.action, 'muted')}"
            parts.append(el("circle", title, cx=f"{x:g}", cy=y, r=6, cls=cls))
    return svg(height + 4, "Moves in time", *parts)


def _marks(reading: Reading) -> list[tuple[_Moment, str]]:
    """Return the moments that matter, with their names."""
    game = reading.game
    found: list[tuple[_Moment, str]] = []
    if game.rivaled_at is not None and game.claims[1:]:
        found.append(((game.rivaled_at, game.claims[1].l1_block), "first rival"))
    if reading.ended_at is not None:
        blocks = [move.l1_block for move in game.moves if move.action == "confirm"]
        found.append(((reading.ended_at, blocks[-1] if blocks else game.l1_block), "confirmed"))
    if game.deadline_at is not None:
        found.append(((game.deadline_at, game.l1_block + 1), "bound 2T + G"))
    return found


def _places(moments: list[_Moment]) -> dict[_Moment, float]:
    """Return where each moment lies from left to right; blocks of one second lie apart too."""
    ordered = sorted(set(moments))
    gaps = [math.log1p(b[0] - a[0]) + _BLOCK for a, b in pairwise(ordered)]
    scale = (WIDTH - _NAME - 20) / (sum(gaps) or 1)
    ends = accumulate(gaps, initial=0.0)
    return {moment: _NAME + 8 + end * scale for moment, end in zip(ordered, ends, strict=True)}


class _Flow(NamedTuple):
    name: str
    detail: str
    wei: int
    cls: str


def money_flow(reading: Reading) -> Markup:
    """Return where the stakes went: back to who was right, burnt, to who did the work."""
    money, stake = reading.game.money, int(reading.game.rules.stake_wei)
    kept = [held for held in money.stakes if held.state != "seized"]
    lost = [held for held in money.stakes if held.state == "seized"]
    sources: list[_Flow] = []
    for group in (kept, lost):
        sources += [_source(reading, held, stake) for held in group[:_MOST_STAKES]]
        sources += _more(len(group), stake)
    targets = _targets(reading)
    total = max(sum(flow.wei for flow in sources), 1)
    scale = _FLOW_HEIGHT / total
    heights = [
        sum(max(flow.wei * scale, _ROOM) + _FLOW_GAP for flow in flows)
        for flows in (sources, targets)
    ]
    height = max(heights)
    parts = _column(sources, 200, scale, "end") + _column(targets, WIDTH - 290, scale, "start")
    return svg(height, "Where the stakes went", *_ribbons(sources, targets, scale), *parts)


def _source(reading: Reading, held: Stake, stake: int) -> _Flow:
    claim = reading.claims.get(held.claim)
    verdict = claim.verdict if claim else "unknown"
    return _Flow(person(held.staker), f"stake of {short(held.claim)}", stake, verdict)


def _more(count: int, stake: int) -> list[_Flow]:
    hidden = count - _MOST_STAKES
    if hidden <= 0:
        return []
    return [_Flow(f"{hidden} more", plural(hidden, "stake"), hidden * stake, "agreed")]


def _targets(reading: Reading) -> list[_Flow]:
    money, stake = reading.game.money, int(reading.game.rules.stake_wei)
    names = {
        "locked": ("still locked", "agreed"),
        "moved": ("moved to a later claim", "right"),
        "released": ("given back", "right"),
    }
    found = []
    for state, (name, cls) in names.items():
        count = sum(held.state == state for held in money.stakes)
        if count:
            found.append(_Flow(name, plural(count, "stake"), count * stake, cls))
    paid: dict[str, list[int]] = {}
    for tariff in money.tariffs:
        paid.setdefault(tariff.to, []).append(int(tariff.amount_wei))
    found += [
        _Flow(f"tariffs to {person(to)}", plural(len(amounts), "service"), sum(amounts), "accent")
        for to, amounts in paid.items()
    ]
    for name, detail, wei in (
        ("burnt", "nobody gains by losing", int(money.burnt_wei)),
        ("pot", "not yet claimed", int(money.pot_wei)),
    ):
        if wei:
            found.append(_Flow(name, detail, wei, "burnt" if name == "burnt" else "agreed"))
    return found


def _column(flows: list[_Flow], x: float, scale: float, side: str) -> list[Markup]:
    parts = []
    y = 4.0
    text_x = x - 12 if side == "end" else x + _FLOW_BAR + 12
    for flow in flows:
        size = max(flow.wei * scale, _LEAST)
        middle = y + size / 2
        words = f"{flow.name}: {ether(flow.wei)}" if side == "start" else flow.name
        small = flow.detail if side == "start" else f"{ether(flow.wei)}, {flow.detail}"
        parts.append(box(x, y, _FLOW_BAR, size, f"fill {flow.cls}", 2))
        parts.append(label(text_x, middle + 1, words, "small strong", side))
        parts.append(label(text_x, middle + 15, small, "tiny muted", side))
        y += max(size, _ROOM) + _FLOW_GAP
    return parts


def _ribbons(sources: list[_Flow], targets: list[_Flow], scale: float) -> list[Markup]:
    """Fill the targets from the sources in order; kept stakes come first on both sides."""
    left, right = 200 + _FLOW_BAR, WIDTH - 290
    parts: list[Markup] = []
    place, used, y_from = 0, 0, 4.0
    y_to = 4.0
    for target in targets:
        need, y_in = target.wei, y_to
        while need > 0 and place < len(sources):
            source = sources[place]
            part = min(need, source.wei - used)
            size = part * scale
            a, b = y_from + used * scale, y_in
            middle = (left + right) / 2
            path = (
                f"M {left} {a:g} C {middle} {a:g} {middle} {b:g} {right} {b:g} "
                f"L {right} {b + size:g} C {middle} {b + size:g} {middle} {a + size:g} "
                f"{left} {a + size:g} Z"
            )
            parts.append(el("path", d=path, cls=f"ribbon {target.cls}"))
            need, used, y_in = need - part, used + part, y_in + size
            if used == source.wei:
                y_from += max(source.wei * scale, _ROOM) + _FLOW_GAP
                place, used = place + 1, 0
        y_to += max(target.wei * scale, _ROOM) + _FLOW_GAP
    return parts
