// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FixedPoint} from "./FixedPoint.sol";
import {OptionsMath} from "./OptionsMath.sol";

/// @notice The price of a European option on a forward (Black, 1976), without discounting (docs/spec.md F-5 to F-7).
/// Forward, strike and prices are in one unit, any; a deviation is volatility * sqrt(time) in units of 2^-112. Only the
/// option out of the money is computed, its value is the time value; the other one has its intrinsic value on top.
/// @dev Unchecked: arguments are clamped first (docs/mathematics.md).
/// @custom:twin rollup_node/core/black76.py
library Black76 {
    uint256 internal constant MAX_PRICE = (1 << 88) - 1;
    uint256 internal constant MAX_DEVIATION = 8 << 112;
    uint256 internal constant MAX_DISTANCE = (1 << 119) - 1;
    uint256 internal constant MAX_VARIANCE = (1 << 128) - 1;
    uint256 internal constant MAX_TIME_MS = (1 << 40) - 1;
    uint256 internal constant PER_MS = 0x2e580aad120a1278e0f11e;
    int256 private constant CUT = 12 << 112;
    uint256 private constant ONE = 1 << 112;

    /// @notice Price of the call and the put, rounded as `timeValue`, and delta of the call, a wad.
    function black76(uint256 forward, uint256 strike, uint256 deviation)
        internal
        pure
        returns (uint256 call, uint256 put, uint256 delta)
    {
        unchecked {
            (forward, strike) = (_min(forward, MAX_PRICE), _min(strike, MAX_PRICE));
            int256 logRatio = OptionsMath.naturalLog(forward) - OptionsMath.naturalLog(strike);
            uint256 value;
            (value, delta) = evaluate(forward, strike, logRatio, deviation);
            if (forward >= strike) return (forward - strike + value, value, delta);
            return (value, strike - forward + value, delta);
        }
    }

    /// @notice volatility * sqrt(time) in units of 2^-112, rounded down, at most 8.
    /// @param variance Square of the yearly volatility in units of 1e-36.
    function computeDeviation(uint256 variance, uint256 timeMs) internal pure returns (uint256) {
        unchecked {
            uint256 scaled = _min(variance, MAX_VARIANCE) * _min(timeMs, MAX_TIME_MS) * PER_MS >> 16;
            return _min(FixedPoint.sqrtDown(scaled), MAX_DEVIATION);
        }
    }

    /// @notice The value of the option out of the money, rounded down.
    /// @param low The smaller of forward and strike.
    /// @param distance The absolute difference of their naturalLog.
    function timeValue(uint256 low, uint256 distance, uint256 deviation) internal pure returns (uint256) {
        return timeValueWithin(_min(low, MAX_PRICE), _min(distance, MAX_DISTANCE), _min(deviation, MAX_DEVIATION));
    }

    /// @notice The same for arguments that are within their domain.
    function timeValueWithin(uint256 low, uint256 distance, uint256 deviation) internal pure returns (uint256) {
        (uint256 near, uint256 far, uint256 mantissa, uint256 shift, bool isInside) = _tails(distance, deviation);
        return _value(low, near, far, mantissa, shift, isInside);
    }

    /// @notice The time value and the delta of the call (a wad, to the nearest).
    /// @param logRatio naturalLog(forward) - naturalLog(strike).
    function evaluate(uint256 forward, uint256 strike, int256 logRatio, uint256 deviation)
        internal
        pure
        returns (uint256 value, uint256 delta)
    {
        unchecked {
            (forward, strike) = (_min(forward, MAX_PRICE), _min(strike, MAX_PRICE));
            uint256 distance = _min(uint256(logRatio < 0 ? -logRatio : logRatio), MAX_DISTANCE);
            (uint256 near, uint256 far, uint256 mantissa, uint256 shift, bool isInside) =
                _tails(distance, _min(deviation, MAX_DEVIATION));
            uint256 share;
            if (forward < strike) {
                value = _value(forward, near, far, mantissa, shift, isInside);
                share = near * mantissa >> shift;
                if (isInside) share = ONE - share;
            } else {
                value = _value(strike, near, far, mantissa, shift, isInside);
                share = far * mantissa >> shift;
                share = ONE - (forward == 0 ? ONE >> 1 : FixedPoint.divDown(share * strike, forward));
            }
            delta = (share * OptionsMath.WAD + (ONE >> 1)) >> 112;
        }
    }

    /// @dev What a value is made of: two scaled tails, exp(-place^2 / 2) of the near one as `mantissa / 2^(shift - 112)`, and if
    /// that place is below 0. The places are -d1 and -d2 of the option out of the money, a call on the lower of forward and strike
    /// with the higher as its strike. low * density(near) = high * density(far): so one exponential serves both.
    function _tails(uint256 distance, uint256 deviation)
        private
        pure
        returns (uint256 near, uint256 far, uint256 mantissa, uint256 shift, bool isInside)
    {
        unchecked {
            int256 half = int256(deviation >> 1);
            int256 centre = 0;
            if (distance != 0) {
                if (deviation == 0) return (0, 0, 0, 112, false);
                centre = int256(FixedPoint.divDownBy(distance << 112, deviation));
            }
            int256 place = centre - half;
            if (place >= CUT) return (0, 0, 0, 112, false);
            int256 halvings;
            (mantissa, halvings) = OptionsMath.decay(place * place >> 113);
            shift = uint256(112 + halvings);
            isInside = place < 0;
            near = OptionsMath.scaledTail(uint256(isInside ? -place : place));
            far = OptionsMath.scaledTail(uint256(centre + half));
        }
    }

    function _value(uint256 low, uint256 near, uint256 far, uint256 mantissa, uint256 shift, bool isInside)
        private
        pure
        returns (uint256)
    {
        unchecked {
            if (isInside) {
                uint256 outside = (near + far) * mantissa >> shift;
                return outside < ONE ? low * (ONE - outside) >> 112 : 0;
            }
            if (near <= far) return 0;
            return low * ((near - far) * mantissa >> 112) >> shift;
        }
    }

    function _min(uint256 left, uint256 right) private pure returns (uint256) {
        return left < right ? left : right;
    }
}
