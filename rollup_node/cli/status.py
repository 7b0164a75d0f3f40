"""`strikenet status`: nodes, heads, inbox and assertions of the running devnet."""

import json
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from rollup_node.cli.options import json_option, run_dir_option
from rollup_node.cli.output import ExitCode, emit

if TYPE_CHECKING:
    from rollup_node.devnet.session import Session

_HEADS: Final = {"unsafe_l2": "unsafe", "safe_l2": "safe", "finalized_l2": "finalized"}
_REPORTS: Final = {"signed": "signed", "refused": "refused", "posted": "on L1"}


@click.command()
@json_option
@run_dir_option
def status(*, json_flag: bool, run_dir: Path) -> int:
    """Show nodes and oracle, heads, inbox and assertions.

    Exit code 0: all are ready; 5: one is not, or no devnet is running.
    """
    from rollup_node.devnet.rundir import RunDir
    from rollup_node.devnet.session import Session

    session = Session(RunDir(run_dir))
    nodes = [look(session, node) for node in session.state["nodes"]]
    known = session.state["oracle"]
    oracle = look_at_oracle(known) if known else None
    data = {
        "profile": session.state["profile"],
        "law": session.state["law"],
        "l1": {
            "url": session.l1.url,
            "block": int(session.l1.call("eth_blockNumber"), 16),
            "time": session.l1_time(),
        },
        "nodes": nodes,
        "oracle": oracle,
        "inbox": {
            "items": session.inbox.call("count"),
            "delayed_messages": session.inbox.call("delayedCount"),
            "consumed": session.inbox.call("consumed"),
            "fast_messages": session.inbox.call("fastCount"),
            "fast_consumed": session.inbox.call("fastConsumed"),
        },
        "assertions": assertions(session),
    }
    emit(json_flag, data, render(data))
    is_ready = all(part["ready"] for part in (*nodes, *([oracle] if oracle else [])))
    return ExitCode.OK if is_ready else ExitCode.NOT_READY


def look(session: "Session", node: dict[str, Any]) -> dict[str, Any]:
    """Ask one node how it is; a node that does not answer is not ready."""
    from rollup_node.ports import RollupError

    client = session.nodes[node["name"]]
    view = {"name": node["name"], "url": node["url"], "pid": node["pid"], "ready": False}
    try:
        http_status, _ = client.request("GET", "/readyz")
        sync = client.call("optimism_syncStatus")
    except RollupError as error:
        return {**view, "problem": problem(node, error)}
    heads = {key: sync[key]["number"] for key in _HEADS}
    posting = {key: sync[key] for key in ("batch_poster",) if key in sync}
    return {**view, "ready": http_status == HTTPStatus.OK, **heads, **posting}


def look_at_oracle(oracle: dict[str, Any]) -> dict[str, Any]:
    """Ask the oracle how it is; one that the exchange does not answer is not ready."""
    from rollup_node.devnet.jsonrpc import JsonRpc
    from rollup_node.ports import RollupError

    client = JsonRpc(oracle["url"])
    view = {"name": "oracle", "url": oracle["url"], "pid": oracle["pid"], "ready": False}
    try:
        http_status, _ = client.request("GET", "/readyz")
        _, body = client.request("GET", "/status")
    except RollupError as error:
        return {**view, "problem": problem(oracle, error)}
    counted = json.loads(body)["oracle"]
    reports = {key: counted[key] for key in _REPORTS}
    return {**view, "ready": http_status == HTTPStatus.OK, **reports}


def problem(process: dict[str, Any], error: Exception) -> str:
    """Say why a process does not answer."""
    code = process["exit_code"]
    return str(error) if code is None else f"ended with code {code}"


def assertions(session: "Session") -> dict[str, Any]:
    """Return how many assertions there are and how far the newest and the confirmed one reach."""
    made = session.chain.all_events("AssertionCreated")
    confirmed = session.chain.call("latestConfirmed")
    newest = made[-1]["id"] if made else confirmed
    until = session.chain.call("confirmableAt", newest)
    return {
        "made": len(made),
        "newest": f"0x{newest.hex()}",
        "newest_item": made[-1]["item"] if made else 0,
        "confirmed": f"0x{confirmed.hex()}",
        "confirmed_item": session.chain.call("assertion", confirmed)["item"],
        "confirmable_in_seconds": max(until - session.l1_time(), 0) if until else None,
    }


def render(data: dict[str, Any]) -> str:
    """Return the status for a person."""
    l1, inbox, claims = data["l1"], data["inbox"], data["assertions"]
    rows = []
    for part in (*data["nodes"], *([data["oracle"]] if data["oracle"] else [])):
        mark = "ready    " if part["ready"] else "NOT READY"
        words = part.get("problem") or render_work(part)
        rows.append(f"{part['name']:<13}{mark}  {part['url']:<24}{words}")
    wait = claims["confirmable_in_seconds"]
    clock = "" if wait is None else f", the newest can be confirmed in {wait:,} s"
    inbox_line = (
        f"{'inbox':<13}{inbox['items']} items, {inbox['delayed_messages']} delayed messages "
        f"({inbox['consumed']} consumed), {inbox['fast_messages']} fast messages "
        f"({inbox['fast_consumed']} consumed)"
    )
    claims_line = (
        f"{'assertions':<13}{claims['made']} made up to item {claims['newest_item']}, "
        f"confirmed up to item {claims['confirmed_item']}{clock}"
    )
    how = f"profile {data['profile']}, {data['law']} law"
    first = f"{'L1':<13}block {l1['block']}  {l1['url']}  {how}"
    return "\n".join([first, *rows, inbox_line, claims_line])


def render_work(part: dict[str, Any]) -> str:
    """Say how far a node or the oracle has come."""
    if part["name"] == "oracle":
        return f"reports: {', '.join(f'{part[key]} {words}' for key, words in _REPORTS.items())}"
    if "batch_poster" in part:
        posting = part["batch_poster"]
        return f"batches: {posting['next_batch']} on L1, {posting['backlog']} waiting"
    return "".join(f"{name} {part[key]:<8}" for key, name in _HEADS.items()).rstrip()
