// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Frame, Frames} from "../steps/Frames.sol";
import {Hot, Position, RiskRow} from "../types/Account.sol";
import {AssetTerms, Credit, Prices} from "../types/Market.sol";
import {Reason} from "../types/Reason.sol";
import {AccountLeaves} from "./AccountLeaves.sol";
import {Cash} from "./Cash.sol";
import {FixedPoint} from "./FixedPoint.sol";
import {Flags} from "./Flags.sol";
import {Layout} from "./Layout.sol";
import {MarketLeaves} from "./MarketLeaves.sol";
import {Market, Positions} from "./Positions.sol";
import {Risk} from "./Risk.sol";
import {Standings} from "./Standing.sol";

/// @notice What a fill leaves of one side: not written yet.
/// @param account Whose side it is.
/// @param hot Its hot leaf after the fill.
/// @param number Number of its position; `Positions.NONE` if it is new.
/// @param position The position after the fill.
/// @param amounts Balances before.
/// @param cash Cash after.
/// @param interest What it paid on negative cash.
/// @param fee What it paid; negative: a rebate.
/// @param change Change of the open interest.
/// @param held Balance of the asset of a spot series after.
/// @param eased How much equity less maintenance margin rose, which M-6 asks of a linear fill.
/// @param risk The risk leaf of the underlying after; empty unless the account is under portfolio margin.
struct Side {
    uint256 account;
    Hot hot;
    uint256 number;
    Position position;
    int256[4] amounts;
    int256 cash;
    int256 interest;
    int256 fee;
    int256 change;
    int256 held;
    int256 eased;
    bytes risk;
}

