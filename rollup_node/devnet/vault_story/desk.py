"""One vault as the story sees it: what people ask of it, and what they were paid."""

from dataclasses import dataclass, field
from typing import Any

from rollup_node.devnet import vault_moves
from rollup_node.devnet.keys import Account, accounts, checksum
from rollup_node.devnet.session import OptionVault, Session
from rollup_node.devnet.vault_story.plan import ALL, Wish
from rollup_node.devnet.vault_story.record import Unit


@dataclass(frozen=True, slots=True)
class Request:
    """A request as L1 took it: assets to enter, or shares to leave; time in unix seconds.

    `epoch` is the running one, `is_late` says that the next one converts it; the shares are of
    `generation`.
    """

    at: int
    who: str
    amount: int
    is_redemption: bool
    epoch: int
    is_late: bool
    generation: int

    def table(self) -> dict[str, Any]:
        """Return it as plain data; amounts as text."""
        kind = "redeem" if self.is_redemption else "deposit"
        entry = {"at": self.at, "who": self.who, "kind": kind, "amount": str(self.amount)}
        return entry | {"epoch": self.epoch}


@dataclass
class Desk:
    """A vault, and all that was asked of it in order."""

    session: Session
    vault: OptionVault
    requests: list[Request] = field(default_factory=list)
    claimed: dict[str, int] = field(default_factory=dict)
    """What the vault has paid to each, by the balance of the token."""

    @property
    def name(self) -> str:
        """Its name for users."""
        return self.vault.name

    @property
    def unit(self) -> Unit:
        """How its amounts are written."""
        return Unit(self.vault.asset.symbol, self.vault.asset.decimals)

    def call(self, view: str, *arguments: object) -> Any:  # noqa: ANN401 - what the view answers
        """Read a view of the contract."""
        return self.vault.contract.call(view, *arguments)

    def number(self) -> int:
        """Return the number of the running epoch."""
        return int(self.call("epoch")["number"])

    def expiry_at(self) -> int:
        """Return what the running epoch sells to, unix seconds; 0 before it is rolled."""
        return int(self.call("epoch")["expiryAt"])

    def account(self) -> int:
        """Return the number of the vault's account on L2."""
        return int(self.call("epoch")["account"])

    def supply(self) -> int:
        """Return the shares of the running generation."""
        return int(self.vault.share.call("totalSupply"))

    def shares(self, owner: Account) -> int:
        """Return what somebody holds, claimed and not queued."""
        return int(self.vault.share.call("balanceOf", checksum(owner.address)))

    def grant(self, wish: Wish) -> bool:
        """Queue what somebody wants; `False` if there is nothing to queue."""
        owner = accounts()[wish.who]
        if wish.amount:
            if not self.vault.is_call:
                minted = (checksum(owner.address), wish.amount)
                self.vault.coin.send(accounts()["deployer"].address, "mint", *minted)
            vault_moves.deposit(self.vault, owner, wish.amount)
            self._note(owner, wish.amount, leaves=False)
            return True
        self.claim(owner)
        shares = self.shares(owner) * wish.part_ppm // ALL
        if shares:
            vault_moves.redeem(self.vault, owner, shares)
            self._note(owner, shares, leaves=True)
        return shares > 0

    def claim(self, owner: Account) -> None:
        """Take what was converted for somebody; note what it was paid, by its balance."""
        found, who = vault_moves.read_standing(self.vault, owner.address), checksum(owner.address)
        if not (found.claimable_deposit or found.claimable_redeem):
            return
        before = self.vault.coin.call("balanceOf", who)
        vault_moves.claim(self.vault, owner)
        paid = int(self.vault.coin.call("balanceOf", who) - before)
        self.claimed[owner.name] = self.claimed.get(owner.name, 0) + paid

    def _note(self, owner: Account, amount: int, *, leaves: bool) -> None:
        """Take down a request; its time is that of the block that has just been made for it."""
        event = "RedeemRequest" if leaves else "DepositRequest"
        block = self.vault.contract.all_events(event)[-1]["block_number"]
        at, epoch = self.session.time_of(block), self.call("epoch")
        cutoff = self.call("cutoffAt")
        is_late = bool(cutoff) and at >= cutoff
        number, generation = epoch["number"], epoch["generation"]
        found = Request(at, owner.name, amount, leaves, number, is_late, generation)
        self.requests.append(found)
