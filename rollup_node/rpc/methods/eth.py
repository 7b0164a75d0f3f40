"""`eth_*`, `net_*`, `web3_*`: enough for wallets to add the network and for cast to read it."""

from typing import Any, Final

import msgspec

from rollup_node.rpc.backend import Backend, BlockView, RecordView
from rollup_node.rpc.errors import invalid_params
from rollup_node.rpc.table import TABLE, Address, BlockTag, Data, Hash

_ZERO_HASH: Final = "0x" + "00" * 32
_ZERO_ADDRESS: Final = "0x" + "00" * 20
_BLOOM: Final = "0x" + "00" * 256
_EMPTY_UNCLES: Final = "0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347"
_GAS_LIMIT: Final = hex(30_000_000)
_ETH: Final = 1
_WORD: Final = 32


class Call(msgspec.Struct, frozen=True):
    """The object of `eth_call`; members that a rollup without a virtual machine ignores are."""

    to: Address | None = None
    data: Data | None = None
    input: Data | None = None


def resolve_block(backend: Backend, tag: str) -> int:
    """Return the number that a block tag means; every tag but `earliest` means the newest."""
    if tag == "earliest":
        return 0
    return int(tag, 16) if tag.startswith("0x") else backend.block_number()


@TABLE.add("eth_chainId")
async def chain_id(backend: Backend) -> str:
    """Return the L2 chain id."""
    return hex(backend.chain_id)


@TABLE.add("net_version")
async def net_version(backend: Backend) -> str:
    """Return the L2 chain id in decimal."""
    return str(backend.chain_id)


@TABLE.add("web3_clientVersion")
async def client_version(backend: Backend) -> str:  # noqa: ARG001 - signature of all handlers
    """Return name and version of the node."""
    return "strikenet/v0.1.0/python"


@TABLE.add("eth_syncing")
async def syncing(backend: Backend) -> bool:
    """Return whether the node is still catching up."""
    return not backend.is_ready()


@TABLE.add("eth_accounts")
async def accounts(backend: Backend) -> list[str]:  # noqa: ARG001 - signature of all handlers
    """Return no accounts: the node holds no keys of users."""
    return []


@TABLE.add("eth_gasPrice")
async def gas_price(backend: Backend) -> str:  # noqa: ARG001 - signature of all handlers
    """Return zero: L2 transactions pay no gas."""
    return "0x0"


@TABLE.add("eth_maxPriorityFeePerGas")
async def priority_fee(backend: Backend) -> str:  # noqa: ARG001 - signature of all handlers
    """Return zero."""
    return "0x0"


@TABLE.add("eth_estimateGas")
async def estimate_gas(backend: Backend, call: Call, block: BlockTag = "latest") -> str:  # noqa: ARG001 - signature of all handlers
    """Return zero: L2 transactions use no gas."""
    return "0x0"


@TABLE.add("eth_getCode")
async def get_code(backend: Backend, address: Address, block: BlockTag = "latest") -> str:  # noqa: ARG001 - tokens have one view only
    """Return a byte of code for token addresses, none elsewhere."""
    wanted = bytes.fromhex(address[2:])
    return (
        "0xfe" if any(asset.token == wanted and any(wanted) for asset in backend.assets) else "0x"
    )


@TABLE.add("eth_blockNumber")
async def block_number(backend: Backend) -> str:
    """Return the number of the newest finished block."""
    return hex(backend.block_number())


@TABLE.add("eth_getBlockByNumber")
async def get_block_by_number(
    backend: Backend,
    block: BlockTag,
    full: bool = False,
) -> dict[str, Any] | None:
    """Return a block, with whole transactions if asked."""
    view = backend.block(resolve_block(backend, block))
    return None if view is None else _format_block(backend, view, full=full)


@TABLE.add("eth_getBlockByHash")
async def get_block_by_hash(
    backend: Backend,
    hash: Hash,
    full: bool = False,
) -> dict[str, Any] | None:
    """Return a block, with whole transactions if asked."""
    view = backend.block_by_hash(bytes.fromhex(hash[2:]))
    return None if view is None else _format_block(backend, view, full=full)


@TABLE.add("eth_getBalance")
async def get_balance(backend: Backend, address: Address, block: BlockTag = "latest") -> str:  # noqa: ARG001 - newest state only
    """Return the ETH of all accounts of an owner, in wei."""
    return hex(_balance(backend, address, _ETH))


@TABLE.add("eth_getTransactionCount")
async def get_transaction_count(
    backend: Backend,
    address: Address,
    block: BlockTag = "latest",  # noqa: ARG001 - newest state only
) -> str:
    """Return the highest nonce used by the accounts of an owner (docs/spec.md S-6)."""
    owned = [backend.account(number) for number in backend.accounts_of(bytes.fromhex(address[2:]))]
    return hex(max((view.nonce_high for view in owned if view is not None), default=0))


