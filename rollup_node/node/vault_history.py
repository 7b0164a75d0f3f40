"""The epochs of a vault, told from its events on L1 and from what its account held on L2."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final, NamedTuple

from rollup_node.l1.journal import L1Log
from rollup_node.node.account_tape import Holding, Offer
from rollup_node.node.vaults import share_price
from rollup_node.roles.vault_keeper import VaultAction
from rollup_node.rpc.vaults import Action, HistoryRow, Proven, Sold

_ACTIONS: Final[Mapping[VaultAction, Action]] = {
    VaultAction.SELL: "sell",
    VaultAction.BUY: "buy",
    VaultAction.WITHDRAW: "withdraw",
    VaultAction.WRITE_OFF: "write_off",
}


class Seen(NamedTuple):
    """What an account held once so many delayed messages were consumed."""

    consumed: int
    held: Holding


@dataclass
class Story:
    """What L1 says of one epoch; arguments of events by their names."""

    epoch: int
    generation: int
    rolled: Mapping[str, Any] | None = None
    rolled_at: int | None = None
    resent: list[int] = field(default_factory=list)
    """Numbers of the delayed messages that sold once more."""
    proven: list[Proven] = field(default_factory=list)
    closed: Mapping[str, Any] | None = None
    closed_at: int | None = None
    converted: Mapping[str, Any] | None = None
    fees: Mapping[str, Any] | None = None
    is_total_loss: bool = False
    next_message: int | None = None
    """The first delayed message of the next epoch, if there is one by now."""

    @property
    def first_message(self) -> int | None:
        """Number of the delayed message that the epoch began with: a deposit, if there was any."""
        if self.rolled is None:
            return None
        return self.messages[0] - 1 if self.rolled["assets"] else self.messages[0]

    @property
    def messages(self) -> list[int]:
        """Numbers of the delayed messages that sell; later ones fail once something was sold."""
        return [] if self.rolled is None else [int(self.rolled["messageIndex"]), *self.resent]

    @property
    def account(self) -> int | None:
        """The account that the epoch began with."""
        return None if self.rolled is None else int(self.rolled["account"])

    def row(self, sale: str | None, sold: Sold | None) -> HistoryRow:
        """Return the epoch as plain data."""
        assets, supply = _text(self.closed, "assets"), _text(self.closed, "supply")
        price = None
        if assets is not None and supply is not None:
            price = str(share_price(int(assets), int(supply)))
        return HistoryRow(
            epoch=self.epoch,
            generation=self.generation,
            rolled_at=self.rolled_at,
            expiry_at=None if self.rolled is None else int(self.rolled["expiryAt"]),
            account=self.account,
            sent=_text(self.rolled, "assets"),
            sale=sale,
            resent=len(self.resent),
            sold=sold,
            proven=tuple(self.proven),
            received=_text(self.closed, "received"),
            stayed=_text(self.closed, "stayed"),
            closed_at=self.closed_at,
            assets=assets,
            supply=supply,
            share_price=price,
            management=_text(self.fees, "management"),
            performance=_text(self.fees, "performance"),
            cranks=_text(self.fees, "cranks"),
            deposited=_text(self.converted, "deposited"),
            minted=_text(self.converted, "minted"),
            redeemed=_text(self.converted, "redeemed"),
            paid=_text(self.converted, "paid"),
            is_total_loss=self.is_total_loss,
        )


def tell_epochs(logs: Sequence[L1Log], times: Mapping[bytes, int]) -> list[Story]:
    """Return all epochs from the events of a vault, oldest first; `times` of transactions."""
    stories: dict[int, Story] = {}
    generation = 0
    for log in logs:
        values = log.arguments
        if "epoch" not in values:
            continue
        story = stories.setdefault(values["epoch"], Story(values["epoch"], generation))
        _note(story, log, times[log.transaction])
        if log.name == "GenerationEnded":
            generation = values["generation"] + 1
    found = [stories[number] for number in sorted(stories)]
    for story, after in pairwise(found):
        story.next_message = after.first_message
    return found


def _note(story: Story, log: L1Log, at: int) -> None:
    match log.name:
        case "Rolled":
            story.rolled, story.rolled_at = log.arguments, at
        case "SaleResent":
            story.resent.append(int(log.arguments["messageIndex"]))
        case "Settled":
            story.proven.append(_proven(log))
        case "Closed":
            story.closed, story.closed_at = log.arguments, at
        case "Converted":
            story.converted = log.arguments
        case "FeesTaken":
            story.fees = log.arguments
        case "GenerationEnded":
            story.is_total_loss = True


def _proven(log: L1Log) -> Proven:
    values = log.arguments
    return Proven(
        action=_ACTIONS[VaultAction(values["action"])],
        cash_usdc=str(values["cash"]),
        balance=str(values["balance"]),
        amount=str(values["amount"]),
        l1_block=log.l1_block,
        transaction="0x" + log.transaction.hex(),
    )


def tell_sale(story: Story, seen: Sequence[Seen], asset: int) -> Sold | None:
    """Return what an epoch sold; `None` while its message waits. `asset` is that of the vault.

    The premium is what the position cost: it becomes cash, less the payoff, when it is settled.
    What else cash changes by, beside the deposit, are fees and interest.
    """
    first, end = story.first_message, story.next_message
    if story.rolled is None or first is None:
        return None
    sent = story.rolled["assets"]
    before = [each.held for each in seen if each.consumed <= first]
    later = [
        each.held
        for each in seen
        if each.consumed > story.messages[0] and (end is None or each.consumed <= end)
    ]
    if not later:
        return None
    base = (before[-1].amounts[0] if before else 0) + (0 if asset else sent)
    owner = later[0].owner
    held = [each for each in later if each.positions and each.owner == owner]
    if not held:
        return _sold_nothing(
            _last_offer(later), base - later[0].amounts[0], is_over=bool(story.proven)
        )
    last, after = held[-1], later[later.index(held[-1]) + 1 :]
    premium = -sum(each.basis_usdc for each in last.positions)
    payoff, spent = None, base - last.amounts[0]
    if after and after[0].owner == owner and after[0].settled_usdc is not None:
        payoff = -after[0].settled_usdc
        spent = base + premium - payoff - after[0].amounts[0]
    sold_lots = -sum(each.lots for each in last.positions)
    offered = _offered(later[: later.index(held[0]) + 1], last.positions[0].name)
    return Sold(
        instrument=last.positions[0].name,
        strike_usdc=str(last.positions[0].strike_usdc),
        offered_lots=max(sold_lots, offered),
        sold_lots=sold_lots,
        premium_usdc=str(premium),
        payoff_usdc=None if payoff is None else str(payoff),
        fees_usdc=str(spent),
    )


def _last_offer(later: Sequence[Holding]) -> Offer | None:
    """Return the newest of the sales that began."""
    return next((held.offer for held in reversed(later) if held.offer is not None), None)


def _offered(until_met: Sequence[Holding], name: str) -> int:
    """Return with how many lots the sale of an option began: those left, and those met by then.

    `until_met` ends with the first holding that has some of it sold; 0 if all went at once.
    """
    for held in reversed(until_met):
        if held.offer is not None and held.offer.name == name:
            return held.offer.lots - sum(each.lots for each in held.positions)
    return 0


def _sold_nothing(offered: Offer | None, fees_usdc: int, *, is_over: bool) -> Sold:
    return Sold(
        instrument=None if offered is None else offered.name,
        strike_usdc=None if offered is None else str(offered.strike_usdc),
        offered_lots=0 if offered is None else offered.lots,
        sold_lots=0,
        premium_usdc="0",
        payoff_usdc="0" if is_over else None,
        fees_usdc=str(fees_usdc),
    )


def _text(values: Mapping[str, Any] | None, name: str) -> str | None:
    return None if values is None else str(values[name])
