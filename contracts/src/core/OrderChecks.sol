// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Frame, Frames} from "../steps/Frames.sol";
import {Hot, Position, SessionKey} from "../types/Account.sol";
import {PriceRow, SeriesState, SeriesTerms} from "../types/Market.sol";
import {Reason} from "../types/Reason.sol";
import {Taker} from "../types/Task.sol";
import {AccountLeaves} from "./AccountLeaves.sol";
import {Flags} from "./Flags.sol";
import {Layout} from "./Layout.sol";
import {MarketLeaves} from "./MarketLeaves.sol";
import {OptionTerms} from "./OptionTerms.sol";
import {Positions} from "./Positions.sol";
import {Risk} from "./Risk.sol";
import {SlotTable} from "./SlotTable.sol";
import {Void} from "./Void.sol";

/// @notice What an order must be before it may touch the book (docs/spec.md O-2).
/// @custom:twin rollup_node/core/order_checks.py
library OrderChecks {
    using Frames for Frame;

    uint256 private constant PPM = 1_000_000;

    /// @notice Check an order by itself: BAD_ORDER, PRICE_OUT_OF_RANGE, EXPIRED.
    function checkShape(Taker memory taker, uint256 timeMs) internal pure returns (Reason) {
        uint256 kind = Flags.kindOf(taker.flags);
        uint256 inForce = Flags.timeInForceOf(taker.flags);
        bool immediate = inForce == Flags.IMMEDIATE_OR_CANCEL;
        if (inForce > Flags.IMMEDIATE_OR_CANCEL || Flags.selfTradeOf(taker.flags) > Flags.CANCEL_BOTH) {
            return Reason.BAD_ORDER;
        }
        if (taker.remaining == 0 || taker.slot >= Layout.CLIENT_SLOT_LIMIT) return Reason.BAD_ORDER;
        if ((taker.trigger != 0) != (kind >= Flags.STOP)) return Reason.BAD_ORDER;
        if (kind == Flags.MARKET && !immediate) return Reason.BAD_ORDER;
        if (taker.flags & Flags.POST_ONLY != 0 && (kind != Flags.LIMIT || immediate)) return Reason.BAD_ORDER;
        if ((taker.expiryAt != 0) != (inForce == Flags.GOOD_TILL_TIME)) return Reason.BAD_ORDER;
        if (!isTick(taker.tick, taker.series) || taker.trigger >= Layout.tickLimit(taker.series)) {
            return Reason.PRICE_OUT_OF_RANGE;
        }
        return Void.isOver(taker.expiryAt, timeMs) ? Reason.EXPIRED : Reason.OK;
    }

    /// @notice Whether a price is one of the ticks of the book of a series.
    function isTick(uint256 price, uint256 series) internal pure returns (bool) {
        return price != 0 && price < Layout.tickLimit(series);
    }

    /// @notice Check an order against its series and its session key.
    function checkMarket(Frame memory frame, Taker memory taker) internal pure returns (Reason reason) {
        if (taker.series == 0 || taker.series >= Layout.SERIES_LIMIT) return Reason.UNKNOWN_SERIES;
        bytes memory leaf = frame.get(Layout.termsKey(taker.series));
        if (leaf.length == 0) return Reason.UNKNOWN_SERIES;
        SeriesTerms memory terms = MarketLeaves.decodeSeriesTerms(leaf);
        SeriesState memory state = MarketLeaves.decodeSeriesState(frame.get(Layout.seriesKey(taker.series)));
        if (Void.isClosed(frame, terms, state)) return Reason.SERIES_CLOSED;
        PriceRow memory price = Risk.readPrices(frame).rows[terms.underlying];
        bool reduces = taker.flags & Flags.REDUCE_ONLY != 0;
        if (!reduces && (state.status == Void.REDUCE_ONLY || Risk.isRestricted(price, frame.timeMs))) {
            return Reason.REDUCE_ONLY;
        }
        if (terms.kind == Void.SPOT && (reduces || taker.trigger != 0)) return Reason.BAD_ORDER;
        if (terms.kind >= OptionTerms.CALL && taker.trigger != 0) return Reason.BAD_ORDER;
        uint256 notional = OptionTerms.notionalUsdc(terms, taker.remaining, taker.tick);
        reason = _checkKey(frame, taker, terms.underlying, notional);
        return reason == Reason.OK ? _checkLimits(taker, terms, state, notional) : reason;
    }

    /// @notice Whether a price is worse for its owner than mark (µUSDC per lot) and band allow; exact.
    function isOutOfBand(uint256 flags, uint256 tick, SeriesTerms memory terms, uint256 mark)
        internal
        pure
        returns (bool)
    {
        uint256 price = tick * terms.unit * PPM;
        uint256 band = OptionTerms.bandUsdc(terms, mark) * terms.bandPpm;
        return flags & Flags.SIDE != 0 ? price + band < mark * PPM : price > mark * PPM + band;
    }

    /// @notice Check an order against its account; keeps the generation of what it reduces in `taker`. A replacement
    /// has its client slot and its generation already.
    function checkAccount(Frame memory frame, Taker memory taker) internal pure returns (Reason reason) {
        Hot memory hot = Risk.readHot(frame, taker.account);
        reason = _checkStanding(frame, taker, hot);
        if (reason != Reason.OK || taker.origin == Flags.FROM_REPLACE) return reason;
        if (SlotTable.findClientOrder(frame, taker.account, hot, taker.slot) != 0) return Reason.SLOT_TAKEN;
        if (taker.flags & Flags.REDUCE_ONLY == 0) return Reason.OK;
        (, Position memory position) = Positions.findPosition(frame, taker.account, taker.series);
        if (Positions.closableLots(position, taker.flags & Flags.SIDE) == 0) return Reason.NO_POSITION;
        taker.generation = position.generation;
    }

    /// @dev The bounds of the session key, if one signed.
    function _checkKey(Frame memory frame, Taker memory taker, uint256 underlying, uint256 notional)
        private
        pure
        returns (Reason)
    {
        if (taker.key == 0) return Reason.OK;
        bytes memory leaf = frame.get(Layout.sessionKeyKey(taker.account, taker.key));
        SessionKey memory session = AccountLeaves.decodeSessionKey(leaf);
        if (notional > session.orderCap) return Reason.KEY_CAP;
        return session.markets >> underlying & 1 == 1 ? Reason.OK : Reason.KEY_MARKET;
    }

    /// @dev Size, fees and price.
    function _checkLimits(Taker memory taker, SeriesTerms memory terms, SeriesState memory state, uint256 notional)
        private
        pure
        returns (Reason)
    {
        if (taker.remaining > terms.maxOrderLots) return Reason.ABOVE_MAX_ORDER;
        if (notional < terms.minNotional && taker.flags & Flags.REDUCE_ONLY == 0) return Reason.BELOW_MIN_NOTIONAL;
        bool rests = taker.flags & Flags.POST_ONLY != 0 || taker.origin == Flags.FROM_REPLACE;
        if (int256(uint256(taker.feeCapPpm)) < terms.makerFeePpm) return Reason.FEE_ABOVE_CAP;
        if (taker.feeCapPpm < terms.takerFeePpm && !rests) return Reason.FEE_ABOVE_CAP;
        if (state.mark == 0) return Reason.STALE_PRICE;
        if (taker.trigger != 0) {
            // Stop buys and take-profit sells wait above all ticks that the mark saw, the others below (L-7).
            bool isAbove = (taker.flags ^ taker.flags >> 1) & Flags.SIDE == 0;
            bool waits = isAbove ? taker.trigger > state.high : taker.trigger < state.low;
            return waits ? Reason.OK : Reason.PRICE_OUT_OF_RANGE;
        }
        return isOutOfBand(taker.flags, taker.tick, terms, state.mark) ? Reason.PRICE_BAND : Reason.OK;
    }

    /// @dev Whether an account may trade at all, and in this series.
    function _checkStanding(Frame memory frame, Taker memory taker, Hot memory hot) private pure returns (Reason) {
        bool reduces = taker.flags & Flags.REDUCE_ONLY != 0;
        if (hot.flags & Flags.FROZEN != 0 && (!reduces || taker.key != 0)) return Reason.FROZEN;
        if (hot.flags & (reduces ? Flags.SALE : Flags.LIQUIDATING) != 0) return Reason.LIQUIDATING;
        if (Void.isDead(hot, frame.timeMs)) return Reason.EXPIRED;
        if (hot.flags & Flags.CHILD == 0) return Reason.OK;
        bytes memory cold = frame.get(Layout.coldKey(taker.account));
        bool isItsOnly = AccountLeaves.seriesOfCold(cold) == taker.series;
        return isItsOnly ? Reason.OK : Reason.KEY_MARKET;
    }
}
