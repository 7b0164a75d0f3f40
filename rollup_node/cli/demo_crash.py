"""`strikenet demo crash`: prices fall on thousands of leveraged accounts; who pays for it."""

from typing import Any, Final

import click

from rollup_node.cli.options import json_option
from rollup_node.cli.output import ExitCode, emit, progress

_USDC: Final = 10**6
_PPM: Final = 10**6


@click.command()
@click.option(
    "--profile",
    default="linear",
    show_default=True,
    help="How prices move: linear, march-2020, october-2025, or any price script.",
)
@click.option(
    "--accounts",
    type=click.IntRange(50, 20_000),
    default=2_000,
    show_default=True,
    help="How many trade; one in a hundred makes markets.",
)
@click.option(
    "--insurance",
    type=click.IntRange(0, 100_000_000),
    default=250_000,
    show_default=True,
    help="Insurance of each underlying before the crash, in USDC.",
)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Of it all.")
@json_option
def crash(*, profile: str, accounts: int, insurance: int, seed: int, json_flag: bool) -> int:
    """Let prices fall on thousands of leveraged accounts, and account for every loss.

    Executes the exchange's own step function in this process, on the time of its blocks: deposits,
    makers, longs and shorts up to the highest leverage, stops, signed prices, liquidations,
    auctions, takeovers, and users who withdraw as fast as they can. linear is 50 % in 60 s.

    After every step positions must cancel out and custody must be what everybody holds, no
    withdrawal may take more than its part, no step may be larger than can be proven; at the end
    gains, losses, fees, insurance and deficit must match to the last unit. Ends with code 6 if
    anything does not; nothing is started and nothing stays behind.
    """
    from rollup_node.devnet.crash.story import Crash, Spec

    result = Crash(Spec(profile, accounts, seed, insurance), progress).run()
    emit(json_flag, result, render(result))
    return ExitCode.OK if result["passed"] else ExitCode.SCENARIO_FAILED


def render(result: dict[str, Any]) -> str:
    """Return the report for a person."""
    return "\n".join(
        [
            *_timeline(result["timeline"]),
            "",
            *_parties(result),
            "",
            *_money(result),
            "",
            *_withdrawals(result),
            "",
            *_steps(result),
            "",
            *_checks(result),
        ]
    )


def _usdc(amount: int) -> str:
    """Return an amount in USDC, exact."""
    sign, whole = "-" if amount < 0 else "", abs(amount)
    return f"{sign}{whole // _USDC:,}.{whole % _USDC:06d}"


def _timeline(rows: list[dict[str, Any]]) -> list[str]:
    head = (
        f"{'second':>7}{'ETH':>8}{'BTC':>9}{'open ETH':>11}{'in liquidation':>16}"
        f"{'fills':>9}{'insurance':>13}{'deficit':>14}{'pays':>9}"
    )
    return [
        head,
        *(
            f"{row['seconds']:>7,}{row['eth_usdc']:>8,}{row['btc_usdc']:>9,}"
            f"{row['open_eth_lots'] // 100:>11,}{row['liquidating']:>16,}{row['fills']:>9,}"
            f"{row['insurance_usdc'] // _USDC:>13,}{row['deficit_usdc'] // _USDC:>14,}"
            f"{row['ratio_ppm'] * 100 / _PPM:>8.2f}%"
            for row in rows
        ),
    ]


def _parties(result: dict[str, Any]) -> list[str]:
    found, fund = result["liquidations"], result["fund"]
    rows = [
        ("liquidated", found["accounts"], f"accounts of {result['accounts']:,}"),
        ("  by", found["fills"], f"fills, {found['calls']:,} calls"),
        ("for sale", found["for_sale"], f"of them, {result['auctions']['sold']:,} bought"),
        ("below zero", found["taken_over"], f"taken over, {found['to_the_fund']:,} by the fund"),
        ("stops", result["triggers_fired"], "fired"),
        ("could not pay", result["makers_failed"], "resting orders that were met"),
        ("fills", result["fills"], f"in all, for {result['volume_usdc'] // _USDC:,} USDC"),
        ("prices", result["reports"], f"taken, {result['reports_pending']:,} to be confirmed"),
    ]
    if fund["accounts"]:
        unsold, debt = _usdc(fund["collateral_usdc"]), _usdc(fund["debt_usdc"])
        rows.append(("unsold", fund["accounts"], f"of the fund: ETH for {unsold}, debt {debt}"))
    return [f"{name:<14}{count:>10,}  {words}" for name, count, words in rows]


