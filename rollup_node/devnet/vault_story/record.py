"""What the epochs of a vault came to, as plain data: sums in the smallest unit, nothing rounded."""

from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import Final

VIRTUAL_ASSETS: Final = 1
VIRTUAL_SHARES: Final = 10**6
"""What every share price counts besides what is there (docs/vaults.md)."""
_DIGITS: Final = 60
_SHOWN: Final = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class Unit:
    """How amounts of an asset are written."""

    symbol: str
    decimals: int

    def show(self, amount: int, places: int | None = None) -> str:
        """Return an amount in whole units, with at most `places` digits if they are given."""
        with localcontext() as context:
            context.prec = _DIGITS
            whole = Decimal(amount).scaleb(-self.decimals)
            if places is not None:
                whole = whole.quantize(Decimal(1).scaleb(-places))
            return f"{whole.normalize():,f}" if places is None else f"{whole:,f}"


USDC: Final = Unit("USDC", 6)
ETH: Final = Unit("ETH", 18)


@dataclass(frozen=True, slots=True)
class Sale:
    """The option of an epoch, µUSDC; no lots were sold if nobody met the order."""

    instrument: str
    strike_usdc: int
    lots: int
    sold_lots: int
    premium_usdc: int
    payoff_usdc: int


@dataclass(frozen=True, slots=True)
class Close:
    """The books of a vault at the end of an epoch, in units of its asset and in shares.

    Attributes
    ----------
    at, seconds, cranks
        When it was, unix seconds, how long after the roll, and how many cranks were paid for.
    sent, came, stayed
        What went to L2, what came home, and what had to stay there.
    assets, supply
        The stored pair: every conversion of this close is made at it.
    """

    at: int
    seconds: int
    cranks: int
    sent: int
    came: int
    stayed: int
    management_fee: int
    performance_fee: int
    crank_fees: int
    assets: int
    supply: int
    deposited: int
    minted: int
    redeemed: int
    paid: int

    @property
    def price(self) -> Decimal:
        """The share price against par: 1 is what the first deposit of a generation pays."""
        with localcontext() as context:
            context.prec = _DIGITS
            whole = Decimal(self.assets + VIRTUAL_ASSETS) * VIRTUAL_SHARES
            return whole / Decimal(self.supply + VIRTUAL_SHARES)

    @property
    def fees(self) -> int:
        """All that was set aside for fees."""
        return self.management_fee + self.performance_fee + self.crank_fees


@dataclass(frozen=True, slots=True)
class VaultEpoch:
    """One epoch of one vault; `sale` is `None` if there was nothing to sell."""

    epoch: int
    generation: int
    expiry_at: int
    sale: Sale | None
    close: Close
    is_lost: bool = False


@dataclass(frozen=True, slots=True)
class VaultLine:
    """A vault through its epochs, the first one first."""

    name: str
    what: str
    unit: Unit
    epochs: tuple[VaultEpoch, ...]


@dataclass(frozen=True, slots=True)
class Move:
    """What the market did in an epoch: the index in µUSDC at the sale, and what it settled at."""

    epoch: int
    sold_usdc: int
    settled_usdc: int
    shock: str


@dataclass(frozen=True, slots=True)
class Depositor:
    """What somebody put into a vault and took out, and what is left, in units of its asset."""

    name: str
    vault: str
    paid_in: int
    claimed: int
    expected: int
    shares: int
    worth: int

    @property
    def is_exact(self) -> bool:
        """Tell whether the vault paid what its stored pairs say."""
        return self.claimed == self.expected


@dataclass(frozen=True, slots=True)
class Story:
    """All that the page shows."""

    seed: int
    weeks: tuple[Move, ...]
    vaults: tuple[VaultLine, ...]
    depositors: tuple[Depositor, ...]
    custody_equals_claims: bool
