// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {BitMaps} from "@openzeppelin/contracts/utils/structs/BitMaps.sol";

import {AccountLeaves} from "./core/AccountLeaves.sol";
import {Deadline} from "./core/Deadline.sol";
import {Delayed, Deposit} from "./core/Delayed.sol";
import {ExitClaims} from "./core/ExitClaims.sol";
import {Layout} from "./core/Layout.sol";
import {Leaves} from "./core/Leaves.sol";
import {MarketLeaves} from "./core/MarketLeaves.sol";
import {Standings} from "./core/Standing.sol";
import {Assertion, IAssertionChain} from "./interfaces/IAssertionChain.sol";
import {IBridge} from "./interfaces/IBridge.sol";
import {IExitMode} from "./interfaces/IExitMode.sol";
import {IInbox} from "./interfaces/IInbox.sol";
import {InboxHash} from "./proof/InboxHash.sol";
import {Multiproof, TableLeaf} from "./proof/Multiproof.sol";
import {StateProof} from "./proof/StateProof.sol";
import {Directory, Position, Positions} from "./types/Account.sol";
import {AssetRate, ExitBooks, ExitClaim, SeriesMark} from "./types/Exit.sol";
import {DelayedMessage, ItemHeader, MessageKind} from "./types/Inputs.sol";
import {LeafKey} from "./types/LeafKey.sol";
import {SeriesState} from "./types/Market.sol";

