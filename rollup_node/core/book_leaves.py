"""Leaves of the order book as values. Source: docs/spec.md S-11 to S-13."""

from typing import Final, NamedTuple


class Order(NamedTuple):
    """A resting order, or a free slot (`account` 0, `next` the next free slot).

    `flags` as docs/spec.md O-2; `tick` its limit, `trigger` its trigger tick or 0; `remaining` in
    lots; `previous` and `next` are slots of the same level, 0 at the ends; `reserve` in µUSDC;
    `expiry_at` unix seconds or 0; (`slot`, `tag`) is how its owner calls it; `fee_cap_ppm` the
    signed maximum fee; `generation` that of the position when a reduce-only order was placed.
    """

    account: int
    series: int
    flags: int
    tick: int
    trigger: int
    remaining: int
    previous: int
    next: int
    sequence: int
    reserve: int
    expiry_at: int
    slot: int
    tag: int
    fee_cap_ppm: int
    key: int
    generation: int


class Level(NamedTuple):
    """All orders at one tick: first and last slot, their lots and their number."""

    head: int
    tail: int
    lots: int
    orders: int


class TickWord(NamedTuple):
    """Which of 256 ticks (or words) are not empty; bit k stands for number k."""

    bits: int


class ClientSlots(NamedTuple):
    """Order slots by eight client slots of an account, 0 where there is none."""

    slots: tuple[int, ...]


NO_LEVEL: Final = Level(0, 0, 0, 0)
NO_TICKS: Final = TickWord(0)
NO_SLOTS: Final = ClientSlots((0,) * 8)
