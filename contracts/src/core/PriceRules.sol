// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Frame, Frames} from "../steps/Frames.sol";
import {Phase} from "../types/Family.sol";
import {LeafKey} from "../types/LeafKey.sol";
import {Expiry, PriceRow, Prices, Publishers, Underlying} from "../types/Market.sol";
import {Reason} from "../types/Reason.sol";
import {ForwardReport, PriceReport} from "../types/Records.sol";
import {PriceTask} from "../types/Task.sol";
import {Layout} from "./Layout.sol";
import {MarketLeaves} from "./MarketLeaves.sol";
import {TaskLeaves} from "./TaskLeaves.sol";

/// @notice What the oracle says, and what a block finds due (docs/spec.md V-2 to V-7).
/// @custom:twin rollup_node/core/prices.py
library PriceRules {
    using Frames for Frame;

    uint256 internal constant REPRICE_AGE_MS = 30_000;
    uint256 internal constant REPRICE_GAP_MS = 1000;
    uint256 internal constant DRIFT_DIVISOR = 400;
    uint256 internal constant SAMPLE_GAP_MS = 1000;
    uint256 internal constant REPORT_LEAD_MS = 1000;
    uint256 internal constant REPORT_AGE_MS = 60_000;
    uint256 internal constant GAP_MS = 300_000;
    uint256 internal constant PRICE_LIMIT = 1 << 40;
    uint256 internal constant MAX_CONFIDENCE_PPM = 20_000;
    uint256 internal constant JUMP_DIVISOR = 20;
    uint256 internal constant CONFIRM_DIVISOR = 100;
    uint256 internal constant FORWARD_DIVISOR = 5;
    uint8 internal constant OPEN = 1;

    /// @notice Whether an underlying has to be repriced now (V-2).
    function isDue(PriceRow memory row, uint256 timeMs) internal pure returns (bool) {
        if (row.indexPrice == 0) return false;
        uint256 ageMs = timeMs > row.pricedMs ? timeMs - row.pricedMs : 0;
        if (ageMs >= REPRICE_AGE_MS) return true;
        uint256 drift = _distance(row.indexPrice, row.referencePrice);
        return ageMs >= REPRICE_GAP_MS && drift * DRIFT_DIVISOR > row.referencePrice;
    }

    /// @notice Begin to reprice and to sample what a new block finds due (V-2).
    function beginDueWork(Frame memory frame) internal pure {
        bytes memory value = frame.get(Layout.PRICES);
        if (value.length == 0) return;
        Prices memory prices = MarketLeaves.decodePrices(value);
        bool isSampled = frame.timeMs >= prices.sampledMs + SAMPLE_GAP_MS;
        PriceTask memory task;
        for (uint256 u = 0; u < Layout.UNDERLYING_LIMIT; ++u) {
            if (isDue(prices.rows[u], frame.timeMs)) task.due |= _bit(u);
            if (isSampled && prices.rows[u].epoch != 0) task.sample |= _bit(u);
        }
        if (task.due | task.sample == 0) return;
        frame.get(Layout.PRICE_TASK);
        if (task.sample != 0) {
            prices.sampledMs = frame.timeMs;
            frame.put(Layout.PRICES, MarketLeaves.encodePrices(prices));
        }
        task.resume = frame.phase;
        continueWork(frame, task);
    }

    /// @notice Begin to reprice one underlying now, then come back to the phase that is (V-4).
    function beginReprice(Frame memory frame, uint256 underlying) internal pure {
        frame.get(Layout.PRICE_TASK);
        PriceTask memory task;
        task.due = _bit(underlying);
        task.resume = frame.phase;
        continueWork(frame, task);
    }

    /// @notice Make a reprice due one second from now at the latest: what else is said meanwhile joins it. The prices
    /// were read (V-9, V-13).
    function hastenReprice(Frame memory frame, uint256 underlying, Prices memory prices) internal pure {
        PriceRow memory row = prices.rows[underlying];
        uint256 age = REPRICE_AGE_MS - REPRICE_GAP_MS;
        uint256 pricedMs = frame.timeMs > age ? frame.timeMs - age : 0;
        if (pricedMs < row.pricedMs) row.pricedMs = uint64(pricedMs);
        frame.put(Layout.PRICES, MarketLeaves.encodePrices(prices));
    }

    /// @notice Go on with the lowest underlying that is due, else to be sampled, else be done (V-5).
    function continueWork(Frame memory frame, PriceTask memory task) internal pure {
        task.underlying = 0;
        task.next = 0;
        task.drain = 0;
        task.impact = 0;
        if (task.due != 0) {
            frame.phase = Phase.REPRICE;
            task.underlying = lowestBit(task.due);
        } else if (task.sample != 0) {
            frame.phase = Phase.SAMPLE;
            task.underlying = lowestBit(task.sample);
        } else {
            frame.phase = task.resume;
        }
        frame.put(Layout.PRICE_TASK, TaskLeaves.encodePriceTask(task));
    }

    /// @notice Whether enough publishers signed, each once, in their order (V-3).
    function checkSigners(Frame memory frame, address[] memory signers) internal pure returns (Reason) {
        Publishers memory publishers = MarketLeaves.decodePublishers(frame.get(Layout.PUBLISHERS));
        uint256 place = 0;
        for (uint256 i = 0; i < signers.length; ++i) {
            while (place < publishers.addresses.length && publishers.addresses[place] != signers[i]) {
                ++place;
            }
            if (signers[i] == address(0) || place == publishers.addresses.length) return Reason.BAD_PUBLISHERS;
            ++place;
        }
        bool enough = publishers.threshold != 0 && signers.length >= publishers.threshold;
        return enough ? Reason.OK : Reason.TOO_FEW_SIGNATURES;
    }

    /// @notice Take a price, or keep a jump for its confirmation; may begin to reprice (V-4).
    function applyPriceReport(Frame memory frame, PriceReport memory report, address[] memory signers, uint256 clockMs)
        internal
        pure
        returns (Reason reason)
    {
        reason = checkSigners(frame, signers);
        if (reason != Reason.OK) return reason;
        if (report.underlying >= Layout.UNDERLYING_LIMIT) return Reason.UNKNOWN_UNDERLYING;
        LeafKey key = Layout.underlyingKey(report.underlying);
        Underlying memory oracle = MarketLeaves.decodeUnderlying(frame.get(key));
        Prices memory prices = MarketLeaves.decodePrices(frame.get(Layout.PRICES));
        PriceRow memory row = prices.rows[report.underlying];
        reason = _checkReport(clockMs, report, oracle, row);
        if (reason != Reason.OK) return reason;
        bool isPending = _isJump(report.price, row.indexPrice) && !_confirms(report.price, row.pending);
        oracle.round = report.round;
        oracle.confidencePpm = report.confidencePpm;
        row.pending = isPending ? report.price : 0;
        if (!isPending) {
            if (row.indexPrice != 0 && report.timeMs > row.indexMs + GAP_MS) oracle.resumedMs = frame.timeMs;
            row.indexPrice = report.price;
            row.indexMs = report.timeMs;
        }
        frame.put(key, MarketLeaves.encodeUnderlying(oracle));
        frame.put(Layout.PRICES, MarketLeaves.encodePrices(prices));
        if (isPending) return Reason.PRICE_PENDING;
        if (isDue(row, frame.timeMs)) beginReprice(frame, report.underlying);
        return Reason.OK;
    }

    /// @notice Take the forward of a settlement date; it counts from the next reprice (V-6).
    function applyForwardReport(
        Frame memory frame,
        ForwardReport memory report,
        address[] memory signers,
        uint256 clockMs
    ) internal pure returns (Reason reason) {
        reason = checkSigners(frame, signers);
        if (reason != Reason.OK) return reason;
        if (report.underlying >= Layout.UNDERLYING_LIMIT || report.expirySlot >= Layout.EXPIRIES) {
            return Reason.UNKNOWN_UNDERLYING;
        }
        Underlying memory oracle = MarketLeaves.decodeUnderlying(frame.get(Layout.underlyingKey(report.underlying)));
        if (oracle.status != OPEN) return Reason.UNKNOWN_UNDERLYING;
        Prices memory prices = MarketLeaves.decodePrices(frame.get(Layout.PRICES));
        LeafKey key = Layout.expiryKey(report.underlying, report.expirySlot);
        Expiry memory expiry = MarketLeaves.decodeExpiry(frame.get(key));
        if (uint256(expiry.expiryAt) * 1000 <= frame.timeMs) return Reason.EXPIRED;
        if (report.round <= expiry.round) return Reason.OLD_ROUND;
        if (report.expiry != expiry.expiryAt || !isTimely(clockMs, report.timeMs)) return Reason.BAD_TIME;
        uint256 size = _size(report.difference);
        if (size > prices.rows[report.underlying].indexPrice / FORWARD_DIVISOR) return Reason.BAD_PRICE;
        expiry.forward = report.difference;
        expiry.round = report.round;
        frame.put(key, MarketLeaves.encodeExpiry(expiry));
        return Reason.OK;
    }

    /// @notice Whether a report of `timeMs` may be used at `clockMs` (V-4).
    function isTimely(uint256 clockMs, uint256 timeMs) internal pure returns (bool) {
        return clockMs <= timeMs + REPORT_AGE_MS && timeMs <= clockMs + REPORT_LEAD_MS;
    }

    function _checkReport(uint256 clockMs, PriceReport memory report, Underlying memory oracle, PriceRow memory row)
        private
        pure
        returns (Reason)
    {
        if (oracle.status != OPEN) return Reason.UNKNOWN_UNDERLYING;
        if (report.round <= oracle.round) return Reason.OLD_ROUND;
        if (report.timeMs <= row.indexMs || !isTimely(clockMs, report.timeMs)) return Reason.BAD_TIME;
        bool isGood = report.price != 0 && report.price < PRICE_LIMIT && report.confidencePpm <= MAX_CONFIDENCE_PPM;
        return isGood ? Reason.OK : Reason.BAD_PRICE;
    }

    function _isJump(uint256 price, uint256 indexPrice) private pure returns (bool) {
        return indexPrice != 0 && _distance(price, indexPrice) * JUMP_DIVISOR > indexPrice;
    }

    function _confirms(uint256 price, uint256 pending) private pure returns (bool) {
        return pending != 0 && _distance(price, pending) * CONFIRM_DIVISOR <= pending;
    }

    function _distance(uint256 a, uint256 b) private pure returns (uint256) {
        return a > b ? a - b : b - a;
    }

    function _size(int64 value) private pure returns (uint256) {
        int256 wide = value;
        return uint256(wide < 0 ? -wide : wide);
    }

    function _bit(uint256 underlying) private pure returns (uint8) {
        return uint8(2 ** underlying);
    }

    function lowestBit(uint256 mask) internal pure returns (uint8 number) {
        while (mask & 1 == 0) {
            mask >>= 1;
            ++number;
        }
    }
}
