"""What each step costs at most, in gas, and where a segment ends."""

from typing import Final

from rollup_node.core.kinds import StepKind

WEIGHTS: Final[tuple[int, ...]] = (
    400_000,  # OPEN_ITEM
    400_000,  # BAD_LENGTH
    400_000,  # SEAL
    400_000,  # UNDECODABLE
    800_000,  # TRANSFER
    800_000,  # WITHDRAW
    800_000,  # ROTATE_KEY
    800_000,  # DEPOSIT
    800_000,  # FORCED_TRANSFER
    800_000,  # FORCED_WITHDRAW
    800_000,  # FORCED_ROTATE_KEY
    400_000,  # FORCED_UNDECODABLE
    400_000,  # CLOSE_ITEM
    1_600_000,  # PLACE
    1_200_000,  # CANCEL
    1_200_000,  # CANCEL_ALL
    1_600_000,  # REPLACE
    1_200_000,  # QUOTE
    1_200_000,  # PRUNE
    2_200_000,  # TAKE
    1_600_000,  # LEG
    1_200_000,  # SWEEP
    5_400_000,  # REFRESH
    1_200_000,  # PRICE_REPORT
    1_200_000,  # FORWARD_REPORT
    1_200_000,  # SETTLEMENT_PRICE
    1_200_000,  # SETTLE
    1_200_000,  # REPRICE
    4_000_000,  # SAMPLE
    1_400_000,  # DRAIN
    1_600_000,  # LIQUIDATE
    1_600_000,  # BID
    1_200_000,  # TRIGGER
    1_600_000,  # TAKEOVER
    1_200_000,  # OPEN_ACCOUNT
    1_200_000,  # SET_KEY
    1_200_000,  # FREEZE
    1_200_000,  # SET_GUARDIAN
    1_200_000,  # SET_PROTECTION
    1_200_000,  # SET_DEAD_MAN
    1_600_000,  # MOVE_POSITION
    1_200_000,  # ADMIN
    1_200_000,  # LEAVE
    2_400_000,  # SURFACE_REPORT
    1_600_000,  # LIST_EXPIRY
    1_600_000,  # LIST_STRIKE
    1_200_000,  # DELIST_STRIKE
    1_600_000,  # STRIKE
    1_200_000,  # SET_MODE
    4_900_000,  # EXECUTE_RFQ
    2_400_000,  # SALE
)
"""Gas of one step by `StepKind`, an upper bound that the provability gate checks.

Source: docs/spec.md X-11. Twin: contracts/src/core/Weights.sol.
"""

MAX_STEP_WEIGHT: Final = 8_000_000
"""No step may weigh more: half of what EIP-7825 allows a transaction. Source: docs/spec.md G-1."""

SEGMENT_STEPS: Final = 64
"""A segment ends after this many steps. Source: docs/spec.md G-1."""

SEGMENT_WEIGHT: Final = 24_000_000
"""A segment ends as soon as its steps weigh this much, in gas. Source: docs/spec.md G-1."""


def is_segment_end(kind: StepKind, steps: int, weight: int) -> bool:
    """Say whether a segment ends with a step of `kind`, its own step and weight counted already.

    Source: docs/spec.md G-1.
    """
    return kind is StepKind.CLOSE_ITEM or steps >= SEGMENT_STEPS or weight >= SEGMENT_WEIGHT
