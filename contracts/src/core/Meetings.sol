// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Meeting} from "../interfaces/IFillSteps.sol";
import {Frame, Frames} from "../steps/Frames.sol";
import {Cold, Hot, Position, ProtectionRow} from "../types/Account.sol";
import {Order} from "../types/Book.sol";
import {Pools, PriceRow} from "../types/Market.sol";
import {Reason} from "../types/Reason.sol";
import {SweepTask, Taker} from "../types/Task.sol";
import {AccountLeaves} from "./AccountLeaves.sol";
import {Cash} from "./Cash.sol";
import {Fills, Side} from "./Fills.sol";
import {Flags} from "./Flags.sol";
import {Layout} from "./Layout.sol";
import {MarketLeaves} from "./MarketLeaves.sol";
import {OptionTerms} from "./OptionTerms.sol";
import {Market, Positions} from "./Positions.sol";
import {Risk} from "./Risk.sol";
import {Sweeps} from "./Sweeps.sol";
import {TaskLeaves} from "./TaskLeaves.sol";

/// @notice The order in flight meets a maker, the head of the best level or a covered sale: both sides are weighed before anything moves
/// (docs/spec.md O-7 (5), M-2 to M-8, K-5).
/// @custom:twin rollup_node/core/matching.py _meet
library Meetings {
    using Frames for Frame;

    uint8 private constant SERIES_REDUCE_ONLY = 2;
    uint8 private constant SWEEP_UNDERLYING = 1;

    /// @notice Fill the order in flight against one maker, if both sides may. A protocol order has a fee of its own and
    /// earns the maker no rebate.
    function meet(Frame memory frame, Order memory order, bool isSale)
        internal
        pure
        returns (Meeting, Reason, uint256 lots)
    {
        Taker memory taker = TaskLeaves.decodeTaker(frame.get(Layout.TAKER));
        Market memory market = _readMarket(frame, taker, order.tick);
        bool isProtocol = taker.origin == Flags.FROM_PROTOCOL;
        if (taker.feeCapPpm < market.terms.takerFeePpm && !isProtocol) {
            return (Meeting.TAKER_ENDS, Reason.FEE_ABOVE_CAP, 0);
        }
        lots = _matchingLots(frame, taker, order);
        if (lots == 0) return (Meeting.TAKER_ENDS, Reason.NO_POSITION, 0);
        int256 change = taker.flags & Flags.SIDE != 0 ? -int256(lots) : int256(lots);
        int256 rate = isProtocol ? int256(0) : int256(uint256(market.terms.takerFeePpm));
        int256 fee = OptionTerms.computeFee(market.terms, lots, market.price, rate);
        (Reason refusal, Side memory taking) = Fills.weighSide(frame, market, taker.account, change, fee);
        if (refusal != Reason.OK) return (Meeting.TAKER_ENDS, refusal, 0);
        rate = market.terms.makerFeePpm;
        if (int256(uint256(order.feeCapPpm)) < rate) return (Meeting.MAKER_LEAVES, Reason.MAKER_VOID, 0);
        if (isProtocol && rate < 0) rate = 0;
        fee = OptionTerms.computeFee(market.terms, lots, market.price, rate);
        (Reason failure, Side memory making) = Fills.weighSide(frame, market, order.account, -change, fee);
        if (failure != Reason.OK) return (Meeting.MAKER_LEAVES, _failMaker(frame, market, order, failure), 0);
        if (_isOverCap(market, taking.change + making.change)) {
            return (Meeting.TAKER_ENDS, Reason.OPEN_INTEREST_CAP, 0);
        }
        if (isProtocol) {
            fee = OptionTerms.computeFee(market.terms, lots, market.price, int256(uint256(taker.feeCapPpm)));
            Fills.chargeProtocol(taking, fee, frame.timeMs);
        }
        _settle(frame, market, taking, making, isProtocol);
        _countFill(frame, taker, lots);
        if (!isSale) _protect(frame, order.account, market.terms.underlying, lots);
        return (Meeting.FILLED, Reason.OK, lots);
    }

    /// @dev All leaves of this have been read before, in the order of O-7. Liquidations do not wait for a jump (M-6).
    function _readMarket(Frame memory frame, Taker memory taker, uint256 tick)
        private
        pure
        returns (Market memory market)
    {
        market.series = taker.series;
        market.terms = MarketLeaves.decodeSeriesTerms(frame.get(Layout.termsKey(taker.series)));
        market.state = MarketLeaves.decodeSeriesState(frame.get(Layout.seriesKey(taker.series)));
        market.price = int256(tick * market.terms.unit);
        market.prices = Risk.readPrices(frame);
        PriceRow memory price = market.prices.rows[market.terms.underlying];
        bool isWaiting = price.pending != 0 && taker.origin != Flags.FROM_PROTOCOL;
        market.restricted =
            market.state.status == SERIES_REDUCE_ONLY || isWaiting || Risk.isOutdated(price, frame.timeMs);
    }

    /// @dev The smaller quantity; a reduce-only order has at most what closes (O-7 (5)). 0 if the taker has nothing to
    /// close; the maker has, or it were void.
    function _matchingLots(Frame memory frame, Taker memory taker, Order memory order)
        private
        pure
        returns (uint256 lots)
    {
        lots = taker.remaining < order.remaining ? taker.remaining : order.remaining;
        if (taker.flags & Flags.REDUCE_ONLY != 0) {
            lots = _closable(frame, taker.account, taker.series, taker.flags, taker.generation, lots);
        }
        if (order.flags & Flags.REDUCE_ONLY != 0) {
            lots = _closable(frame, order.account, order.series, order.flags, order.generation, lots);
        }
    }

    /// @dev How many of `lots` a reduce-only order may close: none of a newer position.
    function _closable(
        Frame memory frame,
        uint256 account,
        uint256 series,
        uint256 flags,
        uint256 generation,
        uint256 lots
    ) private pure returns (uint256) {
        (, Position memory position) = Positions.findPosition(frame, account, series);
        if (position.generation != generation) return 0;
        uint256 closable = Positions.closableLots(position, flags & Flags.SIDE);
        return closable < lots ? closable : lots;
    }

    /// @dev Whether the open interest would grow beyond its cap (M-6).
    function _isOverCap(Market memory market, int256 grown) private pure returns (bool) {
        return
            grown > 0
                && int256(uint256(market.state.openInterest)) + grown > int256(uint256(market.terms.openInterestCap));
    }

    /// @dev A maker that cannot pay forfeits the reserve of its order; otherwise it keeps it (O-7 (5)).
    function _failMaker(Frame memory frame, Market memory market, Order memory order, Reason reason)
        private
        pure
        returns (Reason)
    {
        bool isPoor = reason == Reason.INSUFFICIENT_MARGIN || reason == Reason.INSUFFICIENT_BALANCE
            || reason == Reason.BORROW_LIMIT;
        if (!isPoor) return Reason.MAKER_VOID;
        if (order.reserve != 0) {
            int256 reserve = int256(uint256(order.reserve));
            Cash.addInsurance(frame, market.terms.underlying, reserve);
            Hot memory hot = Risk.readHot(frame, order.account);
            Cash.changeCash(frame, order.account, hot, -reserve);
            frame.put(Layout.hotKey(order.account), AccountLeaves.encodeHot(hot));
        }
        return Reason.MAKER_FAILED;
    }

    /// @dev Writes both sides, what the exchange earns, and the open interest (M-2, M-3, M-8).
    function _settle(Frame memory frame, Market memory market, Side memory taking, Side memory making, bool isProtocol)
        private
        pure
    {
        Fills.settleSide(frame, market, taking);
        Fills.settleSide(frame, market, making);
        Pools memory pools = MarketLeaves.decodePools(frame.get(Layout.POOLS));
        pools.insurance[0] = _plus(pools.insurance[0], taking.interest + making.interest);
        uint256 underlying = market.terms.underlying;
        if (isProtocol) pools.insurance[underlying] = _plus(pools.insurance[underlying], taking.fee);
        pools.fees = _plus(pools.fees, isProtocol ? making.fee : taking.fee + making.fee);
        frame.put(Layout.POOLS, MarketLeaves.encodePools(pools));
        int256 grown = taking.change + making.change;
        if (grown == 0) return;
        market.state.openInterest = uint32(uint256(int256(uint256(market.state.openInterest)) + grown));
        frame.put(Layout.seriesKey(market.series), MarketLeaves.encodeSeriesState(market.state));
    }

    function _plus(uint128 pool, int256 amount) private pure returns (uint128) {
        return uint128(uint256(int256(uint256(pool)) + amount));
    }

    /// @dev Takes the lots of a fill off the order in flight, which is done when nothing remains.
    function _countFill(Frame memory frame, Taker memory taker, uint256 lots) private pure {
        taker.remaining -= uint32(lots);
        taker.makers += 1;
        taker.filled += uint32(lots);
        frame.put(Layout.TAKER, TaskLeaves.encodeTaker(taker));
        if (taker.remaining == 0) frame.phase = taker.resume;
    }

    /// @dev Counts the lots of a maker with protection; beyond its limit its orders are swept first (K-5).
    function _protect(Frame memory frame, uint32 account, uint256 underlying, uint256 lots) private pure {
        if (Risk.readHot(frame, account).protected >> underlying & 1 == 0) return;
        Cold memory cold = AccountLeaves.decodeCold(frame.get(Layout.coldKey(account)));
        ProtectionRow memory row = cold.protections[underlying];
        int256 elapsed = int256(uint256(frame.timeMs)) - int256(uint256(row.startedMs));
        if (elapsed >= int256(uint256(row.windowMs))) (row.startedMs, row.filled) = (frame.timeMs, 0);
        uint256 filled = uint256(row.filled) + lots;
        row.filled = filled < type(uint32).max ? uint32(filled) : type(uint32).max;
        if (filled > row.limit) {
            SweepTask memory sweep =
                SweepTask(account, SWEEP_UNDERLYING, uint16(underlying), 0, uint8(Reason.PROTECTED), frame.phase);
            Sweeps.beginSweep(frame, sweep);
            (row.startedMs, row.filled) = (0, 0);
        }
        frame.put(Layout.coldKey(account), AccountLeaves.encodeCold(cold));
    }
}
