"""A contest as plain data: what `dispute_getGame` answers, files keep and pages show; no rule.

Hashes and addresses are 0x-hex, `_at` are unix seconds of L1, amounts of wei are decimal text.
Source: docs/spec.md D.
"""

from typing import Annotated, Literal

import msgspec

Hash = Annotated[str, msgspec.Meta(pattern="^0x[0-9a-f]{64}$", title="32 bytes")]
Address = Annotated[str, msgspec.Meta(pattern="^0x[0-9a-f]{40}$", title="address")]
Wei = Annotated[str, msgspec.Meta(pattern="^[0-9]+$", title="wei")]

Verdict = Literal["right", "wrong", "unknown"]
"""What the answering node's own execution says; `unknown` if it has not executed so far."""

ClaimStatus = Literal["pending", "confirmed", "refuted", "dead"]

GameStatus = Literal["open", "delay", "decided", "dead"]
"""`open`: clocks decide; `delay`: a claim waits for the rival delay; `decided`: one is confirmed;
`dead`: the origin itself is lost."""


class _Plain(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Names are camelCase outside."""


class Rules(_Plain, frozen=True):
    """Constants of the chain of assertions."""

    confirm_period_seconds: int
    rival_delay_seconds: int
    history_height: int
    stake_wei: Wei


class Claim(_Plain, frozen=True):
    """One child of the origin.

    Attributes
    ----------
    timer_seconds, due_seconds
        Timer of its layer-zero edge as L1 has it, and what updates would make of it (D-5).
    live_own_seconds
        D-6.
    missing_seconds
        Of the confirm period, by the better of both clocks.
    clock_ends_at
        When that clock is full if nobody moves; `None` if it stands still or the claim is lost.
    marked_at
        When it was marked (D-10).
    confirmable_at
        When it can be confirmed if nobody moves, rival delay included.
    expected_history_root
        The right one for its parent and target, if the node knows it.
    """

    id: Hash
    staker: Address
    status: ClaimStatus
    verdict: Verdict
    created_at: int
    l1_block: int
    transaction: Hash | None
    target: int
    item: int
    finished: bool
    history_root: Hash
    expected_history_root: Hash | None
    after_state_root: Hash
    expected_after_state_root: Hash | None
    edge: Hash
    timer_seconds: int
    due_seconds: int
    live_own_seconds: int
    missing_seconds: int
    clock_ends_at: int | None
    marked_at: int | None
    confirmable_at: int | None
    confirmed_at: int | None
    refuter: Address | None
    dead_root: Hash | None
    children: tuple[Hash, ...]


class Edge(_Plain, frozen=True):
    """One edge (D-1); `claims` are the claims whose history it lies on, as far as bisected."""

    id: Hash
    height: int
    index: int
    prefix: Hash
    node: Hash
    created_at: int
    rivaled_at: int | None
    rivals: tuple[Hash, ...]
    own_seconds: int
    inherited_seconds: int
    timer_seconds: int
    due_seconds: int
    left: Hash | None
    right: Hash | None
    bisected_by: Address | None
    proven: bool
    proven_by: Address | None
    claims: tuple[Hash, ...]


class Stake(_Plain, frozen=True):
    """A stake that stood behind a claim of the contest, and what became of it."""

    staker: Address
    claim: Hash
    amount_wei: Wei
    state: Literal["locked", "moved", "released", "seized"]


class Tariff(_Plain, frozen=True):
    """A payment out of the stakes lost in the contest (D-12)."""

    service: Literal["assertion", "bisection", "one-step-proof", "refutation", "settlement"]
    to: Address
    amount_wei: Wei
    transaction: Hash


class Money(_Plain, frozen=True):
    """Seized = burnt + tariffs + pot."""

    stakes: tuple[Stake, ...]
    seized_wei: Wei
    burnt_wei: Wei
    pot_wei: Wei
    tariffs: tuple[Tariff, ...]


class Move(_Plain, frozen=True):
    """One L1 transaction that changed the contest; `bytes` is the length of its calldata.

    Attributes
    ----------
    action
        What it did, by its most telling event.
    subject
        Id of the assertion or edge it moved; `None` if there is no single one.
    detail
        The same in words.
    """

    number: int
    l1_block: int
    at: int
    transaction: Hash
    actor: Address
    action: str
    subject: str | None
    detail: str
    events: tuple[str, ...]
    gas: int
    gas_price_wei: Wei
    cost_wei: Wei
    bytes: int


class Change(_Plain, frozen=True):
    """A value of the L2 state before the disputed step, after it, and as claimed (if known)."""

    leaf: str
    before: str
    expected: str
    claimed: str | None


class StepWords(_Plain, frozen=True):
    """The disputed step in the rollup's own words.

    Attributes
    ----------
    item, step
        Inbox item, and the number of the step in it.
    kind, reason
        docs/spec.md X-11, X-10.
    transaction
        What the step executes, decoded; empty for a step of the item itself.
    record_hash
        Hash of that record or message, if there is one.
    """

    item: int
    step: int
    kind: str
    reason: str
    transaction: str
    record_hash: Hash | None
    changes: tuple[Change, ...]


class Dispute(_Plain, frozen=True):
    """Where a wrong history leaves the right one: leaf `segment`, and the state before it.

    Attributes
    ----------
    expected_root
        What the machine says follows `from_root`; `None` if the node does not know that state.
    steps
        The steps of the segment as they should be; empty if the node does not know them, or if the
        state before is finished.
    wrong_step
        Which of them (from 0) the claim has wrong; `None` if only the root of the claim is known.
    text
        The same in one sentence.
    """

    claim: Hash
    segment: int
    from_root: Hash
    expected_root: Hash | None
    claimed_root: Hash
    steps: tuple[StepWords, ...]
    wrong_step: int | None
    text: str


class Game(_Plain, frozen=True):
    """A whole contest: the competition of the children of `origin`, seen at one L1 block.

    Attributes
    ----------
    rivaled_at
        When the second child came; `None` if there is only one.
    deadline_at
        Twice the confirm period plus the rival delay after that: the bound of D-15.
    """

    origin: Hash
    status: GameStatus
    winner: Hash | None
    winner_verdict: Verdict | None
    l1_block: int
    l1_time: int
    rivaled_at: int | None
    deadline_at: int | None
    rules: Rules
    claims: tuple[Claim, ...]
    edges: tuple[Edge, ...]
    money: Money
    moves: tuple[Move, ...]
    disputes: tuple[Dispute, ...]


class GameLine(_Plain, frozen=True):
    """A contest in one line.

    Attributes
    ----------
    live
        Claims that are not lost.
    leader
        The claim that won, or would be confirmed first as clocks run now.
    ends_at
        When that one is or was confirmed at the earliest; `None` if every clock stands still.
    """

    origin: Hash
    status: GameStatus
    claims: tuple[Hash, ...]
    live: int
    wrong: int
    leader: Hash | None
    leader_verdict: Verdict | None
    rivaled_at: int
    ends_at: int | None
    seconds_left: int | None
    deadline_at: int
