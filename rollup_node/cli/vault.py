"""`strikenet vault`: option vaults on L1, which sell options on the exchange without a key."""

import asyncio
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from rollup_node.cli.options import json_option, run_dir_option
from rollup_node.cli.output import ExitCode, emit, progress

if TYPE_CHECKING:
    from rollup_node.devnet.jsonrpc import JsonRpc
    from rollup_node.devnet.session import Session
    from rollup_node.devnet.vault_moves import Standing

_TAKERS: Final = 2

vault_argument = click.argument("name", metavar="VAULT")
from_option = click.option("--from", "owner", required=True, help="Named account, such as alice.")


@click.group()
def vault() -> None:
    """Deposit into vaults that sell options each week, and see what came of it.

    Requests wait for the close of an epoch; what they became is claimed. `covered-call` takes ETH,
    `cash-secured-put` USDC: `strikenet up --profile vaults` has both.
    """


@vault.command("list", short_help="List the vaults, one a line.")
@json_option
@run_dir_option
def list_vaults(*, json_flag: bool, run_dir: Path) -> int:
    """List the vaults: phase, epoch, what they manage, price of a share."""
    from rollup_node.cli.vault_words import show_line

    lines = _node(_session(run_dir)).call("vault_list")
    text = "\n".join(show_line(line) for line in lines) or "no vaults"
    emit(json_flag, {"vaults": lines}, text)
    return ExitCode.OK


@vault.command(short_help="Queue a deposit for the next close.")
@vault_argument
@from_option
@click.option("--amount", required=True, help="In whole units, such as 1.5; ether is wrapped.")
@json_option
@run_dir_option
def deposit(*, name: str, owner: str, amount: str, json_flag: bool, run_dir: Path) -> int:
    """Queue a deposit; the next close turns it into shares, which `claim` takes."""
    from rollup_node.devnet import actions, vault_moves

    session = _session(run_dir)
    chosen, payer = session.vault(name), actions.payer_of(owner)
    units = chosen.asset.parse(amount)
    gas = vault_moves.deposit(chosen, payer, units)
    standing = vault_moves.read_standing(chosen, payer.address)
    data = {"vault": name, "assets": str(units), "gas": gas, **_plain(standing)}
    queued = chosen.asset.show(standing.pending_deposit)
    emit(json_flag, data, f"{owner} has {queued} waiting for a close of {name}  {gas:,} gas")
    return ExitCode.OK


@vault.command(short_help="Queue shares for the next close.")
@vault_argument
@from_option
@click.option("--shares", required=True, help="How many whole shares, such as 1.5, or `all`.")
@json_option
@run_dir_option
def redeem(*, name: str, owner: str, shares: str, json_flag: bool, run_dir: Path) -> int:
    """Queue shares; the next close turns them into the asset, which `claim` takes."""
    from rollup_node.devnet import actions, vault_moves
    from rollup_node.ports import InputError

    session = _session(run_dir)
    chosen, holder = session.vault(name), actions.payer_of(owner)
    held = vault_moves.read_standing(chosen, holder.address).shares
    units = held if shares == "all" else chosen.shares.parse(shares)
    if not units or units > held:
        raise InputError(f"{owner} holds {chosen.shares.show(held)} of {name}, not {shares}")
    gas = vault_moves.redeem(chosen, holder, units)
    standing = vault_moves.read_standing(chosen, holder.address)
    data = {"vault": name, "shares": str(units), "gas": gas, **_plain(standing)}
    queued = chosen.shares.show(standing.pending_redeem)
    emit(json_flag, data, f"{owner} has {queued} waiting for a close of {name}  {gas:,} gas")
    return ExitCode.OK


@vault.command()
@vault_argument
@from_option
@click.option("--warp", is_flag=True, help="In exit mode: move L1 past the window for claims.")
@json_option
@run_dir_option
def claim(*, name: str, owner: str, warp: bool, json_flag: bool, run_dir: Path) -> int:
    """Take what closes have converted: shares, assets, fees. In exit mode: all that is due by now.

    Only L1 need be alive. In exit mode shares are given back at once; call it again once more came.
    """
    from rollup_node.devnet import actions, vault_exit, vault_moves

    session = _session(run_dir)
    chosen, who = session.vault(name), actions.payer_of(owner)
    if vault_exit.is_exiting(session, chosen):
        done = vault_exit.leave(session, chosen, who, progress, warp=warp)
    else:
        done = vault_moves.claim(chosen, who)
    data = {
        "vault": name,
        "shares": str(done.shares),
        "assets": str(done.assets),
        "usdc": str(done.usdc),
        "gas": done.gas,
    }
    parts = [chosen.shares.show(done.shares)] if done.shares else []
    parts += [chosen.asset.show(done.assets)] if done.assets else []
    parts += [session.asset("USDC").show(done.usdc)] if done.usdc else []
    emit(json_flag, data, f"{owner} got {' and '.join(parts) or 'nothing yet'} from {name}")
    return ExitCode.OK


@vault.command(short_help="Show the running epoch and its books.")
@vault_argument
@click.option("--of", "owner", help="Also what this name or address has queued and can claim.")
@json_option
@run_dir_option
def epoch(*, name: str, owner: str | None, json_flag: bool, run_dir: Path) -> int:
    """Show the running epoch: phase, dates, books, and the vault's account on L2."""
    from rollup_node.cli.vault_words import show_epoch, show_requests
    from rollup_node.devnet.keys import checksum
    from rollup_node.devnet.session import address_of

    session = _session(run_dir)
    session.vault(name)
    node = _node(session)
    data = node.call("vault_get", name)
    lines = show_epoch(data, session.l1_time())
    if owner:
        found = node.call("vault_getRequests", name, checksum(address_of(owner)))
        data["requests"] = found
        lines += show_requests(data["line"], owner, found)
    emit(json_flag, data, "\n".join(lines))
    return ExitCode.OK


@vault.command(short_help="Show what every epoch sold, paid and closed at.")
@vault_argument
@json_option
@run_dir_option
def history(*, name: str, json_flag: bool, run_dir: Path) -> int:
    """Show every epoch: what was sold, premium, payoff, fees, queues, price of a share."""
    from rollup_node.cli.vault_words import show_history

    session = _session(run_dir)
    session.vault(name)
    data = _node(session).call("vault_getHistory", name)
    emit(json_flag, data, "\n".join(show_history(data)))
    return ExitCode.OK


@vault.command(hidden=True)
@click.option("--seed", type=click.IntRange(0), default=1, help="Seed of what they want.")
@run_dir_option
def takers(*, seed: int, run_dir: Path) -> int:
    """Buy what the vaults sell, near the mark, until SIGTERM; as `strikenet up` starts it."""
    from rollup_node.devnet.trading import open_buyers, open_makers
    from rollup_node.devnet.vault_takers import run_takers
    from rollup_node.node.logs import set_up_logging

    set_up_logging("takers", "json")
    session = _session(run_dir)
    url = str(session.state["nodes"][0]["url"])
    people = open_buyers(session, _TAKERS), open_makers(session, 1)
    session.close()

    async def go() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await run_takers(url, *people, seed, stop)

    asyncio.run(go())
    return ExitCode.OK


def _session(run_dir: Path) -> "Session":
    from rollup_node.devnet.rundir import RunDir
    from rollup_node.devnet.session import Session

    return Session(RunDir(run_dir))


def _node(session: "Session") -> "JsonRpc":
    """Return the node that tells of vaults: one that executes what L1 says."""
    return session.verifier


def _plain(standing: "Standing") -> dict[str, str]:
    return {name: str(amount) for name, amount in standing._asdict().items()}