/// @title The way out when nobody confirms any more
/// @dev Promises: IExitMode. Rules: docs/spec.md E-1 to E-9. Invariants: docs/invariants.md E-1 to E-7. It holds no
/// money: it tells the bridge whom to pay, after it has noted that nobody is paid for the same thing again.
contract ExitMode is IExitMode {
    using BitMaps for BitMaps.BitMap;

    /// @dev Sums of times stay below 2^40.
    uint64 internal constant MAX_PERIOD_SECONDS = 1 << 31;

    /// @inheritdoc IExitMode
    address public immutable INBOX;
    /// @inheritdoc IExitMode
    address public immutable BRIDGE;
    /// @inheritdoc IExitMode
    address public immutable ASSERTION_CHAIN;
    /// @inheritdoc IExitMode
    uint64 public immutable EXIT_AFTER_SECONDS;
    /// @inheritdoc IExitMode
    uint64 public immutable EXIT_CLAIM_SECONDS;
    /// @dev How far `minTime` of a header lies before its block.
    uint64 private immutable _MAX_PAST_SECONDS;

    /// @inheritdoc IExitMode
    uint64 public enteredAt;
    /// @inheritdoc IExitMode
    uint64 public claimUntil;
    /// @inheritdoc IExitMode
    bytes32 public stateRoot;
    ExitBooks private _books;
    AssetRate[4] private _rates;
    mapping(uint256 series => SeriesMark mark) private _marks;
    mapping(uint256 account => ExitClaim claim) private _claims;
    mapping(uint256 account => uint128[4] amounts) private _paid;
    /// @dev Bit `messageIndex`.
    BitMaps.BitMap private _returned;

    modifier onlyEntered() {
        if (enteredAt == 0) revert NotEntered();
        _;
    }

    /// @dev The inbox and the bridge are deployed before, the assertion chain after: it checks the period and this address.
    constructor(
        address inbox,
        address bridge,
        address assertionChain,
        uint64 exitAfterSeconds,
        uint64 exitClaimSeconds
    ) {
        if (IInbox(inbox).BRIDGE() != bridge) {
            revert InvalidParameter("bridge", uint160(bridge));
        }
        if (IBridge(bridge).INBOX() != inbox) revert InvalidParameter("inbox", uint160(inbox));
        if (IBridge(bridge).EXIT_MODE() != address(this)) revert InvalidParameter("bridge", uint160(bridge));
        if (IBridge(bridge).ASSERTION_CHAIN() != assertionChain) {
            revert InvalidParameter("assertionChain", uint160(assertionChain));
        }
        if (exitAfterSeconds == 0 || exitAfterSeconds > MAX_PERIOD_SECONDS) {
            revert InvalidParameter("exitAfterSeconds", exitAfterSeconds);
        }
        if (exitClaimSeconds == 0 || exitClaimSeconds > MAX_PERIOD_SECONDS) {
            revert InvalidParameter("exitClaimSeconds", exitClaimSeconds);
        }
        uint64 maxPastSeconds = IInbox(inbox).MAX_PAST_SECONDS();
        // From here on no header is clamped at 0 (I-5), so its age is exact.
        if (!Deadline.reached(block.timestamp, 0, maxPastSeconds)) {
            revert InvalidParameter("maxPastSeconds", maxPastSeconds);
        }
        INBOX = inbox;
        BRIDGE = bridge;
        ASSERTION_CHAIN = assertionChain;
        EXIT_AFTER_SECONDS = exitAfterSeconds;
        EXIT_CLAIM_SECONDS = exitClaimSeconds;
        _MAX_PAST_SECONDS = maxPastSeconds;
    }

    /// @inheritdoc IExitMode
    function enter(ItemHeader calldata oldest) external {
        if (enteredAt != 0) revert AlreadyEntered(enteredAt);
        bytes32 assertionId = IAssertionChain(ASSERTION_CHAIN).latestConfirmed();
        Assertion memory last = IAssertionChain(ASSERTION_CHAIN).assertion(assertionId);
        if (last.item >= IInbox(INBOX).count()) revert NothingUnconfirmed(last.item);
        bytes32 expected = IInbox(INBOX).accumulator(uint256(last.item) + 1);
        bytes32 actual = InboxHash.nextAccumulator(IInbox(INBOX).accumulator(last.item), oldest);
        if (actual != expected) revert WrongItem(last.item, expected, actual);
        uint256 postedAt = uint256(oldest.minTime) + _MAX_PAST_SECONDS;
        if (!Deadline.reached(block.timestamp, postedAt, EXIT_AFTER_SECONDS)) {
            revert TooEarly(postedAt + EXIT_AFTER_SECONDS);
        }
        enteredAt = uint64(block.timestamp);
        claimUntil = enteredAt + EXIT_CLAIM_SECONDS;
        stateRoot = last.afterStateRoot;
        emit ExitModeEntered(assertionId, last.afterStateRoot, last.item, msg.sender);
    }

    /// @inheritdoc IExitMode
    function proveTotals(bytes calldata prices, bytes calldata totals, bytes calldata assets, bytes calldata siblings)
        external
        onlyEntered
    {
        if (_books.isProven) revert AlreadyProven();
        TableLeaf[] memory leaves = new TableLeaf[](3);
        leaves[0] = Multiproof.tableLeaf(Layout.PRICES, prices);
        leaves[1] = Multiproof.tableLeaf(Layout.TOTALS, totals);
        leaves[2] = Multiproof.tableLeaf(Layout.ASSETS_TABLE, assets);
        _checkLeaves(leaves, siblings);
        uint96[4] memory pool = Leaves.decodeAmounts(totals);
        AssetRate[4] memory rates =
            ExitClaims.ratesOf(MarketLeaves.decodeAssetTerms(assets), MarketLeaves.decodePrices(prices));
        for (uint256 asset = 0; asset < Layout.ASSETS; ++asset) {
            _books.pool[asset] = pool[asset];
            _books.left[asset] = pool[asset];
            _rates[asset] = rates[asset];
        }
        _books.isProven = true;
        _books.hasMarkets = prices.length != 0;
        emit TotalsProven(pool, prices.length != 0);
    }

    /// @inheritdoc IExitMode
    function proveMarks(uint16[] calldata series, bytes[] calldata states, bytes calldata siblings)
        external
        onlyEntered
    {
        uint256 count = series.length;
        if (count == 0 || states.length != count) revert WrongLeafCount(states.length, count);
        TableLeaf[] memory leaves = new TableLeaf[](count);
        for (uint256 i = 0; i < count; ++i) {
            if (i != 0 && series[i] <= series[i - 1]) revert SeriesOutOfOrder(series[i]);
            leaves[i] = Multiproof.tableLeaf(Layout.seriesKey(series[i]), states[i]);
            SeriesState memory state = MarketLeaves.decodeSeriesState(states[i]);
            _marks[series[i]] = SeriesMark(true, state.mark, state.fundingIndex);
            emit MarkProven(series[i], state.mark, state.fundingIndex);
        }
        _checkLeaves(leaves, siblings);
    }

    /// @inheritdoc IExitMode
    function proveClaim(uint32 account, bytes[] calldata values, bytes calldata siblings) external onlyEntered {
        // Beyond the limit several account numbers share one key, and each would have a claim of its own.
        if (account >= Layout.ACCOUNTS_LIMIT) revert UnknownAccount(account);
        if (!_books.isProven) revert TotalsNotProven();
        if (_claims[account].owner != address(0)) revert AlreadyClaimed(account);
        int256 worth = _openAccount(account, values, siblings);
        if (values[0].length == 0) revert UnknownAccount(account);
        address owner = Leaves.decodeOwner(values[0]).owner;
        int256[4] memory balances = Leaves.decodeBalances(values[1]);
        worth += balances[0];
        uint256[4] memory amounts = [uint256(0), uint256(balances[1]), uint256(balances[2]), uint256(balances[3])];
        if (worth < 0) _cover(uint256(-worth), amounts);
        else amounts[0] = _isClosed() ? ExitClaims.cutLate(_books, uint256(worth)) : uint256(worth);
        // The fund is what is behind everybody else's claims.
        if (owner == Standings.FUND_OWNER) delete amounts;
        ExitClaim storage claim = _claims[account];
        claim.owner = owner;
        for (uint256 asset = 0; asset < Layout.ASSETS; ++asset) {
            claim.amounts[asset] = uint128(amounts[asset]);
        }
        _books.claimed += uint128(amounts[0]);
        emit ClaimProven(account, owner, worth, claim.amounts);
    }

    /// @inheritdoc IExitMode
    function pay(uint32 account, uint8 asset) external {
        if (asset >= Layout.ASSETS) revert UnknownAsset(asset);
        ExitClaim storage claim = _claims[account];
        address owner = claim.owner;
        if (owner == address(0)) revert NotClaimed(account);
        if (asset == 0 && !_isShared()) revert TooEarly(claimUntil);
        uint256 amount = due(account, asset) - _paid[account][asset];
        if (amount == 0) revert NothingToPay(account, asset);
        _paid[account][asset] += uint128(amount);
        _books.left[asset] -= uint128(amount);
        emit ClaimPaid(account, owner, asset, amount);
        IBridge(BRIDGE).payExit(asset, owner, uint96(amount));
    }

    /// @inheritdoc IExitMode
    function returnDeposit(
        uint256 messageIndex,
        DelayedMessage calldata message,
        bytes calldata cursor,
        bytes32[] calldata cursorBranch
    ) external onlyEntered {
        if (_returned.get(messageIndex)) revert AlreadyReturned(messageIndex);
        _checkLeaf(Layout.CURSOR, cursor, cursorBranch);
        uint256 consumed = Leaves.decodeCursor(cursor).delayed;
        if (messageIndex < consumed) revert AlreadyConsumed(messageIndex, consumed);
        _checkMessage(messageIndex, message);
        if (message.kind != MessageKind.DEPOSIT) revert NotADeposit(messageIndex);
        (bool ok, Deposit memory deposit) = Delayed.decodeDeposit(message.body);
        if (!ok) revert NotADeposit(messageIndex);
        _returned.set(messageIndex);
        emit DepositReturned(messageIndex, message.sender, deposit.asset, deposit.amount);
        IBridge(BRIDGE).payExit(deposit.asset, message.sender, deposit.amount);
    }

    /// @inheritdoc IExitMode
    function books() external view returns (ExitBooks memory) {
        return _books;
    }

    /// @inheritdoc IExitMode
    function markOf(uint16 series) external view returns (SeriesMark memory) {
        return _marks[series];
    }

    /// @inheritdoc IExitMode
    function claimOf(uint32 account) external view returns (ExitClaim memory) {
        return _claims[account];
    }

    /// @inheritdoc IExitMode
    function paid(uint32 account, uint8 asset) external view returns (uint256) {
        return _paid[account][asset];
    }

    /// @inheritdoc IExitMode
    function isReturned(uint256 messageIndex) external view returns (bool) {
        return _returned.get(messageIndex);
    }

    /// @inheritdoc IExitMode
    function entered() external view returns (bool) {
        return enteredAt != 0;
    }

    /// @inheritdoc IExitMode
    function due(uint32 account, uint8 asset) public view returns (uint256) {
        ExitClaim storage claim = _claims[account];
        if (asset == 0) return _isShared() ? ExitClaims.dueUsdc(_books, claim.amounts[0]) : 0;
        uint256 share = _isShared() ? ExitClaims.dueSeized(_books, claim.amounts[0], asset) : 0;
        return claim.amounts[asset] + share;
    }

    /// @dev Take out of `amounts` what covers a debt; after the window nobody is left to share it with, and it stays.
    function _cover(uint256 debt, uint256[4] memory amounts) private {
        AssetRate[4] memory rates = _rates;
        (uint256 covered, uint256[4] memory seized) = ExitClaims.seize(debt, amounts, rates);
        if (covered == 0 || _isClosed()) return;
        _books.covered += uint128(covered);
        for (uint256 asset = 1; asset < Layout.ASSETS; ++asset) {
            _books.seized[asset] += uint128(seized[asset]);
        }
    }

    /// @dev Whether claims are no longer counted.
    function _isClosed() private view returns (bool) {
        return Deadline.reached(block.timestamp, claimUntil, 0);
    }

    /// @dev Whether it is known what USDC claims get: all are counted, or nothing can be short.
    function _isShared() private view returns (bool) {
        return _books.isProven && (!_books.hasMarkets || _isClosed());
    }

    /// @dev Opens owner, balances, directory and every page of positions of an account; returns what the positions are
    /// worth. A page that the directory does not name is all zero (S-17).
    function _openAccount(uint32 account, bytes[] calldata values, bytes calldata siblings)
        private
        view
        returns (int256 worth)
    {
        uint256 count = values.length;
        if (count < 3) revert WrongLeafCount(count, 3);
        TableLeaf[] memory leaves = new TableLeaf[](count);
        leaves[0] = Multiproof.tableLeaf(Layout.ownerKey(account), values[0]);
        leaves[1] = Multiproof.tableLeaf(Layout.balancesKey(account), values[1]);
        leaves[2] = Multiproof.tableLeaf(Layout.directoryKey(account), values[2]);
        Directory memory directory = AccountLeaves.decodeDirectory(values[2]);
        uint256 next = 3;
        for (uint256 number = 0; number < Layout.POSITION_LIMIT; number += Layout.POSITIONS_PER_PAGE) {
            if (ExitClaims.isPageFree(directory, number)) continue;
            if (next == count) revert WrongLeafCount(count, next + 1);
            leaves[next] = Multiproof.tableLeaf(Layout.positionsKey(account, number), values[next]);
            worth += _valuePage(AccountLeaves.decodePositions(values[next]));
            ++next;
        }
        if (next != count) revert WrongLeafCount(count, next);
        _checkLeaves(leaves, siblings);
    }

    /// @dev What the positions of a page are worth; each needs the mark of its series.
    function _valuePage(Positions memory page) private view returns (int256 worth) {
        for (uint256 i = 0; i < Layout.POSITIONS_PER_PAGE; ++i) {
            Position memory position = page.rows[i];
            if (position.lots == 0) continue;
            SeriesMark memory series = _marks[position.series];
            if (!series.isProven) revert MarkNotProven(position.series);
            worth += ExitClaims.valueOf(position, series);
        }
    }

    /// @dev The exit state holds these leaves.
    function _checkLeaves(TableLeaf[] memory leaves, bytes calldata siblings) private view {
        (bytes32 actual,) = Multiproof.fold(leaves, siblings);
        if (actual != stateRoot) revert LeafMismatch(stateRoot, actual);
    }

    /// @dev The exit state holds `value` under `key`.
    function _checkLeaf(LeafKey key, bytes calldata value, bytes32[] calldata branch) private view {
        bytes32 actual = StateProof.rootOf(key, value, branch);
        if (actual != stateRoot) revert LeafMismatch(stateRoot, actual);
    }

    /// @dev The inbox received `message` as number `messageIndex` (I-6); it reverts if it has none of that number.
    function _checkMessage(uint256 messageIndex, DelayedMessage calldata message) private view {
        bytes32 before = IInbox(INBOX).delayedAccumulator(messageIndex);
        bytes32 expected = IInbox(INBOX).delayedAccumulator(messageIndex + 1);
        bytes32 hash = InboxHash.messageHash(message.kind, message.sender, message.timestamp, message.body);
        bytes32 actual = InboxHash.nextDelayedAccumulator(before, hash);
        if (actual != expected) revert WrongMessage(messageIndex, expected, actual);
    }
}
