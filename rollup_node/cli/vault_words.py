"""Vaults for people: the answers of `vault_*` as lines of text."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

_PAR: Final = 10**18
_MORE_DECIMALS: Final = 6
"""Shares have so many decimals more than the asset."""
_USDC: Final = 6
_SHOWN: Final = Decimal("0.000001")


def show_line(line: Mapping[str, Any]) -> str:
    """Return a vault in a line."""
    until = f", expiry {moment(line['expiryAt'])}" if line["expiryAt"] else ""
    paused = ", new deposits paused" if line["depositsPaused"] else ""
    return (
        f"{line['name']:<17} {line['phase']:<8} epoch {line['epoch']}"
        f"  {assets(line, line['managed'])}  {shares(line, line['supply'])}"
        f"  share price {price(line['sharePrice'])}{until}{paused}"
    )


def show_epoch(data: Mapping[str, Any], now: int) -> list[str]:
    """Return the running epoch and what belongs to it."""
    line, epoch, books = data["line"], data["epoch"], data["books"]
    lines = [
        show_line(line),
        f"  {line['kind']} {line['address']}, generation {epoch['generation']}",
    ]
    if epoch["expiryAt"]:
        left = max(epoch["expiryAt"] - now, 0)
        lines.append(
            f"  rolled {moment(epoch['rolledAt'])} with {assets(line, epoch['sent'])}, "
            f"expires in {left:,} s; requests until {moment(epoch['cutoffAt'])} convert then"
        )
    else:
        lines.append(f"  a roll now would sell to {moment(epoch['nextExpiryAt'])}")
    if epoch["lostAt"]:
        lines.append(f"  account lost, as proven {moment(epoch['lostAt'])}")
    lines += [
        f"  {label:<22}{assets(line, books[key])}"
        for label, key in (
            ("managed", "managed"),
            ("idle on L1", "idle"),
            ("queued deposits", "pendingDeposits"),
            ("  for the next close", "lateDeposits"),
            ("claimable", "claimable"),
            ("fees set aside", "fees"),
        )
    ]
    return [
        *lines,
        f"  {'queued redemptions':<22}{shares(line, books['pendingRedeems'])}",
        *show_account(line, data["account"]),
    ]


def show_account(line: Mapping[str, Any], account: Mapping[str, Any] | None) -> list[str]:
    """Return the vault's account on L2."""
    if account is None:
        return ["  the account is not open on L2 yet"]
    owned = "" if account["isOwned"] else ", which belongs to somebody else now"
    cash = f"{usdc(account['cashUsdc'])}"
    own = "" if line["asset"] == "USDC" else f", {whole(account['balance'], line['decimals'])} ETH"
    head = f"  account {account['number']}{owned}: {cash}{own}"
    held = [
        f"    {position['lots']:,} lots of {position['instrument']} "
        f"for {usdc(position['premiumUsdc'])}"
        for position in account["positions"]
    ]
    return [head, *held]


def show_requests(line: Mapping[str, Any], owner: str, found: Mapping[str, Any]) -> list[str]:
    """Return what somebody has in a vault."""
    waiting = assets(line, found["pendingDeposit"]), shares(line, found["pendingRedeem"])
    ready = shares(line, found["claimableShares"]), assets(line, found["claimableAssets"])
    return [
        f"  {owner} holds {shares(line, found['shares'])}",
        f"    waiting    {waiting[0]} to deposit, {waiting[1]} to redeem",
        f"    claimable  {ready[0]}, {ready[1]}, fees {assets(line, found['fees'])}",
    ]


def show_history(data: Mapping[str, Any]) -> list[str]:
    """Return one paragraph an epoch."""
    line = data["line"]
    lines = [show_line(line)]
    for row in data["epochs"]:
        lines += _show_row(line, row)
    return lines


def _show_row(line: Mapping[str, Any], row: Mapping[str, Any]) -> list[str]:
    lost = "  TOTAL LOSS" if row["isTotalLoss"] else ""
    head = f"epoch {row['epoch']}, generation {row['generation']}{lost}"
    lines = [head]
    if row["rolledAt"]:
        again = f", sent {1 + row['resent']} times" if row["resent"] else ""
        lines.append(
            f"  rolled   {moment(row['rolledAt'])} to {moment(row['expiryAt'])} "
            f"with {assets(line, row['sent'])}; sale: {row['sale'] or 'waits'}{again}"
        )
    if row["sold"]:
        lines.append(f"  sold     {_show_sold(row['sold'])}")
    lines += [
        f"  {proof['action']:<9}{usdc(proof['cashUsdc'])}, "
        f"{whole(proof['balance'], line['decimals'])} of the asset on L2"
        for proof in row["proven"]
    ]
    if row["closedAt"]:
        fees = sum(int(row[key] or 0) for key in ("management", "performance", "cranks"))
        lines.append(
            f"  closed   {moment(row['closedAt'])}: {assets(line, row['received'])} came home, "
            f"{assets(line, fees)} of it fees; share price {price(row['sharePrice'])}"
        )
        lines.append(
            f"  queues   {assets(line, row['deposited'])} became {shares(line, row['minted'])}, "
            f"{shares(line, row['redeemed'])} became {assets(line, row['paid'])}"
        )
    return lines


def _show_sold(sold: Mapping[str, Any]) -> str:
    if sold["instrument"] is None:
        return "nothing"
    payoff = "" if sold["payoffUsdc"] is None else f", payoff {usdc(sold['payoffUsdc'])}"
    fees = "" if sold["feesUsdc"] is None else f", fees {usdc(sold['feesUsdc'])}"
    return (
        f"{sold['soldLots']:,} of {sold['offeredLots']:,} lots of {sold['instrument']} "
        f"for {usdc(sold['premiumUsdc'])}{payoff}{fees}"
    )


def moment(at: int) -> str:
    """Return unix seconds as people read them."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M}"


def whole(amount: str | int, decimals: int) -> str:
    """Return an amount in whole units, exactly."""
    found = Decimal(amount).scaleb(-decimals).normalize()
    return f"{found:,f}"


def assets(line: Mapping[str, Any], amount: str | int) -> str:
    """Return an amount of the vault's asset."""
    return f"{whole(amount, line['decimals'])} {line['asset']}"


def shares(line: Mapping[str, Any], amount: str | int) -> str:
    """Return an amount of shares."""
    return f"{whole(amount, line['decimals'] + _MORE_DECIMALS)} shares"


def usdc(amount: str | int) -> str:
    """Return an amount of µUSDC."""
    return f"{whole(amount, _USDC)} USDC"


def price(amount: str | int) -> str:
    """Return a share price against par."""
    return f"{(Decimal(amount) / _PAR).quantize(_SHOWN):f}"
