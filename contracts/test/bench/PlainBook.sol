// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title An order book as a plain contract: what matching costs when L1 itself does it
/// @notice First in, first out at each tick, one word of a map for 256 ticks, one slot per account. Margin is checked at
/// every order: as little as an exchange can do. `strikenet bench l1` trades on it; nothing else uses it.
contract PlainBook {
    /// @notice An order that rests: its owner, the next one at its tick, and its lots.
    struct Order {
        address owner;
        uint32 next;
        uint32 lots;
    }

    /// @notice The orders at a tick, oldest first.
    struct Level {
        uint32 head;
        uint32 tail;
    }

    /// @notice Cash in µUSDC and lots held.
    struct Account {
        int128 cash;
        int64 lots;
        uint64 trades;
    }

    error TickOutOfRange(uint24 tick);
    error InsufficientMargin(address account, int256 equity);

    event Traded(address indexed taker, address indexed maker, uint24 tick, uint32 lots);

    uint24 internal constant TICKS = 1 << 20;
    int256 internal constant UNIT = 500;
    int256 internal constant MARGIN_DIVISOR = 20;

    mapping(address owner => Account account) public accounts;
    mapping(uint32 id => Order order) public orders;
    mapping(uint24 tick => Level level) public levels;
    mapping(uint24 word => uint256 ticks) internal _map;
    uint24 public bid;
    uint24 public ask;
    uint32 public lastOrder;

    /// @notice Gives the sender play money.
    function fund(uint64 amount) external {
        accounts[msg.sender].cash += int128(uint128(amount));
    }

    /// @notice Takes what crosses, then lets the rest stand in the book, unless it is `immediate`.
    function place(bool sells, uint24 tick, uint32 lots, bool immediate) external {
        if (tick == 0 || tick >= TICKS) revert TickOutOfRange(tick);
        while (lots > 0) {
            uint24 best = sells ? bid : ask;
            if (best == 0 || (sells ? best < tick : best > tick)) break;
            lots = _fill(sells, best, lots);
        }
        _checkMargin(msg.sender, tick);
        if (lots > 0 && !immediate) _rest(sells, tick, lots);
    }

    /// @dev Trades with the oldest order at the best tick; returns what is left of `lots`.
    function _fill(bool sells, uint24 tick, uint32 lots) private returns (uint32) {
        Level storage level = levels[tick];
        uint32 id = level.head;
        Order storage order = orders[id];
        (address maker, uint32 next, uint32 found) = (order.owner, order.next, order.lots);
        uint32 traded = lots < found ? lots : found;
        int128 cost = int128(int256(uint256(tick)) * UNIT * int256(uint256(traded)));
        _move(msg.sender, sells ? cost : -cost, sells ? -int64(uint64(traded)) : int64(uint64(traded)));
        _move(maker, sells ? -cost : cost, sells ? int64(uint64(traded)) : -int64(uint64(traded)));
        _checkMargin(maker, tick);
        emit Traded(msg.sender, maker, tick, traded);
        if (traded < found) {
            order.lots = found - traded;
            return 0;
        }
        delete orders[id];
        level.head = next;
        if (next == 0) _empty(sells, tick);
        return lots - traded;
    }

    /// @dev Appends an order of the sender to its tick.
    function _rest(bool sells, uint24 tick, uint32 lots) private {
        uint32 id = ++lastOrder;
        orders[id] = Order(msg.sender, 0, lots);
        Level storage level = levels[tick];
        if (level.head == 0) {
            level.head = id;
            _map[tick >> 8] |= 1 << (tick & 255);
        } else {
            orders[level.tail].next = id;
        }
        level.tail = id;
        if (sells ? ask == 0 || tick < ask : tick > bid) {
            if (sells) ask = tick;
            else bid = tick;
        }
    }

    /// @dev Unmarks the best tick and finds the next one within 16 words; beyond them the side counts as empty.
    function _empty(bool sells, uint24 tick) private {
        delete levels[tick];
        uint24 word = tick >> 8;
        uint256 bits = _map[word] & ~(uint256(1) << (tick & 255));
        _map[word] = bits;
        bits = sells ? bits & ((1 << (tick & 255)) - 1) : (bits >> (tick & 255)) << (tick & 255);
        for (uint256 i = 0; i < 16 && bits == 0; ++i) {
            word = sells ? word - 1 : word + 1;
            bits = _map[word];
        }
        uint24 best = 0;
        if (bits != 0) best = (word << 8) | uint24(sells ? _highest(bits) : _highest(bits & (~bits + 1)));
        if (sells) bid = best;
        else ask = best;
    }

    function _move(address owner, int128 cash, int64 lots) private {
        Account storage account = accounts[owner];
        account.cash += cash;
        account.lots += lots;
        ++account.trades;
    }

    /// @dev Equity at this tick must cover a twentieth of the position.
    function _checkMargin(address owner, uint24 tick) private view {
        Account storage account = accounts[owner];
        int256 value = int256(account.lots) * int256(uint256(tick)) * UNIT;
        int256 equity = int256(account.cash) + value;
        if (equity < (value < 0 ? -value : value) / MARGIN_DIVISOR) revert InsufficientMargin(owner, equity);
    }

    function _highest(uint256 bits) private pure returns (uint256 index) {
        for (uint256 step = 128; step > 0; step >>= 1) {
            if (bits >> step != 0) {
                bits >>= step;
                index += step;
            }
        }
    }
}
