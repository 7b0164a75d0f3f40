"""Words and figures for telling a contest to people; shared by the tree and the page."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rollup_node.devnet.keys import ADVERSARIES, accounts, adversary
from rollup_node.rpc.games import Claim, Edge, Game, Move

_WEI: Final = 10**18
_SECONDS: Final = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))
_SHORT: Final = 10
_SMALL_WEI: Final = _WEI // 10**4


def short(hash_text: str) -> str:
    """Return the beginning of a hash or address, enough to tell it from others."""
    return hash_text[:_SHORT]


def seconds(count: int) -> str:
    """Return a time in its two largest units, such as `1 d 3 h`."""
    parts: list[str] = []
    left = abs(count)
    for size, unit in _SECONDS:
        if left >= size:
            parts.append(f"{left // size} {unit}")
            left -= left // size * size
        elif parts:
            break
    return " ".join(parts[:2]) or "0 s"


def elapsed(count: int) -> str:
    """Return a time as hours, minutes and seconds, such as `26:03:10`."""
    minutes, left = divmod(max(count, 0), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{left:02}"


def ether(wei: int | str) -> str:
    """Return an amount in ETH with as many digits as matter."""
    amount = int(wei)
    if amount and abs(amount) < _SMALL_WEI:
        return f"{amount / 10**9:,.0f} gwei"
    return f"{amount / _WEI:,.4f}".rstrip("0").rstrip(".") + " ETH"


def plural(count: int, word: str) -> str:
    """Return a count with its noun."""
    return f"{count:,} {word}{'' if count == 1 else 's'}"


@functools.cache
def _names() -> dict[str, str]:
    known = {"0x" + account.address.hex(): name for name, account in accounts().items()}
    for number in range(ADVERSARIES):
        account = adversary(number)
        known.setdefault("0x" + account.address.hex(), account.name.replace("_", " "))
    return known


def outcome(claim: Claim) -> str:
    """Return the status of a claim, and who showed it to be wrong."""
    by = "" if claim.refuter is None else f"refuted by {person(claim.refuter)}"
    if claim.status == "refuted":
        return by
    return f"{claim.status}, {by}" if by else claim.status


def person(address: str | None) -> str:
    """Return who has an address: the name of a devnet account, else its beginning."""
    return "nobody" if address is None else _names().get(address, short(address))


@dataclass(frozen=True, slots=True)
class Step:
    """One level of a bisection: the edge of a claim there, and which half leads to the dispute.

    `turn` is 0 for left, 1 for right, `None` where the path ends.
    """

    edge: Edge
    rival: Edge | None
    turn: int | None


class Reading:
    """A contest with its parts by id, and the sentences that sum it up."""

    def __init__(self, game: Game) -> None:
        self.game = game
        self.claims = {claim.id: claim for claim in game.claims}
        self.edges = {edge.id: edge for edge in game.edges}

    @property
    def wrong(self) -> list[Claim]:
        """Return the claims that the answering node holds to be wrong."""
        return [claim for claim in self.game.claims if claim.verdict == "wrong"]

    @property
    def ended_at(self) -> int | None:
        """Return when a claim was confirmed."""
        return next((c.confirmed_at for c in self.game.claims if c.status == "confirmed"), None)

    @property
    def began_at(self) -> int:
        """Return when the contest began: its first rival, else its first claim."""
        return self.game.rivaled_at or self.game.claims[0].created_at

    def headline(self) -> str:
        """Return what happened, in one sentence."""
        game = self.game
        if game.status == "decided":
            return {
                "right": "The right claim won",
                "wrong": "A wrong claim was confirmed",
                "unknown": "The contest is decided",
                None: "The contest is decided",
            }[game.winner_verdict]
        if game.status == "dead":
            return "This contest died with its origin"
        if game.status == "delay":
            return "A claim waits for the rival delay"
        return "The clocks are running" if game.rivaled_at else "Nobody contests this claim"

    def summary(self) -> str:
        """Return the same with figures."""
        game = self.game
        wrong = len(self.wrong)
        against = "without a rival" if game.rivaled_at is None else f"against {_rivals(game)}"
        if self.ended_at is None:
            left = self._time_left()
            return f"{_wrong(wrong)}, {left}"
        if game.rivaled_at is None:
            return f"Confirmed {against}."
        took = seconds(self.ended_at - self.began_at)
        bound = seconds((game.deadline_at or 0) - self.began_at)
        return f"Confirmed {took} after its first rival, {against}; the bound is {bound}."

    def _time_left(self) -> str:
        running = [c.confirmable_at for c in self.game.claims if c.confirmable_at is not None]
        if not running:
            return "and every clock stands still: a move is due."
        left = max(min(running) - self.game.l1_time, 0)
        return f"decided in {seconds(left)} if nobody moves."

    @property
    def right(self) -> Claim | None:
        """Return the claim that the answering node holds to be right."""
        return next((claim for claim in self.game.claims if claim.verdict == "right"), None)

    def path(self, claim: Claim, against: Claim | None) -> list[Step]:
        """Return the edges of a claim from its whole history down to where another one differs.

        `against` is that other claim; any, if it is `None`.
        """
        found: list[Step] = []
        edge = self.edges.get(claim.edge)
        while edge is not None:
            halves = [self.edges.get(half) for half in (edge.left, edge.right) if half]
            turn = next((n for n, half in enumerate(halves) if self._rival(half, against)), None)
            found.append(Step(edge, self._rival(edge, against), turn))
            edge = None if turn is None else halves[turn]
        return found

    def rival_of(self, edge: Edge, *, mirrored: bool) -> Edge | None:
        """Return the rival of an edge: of a wrong one the right one, `mirrored` any wrong one."""
        return self._rival(edge, None if mirrored else self.right)

    def _rival(self, edge: Edge | None, against: Claim | None) -> Edge | None:
        """Return the rival of an edge on the history of a claim."""
        for wanted in edge.rivals if edge else ():
            rival = self.edges.get(wanted)
            if rival is not None and (against is None or against.id in rival.claims):
                return rival
        return None

    def gas_by_action(self) -> list[tuple[str, str, int, int, int]]:
        """Return actor, action, count, gas and wei of all moves, dearest actor first."""
        rows: dict[tuple[str, str], list[Move]] = {}
        totals: dict[str, int] = {}
        for move in self.game.moves:
            rows.setdefault((move.actor, move.action), []).append(move)
            totals[move.actor] = totals.get(move.actor, 0) + move.gas
        table = [
            (actor, action, len(moves), _gas(moves), sum(int(move.cost_wei) for move in moves))
            for (actor, action), moves in rows.items()
        ]
        return sorted(table, key=lambda row: (-totals[row[0]], row[0], -row[3]))


def _gas(moves: Sequence[Move]) -> int:
    return sum(move.gas for move in moves)


def _rivals(game: Game) -> str:
    return plural(len(game.claims) - 1, "rival")


def _wrong(count: int) -> str:
    return f"{plural(count, 'wrong claim').capitalize()}"
