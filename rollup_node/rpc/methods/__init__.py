"""The methods, one file per namespace; a method parses, calls the backend and formats."""

import importlib
from typing import Final

_NAMESPACES: Final = (
    "eth",
    "rollup",
    "dispute",
    "vaults",
    "optimism",
    "admin",
    "connection",
    "markets",
    "options",
    "holdings",
    "margins",
    "orders",
    "rfq",
    "typed_data",
)


def load() -> None:
    """Register the methods of all namespaces in the table."""
    for name in _NAMESPACES:
        importlib.import_module(f"rollup_node.rpc.methods.{name}")
