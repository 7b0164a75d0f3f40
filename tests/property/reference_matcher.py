"""A slow and obviously right order book: plain lists, searched and sorted for every fill.

It knows one linear series and accounts with as much margin as they want.
"""

from dataclasses import dataclass, field
from typing import Any

MATCH_LIMIT = 128
NEWEST, OLDEST = 0, 1
IMMEDIATE = 2


@dataclass
class Resting:
    """An order in the book; earlier in the list of orders is earlier in time."""

    account: int
    side: int
    price: int
    lots: int
    client: int
    tag: int
    expiry: int
    reduces: bool
    opened: int


@dataclass
class Reference:
    """The book, the positions with a count of their openings, and every fill so far."""

    groups: dict[int, int]
    orders: list[Resting] = field(default_factory=list)
    lots: dict[int, int] = field(default_factory=dict)
    opened: dict[int, int] = field(default_factory=dict)
    fills: list[tuple[int, int, int, int]] = field(default_factory=list)
    dead: set[int] = field(default_factory=set)
    now: int = 0

    def find(self, account: int, client: int) -> Resting | None:
        """Return the order that an account has in a client slot."""
        for order in self.orders:
            if order.account == account and order.client == client:
                return order
        return None

    def closable(self, order: Resting) -> int:
        """Return how many lots of the position it was placed against an order may close."""
        if self.opened.get(order.account, 0) != order.opened:
            return 0
        lots = self.lots.get(order.account, 0)
        return max(0, -lots if order.side == 0 else lots)

    def is_void(self, order: Resting) -> bool:
        """Say whether an order must never trade again."""
        if 0 < order.expiry <= self.now or order.account in self.dead:
            return True
        return order.reduces and self.closable(order) == 0

    def place(self, order: Any) -> bool:
        """Place an order as it is signed; False if it is refused at once."""
        taker = Resting(
            order.account,
            order.side,
            order.price,
            order.quantity,
            order.slot,
            order.nonce,
            order.expiry,
            bool(order.reduce_only),
            self.opened.get(order.account, 0),
        )
        if self.find(order.account, order.slot) or order.account in self.dead:
            return False
        if taker.reduces and self.closable(taker) == 0:
            return False
        if self.take(taker, order) and taker.lots:
            self.orders.append(taker)
        return True

    def take(self, taker: Resting, order: Any) -> bool:
        """Let an order trade; say whether what remains of it may rest."""
        count = 0
        while taker.lots and count < MATCH_LIMIT:
            maker = self.best(taker)
            if maker is None:
                return bool(order.time_in_force != IMMEDIATE)
            if self.is_void(maker):
                self.orders.remove(maker)
            elif order.post_only:
                return False
            elif self.groups[maker.account] == self.groups[taker.account]:
                if not self.part(maker, order.self_trade):
                    return False
            elif self.fill(taker, maker):
                count += 1
            else:
                return False
        return count < MATCH_LIMIT

    def part(self, maker: Resting, mode: int) -> bool:
        """Keep two orders of one group apart; say whether the taker goes on."""
        if mode != NEWEST:
            self.orders.remove(maker)
        return mode == OLDEST

    def best(self, taker: Resting) -> Resting | None:
        """Return the order with the best price, of those the one that came first."""
        sign = 1 if taker.side == 0 else -1
        crossing = [
            order
            for order in self.orders
            if order.side != taker.side and sign * order.price <= sign * taker.price
        ]
        return min(crossing, key=lambda order: sign * order.price) if crossing else None

    def fill(self, taker: Resting, maker: Resting) -> bool:
        """Trade at the price of the maker; False if the taker has nothing left to close."""
        lots = min(taker.lots, maker.lots)
        for order in (taker, maker):
            if order.reduces:
                lots = min(lots, self.closable(order))
        if lots == 0:
            return False
        for order in (taker, maker):
            self.move(order.account, lots if order.side == 0 else -lots)
            order.lots -= lots
        if maker.lots == 0:
            self.orders.remove(maker)
        self.fills.append((taker.account, maker.account, maker.price, lots))
        return True

    def move(self, account: int, change: int) -> None:
        """Change a position; one that comes to be, or changes its sign, is a new one."""
        before = self.lots.get(account, 0)
        after = before + change
        self.lots[account] = after
        if before == 0 or before * after <= 0:
            self.opened[account] = self.opened.get(account, 0) + 1

    def replace(self, replacing: Any) -> None:
        """Replace an order, if what it names is there and would not cross."""
        order = self.find(replacing.account, replacing.slot)
        if order is None or order.tag != replacing.tag or self.is_void(order):
            return
        if replacing.price != order.price or replacing.quantity > order.lots:
            wanted = Resting(**{**vars(order), "price": replacing.price})
            if self.best(wanted) is not None:
                return
            self.orders.remove(order)
            self.orders.append(order)
        order.price, order.lots, order.tag = replacing.price, replacing.quantity, replacing.nonce

    def cancel(self, account: int, client: int) -> None:
        """Take an order out."""
        order = self.find(account, client)
        if order is not None:
            self.orders.remove(order)
