"""`strikenet exit`: the way out when nothing is confirmed any more, from L1 alone."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from rollup_node.cli.options import json_option, run_dir_option
from rollup_node.cli.output import ExitCode, emit, progress

if TYPE_CHECKING:
    from rollup_node.devnet.exit_mode import Leaving
    from rollup_node.roles.exiting import Action

_Command = TypeVar("_Command", bound=Callable[..., Any])
_Work = Callable[["Leaving"], Awaitable[tuple[dict[str, Any], list[str]]]]


def l1_options(command: _Command) -> _Command:
    """Give a command the options that say which L1, and who sends."""
    for option in (
        run_dir_option,
        json_option,
        click.option("--l1", "l1_url", help="URL of the L1 [default: that of the running devnet]."),
        click.option("--from", "sender", default="alice", help="Named account that pays the gas."),
    ):
        command = option(command)
    return command


account_option = click.option(
    "--account", "who", help="Number, name or address of the owner [default: every account]."
)
warp_option = click.option("--warp", is_flag=True, help="Move the time of L1 forward if need be.")


@click.group("exit")
def exit_mode() -> None:
    """Leave against the last confirmed state, when nothing is confirmed any more.

    Only L1 need be alive. `enter` when it is time; `claim`, for every account, within the window;
    `pay`: other assets than USDC at once, USDC when the window is over. `return`: deposits that
    came too late, at any time.
    """


@exit_mode.command()
@account_option
@l1_options
def status(*, who: str | None, **options: Any) -> int:  # noqa: ANN401 - click passes what it parsed
    """Show where exit mode stands; once it is entered, who has a claim, and late deposits."""
    from rollup_node.devnet.exit_mode import choose_accounts
    from rollup_node.node.exits import list_claims

    async def work(leaving: "Leaving") -> tuple[dict[str, Any], list[str]]:
        found = await leaving.desk.status()
        data = leaving.describe(found)
        if found.entered_at:
            state = await leaving.desk.exit_state()
            accounts = choose_accounts(list_claims(state), who)
            data["accounts"] = await leaving.table(state, accounts)
            data["deposits"] = leaving.list_deposits(await leaving.desk.deposits(state))
        claims, deposits = data.get("accounts", {}), data.get("deposits", [])
        return data, [show_status(data), *show_claims(claims), *show_deposits(deposits)]

    return run(work, options)


@exit_mode.command()
@warp_option
@l1_options
def enter(*, warp: bool, **options: Any) -> int:  # noqa: ANN401 - click passes what it parsed
    """Enter exit mode: the oldest unconfirmed inbox item is old enough. There is no way back."""

    async def work(leaving: "Leaving") -> tuple[dict[str, Any], list[str]]:
        if warp:
            await leaving.warp((await leaving.desk.status()).enter_from)
        await leaving.desk.enter()
        data = leaving.describe(await leaving.desk.status())
        return data, [show_status(data)]

    return run(work, options)


@exit_mode.command()
@account_option
@l1_options
def claim(*, who: str | None, **options: Any) -> int:  # noqa: ANN401 - click passes what it parsed
    """Prove what accounts have a claim to; anyone may, for anyone, and what owes counts too."""

    async def work(leaving: "Leaving") -> tuple[dict[str, Any], list[str]]:
        return await act(leaving, who, leaving.desk.claim)

    return run(work, options)


@exit_mode.command()
@account_option
@warp_option
@l1_options
def pay(*, who: str | None, warp: bool, **options: Any) -> int:  # noqa: ANN401 - as above
    """Have everything paid that is due by now to the owners of accounts."""

    async def work(leaving: "Leaving") -> tuple[dict[str, Any], list[str]]:
        if warp:
            await leaving.warp((await leaving.require_entered()).claim_until)
        return await act(leaving, who, leaving.desk.pay)

    return run(work, options)


@exit_mode.command("return")
@click.option(
    "--account", "who", help="Number it was for, name or address it came from [default: all]."
)
@l1_options
def give_back(*, who: str | None, **options: Any) -> int:  # noqa: ANN401 - as above
    """Have deposits paid back that the exit state has not consumed, to who sent them."""

    async def work(leaving: "Leaving") -> tuple[dict[str, Any], list[str]]:
        from rollup_node.devnet.exit_mode import choose_deposits

        await leaving.require_entered()
        state = await leaving.desk.exit_state()
        chosen = choose_deposits(await leaving.desk.deposits(state), who)
        await leaving.desk.give_back(state, chosen)
        progress(f"{len(chosen)} transactions on L1")
        returned = leaving.list_deposits(chosen)
        return {"transactions": len(chosen), "deposits": returned}, show_deposits(returned)

    return run(work, options)


async def act(
    leaving: "Leaving", who: str | None, do: Callable[..., Awaitable[list["Action"]]]
) -> tuple[dict[str, Any], list[str]]:
    """Do something for accounts, and show them afterwards."""
    from rollup_node.devnet.exit_mode import choose_accounts
    from rollup_node.node.exits import list_claims

    await leaving.require_entered()
    state = await leaving.desk.exit_state()
    accounts = choose_accounts(list_claims(state), who)
    done = await do(state, accounts)
    progress(f"{len(done)} transactions on L1")
    found = await leaving.table(state, accounts)
    return {"transactions": len(done), "accounts": found}, show_claims(found)


def run(work: _Work, options: dict[str, Any]) -> int:
    """Read L1, do the work, and print what came of it."""
    from rollup_node.devnet.exit_mode import leaving
    from rollup_node.devnet.keys import accounts
    from rollup_node.devnet.rundir import RunDir
    from rollup_node.ports import InputError

    name, run_dir = options["sender"], Path(options["run_dir"])
    if name not in accounts():
        raise InputError(f"no named account {name!r}")

    async def go() -> tuple[dict[str, Any], list[str]]:
        async with leaving(RunDir(run_dir), accounts()[name], options["l1_url"]) as open_l1:
            return await work(open_l1)

    data, lines = asyncio.run(go())
    emit(options["json_flag"], data, "\n".join(lines))
    return ExitCode.OK


def show_status(data: dict[str, Any]) -> str:
    """Return where exit mode stands in a line."""
    now = data["l1_time"]
    if not data["entered_at"]:
        if not data["enter_from"]:
            return "exit mode: not entered; every inbox item is confirmed"
        left = max(data["enter_from"] - now, 0)
        return f"exit mode: not entered; anyone may in {left:,} s if nothing is confirmed"
    left = max(data["claim_until"] - now, 0)
    window = f"claims count for {left:,} s more" if left else "claims no longer count"
    missing = int(data["missing_usdc"])
    short = f"; {missing:,} µUSDC short" if missing else ""
    return f"exit mode: entered; {window}; {int(data['claimed_usdc']):,} µUSDC claimed{short}"


def show_claims(found: dict[str, Any]) -> list[str]:
    """Return a line for each account and asset of which it has a claim, or something to get."""
    lines = []
    for account, row in found.items():
        state = "claimed" if row["claimed"] else "not claimed"
        lines.append(f"account {account}  {row['owner']}  {state}")
        lines += [
            f"  {symbol:<5} claim {row['claim'][symbol]}, expected {row['expected'][symbol]}, "
            f"payable now {row['payable'][symbol]}"
            for symbol in row["claim"]
            if int(row["claim"][symbol]) or int(row["expected"][symbol])
        ]
    return lines


def show_deposits(deposits: list[dict[str, Any]]) -> list[str]:
    """Return a line for each deposit that the exit state has not consumed."""
    return [
        f"deposit {row['message']}  {row['asset']:<5} {row['amount']} "
        f"for account {row['account']}, sent by {row['sender']}"
        for row in deposits
    ]
