"""What the oracle process of the devnet is told."""

from pathlib import Path
from typing import Literal

import msgspec


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
