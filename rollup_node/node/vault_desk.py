"""Answers what this node knows of option vaults: L1 when it is asked, and its own states."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from rollup_node.core.layout import hot_key
from rollup_node.core.reason import Reason
from rollup_node.derive.events import L1Block
from rollup_node.l1.journal import JournalReader
from rollup_node.node.account_tape import AccountTape
from rollup_node.node.config import RollupConfig
from rollup_node.node.follow import L1Follower
from rollup_node.node.replica import Replica
from rollup_node.node.vault_history import Seen, Story, tell_epochs, tell_sale
from rollup_node.node.vaults import VaultReader, VaultSight, VaultTerms, find_group, is_held
from rollup_node.proof.inbox import message_hash
from rollup_node.roles.vault_keeper import VaultEpoch, VaultPhase
from rollup_node.rpc.errors import not_found
from rollup_node.rpc.vaults import (
    Account,
    Books,
    Epoch,
    Held,
    History,
    HistoryRow,
    Phase,
    Requests,
    Rules,
    VaultDetails,
    VaultLine,
)

_PHASES: Final[Mapping[VaultPhase, Phase]] = {
    VaultPhase.OPEN: "open",
    VaultPhase.LOCKED: "locked",
    VaultPhase.SALE: "sale",
    VaultPhase.LIVE: "live",
    VaultPhase.SETTLED: "settled",
    VaultPhase.EXITED: "exited",
}
_REQUEST: Final = 0
"""All requests of ERC-7540 have this id here."""


@dataclass
class VaultDesk:
    """The vaults of a rollup; `journals` read their events, by name."""

    rollup: RollupConfig
    follower: L1Follower
    replica: Replica
    tape: AccountTape
    readers: dict[str, VaultReader]
    journals: dict[str, JournalReader]

    async def lines(self) -> list[VaultLine]:
        """Return every vault in one line."""
        return [await self._line(reader) for reader in self.readers.values()]

    async def details(self, name: str) -> VaultDetails:
        """Return a vault; `NOT_FOUND` if there is none of that name."""
        reader, head = self._reader(name), self._head()
        terms, sight = await reader.terms(), await reader.sight(head.timestamp, head.hash)
        return VaultDetails(
            line=_line(reader, terms, sight),
            epoch=_epoch(sight),
            books=Books(*map(str, sight.books)),
            rules=_rules(terms),
            account=self._account(reader, sight.epoch),
        )

    async def requests(self, name: str, controller: bytes) -> Requests:
        """Return what a controller has; `NOT_FOUND` if there is no such vault."""
        reader, at = self._reader(name), self._head().hash

        async def ask(function: str, *arguments: object) -> str:
            return str(await reader.ask(function, *arguments, block_hash=at))

        return Requests(
            controller="0x" + controller.hex(),
            shares=str(await reader.ask_share("balanceOf", controller, block_hash=at)),
            pending_deposit=await ask("pendingDepositRequest", _REQUEST, controller),
            claimable_deposit=await ask("claimableDepositRequest", _REQUEST, controller),
            claimable_shares=await ask("maxMint", controller),
            pending_redeem=await ask("pendingRedeemRequest", _REQUEST, controller),
            claimable_redeem=await ask("claimableRedeemRequest", _REQUEST, controller),
            claimable_assets=await ask("maxWithdraw", controller),
            fees=await ask("feesOf", controller),
        )

    async def history(self, name: str) -> History:
        """Return all epochs; `NOT_FOUND` if there is no such vault."""
        reader, head = self._reader(name), self._head()
        # While L1 answers, this node reads on: what it knows later is not of this head.
        known = len(self.follower.derivation.messages)
        logs = await self.journals[name].logs(self.rollup.genesis.l1_block, head.number)
        sent = await self.journals[name].sent(list(dict.fromkeys(log.transaction for log in logs)))
        times = {digest: transaction.at for digest, transaction in sent.items()}
        return History(
            line=await self._line(reader),
            epochs=tuple(self._row(reader, story, known) for story in tell_epochs(logs, times)),
        )

    def _row(self, reader: VaultReader, story: Story, known: int) -> HistoryRow:
        """Return an epoch by the first `known` delayed messages."""
        if not story.messages:
            return story.row(None, None)
        sold = None
        if self._knows(story.messages[0]):
            sold = tell_sale(story, self._seen(story.account or 0, known), reader.vault.asset)
        reasons = [self._reason(message) for message in story.messages]
        begun = Reason.OK.name
        return story.row(begun if begun in reasons else reasons[-1], sold)

    def _seen(self, account: int, known: int) -> list[Seen]:
        """Return what an account held, with the delayed messages that were consumed by then."""
        items = self.replica.items
        found = [
            Seen(items[held.items - 1].cursor.delayed, held)
            for held in self.tape.holdings(account)
            if held.items <= len(items)
        ]
        return [seen for seen in found if seen.consumed <= known]

    def _knows(self, message: int) -> bool:
        """Tell whether this node executed itself what a delayed message led to."""
        first = self.tape.first_item
        return first == 0 or (first > 0 and self.replica.items[first - 1].cursor.delayed < message)

    def _reason(self, message: int) -> str | None:
        messages = self.follower.derivation.messages
        if message >= len(messages):
            return None
        place = self.replica.place(message_hash(messages[message]))
        return None if place is None else place.reason.name

    def _account(self, reader: VaultReader, epoch: VaultEpoch) -> Account | None:
        account = epoch.account
        held = next(reversed(self.tape.holdings(account)), None)
        if held is None:
            return None
        positions = tuple(
            Held(instrument=each.name, lots=each.lots, premium_usdc=str(-each.basis_usdc))
            for each in held.positions
        )
        group = find_group(account, self.replica.state.get(hot_key(account)))
        return Account(
            number=account,
            is_owned=is_held(reader.address, epoch.group, held.owner, group),
            cash_usdc=str(held.amounts[0]),
            balance=str(held.amounts[reader.vault.asset]),
            positions=positions,
        )

    def _reader(self, name: str) -> VaultReader:
        if name not in self.readers:
            raise not_found(
                f"no vault {name!r}: one of {', '.join(self.readers) or '(none)'}", "vault"
            )
        return self.readers[name]

    def _head(self) -> L1Block:
        return self.follower.derivation.head

    async def _line(self, reader: VaultReader) -> VaultLine:
        head = self._head()
        return _line(reader, await reader.terms(), await reader.sight(head.timestamp, head.hash))


def _line(reader: VaultReader, terms: VaultTerms, sight: VaultSight) -> VaultLine:
    vault, epoch = reader.vault, sight.epoch
    return VaultLine(
        name=vault.name,
        kind="covered call" if terms.is_call else "cash-secured put",
        address="0x" + reader.address.hex(),
        token=vault.token.lower(),
        asset=vault.symbol,
        decimals=vault.decimals,
        phase=_PHASES[sight.phase],
        epoch=epoch.number,
        generation=epoch.generation,
        expiry_at=epoch.expiry_at or None,
        managed=str(sight.books.managed),
        supply=str(sight.supply),
        share_price=str(sight.share_price),
        deposits_paused=sight.deposits_paused,
    )


def _epoch(sight: VaultSight) -> Epoch:
    epoch = sight.epoch
    return Epoch(
        number=epoch.number,
        generation=epoch.generation,
        phase=_PHASES[sight.phase],
        account=epoch.account,
        rolled_at=epoch.rolled_at or None,
        expiry_at=epoch.expiry_at or None,
        cutoff_at=sight.cutoff_at or None,
        next_expiry_at=sight.next_expiry_at,
        last_message=epoch.last_message,
        sent=str(epoch.deposit_amount),
        rounds=epoch.rounds,
        cranks=epoch.cranks,
        lost_at=epoch.lost_at or None,
    )


def _rules(terms: VaultTerms) -> Rules:
    return Rules(
        delta_ppm=terms.delta_ppm,
        max_lots=terms.max_lots,
        start_ppm=terms.start_ppm,
        reserve_ppm=terms.reserve_ppm,
        sale_seconds=terms.sale_seconds,
        slippage_ppm=terms.slippage_ppm,
        max_rounds=terms.max_rounds,
        min_tenor_seconds=terms.min_tenor_seconds,
        loss_grace_seconds=terms.loss_grace_seconds,
        cap=str(terms.cap),
        minimum=str(terms.minimum),
        management_ppm=terms.management_ppm,
        performance_ppm=terms.performance_ppm,
        crank_fee=str(terms.crank_fee),
        crank_ppm=terms.crank_ppm,
        guardian="0x" + terms.guardian.hex(),
        fee_recipient="0x" + terms.fee_recipient.hex(),
    )
