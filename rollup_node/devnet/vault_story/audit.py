"""Counts a vault: what it holds on L1 against what it owes, what people got against the pairs."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any, Final

from rollup_node.devnet.actions import WAIT_SECONDS
from rollup_node.devnet.jsonrpc import Deadline
from rollup_node.devnet.keys import accounts, checksum
from rollup_node.devnet.vault_story.desk import Desk, Request
from rollup_node.devnet.vault_story.plan import PEOPLE
from rollup_node.devnet.vault_story.record import VIRTUAL_ASSETS, VIRTUAL_SHARES, Depositor

_OWED: Final = ("idle", "incoming", "pendingDeposits", "lateDeposits", "claimable", "fees")


@dataclass(frozen=True, slots=True)
class Count:
    """A vault's token at one L1 block: what it holds, and its books, in units of the asset.

    `unclaimed` is what people may still claim: the books have as much and `dust`, which is what
    rounding left, less than a unit for each claim.
    """

    held: int
    owed: dict[str, int]
    unclaimed: int
    claims: int

    @property
    def dust(self) -> int:
        """What is set aside for claims and claimed by nobody."""
        return self.owed["claimable"] - self.unclaimed

    @property
    def is_exact(self) -> bool:
        """Tell whether everything held is owed, and everything owed has an owner."""
        return self.held == sum(self.owed.values()) and 0 <= self.dust <= self.claims

    def table(self) -> dict[str, Any]:
        """Return it as plain data; amounts as text."""
        owed = {name: str(amount) for name, amount in self.owed.items()}
        return {"held": str(self.held), **owed, "dust": str(self.dust), "exact": self.is_exact}


def count(desk: Desk) -> Count:
    """Count a vault, all at one L1 block."""
    l1, who = desk.session.l1, checksum(desk.vault.contract.address)
    leaving = sum(request.is_redemption for request in desk.requests)
    for _ in Deadline(WAIT_SECONDS, f"two looks at the {desk.name} fall into one L1 block"):
        before = l1.call("eth_blockNumber")
        books, held = desk.call("books"), desk.vault.coin.call("balanceOf", who)
        unclaimed = sum(
            desk.call("maxWithdraw", checksum(accounts()[name].address)) for name in PEOPLE
        )
        if l1.call("eth_blockNumber") == before:
            owed = {name: int(books[name]) for name in _OWED}
            return Count(int(held), owed, int(unclaimed), leaving)
    raise AssertionError


def people(desk: Desk) -> list[Depositor]:
    """Return what everybody put in, took out, was to get, and still has."""
    expected = _expected(desk)
    managed, supply = desk.call("totalAssets"), desk.supply()
    found = []
    for name in PEOPLE:
        owner = accounts()[name]
        shares = desk.shares(owner)
        paid_in = sum(
            request.amount
            for request in desk.requests
            if request.who == name and not request.is_redemption
        )
        worth = shares * (managed + VIRTUAL_ASSETS) // (supply + VIRTUAL_SHARES)
        claimed = desk.claimed.get(name, 0)
        found.append(Depositor(name, desk.name, paid_in, claimed, expected[name], shares, worth))
    return found


def _expected(desk: Desk) -> dict[str, int]:
    """Return what each is paid by the stored pairs: the sum of an epoch at once, rounded down."""
    queued: dict[tuple[str, int, int], int] = defaultdict(int)
    for request in desk.requests:
        if request.is_redemption:
            epoch = request.epoch + (request.is_late and not _is_end(desk, request))
            queued[request.who, epoch, request.generation] += request.amount
    expected: dict[str, int] = defaultdict(int)
    for (who, epoch, generation), shares in queued.items():
        pair = desk.call("conversionOf", epoch)
        if pair["closedAt"] and generation == pair["generation"] - pair["isTotalLoss"]:
            whole = shares * (pair["assets"] + VIRTUAL_ASSETS)
            expected[who] += whole // (pair["supply"] + VIRTUAL_SHARES)
    return expected


def _is_end(desk: Desk, request: Request) -> bool:
    """Tell whether the epoch of a late request ended its shares: they have no other close."""
    pair = desk.call("conversionOf", request.epoch)
    return bool(pair["isTotalLoss"]) and pair["generation"] == request.generation + 1


def claim_all(desk: Desk) -> None:
    """Let everybody take what is theirs: shares of deposits, money of redemptions."""
    for name in PEOPLE:
        desk.claim(accounts()[name])


def table_of(requests: list[Request]) -> list[dict[str, Any]]:
    """Return requests as plain data, in order."""
    return [request.table() for request in requests]
