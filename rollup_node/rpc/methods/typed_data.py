"""`public/get_typed_data`: what a wallet is asked to sign, for programs that pack nothing."""

from typing import Any, Final

import msgspec

from rollup_node.codec.eip712 import QUOTE_NAME
from rollup_node.codec.signature import SIGNATURE_BYTES
from rollup_node.codec.typed_data import login_typed_data, quote_typed_data, typed_data
from rollup_node.rpc.errors import invalid_params
from rollup_node.rpc.session import Session
from rollup_node.rpc.signed import KINDS, QUOTE
from rollup_node.rpc.table import Count
from rollup_node.rpc.trading_table import TRADING, Account, at_fault

_UNSIGNED: Final = {"signature": "0x" + "00" * SIGNATURE_BYTES}
"""In place of the signature of a quote, which does not matter for what is signed."""


class _Login(msgspec.Struct, forbid_unknown_fields=True):
    account: Account
    key: int
    timeMs: Count  # noqa: N815 - as it is signed


@TRADING.add("public/get_typed_data")
def get_typed_data(session: Session, type: str, message: dict[str, Any]) -> dict[str, Any]:
    """Return the EIP-712 document of a struct, such as `Order` or `Login`, to be signed."""
    backend = session.desk.backend
    bridge = bytes.fromhex(backend.rollup_config()["contracts"]["bridge"].removeprefix("0x"))
    try:
        if type == "Login":
            login = msgspec.convert(message, _Login)
            fields = (login.account, login.key, login.timeMs)
            return login_typed_data(backend.chain_id, bridge, *fields)
        if type == QUOTE_NAME:
            quote = QUOTE.to_transaction(msgspec.convert({**message, **_UNSIGNED}, QUOTE.fields))
            return quote_typed_data(backend.chain_id, bridge, quote)
        kind = KINDS.get(type)
        if kind is None:
            known = ", ".join(KINDS)
            raise invalid_params(f"type is Login, {QUOTE_NAME} or one of {known}", "type")
        transaction = kind.to_transaction(msgspec.convert(message, kind.fields))
    except msgspec.ValidationError as error:
        raise at_fault(error, "message") from None
    return typed_data(backend.chain_id, bridge, transaction)
