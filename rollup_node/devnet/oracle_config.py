"""What the oracle process of the devnet is told."""

from pathlib import Path
from typing import Literal

import msgspec

from rollup_node.ports import InputError


class OracleConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What the oracle process is told.

    Attributes
    ----------
    private_key
        Key (hex) of the L1 account that pays for reports posted on L1; `None`: it posts none.
    prices
        A price script, as `price_script` reads it.
    tape
        Recorded prices to replay in place of the seeded walk; the script's shocks come on top.
    lying
        Numbers of publishers that lie about everything, always.
    record
        Whether the quotes that were looked at are recorded in `data_dir`.
    """

    l1_url: str
    sequencer_url: str
    rollup: Path
    data_dir: Path
    port: int
    name: str = "oracle"
    host: str = "127.0.0.1"
    private_key: str | None = None
    prices: str = "default"
    tape: Path | None = None
    seed: int = 0
    lying: tuple[int, ...] = ()
    record: bool = True
    poll_interval_ms: int = 100
    start_timeout_seconds: int = 30
    log_format: Literal["json", "text"] = "json"


def load_oracle_config(path: Path) -> OracleConfig:
    """Read the configuration file.

    Raises
    ------
    InputError
        If it cannot be read or a field is missing or ill-typed.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=OracleConfig, dec_hook=_decode_path)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    except msgspec.DecodeError as error:
        raise InputError(f"{path}: {error}") from error


def _decode_path(kind: type, value: object) -> Path:
    """Let msgspec read a path from text."""
    if kind is not Path or not isinstance(value, str):
        raise NotImplementedError
    return Path(value)
