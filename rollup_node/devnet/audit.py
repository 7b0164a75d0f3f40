"""Counts the money: what bridge and stake pool hold must equal what they owe, to the last unit."""

from dataclasses import dataclass
from typing import Any

from rollup_node.codec.delayed import decode_message
from rollup_node.core.inputs import DelayedMessage, Deposit
from rollup_node.devnet.actions import WAIT_SECONDS, stands_on_l1
from rollup_node.devnet.exchange_audit import Holdings, count_holdings, opened_accounts
from rollup_node.devnet.failure import DisagreementError
from rollup_node.devnet.jsonrpc import Deadline, RpcError
from rollup_node.devnet.keys import checksum
from rollup_node.devnet.session import Asset, Session

USDC = 0
"""Asset that the exchange settles in (docs/spec.md S-3)."""


@dataclass(frozen=True, slots=True)
class Row:
    """Custody of one asset and the claims against it, in the smallest unit.

    `exchange` is what the exchange itself holds: pools less what positions cost (M-1). `exited` is
    what exit mode has paid: L2, whose claims these are, does not know of it.
    """

    asset: Asset
    custody: int
    balances: int
    unpaid_outbox: int
    waiting_deposits: int
    exchange: int = 0
    exited: int = 0

    @property
    def exact(self) -> bool:
        """Tell whether custody equals the sum of claims that were not paid."""
        claims = self.balances + self.unpaid_outbox + self.waiting_deposits
        return self.custody + self.exited == claims + self.exchange


@dataclass(frozen=True, slots=True)
class Stakes:
    """ETH of the stake pool and the claims against it, in wei (docs/invariants.md P-1)."""

    balance_wei: int
    locked_wei: int
    pots_wei: int
    owed_wei: int

    @property
    def exact(self) -> bool:
        """Tell whether the pool holds exactly what it owes."""
        return self.balance_wei == self.locked_wei + self.pots_wei + self.owed_wei

    def table(self) -> dict[str, str | bool]:
        """Return the sums as plain data; amounts as text."""
        return {
            "balance": str(self.balance_wei),
            "locked": str(self.locked_wei),
            "pots": str(self.pots_wei),
            "owed": str(self.owed_wei),
            "exact": self.exact,
        }


@dataclass(frozen=True, slots=True)
class Audit:
    """One row for each asset in the bridge, and the stakes."""

    rows: tuple[Row, ...]
    stakes: Stakes
    holdings: Holdings

    @property
    def exact(self) -> bool:
        """Tell whether every sum is exact."""
        books = self.stakes.exact and self.holdings.exact
        return books and all(row.exact for row in self.rows)

    def table(self) -> dict[str, dict[str, str | bool]]:
        """Return the rows as plain data; amounts as text, since JSON numbers lose digits."""
        return {
            row.asset.symbol: {
                "custody": str(row.custody),
                "balances": str(row.balances),
                "unpaid_outbox": str(row.unpaid_outbox),
                "waiting_deposits": str(row.waiting_deposits),
                "exchange": str(row.exchange),
                "exited": str(row.exited),
                "exact": row.exact,
            }
            for row in self.rows
        }


def audit(session: Session) -> Audit:
    """Compare custody with claims, the claims as the verifier derives them from L1."""
    numbers = [
        *range(1, session.bridge.call("accountCount") + 1),
        *opened_accounts(session.verifier),
    ]
    accounts = [account for number in numbers if (account := _account(session, number)) is not None]
    outbox = [
        entry
        for account in numbers
        for entry in session.verifier.call("rollup_getWithdrawals", account)
        if not session.bridge.call("isFinalized", entry["outboxIndex"])
    ]
    waiting, exited = waiting_deposits(session), exit_payments(session)
    holdings = count_holdings(session.verifier, numbers)
    return Audit(
        tuple(
            Row(
                asset,
                session.bridge.call("custody", asset.id),
                sum(int(account["balances"].get(asset.symbol, "0")) for account in accounts),
                sum(int(entry["amount"]) for entry in outbox if entry["asset"] == asset.id),
                sum(deposit.amount for deposit in waiting if deposit.asset == asset.id),
                holdings.net if asset.id == USDC else 0,
                sum(amount for paid, amount in exited if paid == asset.id),
            )
            for asset in session.assets
        ),
        audit_stakes(session),
        holdings,
    )


def audit_stakes(session: Session) -> Stakes:
    """Compare the balance of the stake pool with its books, both at one L1 block.

    Forced money would show as a difference; nobody forces any on a devnet.
    """
    pool = session.pool
    for _ in Deadline(WAIT_SECONDS, "two looks at the stake pool fall into one L1 block"):
        before = session.l1.call("eth_blockNumber")
        found = Stakes(
            int(session.l1.call("eth_getBalance", checksum(pool.address), "latest"), 16),
            *(pool.call(name) for name in ("locked", "pots", "owed")),
        )
        if session.l1.call("eth_blockNumber") == before:
            return found
    raise AssertionError


def exit_payments(session: Session) -> list[tuple[int, int]]:
    """Return asset and amount of everything that exit mode has paid."""
    return [
        (event["asset"], event["amount"])
        for name in ("ClaimPaid", "DepositReturned")
        for event in session.exit_mode.all_events(name)
    ]


def waiting_deposits(session: Session) -> list[Deposit]:
    """Return the deposits that no inbox item has consumed."""
    consumed = session.inbox.call("consumed")
    found = []
    for event in session.inbox.all_events("DelayedMessage"):
        if event["index"] >= consumed:
            sender = bytes.fromhex(event["sender"][2:])
            message = DelayedMessage(event["kind"], sender, event["timestamp"], event["body"])
            decoded = decode_message(message)
            if isinstance(decoded, Deposit):
                found.append(decoded)
    return found


def wait_agreement(session: Session, seconds: float = WAIT_SECONDS) -> tuple[int, str]:
    """Wait until the verifier has derived what the sequencer has executed by now.

    Returns the newest block that both took from L1, and its root; new blocks may be on their way.

    Raises
    ------
    DisagreementError
        If their state roots of that block differ.
    NotReadyError
        At the deadline.
    """
    wanted = session.sequencer.call("optimism_syncStatus")["unsafe_l2"]["number"]
    for _ in Deadline(seconds, "the verifier has derived what the sequencer has executed"):
        ours = session.sequencer.call("optimism_syncStatus")
        theirs = session.verifier.call("optimism_syncStatus")
        if not (stands_on_l1(session, ours) and stands_on_l1(session, theirs)):
            continue
        number = min(status["safe_l2"]["number"] for status in (ours, theirs))
        if number >= wanted:
            tag = hex(number)
            root: str = session.verifier.call("rollup_stateRoot", tag)
            other = session.sequencer.call("rollup_stateRoot", tag)
            if root != other:
                raise DisagreementError(
                    f"state root of block {number}: sequencer {other}, verifier {root}"
                )
            return number, root
    raise AssertionError


def _account(session: Session, number: int) -> dict[str, Any] | None:
    try:
        return session.l2_account(number, session.verifier)
    except RpcError as error:
        if error.reason == "NOT_FOUND":
            return None
        raise
