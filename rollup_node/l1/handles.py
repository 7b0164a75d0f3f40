"""Our contracts as bytes: calls, results, events and errors by the ABI of their artifacts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError, EncodingError

from rollup_node.l1.shipped import artifact_names, load_artifact
from rollup_node.ports import InputError, TransactionReverted
from rollup_node.proof.hashing import keccak

ARTIFACTS: Final[Mapping[str, str]] = {
    "inbox": "Inbox",
    "governor": "Governor",
    "bridge": "Bridge",
    "assertion_chain": "AssertionChain",
    "step_verifier": "StepVerifier",
    "blob_importer": "BlobImporter",
    "stake_pool": "StakePool",
    "challenge_game": "ChallengeGame",
    "exit_mode": "ExitMode",
    "weth": "WrappedEther",
    "covered_call_strategy": "VaultStrategy",
    "covered_call_share": "VaultShare",
    "covered_call_vault": "OptionVault",
    "cash_secured_put_strategy": "VaultStrategy",
    "cash_secured_put_share": "VaultShare",
    "cash_secured_put_vault": "OptionVault",
}
"""Artifact of each contract of rollup.json."""

_SELECTOR_BYTES: Final = 4
_BUILT_IN_ERRORS: Final[Mapping[bytes, tuple[str, list[str]]]] = {
    bytes.fromhex("08c379a0"): ("Error", ["string"]),
    bytes.fromhex("4e487b71"): ("Panic", ["uint256"]),
}


@dataclass(frozen=True, slots=True)
class Event:
    """A decoded log; bytes and addresses as bytes."""

    name: str
    arguments: Mapping[str, Any]


class Handle:
    """One deployed contract: its address and how its calls, results, events and errors look."""

    def __init__(self, artifact: str, address: bytes) -> None:
        self.name = artifact
        self.address = address
        abi: Sequence[Mapping[str, Any]] = load_artifact(artifact).abi
        self._functions = {entry["name"]: entry for entry in abi if entry["type"] == "function"}
        events = [entry for entry in abi if entry["type"] == "event"]
        self._events = {_topic(entry): entry for entry in events}

    def encode_call(self, function: str, *arguments: object) -> bytes:
        """Return the input of a call.

        Raises
        ------
        InputError
            If there is no such function or an argument does not fit.
        """
        entry = self._functions.get(function)
        if entry is None:
            raise InputError(f"{self.name} has no function {function}")
        types = [_type(item) for item in entry["inputs"]]
        try:
            encoded = encode(types, arguments)
        except (EncodingError, TypeError, ValueError) as error:
            raise InputError(f"{self.name}.{function}: {error}") from error
        return _topic(entry)[:_SELECTOR_BYTES] + bytes(encoded)

    def decode_call(self, function: str, data: bytes) -> tuple[Any, ...] | None:
        """Return the arguments of a call of that function, `None` if it is another one."""
        entry = self._functions[function]
        if data[:_SELECTOR_BYTES] != _topic(entry)[:_SELECTOR_BYTES]:
            return None
        try:
            return _decode(entry["inputs"], data[_SELECTOR_BYTES:])
        except DecodingError:
            return None

    def decode_result(self, function: str, data: bytes) -> tuple[Any, ...]:
        """Return what a function answered, one element per output.

        Raises
        ------
        InputError
            If the bytes are no answer of it, for example because no contract is there.
        """
        try:
            return _decode(self._functions[function]["outputs"], data)
        except DecodingError as error:
            where = "0x" + self.address.hex()
            raise InputError(f"{self.name}.{function} at {where}: bad answer: {error}") from error

    def decode_event(self, topics: Sequence[bytes], data: bytes) -> Event | None:
        """Return the event of a log, `None` if the contract does not have it."""
        entry = self._events.get(topics[0]) if topics else None
        if entry is None:
            return None
        plain = [item for item in entry["inputs"] if not item["indexed"]]
        indexed = [item for item in entry["inputs"] if item["indexed"]]
        values = dict(
            zip([item["name"] for item in plain], _decode(plain, data), strict=True),
        )
        for item, topic in zip(indexed, topics[1:], strict=True):
            values[item["name"]] = _decode([item], topic)[0]
        return Event(entry["name"], values)

    def event_topic(self, name: str) -> bytes:
        """Return the first topic of an event."""
        return next(topic for topic, entry in self._events.items() if entry["name"] == name)


def contract_handles(addresses: Mapping[str, bytes]) -> dict[str, Handle]:
    """Return a handle for each contract whose artifact is known, by its name in rollup.json."""
    return {
        name: Handle(artifact, addresses[name])
        for name, artifact in ARTIFACTS.items()
        if name in addresses
    }


def explain_revert(what: str, data: bytes) -> TransactionReverted:
    """Return the error for revert data: name and operands if any of our contracts has it."""
    selector, body = data[:_SELECTOR_BYTES], data[_SELECTOR_BYTES:]
    if not data:
        return TransactionReverted(what, "without a reason")
    if selector in _BUILT_IN_ERRORS:
        name, types = _BUILT_IN_ERRORS[selector]
        return TransactionReverted(what, name, _decode([{"type": kind} for kind in types], body))
    entry = _errors().get(selector)
    if entry is None:
        return TransactionReverted(what, "0x" + data.hex())
    try:
        return TransactionReverted(what, entry["name"], _decode(entry["inputs"], body))
    except DecodingError:
        return TransactionReverted(what, entry["name"], (body,))


@cache
def _errors() -> dict[bytes, Mapping[str, Any]]:
    """Return the custom errors of all our contracts by selector."""
    found: dict[bytes, Mapping[str, Any]] = {}
    for artifact in artifact_names():
        for entry in load_artifact(artifact).abi:
            if entry["type"] == "error":
                found[_topic(entry)[:_SELECTOR_BYTES]] = entry
    return found


def _topic(entry: Mapping[str, Any]) -> bytes:
    types = ",".join(_type(item) for item in entry["inputs"])
    return keccak(f"{entry['name']}({types})".encode())


def _type(item: Mapping[str, Any]) -> str:
    kind = str(item["type"])
    if not kind.startswith("tuple"):
        return kind
    inner = ",".join(_type(component) for component in item["components"])
    return f"({inner}){kind.removeprefix('tuple')}"


def _decode(items: Sequence[Mapping[str, Any]], data: bytes) -> tuple[Any, ...]:
    values = decode([_type(item) for item in items], data)
    return tuple(_plain(item, value) for item, value in zip(items, values, strict=True))


def _plain(item: Mapping[str, Any], value: Any) -> Any:  # noqa: ANN401 - ABI values
    """Return an ABI value with addresses as bytes."""
    kind = str(item["type"])
    if kind.endswith("]"):
        inner = {**item, "type": kind[: kind.rindex("[")]}
        return tuple(_plain(inner, element) for element in value)
    if kind == "tuple":
        pairs = zip(item["components"], value, strict=True)
        return tuple(_plain(component, element) for component, element in pairs)
    return bytes.fromhex(value[2:]) if kind == "address" else value
