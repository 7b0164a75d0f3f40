"""Our contracts as web3 contract objects, for the stage and its commands, from unlocked accounts.

Importing web3 takes half a second or more, so it waits for the first call, and no node comes here:
nodes read and send through `reader`, `sender` and `handles`, at a tenth of web3's time per call.
"""
# ruff: noqa: ANN401 - ABI values have any type

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from rollup_node.l1.client import RpcError
from rollup_node.l1.handles import explain_revert
from rollup_node.l1.sender import MAX_TRANSACTION_GAS
from rollup_node.l1.shipped import load_artifact
from rollup_node.ports import L1Receipt, TemporaryError, TransactionReverted

if TYPE_CHECKING:
    from requests import Session
    from web3 import Web3
    from web3.contract.contract import ContractConstructor, ContractEvent, ContractFunction
    from web3.types import TxReceipt

_DEADLINE_SECONDS: Final = 30.0
_POLL_SECONDS: Final = 0.02


class ContractClient:
    """The L1 at one address, for calls that may take their time.

    Every call raises `TransactionReverted` with the name of the custom error if it reverts,
    `TemporaryError` if L1 does not answer, and `RpcError` if it answers with another error.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._session: Session | None = None

    @cached_property
    def web3(self) -> "Web3":
        """The connection; the first use imports web3."""
        import requests
        from web3 import HTTPProvider, Web3

        self._session = requests.Session()
        settings = {"timeout": _DEADLINE_SECONDS}
        return Web3(
            HTTPProvider(self.url, settings, self._session, exception_retry_configuration=None)
        )

    def close(self) -> None:
        """Close the connection; a call opens it again."""
        if self._session is not None:
            self._session.close()

    def create(self, artifact: str, sender: bytes, arguments: Mapping[str, Any]) -> L1Receipt:
        """Create a contract with the arguments of its constructor by name."""
        found = load_artifact(artifact)
        factory = self.web3.eth.contract(abi=found.abi, bytecode=found.bytecode)
        what = f"creation of {artifact}"
        with _explained(self.url, what):
            return self._transact(what, factory.constructor(**arguments), sender, 0)

    def _transact(
        self,
        what: str,
        call: "ContractConstructor | ContractFunction",
        sender: bytes,
        value_wei: int,
    ) -> L1Receipt:
        request: Any = {"from": self.web3.to_checksum_address(sender), "value": value_wei}
        gas = call.estimate_gas(request, "pending")  # as in the block that will hold it
        request["gas"] = min(gas + gas // 4, MAX_TRANSACTION_GAS)
        digest = call.transact(request)
        receipt = self.web3.eth.wait_for_transaction_receipt(
            digest, _DEADLINE_SECONDS, _POLL_SECONDS
        )
        if receipt["status"] != 1:
            raise TransactionReverted(f"{what} in 0x{digest.hex()}", "after it was estimated")
        return _receipt(receipt)


class Contract:
    """One deployed contract: `call` reads, `send` writes and waits for the receipt."""

    def __init__(self, client: ContractClient, artifact: str, address: bytes) -> None:
        self.name = artifact
        self.address = address
        self._client = client

    def call(self, function: str, *arguments: Any) -> Any:
        """Read a view function: one result comes bare, several as a tuple, structs by field."""
        bound = self._contract.functions[function]
        with _explained(self._client.url, f"{self.name}.{function}"):
            value = bound(*arguments).call()
        (entry,) = (item for item in self._functions if item["name"] == function)
        outputs = entry["outputs"]
        if len(outputs) == 1:
            return _name_fields(outputs[0], value)
        return tuple(_name_fields(item, part) for item, part in zip(outputs, value, strict=True))

    def send(self, sender: bytes, function: str, *arguments: Any, value: int = 0) -> L1Receipt:
        """Send a transaction with `value` wei from an account that L1 has unlocked."""
        what = f"{self.name}.{function}"
        bound = self._contract.functions[function]
        with _explained(self._client.url, what):
            return self._client._transact(what, bound(*arguments), sender, value)  # noqa: SLF001 - one module

    def events(self, receipt: L1Receipt, event: str) -> list[dict[str, Any]]:
        """Return the decoded events of one name that this contract wrote in a transaction."""
        from web3.logs import DISCARD

        own = [log for log in receipt.logs if bytes.fromhex(log["address"][2:]) == self.address]
        logs: Any = {"logs": own}
        return [dict(found["args"]) for found in self._event(event).process_receipt(logs, DISCARD)]

    def all_events(self, event: str) -> list[dict[str, Any]]:
        """Return all events of one name since genesis, decoded, with `block_number` and `hash`."""
        with _explained(self._client.url, f"events {event} of {self.name}"):
            found = self._event(event).get_logs(from_block=0)
        return [
            {
                **entry["args"],
                "block_number": entry["blockNumber"],
                "hash": f"0x{entry['transactionHash'].hex()}",
            }
            for entry in found
        ]

    @cached_property
    def _functions(self) -> Sequence[Mapping[str, Any]]:
        return [item for item in load_artifact(self.name).abi if item["type"] == "function"]

    @cached_property
    def _contract(self) -> Any:  # its functions and events are made from the ABI
        web3 = self._client.web3
        abi: Any = load_artifact(self.name).abi
        return web3.eth.contract(address=web3.to_checksum_address(self.address), abi=abi)

    def _event(self, name: str) -> "ContractEvent":
        event: ContractEvent = self._contract.events[name]()
        return event


def create_address(sender: bytes, nonce: int) -> bytes:
    """Return the address of the contract that `sender` creates with its transaction `nonce`."""
    from web3.utils.address import get_create_address

    text: Any = f"0x{sender.hex()}"
    count: Any = nonce
    return bytes.fromhex(get_create_address(text, count)[2:])


@contextmanager
def _explained(url: str, what: str) -> Iterator[None]:
    """Turn what web3 raises into our errors."""
    from requests import RequestException
    from web3.exceptions import ContractLogicError, TimeExhausted, Web3RPCError

    try:
        yield
    except ContractLogicError as error:
        data = error.data if isinstance(error.data, str) else ""
        body = bytes.fromhex(data[2:]) if data.startswith("0x") else b""
        raise explain_revert(what, body) from error
    except Web3RPCError as error:
        reply: Any = (error.rpc_response or {}).get("error") or {}
        raise RpcError(what, int(reply.get("code", 0)), str(reply.get("message"))) from error
    except (RequestException, TimeExhausted) as error:
        raise TemporaryError(f"{what}: no answer from {url}: {type(error).__name__}") from error


def _receipt(receipt: "TxReceipt") -> L1Receipt:
    created = receipt["contractAddress"]
    return L1Receipt(
        transaction_hash=bytes(receipt["transactionHash"]),
        block_number=receipt["blockNumber"],
        block_hash=bytes(receipt["blockHash"]),
        gas_used=receipt["gasUsed"],
        gas_price_wei=receipt["effectiveGasPrice"],
        blob_gas_used=0,
        blob_gas_price_wei=0,
        logs=tuple(receipt["logs"]),
        contract_address=None if created is None else bytes.fromhex(created[2:]),
    )


def _name_fields(item: Mapping[str, Any], value: Any) -> Any:
    """Turn a decoded struct into a dictionary by field name."""
    if item["type"] != "tuple":
        return value
    parts = zip(item["components"], value, strict=True)
    return {part["name"]: _name_fields(part, inner) for part, inner in parts}
