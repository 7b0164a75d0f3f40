// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SurfaceNode} from "../types/Surface.sol";
import {Average, Averages} from "./Averages.sol";
import {Black76} from "./Black76.sol";
import {FixedPoint} from "./FixedPoint.sol";
import {OptionsMath} from "./OptionsMath.sol";
import {Surface} from "./Surface.sol";

/// @notice What one long lot of an option gains in each scenario, µUSDC, rounded down, and its delta in millionths.
struct Moves {
    uint256 mark;
    int256 delta;
    int256[32] gains;
}

/// @notice What a strike is valued by: forward and strike in µUSDC per unit, ms to the date, and what is known of the price
/// that call and put will be paid by.
struct Valuation {
    uint256 forward;
    uint256 strike;
    uint256 lotsPerUnit;
    SurfaceNode[] smile;
    uint256 leftMs;
    uint256 scanPpm;
    Average average;
}

/// @notice What an option is worth, and what it and a linear series would gain in 32 scenarios (docs/spec.md V-14). Slots 0 to 26 are
/// nine moves of the forward, each with the volatility down, as it is, and up; slots 27 to 31 are crashes and rallies
/// with the volatility up, of whose outcome only a part counts.
/// @dev Unchecked: forward and strike have at most 42 bits, six times that in a scenario, in 1e-18 USDC at most 2^85; the
/// strike that what is left of sixty rounds has to reach 46, 2^86; rounds 6 bits, weights 20, deviations 115, factors 52.
/// @custom:twin rollup_node/core/scenarios.py
library Scenarios {
    uint256 internal constant ATTO = 10 ** 12;
    uint256 internal constant PPM = 1_000_000;
    uint256 private constant SQUARE = PPM * PPM;
    int256 private constant WAD = 10 ** 18;
    uint256 internal constant UP_PPM = 500_000;
    uint256 internal constant DOWN_PPM = 300_000;
    uint256 internal constant LEAST_VARIANCE = 16 * 10 ** 34;
    uint256 internal constant TAIL_WEIGHT_PPM = 750_000;
    int256 private constant MOVES = 4;
    uint256 private constant TAILS = 5;
    uint256 private constant HOUR_MS = 3_600_000;
    uint256 private constant FACTORS = 14;
    uint256 private constant LAST_FACTOR_PPM = 722_650;
    /// @dev Rows of `hours u16, factor u32`: below so many hours a shock is so much larger.
    bytes private constant FACTOR_TABLE =
        hex"0030002a54b00048002262200060001e71ff0078001bed8c00a8001a1e9a00f000179c9801500015373601f800132dbd02d00010fb6a0438000f424005a0000e79af0870000df1a810e0000d3a5f2238000c1693";

    /// @dev What all scenarios of a strike have in common: prices in 1e-18 USDC, rounds left, the divisor of a gain.
    struct Base {
        uint256 forward;
        uint256 strike;
        int256 logStrike;
        uint256 call;
        uint256 put;
        int256 left;
        int256 divisor;
        uint256[3] deviations;
    }

    /// @notice What call and put of a strike are worth per lot, and their gains. With `left` of the sixty rounds to come they
    /// are `left / 60` options on the forward, at the strike that the average of these rounds has to reach. A mark is
    /// rounded down and at least 1.
    function valueStrike(Valuation memory valuation) internal pure returns (Moves memory call, Moves memory put) {
        unchecked {
            uint256 left = valuation.average.left;
            int256 rest = int256(valuation.strike * Averages.ROUNDS) - int256(valuation.average.total);
            if (rest <= 0 || left == 0) return _valueKnown(valuation, rest);
            Base memory base;
            base.left = int256(left);
            base.forward = valuation.forward * ATTO;
            base.strike = FixedPoint.divDown(uint256(rest) * ATTO, left);
            base.logStrike = OptionsMath.naturalLog(base.strike);
            int256 moneyness = base.logStrike - OptionsMath.naturalLog(base.forward);
            uint256 variance = Surface.interpolateVariance(valuation.smile, moneyness);
            base.deviations = shockDeviation(Black76.computeDeviation(variance, valuation.leftMs), valuation.leftMs);
            uint256 delta;
            (base.call, base.put, delta) = Black76.black76(base.forward, base.strike, base.deviations[1]);
            uint256 parts = valuation.lotsPerUnit * ATTO * Averages.ROUNDS;
            base.divisor = int256(parts * PPM);
            (call.mark, put.mark) = (_mark(base.call * left, parts), _mark(base.put * left, parts));
            int256 parted = int256(ATTO * Averages.ROUNDS);
            call.delta = FixedPoint.divDown(int256(delta) * base.left, parted);
            put.delta = FixedPoint.divDown((int256(delta) - WAD) * base.left, parted);
            _move(base, valuation.scanPpm, call.gains, put.gains);
        }
    }

    /// @dev The same where no round that is left can change who is in the money. `rest` µUSDC of sixty strikes are not
    /// reached yet: if none are, the call gains what the rounds that are left do and the put is worth nothing; without
    /// rounds that are left nothing moves.
    function _valueKnown(Valuation memory valuation, int256 rest)
        private
        pure
        returns (Moves memory call, Moves memory put)
    {
        unchecked {
            uint256 left = valuation.average.left;
            uint256 parts = valuation.lotsPerUnit * Averages.ROUNDS;
            int256 worth = int256(valuation.forward * left) - rest;
            call.mark = _mark(worth > 0 ? uint256(worth) : 0, parts);
            put.mark = _mark(worth < 0 ? uint256(-worth) : 0, parts);
            call.delta = int256(FixedPoint.divDown(PPM * left, Averages.ROUNDS));
            call.gains = valueLinear(valuation.forward * left, parts, valuation.scanPpm);
        }
    }

    /// @notice What `worth / parts` µUSDC gain in each scenario, rounded down: they move as the forward does, whatever the
    /// volatility (V-5). `worth` has at most 48 bits, `parts` 38.
    function valueLinear(uint256 worth, uint256 parts, uint256 scanPpm)
        internal
        pure
        returns (int256[32] memory gains)
    {
        unchecked {
            int256 divisor = int256(parts * SQUARE);
            uint256 slot = 0;
            for (int256 step = -MOVES; step <= MOVES; ++step) {
                int256 move = FixedPoint.divToZero(int256(scanPpm) * step, MOVES);
                int256 gain = FixedPoint.divDown(int256(worth) * move * int256(PPM), divisor);
                for (uint256 i = 0; i < 3; ++i) {
                    gains[slot] = gain;
                    ++slot;
                }
            }
            for (uint256 i = 0; i < TAILS; ++i) {
                (int256 move, int256 weight) = _tail(i, scanPpm);
                gains[slot] = FixedPoint.divDown(int256(worth) * move * weight, divisor);
                ++slot;
            }
        }
    }

    /// @notice A deviation with the volatility down, as it is, and up, `leftMs` before the date.
    function shockDeviation(uint256 deviation, uint256 leftMs) internal pure returns (uint256[3] memory shocked) {
        unchecked {
            uint256 factor = _factorPpm(FixedPoint.divDown(leftMs, HOUR_MS));
            shocked[0] = FixedPoint.divDown(deviation * (SQUARE - DOWN_PPM * factor), SQUARE);
            shocked[1] = deviation;
            shocked[2] = FixedPoint.divDown(deviation * (SQUARE + UP_PPM * factor), SQUARE);
            uint256 least = Black76.computeDeviation(LEAST_VARIANCE, leftMs);
            if (shocked[2] < least) shocked[2] = least;
        }
    }

    function _factorPpm(uint256 left) private pure returns (uint256) {
        bytes memory table = FACTOR_TABLE;
        for (uint256 i = 0; i < FACTORS; ++i) {
            uint256 row;
            assembly ("memory-safe") {
                row := shr(208, mload(add(add(table, 32), mul(6, i))))
            }
            if (left < row >> 32) return row & 0xffffffff;
        }
        return LAST_FACTOR_PPM;
    }

    /// @dev Fills the gains of all slots.
    function _move(Base memory base, uint256 scanPpm, int256[32] memory calls, int256[32] memory puts) private pure {
        unchecked {
            uint256 slot = 0;
            int256 whole = int256(PPM) * base.left;
            for (int256 step = -MOVES; step <= MOVES; ++step) {
                int256 movePpm = FixedPoint.divToZero(int256(scanPpm) * step, MOVES);
                (uint256 moved, uint256 distance) = _forwardAt(base, movePpm);
                for (uint256 i = 0; i < 3; ++i) {
                    (calls[slot], puts[slot]) = _gains(base, moved, distance, base.deviations[i], whole);
                    ++slot;
                }
            }
            for (uint256 i = 0; i < TAILS; ++i) {
                (int256 move, int256 weight) = _tail(i, scanPpm);
                (uint256 moved, uint256 distance) = _forwardAt(base, move);
                (calls[slot], puts[slot]) = _gains(base, moved, distance, base.deviations[2], weight * base.left);
                ++slot;
            }
        }
    }

    /// @dev Move and weight of a tail, in millionths.
    function _tail(uint256 number, uint256 scanPpm) private pure returns (int256 move, int256 weight) {
        unchecked {
            int256[5] memory tails =
                [int256(-660_000), int256(-330_000), int256(500_000), int256(1_000_000), int256(5_000_000)];
            move = tails[number];
            weight = int256(FixedPoint.divDown(TAIL_WEIGHT_PPM * scanPpm, uint256(move < 0 ? -move : move)));
            if (weight > int256(PPM)) weight = int256(PPM);
        }
    }

    function _forwardAt(Base memory base, int256 movePpm) private pure returns (uint256 moved, uint256 distance) {
        unchecked {
            moved = FixedPoint.divDown(base.forward * uint256(int256(PPM) + movePpm), PPM);
            int256 logRatio = OptionsMath.naturalLog(moved) - base.logStrike;
            distance = uint256(logRatio < 0 ? -logRatio : logRatio);
        }
    }

    function _gains(Base memory base, uint256 moved, uint256 distance, uint256 deviation, int256 weight)
        private
        pure
        returns (int256 call, int256 put)
    {
        unchecked {
            uint256 value = Black76.timeValue(moved < base.strike ? moved : base.strike, distance, deviation);
            uint256 callThen = value + (moved > base.strike ? moved - base.strike : 0);
            uint256 putThen = value + (base.strike > moved ? base.strike - moved : 0);
            call = FixedPoint.divDown((int256(callThen) - int256(base.call)) * weight, base.divisor);
            put = FixedPoint.divDown((int256(putThen) - int256(base.put)) * weight, base.divisor);
        }
    }

    function _mark(uint256 price, uint256 unit) private pure returns (uint256 mark) {
        mark = FixedPoint.divDown(price, unit);
        if (mark == 0) mark = 1;
    }
}
