"""What docs/trading-api.md says there is, is there, and nothing else."""

import re

from rollup_node.rpc import methods, trading_codes
from rollup_node.rpc.credits import TOO_MANY_REQUESTS
from rollup_node.rpc.trading_table import TRADING
from tests.architecture.source_tree import REPOSITORY

LEAST_CODE = 10_000
"""Codes of the trading interface begin here; those of the node are below."""
PAGE = (REPOSITORY / "docs" / "trading-api.md").read_text("utf-8")


def test_methods_of_the_page_are_those_of_the_interface() -> None:
    methods.load()
    assert set(re.findall(r"`((?:public|private)/[a-z_]+)`", PAGE)) == set(TRADING.methods)


def test_error_codes_of_the_page_are_those_of_the_interface() -> None:
    values = [TOO_MANY_REQUESTS, *vars(trading_codes).values()]
    codes = {code for code in values if isinstance(code, int) and code >= LEAST_CODE}
    table = PAGE[PAGE.index("## Errors") :]
    assert {int(code) for code in re.findall(r"`(\d{5})`", table)} == codes
