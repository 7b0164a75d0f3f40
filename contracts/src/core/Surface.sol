// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SurfaceNode, SurfaceReason} from "../types/Surface.sol";
import {Black76} from "./Black76.sol";
import {FixedPoint} from "./FixedPoint.sol";
import {OptionsMath} from "./OptionsMath.sol";

/// @notice The volatility of an expiry by strike: up to 16 nodes, and which surfaces are refused (docs/spec.md F-8, F-9).
/// @dev Unchecked: moneyness has 24 bits, volatility 16, and what comes from outside is clamped (docs/mathematics.md).
/// @custom:twin rollup_node/core/surface.py
library Surface {
    uint256 internal constant MAX_NODES = 16;
    int256 internal constant MONEYNESS_UNITS = 1_000_000;
    int256 internal constant VARIANCE_UNIT = 10 ** 10;
    int256 internal constant UNIT_FORWARD = 1 << 72;
    int256 internal constant TOLERANCE = 1 << 20;

    /// @notice The variance of a year, in units of 1e-36, at a moneyness in units of 2^-112.
    function interpolateVariance(SurfaceNode[] memory smile, int256 moneyness) internal pure returns (uint256) {
        if (smile.length == 0) return 0;
        unchecked {
            int256 limit = int256(Black76.MAX_DISTANCE);
            if (moneyness > limit) moneyness = limit;
            if (moneyness < -limit) moneyness = -limit;
            int256 place = moneyness * MONEYNESS_UNITS;
            (int256 start, int256 low) = _corner(smile[0]);
            if (place <= start) return uint256(low) * OptionsMath.WAD;
            for (uint256 i = 1; i < smile.length; ++i) {
                (int256 end, int256 high) = _corner(smile[i]);
                if (place <= end) {
                    int256 rise = FixedPoint.divDown((high - low) * (place - start), end - start);
                    return uint256(low + rise) * OptionsMath.WAD;
                }
                (start, low) = (end, high);
            }
            return uint256(low) * OptionsMath.WAD;
        }
    }

    /// @notice Check for 1 to 16 nodes, strictly increasing, each with a volatility: BAD_NODES.
    function checkNodes(SurfaceNode[] memory smile) internal pure returns (SurfaceReason) {
        if (smile.length == 0 || smile.length > MAX_NODES) return SurfaceReason.BAD_NODES;
        for (uint256 i = 0; i < smile.length; ++i) {
            if (smile[i].volatility == 0) return SurfaceReason.BAD_NODES;
            if (i > 0 && smile[i - 1].moneyness >= smile[i].moneyness) return SurfaceReason.BAD_NODES;
        }
        return SurfaceReason.OK;
    }

    /// @notice Check that calls at the nodes get cheaper with the strike, and ever more slowly: BUTTERFLY_ARBITRAGE.
    function checkButterfly(SurfaceNode[] memory smile, uint256 timeMs) internal pure returns (SurfaceReason) {
        unchecked {
            int256 strike = 0;
            int256 call = UNIT_FORWARD;
            int256 lastStep = 0;
            int256 lastFall = 0;
            for (uint256 i = 0; i < smile.length; ++i) {
                (int256 nextStrike, int256 nextCall) = _call(smile[i], timeMs);
                (int256 step, int256 fall) = (nextStrike - strike, call - nextCall);
                if (fall < -TOLERANCE) return SurfaceReason.BUTTERFLY_ARBITRAGE;
                if ((lastFall + TOLERANCE) * step < (fall - TOLERANCE) * lastStep) {
                    return SurfaceReason.BUTTERFLY_ARBITRAGE;
                }
                (strike, call, lastStep, lastFall) = (nextStrike, nextCall, step, fall);
            }
            return SurfaceReason.OK;
        }
    }

    /// @notice Check that total variance does not fall with time at any moneyness: CALENDAR_ARBITRAGE.
    function checkCalendar(SurfaceNode[] memory earlier, uint256 earlierMs, SurfaceNode[] memory later, uint256 laterMs)
        internal
        pure
        returns (SurfaceReason)
    {
        unchecked {
            if (earlierMs > Black76.MAX_TIME_MS) earlierMs = Black76.MAX_TIME_MS;
            if (laterMs > Black76.MAX_TIME_MS) laterMs = Black76.MAX_TIME_MS;
            for (uint256 i = 0; i < earlier.length + later.length; ++i) {
                int256 place = _place(i < earlier.length ? earlier[i] : later[i - earlier.length]);
                uint256 before = interpolateVariance(earlier, place) * earlierMs;
                uint256 afterwards = (interpolateVariance(later, place) + OptionsMath.WAD) * laterMs;
                if (afterwards < before) return SurfaceReason.CALENDAR_ARBITRAGE;
            }
            return SurfaceReason.OK;
        }
    }

    /// @dev The place of a node in units of 1e-6 * 2^-112 and its variance as a wad.
    function _corner(SurfaceNode memory node) private pure returns (int256 place, int256 variance) {
        unchecked {
            int256 volatility = int256(uint256(node.volatility));
            return (int256(node.moneyness) << 112, volatility * volatility * VARIANCE_UNIT);
        }
    }

    /// @dev The moneyness of a node in units of 2^-112, rounded down.
    function _place(SurfaceNode memory node) private pure returns (int256) {
        return FixedPoint.divDown(int256(node.moneyness) << 112, MONEYNESS_UNITS);
    }

    /// @dev Strike and price of the call at a node, on the unit forward.
    function _call(SurfaceNode memory node, uint256 timeMs) private pure returns (int256 strike, int256 price) {
        unchecked {
            int256 place = _place(node);
            (uint256 mantissa, int256 halvings) = OptionsMath.decay(-place);
            strike = UNIT_FORWARD * int256(mantissa) >> uint256(112 + halvings);
            (, int256 variance) = _corner(node);
            uint256 deviation = Black76.computeDeviation(uint256(variance) * OptionsMath.WAD, timeMs);
            bool isAbove = strike > UNIT_FORWARD;
            uint256 low = uint256(isAbove ? UNIT_FORWARD : strike);
            price = int256(Black76.timeValue(low, uint256(place < 0 ? -place : place), deviation));
            if (!isAbove) price += UNIT_FORWARD - strike;
        }
    }
}
