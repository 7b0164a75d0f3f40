// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SurfaceNode} from "../types/Surface.sol";
import {Average, Averages} from "./Averages.sol";
import {Black76} from "./Black76.sol";
import {FixedPoint} from "./FixedPoint.sol";
import {OptionsMath} from "./OptionsMath.sol";
import {Surface} from "./Surface.sol";

/// @notice What one long lot of an option gains in each scenario, µUSDC, rounded down, and its delta in millionths.
/// @param gains 32 numbers of four bytes in four words, as the leaf has them; writing them spills into the fifth.
/// @param fits Whether four bytes are enough for all of them.
struct Moves {
    uint256 mark;
    int256 delta;
    uint256[5] gains;
    bool fits;
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
    /// @dev Moves of the tails in millionths, four bytes each.
    uint256 private constant TAIL_TABLE = 0x00fff5ede0fffaf6f00007a120000f4240004c4b40;
    uint256 private constant GAIN_BYTES = 4;
    uint256 private constant HOUR_MS = 3_600_000;
    uint256 private constant FACTORS = 14;
    uint256 private constant LAST_FACTOR_PPM = 722_650;
    /// @dev Rows of `hours u16, factor u32`: below so many hours a shock is so much larger.
    bytes private constant FACTOR_TABLE =
        hex"0030002a54b00048002262200060001e71ff0078001bed8c00a8001a1e9a00f000179c9801500015373601f800132dbd02d00010fb6a0438000f424005a0000e79af0870000df1a810e0000d3a5f2238000c1693";

