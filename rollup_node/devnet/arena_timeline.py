"""A contest told in the words of the field, in a few lines: who did what, and when."""

from collections.abc import Iterator
from itertools import groupby
from typing import Final

from rollup_node.devnet.arena import Fight

_WORDS: Final = {
    "createAssertion": "asserts",
    "advanceStake": "moves its stake to a child",
    "bisectAssertion": "bisects a history",
    "bisect": "bisects",
    "refute": "refutes",
    "refuteWithRun": "refutes, re-executing the segment",
    "prove": "proves a run of steps",
    "proveOneStep": "gives a one-step proof",
    "importBlob": "imports a blob",
    "updateTimers": "updates timers",
    "markConfirmable": "marks the assertion confirmable",
    "confirm": "confirms the assertion",
    "settle": "settles the losers",
    "claimAssertion": "claims the tariff of the winning assertion",
    "claimBisection": "claims the tariff of a bisection",
    "claimOneStepProof": "claims the tariff of a one-step proof",
    "claimRefutation": "claims the tariff of a refutation",
    "closeContest": "closes the contest",
    "claim": "is paid",
}


def tell_timeline(fight: Fight, since: int) -> Iterator[str]:
    """Yield a line for each run of equal moves; times in seconds of L1 from the start."""
    journal = fight.world.journal.moves
    for (actor, action, error), group in groupby(
        journal, key=lambda move: (move.actor, move.action, move.error)
    ):
        moves = list(group)
        at = fight.time_of(moves[0].block) - since
        gas = sum(move.gas for move in moves)
        times = f" {len(moves)} times" if len(moves) > 1 else ""
        what = _WORDS.get(action, action)
        answer = f": L1 refuses, {error}" if error else ""
        yield f"  {_clock(at)}  {actor:<11}{what}{times}{answer}  {gas:,} gas"


def _clock(seconds: int) -> str:
    hours, rest = divmod(max(seconds, 0), 3_600)
    return f"+{hours:02}:{rest // 60:02}:{rest % 60:02}"
