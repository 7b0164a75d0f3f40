"""What the model of the challenge game consists of: records without behaviour worth a test."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Final, NamedTuple, Protocol

NOBODY: Final = ""
NO_ID: Final = bytes(32)


class Status(IntEnum):
    """Life of an assertion (G-6), numbered as in Solidity."""

    NONE = 0
    PENDING = 1
    CONFIRMED = 2
    REFUTED = 3
    DEAD = 4


class Service(IntEnum):
    """Useful actions (D-12), numbered as in Solidity."""

    ASSERTION = 0
    BISECTION = 1
    ONE_STEP_PROOF = 2
    REFUTATION = 3
    SETTLEMENT = 4


GAS: Final = {
    Service.ASSERTION: 1_000_000,
    Service.BISECTION: 250_000,
    Service.ONE_STEP_PROOF: 1_000_000,
    Service.REFUTATION: 32_000_000,
    Service.SETTLEMENT: 250_000,
}


class Machine(Protocol):
    """What the game knows about a machine."""

    def position(self, state: bytes) -> tuple[int, bool]:
        """Return the items consumed, and whether the state stands between two."""
        ...

    def successor(self, target: int, state: bytes) -> bytes:
        """Return the state after the next segment; one that has reached the target repeats."""
        ...

    def run(self, target: int, state: bytes, steps: int) -> tuple[bytes, bool]:
        """Return the state after some steps of a segment, and whether they end it."""
        ...

    def accumulator(self, target: int) -> bytes:
        """Return `acc[target]`."""
        ...


class Rules(NamedTuple):
    """Parameters of a deployment; T = confirm period, G = rival delay."""

    height: int
    confirm_period_seconds: int
    rival_delay_seconds: int
    stake_wei: int
    tariff_gas_price_wei: int

    def tariff(self, service: Service) -> int:
        """D-12, in wei."""
        return GAS[service] * self.tariff_gas_price_wei


class Transition(NamedTuple):
    """D-7: a finished state repeats itself, any other one is continued by the proof table."""

    steps_done: int
    finished: bool = False


class Refutation(NamedTuple):
    """Two adjacent leaves of a history, each with its branch (D-8)."""

    index: int  # type: ignore[assignment] # shadows tuple.index, which nobody calls
    leaf_before: bytes
    branch_before: Sequence[bytes]
    leaf: bytes
    branch: Sequence[bytes]


class LeafProof(NamedTuple):
    """A leaf of an edge of height 0, and the leaf before it (D-9)."""

    previous_prefix: bytes
    last_left: bytes
    leaf_before: bytes
    branch: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class Assertion:
    """What is known of an assertion."""

    parent: bytes
    after: bytes
    root: bytes
    target: int
    next_target: int
    item: int
    finished: bool
    created_at: int
    status: Status
    staker: str
    children: tuple[bytes, ...] = ()
    """In order of creation."""
    live: tuple[bytes, ...] = ()
    """Those that are not refuted."""
    confirmed_child: bytes = NO_ID
    confirmed_at: int = 0
    """When the contest of its children ended."""
    dead_root: bytes = NO_ID
    marked_at: int = 0
    """When it was found confirmable."""
    refuter: str = NOBODY
    last_neighbours: tuple[bytes, bytes] | None = None
    """Who stood beside it among the live children when it was refuted."""


@dataclass(slots=True)
class Money:
    """D-13. `pots` by contest, `owed` by owner; `received` and `paid` are there for the sum."""

    received: int = 0
    locked: int = 0
    burnt: int = 0
    paid: int = 0
    pots: dict[bytes, int] = field(default_factory=dict)
    owed: dict[str, int] = field(default_factory=dict)

    def copy(self) -> "Money":
        """Return an independent state."""
        return replace(self, pots=self.pots.copy(), owed=self.owed.copy())

    def credit(self, who: str, amount: int) -> None:
        """Owe `amount` more to `who`."""
        self.owed[who] = self.owed.get(who, 0) + amount

    def fill(self, contest: bytes, amount: int) -> None:
        """Put `amount` into a pot."""
        self.pots[contest] = self.pots.get(contest, 0) + amount

    @property
    def held(self) -> int:
        """Everything that is accounted for."""
        inside = self.locked + sum(self.pots.values()) + sum(self.owed.values())
        return inside + self.burnt + self.paid
