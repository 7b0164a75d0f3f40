// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {LeafKey} from "../types/LeafKey.sol";

/// @notice Where things live in the state tree, and the limits of the state (docs/spec.md T-1, T-2, S).
/// @custom:twin rollup_node/core/layout.py
library Layout {
    uint256 internal constant REGION_BITS = 4;
    uint256 internal constant POSITION_BITS = 36;

    uint256 internal constant GLOBALS = 0;
    uint256 internal constant UNDERLYINGS = 1;
    uint256 internal constant SERIES = 2;
    uint256 internal constant LEVELS = 3;
    uint256 internal constant TICK_MAP = 4;
    uint256 internal constant ORDERS = 5;
    uint256 internal constant ACCOUNTS = 6;
    uint256 internal constant CLIENT_SLOTS = 7;
    uint256 internal constant OUTBOX = 8;
    uint256 internal constant TRIGGER_LEVELS = 9;
    uint256 internal constant TRIGGER_MAP = 10;

    uint256 internal constant GLOBALS_DEPTH = 12;
    uint256 internal constant ACCOUNTS_DEPTH = 31;
    uint256 internal constant OUTBOX_DEPTH = 36;
    /// @dev Depth of each region, one byte each; 0 for a missing one.
    uint256 private constant DEPTHS = 0x0c10131e181c1f21241e180000000000;

    LeafKey internal constant CURSOR = LeafKey.wrap(0);
    LeafKey internal constant PRICES = LeafKey.wrap(1);
    LeafKey internal constant ALLOCATORS = LeafKey.wrap(2);
    LeafKey internal constant POOLS = LeafKey.wrap(3);
    LeafKey internal constant TAKER = LeafKey.wrap(4);
    LeafKey internal constant TOTALS = LeafKey.wrap(5);
    LeafKey internal constant ASSETS_TABLE = LeafKey.wrap(6);
    LeafKey internal constant CREDIT = LeafKey.wrap(7);
    LeafKey internal constant PUBLISHERS = LeafKey.wrap(8);
    LeafKey internal constant REFRESH = LeafKey.wrap(9);
    LeafKey internal constant QUOTE = LeafKey.wrap(10);
    LeafKey internal constant SWEEP = LeafKey.wrap(11);
    LeafKey internal constant PRICE_TASK = LeafKey.wrap(12);
    LeafKey internal constant LEAVE_TASK = LeafKey.wrap(13);
    LeafKey internal constant LIQUIDATION_TASK = LeafKey.wrap(14);
    LeafKey internal constant RFQ = LeafKey.wrap(15);

    uint256 internal constant FIELDS_PER_ACCOUNT = 32;
    uint256 internal constant HOT_FIELD = 0;
    uint256 internal constant OWNER_FIELD = 1;
    uint256 internal constant COLD_FIELD = 2;
    uint256 internal constant BALANCES_FIELD = 3;
    uint256 internal constant SESSION_KEY_FIELD = 4;
    uint256 internal constant DIRECTORY_FIELD = 7;
    uint256 internal constant RISK_FIELD = 8;
    uint256 internal constant POSITIONS_FIELD = 16;

    uint256 internal constant SESSION_KEYS = 3;
    uint256 internal constant POSITION_LIMIT = 128;
    uint256 internal constant POSITIONS_PER_PAGE = 8;
    uint256 internal constant MAX_LOTS = (1 << 23) - 1;
    uint256 internal constant MAX_LOT_VALUE = (1 << 31) - 1;

    uint256 internal constant UNDERLYING_LIMIT = 8;
    uint256 internal constant LEAVES_PER_UNDERLYING = 64;
    uint256 internal constant SERIES_LIST_FIELD = 1;
    uint256 internal constant OPTION_RULES_FIELD = 2;
    uint256 internal constant OPTION_DATES_FIELD = 3;
    uint256 internal constant EXPIRY_FIELD = 16;
    uint256 internal constant EXPIRIES = 16;
    uint256 internal constant BOARD_FIELD = 32;
    uint256 internal constant GRID_FIELD = 48;
    uint256 internal constant SERIES_PER_UNDERLYING = 16;
    uint256 internal constant SERIES_LIMIT = 4096;
    uint256 internal constant FIELDS_PER_SERIES = 8;
    uint256 internal constant SERIES_RISK_FIELD = 2;
    uint256 internal constant SALES_FIELD = 3;

    /// @dev Series from here on are options: calls even, the put of the same strike one more.
    uint256 internal constant FIRST_OPTION = 2048;
    uint256 internal constant STRIKES_PER_EXPIRY = 32;
    uint256 internal constant STRIKE_LIMIT = 128;
    /// @dev Prices of the oracle, and strikes, are below this: µUSDC per unit.
    uint256 internal constant PRICE_LIMIT = 1 << 40;

    uint256 internal constant BOOK_LIMIT = 32;
    /// @dev Ticks of a linear series: 1 <= tick < TICK_LIMIT; 0 says that there is none.
    uint256 internal constant TICK_LIMIT = 1 << 20;
    uint256 internal constant OPTION_TICK_LIMIT = 1 << 14;
    /// @dev A book has 4,096 words of ticks, then 16 words over those, then 1 over these.
    uint256 internal constant MIDDLE_WORDS = 4096;
    uint256 internal constant TOP_WORD = 4112;
    uint256 internal constant ORDER_LIMIT = 1 << 24;
    /// @dev A combo has at most this many legs.
    uint256 internal constant RFQ_LEGS = 8;
    uint256 internal constant CLIENT_SLOT_LIMIT = 1024;
    uint256 internal constant SLOTS_PER_LEAF = 8;
    uint256 private constant TICK_BITS = 20;
    uint256 private constant WORDS_PER_BOOK_BITS = 13;
    uint256 private constant OPTION_TICK_BITS = 14;
    /// @dev The book of an option has 64 words of ticks, then 1 over those, then 1 over this.
    uint256 private constant OPTION_WORDS_BITS = 7;
    uint256 private constant OPTION_WORDS = 64;
    uint256 private constant CLIENT_SLOT_LEAVES_BITS = 7;

    /// @dev Accounts 1 <= id < ACCOUNTS_LIMIT exist in state; the bridge hands out 1 <= id < DEPOSIT_ACCOUNTS_LIMIT.
    uint256 internal constant ACCOUNTS_LIMIT = 1 << 22;
    uint256 internal constant DEPOSIT_ACCOUNTS_LIMIT = 1 << 21;
    uint256 internal constant ASSETS = 4;
    uint256 internal constant MAX_BALANCE = (1 << 95) - 1;
    uint256 internal constant TOTAL_LIMIT = 1 << 96;
    uint256 internal constant WITHDRAWALS_LIMIT = 1 << 31;
    uint256 internal constant NONCE_WINDOW = 192;
    uint256 internal constant NONCE_LEAD_MS = 86_400_000;

    /// @notice Key of the owner leaf of an account.
    function ownerKey(uint256 account) internal pure returns (LeafKey) {
        return _accountKey(account, OWNER_FIELD);
    }

    /// @notice Key of the balances leaf of an account.
    function balancesKey(uint256 account) internal pure returns (LeafKey) {
        return _accountKey(account, BALANCES_FIELD);
    }

    /// @notice Key of what trading touches of an account.
    function hotKey(uint256 account) internal pure returns (LeafKey) {
        return _accountKey(account, HOT_FIELD);
    }

    /// @notice Key of an account's guardian and protections.
    function coldKey(uint256 account) internal pure returns (LeafKey) {
        return _accountKey(account, COLD_FIELD);
    }

    /// @notice Key of session key 1 to 3 of an account.
    function sessionKeyKey(uint256 account, uint256 number) internal pure returns (LeafKey) {
        return _accountKey(account, SESSION_KEY_FIELD - 1 + number);
    }

    /// @notice Key of the series of an account's positions.
    function directoryKey(uint256 account) internal pure returns (LeafKey) {
        return _accountKey(account, DIRECTORY_FIELD);
    }

    /// @notice Key of an account's risk in an underlying < 8.
    function accountRiskKey(uint256 account, uint256 underlying) internal pure returns (LeafKey) {
        unchecked {
            return _accountKey(account, RISK_FIELD + underlying);
        }
    }

    /// @notice Key of the page that holds position `number` < 128.
    function positionsKey(uint256 account, uint256 number) internal pure returns (LeafKey) {
        unchecked {
            return _accountKey(account, POSITIONS_FIELD + number / POSITIONS_PER_PAGE);
        }
    }

    /// @notice Key of what the oracle said of an underlying.
    function underlyingKey(uint256 underlying) internal pure returns (LeafKey) {
        return _underlyingKey(underlying, 0);
    }

    /// @notice Key of the live series of an underlying.
    function seriesListKey(uint256 underlying) internal pure returns (LeafKey) {
        return _underlyingKey(underlying, SERIES_LIST_FIELD);
    }

    /// @notice Key of a settlement date, `expirySlot` < 16.
    function expiryKey(uint256 underlying, uint256 expirySlot) internal pure returns (LeafKey) {
        return _underlyingKey(underlying, EXPIRY_FIELD + expirySlot);
    }

    /// @notice Key of the settlement prices of a date.
    function gridKey(uint256 underlying, uint256 expirySlot) internal pure returns (LeafKey) {
        return _underlyingKey(underlying, GRID_FIELD + expirySlot);
    }

    /// @notice Key of what a series is.
    function termsKey(uint256 series) internal pure returns (LeafKey) {
        return _seriesKey(series, 0);
    }

    /// @notice Key of what changes of a series.
    function seriesKey(uint256 series) internal pure returns (LeafKey) {
        return _seriesKey(series, 1);
    }

    /// @notice Key of the risk array of a series.
    function seriesRiskKey(uint256 series) internal pure returns (LeafKey) {
        return _seriesKey(series, SERIES_RISK_FIELD);
    }

    /// @notice Key of the covered sales in a series.
    function salesKey(uint256 series) internal pure returns (LeafKey) {
        return _seriesKey(series, SALES_FIELD);
    }

    /// @notice Key of the rules of an underlying's options.
    function optionRulesKey(uint256 underlying) internal pure returns (LeafKey) {
        return _underlyingKey(underlying, OPTION_RULES_FIELD);
    }

    /// @notice Key of the dates that have strikes.
    function optionDatesKey(uint256 underlying) internal pure returns (LeafKey) {
        return _underlyingKey(underlying, OPTION_DATES_FIELD);
    }

    /// @notice Key of the strikes and volatilities of a date.
    function boardKey(uint256 underlying, uint256 expirySlot) internal pure returns (LeafKey) {
        return _underlyingKey(underlying, BOARD_FIELD + expirySlot);
    }

    /// @notice The first number that is no tick of a series.
    function tickLimit(uint256 series) internal pure returns (uint256) {
        return series >= FIRST_OPTION ? OPTION_TICK_LIMIT : TICK_LIMIT;
    }

    /// @notice Key of a price level, or of a trigger level.
    function levelKey(uint256 book, uint256 tick, bool triggers) internal pure returns (LeafKey) {
        uint256 bits = book >= FIRST_OPTION ? OPTION_TICK_BITS : TICK_BITS;
        return _key(triggers ? TRIGGER_LEVELS : LEVELS, (book << bits) + tick);
    }

    /// @notice Key of a word of a tick map: 0 to 4,112. The map of an option has no word between its 64 words of ticks and
    /// the two above them.
    function wordKey(uint256 book, uint256 word, bool triggers) internal pure returns (LeafKey) {
        uint256 region = triggers ? TRIGGER_MAP : TICK_MAP;
        if (book < FIRST_OPTION) return _key(region, (book << WORDS_PER_BOOK_BITS) + word);
        if (word >= MIDDLE_WORDS) word = word == TOP_WORD ? OPTION_WORDS + 1 : OPTION_WORDS;
        return _key(region, (book << OPTION_WORDS_BITS) + word);
    }

    /// @notice Key of an order slot, 1 <= slot < 2^24.
    function orderKey(uint256 slot) internal pure returns (LeafKey) {
        return _key(ORDERS, slot);
    }

    /// @notice Key of the client slots around `slot`, from 8 on.
    function clientSlotsKey(uint256 account, uint256 slot) internal pure returns (LeafKey) {
        return _key(CLIENT_SLOTS, (account << CLIENT_SLOT_LEAVES_BITS) + slot / SLOTS_PER_LEAF);
    }

    /// @notice Key of an outbox slot; `index < 2^32`.
    function outboxKey(uint256 index) internal pure returns (LeafKey) {
        return _key(OUTBOX, index);
    }

    /// @notice Depth and position of a key (T-2); depth 0 says that the key is not valid.
    function locate(LeafKey key) internal pure returns (uint256 depth, uint256 position) {
        uint256 depths = DEPTHS;
        assembly ("memory-safe") {
            let region := shr(32, key)
            depth := byte(add(region, 16), depths)
            position := shl(sub(POSITION_BITS, depth), and(key, 0xffffffff))
            if shr(32, position) { depth := 0 }
            position := mul(or(position, shl(32, region)), iszero(iszero(depth)))
        }
    }

    function _accountKey(uint256 account, uint256 field) private pure returns (LeafKey) {
        unchecked {
            return _key(ACCOUNTS, account * FIELDS_PER_ACCOUNT + field);
        }
    }

    function _seriesKey(uint256 series, uint256 field) private pure returns (LeafKey) {
        unchecked {
            return _key(SERIES, series * FIELDS_PER_SERIES + field);
        }
    }

    function _underlyingKey(uint256 underlying, uint256 field) private pure returns (LeafKey) {
        return _key(UNDERLYINGS, underlying * LEAVES_PER_UNDERLYING + field);
    }

    /// @dev Unchecked: numbers of accounts and series have at most 64 bits. The sum, as in the twin: an index beyond its region gives a key that is not valid, or of another region.
    function _key(uint256 region, uint256 index) private pure returns (LeafKey) {
        unchecked {
            return LeafKey.wrap(uint64((region << 32) + index));
        }
    }
}
