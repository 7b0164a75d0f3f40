"""`strikenet account`: who owns an account, what it holds, and what it must be worth."""

from pathlib import Path
from typing import Any

import click

from rollup_node.cli.games import paint
from rollup_node.cli.options import json_option, run_dir_option
from rollup_node.cli.output import ExitCode, emit


class AccountGroup(click.Group):
    """A group whose first word may be an account: then it is shown."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put `show` before what is no command."""
        first = next((word for word in args if not word.startswith("-")), None)
        if first is not None and first not in self.commands and "--help" not in args[:1]:
            args = ["show", *args]
        return super().parse_args(ctx, args)


@click.group(cls=AccountGroup)
def account() -> None:
    """Look at an account: `account WHO` shows owner, nonce and balances.

    WHO is a name, an address or a number.
    """


@account.command()
@click.argument("who")
@json_option
@run_dir_option
def show(*, who: str, json_flag: bool, run_dir: Path) -> int:
    """Show an account's owner, nonce and balances; WHO is a name, an address or a number."""
    from rollup_node.devnet.jsonrpc import RpcError
    from rollup_node.devnet.keys import checksum
    from rollup_node.devnet.rundir import RunDir
    from rollup_node.devnet.session import Session

    session = Session(RunDir(run_dir))
    party = session.party(who)
    try:
        view: dict[str, Any] = session.l2_account(party.id)
    except RpcError as error:
        if error.reason != "NOT_FOUND":
            raise
        view = {"account": party.id, "owner": None, "nonceHigh": 0, "balances": {}}
    on_l1 = {
        asset.symbol: str(session.l1_balance(asset, party.address)) for asset in session.assets
    }
    lines = [
        f"account {party.id}  {party.name}  {checksum(party.address)}",
        f"  {'open on L2' if view['owner'] else 'not open on L2 yet: a deposit opens it'}",
    ]
    for asset in session.assets:
        here = asset.show(int(view["balances"].get(asset.symbol, "0")))
        lines.append(f"  {here:<28} on L2    {asset.show(int(on_l1[asset.symbol]))} on L1")
    emit(json_flag, {**view, "name": party.name, "l1_balances": on_l1}, "\n".join(lines))
    return ExitCode.OK


@account.command()
@click.argument("who")
@click.option("--explain", is_flag=True, help="Show how each number came about.")
@click.option(
    "--model",
    type=click.Choice(["standard", "portfolio"]),
    help="What it would be under this risk model [default: the model of the account].",
)
@click.option("--node", default="sequencer", help="Whose leaves to weigh: any node's.")
@json_option
@run_dir_option
def margin(
    *, who: str, explain: bool, model: str | None, node: str, json_flag: bool, run_dir: Path
) -> int:
    """Show what an account is worth and must be worth; WHO is a name, an address or a number.

    Recomputed here, with the functions of the law, from leaves of one moment that the node shows.
    The JSON always has everything, in units of 1e-6 USDC.
    """
    import msgspec

    from rollup_node.devnet.margin_leaves import margin_of
    from rollup_node.devnet.margin_table import render_explained, render_totals
    from rollup_node.devnet.rundir import RunDir
    from rollup_node.devnet.session import Session

    report = margin_of(Session(RunDir(run_dir)), who, node, model)
    render = render_explained if explain else render_totals
    emit(json_flag, msgspec.to_builtins(report), render(report, paint))
    return ExitCode.OK


@account.command()
@click.argument("who")
@click.argument("model", type=click.Choice(["standard", "portfolio"]))
@json_option
@run_dir_option
def mode(*, who: str, model: str, json_flag: bool, run_dir: Path) -> int:
    """Choose how an account that holds no position is margined; WHO is a name, address or number.

    `standard` adds up what positions require; `portfolio` weighs them together over 32 scenarios.
    """
    from rollup_node.devnet import actions
    from rollup_node.devnet.rundir import RunDir
    from rollup_node.devnet.session import Session
    from rollup_node.node.margin_report import MODELS

    session = Session(RunDir(run_dir))
    party = session.party(who)
    owner = party.owner or actions.payer_of(party.name)
    sent = actions.set_mode(session, owner, party, MODELS.index(model))
    data = {"account": party.id, "model": model, "hash": sent.hash, "sequence": sent.sequence}
    emit(json_flag, data, f"account {party.id} has {model} margin: record {sent.sequence}")
    return ExitCode.OK
