"""What a dispute cost: gas by actor and action, bonds, tariffs, net, time; and that sums hold."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from rollup_node.l1.client import JsonRpcClient, RpcError
from rollup_node.l1.reader import RpcReader, classify_error, to_int
from rollup_node.l1.sender import RpcSender, read_receipt
from rollup_node.l1.transactions import Fees, Unsigned, sign_transaction
from rollup_node.ports import L1Receipt, TransactionReverted

REFUSAL_GAS: Final = 1_000_000
"""Gas limit of a move that its maker does not simulate first."""

HEAVY_GAS: Final = 15_000_000
"""Gas limit of a move that may re-execute a segment."""
CHECK_GAS: Final = 1 << 24
OUT_OF_GAS: Final = "OutOfGas"
_WORD: Final = 32
_PRIORITY_WEI: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Move:
    """One transaction that L1 took, or refused with `error`."""

    actor: str
    action: str
    gas: int
    cost_wei: int
    data_bytes: int
    block: int
    error: str = ""
    call: "L1Call | None" = None


@dataclass(frozen=True, slots=True)
class L1Call:
    """What a transaction calls."""

    contract: str
    function: str
    arguments: tuple[object, ...]
    value_wei: int = 0


@dataclass
class Journal:
    """Every transaction of a run in order."""

    moves: list[Move] = field(default_factory=list)

    def clear(self) -> None:
        """Forget all."""
        self.moves.clear()

    def of(self, actors: Sequence[str]) -> list[Move]:
        """Return the moves of some actors."""
        return [move for move in self.moves if move.actor in actors]

    def errors(self, actors: Sequence[str]) -> list[str]:
        """Return the names of the errors that L1 answered them with, each once, in order."""
        return list(dict.fromkeys(move.error for move in self.of(actors) if move.error))

    def gas_table(self) -> dict[str, dict[str, dict[str, int]]]:
        """Return count, gas and bytes by actor and action; refused moves have their own row."""
        table: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
        for move in self.moves:
            action = f"{move.action} refused: {move.error}" if move.error else move.action
            row = table[move.actor][action]
            row["count"] += 1
            row["gas"] += move.gas
            row["bytes"] += move.data_bytes
        return {
            actor: {action: dict(row) for action, row in rows.items()}
            for actor, rows in table.items()
        }


class LedgerSender:
    """An `L1Sender` that writes down what each call cost.

    Parameters
    ----------
    pays_refusals
        Whether a call that would revert is sent all the same, once, so that it costs its gas: an
        attacker who tries is an attacker who pays.
    """

    def __init__(
        self,
        l1: RpcSender,
        client: JsonRpcClient,
        reader: RpcReader,
        journal: Journal,
        actor: str,
        key: bytes,
        *,
        pays_refusals: bool,
    ) -> None:
        self._l1 = l1
        self._client = client
        self._reader = reader
        self._journal = journal
        self._key = key
        self._pays_refusals = pays_refusals
        self._refused: set[str] = set()
        self.actor = actor

    @property
    def address(self) -> bytes:
        """Return the account that signs."""
        return self._l1.address

    async def send(
        self,
        contract: str,
        function: str,
        *arguments: object,
        value_wei: int = 0,
        blobs: Sequence[bytes] = (),
    ) -> L1Receipt:
        """Send a call and wait for its receipt; see `L1Sender.send`."""
        try:
            receipt = await self._l1.send(
                contract, function, *arguments, value_wei=value_wei, blobs=blobs
            )
        except TransactionReverted:
            call = L1Call(contract, function, arguments, value_wei)
            if self._pays_refusals and repr(call) not in self._refused:
                self._refused.add(repr(call))
                await self.send_blind(contract, function, *arguments, value_wei=value_wei)
            raise
        self._note(L1Call(contract, function, arguments, value_wei), receipt)
        return receipt

    async def send_blind(
        self,
        contract: str,
        function: str,
        *arguments: object,
        value_wei: int = 0,
        gas: int = REFUSAL_GAS,
    ) -> Move:
        """Send a call without trying it first and return what became of it, refused or not."""
        call = L1Call(contract, function, arguments, value_wei)
        return (await self.send_raw(call, gas))[0]

    async def send_raw(
        self, call: L1Call, gas: int, through: bytes | None = None
    ) -> tuple[Move, L1Receipt]:
        """Send a call with a gas limit, straight or through a contract, refused or not."""
        handle = self._reader.handle(call.contract)
        to, data = handle.address, handle.encode_call(call.function, *call.arguments)
        if through is not None:
            data = to.rjust(_WORD, b"\0") + call.value_wei.to_bytes(_WORD, "big") + data
            to = through
        who = "0x" + self.address.hex()
        nonce = to_int(await self._client.call("eth_getTransactionCount", who, "pending"))
        block = await self._client.call("eth_getBlockByNumber", "latest", *(False,))
        fees = Fees(2 * to_int(block["baseFeePerGas"]) + _PRIORITY_WEI, _PRIORITY_WEI)
        chain_id = await self._reader.chain_id()
        unsigned = Unsigned(chain_id, nonce, to, call.value_wei, data, gas, fees)
        signed = sign_transaction(unsigned, self._key)
        raw = await self._client.call("eth_sendRawTransactionSync", "0x" + signed.raw.hex())
        error = ""
        if to_int(raw["status"]) == 0:
            request = _request(self.address, to, data, call.value_wei, gas)
            error = await self._why(call.function, request, raw)
        receipt = read_receipt(raw)
        return self._note(call, receipt, error), receipt

    async def check(self, call: L1Call) -> None:
        """Do nothing if a call would be taken now.

        Raises
        ------
        TransactionReverted
            If it would not.
        """
        handle = self._reader.handle(call.contract)
        data = handle.encode_call(call.function, *call.arguments)
        request = _request(self.address, handle.address, data, call.value_wei, CHECK_GAS)
        try:
            await self._client.call("eth_call", request, "latest")
        except RpcError as error:
            raise classify_error(call.function, error) from error

    async def _why(self, what: str, request: dict[str, str], raw: dict[str, str]) -> str:
        """Return the name of the error of a refused transaction, by calling it again."""
        try:
            await self._client.call("eth_call", request, hex(to_int(raw["blockNumber"]) - 1))
        except RpcError as error:
            found = classify_error(what, error)
            return found.name if isinstance(found, TransactionReverted) else OUT_OF_GAS
        return OUT_OF_GAS

    def _note(self, call: L1Call, receipt: L1Receipt, error: str = "") -> Move:
        handle = self._reader.handle(call.contract)
        move = Move(
            self.actor,
            call.function,
            receipt.gas_used,
            receipt.cost_wei,
            len(handle.encode_call(call.function, *call.arguments)),
            receipt.block_number,
            error,
            call,
        )
        self._journal.moves.append(move)
        return move


def _request(sender: bytes, to: bytes, data: bytes, value_wei: int, gas: int) -> dict[str, str]:
    return {
        "from": "0x" + sender.hex(),
        "to": "0x" + to.hex(),
        "data": "0x" + data.hex(),
        "value": hex(value_wei),
        "gas": hex(gas),
    }
