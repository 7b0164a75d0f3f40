"""All scenes: what random trading would hardly bring about, played in both twins."""

from typing import Final

from tests.contracts import (
    scenes_accounts,
    scenes_distress,
    scenes_markets,
    scenes_money,
    scenes_options,
    scenes_orders,
    scenes_portfolio,
    scenes_rfq,
    scenes_sales,
)
from tests.contracts.stage import Scene

SCENES: Final[dict[str, Scene]] = {
    **scenes_accounts.SCENES,
    **scenes_money.SCENES,
    **scenes_orders.SCENES,
    **scenes_markets.SCENES,
    **scenes_distress.SCENES,
    **scenes_options.SCENES,
    **scenes_portfolio.SCENES,
    **scenes_rfq.SCENES,
    **scenes_sales.SCENES,
}
"""By name."""
