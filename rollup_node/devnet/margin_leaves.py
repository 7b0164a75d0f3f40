"""The margin of an account from leaves that a node shows: any node, nothing of it is believed.

The law is here too, so the leaves are enough; all of them are of one moment.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from rollup_node.codec.leaves import decode_leaf
from rollup_node.core.layout import (
    ASSETS_KEY,
    CREDIT_KEY,
    CURSOR_KEY,
    POOLS_KEY,
    PRICES_KEY,
    REFRESH_KEY,
    UNDERLYING_LIMIT,
    LeafKey,
    account_risk_key,
    balances_key,
    directory_key,
    expiry_key,
    hot_key,
    option_rules_key,
    owner_key,
    positions_key,
    series_key,
    series_risk_key,
    terms_key,
)
from rollup_node.core.leaves import Leaf
from rollup_node.core.market_leaves import Expiry, SeriesTerms
from rollup_node.devnet.jsonrpc import JsonRpc
from rollup_node.devnet.markets import UNDERLYINGS
from rollup_node.devnet.session import Session
from rollup_node.node.instruments import series_name
from rollup_node.node.margin_report import MODELS, Names, report_margin
from rollup_node.ports import InputError
from rollup_node.rpc.backend import AssetView
from rollup_node.rpc.margin_data import MarginReport

_ALWAYS: Final = (CURSOR_KEY, PRICES_KEY, ASSETS_KEY, POOLS_KEY, CREDIT_KEY, REFRESH_KEY)


class Leaves:
    """Leaves of one moment; one that was not asked for is a `KeyError`."""

    def __init__(self, found: Mapping[LeafKey, Leaf | None]) -> None:
        self._found = found

    def get(self, key: LeafKey, /) -> Any:  # noqa: ANN401 - the key decides
        """Return a leaf, `None` if it was never written."""
        return self._found[key]


def margin_of(session: Session, who: str, node: str, model: str | None) -> MarginReport:
    """Weigh the account of a name, an address or a number, from what a node of the devnet shows.

    `model` is another risk model than its own.

    Raises
    ------
    InputError
        If there is no such account or node.
    """
    if node not in session.nodes:
        raise InputError(f"no node {node!r}: one of {', '.join(session.nodes)}")
    assets = [AssetView(a.id, a.symbol, a.decimals, a.token or b"") for a in session.assets]
    symbols = [item.symbol for item in UNDERLYINGS]
    mode = None if model is None else MODELS.index(model)
    return read_margin(session.nodes[node], session.party(who).id, symbols, assets, mode)


def read_margin(
    node: JsonRpc,
    account: int,
    symbols: list[str],
    assets: list[AssetView],
    mode: int | None = None,
) -> MarginReport:
    """Weigh an account at the newest marks that a node has; `mode`: under another risk model.

    Raises
    ------
    InputError
        If the account is not open.
    """
    keys = {*_ALWAYS, owner_key(account), hot_key(account), balances_key(account)}
    keys.add(directory_key(account))
    keys |= {account_risk_key(account, underlying) for underlying in range(UNDERLYING_LIMIT)}
    while True:
        found = _read(node, keys)
        missing = _needs(account, found) - keys
        if not missing:
            break
        keys |= missing
    leaves = Leaves(found)
    if leaves.get(owner_key(account)) is None:
        raise InputError(f"account {account} is not open on L2 yet: a deposit opens it")

    def name_of(series: int) -> str:
        terms: SeriesTerms = leaves.get(terms_key(series))
        expiry: Expiry | None = leaves.get(expiry_key(terms.underlying, terms.expiry_slot))
        ends_at = expiry.expiry_at if expiry is not None else 0
        return series_name(symbols[terms.underlying], terms, ends_at)

    names = Names(lambda underlying: symbols[underlying], name_of, assets)
    return report_margin(leaves, account, leaves.get(CURSOR_KEY).time_ms, names, None, mode)


def _needs(account: int, found: Mapping[LeafKey, Any]) -> set[LeafKey]:
    """Return what has to be read beside what is always, as far as it is known by now."""
    directory = found[directory_key(account)]
    keys: set[LeafKey] = set()
    for number, series in enumerate(directory.series if directory is not None else ()):
        if series:
            keys |= {positions_key(account, number), terms_key(series), series_key(series)}
            keys.add(series_risk_key(series))
            terms = found.get(terms_key(series))
            if terms is not None:
                keys.add(expiry_key(terms.underlying, terms.expiry_slot))
                keys.add(account_risk_key(account, terms.underlying))
                keys.add(option_rules_key(terms.underlying))
    return keys


def _read(node: JsonRpc, keys: Iterable[LeafKey]) -> dict[LeafKey, Leaf | None]:
    wanted = sorted(keys)
    found = {}
    for key, text in zip(wanted, node.call("rollup_getLeaves", wanted), strict=True):
        value = bytes.fromhex(text[2:])
        found[key] = decode_leaf(key, value) if value else None
    return found
