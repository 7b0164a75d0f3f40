"""What a story does to the market of a running devnet: shocks, and the end of a date."""

import json
from http import HTTPStatus
from typing import Any, Final, NamedTuple

from rollup_node.devnet.actions import WAIT_SECONDS, move_time, warp
from rollup_node.devnet.failure import NotReadyError
from rollup_node.devnet.jsonrpc import Deadline, JsonRpc
from rollup_node.devnet.session import Session
from rollup_node.ports import InputError

HEARD_SECONDS: Final = WAIT_SECONDS
"""A quiet price is reported with each heartbeat of docs/oracle.md, every ten seconds of L1."""
SETTLED_SECONDS: Final = 150
"""The sixty prices of a date are signed late, eight a turn, before anybody can be paid."""
_MS: Final = 1_000


class Shocked(NamedTuple):
    """What the oracle answered: how many shocks, and when the last one is over, unix ms."""

    shocks: int
    over_ms: int


def shock(session: Session, script: str) -> Shocked:
    """Let the shocks of a price script happen, their times counted from now.

    Raises
    ------
    InputError
        If the oracle cannot read it.
    """
    status, body = _oracle(session).request("POST", "/shocks", script)
    answer = json.loads(body)
    if status != HTTPStatus.OK:
        raise InputError(answer["error"])
    return Shocked(answer["shocks"], answer["over_ms"])


def wait_heard(session: Session, after_ms: int) -> dict[str, int]:
    """Wait until the exchange has a later price of every underlying; return these, in micro-USDC.

    Raises
    ------
    NotReadyError
        If it has none in time.
    """
    oracle, said = _oracle(session), {}
    seconds = max(after_ms // _MS - session.l1_time(), 0) + HEARD_SECONDS
    for _ in Deadline(seconds, "the exchange has newer prices"):
        _, body = oracle.request("GET", "/status")
        said = json.loads(body)
        feeds = [feed for name, feed in said["oracle"]["feeds"].items() if name.endswith("/price")]
        if all(feed["time_ms"] > after_ms and not feed["is_waiting"] for feed in feeds):
            break
    found: dict[str, int] = said["prices_usdc"]
    return found


def move_on(session: Session, seconds: int) -> None:
    """Let L1 time jump forward, and wait until prices have followed.

    Raises
    ------
    NotReadyError
        If they do not in time.
    """
    move_time(session, seconds)
    wait_heard(session, session.l1_time() * _MS)


def pass_expiry(session: Session) -> int:
    """Move time past the next date of options; wait until whoever holds any has been paid.

    Returns
    -------
    int
        How many series were held.

    Raises
    ------
    InputError
        If no option is listed.
    NotReadyError
        If settling takes too long.
    """
    listed = _ask(session, "get_instruments?currency=any&kind=option")
    if not listed:
        raise InputError("no option is listed yet")
    first_ms = min(item["expiration_timestamp"] for item in listed)
    names = [i["instrument_name"] for i in listed if i["expiration_timestamp"] == first_ms]
    held = [name for name in names if _interest(session, name)]
    warp(session, first_ms // _MS + 1 - session.l1_time())
    for _ in Deadline(SETTLED_SECONDS, "the keeper settles all positions"):
        if not any(_interest(session, name) for name in held):
            break
    return len(held)


def _interest(session: Session, name: str) -> float:
    """Return what is open of an option; nothing of one that was taken off."""
    ticker = _ask(session, f"ticker?instrument_name={name}")
    return 0 if ticker is None else float(ticker["open_interest"])


def _ask(session: Session, path: str) -> Any:  # noqa: ANN401 - JSON
    """Return what the trading interface answers, `None` if it knows no such thing."""
    _, body = session.sequencer.request("GET", f"/api/v2/public/{path}")
    return json.loads(body).get("result")


def _oracle(session: Session) -> JsonRpc:
    known = session.state["oracle"]
    if known is None:
        raise NotReadyError("this devnet has no oracle")
    return JsonRpc(known["url"])
