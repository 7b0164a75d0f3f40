// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Frame, Frames} from "../steps/Frames.sol";
import {LeafKey} from "../types/LeafKey.sol";
import {Expiry, Prices} from "../types/Market.sol";
import {Board} from "../types/Option.sol";
import {Reason} from "../types/Reason.sol";
import {SurfaceReport} from "../types/Records.sol";
import {SurfaceNode, SurfaceReason} from "../types/Surface.sol";
import {FixedPoint} from "./FixedPoint.sol";
import {Layout} from "./Layout.sol";
import {MarketLeaves} from "./MarketLeaves.sol";
import {OptionLeaves} from "./OptionLeaves.sol";
import {PriceRules} from "./PriceRules.sol";
import {Surface} from "./Surface.sol";

/// @notice The volatilities of a date, as the publishers say them (docs/spec.md V-13).
/// @custom:twin rollup_node/core/surfaces.py
library Surfaces {
    using Frames for Frame;

    /// @dev A reprice is due when the volatility at the forward moved by more than one point, a wad.
    uint256 internal constant TRIGGER = 10 ** 16;
    int256 private constant MS = 1000;

    /// @notice Take forward and volatilities of a date; they count from the next reprice.
    function applySurfaceReport(
        Frame memory frame,
        SurfaceReport memory report,
        address[] memory signers,
        uint256 clockMs
    ) internal pure returns (Reason reason) {
        reason = PriceRules.checkSigners(frame, signers);
        if (reason != Reason.OK) return reason;
        if (report.underlying >= Layout.UNDERLYING_LIMIT || report.expirySlot >= Layout.EXPIRIES) {
            return Reason.UNKNOWN_UNDERLYING;
        }
        bytes memory oracle = frame.get(Layout.underlyingKey(report.underlying));
        if (MarketLeaves.decodeUnderlying(oracle).status != PriceRules.OPEN) return Reason.UNKNOWN_UNDERLYING;
        Prices memory prices = MarketLeaves.decodePrices(frame.get(Layout.PRICES));
        LeafKey key = Layout.expiryKey(report.underlying, report.expirySlot);
        Expiry memory expiry = MarketLeaves.decodeExpiry(frame.get(key));
        SurfaceNode[] memory smile = _readSmile(report);
        reason = _checkReport(frame, report, expiry, prices.rows[report.underlying].indexPrice, clockMs);
        if (reason != Reason.OK) return reason;
        if (Surface.checkNodes(smile) != SurfaceReason.OK) return Reason.BAD_PARAMETERS;
        LeafKey boardKey = Layout.boardKey(report.underlying, report.expirySlot);
        Board memory board = OptionLeaves.decodeBoard(frame.get(boardKey));
        int256 leftMs = _leftMs(frame, expiry.expiryAt);
        if (Surface.checkButterfly(smile, uint256(leftMs)) != SurfaceReason.OK) return Reason.ARBITRAGE_BUTTERFLY;
        if (!_hasCalendar(frame, report.underlying, smile, leftMs)) return Reason.ARBITRAGE_CALENDAR;
        (expiry.forward, expiry.round) = (report.difference, report.round);
        frame.put(key, MarketLeaves.encodeExpiry(expiry));
        if (_hasMoved(board, smile)) PriceRules.hastenReprice(frame, report.underlying, prices);
        board.surfaceMs = report.timeMs;
        for (uint256 i = 0; i < OptionLeaves.NODES; ++i) {
            board.nodes[i] = smile[i];
        }
        frame.put(boardKey, OptionLeaves.encodeBoard(board));
        return Reason.OK;
    }

    function _readSmile(SurfaceReport memory report) private pure returns (SurfaceNode[] memory smile) {
        smile = new SurfaceNode[](OptionLeaves.NODES);
        for (uint256 i = 0; i < OptionLeaves.NODES; ++i) {
            uint256 node = report.nodes[i];
            smile[i] = SurfaceNode(int24(uint24(node >> 16)), uint16(node));
        }
    }

    /// @dev Time and ranges of a report.
    function _checkReport(
        Frame memory frame,
        SurfaceReport memory report,
        Expiry memory expiry,
        uint256 index,
        uint256 clockMs
    ) private pure returns (Reason) {
        if (_leftMs(frame, expiry.expiryAt) <= 0) return Reason.EXPIRED;
        if (report.round <= expiry.round) return Reason.OLD_ROUND;
        bool isItsOwn = report.expiry == expiry.expiryAt;
        if (!isItsOwn || !PriceRules.isTimely(clockMs, report.timeMs)) return Reason.BAD_TIME;
        int256 difference = report.difference;
        uint256 size = uint256(difference < 0 ? -difference : difference);
        bool isFar = size > FixedPoint.divDown(index, PriceRules.FORWARD_DIVISOR);
        return index == 0 || isFar ? Reason.BAD_PRICE : Reason.OK;
    }

    /// @dev Whether total variance grows from the date before to this one, and to the next. A neighbour that is over or
    /// has no volatilities does not count.
    function _hasCalendar(Frame memory frame, uint256 underlying, SurfaceNode[] memory smile, int256 leftMs)
        private
        pure
        returns (bool isSound)
    {
        (uint256 before, uint256 next) = (Layout.EXPIRIES, Layout.EXPIRIES);
        (int256 beforeMs, int256 nextMs) = (int256(0), type(int256).max);
        for (uint256 slot = 0; slot < Layout.EXPIRIES; ++slot) {
            bytes memory leaf = frame.get(Layout.expiryKey(underlying, slot));
            int256 otherMs = _leftMs(frame, MarketLeaves.expiryAtOf(leaf));
            if (otherMs < leftMs && otherMs > beforeMs) (before, beforeMs) = (slot, otherMs);
            if (otherMs > leftMs && otherMs < nextMs) (next, nextMs) = (slot, otherMs);
        }
        isSound = true;
        if (before != Layout.EXPIRIES) {
            SurfaceNode[] memory earlier = _readNodes(frame, underlying, before);
            if (earlier.length != 0) isSound = _grows(earlier, beforeMs, smile, leftMs);
        }
        if (next != Layout.EXPIRIES) {
            SurfaceNode[] memory later = _readNodes(frame, underlying, next);
            if (later.length != 0) isSound = isSound && _grows(smile, leftMs, later, nextMs);
        }
    }

    function _grows(SurfaceNode[] memory earlier, int256 earlierMs, SurfaceNode[] memory later, int256 laterMs)
        private
        pure
        returns (bool)
    {
        SurfaceReason found = Surface.checkCalendar(earlier, uint256(earlierMs), later, uint256(laterMs));
        return found == SurfaceReason.OK;
    }

    function _readNodes(Frame memory frame, uint256 underlying, uint256 slot)
        private
        pure
        returns (SurfaceNode[] memory)
    {
        return OptionLeaves.smileOf(OptionLeaves.decodeBoard(frame.get(Layout.boardKey(underlying, slot))));
    }

    function _leftMs(Frame memory frame, uint256 expiryAt) private pure returns (int256) {
        return int256(expiryAt) * MS - int256(uint256(frame.timeMs));
    }

    /// @dev Whether the volatility at the forward is another than the marks rest on.
    function _hasMoved(Board memory board, SurfaceNode[] memory smile) private pure returns (bool) {
        if (board.surfaceMs == 0) return true;
        uint256 now_ = FixedPoint.sqrtDown(Surface.interpolateVariance(smile, 0));
        uint256 then = FixedPoint.sqrtDown(Surface.interpolateVariance(OptionLeaves.smileOf(board), 0));
        return (now_ > then ? now_ - then : then - now_) > TRIGGER;
    }
}
