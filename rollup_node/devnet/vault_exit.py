"""The way out of a vault when nobody confirms any more: whoever comes first brings its money home.

Only L1 need be alive: the exit state is derived from it.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from rollup_node.core.layout import ALLOCATORS_KEY, outbox_key
from rollup_node.core.leaves import Withdrawal
from rollup_node.devnet.exit_mode import Leaving, leaving
from rollup_node.devnet.exits import Exit, Stage, finalize, status
from rollup_node.devnet.keys import Account, checksum
from rollup_node.devnet.session import OptionVault, Session
from rollup_node.devnet.vault_moves import Claimed, read_phase, take_converted
from rollup_node.node.exits import list_claims
from rollup_node.ports import InputError, TransactionReverted
from rollup_node.proof.chain_state import ChainState
from rollup_node.roles.vault_keeper import VaultPhase

Tell = Callable[[str], None]


def is_exiting(session: Session, vault: OptionVault) -> bool:
    """Tell whether nothing is confirmed any more: then the only way is out."""
    return read_phase(vault) is VaultPhase.EXITED or bool(session.exit_mode.call("entered"))


def leave(
    session: Session, vault: OptionVault, owner: Account, tell: Tell, *, warp: bool = False
) -> Claimed:
    """Give back all shares after the end of confirmations, and take what is due by now.

    Parameters
    ----------
    warp
        Move the time of L1 past the window in which claims count: USDC is paid only then.

    Raises
    ------
    InputError
        If nothing is due.
    """
    way = _Way(session, vault, owner, tell, warp=warp)
    if read_phase(vault) is not VaultPhase.EXITED:
        way.send("exit")
        tell(f"{vault.name} has begun its exit")
    asyncio.run(way.bring_home())
    before = take_converted(vault, owner)
    who = checksum(owner.address)
    try:
        receipt = vault.contract.send(
            owner.address, "exitClaim", vault.share.call("balanceOf", who), who, who
        )
    except TransactionReverted as error:
        if error.name != "NothingDue":
            raise
        if not before.gas:
            text = f"nothing of {vault.name} is due to {owner.name} by now"
            raise InputError(text) from error
        return before
    (paid,) = vault.contract.events(receipt, "ExitPaid")
    gas = {**way.gas, **before.gas, "claim": receipt.gas_used}
    assets = before.assets + paid["assets"] + paid["refunded"]
    return Claimed(0, assets, paid["usdc"], gas)


@dataclass
class _Way:
    """What one who leaves does for the vault, and so for everybody; each part at most once."""

    session: Session
    vault: OptionVault
    owner: Account
    tell: Tell
    warp: bool
    gas: dict[str, int] = field(default_factory=dict)

    def send(self, function: str, *arguments: object) -> bool:
        """Turn a crank of the vault; `False` if there is nothing to do."""
        try:
            receipt = self.vault.contract.send(self.owner.address, function, *arguments)
        except TransactionReverted as error:
            if error.name not in {"NothingDue", "AlreadyCollected"}:
                raise
            return False
        self.gas[function] = receipt.gas_used
        return True

    async def bring_home(self) -> None:
        """Have everything paid to the vault that is due to it by now, and have it counted."""
        account = self.vault.contract.call("epoch")["account"]
        async with leaving(self.session.run_dir, self.owner, self.session.l1.url) as open_l1:
            await open_l1.require_entered()
            state = await open_l1.desk.exit_state()
            await self._take_deposits(open_l1, state)
            await self._collect(open_l1, state, account)
            if account in list_claims(state):
                done = await open_l1.desk.claim(state, [account])
                if self.warp:
                    await open_l1.warp((await open_l1.require_entered()).claim_until)
                done += await open_l1.desk.pay(state, [account])
                self.tell(f"{len(done)} transactions bring home what account {account} has")
        self.send("gather", account)

    async def _take_deposits(self, open_l1: Leaving, state: ChainState) -> None:
        """Have a deposit paid back that the exit state has not consumed."""
        sender = self.vault.contract.address
        late = [each for each in await open_l1.desk.deposits(state) if each.sender == sender]
        await open_l1.desk.give_back(state, late)
        if late:
            self.tell(f"{len(late)} deposits of the vault are paid back")

    async def _collect(self, open_l1: Leaving, state: ChainState, account: int) -> None:
        """Have withdrawals paid that the exit state holds, and count them."""
        assertion = self.session.chain.call("latestConfirmed")
        for slot in range(state.get(ALLOCATORS_KEY).outbox_next):
            entry: Withdrawal = state.get(outbox_key(slot))
            is_own = entry.account == account and entry.recipient == self.vault.contract.address
            if not is_own or self.vault.contract.call("isCollected", slot):
                continue
            branch = state.branch(outbox_key(slot))
            if await self._pay(open_l1, assertion, Exit(slot, *entry), branch):
                self.send("collect", assertion, tuple(entry), slot, branch)

    async def _pay(
        self, open_l1: Leaving, assertion: bytes, entry: Exit, branch: list[bytes]
    ) -> bool:
        """Have the bridge pay an entry; tell whether it has by now."""
        session, owner = self.session, self.owner
        stage, until = status(session, owner, assertion, entry)
        if stage is Stage.UNPROVEN:
            proof = (assertion, entry.struct(), entry.outbox_index, branch)
            session.bridge.send(owner.address, "proveWithdrawal", *proof)
            stage, until = status(session, owner, assertion, entry)
        if stage is Stage.WAITING_MATURITY and self.warp:
            await open_l1.warp(until)
            stage, until = status(session, owner, assertion, entry)
        if stage is Stage.READY:
            finalize(session, owner, owner, assertion, entry)
            return True
        if stage is not Stage.FINALIZED:
            self.tell(f"outbox entry {entry.outbox_index} can be paid from {until} of L1 on")
        return stage is Stage.FINALIZED
