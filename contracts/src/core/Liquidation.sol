// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Frame, Frames} from "../steps/Frames.sol";
import {Cold, Hot, Position} from "../types/Account.sol";
import {Phase} from "../types/Family.sol";
import {SeriesState, SeriesTerms} from "../types/Market.sol";
import {Reason} from "../types/Reason.sol";
import {LiquidationTask, SweepTask, Taker} from "../types/Task.sol";
import {AccountLeaves} from "./AccountLeaves.sol";
import {FixedPoint} from "./FixedPoint.sol";
import {Flags} from "./Flags.sol";
import {Layout} from "./Layout.sol";
import {MarketLeaves} from "./MarketLeaves.sol";
import {OptionTerms} from "./OptionTerms.sol";
import {Positions} from "./Positions.sol";
import {Refresh} from "./Refresh.sol";
import {Risk} from "./Risk.sol";
import {Standing, Standings} from "./Standing.sol";
import {TaskLeaves} from "./TaskLeaves.sol";
import {Void} from "./Void.sol";

/// @notice The liquidation of an account: its orders go, then one position shrinks a little per call (docs/spec.md L-1,
/// L-2).
/// @custom:twin rollup_node/core/liquidation.py
library Liquidation {
    using Frames for Frame;

    /// @dev An account that nothing reduces for so long is for sale.
    uint256 internal constant IDLE_MS = 60_000;
    /// @dev One call reduces a fifth of a position, or this much of it if that is more.
    uint256 internal constant REDUCE_DIVISOR = 5;
    uint256 internal constant REDUCE_USDC = 10_000_000_000;
    int256 internal constant MAX_FEE_PPM = 10_000;

    int256 private constant PPM = 1_000_000;
    uint256 private constant REDUCE_FLAGS =
        Flags.IMMEDIATE_OR_CANCEL << 3 | Flags.REDUCE_ONLY | Flags.CANCEL_OLDEST << 7;

    /// @notice Begin to liquidate an account, or go on; anyone may.
    function applyLiquidate(Frame memory frame, uint32 account, uint16 series) internal pure returns (Reason) {
        if (!Standings.isAccount(account)) return Reason.UNKNOWN_ACCOUNT;
        Hot memory hot = Risk.readHot(frame, account);
        bool isCurrent = Risk.isCurrent(hot, Risk.readPrices(frame));
        frame.get(Layout.LIQUIDATION_TASK);
        LiquidationTask memory task = LiquidationTask(account, series, 0);
        if (isCurrent) return _judge(frame, task);
        frame.put(Layout.LIQUIDATION_TASK, TaskLeaves.encodeLiquidationTask(task));
        Refresh.beginRefresh(frame, account, Phase.LIQUIDATE);
        return Reason.OK;
    }

    /// @notice Go on with the liquidation in flight: its account is current, as nothing interleaves.
    function liquidate(Frame memory frame) internal pure returns (Reason) {
        return _judge(frame, TaskLeaves.decodeLiquidationTask(frame.get(Layout.LIQUIDATION_TASK)));
    }

    /// @notice How far from the mark a lot may trade (µUSDC), and the fee rate on top (ppm): dYdX's fillable price, and
    /// both together at most the part of the maintenance of a lot that equity covers (L-2). `equity < maintenance`.
    function computeConcession(int256 mark, int256 perLot, int256 equity, int256 maintenance)
        internal
        pure
        returns (int256 discount, int256 feePpm)
    {
        if (equity <= 0) return (0, 0);
        int256 room = FixedPoint.divDown(perLot * equity, maintenance);
        discount = FixedPoint.divDown(3 * perLot * (maintenance - equity), 2 * maintenance);
        if (discount > room) discount = room;
        feePpm = FixedPoint.divDown((room - discount) * PPM, mark + discount);
        if (feePpm > MAX_FEE_PPM) feePpm = MAX_FEE_PPM;
    }

    function _judge(Frame memory frame, LiquidationTask memory task) private pure returns (Reason) {
        frame.phase = Phase.IDLE;
        Hot memory hot = Risk.readHot(frame, task.account);
        (Reason reason, Standing memory standing) = Standings.weighAccount(frame, task.account, hot);
        if (reason != Reason.OK) return reason;
        Cold memory cold = Standings.readCold(frame, task.account);
        if (task.reduced != 0) {
            _finish(frame, task.account, hot, cold, standing);
            return Reason.OK;
        }
        if (hot.flags & Flags.FUND == 0) {
            if (standing.equity >= standing.maintenance) {
                Standings.release(frame, task.account, hot, cold);
                return Reason.NOT_LIQUIDATABLE;
            }
            _mark(frame, task.account, hot, cold, standing);
        }
        if (hot.slotMap == 0) return Risk.isPortfolio(hot) ? Reason.OK : _reduce(frame, task, hot, standing);
        frame.put(Layout.LIQUIDATION_TASK, TaskLeaves.encodeLiquidationTask(task));
        beginSweep(frame, task.account, Phase.LIQUIDATE);
        return Reason.OK;
    }

    /// @notice Let the next steps be those of a sweep of all orders of an account.
    function beginSweep(Frame memory frame, uint32 account, uint8 resume) internal pure {
        frame.get(Layout.SWEEP);
        SweepTask memory task = SweepTask(account, 0, 0, 0, uint8(Reason.LIQUIDATING), resume);
        frame.put(Layout.SWEEP, TaskLeaves.encodeSweepTask(task));
        frame.phase = Phase.SWEEP;
    }

    /// @dev Notes that an account is in liquidation, and since when it is for sale (L-1, L-3).
    function _mark(Frame memory frame, uint32 account, Hot memory hot, Cold memory cold, Standing memory standing)
        private
        pure
    {
        if (hot.flags & Flags.LIQUIDATING == 0) (cold.liquidatedMs, cold.auctionMs) = (frame.timeMs, 0);
        // The legs of a hedge are not reduced one by one: it is sold as a whole.
        bool isDeep = Risk.isPortfolio(hot) || 3 * standing.equity < 2 * standing.maintenance;
        bool isIdle = frame.timeMs >= uint256(cold.liquidatedMs) + IDLE_MS;
        if (cold.auctionMs == 0 && (isDeep || isIdle)) cold.auctionMs = frame.timeMs;
        hot.flags |= uint8(cold.auctionMs != 0 ? Flags.LIQUIDATING | Flags.SALE : Flags.LIQUIDATING);
        frame.put(Layout.hotKey(account), AccountLeaves.encodeHot(hot));
        frame.put(Layout.coldKey(account), AccountLeaves.encodeCold(cold));
    }

    /// @dev Ends a call: who is cured is free, a fill is noted, the fund settles its accounts.
    function _finish(Frame memory frame, uint32 account, Hot memory hot, Cold memory cold, Standing memory standing)
        private
        pure
    {
        if (hot.flags & Flags.FUND != 0) {
            Standings.settleFund(frame, account, hot, cold, standing);
            frame.put(Layout.hotKey(account), AccountLeaves.encodeHot(hot));
            return;
        }
        if (standing.equity >= standing.maintenance) {
            Standings.release(frame, account, hot, cold);
            return;
        }
        if (TaskLeaves.decodeTaker(frame.get(Layout.TAKER)).filled == 0) return;
        cold.liquidatedMs = frame.timeMs;
        frame.put(Layout.coldKey(account), AccountLeaves.encodeCold(cold));
    }

    /// @dev Lets the protocol reduce one position, of a linear series (L-2).
    function _reduce(Frame memory frame, LiquidationTask memory task, Hot memory hot, Standing memory standing)
        private
        pure
        returns (Reason)
    {
        if (task.series == 0 || task.series >= Layout.SERIES_LIMIT) return Reason.UNKNOWN_SERIES;
        bytes memory leaf = frame.get(Layout.termsKey(task.series));
        if (leaf.length == 0) return Reason.UNKNOWN_SERIES;
        SeriesTerms memory terms = MarketLeaves.decodeSeriesTerms(leaf);
        if (terms.kind >= OptionTerms.CALL) return Reason.SERIES_CLOSED;
        SeriesState memory state = MarketLeaves.decodeSeriesState(frame.get(Layout.seriesKey(task.series)));
        if (Void.isClosed(frame, terms, state) || state.mark == 0) return Reason.SERIES_CLOSED;
        (uint256 number, Position memory position) = Positions.findPosition(frame, task.account, task.series);
        if (number == Positions.NONE) return Reason.NO_POSITION;
        frame.get(Layout.TAKER);
        frame.get(Layout.LIQUIDATION_TASK);
        task.reduced = 1;
        frame.put(Layout.LIQUIDATION_TASK, TaskLeaves.encodeLiquidationTask(task));
        Taker memory taker = _makeOrder(position, terms, state, hot, standing);
        taker.account = task.account;
        frame.put(Layout.TAKER, TaskLeaves.encodeTaker(taker));
        frame.phase = Phase.TAKE;
        return Reason.OK;
    }

    /// @dev The protocol order that reduces a position at the fillable price.
    function _makeOrder(
        Position memory position,
        SeriesTerms memory terms,
        SeriesState memory state,
        Hot memory hot,
        Standing memory standing
    ) private pure returns (Taker memory taker) {
        bool isLong = position.lots > 0;
        uint256 size = uint256(isLong ? int256(position.lots) : -int256(position.lots));
        int256 mark = int256(uint256(state.mark));
        int256 discount = int256(uint256(state.maintenance));
        int256 feePpm = 0;
        if (hot.flags & Flags.FUND == 0) {
            (discount, feePpm) = computeConcession(mark, discount, standing.equity, standing.maintenance);
        }
        uint256 unit = terms.unit;
        uint256 tick = isLong
            ? FixedPoint.divUp(uint256(mark - discount), unit)
            : FixedPoint.divDown(uint256(mark + discount), unit);
        if (isLong && tick == 0) tick = 1;
        (taker.series, taker.tick, taker.remaining) = (position.series, uint32(tick), _lotsOf(size, state.mark));
        taker.flags = uint16(REDUCE_FLAGS | (isLong ? Flags.SIDE : 0));
        (taker.feeCapPpm, taker.generation) = (uint16(uint256(feePpm)), position.generation);
        (taker.origin, taker.resume) = (Flags.FROM_PROTOCOL, Phase.LIQUIDATE);
    }

    /// @dev A fifth of a position, or 10,000 USD of it if that is more.
    function _lotsOf(uint256 size, uint256 mark) private pure returns (uint32) {
        uint256 lots = FixedPoint.divUp(size, REDUCE_DIVISOR);
        uint256 least = FixedPoint.divDown(REDUCE_USDC, mark);
        if (lots < least) lots = least;
        return uint32(lots < size ? lots : size);
    }
}
