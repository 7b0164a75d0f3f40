"""What a node process is told: its own configuration file and the rollup's description.

Both are JSON files written by the launcher and the deployer; unknown keys are ignored, missing
or ill-typed ones raise `InputError` with the file and the field.
"""

from pathlib import Path
from typing import Final, Literal, TypeVar

import msgspec

from rollup_node.ports import InputError
from rollup_node.rpc.limits import TradingLimits

Role = Literal[
    "sequencer", "batch_poster", "proposer", "verifier", "challenger", "keeper", "vault_keeper"
]
BatchData = Literal["calldata", "blob", "alternate"]

ADDRESS_BYTES: Final = 20

_T = TypeVar("_T")


class BatchPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """When the sequencer cuts a batch and how the batch poster puts it on L1."""

    max_bytes: int = 100_000
    max_age_ms: int = 5_000
    data: BatchData = "calldata"


class SnapshotConfig(msgspec.Struct, frozen=True, kw_only=True):
    """How far snapshots are apart, and how far the newest stays behind, in records."""

    every_records: int = 10_000
    kept_records: int = 5_000


class NodeConfig(msgspec.Struct, frozen=True, kw_only=True):
    """One node process.

    Attributes
    ----------
    private_key
        Key (hex) of the L1 account of its roles; for the sequencer, the key that signs soft
        confirmations. `None` for a verifier.
    rollup
        Path of rollup.json.
    sequencer_url
        HTTP origin of the sequencer node, `None` in that node itself.
    peers
        HTTP origins of nodes that may serve the segment roots of a claim (docs/spec.md D-14);
        nothing that they say is believed without its hash.
    block_interval_ms
        Longest time between two L2 blocks while there are records.
    audits
        Whether a node that follows L1 holds the state together after every block.
    trading
        What one user of the trading interface may take.
    start_timeout_seconds
        How long to wait for L1 at the start before giving up with exit code 5.
    """

    name: str
    roles: tuple[Role, ...]
    l1_url: str
    port: int
    data_dir: Path
    rollup: Path
    host: str = "127.0.0.1"
    private_key: str | None = None
    sequencer_url: str | None = None
    peers: tuple[str, ...] = ()
    seed: int = 0
    batch: BatchPolicy = BatchPolicy()
    snapshot: SnapshotConfig = SnapshotConfig()
    block_interval_ms: int = 1_000
    audits: bool = False
    log_format: Literal["json", "text"] = "json"
    poll_interval_ms: int = 100
    start_timeout_seconds: int = 30
    trading: TradingLimits = TradingLimits()
    devnet: bool = True

    def key(self) -> bytes:
        """Return the private key as 32 bytes.

        Raises
        ------
        InputError
            If there is none or it is not 32 bytes of hex.
        """
        if self.private_key is None:
            raise InputError(f"node {self.name}: private_key is missing for {list(self.roles)}")
        try:
            key = bytes.fromhex(self.private_key.removeprefix("0x"))
        except ValueError as error:
            raise InputError(f"node {self.name}: private_key is not hex") from error
        if len(key) != 32:  # noqa: PLR2004 - a secp256k1 key
            raise InputError(f"node {self.name}: private_key has {len(key)} bytes, expected 32")
        return key


class Asset(msgspec.Struct, frozen=True):
    """One collateral asset (docs/spec.md S-3); `token` is the zero address for ETH."""

    id: int
    symbol: str
    decimals: int
    token: str


class Vault(msgspec.Struct, frozen=True):
    """One option vault: its name for users, and its contracts in `contracts`.

    `strategy` has its terms, `share` is the token of its shares; `asset` numbers what it holds
    (docs/spec.md S-3); `symbol` and `decimals` are of its L1 token.
    """

    name: str
    contract: str
    strategy: str
    share: str
    token: str
    asset: int
    symbol: str
    decimals: int
    is_call: bool


class Genesis(msgspec.Struct, frozen=True):
    """Where the rollup begins: the L1 block of the inbox's deployment and the L2 state, in hex."""

    l1_block: int
    l1_hash: str
    state_root: str
    l2_time_ms: int = 0


class Parameters(msgspec.Struct, frozen=True, kw_only=True):
    """Constants that the contracts were deployed with; times in seconds."""

    history_height: int
    confirm_period_seconds: int
    rival_delay_seconds: int
    exit_after_seconds: int
    exit_claim_seconds: int
    force_after_seconds: int
    force_fast_after_seconds: int
    max_past_seconds: int
    max_future_seconds: int
    maturity_seconds: int
    stake_wei: int
    tariff_gas_price_wei: int


class RollupConfig(msgspec.Struct, frozen=True, kw_only=True):
    """rollup.json: what all nodes and clients agree on; addresses and hashes in hex.

    `underlyings` are the symbols of docs/spec.md S-9 by number; names of instruments are of them.
    """

    l1_chain_id: int
    l2_chain_id: int
    contracts: dict[str, str]
    assets: tuple[Asset, ...]
    genesis: Genesis
    config_hash: str
    parameters: Parameters
    underlyings: tuple[str, ...] = ("ETH", "BTC")
    vaults: tuple[Vault, ...] = ()

    def address(self, contract: str) -> bytes:
        """Return the address of a contract, such as `inbox`.

        Raises
        ------
        InputError
            If rollup.json does not name it or its address is not 20 bytes of hex.
        """
        text = self.contracts.get(contract)
        if text is None:
            raise InputError(f"rollup.json: contracts.{contract} is missing")
        try:
            address = bytes.fromhex(text.removeprefix("0x"))
        except ValueError as error:
            raise InputError(f"rollup.json: contracts.{contract} is not hex: {text}") from error
        if len(address) != ADDRESS_BYTES:
            raise InputError(f"rollup.json: contracts.{contract} has {len(address)} bytes")
        return address


def load_config(path: Path, kind: type[_T]) -> _T:
    """Read a configuration file of a process, or rollup.json.

    Raises
    ------
    InputError
        If the file cannot be read or a field is missing or ill-typed.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind, dec_hook=_decode_path)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    except msgspec.DecodeError as error:
        raise InputError(f"{path}: {error}") from error


def _decode_path(kind: type, value: object) -> Path:
    """Let msgspec read a path from text."""
    if kind is not Path or not isinstance(value, str):
        raise NotImplementedError
    return Path(value)
