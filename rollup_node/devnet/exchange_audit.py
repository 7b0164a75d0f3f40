"""Counts what the exchange holds: pools, and what positions cost; and that positions cancel out."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from rollup_node.codec.leaves import decode_leaf
from rollup_node.core.kinds import SeriesStatus
from rollup_node.core.layout import (
    ALLOCATORS_KEY,
    BRIDGE_ACCOUNT_LIMIT,
    CREDIT_KEY,
    POOLS_KEY,
    POSITION_LIMIT,
    POSITIONS_PER_PAGE,
    LeafKey,
    directory_key,
    positions_key,
    series_key,
)
from rollup_node.devnet.jsonrpc import JsonRpc

_CHUNK: Final = 64


@dataclass(frozen=True, slots=True)
class Holdings:
    """What the exchange adds to the claims on USDC (docs/spec.md M-1), and what must be zero.

    `pools` fees and insurance, `basis` the sum over positions, `unsettled` funding that is due and
    what positions of settled series still pay, `deficit` what the insurance lacked (claims that
    custody does not hold), all in µUSDC; `unbalanced` the series whose positions do not sum to
    zero; `miscounted` those whose open interest is wrong.
    """

    pools: int
    basis: int
    unsettled: int
    deficit: int
    positions: int
    unbalanced: tuple[int, ...]
    miscounted: tuple[int, ...]

    @property
    def net(self) -> int:
        """What custody holds beyond the cash of accounts, in µUSDC."""
        return self.pools - self.basis + self.unsettled - self.deficit

    @property
    def exact(self) -> bool:
        """Tell whether positions cancel out and open interest is their sum."""
        return not (self.unbalanced or self.miscounted)


def opened_accounts(node: JsonRpc) -> range:
    """Return the numbers of the accounts that were opened on L2."""
    (allocators,) = _read(node, [ALLOCATORS_KEY])
    return range(BRIDGE_ACCOUNT_LIMIT, BRIDGE_ACCOUNT_LIMIT + allocators.next_account)


def count_holdings(node: JsonRpc, accounts: Sequence[int]) -> Holdings:
    """Read what `accounts` hold on the exchange."""
    pools, credit = _read(node, [POOLS_KEY, CREDIT_KEY])
    rows = _positions(node, accounts)
    lots: Counter[int] = Counter()
    for row in rows:
        lots[row.series] += row.lots
    series = sorted(lots)
    states = dict(zip(series, _read(node, [series_key(number) for number in series]), strict=True))
    settled = {number for number in series if states[number].status == SeriesStatus.SETTLED}
    counted: Counter[int] = Counter()
    for row in rows:
        counted[row.series] += abs(row.lots) if row.series in settled else max(row.lots, 0)
    return Holdings(
        0 if pools is None else pools.fees + sum(pools.insurance),
        sum(row.basis for row in rows),
        sum(row.lots * row.funding_index for row in rows)
        + sum(row.lots * states[row.series].mark for row in rows if row.series in settled),
        0 if credit is None else credit.deficit,
        len(rows),
        tuple(number for number in series if lots[number] and number not in settled),
        tuple(number for number in series if states[number].open_interest != counted[number]),
    )


def _positions(node: JsonRpc, accounts: Sequence[int]) -> list[Any]:
    """Return all positions of accounts."""
    directories = _read(node, [directory_key(account) for account in accounts])
    pages = [
        positions_key(account, first)
        for account, directory in zip(accounts, directories, strict=True)
        for first in range(0, POSITION_LIMIT, POSITIONS_PER_PAGE)
        if directory and any(directory.series[first : first + POSITIONS_PER_PAGE])
    ]
    return [row for page in _read(node, pages) for row in page.rows if row.lots]


def _read(node: JsonRpc, keys: Sequence[LeafKey]) -> list[Any]:
    """Return leaves by key, None for an empty one."""
    found: list[Any] = []
    for first in range(0, len(keys), _CHUNK):
        part = keys[first : first + _CHUNK]
        values = node.call("rollup_getLeaves", list(part))
        for key, text in zip(part, values, strict=True):
            value = bytes.fromhex(text[2:])
            found.append(decode_leaf(key, value) if value else None)
    return found
