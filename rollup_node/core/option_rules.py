"""What rules of options may say. Source: docs/spec.md V-1. Twin: contracts/src/core/Options.sol."""

from typing import Final

from rollup_node.core.fixed_point import modulo
from rollup_node.core.layout import MAX_LOT_VALUE, MAX_LOTS, OPTION_TICK_BITS, PRICE_LIMIT
from rollup_node.core.option_leaves import OptionRules

PPM: Final = 1_000_000
MAX_FEE_PPM: Final = 10_000
MAX_SCAN_PPM: Final = 500_000
"""The largest ordinary move of the scenarios is at most this."""


def is_sound_rules(rules: OptionRules) -> bool:
    """Say whether rules of options are in their ranges. Source: docs/spec.md V-1.

    Strikes are whole lots: the step is a multiple of the lots of a unit.
    """
    is_sized = (
        rules.status <= 1
        and rules.unit > 0
        and rules.unit << OPTION_TICK_BITS <= MAX_LOT_VALUE
        and rules.lots_per_unit > 0
        and rules.max_order_lots <= MAX_LOTS
        and rules.open_interest_cap <= MAX_LOT_VALUE
    )
    is_stepped = (
        0 < rules.strike_step < PRICE_LIMIT
        and is_sized
        and modulo(rules.strike_step, rules.lots_per_unit) == 0
        and rules.strike_range_ppm < PPM
    )
    is_charged = rules.maker_fee_ppm <= rules.taker_fee_ppm <= MAX_FEE_PPM and rules.band_ppm <= PPM
    is_margined = 0 < rules.maintenance_ppm <= rules.floor_ppm <= rules.initial_ppm <= PPM
    is_scanned = 0 < rules.scan_ppm <= MAX_SCAN_PPM
    return is_stepped and is_charged and is_margined and is_scanned
