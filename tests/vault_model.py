"""A vault as its depositors understand it: slow, in fractions, from a log of what was done to it.

It knows requests, when they were made, and what came home in each epoch; nothing that the contract
computed. Written from docs/vaults.md, with no code of the contract or of the node.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil, floor
from typing import Final

VIRTUAL: Final = 10**6
"""Shares that nobody has; and shares of a unit of the asset at par."""
YEAR: Final = 365 * 24 * 3_600
PPM: Final = 10**6
CUTOFF: Final = 1_800
"""Seconds before the expiry from which on requests belong to the next close."""
MARK_SHARES: Final = 10**24
"""The high-water mark is kept as whole units of the asset for so many shares."""


@dataclass(frozen=True)
class Rates:
    """What a vault charges: a year, of a gain, for a crank, and for all cranks of an epoch."""

    management_ppm: int
    performance_ppm: int
    crank: int
    crank_ppm: int


@dataclass(frozen=True)
class Request:
    """Somebody queued assets to enter, or shares to leave, at some time."""

    at: int
    who: str
    amount: int
    is_redemption: bool = False


@dataclass(frozen=True)
class Close:
    """An epoch ended, `seconds` after it was rolled.

    `expiry_at` is 0 if it never was; `came` is what came home since, and `stayed` what had to be
    left on L2, valued.
    """

    expiry_at: int
    seconds: int
    cranks: int
    came: int
    stayed: int = 0


@dataclass(frozen=True)
class Closed:
    """What a close made of the vault and of its queues; `assets` and `supply` are the pair."""

    is_loss: bool
    assets: int
    supply: int
    deposited: int
    minted: int
    redeemed: int
    paid: int
    fees: int


@dataclass
class Vault:
    """The history of a vault, made anew from its log."""

    rates: Rates
    generation: int = 1
    managed: int = 0
    supply: int = 0
    mark: Fraction = Fraction(1, VIRTUAL)
    """The high-water mark: assets of a share."""
    fees: int = 0
    closes: list[Closed] = field(default_factory=list)
    waiting: list[Request] = field(default_factory=list)
    shares: dict[tuple[int, str], int] = field(default_factory=lambda: defaultdict(int))
    """What everybody owns of a generation, claimed or not, less what is queued."""
    money: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    """What everybody got for shares, claimed or not."""

    def play(self, log: Iterable[Request | Close]) -> None:
        """Do what the log says, in its order."""
        for entry in log:
            if isinstance(entry, Close):
                self.close(entry)
            else:
                self.ask(entry)

    def ask(self, request: Request) -> None:
        """Queue a request; shares that wait are no longer their owner's to queue again."""
        self.waiting.append(request)
        if request.is_redemption:
            self.shares[self.generation, request.who] -= request.amount
            assert self.shares[self.generation, request.who] >= 0, "redeems what it has"

    def close(self, close: Close) -> None:
        """Take fees, then pay who leaves and let in who enters, all at one pair."""
        came = close.came if close.expiry_at else self.managed + close.came
        taken = charge(self.rates, close, self.supply, self.mark)
        assets, supply = came - taken, self.supply
        is_loss = (assets + close.stayed) * VIRTUAL * PPM < supply
        out = Fraction(assets + 1, supply + VIRTUAL)
        due = [request for request in self.waiting if is_due(request, close, is_loss=is_loss)]
        self.waiting = [request for request in self.waiting if request not in due]
        leaving = by_person([request for request in due if request.is_redemption])
        redeemed = sum(leaving.values())
        paid = floor(redeemed * out)
        for who, shares in leaving.items():
            self.money[who] += floor(shares * out)
        self.managed, self.supply = assets - paid, supply - redeemed
        self.fees += taken
        into = Fraction(supply + VIRTUAL, assets + close.stayed + 1)
        if is_loss:
            into = self._begin_generation()
        elif supply:
            price = Fraction(ceil(out * MARK_SHARES), MARK_SHARES)
            self.mark = max(self.mark, price)
        entering = by_person([request for request in due if not request.is_redemption])
        deposited = sum(entering.values())
        minted = floor(deposited * into)
        for who, amount in entering.items():
            self.shares[self.generation, who] += floor(amount * into)
        self.managed, self.supply = self.managed + deposited, self.supply + minted
        self.closes.append(
            Closed(is_loss, assets, supply, deposited, minted, redeemed, paid, taken)
        )

    def _begin_generation(self) -> Fraction:
        """Forget all shares; what is left are fees; return what a unit of the asset gets now."""
        self.generation += 1
        self.fees += self.managed
        self.managed, self.supply, self.mark = 0, 0, Fraction(1, VIRTUAL)
        return Fraction(VIRTUAL)

    def worth(self, who: str) -> int:
        """Return what somebody's shares would be paid by the books of the last close."""
        mine = self.shares[self.generation, who]
        return floor(mine * Fraction(self.managed + 1, self.supply + VIRTUAL))


def is_due(request: Request, close: Close, *, is_loss: bool) -> bool:
    """Tell whether a request that waits converts at this close: it came before the cutoff.

    Shares that end with this close have no other one.
    """
    is_early = close.expiry_at == 0 or request.at < close.expiry_at - CUTOFF
    return is_early or (is_loss and request.is_redemption)


def charge(rates: Rates, close: Close, supply: int, mark: Fraction) -> int:
    """Return the fees of a close, each rounded down: cranks, then management, then performance."""
    if not supply:
        return 0
    left, cranks = close.came, 0
    if close.cranks:
        bound = floor(Fraction(left * rates.crank_ppm, PPM))
        cranks = close.cranks * min(rates.crank, floor(Fraction(bound, close.cranks)))
    year = Fraction(rates.management_ppm * close.seconds, PPM * YEAR)
    management = min(left - cranks, floor(close.came * year))
    left -= cranks + management
    free = ceil(mark * (supply + VIRTUAL))
    gain = max(0, left + 1 - free)
    return cranks + management + floor(Fraction(gain * rates.performance_ppm, PPM))


def by_person(requests: Sequence[Request]) -> dict[str, int]:
    """Return what each queued in all: a close converts the sum, not one request after another."""
    found: dict[str, int] = defaultdict(int)
    for request in requests:
        found[request.who] += request.amount
    return found