def _money(result: dict[str, Any]) -> list[str]:
    insurance, deficit = result["insurance"], result["deficit"]
    rows = [
        ("bad debt", result["bad_debt_usdc"]),
        ("insurance before", insurance["before_usdc"]),
        ("  earned", insurance["earned_usdc"]),
        ("  used for takeovers", -insurance["used_for_takeovers_usdc"]),
        ("  used for auctions", -insurance["used_for_auctions_usdc"]),
        ("insurance after", insurance["after_usdc"]),
        ("deficit made", deficit["created_usdc"]),
        ("  borne by withdrawals", -deficit["borne_by_withdrawals_usdc"]),
        ("deficit left", deficit["left_usdc"]),
    ]
    ratios = ", ".join(f"{asset} {part:.6f}" for asset, part in result["deficit_ratio"].items())
    ledger = result["ledger"]
    if ledger is not None:
        rows += [
            (f"losses of {ledger['losers']:,}", ledger["losses"]),
            ("  and deficit made", ledger["uncovered"]),
            (f"gains of {ledger['winners']:,}", ledger["gains"]),
            ("  and fees", ledger["fees"]),
            ("  and insurance", ledger["insurance"]),
            ("not accounted for", ledger["difference"]),
        ]
    return [*_amounts(rows), f"a withdrawal pays: {ratios}"]


def _withdrawals(result: dict[str, Any]) -> list[str]:
    found = result["withdrawals"]
    refused = ", ".join(f"{name} {count:,}" for name, count in found["refused"].items()) or "none"
    rows = [
        ("asked for", found["asked_usdc"]),
        ("  before a deficit", found["before_the_deficit_usdc"]),
        ("paid", found["paid_usdc"]),
        ("custody left", result["custody_usdc"]),
    ]
    return [
        f"{found['paid']:,} of {found['asked']:,} withdrawals paid; refused: {refused}",
        *_amounts(rows),
        f"the least part that was paid: {result['least_deficit_ratio']:.6f}",
    ]


def _amounts(rows: list[tuple[str, int]]) -> list[str]:
    return [f"{name:<24}{_usdc(amount):>24} USDC" for name, amount in rows]


def _steps(result: dict[str, Any]) -> list[str]:
    bounds, kinds = result["bounds"], result["steps_by_kind"]
    rows = [
        f"  {kind:<16}{kinds[kind]:>10,}{step['leaves']:>8}{step['bytes']:>9,}{step['weight']:>12,}"
        for kind, step in result["largest_step_by_kind"].items()
    ]
    size, weight = bounds["largest_opening_bytes"], bounds["max_step_weight"]
    steps, blocks = result["steps"], result["blocks"]
    passed = f"{result['simulated_seconds']:,} s of theirs, {result['cpu_seconds']:,} s of CPU"
    segments = f"{bounds['segments']:,} segments, the heaviest {bounds['heaviest_segment']:,}"
    return [
        f"{steps:,} steps in {blocks:,} blocks: {passed}",
        f"  {'kind':<16}{'steps':>10}{'leaves':>8}{'bytes':>9}{'weight':>12}",
        *rows,
        f"largest opening {size:,} bytes of {bounds['opening_limit_bytes']:,} allowed",
        f"heaviest step {weight:,} gas of {bounds['step_weight_limit']:,} allowed",
        f"{segments}; the longest task {bounds['longest_task_steps']} steps",
    ]


def _checks(result: dict[str, Any]) -> list[str]:
    if not result["passed"]:
        return [f"BROKEN {result['broken']}"]
    return [
        f"state root {result['state_root']}",
        "yes  every loss is accounted for",
        "yes  no withdrawal took more than its part of custody",
        "yes  no step exceeds its bound",
    ]
