"""Random trading for both twins: accounts, keys, prices and orders of all sorts, from one seed.

Most records are such as people send, so that books fill and positions open; the rest is wrong in
one field, signed by the wrong key, out of its class, or garbage.
"""

from collections.abc import Callable
from typing import Any, Final

from rollup_node.codec.admin import encode_admin
from rollup_node.codec.delayed import decode_message, encode_forced
from rollup_node.codec.eip712 import digest, report_digest
from rollup_node.codec.records import encode_open, encode_prefix, encode_record, frame
from rollup_node.codec.signature import address_of, sign
from rollup_node.core.account_leaves import Cold, Directory, Hot, Positions, SessionKey
from rollup_node.core.inputs import (
    Bid,
    CancelAll,
    CancelOrder,
    DelayedMessage,
    ForwardReport,
    Freeze,
    ItemHeader,
    Leg,
    Liquidate,
    MassQuote,
    Messages,
    MovePosition,
    OpenAccount,
    PlaceOrder,
    PriceReport,
    Prune,
    ReplaceOrder,
    Seal,
    SetDeadMan,
    SetGuardian,
    SetKey,
    SetMode,
    SetProtection,
    Settle,
    SettlementPrice,
    SignedTransaction,
    Takeover,
    Trigger,
)
from rollup_node.core.kinds import MessageKind
from rollup_node.core.layout import (
    ALLOCATORS_KEY,
    CURSOR_KEY,
    PRICES_KEY,
    TOTALS_KEY,
    balances_key,
    cold_key,
    directory_key,
    expiry_key,
    hot_key,
    order_key,
    owner_key,
    positions_key,
    series_key,
    session_key_key,
    terms_key,
)
from rollup_node.core.leaves import Allocators, Balances, Cursor, Owner, Totals, Writes
from rollup_node.core.market_leaves import NO_EXPIRY, AssetRow, Expiry, Publishers
from rollup_node.core.markets import (
    DelistSeries,
    InsureFees,
    ListSeries,
    PayFees,
    SetAsset,
    SetBorrowCap,
    SetExpiry,
    SetPublishers,
    SetStatus,
    SetTerms,
    SetUnderlying,
)
from rollup_node.core.step import apply_record, open_item, pull_message, run_task
from rollup_node.devnet.markets import MARKETS, initial_messages
from rollup_node.proof.chain_state import ChainState
from rollup_node.proof.hashing import keccak
from rollup_node.roles.sequencer import EXPECTED_HEADER
from tests.contracts.combo_flow import make_combo
from tests.contracts.random_world import ADDRESSES, KEY_OF, KEYS, World

TRADERS: Final = tuple(range(1, 13))
PUBLISHER_KEYS: Final = tuple(keccak(b"publisher" + bytes((i,))) for i in range(5))
SERIES: Final = tuple(market.series for market in MARKETS)
TERMS: Final = {market.series: market.terms for market in MARKETS}
START_MS: Final = 1_763_700_000_000
_USD: Final = 1_000_000
_PORTFOLIOS: Final = 0.4
"""So many of the traders begin under portfolio margin."""

_PRICES: Final = (3_000 * _USD, 95_000 * _USD)
_SEALS: Final = ((0, 2), (19, 2), (20, 6), (25, 40), (40, 30), (1_000, 4), (30_500, 0.2))


