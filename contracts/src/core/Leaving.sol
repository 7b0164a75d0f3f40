// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Frame, Frames} from "../steps/Frames.sol";
import {Hot} from "../types/Account.sol";
import {Phase} from "../types/Family.sol";
import {LeafKey} from "../types/LeafKey.sol";
import {AssetTerms, Credit, Prices} from "../types/Market.sol";
import {Reason} from "../types/Reason.sol";
import {Allocators, Withdrawal} from "../types/State.sol";
import {LeaveTask} from "../types/Task.sol";
import {AccountLeaves} from "./AccountLeaves.sol";
import {Cash} from "./Cash.sol";
import {FixedPoint} from "./FixedPoint.sol";
import {Layout} from "./Layout.sol";
import {Leaves} from "./Leaves.sol";
import {MarketLeaves} from "./MarketLeaves.sol";
import {Records} from "./Records.sol";
import {Refresh} from "./Refresh.sol";
import {Risk} from "./Risk.sol";
import {TaskLeaves} from "./TaskLeaves.sol";

/// @notice What the outbox, custody and credit are before an amount leaves for L1, and what of it is paid.
struct WayOut {
    Allocators allocators;
    uint96[4] totals;
    Credit credit;
    uint256 paid;
}

/// @notice What leaves an account, by transfer or withdrawal: down to its initial margin, not further (docs/spec.md M-9).
/// @custom:twin rollup_node/core/leaving.py
library Leaving {
    using Frames for Frame;

    uint8 private constant FROZEN_FLAGS = 1 | 8;
    uint8 private constant LIQUIDATING_FLAG = 2;

    /// @notice Go on with the transfer or withdrawal whose account was refreshed.
    function goOn(Frame memory frame) internal pure returns (Reason) {
        LeaveTask memory task = TaskLeaves.decodeLeaveTask(frame.get(Layout.LEAVE_TASK));
        frame.phase = Phase.IDLE;
        return task.kind == Records.TRANSFER ? leaveToAccount(frame, task) : leaveToL1(frame, task);
    }

    /// @notice Move an amount between two accounts; the transfer passed its static checks (X-8.4).
    function leaveToAccount(Frame memory frame, LeaveTask memory task) internal pure returns (Reason) {
        (Reason reason, bool traded, Hot memory hot, Prices memory prices) = _enter(frame, task);
        if (reason != Reason.OK) return reason;
        uint256 recipient = uint160(task.target);
        int256[4] memory paid = Cash.readBalances(frame, task.account);
        bytes memory leaf = frame.get(Layout.balancesKey(recipient));
        if (leaf.length == 0) return Reason.UNKNOWN_RECIPIENT;
        int256[4] memory received = Leaves.decodeBalances(leaf);
        int256 amount = int256(uint256(task.amount));
        if (paid[task.asset] < amount) return Reason.INSUFFICIENT_BALANCE;
        if (received[task.asset] + amount > Cash.MAX_CASH) return Reason.BALANCE_OVERFLOW;
        paid[task.asset] -= amount;
        if (traded) reason = checkLeaving(frame, hot, paid, prices);
        if (reason != Reason.OK) return reason;
        frame.put(Layout.balancesKey(task.account), Leaves.encodeBalances(paid));
        creditBalance(frame, recipient, received, task.asset, amount);
        return Reason.OK;
    }

    /// @notice Move an amount to the outbox; the withdrawal passed its static checks (X-8.4).
    function leaveToL1(Frame memory frame, LeaveTask memory task) internal pure returns (Reason) {
        (Reason reason, bool traded, Hot memory hot, Prices memory prices) = _enter(frame, task);
        if (reason != Reason.OK) return reason;
        int256[4] memory left = Cash.readBalances(frame, task.account);
        if (left[task.asset] < int256(uint256(task.amount))) return Reason.INSUFFICIENT_BALANCE;
        WayOut memory wayOut;
        (reason, wayOut) = findWayOut(frame, task.asset, task.amount);
        if (reason != Reason.OK) return reason;
        left[task.asset] -= int256(uint256(task.amount));
        if (traded) reason = checkLeaving(frame, hot, left, prices);
        if (reason != Reason.OK) return reason;
        frame.put(Layout.balancesKey(task.account), Leaves.encodeBalances(left));
        goOut(frame, wayOut, Withdrawal(task.account, task.asset, task.amount, task.target));
        return Reason.OK;
    }

    /// @notice How an amount may leave for L1, or why not (X-8.4, M-9).
    function findWayOut(Frame memory frame, uint256 asset, uint256 amount)
        internal
        pure
        returns (Reason, WayOut memory wayOut)
    {
        wayOut.allocators = Leaves.decodeAllocators(frame.get(Layout.ALLOCATORS));
        if (wayOut.allocators.outboxNext >= Layout.WITHDRAWALS_LIMIT) return (Reason.OUTBOX_FULL, wayOut);
        wayOut.totals = Leaves.decodeAmounts(frame.get(Layout.TOTALS));
        if (asset == 0) wayOut.credit = MarketLeaves.decodeCredit(frame.get(Layout.CREDIT));
        wayOut.paid = shareOfCustody(wayOut.totals[asset], wayOut.credit.deficit, amount);
        return (wayOut.paid == 0 ? Reason.INSUFFICIENT_BALANCE : Reason.OK, wayOut);
    }

    /// @notice Write the withdrawal with what is paid of its amount; the rest lowers the deficit (S-4, M-9).
    function goOut(Frame memory frame, WayOut memory wayOut, Withdrawal memory wanted) internal pure {
        if (wayOut.paid < wanted.amount) {
            wayOut.credit.deficit -= uint128(wanted.amount - wayOut.paid);
            frame.put(Layout.CREDIT, MarketLeaves.encodeCredit(wayOut.credit));
        }
        Allocators memory allocators = wayOut.allocators;
        LeafKey slot = Layout.outboxKey(allocators.outboxNext);
        frame.get(slot);
        wayOut.totals[wanted.asset] -= uint96(wayOut.paid);
        frame.put(Layout.TOTALS, Leaves.encodeAmounts(wayOut.totals));
        wanted.amount = uint96(wayOut.paid);
        frame.put(slot, Leaves.encodeWithdrawal(wanted));
        allocators.outboxNext += 1;
        frame.put(Layout.ALLOCATORS, Leaves.encodeAllocators(allocators));
    }

    /// @notice Check that an account may be left with `left` (M-9).
    function checkLeaving(Frame memory frame, Hot memory hot, int256[4] memory left, Prices memory prices)
        internal
        pure
        returns (Reason)
    {
        for (uint256 i = 0; i < Risk.ROWS; ++i) {
            if (hot.rows[i].positions != 0 && Risk.isRestricted(prices.rows[i], frame.timeMs)) {
                return Reason.STALE_PRICE;
            }
        }
        int256 cash = left[0];
        (int256 value, int256 initial) = Risk.sumMargins(hot, prices);
        int256 free = cash + value - initial - int256(uint256(hot.reserve))
            - Cash.accruedInterest(cash, hot.interestMs, frame.timeMs);
        if (free >= 0 && cash >= 0) return Reason.OK;
        int256 collateral = 0;
        if (Risk.hasCollateral(left)) {
            AssetTerms memory assets = Risk.readAssets(frame);
            if (_isAnyRestricted(left, assets, prices, frame.timeMs)) return Reason.STALE_PRICE;
            collateral = Risk.collateralUsdc(left, assets, prices);
        }
        if (-2 * cash > collateral) return Reason.BORROW_LIMIT;
        return free + collateral >= 0 ? Reason.OK : Reason.INSUFFICIENT_MARGIN;
    }

    /// @notice Add to a balance that was read and does not overflow; repays debt, after its interest (M-8).
    function creditBalance(Frame memory frame, uint256 account, int256[4] memory amounts, uint256 asset, int256 amount)
        internal
        pure
    {
        if (asset != 0 || amounts[0] >= 0) {
            amounts[asset] += amount;
            frame.put(Layout.balancesKey(account), Leaves.encodeBalances(amounts));
            return;
        }
        Hot memory hot = Risk.readHot(frame, account);
        Cash.changeCash(frame, account, hot, amount);
        frame.put(Layout.hotKey(account), AccountLeaves.encodeHot(hot));
    }

    /// @notice Whether the flags of an account let nothing leave because it is frozen (K-4).
    function isFrozen(Hot memory hot) internal pure returns (bool) {
        return hot.flags & FROZEN_FLAGS != 0;
    }

    /// @notice What is paid for `amount`: its share if there is a deficit, 0 if it cannot leave; rounded down (M-9).
    function shareOfCustody(uint256 custody, uint256 deficit, uint256 amount) internal pure returns (uint256) {
        if (amount > custody + deficit) return 0;
        return deficit == 0 ? amount : FixedPoint.divDown(amount * custody, custody + deficit);
    }

    /// @dev Reads who wants to leave; refreshes it first if it is stale. An account that never traded has no hot leaf
    /// and no margin: `traded` is false.
    function _enter(Frame memory frame, LeaveTask memory task)
        private
        pure
        returns (Reason reason, bool traded, Hot memory hot, Prices memory prices)
    {
        bytes memory leaf = frame.get(Layout.hotKey(task.account));
        if (leaf.length == 0) return (Reason.OK, false, hot, prices);
        traded = true;
        hot = AccountLeaves.decodeHot(leaf);
        if (isFrozen(hot)) return (Reason.FROZEN, traded, hot, prices);
        if (hot.flags & LIQUIDATING_FLAG != 0) return (Reason.LIQUIDATING, traded, hot, prices);
        prices = Risk.readPrices(frame);
        if (Risk.isCurrent(hot, prices)) return (Reason.OK, traded, hot, prices);
        frame.get(Layout.LEAVE_TASK);
        frame.put(Layout.LEAVE_TASK, TaskLeaves.encodeLeaveTask(task));
        Refresh.beginRefresh(frame, task.account, Phase.LEAVE);
        return (Reason.REFRESH, traded, hot, prices);
    }

    /// @dev Whether the price of any asset held as collateral is too old, or drifts, to leave.
    function _isAnyRestricted(int256[4] memory left, AssetTerms memory assets, Prices memory prices, uint256 timeMs)
        private
        pure
        returns (bool)
    {
        for (uint256 i = 1; i < Layout.ASSETS; ++i) {
            uint256 underlying = assets.rows[i].underlying;
            if (left[i] == 0 || underlying >= Layout.UNDERLYING_LIMIT) continue;
            if (Risk.isRestricted(prices.rows[underlying], timeMs)) return true;
        }
        return false;
    }
}
