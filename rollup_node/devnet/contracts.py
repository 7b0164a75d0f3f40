"""Calls and transactions on L1 for the stage, from accounts that anvil has unlocked."""
# ruff: noqa: ANN401 - ABI values have any type

import functools
from collections.abc import Mapping, Sequence
from typing import Any, Final

import sha3
from eth_abi.abi import decode, encode

from rollup_node.devnet.failure import RevertedError
from rollup_node.devnet.jsonrpc import JsonRpc, RpcError
from rollup_node.devnet.keys import checksum
from rollup_node.l1.compiler import artifact_names, load_artifact

TX_GAS_CAP: Final = 16_777_216
"""EIP-7825."""
_SELECTOR_TEXT: Final = 10


class Contract:
    """One deployed contract: `call` reads, `send` writes and waits for the receipt."""

    def __init__(self, l1: JsonRpc, name: str, address: bytes) -> None:
        self.l1 = l1
        self.name = name
        self.address = address

    def call(self, function: str, *arguments: Any, block: str = "latest") -> Any:
        """Read a view function; a single result comes bare, several as a tuple.

        Raises
        ------
        RevertedError
            If the call reverts; it carries the name of the custom error.
        """
        entry = _entry(self.name, function)
        request = {"to": checksum(self.address), "data": _encode(entry, arguments)}
        try:
            answer = self.l1.call("eth_call", request, block)
        except RpcError as error:
            raise _explain(error, f"{self.name}.{function}") from error
        values = decode([_type(item) for item in entry["outputs"]], bytes.fromhex(answer[2:]))
        named = tuple(
            _name_fields(item, value) for item, value in zip(entry["outputs"], values, strict=True)
        )
        return named[0] if len(named) == 1 else named

    def send(self, sender: bytes, function: str, *arguments: Any, value: int = 0) -> dict[str, Any]:
        """Send a transaction from an account of the devnet and return its receipt.

        Raises
        ------
        RevertedError
            If it would revert or did; it carries the name of the custom error.
        """
        entry = _entry(self.name, function)
        return send_transaction(
            self.l1,
            sender,
            self.address,
            _encode(entry, arguments),
            value,
            what=f"{self.name}.{function}",
        )

    def events(self, receipt: Mapping[str, Any], event: str) -> list[dict[str, Any]]:
        """Return the decoded events of one name that this contract wrote in a transaction."""
        return [
            decoded
            for log in receipt["logs"]
            if bytes.fromhex(log["address"][2:]) == self.address
            and (decoded := decode_event(self.name, event, log)) is not None
        ]

    def all_events(self, event: str) -> list[dict[str, Any]]:
        """Return all events of one name since genesis, decoded, with `block_number` and `hash`."""
        entry = _entry(self.name, event, "event")
        query = {
            "address": checksum(self.address),
            "fromBlock": "0x0",
            "toBlock": "latest",
            "topics": [f"0x{_selector(entry).hex()}"],
        }
        found = []
        for log in self.l1.call("eth_getLogs", query):
            decoded = decode_event(self.name, event, log) or {}
            decoded["block_number"] = int(log["blockNumber"], 16)
            decoded["hash"] = log["transactionHash"]
            found.append(decoded)
        return found


def send_transaction(
    l1: JsonRpc, sender: bytes, to: bytes | None, data: str, value: int = 0, *, what: str
) -> dict[str, Any]:
    """Send a transaction from an unlocked account, wait for it, and return the receipt.

    Raises
    ------
    RevertedError
        If it would revert or did; it carries the name of the custom error.
    """
    request = {"from": checksum(sender), "data": data, "value": hex(value)}
    if to is not None:
        request["to"] = checksum(to)
    try:
        gas = int(l1.call("eth_estimateGas", request), 16)
        request["gas"] = hex(min(gas + gas // 4, TX_GAS_CAP))
        receipt: dict[str, Any] = l1.call("eth_sendTransactionSync", request)
    except RpcError as error:
        raise _explain(error, what) from error
    if receipt["status"] != "0x1":
        raise RevertedError(f"{what} reverted on L1: {receipt['transactionHash']}", "REVERTED")
    return receipt


def creation_code(name: str, *arguments: Any) -> str:
    """Return the creation code of a contract with its encoded constructor arguments, as hex."""
    artifact = load_artifact(name)
    inputs: list[dict[str, Any]] = next(
        (entry["inputs"] for entry in artifact.abi if entry["type"] == "constructor"), []
    )
    return artifact.bytecode + encode([_type(item) for item in inputs], arguments).hex()


def decode_event(name: str, event: str, log: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the fields of an event by name; `None` if the log is another event."""
    entry = _entry(name, event, "event")
    if log["topics"][0] != f"0x{_selector(entry).hex()}":
        return None
    indexed = [item for item in entry["inputs"] if item["indexed"]]
    plain = [item for item in entry["inputs"] if not item["indexed"]]
    fields = {
        item["name"]: decode([_type(item)], bytes.fromhex(topic[2:]))[0]
        for item, topic in zip(indexed, log["topics"][1:], strict=True)
    }
    values = decode([_type(item) for item in plain], bytes.fromhex(log["data"][2:]))
    named = zip(plain, values, strict=True)
    return fields | {item["name"]: _name_fields(item, value) for item, value in named}


@functools.cache
def _entry(name: str, function: str, kind: str = "function") -> dict[str, Any]:
    return next(
        entry
        for entry in load_artifact(name).abi
        if entry["type"] == kind and entry["name"] == function
    )


def _encode(entry: Mapping[str, Any], arguments: Sequence[Any]) -> str:
    types = [_type(item) for item in entry["inputs"]]
    return "0x" + (_selector(entry)[:4] + encode(types, arguments)).hex()


def _selector(entry: Mapping[str, Any]) -> bytes:
    signature = f"{entry['name']}({','.join(_type(item) for item in entry['inputs'])})"
    return bytes(sha3.keccak_256(signature.encode()).digest())


def _type(item: Mapping[str, Any]) -> str:
    kind: str = item["type"]
    if not kind.startswith("tuple"):
        return kind
    return f"({','.join(_type(part) for part in item['components'])}){kind.removeprefix('tuple')}"


def _name_fields(item: Mapping[str, Any], value: Any) -> Any:
    """Turn a decoded struct into a dictionary by field name."""
    if item["type"] != "tuple":
        return value
    parts = zip(item["components"], value, strict=True)
    return {part["name"]: _name_fields(part, inner) for part, inner in parts}


def _explain(error: RpcError, what: str) -> Exception:
    """Turn revert data into the name of the custom error and its operands."""
    if not isinstance(error.data, str) or len(error.data) < _SELECTOR_TEXT:
        return error
    signature = _errors().get(error.data[:_SELECTOR_TEXT])
    if signature is None:
        return RevertedError(
            f"{what} reverted on L1: {error.data[:_SELECTOR_TEXT]}", error.data[:_SELECTOR_TEXT]
        )
    name, _, types = signature.rstrip(")").partition("(")
    values = decode(types.split(",") if types else [], bytes.fromhex(error.data[_SELECTOR_TEXT:]))
    operands = ", ".join(_show(value) for value in values)
    return RevertedError(f"{what} reverted on L1: {name}({operands})", name)


@functools.cache
def _errors() -> dict[str, str]:
    return {
        selector: signature
        for name in artifact_names()
        for selector, signature in load_artifact(name).errors.items()
    }


def _show(value: Any) -> str:
    return f"0x{value.hex()}" if isinstance(value, bytes) else str(value)
