"""Whoever turns the cranks of option vaults: which one is next, by L1 and the last confirmed state.

Anyone may play it and nobody has to: a crank leaves its caller no choice that matters, and what a
vault believes is proven to it. Source: docs/vaults.md. Twin of the numbers:
contracts/src/types/Vault.sol.
"""

from collections.abc import Sequence
from enum import IntEnum
from typing import Final, NamedTuple, TypeAlias

PATIENCE_SECONDS: Final = 600
"""So long a proof waits for fresh prices: on old ones L2 refuses what the proof asks for."""
GATHER_SECONDS: Final = 60
"""The first deposits of a generation wait so long for others: they convert together, at par."""


class VaultPhase(IntEnum):
    """Where an epoch stands."""

    OPEN = 0
    LOCKED = 1
    SALE = 2
    LIVE = 3
    SETTLED = 4
    EXITED = 5


class VaultAction(IntEnum):
    """What a proof of the vault's account led to."""

    SELL = 0
    BUY = 1
    WITHDRAW = 2
    WRITE_OFF = 3


class VaultEpoch(NamedTuple):
    """The running epoch as the contract has it; times in unix seconds, 0: not yet.

    `group`: that of the account on L2; one in another group was lost, whoever owns it.
    """

    number: int
    generation: int
    expiry_at: int
    rolled_at: int
    account: int
    last_message: int
    deposit_message: int
    deposit_amount: int
    outbox_floor: int
    rounds: int
    sent_balance: int
    lost_at: int
    index_price: int
    cranks: int
    group: int


class ProvenAccount(NamedTuple):
    """The account of a vault in the last confirmed state, and what that state has consumed.

    `is_held`: it is the vault's and in its group, so it was not lost; `heirs`: accounts opened on
    L2 that belong to the vault, as a liquidation leaves one (L-4).
    """

    consumed: int
    time_ms: int
    is_held: bool
    has_positions: bool
    heirs: Sequence[int]


class OutboxEntry(NamedTuple):
    """What pays the vault's asset to the vault in the last confirmed state, counted by nobody."""

    slot: int
    account: int
    is_finalized: bool


class VaultView(NamedTuple):
    """One vault at one L1 block.

    `supply` shares, `queued` assets that wait for the next close; `sells`: options of the date that
    a roll would sell to are listed and priced by now; `sells_again`: nothing of this epoch is sold
    or for sale, and its sale would begin; `is_fresh`: the index is, so that L2 lets orders and
    withdrawals through; `proven` is `None` while this node cannot prove the last confirmed state.
    """

    now: int
    phase: VaultPhase
    exit_mode: bool
    epoch: VaultEpoch
    supply: int
    queued: int
    grace_seconds: int
    sells: bool
    sells_again: bool
    is_fresh: bool
    proven: ProvenAccount | None
    entries: Sequence[OutboxEntry]


class Roll(NamedTuple):
    """Begin an epoch, or convert the first deposits."""


class ResendSale(NamedTuple):
    """Send the sale again: it failed, or found nobody. Nobody pays for it."""


class Settle(NamedTuple):
    """Prove the account at or after the expiry."""


class Close(NamedTuple):
    """Prove that the withdrawal of the epoch was paid."""

    slot: int


class Collect(NamedTuple):
    """Count a payment that is no withdrawal of this epoch."""

    slot: int


class Adopt(NamedTuple):
    """Go on with what a liquidation left."""

    account: int


class WriteOff(NamedTuple):
    """Close an epoch whose money is lost."""


class Exit(NamedTuple):
    """Pay everybody out: nothing is confirmed any more."""


Crank: TypeAlias = Roll | ResendSale | Settle | Close | Collect | Adopt | WriteOff | Exit


class VaultKeeper:
    """Remembers since when first deposits wait, and since when a proof waits for prices."""

    def __init__(self, gather_seconds: int = GATHER_SECONDS) -> None:
        self._gather_seconds = gather_seconds
        self._queued_since: int | None = None
        self._stale_since: int | None = None

    def decide(self, view: VaultView) -> Crank | None:
        """Return the crank to turn now, `None` if there is nothing to do or to prove yet."""
        if view.exit_mode and view.phase is not VaultPhase.EXITED:
            return Exit()
        stray = find_stray(view)
        if stray is not None:
            return stray
        if view.phase is VaultPhase.OPEN:
            return self._open(view)
        if view.phase is VaultPhase.LIVE and view.sells_again:
            return ResendSale()
        if view.phase is VaultPhase.EXITED or view.proven is None:
            return None
        if view.phase is VaultPhase.SETTLED:
            return self._when_fresh(view, decide_settled(view, view.proven))
        can = can_settle(view, view.proven)
        return self._when_fresh(view, Settle() if can else None)

    def _when_fresh(self, view: VaultView, crank: Crank | None) -> Crank | None:
        """Hold back a proof that asks L2 for something while the prices there are old."""
        if not isinstance(crank, Settle) or view.is_fresh:
            self._stale_since = None
            return crank
        if self._stale_since is None:
            self._stale_since = view.now
        return crank if view.now - self._stale_since >= PATIENCE_SECONDS else None

    def _open(self, view: VaultView) -> Crank | None:
        """Sell as soon as there is something to sell; the first deposits wait for each other."""
        if view.supply:
            self._queued_since = None
            return Roll() if view.sells else None
        if not view.queued:
            self._queued_since = None
            return None
        if self._queued_since is None:
            self._queued_since = view.now
        return Roll() if view.now - self._queued_since >= self._gather_seconds else None


def can_settle(view: VaultView, proven: ProvenAccount) -> bool:
    """Tell whether the state proves the end of the epoch: it is over, and nothing is held."""
    epoch = view.epoch
    is_over = proven.time_ms >= epoch.expiry_at * 1_000
    has_heard = proven.consumed > epoch.last_message
    return is_over and has_heard and not (proven.is_held and proven.has_positions)


def decide_settled(view: VaultView, proven: ProvenAccount) -> Crank | None:
    """Bring the money home: close once it came, ask again if a message failed.

    An account that was lost meanwhile is proven to be: nothing closes with it.
    """
    epoch = view.epoch
    if epoch.lost_at:
        if proven.heirs:
            return Adopt(proven.heirs[0])
        return WriteOff() if view.now >= epoch.lost_at + view.grace_seconds else None
    found = find_withdrawal(view) if proven.is_held else None
    if found is not None:  # a later message, which anyone can have sent by a gift, delays nothing
        return Close(found.slot) if found.is_finalized else None
    return Settle() if proven.consumed > epoch.last_message else None


def find_withdrawal(view: VaultView) -> OutboxEntry | None:
    """Return the entry that the withdrawal of this epoch made, `None` if it failed."""
    epoch = view.epoch
    if not epoch.sent_balance:
        return None
    return next((entry for entry in view.entries if is_own(epoch, entry)), None)


def find_stray(view: VaultView) -> Collect | None:
    """Return a payment that only `collect` counts: paid, counted by nobody, not of this epoch."""
    for entry in view.entries:
        is_settled = view.phase is VaultPhase.SETTLED and not view.epoch.lost_at
        if entry.is_finalized and not (is_settled and is_own(view.epoch, entry)):
            return Collect(entry.slot)
    return None


def is_own(epoch: VaultEpoch, entry: OutboxEntry) -> bool:
    """Tell whether an entry may be the withdrawal of the epoch."""
    return entry.account == epoch.account and entry.slot >= epoch.outbox_floor