class Exchange(World):
    """A state with markets, prices and money, and an endless supply of items of trading."""

    series: tuple[int, ...] = SERIES
    seals: tuple[tuple[int, float], ...] = _SEALS
    """How much later a block begins, in ms, and how often."""

    seal_share: float = 0.36
    """How many of the records begin a block."""

    sizes: tuple[int, ...] = (5, 40, 90, 160)
    """How many records a batch has."""

    def _initial(self, item: int) -> Writes:
        state = ChainState()
        rng = self.rng
        writes: Writes = {CURSOR_KEY: Cursor(item, 0, 0, 0, rng.randrange(1 << 20), START_MS, 0, 0)}
        sums = [0, 0, 0, 0]
        for account in TRADERS:
            cash = rng.choice([0, 30 * _USD, 2_000 * _USD, 10**12, 10**12, 10**12])
            amounts = (cash, rng.choice([0, 10**17, 10**20]), 0, 0)
            sums = [total + amount for total, amount in zip(sums, amounts, strict=True)]
            writes[owner_key(account)] = Owner(ADDRESSES[account % 4], 0, 0)
            writes[balances_key(account)] = Balances(amounts)
        writes[TOTALS_KEY] = Totals((sums[0], sums[1], 0, 0))
        state.commit(writes)
        self._open_markets(state)
        found: Writes = dict(zip(state.keys(), map(state.get, state.keys()), strict=True))
        cursor: Cursor = found[CURSOR_KEY]  # type: ignore[assignment]
        delayed, fast = len(self.delayed) - 1, len(self.fast) - 1
        found[CURSOR_KEY] = Cursor(item, 0, delayed, fast, cursor.block, cursor.time_ms, 0, 0)
        self.round = 10
        self.counter = self.ahead_ms = 0
        return found

    def _open_markets(self, state: ChainState) -> None:
        """Let the governor and the publishers speak once, by the law itself."""
        publishers = [address_of(key) for key in PUBLISHER_KEYS]
        state.commit(open_item(state, EXPECTED_HEADER, START_MS).writes)
        for body in self._opening(publishers):
            message = DelayedMessage(MessageKind.ADMIN, bytes(20), 0, body)
            state.commit(pull_message(state, message, decode_message(message)).writes)
        state.commit({CURSOR_KEY: state.get(CURSOR_KEY)._replace(order_class=0)})
        for underlying, price in enumerate(_PRICES):
            report = PriceReport(underlying, 1, START_MS, price, 100, ())
            signers = tuple(publishers[:3])
            state.commit(apply_record(state, report, None, 0, signers).writes)
            while state.get(CURSOR_KEY).phase > 1:
                state.commit(run_task(state).writes)
        state.commit({CURSOR_KEY: state.get(CURSOR_KEY)._replace(order_class=0)})
        for account in TRADERS:
            mode = SetMode(account, 0, int(self.rng.random() < _PORTFOLIOS), START_MS - 200)
            owner = state.get(owner_key(account)).address
            state.commit(apply_record(state, mode, owner, 0).writes)

    def _opening(self, publishers: list[bytes]) -> list[bytes]:
        """Return what the governor says first."""
        return initial_messages(publishers)

    # What people send

    def body(self) -> bytes:
        """Return the body of a record of any sort."""
        roll = self.rng.random()
        if roll < 0.04:
            return super().body()
        if roll < 0.04 + self.seal_share:
            steps, weights = zip(*self.seals, strict=True)
            delta_ms = self.rng.choices(steps, weights)[0]
            self.ahead_ms += delta_ms
            return encode_record(Seal(delta_ms))
        return self.rng.choices(self._makers(), self._weights())[0]()

    def _makers(self) -> list[Callable[[], bytes]]:
        return [
            self._price_report,
            self._order,
            self._cancel,
            self._quote,
            self._other_order_record,
            self._account_record,
            self._open_record,
            self.signed,
            self.bid,
            lambda: make_combo(self),
        ]

    def _weights(self) -> list[float]:
        return [6, 40, 12, 10, 10, 6, 6, 3, 2, 5]

    def batch(self) -> bytes:
        """Return the data of a batch; its time is mostly that of a sequencer that keeps up."""
        self.ahead_ms = 0
        if self.rng.random() < 0.01:
            return super().batch()
        clock = self.state.get(CURSOR_KEY).time_ms
        self.ahead_ms = self.rng.choice([0, 25, 200, 900])
        prefix = encode_prefix(clock + self.ahead_ms)
        records = [frame(self.body()) for _ in range(self.rng.choice(self.sizes))]
        return prefix + b"".join(records)

    def item(self) -> tuple[ItemHeader, bytes, Messages, Any]:
        """Return the next item; its bounds mostly let the clock run."""
        header, data, new, blobs = super().item()
        if self.rng.random() < 0.9:
            header = header._replace(min_time=0, max_time=1 << 37)
        return header, data, new, blobs

    def message(self) -> DelayedMessage:
        """Return a delayed message of any sort."""
        rng, roll = self.rng, self.rng.random()
        if roll < 0.3:
            return super().message()
        if roll < 0.45:
            return DelayedMessage(MessageKind.ADMIN, self.address(), 0, self._admin())
        content = rng.choice([self._make_order, self._make_cancel, self._make_account_record])()
        owner: Owner | None = self.state.get(owner_key(content[0]))
        sender = owner.address if owner and rng.random() < 0.85 else self.address()
        try:
            body = encode_forced(content)
        except (OverflowError, ValueError):
            body = b"\x20"
        return DelayedMessage(MessageKind.FORCED_TRANSACTION, sender, 0, body)

    # Pieces

    def trader(self) -> int:
        """Return an account that trades, rarely another one."""
        return self.rng.choice(TRADERS) if self.rng.random() < 0.97 else self.account()

    def fresh_nonce(self) -> int:
        """Return a nonce that was not used, mostly."""
        self.counter += 1
        if self.rng.random() < 0.02:
            return self.rng.choice([0, 1, self.counter, (1 << 64) - 1])
        clock: int = self.state.get(CURSOR_KEY).time_ms
        return clock + self.counter

    def odd(self, value: int, *others: int) -> int:
        """Return `value`, rarely one of the others."""
        return value if self.rng.random() < 0.985 else self.rng.choice(others)

    def mark_tick(self, series: int) -> int:
        """Return the tick of the mark of a series."""
        state, terms = self.state.get(series_key(series)), self.state.get(terms_key(series))
        if state is None or terms is None or not state.mark:
            return 60_000
        mark: int = state.mark // terms.unit
        return max(1, mark)

    def seal_with(self, content: Any, key: int = 0) -> bytes:
        """Return a record signed by who should sign it, mostly."""
        rng = self.rng
        owner: Owner | None = (
            self.state.get(owner_key(content[0])) if content[0] < 1 << 22 else None
        )
        address = owner.address if owner else b""
        if key in {1, 2, 3} and owner:
            session: SessionKey | None = self.state.get(session_key_key(content[0], key))
            address = session.address if session else address
        elif key == 255 and owner:
            cold: Cold | None = self.state.get(cold_key(content[0]))
            address = cold.guardian if cold else address
        private = KEY_OF.get(address)
        if private is None or rng.random() < 0.02:
            private = rng.choice(KEYS)
        signature = sign(digest(self.machine.domain, content), private)
        if rng.random() < 0.01:
            signature = self.bad_signature(signature)
        return encode_record(SignedTransaction(content, signature))

    def key(self) -> int:
        """Return the number of a key: mostly the owner's."""
        roll = self.rng.random()
        return 0 if roll < 0.85 else self.rng.choice([1, 2, 3, 1, 2, 3, 4, 255])

    # Records

    def _make_order(self) -> PlaceOrder:
        rng = self.rng
        series = self.odd(rng.choice(self.series), 0, 9, 4_096, 65_535)
        side, kind = rng.randrange(2), rng.choice([0, 0, 0, 0, 0, 1, 2, 3])
        post_only = int(kind == 0 and rng.random() < 0.45)
        in_force = 2 if kind == 1 else rng.choice([0, 0, 0, 1] if post_only else [0, 0, 1, 2])
        mark = self.mark_tick(series)
        price = max(
            1, mark + round(rng.gauss(0, mark * 0.0015)) + (1 - 2 * side) * rng.choice([0, 0, 60])
        )
        clock = self.state.get(CURSOR_KEY).time_ms // 1_000
        return PlaceOrder(
            account=self.trader(),
            key=self.key(),
            series=series,
            side=self.odd(side, 1),
            kind=self.odd(kind, 3),
            time_in_force=self.odd(in_force, 3, 1, 2),
            post_only=self.odd(post_only, 1),
            reduce_only=int(rng.random() < 0.12),
            self_trade=self.odd(rng.randrange(3), 3),
            price=self.odd(price, 0, 1 << 20, (1 << 32) - 1, price * 2, 1),
            quantity=self.odd(rng.choice([1, 3, 10, 50, 400, 3_000]), 0, (1 << 32) - 1, 600_000),
            trigger=max(1, mark + rng.randrange(-40, 40)) if kind > 1 else 0,
            expiry=self.odd(clock + rng.choice([1, 60, 4_000]), clock, 1) if in_force == 1 else 0,
            max_fee=self.odd(500, 0, 399, 400),
            slot=self.odd(rng.choice([0, 1, 2, 7, 8, 9, 15, 16, 500, 1_023]), 1_024, 65_535),
            nonce=self.fresh_nonce(),
        )

    def _order(self) -> bytes:
        order = self._make_order()
        try:
            return self.seal_with(order, order.key)
        except (OverflowError, ValueError):
            return b"\x20\x01"

    def _resting(self) -> tuple[int, int, int] | None:
        """Return account, client slot and tag of some resting order."""
        allocators: Allocators = self.state.get(ALLOCATORS_KEY)
        for _ in range(4):
            if allocators.order_next:
                slot = self.rng.randrange(allocators.order_next) + 1
                order = self.state.get(order_key(slot))
                if order is not None and order.account:
                    return order.account, order.slot, order.tag
        return None

    def _make_cancel(self) -> CancelOrder:
        account, slot, tag = self._resting() or (self.trader(), self.rng.randrange(20), 5)
        return CancelOrder(
            account, self.key(), self.odd(slot, 1_024, 3), self.odd(tag, 0), self.fresh_nonce()
        )

    def _cancel(self) -> bytes:
        cancel = self._make_cancel()
        return self.seal_with(cancel, cancel.key)

    def _quote(self) -> bytes:
        rng, key = self.rng, self.key()
        series = rng.choice(self.series)
        mark = self.mark_tick(series)
        legs = []
        for number in range(self.rng.choice([1, 2, 6, 20])):
            side = rng.randrange(2)
            away = rng.randrange(-5, 120)
            tick = max(1, mark - away if side == 0 else mark + away)
            lots = rng.choice([0, 1, 20, 300])
            legs.append(Leg(self.odd(series, 9, 1), side, number + 20, self.odd(tick, 0), lots))
        quote = MassQuote(self.trader(), key, self.odd(500, 0), tuple(legs), self.fresh_nonce())
        return self.seal_with(quote, key)

    def _other_order_record(self) -> bytes:
        rng, key = self.rng, self.key()
        roll = rng.random()
        if roll < 0.15:
            scope = self.odd(rng.randrange(3), 3, 255)
            content: Any = CancelAll(
                self.trader(), key, scope, rng.choice([0, 1, *self.series]), self.fresh_nonce()
            )
            return self.seal_with(content, key)
        if roll < 0.3:
            allocators: Allocators = self.state.get(ALLOCATORS_KEY)
            return encode_open(Prune(self.odd(rng.randrange(allocators.order_next + 2), 1 << 24)))
        account, slot, tag = self._resting() or (self.trader(), 1, 1)
        mark = self.mark_tick(rng.choice(self.series))
        content = ReplaceOrder(
            account,
            key,
            slot,
            self.odd(tag, 0),
            self.odd(max(1, mark + rng.randrange(-80, 80)), 0, 1 << 20),
            self.odd(rng.choice([1, 5, 50, 400]), 0, 600_000),
            self.fresh_nonce(),
        )
        return self.seal_with(content, key)

    def _make_account_record(self) -> Any:
        rng, account, nonce = self.rng, self.trader(), self.fresh_nonce()
        clock: int = self.state.get(CURSOR_KEY).time_ms
        key = self.key()
        choices: list[Callable[[], Any]] = [
            lambda: SetKey(
                account,
                self.odd(rng.randrange(1, 4), 0, 4),
                self.address(),
                self.odd(rng.choice([1, 3, 7, 15, 4, 2]), 16),
                rng.choice([1, 3, 255]),
                self.odd(clock + 10**8, 0, clock),
                rng.choice([0, 10**8, 1 << 62]),
                nonce,
            ),
            lambda: Freeze(account, rng.choice([0, 0, 255, 1]), rng.randrange(2), nonce),
            lambda: SetGuardian(account, self.address(), nonce),
            lambda: SetProtection(
                account,
                key,
                self.odd(rng.randrange(2), 8),
                rng.choice([0, 5, 60]),
                rng.choice([0, 500, 60_000, 1 << 31]),
                nonce,
            ),
            lambda: SetDeadMan(
                account, key, self.odd(rng.choice([0, clock + 500, clock + 10**7]), 1 << 50), nonce
            ),
            lambda: SetMode(account, key, self.odd(rng.randrange(2), 2, 255), nonce),
            lambda: OpenAccount(account, rng.choice([0, 0, 2, 9, 5_000]), nonce),
            lambda: self._move(account, nonce),
            lambda: self._move(account, nonce),
        ]
        return rng.choice(choices)()

    def _move(self, account: int, nonce: int) -> MovePosition:
        series, lots = self._position(account)
        same = [other for other in TRADERS if other % 4 == account % 4]
        wanted = self.odd(self.rng.choice([lots, lots // 2 or lots, 1]), 0, -lots, 1 << 30)
        return MovePosition(account, self.odd(self.rng.choice(same), 1, 0), series, wanted, nonce)

    def _position(self, account: int) -> tuple[int, int]:
        """Return series and lots of some position of an account."""
        directory: Directory | None = self.state.get(directory_key(account))
        held = [n for n, series in enumerate(directory.series) if series] if directory else []
        if not held:
            return self.rng.choice(self.series), 1
        number = self.rng.choice(held)
        page: Positions = self.state.get(positions_key(account, number))
        row = page.rows[number & 7]
        return row.series, row.lots

    def _account_record(self) -> bytes:
        content = self._make_account_record()
        key = getattr(content, "key", 0)
        return self.seal_with(content, key)

    # Prices

    def _price_report(self) -> bytes:
        rng = self.rng
        underlying = self.odd(rng.randrange(2), 2, 8, 255)
        prices = self.state.get(PRICES_KEY)
        row = prices.rows[underlying] if underlying < 8 else prices.rows[0]
        price = row.index_price or 10**9
        factor = rng.choice([999, 1_000, 1_001, 1_004, 996, 1_010, 985, 1_060, 940])
        clock: int = self.state.get(CURSOR_KEY).time_ms + self.ahead_ms
        self.round += 1
        report = PriceReport(
            underlying,
            self.odd(self.round, 0, 1),
            self.odd(clock + rng.randrange(0, 900), 0, clock + 10**6),
            self.odd(max(1, price * factor // 1_000), 0, 1 << 40),
            self.odd(100, 20_000, 20_001),
            (),
        )
        return encode_open(self._signed_report(report))

    def _signed_report(self, report: Any) -> Any:
        rng = self.rng
        count = self.odd(3, 1, 2, 5)
        chosen = sorted(rng.sample(range(5), count))
        if rng.random() < 0.02:
            rng.shuffle(chosen)
        private = [PUBLISHER_KEYS[n] for n in chosen]
        if rng.random() < 0.02:
            private[-1] = rng.choice(KEYS)
        hashed = report_digest(self.machine.domain, report)
        return report._replace(signatures=tuple(sign(hashed, key) for key in private))

    def _forward(self) -> Any:
        """Return the forward of a date, now and then of another than that of its place."""
        rng = self.rng
        underlying, slot = rng.randrange(2), rng.randrange(2)
        clock: int = self.state.get(CURSOR_KEY).time_ms
        expiry: Expiry = self.state.get(expiry_key(underlying, slot)) or NO_EXPIRY
        report = ForwardReport(
            self.odd(underlying, 8),
            self.odd(slot, 16),
            self.odd(expiry.expiry_at, 0),
            self.round,
            clock,
            rng.choice([0, 10**6, -(10**6), 1 << 40]),
            (),
        )
        return self._signed_report(report)

    def _open_record(self) -> bytes:
        rng = self.rng
        clock: int = self.state.get(CURSOR_KEY).time_ms
        choices: list[Callable[[], Any]] = [
            self._forward,
        ]
        account = self.trader()
        choices += [
            lambda: Trigger(self.odd(rng.randrange(2), 8)),
            lambda: Liquidate(account, self._position(account)[0]),
            lambda: Takeover(account),
            lambda: Settle(account, self._position(account)[0]),
            lambda: self._signed_report(
                SettlementPrice(
                    rng.randrange(2),
                    rng.randrange(2),
                    clock // 1_000,
                    rng.randrange(61),
                    10**9,
                    (),
                )
            ),
        ]
        record = rng.choice(choices)()
        return encode_open(record)

    def bid(self) -> bytes:
        """Return an offer for an account."""
        target = self.trader()
        hot: Hot | None = self.state.get(hot_key(target))
        version = hot.version if hot else 0
        price = self.rng.choice([0, 10**6, 10**9, -(10**6)])
        return self.seal_with(Bid(self.trader(), 0, target, version, price, self.fresh_nonce()))

    def _admin(self) -> bytes:
        rng = self.rng
        market = rng.choice(MARKETS)
        terms = market.terms._replace(
            taker_fee_ppm=self.odd(rng.choice([400, 500]), 10_001),
            open_interest_cap=rng.choice([10_000_000, 2_000]),
            unit=self.odd(market.terms.unit, 0, 1),
        )
        clock = self.state.get(CURSOR_KEY).time_ms // 1_000
        messages: list[Any] = [
            SetTerms(self.odd(market.series, 0, 9), terms),
            ListSeries(self.odd(market.series, 40), terms),
            SetStatus(market.series, self.odd(rng.choice([1, 2]), 0, 3)),
            SetUnderlying(self.odd(0, 8, 5), self.odd(1, 0, 2)),
            SetAsset(1, AssetRow(0, 18, rng.choice([900_000, 500_000]), 10**23)),
            SetPublishers(Publishers(0, (bytes(20),) * 8)),
            SetBorrowCap(rng.choice([0, 10**13])),
            DelistSeries(self.odd(market.series, 0, 20)),
            SetExpiry(rng.randrange(2), rng.randrange(2), self.odd(clock + 10**6, 0)),
            PayFees(self.trader(), rng.choice([0, 1, 10**4, 1 << 100])),
            InsureFees(rng.randrange(3), rng.choice([0, 1, 10**5, 1 << 100])),
        ]
        body = encode_admin(rng.choice(messages))
        return body if rng.random() < 0.95 else body + b"\x00"
