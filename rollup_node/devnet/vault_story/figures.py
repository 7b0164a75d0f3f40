"""What an epoch came to: what the verifier tells of a vault, held against what the bridge paid."""

from typing import Any

from rollup_node.devnet.keys import checksum
from rollup_node.devnet.vault_story.desk import Desk
from rollup_node.devnet.vault_story.record import Close, Sale, VaultEpoch
from rollup_node.devnet.vault_story.state import lots_per_unit

_PLAIN_CRANKS = 2
"""Every epoch that is closed was rolled before; proofs come between the two."""


def read_epoch(desk: Desk, number: int, ended_usdc: int) -> VaultEpoch:
    """Return what a closed epoch came to; its date was settled at `ended_usdc`."""
    rows = desk.session.verifier.call("vault_getHistory", desk.name)["epochs"]
    row = next(row for row in rows if row["epoch"] == number)
    return VaultEpoch(
        number,
        row["generation"],
        row["expiryAt"] or 0,
        _sale(desk, row["sold"], ended_usdc),
        _close(desk, row),
        row["isTotalLoss"],
    )


def _sale(desk: Desk, sold: dict[str, Any] | None, ended_usdc: int) -> Sale | None:
    """Return the sale of an epoch, and what it cost by its strike (docs/spec.md V-10), µUSDC."""
    if sold is None or sold["instrument"] is None:
        return None
    strike, lots = int(sold["strikeUsdc"]), sold["soldLots"]
    worth = ended_usdc - strike if desk.vault.is_call else strike - ended_usdc
    payoff = lots * (max(worth, 0) // lots_per_unit(desk.session))
    premium = int(sold["premiumUsdc"])
    return Sale(sold["instrument"], strike, sold["offeredLots"], lots, premium, payoff)


def _close(desk: Desk, row: dict[str, Any]) -> Close:
    rolled_at = row["rolledAt"] or row["closedAt"]
    return Close(
        at=row["closedAt"],
        seconds=row["closedAt"] - rolled_at,
        cranks=_PLAIN_CRANKS + len(row["proven"]),
        sent=int(row["sent"] or 0),
        came=came_home(desk, rolled_at, row["closedAt"]),
        stayed=int(row["stayed"]),
        management_fee=int(row["management"] or 0),
        performance_fee=int(row["performance"] or 0),
        crank_fees=int(row["cranks"] or 0),
        assets=int(row["assets"]),
        supply=int(row["supply"]),
        deposited=int(row["deposited"] or 0),
        minted=int(row["minted"] or 0),
        redeemed=int(row["redeemed"] or 0),
        paid=int(row["paid"] or 0),
    )


def came_home(desk: Desk, after: int, until: int) -> int:
    """Return what the bridge paid to the vault between two times: by the bridge alone."""
    session, who = desk.session, checksum(desk.vault.contract.address)
    return sum(
        event["amount"]
        for event in session.bridge.all_events("WithdrawalFinalized")
        if event["recipient"] == who
        and event["asset"] == desk.vault.asset.id
        and after < session.time_of(event["block_number"]) <= until
    )