    /// @dev What all scenarios of a strike have in common: prices in 1e-18 USDC, the divisor of a gain, the gains of call and put, and the
    /// bits that gains had so far.
    struct Base {
        uint256 forward;
        uint256 strike;
        int256 logStrike;
        int256 call;
        int256 put;
        uint256 down;
        uint256 deviation;
        uint256 up;
        uint256 divisor;
        uint256 seen;
        uint256 calls;
        uint256 puts;
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
            base.forward = valuation.forward * ATTO;
            base.strike = FixedPoint.divDown(uint256(rest) * ATTO, left);
            base.logStrike = OptionsMath.naturalLog(base.strike);
            int256 logRatio = OptionsMath.naturalLog(base.forward) - base.logStrike;
            uint256 variance = Surface.interpolateVariance(valuation.smile, -logRatio);
            base.deviation = Black76.computeDeviation(variance, valuation.leftMs);
            (base.down, base.up) = shockDeviation(base.deviation, valuation.leftMs);
            if (base.up > Black76.MAX_DEVIATION) base.up = Black76.MAX_DEVIATION;
            uint256 parts = valuation.lotsPerUnit * ATTO * Averages.ROUNDS;
            (call.delta, put.delta) = _price(base, logRatio, left);
            (call.mark, put.mark) = (_mark(uint256(base.call) * left, parts), _mark(uint256(base.put) * left, parts));
            base.divisor = parts * PPM;
            (base.calls, base.puts) = (_pointerTo(call.gains), _pointerTo(put.gains));
            _move(base, valuation.scanPpm, int256(left), logRatio);
            call.fits = base.seen >> 32 == 0;
            put.fits = call.fits;
        }
    }

    /// @dev Prices of call and put now, and their deltas.
    function _price(Base memory base, int256 logRatio, uint256 left) private pure returns (int256 call, int256 put) {
        unchecked {
            (uint256 value, uint256 delta) = Black76.evaluate(base.forward, base.strike, logRatio, base.deviation);
            int256 intrinsic = int256(base.forward) - int256(base.strike);
            base.call = int256(value);
            base.put = int256(value);
            if (intrinsic > 0) base.call += intrinsic;
            else base.put -= intrinsic;
            int256 parted = int256(ATTO * Averages.ROUNDS);
            call = FixedPoint.divDown(int256(delta) * int256(left), parted);
            put = FixedPoint.divDown((int256(delta) - WAD) * int256(left), parted);
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
            call = valueLinear(valuation.forward * left, parts, valuation.scanPpm);
            int256 worth = int256(valuation.forward * left) - rest;
            call.mark = _mark(worth > 0 ? uint256(worth) : 0, parts);
            put.mark = _mark(worth < 0 ? uint256(-worth) : 0, parts);
            call.delta = int256(FixedPoint.divDown(PPM * left, Averages.ROUNDS));
            put.fits = true;
        }
    }

    /// @notice What `worth / parts` µUSDC gain in each scenario, rounded down: they move as the forward does, whatever the
    /// volatility (V-5). `worth` has at most 48 bits, `parts` 38.
    /// @return moves Gains, and whether they fit; neither mark nor delta.
    function valueLinear(uint256 worth, uint256 parts, uint256 scanPpm) internal pure returns (Moves memory moves) {
        unchecked {
            uint256 divisor = parts * SQUARE;
            uint256 place = _pointerTo(moves.gains);
            uint256 seen;
            for (int256 step = -MOVES; step <= MOVES; ++step) {
                int256 move = FixedPoint.divToZero(int256(scanPpm) * step, MOVES) * int256(PPM);
                for (uint256 i = 0; i < 3; ++i) {
                    seen |= _putGain(place, int256(worth) * move, divisor);
                    place += GAIN_BYTES;
                }
            }
            for (uint256 i = 0; i < TAILS; ++i) {
                (int256 move, int256 weight) = _tail(i, scanPpm);
                seen |= _putGain(place, int256(worth) * move * weight, divisor);
                place += GAIN_BYTES;
            }
            moves.fits = seen >> 32 == 0;
        }
    }

    /// @notice A deviation with the volatility down, and up, `leftMs` before the date.
    function shockDeviation(uint256 deviation, uint256 leftMs) internal pure returns (uint256 down, uint256 up) {
        unchecked {
            uint256 factor = _factorPpm(FixedPoint.divDown(leftMs, HOUR_MS));
            down = FixedPoint.divDown(deviation * (SQUARE - DOWN_PPM * factor), SQUARE);
            up = FixedPoint.divDown(deviation * (SQUARE + UP_PPM * factor), SQUARE);
            uint256 least = Black76.computeDeviation(LEAST_VARIANCE, leftMs);
            if (up < least) up = least;
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

    /// @dev Writes the gains of all slots. Where nothing moves nothing is gained.
    function _move(Base memory base, uint256 scanPpm, int256 left, int256 logRatio) private pure {
        unchecked {
            int256 weight = int256(PPM) * left;
            uint256 place = 0;
            for (int256 step = -MOVES; step <= MOVES; ++step) {
                (uint256 low, uint256 distance, int256 call, int256 put) = step == 0
                    ? _compare(base, base.forward, logRatio)
                    : _moveTo(base, FixedPoint.divToZero(int256(scanPpm) * step, MOVES));
                _putGains(base, place, Black76.timeValueWithin(low, distance, base.down), call, put, weight);
                if (step != 0) {
                    uint256 value = Black76.timeValueWithin(low, distance, base.deviation);
                    _putGains(base, place + GAIN_BYTES, value, call, put, weight);
                }
                _putGains(
                    base, place + 2 * GAIN_BYTES, Black76.timeValueWithin(low, distance, base.up), call, put, weight
                );
                place += 3 * GAIN_BYTES;
            }
            for (uint256 i = 0; i < TAILS; ++i) {
                int256 move;
                (move, weight) = _tail(i, scanPpm);
                (uint256 low, uint256 distance, int256 call, int256 put) = _moveTo(base, move);
                uint256 value = Black76.timeValueWithin(low, distance, base.up);
                _putGains(base, place, value, call, put, weight * left);
                place += GAIN_BYTES;
            }
        }
    }

    /// @dev Move and weight of a tail, in millionths.
    function _tail(uint256 number, uint256 scanPpm) private pure returns (int256 move, int256 weight) {
        unchecked {
            move = int256(int32(uint32(TAIL_TABLE >> 32 * (TAILS - 1 - number))));
            weight = int256(FixedPoint.divDown(TAIL_WEIGHT_PPM * scanPpm, uint256(move < 0 ? -move : move)));
            if (weight > int256(PPM)) weight = int256(PPM);
        }
    }

    /// @dev `_compare` for a forward that has moved.
    function _moveTo(Base memory base, int256 movePpm)
        private
        pure
        returns (uint256 low, uint256 distance, int256 call, int256 put)
    {
        unchecked {
            uint256 moved = FixedPoint.divDown(base.forward * uint256(int256(PPM) + movePpm), PPM);
            return _compare(base, moved, OptionsMath.naturalLog(moved) - base.logStrike);
        }
    }

    /// @dev What a time value is computed from, and what call and put gain without it.
    function _compare(Base memory base, uint256 forward, int256 logRatio)
        private
        pure
        returns (uint256 low, uint256 distance, int256 call, int256 put)
    {
        unchecked {
            low = base.strike;
            distance = uint256(logRatio < 0 ? -logRatio : logRatio);
            (call, put) = (-base.call, -base.put);
            if (forward > low) {
                call += int256(forward - low);
            } else {
                put += int256(low - forward);
                low = forward;
            }
        }
    }

    /// @dev Writes what call and put gain, with what they gain by a time value.
    function _putGains(Base memory base, uint256 place, uint256 value, int256 call, int256 put, int256 weight)
        private
        pure
    {
        unchecked {
            uint256 divisor = base.divisor;
            uint256 seen = _putGain(base.calls + place, (int256(value) + call) * weight, divisor);
            base.seen |= seen | _putGain(base.puts + place, (int256(value) + put) * weight, divisor);
        }
    }

    /// @dev Writes a gain, rounded down, in its four bytes; what follows them is overwritten later.
    /// @return gain What it is, plus 2^31: more than 32 bits if it does not fit.
    function _putGain(uint256 place, int256 numerator, uint256 divisor) private pure returns (uint256 gain) {
        gain = FixedPoint.divDownInt(numerator, divisor);
        assembly ("memory-safe") {
            mstore(place, shl(224, xor(gain, shl(31, 1))))
        }
    }

    function _pointerTo(uint256[5] memory gains) private pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := gains
        }
    }

    function _mark(uint256 price, uint256 unit) private pure returns (uint256 mark) {
        mark = FixedPoint.divDown(price, unit);
        if (mark == 0) mark = 1;
    }
}
