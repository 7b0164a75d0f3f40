"""How much one connection, account or address may ask for: numbers alone, never compiled."""

import msgspec


class Rate(msgspec.Struct, frozen=True):
    """A bucket of `burst` credits that fills by `per_second`."""

    burst: int
    per_second: int


class TradingLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What one user of the trading interface may take. Bytes are of messages not yet sent.

    Attributes
    ----------
    reads, matching
        Per account, or per address for who is not logged in: requests that only read, and those
        that may change a book (a mass quote counts its legs).
    connection_reads, connection_matching
        The same for one connection.
    slow_bytes
        Beyond that a connection loses its book channels; beyond `most_bytes` it is closed.
    in_flight
        Requests of one connection that wait for the sequencer; then its socket is not read.
    """

    reads: Rate = Rate(20_000, 10_000)
    matching: Rate = Rate(100_000, 100_000)
    connection_reads: Rate = Rate(10_000, 5_000)
    connection_matching: Rate = Rate(50_000, 50_000)
    slow_bytes: int = 1 << 20
    most_bytes: int = 4 << 20
    channels: int = 500
    connections: int = 1_000
    in_flight: int = 4_000
    heartbeat_seconds: int = 10
