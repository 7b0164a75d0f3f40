"""Option vaults as plain data: what `vault_*` answers, commands print and stories read; no rule.

Amounts are decimal text in the smallest unit of the vault's asset (`Usdc`: µUSDC), shares in
theirs, `At` are unix seconds of L1, ppm millionths. A share price is that of 10^24 shares; 10^18 at
par. Source: docs/vaults.md.
"""

from collections.abc import Sequence
from typing import Annotated, Literal, Protocol

import msgspec

Amount = Annotated[str, msgspec.Meta(pattern="^-?[0-9]+$", title="amount")]
Address = Annotated[str, msgspec.Meta(pattern="^0x[0-9a-f]{40}$", title="address")]
Hash = Annotated[str, msgspec.Meta(pattern="^0x[0-9a-f]{64}$", title="32 bytes")]

Phase = Literal["open", "locked", "sale", "live", "settled", "exited"]
Action = Literal["sell", "buy", "withdraw", "write_off"]


class _Plain(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Names are camelCase outside."""


class Books(_Plain, frozen=True):
    """Sums of the vault; `managed` is what the shares stand for as of the last close."""

    managed: Amount
    idle: Amount
    incoming: Amount
    pending_deposits: Amount
    late_deposits: Amount
    pending_redeems: Amount
    late_redeems: Amount
    claimable: Amount
    fees: Amount


class Epoch(_Plain, frozen=True):
    """The running epoch; `None`: not yet.

    Attributes
    ----------
    next_expiry_at
        What a roll would sell to now.
    cutoff_at
        Requests before it convert at the close of this epoch; `None` while the vault is open.
    """

    number: int
    generation: int
    phase: Phase
    account: int
    rolled_at: int | None
    expiry_at: int | None
    cutoff_at: int | None
    next_expiry_at: int
    last_message: int
    sent: Amount
    rounds: int
    cranks: int
    lost_at: int | None


class Rules(_Plain, frozen=True):
    """What the vault is, fixed at its deployment."""

    delta_ppm: int
    max_lots: int
    start_ppm: int
    reserve_ppm: int
    sale_seconds: int
    slippage_ppm: int
    max_rounds: int
    min_tenor_seconds: int
    loss_grace_seconds: int
    cap: Amount
    minimum: Amount
    management_ppm: int
    performance_ppm: int
    crank_fee: Amount
    crank_ppm: int
    guardian: Address
    fee_recipient: Address


class VaultLine(_Plain, frozen=True):
    """A vault in one line; shares have six decimals more than the asset."""

    name: str
    kind: Literal["covered call", "cash-secured put"]
    address: Address
    token: Address
    asset: str
    decimals: int
    phase: Phase
    epoch: int
    generation: int
    expiry_at: int | None
    managed: Amount
    supply: Amount
    share_price: Amount
    deposits_paused: bool


class Held(_Plain, frozen=True):
    """A position of the vault's account: short lots of an option, and what was paid for them."""

    instrument: str
    lots: int
    premium_usdc: Amount


class Account(_Plain, frozen=True):
    """The vault's account as this node has derived it; amounts of USDC and of the vault's asset.

    `is_owned`: not lost. One that was sold is the vault's no more, whoever gave it back.
    """

    number: int
    is_owned: bool
    cash_usdc: Amount
    balance: Amount
    positions: tuple[Held, ...]


class VaultDetails(_Plain, frozen=True):
    """A vault at one block of L1."""

    line: VaultLine
    epoch: Epoch
    books: Books
    rules: Rules
    account: Account | None


class Requests(_Plain, frozen=True):
    """What a controller has queued, can claim, and holds."""

    controller: Address
    shares: Amount
    pending_deposit: Amount
    claimable_deposit: Amount
    claimable_shares: Amount
    pending_redeem: Amount
    claimable_redeem: Amount
    claimable_assets: Amount
    fees: Amount


class Proven(_Plain, frozen=True):
    """A proof of the account after the expiry, and what was sent because of it."""

    action: Action
    cash_usdc: Amount
    balance: Amount
    amount: Amount
    l1_block: int
    transaction: Hash


class Sold(_Plain, frozen=True):
    """What an epoch offered and sold, and what that came to, from the states of this node.

    Attributes
    ----------
    instrument, strike_usdc
        `None` if no sale began.
    offered_lots, sold_lots
        What the sale began with, and what buyers met of it.
    premium_usdc
        What buyers paid.
    payoff_usdc
        What the vault paid them at the expiry; `None` before, or if the account was lost.
    fees_usdc
        Fees and interest of L2 so far, negative: rebates. Once all is settled, cash grew by
        premium - payoff - fees.
    """

    instrument: str | None
    strike_usdc: Amount | None
    offered_lots: int
    sold_lots: int
    premium_usdc: Amount
    payoff_usdc: Amount | None
    fees_usdc: Amount | None


class HistoryRow(_Plain, frozen=True):
    """One epoch; `None` is what did not happen, or not yet.

    Attributes
    ----------
    sale
        What became of the message that sells: a reason of docs/spec.md X-10, `None` while it waits.
        If it was sent again: OK if any sale began, else the reason of the last.
    resent
        How often it was sent again.
    sold
        `None` if this node did not execute those items itself: it went on from a snapshot.
    assets, supply, share_price
        At the close: net asset value after fees, shares before the conversion, and their price.
    """

    epoch: int
    generation: int
    rolled_at: int | None
    expiry_at: int | None
    account: int | None
    sent: Amount | None
    sale: str | None
    resent: int
    sold: Sold | None
    proven: tuple[Proven, ...]
    received: Amount | None
    stayed: Amount | None
    closed_at: int | None
    assets: Amount | None
    supply: Amount | None
    share_price: Amount | None
    management: Amount | None
    performance: Amount | None
    cranks: Amount | None
    deposited: Amount | None
    minted: Amount | None
    redeemed: Amount | None
    paid: Amount | None
    is_total_loss: bool


class History(_Plain, frozen=True):
    """All epochs of a vault, the running one last."""

    line: VaultLine
    epochs: tuple[HistoryRow, ...]


class VaultsView(Protocol):
    """What a node knows of vaults; raises `RpcError` if there is none of a name."""

    async def lines(self) -> Sequence[VaultLine]:
        """Return every vault in one line."""

    async def details(self, name: str) -> VaultDetails:
        """Return a vault."""

    async def requests(self, name: str, controller: bytes) -> Requests:
        """Return what a controller has."""

    async def history(self, name: str) -> History:
        """Return all epochs."""
