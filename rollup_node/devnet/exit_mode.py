"""Exit mode by hand: what the commands of `strikenet exit` do on the L1 of a run directory.

Only L1 need be alive: the exit state is derived from it.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from rollup_node.core.exit_claims import Claim, due, sum_claims
from rollup_node.core.layout import ASSET_COUNT, TOTALS_KEY
from rollup_node.devnet.failure import NotReadyError
from rollup_node.devnet.keys import Account, checksum
from rollup_node.devnet.rundir import RunDir, read_json
from rollup_node.devnet.session import Asset, address_of
from rollup_node.l1.client import JsonRpcClient
from rollup_node.l1.reader import RpcReader
from rollup_node.l1.sender import RpcSender
from rollup_node.node.config import RollupConfig, load_config
from rollup_node.node.exits import ExitDesk, ExitStatus, LateDeposit, list_claims
from rollup_node.ports import InputError
from rollup_node.proof.chain_state import ChainState


@dataclass
class Leaving:
    """An L1 that was read, and who sends."""

    client: JsonRpcClient
    desk: ExitDesk
    assets: Sequence[Asset]

    async def warp(self, until: int) -> None:
        """Move L1 time forward to a moment, unless it is past."""
        now = (await self.desk.status()).l1_time
        if until > now:
            await self.client.call("evm_increaseTime", until - now)
            await self.client.call("evm_mine")

    async def require_entered(self) -> ExitStatus:
        """Return where exit mode stands.

        Raises
        ------
        NotReadyError
            If it was not entered.
        """
        status = await self.desk.status()
        if not status.entered_at:
            raise NotReadyError("exit mode was not entered: see `strikenet exit status`")
        return status

    async def table(self, state: ChainState, accounts: Sequence[int]) -> dict[str, Any]:
        """Return claims and payments of accounts as plain data; amounts as text.

        `expected` is what each would get if every account claimed in the window.
        """
        claims = list_claims(state)
        books = sum_claims(state.get(TOTALS_KEY).amounts, list(claims.values()))
        view = await self.desk.view(state, accounts)
        return {
            str(account): {
                "owner": checksum(claims[account].owner),
                "worth_usdc": str(claims[account].worth_usdc),
                "claim": self._amounts(claims[account].amounts),
                "expected": self._amounts(due(books, claims[account])),
                "claimed": account in view.claimed,
                "payable": self._amounts(
                    [view.unpaid.get((account, asset), 0) for asset in range(ASSET_COUNT)]
                ),
            }
            for account in accounts
        }

    def describe(self, status: ExitStatus) -> dict[str, Any]:
        """Return where exit mode stands as plain data."""
        books = status.books
        return {
            "l1_time": status.l1_time,
            "entered_at": status.entered_at or None,
            "enter_from": status.enter_from or None,
            "claim_until": status.claim_until or None,
            "totals_proven": status.has_totals,
            "pool": self._amounts(books.pool),
            "left": self._amounts(status.left),
            "claimed_usdc": str(books.claimed_usdc),
            "missing_usdc": str(max(books.claimed_usdc - books.pool[0], 0)),
            "seized": self._amounts(books.seized),
            "seized_for_usdc": str(books.covered_usdc),
        }

    def list_deposits(self, deposits: Sequence[LateDeposit]) -> list[dict[str, Any]]:
        """Return deposits as plain data; amounts as text."""
        return [
            {
                "message": deposit.message,
                "sender": checksum(deposit.sender),
                "account": deposit.account,
                "asset": self.assets[deposit.asset].symbol,
                "amount": str(deposit.amount),
            }
            for deposit in deposits
        ]

    def _amounts(self, amounts: Sequence[int]) -> dict[str, str]:
        return {asset.symbol: str(amounts[asset.id]) for asset in self.assets}


@asynccontextmanager
async def leaving(run_dir: RunDir, sender: Account, l1_url: str | None) -> AsyncIterator[Leaving]:
    """Yield the L1 of a run directory, read up to its head.

    Raises
    ------
    NotReadyError
        If no devnet runs there and no L1 is given.
    """
    url = l1_url or run_dir.running()["l1"]["url"]
    rollup = load_config(run_dir.rollup, RollupConfig)
    client = JsonRpcClient(url)
    try:
        addresses = {name: rollup.address(name) for name in rollup.contracts}
        reader = RpcReader(client, addresses)
        outgoing = RpcSender(client, reader, sender.private_key, rollup.l1_chain_id)
        desk = ExitDesk(rollup, reader, outgoing)
        await desk.follow()
        yield Leaving(client, desk, read_assets(run_dir))
    finally:
        await client.close()


def read_assets(run_dir: RunDir) -> list[Asset]:
    """Return the assets of a rollup."""
    return [
        Asset(asset["id"], asset["symbol"], asset["decimals"], None)
        for asset in read_json(run_dir.rollup)["assets"]
    ]


def choose_accounts(claims: dict[int, Claim], who: str | None) -> list[int]:
    """Return the open accounts of a number, a name or an address; all of them if `None`.

    Raises
    ------
    InputError
        If there is none.
    """
    if who is None:
        return sorted(claims)
    if who.isdecimal():
        found = [int(who)] if int(who) in claims else []
    else:
        owner = address_of(who)
        found = sorted(account for account, claim in claims.items() if claim.owner == owner)
    if not found:
        raise InputError(f"no account of {who} is open in the exit state")
    return found


def choose_deposits(deposits: Sequence[LateDeposit], who: str | None) -> list[LateDeposit]:
    """Return the deposits for an account number, or from a name or an address; all if `None`.

    Raises
    ------
    InputError
        If there is none of it.
    """
    if who is None:
        return list(deposits)
    if who.isdecimal():
        found = [deposit for deposit in deposits if deposit.account == int(who)]
    else:
        sender = address_of(who)
        found = [deposit for deposit in deposits if deposit.sender == sender]
    if not found:
        raise InputError(f"no deposit of {who} waits to be paid back")
    return found