@TABLE.add("eth_getTransactionReceipt")
async def get_receipt(backend: Backend, hash: Hash) -> dict[str, Any] | None:
    """Return the receipt of a record in a finished block; status 1 means reason OK."""
    view = backend.record(bytes.fromhex(hash[2:]))
    block = None if view is None else backend.block(view.block_number)
    if view is None or block is None:
        return None
    return {
        "transactionHash": hash,
        "transactionIndex": hex(view.place),
        "blockHash": "0x" + block.hash.hex(),
        "blockNumber": hex(block.number),
        "from": _sender(view),
        "to": _ZERO_ADDRESS,
        "status": "0x1" if view.reason == 0 else "0x0",
        "gasUsed": "0x0",
        "cumulativeGasUsed": "0x0",
        "effectiveGasPrice": "0x0",
        "contractAddress": None,
        "logs": [],
        "logsBloom": _BLOOM,
        "type": "0x0",
    }


@TABLE.add("eth_getTransactionByHash")
async def get_transaction(backend: Backend, hash: Hash) -> dict[str, Any] | None:
    """Return a record in the shape of a transaction; `input` is its body."""
    view = backend.record(bytes.fromhex(hash[2:]))
    return None if view is None else _format_transaction(backend, view)


@TABLE.add("eth_call")
async def call(backend: Backend, call: Call, block: BlockTag = "latest") -> str:  # noqa: ARG001 - newest state only
    """Answer the views of tokens: balanceOf, decimals, symbol, name, totalSupply is not kept."""
    data = bytes.fromhex((call.input or call.data or "0x")[2:])
    wanted = bytes.fromhex((call.to or "0x")[2:])
    asset = next((a for a in backend.assets if a.token == wanted), None)
    if asset is None:
        return "0x"
    selector = data[:4].hex()
    if selector == "70a08231" and len(data) == 4 + _WORD:
        amount = _balance(backend, "0x" + data[16:36].hex(), asset.asset)
        return "0x" + amount.to_bytes(_WORD, "big").hex()
    if selector == "313ce567":
        return "0x" + asset.decimals.to_bytes(_WORD, "big").hex()
    if selector in {"95d89b41", "06fdde03"}:
        text = asset.symbol.encode()
        padded = text.ljust((len(text) + _WORD - 1) // _WORD * _WORD, b"\0")
        head = _WORD.to_bytes(_WORD, "big") + len(text).to_bytes(_WORD, "big")
        return "0x" + (head + padded).hex()
    raise invalid_params(f"only token views can be called, not selector 0x{selector}", "call.data")


def _balance(backend: Backend, address: str, asset: int) -> int:
    owned = backend.accounts_of(bytes.fromhex(address[2:]))
    views = [backend.account(number) for number in owned]
    return sum(view.balances[asset] for view in views if view is not None)


def _sender(view: RecordView) -> str:
    return "0x" + view.sender.hex() if view.sender else _ZERO_ADDRESS


def _format_transaction(backend: Backend, view: RecordView) -> dict[str, Any]:
    block = backend.block(view.block_number)
    return {
        "hash": "0x" + view.record_hash.hex(),
        "blockHash": None if block is None else "0x" + block.hash.hex(),
        "blockNumber": None if block is None else hex(block.number),
        "transactionIndex": None if block is None else hex(view.place),
        "from": _sender(view),
        "to": _ZERO_ADDRESS,
        "value": "0x0",
        "gas": "0x0",
        "gasPrice": "0x0",
        "nonce": hex(max(view.sequence or 0, 0)),
        "input": "0x" + view.body.hex(),
        "type": "0x0",
        "chainId": hex(backend.chain_id),
        "v": "0x0",
        "r": "0x0",
        "s": "0x0",
    }


def _format_block(backend: Backend, view: BlockView, *, full: bool) -> dict[str, Any]:
    records = [backend.record(record) for record in view.records] if full else []
    hashes = ["0x" + record.hex() for record in view.records]
    return {
        "number": hex(view.number),
        "hash": "0x" + view.hash.hex(),
        "parentHash": "0x" + view.parent_hash.hex(),
        "stateRoot": "0x" + view.state_root.hex(),
        "transactionsRoot": "0x" + view.transactions_root.hex(),
        "receiptsRoot": _ZERO_HASH,
        "timestamp": hex(view.time_ms // 1_000),
        "timestampMs": hex(view.time_ms),
        "transactions": [_format_transaction(backend, r) for r in records if r] if full else hashes,
        "miner": _ZERO_ADDRESS,
        "gasLimit": _GAS_LIMIT,
        "gasUsed": "0x0",
        "baseFeePerGas": "0x0",
        "difficulty": "0x0",
        "totalDifficulty": "0x0",
        "extraData": "0x",
        "logsBloom": _BLOOM,
        "mixHash": _ZERO_HASH,
        "nonce": "0x0000000000000000",
        "sha3Uncles": _EMPTY_UNCLES,
        "size": hex(sum(map(len, view.records))),
        "uncles": [],
    }