/// @notice Both sides of a fill: `weighSide` reads and decides, `settleSide` writes; a side that fails leaves nothing
/// behind (docs/spec.md M-2 to M-8).
/// @custom:twin rollup_node/core/fills.py
library Fills {
    using Frames for Frame;

    uint8 internal constant SPOT = 1;
    uint8 internal constant REDUCE_ONLY = 2;
    int256 private constant MAX_LOTS = int256(Layout.MAX_LOTS);

    /// @notice What `change` lots (signed, not 0) would leave of an account, or why not; its hot leaf has been read.
    function weighSide(Frame memory frame, Market memory market, uint256 account, int256 change, int256 fee)
        internal
        pure
        returns (Reason, Side memory side)
    {
        (side.account, side.hot, side.fee) = (account, Risk.readHot(frame, account), fee);
        Reason reason = market.terms.kind == SPOT
            ? _weighSpot(frame, market, side, change)
            : _weighLinear(frame, market, side, change);
        return (reason, side);
    }

    function _weighLinear(Frame memory frame, Market memory market, Side memory side, int256 change)
        private
        pure
        returns (Reason)
    {
        Position memory position;
        (side.number, position) = Positions.findPosition(frame, side.account, market.series);
        int256 lots = position.lots;
        int256 next = lots + change;
        bool shrinks = (next >= 0 && next < lots) || (next <= 0 && next > lots);
        if (market.restricted && !shrinks) return Reason.REDUCE_ONLY;
        if (next > MAX_LOTS || next < -MAX_LOTS) return Reason.POSITION_LIMIT;
        if (side.number == Positions.NONE && Positions.freeNumber(frame, side.account) == Positions.NONE) {
            return Reason.POSITION_LIMIT;
        }
        int256 gain;
        (side.position, gain) = Positions.applyFill(
            position, market.series, change, market.price, market.state.fundingIndex, Positions.nextGeneration(side.hot)
        );
        gain -= side.fee;
        _readCash(frame, side, gain);
        // Funding is settled before the fill, so it is no part of what the fill makes better or worse.
        gain -= lots * (int256(position.fundingIndex) - market.state.fundingIndex);
        if (!_passes(frame, market, side, position, gain)) return Reason.INSUFFICIENT_MARGIN;
        Cash.markInterest(side.hot, frame.timeMs, side.amounts[0], side.cash);
        side.change = (next > 0 ? next : int256(0)) - (lots > 0 ? lots : int256(0));
        return Reason.OK;
    }

    /// @dev Cash after interest and `gain`.
    function _readCash(Frame memory frame, Side memory side, int256 gain) private pure {
        side.amounts = Cash.readBalances(frame, side.account);
        side.interest = Cash.accruedInterest(side.amounts[0], side.hot.interestMs, frame.timeMs);
        side.cash = side.amounts[0] - side.interest + gain;
    }

    /// @dev Whether a side of a linear fill passes (M-6). Collateral is the same before and after, so only the first way
    /// needs it, and only if neither cash nor the second way does.
    function _passes(Frame memory frame, Market memory market, Side memory side, Position memory position, int256 gain)
        private
        pure
        returns (bool)
    {
        RiskRow memory row;
        (row, side.risk) = Positions.replaceContribution(frame, side.account, side.hot, market, position, side.position);
        bool reduces = _reduces(frame, market, side, row, gain);
        Positions.setRow(side.hot, market.terms.underlying, row);
        if (market.restricted || reduces) return reduces;
        (int256 value, int256 initial) = Risk.sumMargins(side.hot, market.prices);
        int256 free = side.cash + value - initial;
        return free >= 0
            || (Risk.hasCollateral(side.amounts) && free + Risk.readCollateral(frame, side.amounts, market.prices) >= 0);
    }

    /// @dev Whether a fill that leaves `row` passes by the second way of M-6. The hot leaf is that before.
    function _reduces(Frame memory frame, Market memory market, Side memory side, RiskRow memory row, int256 gain)
        private
        pure
        returns (bool)
    {
        RiskRow memory old = side.hot.rows[market.terms.underlying];
        int256 released = int256(uint256(old.maintenance)) - int256(uint256(row.maintenance));
        int256 given = old.value - row.value - gain;
        side.eased = released - given;
        if (released < 0 || side.eased < 0) return false;
        if (given <= 0) return true;
        int256[4] memory amounts = [side.cash, side.amounts[1], side.amounts[2], side.amounts[3]];
        return mayGive(frame, side.hot, amounts, market.prices, gain, given, released);
    }

    /// @notice Whether an account may give away equity for the maintenance it releases: who covers the maintenance may; who
    /// does not may give the part of the release that equity covers, so equity / MM does not fall and nobody hands what the
    /// insurance would have to pay to an accomplice. The fund gives what it must. The asset terms are read if cash does
    /// not cover the maintenance.
    /// @param hot The hot leaf before.
    /// @param amounts Balances after; the cash before them was less by `gain`.
    /// @param given At most `released`.
    function mayGive(
        Frame memory frame,
        Hot memory hot,
        int256[4] memory amounts,
        Prices memory prices,
        int256 gain,
        int256 given,
        int256 released
    ) internal pure returns (bool) {
        if (hot.flags & Flags.FUND != 0) return true;
        int256 maintenance = int256(Risk.maintenanceMargin(hot));
        (int256 equity,) = Risk.sumMargins(hot, prices);
        equity += amounts[0] - gain;
        if (equity >= maintenance) return true;
        equity += Risk.readCollateral(frame, amounts, prices);
        return given * maintenance <= released * (equity > 0 ? equity : int256(0));
    }

    /// @dev Exchanges an asset for cash (M-6, M-8).
    function _weighSpot(Frame memory frame, Market memory market, Side memory side, int256 change)
        private
        pure
        returns (Reason)
    {
        if (market.restricted) return Reason.REDUCE_ONLY;
        _readCash(frame, side, -change * market.price - side.fee);
        AssetTerms memory assets = Risk.readAssets(frame);
        uint256 asset = market.terms.asset;
        uint256 lot = FixedPoint.divDown(10 ** uint256(assets.rows[asset].exponent), market.terms.lotsPerUnit);
        side.held = side.amounts[asset] + change * int256(lot);
        if (side.held < 0) return Reason.INSUFFICIENT_BALANCE;
        if (side.held > int256(Layout.MAX_BALANCE)) return Reason.BALANCE_OVERFLOW;
        int256[4] memory changed = [side.amounts[0], side.amounts[1], side.amounts[2], side.amounts[3]];
        changed[asset] = side.held;
        int256 counted = Risk.collateralUsdc(changed, assets, market.prices);
        int256 settled = side.amounts[0] - side.interest;
        if (_isOverLimit(frame, settled, side.cash, side.amounts[0], counted)) return Reason.BORROW_LIMIT;
        (int256 value, int256 initial) = Risk.sumMargins(side.hot, market.prices);
        bool isPoor = side.cash + counted + value < initial
            && side.cash + counted < settled + Risk.collateralUsdc(side.amounts, assets, market.prices);
        if (isPoor) return Reason.INSUFFICIENT_MARGIN;
        uint256 underlying = market.terms.underlying;
        Positions.setRow(side.hot, underlying, side.hot.rows[underlying]);
        Cash.markInterest(side.hot, frame.timeMs, side.amounts[0], side.cash);
        return Reason.OK;
    }

    /// @dev Whether a voluntary step borrows too much (M-8). `settled` is the cash after interest, `stored` the one the
    /// credit leaf counts, `cash` what the step leaves. Reads credit if cash becomes negative or more so.
    function _isOverLimit(Frame memory frame, int256 settled, int256 cash, int256 stored, int256 collateral)
        private
        pure
        returns (bool)
    {
        if (cash >= 0 || cash >= settled) return false;
        if (-2 * cash > collateral) return true;
        Credit memory credit = MarketLeaves.decodeCredit(frame.get(Layout.CREDIT));
        int256 borrowed = int256(uint256(credit.borrowed)) - cash - (stored < 0 ? -stored : int256(0));
        return borrowed > int256(uint256(credit.borrowCap));
    }

    /// @notice Charge the side of a protocol order, at most what M-6 leaves it; its rate is its fee cap (L-2, M-3). The
    /// version stays: whoever reduces an account for sale must not make a bid for it miss (L-4).
    function chargeProtocol(Side memory side, int256 fee, uint256 timeMs) internal pure {
        int256 limit = side.eased > 0 ? side.eased : int256(0);
        side.fee = fee < limit ? fee : limit;
        side.cash -= side.fee;
        Cash.markInterest(side.hot, timeMs, side.amounts[0], side.cash);
        side.hot.version = uint32(uint256(side.hot.version) + type(uint32).max);
    }

    /// @notice Write one side of a fill: position or asset, cash, hot leaf, risk leaf.
    function settleSide(Frame memory frame, Market memory market, Side memory side) internal pure {
        if (market.terms.kind == SPOT) {
            side.amounts[market.terms.asset] = side.held;
        } else {
            Positions.storePosition(frame, side.account, side.number, side.position);
        }
        Cash.storeCash(frame, side.account, side.amounts, side.cash);
        frame.put(Layout.hotKey(side.account), AccountLeaves.encodeHot(side.hot));
        if (side.cash < 0 && market.terms.kind != SPOT) {
            Standings.noteInsurer(frame, side.account, side.hot, market.terms.underlying);
        }
        if (side.risk.length != 0) {
            frame.put(Layout.accountRiskKey(side.account, market.terms.underlying), side.risk);
        }
    }
}
