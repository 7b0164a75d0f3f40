"""What an epoch came to: what the verifier tells of a vault, held against what the bridge paid."""

from collections.abc import Mapping
from typing import Any

from rollup_node.devnet.keys import checksum
from rollup_node.devnet.vault_story.desk import Desk
from rollup_node.devnet.vault_story.market import Option
from rollup_node.devnet.vault_story.record import Close, Sale, VaultEpoch

_PLAIN_CRANKS = 2
"""Every epoch that is closed was rolled before; proofs come between the two."""


def read_epoch(
    desk: Desk, number: int, options: Mapping[str, Option], ended_usdc: int
) -> VaultEpoch:
    """Return what a closed epoch came to; `options` of its date, settled at `ended_usdc`."""
    rows = desk.session.verifier.call("vault_getHistory", desk.name)["epochs"]
    row = next(row for row in rows if row["epoch"] == number)
    return VaultEpoch(
        number,
        row["generation"],
        row["expiryAt"] or 0,
        _sale(row["sold"], options, ended_usdc),
        _close(desk, row),
        row["isTotalLoss"],
    )


def _sale(
    sold: dict[str, Any] | None, options: Mapping[str, Option], ended_usdc: int
) -> Sale | None:
    if sold is None or sold["instrument"] is None:
        return None
    option, lots = options[sold["instrument"]], sold["soldLots"]
    payoff = payoff_usdc(option, lots, ended_usdc)
    return Sale(
        option.name, option.strike_usdc, sold["offeredLots"], lots, int(sold["premiumUsdc"]), payoff
    )


def payoff_usdc(option: Option, lots: int, ended_usdc: int) -> int:
    """Return what lots cost who sold them, at a settlement price (docs/spec.md V-10), µUSDC."""
    worth = ended_usdc - option.strike_usdc
    worth = -worth if option.is_put else worth
    return lots * (max(worth, 0) // option.lots_per_unit)


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
