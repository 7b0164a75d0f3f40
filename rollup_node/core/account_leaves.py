"""Leaves of a trading account as values. Source: docs/spec.md S-14 to S-19, S-22."""

from typing import Final, NamedTuple


class RiskRow(NamedTuple):
    """An account's positions in one underlying, summed, in µUSDC, exact as of `epoch`.

    `positions` is their number, `value` what closing all of them at the mark would pay, `initial`
    and `maintenance` what they require before the drift factor.
    """

    epoch: int
    positions: int
    value: int
    initial: int
    maintenance: int


class Hot(NamedTuple):
    """What trading touches; an account that never traded has none.

    `reserve` µUSDC of its resting orders; `group` its owner's first account; `flags` docs/spec.md
    K-1; `mode` the id of its risk model; `protected` a mask of underlyings with market-maker
    protection; `dead_man_ms` 0 or when its orders become void; `interest_ms` since when its debt
    bears interest; `version` counts fills; `slot_map` bit k: the client slots 8k to 8k+7 hold an
    order; `slots` are the client slots 0 to 7.
    """

    reserve: int
    group: int
    flags: int
    mode: int
    protected: int
    open_orders: int
    dead_man_ms: int
    interest_ms: int
    version: int
    slot_map: int
    slots: tuple[int, ...]
    rows: tuple[RiskRow, ...]


class ProtectionRow(NamedTuple):
    """Market-maker protection: pull all quotes after `limit` lots in `window_ms` (0: off)."""

    limit: int
    window_ms: int
    started_ms: int
    filled: int


class Cold(NamedTuple):
    """What trading does not touch: who may freeze, whose child it is, its only series (or 0).

    `guardian_nonce` is the highest that the guardian used; `liquidated_ms` when the liquidation
    began or last reduced, `auction_ms` since when the account is for sale, 0 if it is not;
    `insurer` the underlying whose last position left the account with a debt.
    """

    guardian: bytes
    guardian_nonce: int
    parent: int
    series: int
    liquidated_ms: int
    auction_ms: int
    insurer: int
    protections: tuple[ProtectionRow, ...]


class SessionKey(NamedTuple):
    """A key that may do some things until `expiry_ms`; zero address: none. Scope: K-3."""

    address: bytes
    scope: int
    markets: int
    expiry_ms: int
    order_cap: int
    nonce_high: int
    nonce_map: int


class Directory(NamedTuple):
    """The series of the account's positions by position number, 0 where there is none."""

    series: tuple[int, ...]


class Position(NamedTuple):
    """`lots` held (negative: short) for `basis` µUSDC paid, funding settled up to `funding_index`.

    `generation` counts how often it was closed: older reduce-only orders are void.
    """

    series: int
    lots: int
    basis: int
    funding_index: int
    generation: int


class Positions(NamedTuple):
    """A page of eight positions."""

    rows: tuple[Position, ...]


class AccountRisk(NamedTuple):
    """What a row of an account under portfolio margin is weighed by, µUSDC, as of the row's epoch.

    `gains` of all its positions in each of 32 scenarios; `deltas` per bucket of dates, of linear
    positions and short options; `charge` of its short options.
    """

    gains: tuple[int, ...]
    deltas: tuple[int, ...]
    charge: int


NO_RISK: Final = RiskRow(0, 0, 0, 0, 0)
NO_HOT: Final = Hot(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, (0,) * 8, (NO_RISK,) * 8)
NO_PROTECTION: Final = ProtectionRow(0, 0, 0, 0)
NO_COLD: Final = Cold(bytes(20), 0, 0, 0, 0, 0, 0, (NO_PROTECTION,) * 8)
NO_ACCOUNT_RISK: Final = AccountRisk((0,) * 32, (0,) * 8, 0)
NO_DIRECTORY: Final = Directory((0,) * 128)
NO_POSITION: Final = Position(0, 0, 0, 0, 0)
NO_POSITIONS: Final = Positions((NO_POSITION,) * 8)
