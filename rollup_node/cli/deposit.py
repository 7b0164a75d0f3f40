"""`strikenet deposit`: moves ETH or tokens from L1 to an account."""

from typing import Any

import click

from rollup_node.cli.options import json_option, run_dir_option
from rollup_node.cli.output import CliError, ExitCode, emit, progress


@click.command()
@click.option("--to", required=True, help="Name, address or account number; opened if needed.")
@click.option("--asset", required=True, help="ETH, USDC or TBTC.")
@click.option("--amount", required=True, help="In whole units, such as 1.5.")
@click.option("--from", "payer", help="Name of the L1 payer [default: the owner, or alice].")
@click.option("--wait", is_flag=True, help="Return when the account is credited on L2.")
@json_option
@run_dir_option
def deposit(**options: Any) -> int:  # noqa: ANN401 - click passes what it parsed
    """Move ETH or tokens from L1 to an account."""
    from rollup_node.devnet import actions
    from rollup_node.devnet.keys import accounts
    from rollup_node.devnet.rundir import RunDir
    from rollup_node.devnet.session import Session

    session = Session(RunDir(options["run_dir"]))
    asset = session.asset(options["asset"])
    amount = asset.parse(options["amount"])
    party = session.party(options["to"], open_it=True)
    payer = actions.payer_of(options["payer"] or (party.name if party.owner else "alice"))
    done = actions.deposit(session, accounts()[payer.name], party, asset, amount)
    data = {
        "account": party.id,
        "asset": asset.symbol,
        "amount": str(amount),
        "payer": payer.name,
        "message": done.index,
        "message_hash": done.hash,
        "transaction": done.transaction,
        "gas": done.gas,
        "reason": None,
    }
    text = f"deposited {asset.show(amount)} of {payer.name} for account {party.id} ({party.name})"
    if options["wait"]:
        progress(f"{text}: on L1 in {done.transaction}")
        data["reason"] = actions.wait_executed(session, done.hash)
        if data["reason"] != "OK":
            raise CliError(
                f"the deposit ended with {data['reason']} on L2; the bridge owes a refund",
                ExitCode.REVERTED,
            )
        text += ", credited on L2"
    emit(options["json_flag"], data, f"{text}  ({done.gas:,} gas)")
    return ExitCode.OK
