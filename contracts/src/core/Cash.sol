// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Frame, Frames} from "../steps/Frames.sol";
import {Hot} from "../types/Account.sol";
import {LeafKey} from "../types/LeafKey.sol";
import {Credit, Pools} from "../types/Market.sol";
import {FixedPoint} from "./FixedPoint.sol";
import {Layout} from "./Layout.sol";
import {Leaves} from "./Leaves.sol";
import {MarketLeaves} from "./MarketLeaves.sol";

/// @notice Cash of accounts and what is owed on it: interest, the sum of debts, the pools (docs/spec.md M-1, M-8).
/// @custom:twin rollup_node/core/cash.py
library Cash {
    using Frames for Frame;

    int256 internal constant INTEREST_PPM = 100_000;
    /// @dev Millionths times milliseconds of a year.
    int256 internal constant YEAR = 1_000_000 * 31_536_000_000;
    int256 internal constant MAX_CASH = int256(Layout.MAX_BALANCE);

    /// @notice Interest on negative cash, rounded up, cut so that cash stays within its bounds (M-8).
    function accruedInterest(int256 cash, uint256 sinceMs, uint256 timeMs) internal pure returns (int256) {
        if (cash >= 0) return 0;
        int256 interest = FixedPoint.divUp(-cash * INTEREST_PPM * (int256(timeMs) - int256(sinceMs)), YEAR);
        int256 room = MAX_CASH + cash;
        return interest < room ? interest : room;
    }

    /// @notice Add to the fees of the exchange; a negative amount never exceeds them.
    function addFees(Frame memory frame, int256 amount) internal pure {
        Pools memory pools = MarketLeaves.decodePools(frame.get(Layout.POOLS));
        pools.fees = _moved(pools.fees, amount);
        frame.put(Layout.POOLS, MarketLeaves.encodePools(pools));
    }

    /// @notice Add to the insurance fund of an underlying; a negative amount never exceeds it.
    function addInsurance(Frame memory frame, uint256 underlying, int256 amount) internal pure {
        Pools memory pools = MarketLeaves.decodePools(frame.get(Layout.POOLS));
        pools.insurance[underlying] = _moved(pools.insurance[underlying], amount);
        frame.put(Layout.POOLS, MarketLeaves.encodePools(pools));
    }

    /// @notice Write balances whose cash was `balances[0]`, and keep the sum of debts; what no real amount of money
    /// reaches goes to the fees, or adds to the deficit.
    function storeCash(Frame memory frame, uint256 account, int256[4] memory balances, int256 cash) internal pure {
        int256 before = balances[0];
        if (cash > MAX_CASH) {
            addFees(frame, cash - MAX_CASH);
            cash = MAX_CASH;
        }
        if (before < 0 || cash < 0) {
            Credit memory credit = MarketLeaves.decodeCredit(frame.get(Layout.CREDIT));
            if (cash < -MAX_CASH) {
                credit.deficit = _moved(credit.deficit, -(cash + MAX_CASH));
                cash = -MAX_CASH;
            }
            credit.borrowed = _moved(credit.borrowed, _debt(cash) - _debt(before));
            frame.put(Layout.CREDIT, MarketLeaves.encodeCredit(credit));
        }
        int256[4] memory stored = [cash, balances[1], balances[2], balances[3]];
        frame.put(Layout.balancesKey(account), Leaves.encodeBalances(stored));
    }

    /// @notice Let interest run from now on if cash was or is negative; changes `hot` (M-8).
    function markInterest(Hot memory hot, uint256 timeMs, int256 before, int256 after_) internal pure {
        if (before < 0 || after_ < 0) hot.interestMs = uint64(timeMs);
    }

    /// @notice Charge interest, then add `change` to cash; changes `hot`, which the caller writes.
    function changeCash(Frame memory frame, uint256 account, Hot memory hot, int256 change) internal pure {
        int256[4] memory balances = readBalances(frame, account);
        int256 before = balances[0];
        if (change == 0 && before >= 0) return;
        int256 interest = accruedInterest(before, hot.interestMs, frame.timeMs);
        if (interest != 0) addInsurance(frame, 0, interest);
        int256 after_ = before - interest + change;
        storeCash(frame, account, balances, after_);
        markInterest(hot, frame.timeMs, before, after_);
    }

    /// @notice Balances of an account, cash first; zeros if it has none.
    function readBalances(Frame memory frame, uint256 account) internal pure returns (int256[4] memory balances) {
        bytes memory value = frame.get(Layout.balancesKey(account));
        if (value.length != 0) balances = Leaves.decodeBalances(value);
    }

    function _debt(int256 cash) private pure returns (int256) {
        return cash < 0 ? -cash : int256(0);
    }

    function _moved(uint128 held, int256 amount) private pure returns (uint128) {
        return uint128(uint256(int256(uint256(held)) + amount));
    }
}
