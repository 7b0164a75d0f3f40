"""Turns the cranks of option vaults: looks at L1 and the last confirmed state, decides, proves."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from rollup_node.core.invariant import InvariantViolation
from rollup_node.core.layout import BRIDGE_ACCOUNT_LIMIT, hot_key
from rollup_node.derive.events import L1Block
from rollup_node.node.account_tape import AccountTape
from rollup_node.node.follow import L1Follower
from rollup_node.node.payouts import Payouts
from rollup_node.node.replica import LeafProofs, Replica
from rollup_node.node.vault_sales import can_sell_again
from rollup_node.node.vaults import (
    StateSight,
    VaultReader,
    VaultSight,
    VaultTerms,
    adopt_keys,
    can_sell,
    close_keys,
    find_group,
    is_fresh,
    is_held,
    read_proven,
    settle_keys,
)
from rollup_node.ports import L1Reader, L1Sender, L1Update, TransactionReverted
from rollup_node.roles.vault_keeper import (
    Adopt,
    Close,
    Collect,
    Crank,
    Exit,
    OutboxEntry,
    ProvenAccount,
    ResendSale,
    Roll,
    Settle,
    VaultKeeper,
    VaultPhase,
    VaultView,
    WriteOff,
)

_logger = logging.getLogger(__name__)

_PLAIN: Final[Mapping[type[Any], str]] = {
    Roll: "roll",
    ResendSale: "resendSale",
    WriteOff: "writeOff",
    Exit: "exit",
}
"""Cranks that take nothing."""


class _Confirmed(NamedTuple):
    """The last confirmed assertion, and how many items its state has consumed."""

    assertion_id: bytes
    item: int


@dataclass
class _Desk:
    """What is remembered of one vault."""

    reader: VaultReader
    role: VaultKeeper = field(default_factory=VaultKeeper)
    account: int = 0
    collected: set[int] = field(default_factory=set)
    """Entries that were counted, or never will be."""
    foreign: set[int] = field(default_factory=set)
    failed: tuple[Crank, str] | None = None
    turned: int = 0

    def forget(self) -> None:
        """Ask L1 once more which entries and accounts count."""
        self.collected.clear()
        self.foreign.clear()


class VaultKeeperPlayer:
    """One of these anywhere is enough; several share the fees by who is faster."""

    def __init__(
        self,
        follower: L1Follower,
        replica: Replica,
        reader: L1Reader,
        sender: L1Sender,
        vaults: Sequence[VaultReader],
        payouts: Payouts,
        tape: AccountTape,
    ) -> None:
        self.follower, self.replica = follower, replica
        self.reader, self.sender = reader, sender
        self.payouts, self.tape = payouts, tape
        self.desks = [_Desk(vault) for vault in vaults]
        self._seen = b""
        self._proofs: dict[tuple[bytes, int], StateSight | None] = {}

    def on_l1(self, update: L1Update) -> None:
        """Look at everything once more after a reorg."""
        if update.reorg:
            self.payouts.forget()
            self._proofs.clear()
            for desk in self.desks:
                desk.forget()

    async def act(self) -> bool:
        """Take a look at each vault once in every block of L1; turn what can be turned."""
        head = self.follower.derivation.head
        if head.hash == self._seen:
            return False
        self._seen = head.hash
        done = await self.payouts.act()
        (entered_at,) = await self.reader.call("exit_mode", "enteredAt")
        for desk in self.desks:
            done = await self._turn(desk, head, exit_mode=bool(entered_at)) or done
        return done

    def status(self) -> dict[str, Any]:
        """Return what was turned, proven and paid."""
        turned = {desk.reader.vault.name: desk.turned for desk in self.desks}
        found = {"turned": turned, "proven": self.payouts.proven, "paid": self.payouts.finalized}
        return {"vault_keeper": found}

    async def _turn(self, desk: _Desk, head: L1Block, *, exit_mode: bool) -> bool:
        confirmed = self._confirmed()
        view = await self._look(desk, head, confirmed, exit_mode=exit_mode)
        crank = desk.role.decide(view)
        if crank is None:
            return False
        try:
            await self._do(desk, view, crank, confirmed)
        except TransactionReverted as error:
            _note_foreign(desk, crank, error)
            if desk.failed != (crank, str(error)):
                desk.failed = crank, str(error)
                _logger.warning("%s: %s: %s", desk.reader.vault.name, crank, error)
            return False
        desk.turned, desk.failed = desk.turned + 1, None
        _logger.info("%s: %s", desk.reader.vault.name, crank)
        return True

    def _confirmed(self) -> _Confirmed | None:
        """Return the last confirmed assertion if this node has executed up to its state."""
        created = self.follower.tree.latest_confirmed().created
        if not created.finished or created.item > self.replica.item_count:
            return None
        return _Confirmed(created.assertion_id, created.item)

    async def _look(
        self, desk: _Desk, head: L1Block, confirmed: _Confirmed | None, *, exit_mode: bool
    ) -> VaultView:
        terms = await desk.reader.terms()
        sight = await desk.reader.sight(head.timestamp, head.hash)
        state = None if confirmed is None else await self._prove(desk, sight, confirmed)
        times = self.replica.blocks[-1].time_ms, head.timestamp * 1_000
        if sight.epoch.account != desk.account:
            desk.forget()
            desk.account = sight.epoch.account
        return VaultView(
            now=head.timestamp,
            phase=sight.phase,
            exit_mode=exit_mode,
            epoch=sight.epoch,
            supply=sight.supply,
            queued=sight.books.pending_deposits,
            grace_seconds=terms.loss_grace_seconds,
            is_fresh=is_fresh(self.replica.state, terms.underlying, times),
            sells=can_sell(self.replica.state, terms, sight.next_expiry_at, times),
            sells_again=self._sells_again(desk, terms, sight, times),
            proven=None if state is None else self._account(desk, sight, state),
            entries=[] if state is None else await self._entries(desk, state),
        )

    def _sells_again(
        self, desk: _Desk, terms: VaultTerms, sight: VaultSight, times: tuple[int, int]
    ) -> bool:
        """Tell whether to send a sale again: L1 lets it through, and L2 would begin it."""
        is_time = sight.phase is VaultPhase.LIVE and sight.next_expiry_at == sight.epoch.expiry_at
        state, owner = self.replica.state, desk.reader.address
        return is_time and can_sell_again(state, terms, owner, sight.epoch, times)

    async def _prove(
        self, desk: _Desk, sight: VaultSight, confirmed: _Confirmed
    ) -> StateSight | None:
        """Read the account in the last confirmed state; `None` if this node has another one."""
        account = sight.epoch.account
        place = confirmed.assertion_id, account
        if place not in self._proofs:
            proof = self.replica.prove_leaves(
                settle_keys(await desk.reader.terms(), account), confirmed.item
            )
            known = self.follower.tree.latest_confirmed().created
            is_right = proof.state_root == known.after_state_root
            if not is_right:
                _logger.error("the confirmed state after item %d is not ours", confirmed.item)
            self._proofs = {at: seen for at, seen in self._proofs.items() if at[0] == place[0]}
            self._proofs[place] = read_proven(proof, account) if is_right else None
        return self._proofs[place]

    def _account(self, desk: _Desk, sight: VaultSight, state: StateSight) -> ProvenAccount:
        group, vault = sight.epoch.group, desk.reader.address
        heirs = self._heirs(desk, group) if sight.epoch.lost_at else []
        held = is_held(vault, group, state.owner, state.group)
        return ProvenAccount(state.consumed, state.time_ms, held, state.has_positions, heirs)

    def _heirs(self, desk: _Desk, group: int) -> list[int]:
        """Return the accounts that a liquidation left: of the group of the one that was lost."""
        found = []
        for account in self.replica.accounts_of(desk.reader.address):
            actual = find_group(account, self.replica.state.get(hot_key(account)))
            is_left = account >= BRIDGE_ACCOUNT_LIMIT and actual == group
            if is_left and account not in desk.foreign:
                found.append(account)
        return found

    async def _entries(self, desk: _Desk, state: StateSight) -> list[OutboxEntry]:
        """Return what pays the vault's asset to the vault and was counted by nobody yet."""
        found = []
        address = desk.reader.address
        own = self.tape.accounts_of(address)
        for slot, entry in self.replica.withdrawals():
            is_ours = entry.recipient == address and entry.account in own
            if slot >= state.outbox_next or not is_ours or slot in desk.collected:
                continue
            if entry.asset != desk.reader.vault.asset:
                continue
            if await desk.reader.ask("isCollected", slot):
                desk.collected.add(slot)
                continue
            found.append(OutboxEntry(slot, entry.account, self.payouts.is_paid(slot)))
        return found

    async def _do(
        self, desk: _Desk, view: VaultView, crank: Crank, confirmed: _Confirmed | None
    ) -> None:
        send, contract = self.sender.send, desk.reader.vault.contract
        if type(crank) in _PLAIN:
            await send(contract, _PLAIN[type(crank)])
            return
        if confirmed is None:
            raise InvariantViolation(f"{crank}: nothing is proven")
        assertion, item = confirmed
        account = view.epoch.account
        match crank:
            case Settle():
                keys = settle_keys(await desk.reader.terms(), account)
                await send(contract, "settle", assertion, *self._open(keys, item))
            case Close(slot):
                proof = self._open(close_keys(account, slot), item)
                await send(contract, "close", assertion, *proof, slot)
            case Adopt(heir):
                await send(contract, "adopt", heir, assertion, *self._open(adopt_keys(heir), item))
            case Collect(slot):
                await self._collect(contract, confirmed, slot)

    async def _collect(self, contract: str, confirmed: _Confirmed, slot: int) -> None:
        proof = self.replica.prove_outbox(slot, confirmed.item)
        if proof is None:
            return
        entry = proof.withdrawal
        fields = (entry.account, entry.asset, entry.amount, entry.recipient)
        branch = list(proof.branch)
        await self.sender.send(contract, "collect", confirmed.assertion_id, fields, slot, branch)

    def _open(self, keys: Sequence[Any], item: int) -> tuple[list[bytes], bytes]:
        proof: LeafProofs = self.replica.prove_leaves(keys, item)
        return list(proof.values), b"".join(proof.siblings)


def _note_foreign(desk: _Desk, crank: Crank, error: TransactionReverted) -> None:
    """Leave aside what strangers made look like the vault's: a payment, an account."""
    if error.name == "ForeignEntry" and isinstance(crank, Collect):
        desk.collected.add(crank.slot)
    elif error.name == "ForeignAccount" and isinstance(crank, Adopt):
        desk.foreign.add(crank.account)
