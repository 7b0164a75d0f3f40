"""Who buys whole accounts: with capital, for a discount, and sells what is in them."""

import random
from dataclasses import dataclass, field
from typing import Any, Final

from rollup_node.core.auctions import SALE_MS, compute_price_ppm
from rollup_node.core.inputs import Bid, Transfer
from rollup_node.core.layout import owner_key
from rollup_node.core.reason import Reason
from rollup_node.core.risk import read_amounts
from rollup_node.devnet.crash.desk import BPS, Desk, Party
from rollup_node.devnet.crash.keeper import Keeper
from rollup_node.roles.keeper import Health

_PPM: Final = 1_000_000
_SLIPPAGE_BPS: Final = 100
_LOSS_BPS: Final = 2
"""A bidder wants twice what the market moves in a second besides its own margin."""


@dataclass
class Bidder:
    """Buys an account if it gains `edge_bps` of what its positions are worth."""

    party: Party
    edge_bps: int
    owned: list[Party] = field(default_factory=list)


class Bidders:
    """All of them; the most modest one bids first."""

    def __init__(
        self, desk: Desk, keeper: Keeper, parties: list[Party], rng: random.Random
    ) -> None:
        self.desk, self.keeper = desk, keeper
        self.all = sorted(
            (Bidder(party, rng.randrange(5, 120)) for party in parties),
            key=lambda bidder: bidder.edge_bps,
        )
        self.bought = 0

    def act(self, move_bps: int) -> None:
        """Bid for what is cheap, in markets that move `move_bps` a second."""
        for account in sorted(self.keeper.troubled):
            auction_ms = self.keeper.auction_ms(account)
            if auction_ms:
                age_ms = self.desk.machine.now_ms - auction_ms
                self._offer(account, age_ms, move_bps)

    def _offer(self, target: int, age_ms: int, move_bps: int) -> None:
        health = self.desk.health(target)
        if health.equity >= health.maintenance and target not in self.keeper.taken:
            return
        gain = expected_gain(health, age_ms, self.desk.insurance_usdc(target))
        gain += self.desk.haircut_usdc(target)
        notional = sum(health.exposures)
        for bidder in self.all:
            wanted = notional * (bidder.edge_bps + _LOSS_BPS * move_bps) // BPS
            if gain <= wanted:
                return
            if self.desk.free_usdc(bidder.party.account) < 2 * (notional // 15):
                continue
            if self._bid(bidder, target, health) is Reason.OK:
                bidder.owned.append(Party(target, bidder.party.address))
                self.bought += 1
            return

    def _bid(self, bidder: Bidder, target: int, health: Health) -> Reason:
        """Bid up to what the account is worth; once more if it had to be refreshed."""
        machine, reason = self.desk.machine, Reason.STALE_ACCOUNT
        for _ in range(3):
            if reason is not Reason.STALE_ACCOUNT:
                break
            version = self.desk.hot(target).version
            limit = max(health.equity, 0)
            account, address = bidder.party
            bid = Bid(account, 0, target, version, limit, machine.next_nonce())
            reason = machine.send(bid, address)
            self.keeper.asked["Bid", reason] += 1
        return reason

    def unwind(self) -> None:
        """Sell what is in the accounts that were bought, and bring the cash home."""
        for bidder in self.all:
            kept = []
            for party in bidder.owned:
                owner: Any = self.desk.machine.leaf(owner_key(party.account))
                if owner.address != party.address:
                    continue
                kept.append(party)
                if not self.desk.owns(party):
                    continue
                if not self.desk.close(party, _SLIPPAGE_BPS):
                    self._bring_home(party, bidder.party)
                    kept.pop()
            bidder.owned = kept

    def _bring_home(self, party: Party, home: Party) -> None:
        """Move cash home; of an account in debt pay the debt first, then move its collateral."""
        cash = self.desk.cash(party.account)
        if cash < 0:
            self._transfer(home, party, 0, -cash)
        elif cash > 0:
            self._transfer(party, home, 0, cash)
        for asset, amount in enumerate(read_amounts(self.desk.frame(), party.account)):
            if asset and amount:
                self._transfer(party, home, asset, amount)

    def _transfer(self, source: Party, target: Party, asset: int, amount: int) -> None:
        machine = self.desk.machine
        transfer = Transfer(source.account, target.account, asset, amount, machine.next_nonce())
        machine.send(transfer, source.address)


def expected_gain(health: Health, age_ms: int, insurance: int) -> int:
    """Return what a buyer gains by the marks, µUSDC: equity less price (docs/spec.md L-3)."""
    if health.equity > 0:
        return health.equity * (_PPM - compute_price_ppm(age_ms)) // _PPM
    missing = health.maintenance - health.equity
    return health.equity + min(missing * min(age_ms, SALE_MS) // SALE_MS, insurance)
