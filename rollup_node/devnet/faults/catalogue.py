"""Every fault by name: what it is, which doors end it, and what its valid mirror is. Plain data."""

import difflib
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from rollup_node.ports import InputError

Layer = Literal["state", "history", "data", "timing", "funds"]
SceneName = Literal["money", "market", "settlement", "vault"]
Door = Literal["one-shot", "interactive"]

ONE_SHOT: Final[Door] = "one-shot"
INTERACTIVE: Final[Door] = "interactive"
BOTH: Final[tuple[Door, ...]] = (ONE_SHOT, INTERACTIVE)
STEP: Final = "step"
SYBILS: Final = "sybils"

_RIVALS: Final = "the same lie comes as a rival of a valid claim"


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to cheat.

    Attributes
    ----------
    layer
        Where it sits: the state a machine computes, the leaves of a history, the data that are
        shown, the timing of moves, or the funds.
    mirror
        The same attack on a valid claim; it must fail and cost the attacker.
    doors
        Ways that end it: `one-shot` by published segment roots, `interactive` by bisection. None:
        it never becomes a claim.
    attacks
        Numbers of the attacks in the field's list that it plays.
    changes_root
        Whether its claim names another root than the right one. If not, it plays with time, money
        or refused moves beside a claim that may be wrong for another reason.
    refused_with
        Named error that L1 answers to its characteristic move, empty if L1 takes the move.
    parameters
        Options of `demo fraud` that it understands.
    scene
        What the arena is about: accounts that move money, a market, the day options end, or
        accounts of contracts that sell options.
    """

    name: str
    layer: Layer
    summary: str
    mirror: str
    doors: tuple[Door, ...]
    attacks: tuple[int, ...]
    changes_root: bool
    refused_with: str = ""
    parameters: tuple[str, ...] = ()
    scene: SceneName = "money"

    def to_dict(self) -> dict[str, Any]:
        """Return it as `fault list --json` prints it."""
        return asdict(self)


def _state(name: str, attacks: tuple[int, ...], summary: str) -> Fault:
    """Return a fault of the machine: both doors end it."""
    return Fault(name, "state", summary, _RIVALS, BOTH, attacks, changes_root=True)


_STATE: Final = (
    Fault(
        "wrong-poststate",
        "state",
        "one step credits one unit too much (`--step N` chooses it); all later steps are right",
        _RIVALS,
        BOTH,
        (1,),
        changes_root=True,
        parameters=(STEP,),
    ),
    _state("forged-withdrawal", (2,), "the outbox gets a withdrawal that nobody asked for"),
    _state("forged-deposit", (2, 4), "an account is credited without a deposit on L1"),
    _state("applied-bad-signature", (3,), "a transaction with a forged signature is executed"),
    _state("replayed-nonce", (3,), "a transaction is executed a second time"),
    _state("overdraft", (3,), "a transfer is executed beyond the balance of its sender"),
    _state("skipped-delayed-message", (20,), "a delayed message is consumed, not executed"),
    _state("reordered-delayed-message", (20,), "two delayed messages are executed in turned order"),
    _state("wrong-inbox-range", (8, 9), "one item is executed in place of another"),
    _state("executed-garbage-batch", (6,), "the records of a void batch are executed"),
    _state("dropped-transaction", (1, 20), "a good transaction is passed over"),
    _state("wrong-block-time", (5,), "a block is an hour later than the bounds of its item allow"),
    _state("void-batch-swallow", (6, 20), "a void batch eats the deposits that it consumes"),
)


def _market(name: str, summary: str, scene: SceneName = "market") -> Fault:
    """Return a fault of the exchange: the machine breaks one rule of the market once."""
    return Fault(name, "state", summary, _RIVALS, BOTH, (1,), changes_root=True, scene=scene)


def _settlement(name: str, summary: str) -> Fault:
    """Return a fault about how accounts and options end."""
    return _market(name, summary, "settlement")


def _vault(name: str, summary: str) -> Fault:
    """Return a fault about covered sales, and about accounts that speak through L1 alone."""
    return _market(name, summary, "vault")


_MARKET: Final = (
    _market("wrong-funding", "a reprice moves the funding index of a perpetual too far"),
    _market("wrong-rounding", "a margin requirement is rounded down instead of up"),
    _market("skipped-reprice", "a reprice that a block makes due is left out"),
    _market("stale-oracle-used", "a price report that comes a minute too late is taken"),
    _market("forged-oracle", "a price is taken that too few publishers signed"),
    _market("false-liquidation", "an account that has enough is liquidated"),
    _market("skipped-trigger", "a stop order whose price has come is not fired"),
    _market("class-order-broken", "a record is executed after those it had to come before"),
    _market("wrong-fill-price", "a fill is booked at another price than the maker's"),
    _market("skipped-better-maker", "an order is filled behind the best price"),
    _market("priority-inversion", "the second order at a price is filled before the first"),
    _market("stripped-reduce-only", "a reduce-only order fills beyond the position it closes"),
    _market("overfilled-order", "an order is filled with more lots than it asked for"),
    _market("fee-above-signed", "a taker pays a higher fee than it has signed"),
    _market("self-trade-let-through", "two orders of one owner trade with each other"),
    _market("skipped-margin-check", "an order is filled for an account that lacks the margin"),
    _market("stale-epoch-margin", "a fill is weighed by what positions were before a reprice"),
    _market("mmp-ignored", "a market maker's quotes stay although its protection was hit"),
    _market("wrong-rfq-leg", "a combo trades a lot more of a leg than both sides signed"),
    _market("wrong-deficit-ratio", "a withdrawal is cut by a loss that nobody made"),
    _market("session-key-overreach", "a session key places an order beyond what it may do"),
    _market("wrong-risk-array-entry", "the worst scenario of an option is made a little better"),
    _market("skipped-strike", "an epoch ends although one of its strikes was not repriced"),
    _market("mixed-epoch", "a call stays in the epoch before the one of its put"),
    _market("arbitrageable-surface-accepted", "volatilities that can be arbitraged are kept"),
    _settlement("wrong-settlement-price", "a date is settled at its last price, not the average"),
    _settlement("wrong-payout-rounding", "the payout of a lot is rounded up instead of down"),
    _settlement("double-settle", "a position is paid out twice as it is closed"),
    _settlement("underpriced-takeover", "an account is sold for less than the price of its age"),
    _settlement("early-takeover", "the fund takes an account while bidders still have their time"),
    _vault("wrong-sale-price", "a covered sale is met at half of what it asks by then"),
    _vault("wrong-strike-choice", "a covered sale is put into another strike than its delta says"),
    _vault("stolen-premium", "what a contract's account withdraws is paid to somebody else"),
    _vault("vault-nav-lie", "a contract's account is said to hold more than it does"),
    _vault("censored-roll", "a contract's message that was forced in is consumed, not executed"),
)

_HISTORY: Final = (
    Fault(
        "wrong-middle-right-end",
        "history",
        "one leaf in the middle is no state at all, the last leaf is right",
        _RIVALS,
        BOTH,
        (9, 11),
        changes_root=True,
    ),
    Fault(
        "wrong-padding",
        "history",
        "a leaf after the finished state is another state",
        _RIVALS,
        BOTH,
        (9,),
        changes_root=True,
    ),
    Fault(
        "overlong-range",
        "history",
        "the claim runs past the target that its parent fixed",
        "the same claim beside a valid one",
        (),
        (8,),
        changes_root=True,
        refused_with="CursorBeyondTarget",
    ),
    Fault(
        "false-cursor",
        "history",
        "the right history with a false position of its last state",
        "a rival of a valid claim with a false position",
        (),
        (9,),
        changes_root=False,
        refused_with="WrongRoot",
    ),
)

_DATA: Final = (
    Fault(
        "withheld-history",
        "data",
        "a wrong claim whose segment roots are never published; it bisects as it must",
        "a wrong rival of a valid claim keeps its segment roots to itself",
        (INTERACTIVE,),
        (7, 9),
        changes_root=True,
    ),
    Fault(
        "silent-claimant",
        "data",
        "a wrong claim without published roots and without a single answer",
        "a silent rival of a valid claim",
        (INTERACTIVE,),
        (7, 10),
        changes_root=True,
    ),
    Fault(
        "context-swap",
        "data",
        "a segment proven towards another target is used to refute",
        "a valid claim is to be refuted by an entry of another context",
        (ONE_SHOT,),
        (18,),
        changes_root=True,
        refused_with="SegmentNotProven",
    ),
    Fault(
        "table-squatter",
        "data",
        "the disputed segment is entered into the proof table one step at a time",
        "the same entries, then a refutation of a valid claim",
        BOTH,
        (16, 18),
        changes_root=True,
        refused_with="TransitionIsValid",
    ),
    Fault(
        "gas-starved-prover",
        "data",
        "proofs with too little gas, so that a failed signature check looks like bad content",
        "the same proofs against a valid claim",
        BOTH,
        (19,),
        changes_root=True,
        refused_with="NotEnoughGas",
    ),
)

_TIMING: Final = (
    Fault(
        "sybil-swarm",
        "timing",
        "several wrong claims at once, each with another history",
        "several wrong rivals of a valid claim",
        BOTH,
        (12,),
        changes_root=True,
        parameters=(SYBILS,),
    ),
    Fault(
        "staggered-sybils",
        "timing",
        "wrong claims with withheld histories, each in the last second of the clock before it",
        "the same rivals of a valid claim",
        (INTERACTIVE,),
        (12, 13),
        changes_root=True,
        parameters=(SYBILS,),
    ),
    Fault(
        "staggered-silent-sybils",
        "timing",
        "wrong claims that reveal nothing, each in the last second of the clock before it",
        "the same rivals of a valid claim",
        (INTERACTIVE,),
        (10, 12),
        changes_root=True,
        parameters=(SYBILS,),
    ),
    Fault(
        "staggered-refutable-sybils",
        "timing",
        "wrong claims with published roots, each in the last second of the clock before it",
        "the same rivals of a valid claim",
        (ONE_SHOT,),
        (12, 13),
        changes_root=True,
        parameters=(SYBILS,),
    ),
    Fault(
        "self-refuting-sybil",
        "timing",
        "rivals that refute themselves, to stop a clock and win it back",
        "the same rivals of a valid claim",
        (ONE_SHOT,),
        (12, 14),
        changes_root=True,
    ),
    Fault(
        "staller",
        "timing",
        "a wrong claim that makes each of its moves in the last second",
        "a wrong rival that does so",
        (INTERACTIVE,),
        (13, 14),
        changes_root=True,
    ),
    Fault(
        "late-rival",
        "timing",
        "a second wrong claim in the last second of the right one's clock",
        "a first rival in the last second of a valid claim's clock",
        BOTH,
        (12, 13),
        changes_root=True,
    ),
    Fault(
        "exhaustive-mover",
        "timing",
        "a wrong claim that bisects every rivaled edge, its own and others'",
        "a wrong rival that does so",
        (INTERACTIVE,),
        (11,),
        changes_root=True,
    ),
    Fault(
        "lone-bisector",
        "timing",
        "a wrong claim bisects edges without a rival, to run its clocks side by side",
        "a wrong rival that bisects ahead of everyone",
        (INTERACTIVE,),
        (9, 18),
        changes_root=True,
        refused_with="EdgeUnrivaled",
    ),
    Fault(
        "front-runner",
        "timing",
        "every move that answers a wrong claim is copied in the same block, ahead of it",
        "the moves that defend a valid claim are copied",
        BOTH,
        (16,),
        changes_root=True,
    ),
    Fault(
        "squat",
        "timing",
        "below a wrong claim, a claim about data that L1 does not have yet",
        "the same claim below a valid one that is not confirmed yet",
        BOTH,
        (8,),
        changes_root=True,
        refused_with="TargetNotReached",
    ),
)

_FUNDS: Final = (
    Fault(
        "self-challenge",
        "funds",
        "one party claims, challenges itself and collects the tariffs",
        "it challenges a valid claim with a rival that it refutes itself",
        (ONE_SHOT,),
        (14,),
        changes_root=True,
    ),
    Fault(
        "freeloader",
        "funds",
        "copies every honest move after it and asks for its tariff",
        "copies the moves that defend a valid claim",
        BOTH,
        (11,),
        changes_root=True,
        refused_with="AssertionExists",
    ),
    Fault(
        "bond-grief",
        "funds",
        "the claimant is a contract that refuses every payment",
        "the rival of a valid claim is such a contract",
        BOTH,
        (17,),
        changes_root=True,
    ),
    Fault(
        "refund-drain",
        "funds",
        "asks for every tariff twice, and for services on its own losing history",
        "asks the pot of a valid claim's contest for the same",
        BOTH,
        (17,),
        changes_root=True,
        refused_with="NothingEarned",
    ),
)

FAULTS: Final[dict[str, Fault]] = {
    fault.name: fault for fault in (*_STATE, *_MARKET, *_HISTORY, *_DATA, *_TIMING, *_FUNDS)
}
"""The catalogue, in the order of the layers."""


def find_fault(name: str) -> Fault:
    """Return a fault by its name.

    Raises
    ------
    InputError
        If there is none.
    """
    if name not in FAULTS:
        close = difflib.get_close_matches(name, FAULTS, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise InputError(f"no fault {name!r}{hint} (`strikenet fault list` names them)")
    return FAULTS[name]
