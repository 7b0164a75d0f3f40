"""`strikenet account`: who owns an account and what it holds, on L2 and on L1."""

from pathlib import Path
from typing import Any

import click

from rollup_node.cli.options import json_option, run_dir_option
from rollup_node.cli.output import ExitCode, emit


@click.command()
@click.argument("who")
@json_option
@run_dir_option
def account(*, who: str, json_flag: bool, run_dir: Path) -> int:
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
