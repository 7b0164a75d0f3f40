"""`public/*` and `private/*` about the connection itself: login, channels, heartbeat, the time."""

from typing import Annotated, Any, Literal

import msgspec

from rollup_node import __version__
from rollup_node.rpc.errors import RpcError
from rollup_node.rpc.logins import TOKEN_SECONDS, read_signature
from rollup_node.rpc.session import Session
from rollup_node.rpc.table import Count
from rollup_node.rpc.trading_codes import BAD_REQUEST
from rollup_node.rpc.trading_table import TRADING, Account, SignatureHex

Channels = Annotated[list[str], msgspec.Meta(min_length=1, max_length=500)]
KeyNumber = Annotated[int, msgspec.Meta(ge=0, le=3)]
ShortText = Annotated[str, msgspec.Meta(max_length=100)]


@TRADING.add("public/get_time")
def get_time(session: Session) -> int:
    """Return the node's time in ms."""
    return session.desk.clock.now_ms()


@TRADING.add("public/hello")
def hello(session: Session, client_name: ShortText, client_version: ShortText) -> dict[str, str]:  # noqa: ARG001 - the field asks, nobody keeps it
    """Introduce a client; return the version of the node."""
    return {"version": __version__}


@TRADING.add("public/test")
def answer_test(
    session: Session, expected_result: Literal["exception"] | None = None
) -> dict[str, str]:
    """Return the version of the node; also the answer to a test request."""
    session.answer_test()
    if expected_result is not None:
        raise RpcError(BAD_REQUEST, "an exception was asked for", reason="EXPECTED")
    return {"version": __version__}


@TRADING.add("public/status")
def status(session: Session) -> dict[str, Any]:
    """Tell whether orders are taken: `locked` is `false`, or `true` while the sequencer stands."""
    backend = session.desk.backend
    takes_orders = backend.is_leader() and backend.is_ready()
    return {"locked": "false" if takes_orders else "true", "locked_indices": []}


@TRADING.add("public/auth")
def auth(
    session: Session,
    account: Account,
    timeMs: Count,
    signature: SignatureHex,
    key: KeyNumber = 0,
    grant_type: Literal["signature"] = "signature",
) -> dict[str, Any]:
    """Log in to an account by the EIP-712 message `Login` of docs/spec.md R-5.

    Signed by the owner of the account (`key` 0) or one of its session keys; `timeMs` is at most
    60 s from the node's time. The connection may then read what belongs to the account; over HTTP
    the `access_token` in `Authorization: Bearer` stands for it.
    """
    login = session.desk.logins.login(account, key, timeMs, read_signature(signature))
    session.log_in(login)
    return {
        "access_token": login.token,
        "token_type": "bearer",
        "expires_in": TOKEN_SECONDS,
        "scope": f"account:{account}",
        "account": account,
        "signer": "0x" + login.signer.hex(),
        "grant_type": grant_type,
    }


@TRADING.add("private/logout")
def logout(session: Session) -> str:
    """Forget the login of this connection; its private channels end."""
    session.log_out()
    return "ok"


@TRADING.add("public/set_heartbeat")
def set_heartbeat(session: Session, interval: Count) -> str:
    """Ask for a heartbeat every `interval` seconds; each must be answered with `public/test`."""
    session.need_websocket("public/set_heartbeat")
    least = session.desk.limits.heartbeat_seconds
    if not least <= interval <= 3_600:  # noqa: PLR2004 - an hour
        text = f"interval {interval} s is not from {least} to 3600"
        raise RpcError(BAD_REQUEST, text, reason="INVALID_PARAMS", field="interval")
    session.set_heartbeat(interval * 1_000)
    return "ok"


@TRADING.add("public/disable_heartbeat")
def disable_heartbeat(session: Session) -> str:
    """Ask for heartbeats no more."""
    session.set_heartbeat(0)
    return "ok"


@TRADING.add("public/subscribe")
def subscribe(session: Session, channels: Channels) -> list[str]:
    """Read channels, private ones too once logged in; return their names."""
    session.need_websocket("public/subscribe")
    return session.subscribe(channels)


@TRADING.add("private/subscribe")
def subscribe_private(session: Session, channels: Channels) -> list[str]:
    """Read channels of the account that is logged in, and public ones; return their names."""
    session.need_websocket("private/subscribe")
    session.account  # noqa: B018 - refuses who is not logged in
    return session.subscribe(channels)


@TRADING.add("public/unsubscribe")
def unsubscribe(session: Session, channels: Channels) -> list[str]:
    """Read channels no more; return those that were read."""
    return session.unsubscribe(channels)


@TRADING.add("private/unsubscribe")
def unsubscribe_private(session: Session, channels: Channels) -> list[str]:
    """Read channels no more; return those that were read."""
    return session.unsubscribe(channels)


@TRADING.add("public/unsubscribe_all")
def unsubscribe_all(session: Session) -> str:
    """Read no channel any more."""
    session.unsubscribe()
    return "ok"
