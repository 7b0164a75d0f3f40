// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FixedPoint} from "./FixedPoint.sol";

/// @notice Exponential, logarithm, root and normal distribution in integers (docs/spec.md F-1 to F-4). Public values are
/// wads, inside a real number counts 2^-112. Total: an argument outside of its domain counts as the nearest one inside.
/// @dev Unchecked: every product stays in 255 bits, because arguments are clamped first; the widest of each function is
/// named in docs/mathematics.md. The numbers are fitted by tests/mathematics/coefficients.py.
/// @custom:twin rollup_node/core/options_math.py
library OptionsMath {
    uint256 internal constant WAD = 10 ** 18;
    int256 internal constant ONE = 1 << 112;
    uint256 internal constant HALF = 1 << 111;
    int256 internal constant MAX_EXPONENT = 100 * 10 ** 18;
    uint256 internal constant MAX_DEVIATIONS = 12 * 10 ** 18;

    int256 internal constant LN2 = 0xb17217f7d1cf79abc9e3b39803f3;
    int256 internal constant LOG2E = 0x171547652b82fe1777d0ffda0d23a;
    int256 internal constant SQRT2 = 0x16a09e667f3bcc908b2fb1366ea95;
    int256 internal constant LN_WAD = 0x29724fe657ff706671e86c3c3ccb5b;
    uint256 internal constant INV_SQRT_2PI = 0x662114cf50d942343f2cf1402eae;

    int256 internal constant C0 = 2 << 112;
    int256 internal constant C1 = 0x2aaaaaaaaaaaaaaaa8b792214de5;
    int256 internal constant C2 = -0xb60b60b60b60b3f3b21fca1ed8;
    int256 internal constant C3 = 0x4559aaf0044b0b2bcf07681cb;
    int256 internal constant C4 = -0x1bbd77931d2372451c39dd8b;
    int256 internal constant C5 = 0xb35477a2d5526952eb897f;
    int256 internal constant C6 = -0x489efe8200b5a5085b95b;
    int256 internal constant C7 = 0x1d12ae2c7bd34aec5cc6;

    int256 internal constant A0 = 2 << 112;
    int256 internal constant A1 = 0xaaaaaaaaaaaaaaaf411755ea3691;
    int256 internal constant A2 = 0x66666666666645571cb56a897ad5;
    int256 internal constant A3 = 0x4924924924d8d309cbd068bc79e4;
    int256 internal constant A4 = 0x38e38e389ea18cfdade0797b8252;
    int256 internal constant A5 = 0x2e8ba30d6bfe0d655eaaf788590d;
    int256 internal constant A6 = 0x27626aa0f05ed26d956a55ff0f05;
    int256 internal constant A7 = 0x22245392afe7b7018dc061315cab;
    int256 internal constant A8 = 0x1ddead939a3f81747e634d36cba7;
    int256 internal constant A9 = 0x1ed4f11b9d680604b09fdb64cc63;

    uint256 internal constant P0 = 1 << 99;
    uint256 internal constant P1 = 0x336589a1441f394237086e5477;
    uint256 internal constant P2 = 0xa42ef54c74a16bec158a21360c;
    uint256 internal constant P3 = 0x1500aa530726f8ba75b61557f7d;
    uint256 internal constant P4 = 0x1e2f1b79414178a30387dcd0264;
    uint256 internal constant P5 = 0x1fa8a689ec3f51b35d073e0574c;
    uint256 internal constant P6 = 0x187e428d73d4b69914cd16f0e3b;
    uint256 internal constant P7 = 0xdcef9fda5c087df38b5961bd66;
    uint256 internal constant P8 = 0x571bc167be932c7beb700ba290;
    uint256 internal constant P9 = 0x15cec4c31e815b3e77f85bac46;
    uint256 internal constant P10 = 0x2a8463419ea1e86a475532a74;

    uint256 internal constant Q0 = 1 << 100;
    uint256 internal constant Q1 = 0x99db9daa30ab13a45768ec4f7b;
    uint256 internal constant Q2 = 0x2b368ffb007ce3438d745d93781;
    uint256 internal constant Q3 = 0x7803a097754c1850b36b345b7c0;
    uint256 internal constant Q4 = 0xe55fb523b5e2aea9b4f2c36758d;
    uint256 internal constant Q5 = 0x13d911afec503d788750cf8ee08a;
    uint256 internal constant Q6 = 0x145f945b33d926baf9294afa48e6;
    uint256 internal constant Q7 = 0xf8fae822d4fe26a3c549e18a2ef;
    uint256 internal constant Q8 = 0x8b4e24c03fb399c99c40e4472fd;
    uint256 internal constant Q9 = 0x36b0f16d16437dc0fa49348a6df;
    uint256 internal constant Q10 = 0xdaa7b3d83ebaa7dade498c4241;
    uint256 internal constant Q11 = 0x1aa4c74bf46ea761f1889adfd7;

    /// @notice e to the power of a wad, as a wad, to the nearest; exponents within +-100.
    function expWad(int256 exponent) internal pure returns (uint256) {
        unchecked {
            if (exponent < -MAX_EXPONENT) exponent = -MAX_EXPONENT;
            if (exponent > MAX_EXPONENT) exponent = MAX_EXPONENT;
            (uint256 mantissa, int256 halvings) = decay(FixedPoint.divDown(-exponent << 112, int256(WAD)));
            int256 shift = 112 + halvings;
            if (shift <= 0) return mantissa * WAD << uint256(-shift);
            return _nearest(mantissa * WAD, uint256(shift));
        }
    }

    /// @notice The natural logarithm of a wad, as a wad, to the nearest; 0 counts as 1e-18.
    function lnWad(uint256 value) internal pure returns (int256) {
        unchecked {
            return ((naturalLog(value) - LN_WAD) * int256(WAD) + int256(HALF)) >> 112;
        }
    }

    /// @notice The square root of a wad, as a wad, rounded down; values up to 2^192 - 1.
    function sqrtWad(uint256 value) internal pure returns (uint256) {
        unchecked {
            return FixedPoint.sqrtDown((value > type(uint192).max ? type(uint192).max : value) * WAD);
        }
    }

    /// @notice N(x), the chance that a standard normal variable is below x, to the nearest wad.
    function normalCdf(int256 x) internal pure returns (uint256) {
        unchecked {
            uint256 place = _place(x);
            (uint256 mantissa, int256 halvings) = decay(int256(place * place >> 113));
            uint256 beyond = _nearest((scaledTail(place) * mantissa >> 112) * WAD, uint256(112 + halvings));
            return x < 0 ? beyond : WAD - beyond;
        }
    }

    /// @notice The density of a standard normal variable at x, to the nearest wad.
    function normalPdf(int256 x) internal pure returns (uint256) {
        unchecked {
            uint256 place = _place(x);
            (uint256 mantissa, int256 halvings) = decay(int256(place * place >> 113));
            return _nearest((INV_SQRT_2PI * mantissa >> 112) * WAD, uint256(112 + halvings));
        }
    }

    /// @notice exp(-t) is `mantissa / 2^halvings`, |t| at most 100; the mantissa is between sqrt(1/2) and sqrt(2).
    /// @dev exp(-r) = (c - r) / (c + r) for the small rest r, with c = r * coth(r / 2), a polynomial in r^2.
    function decay(int256 t) internal pure returns (uint256 mantissa, int256 halvings) {
        unchecked {
            halvings = (t * LOG2E + (1 << 223)) >> 224;
            int256 r = t - halvings * LN2;
            int256 w = r * r >> 112;
            int256 c = (C7 * w >> 112) + C6;
            c = (c * w >> 112) + C5;
            c = (c * w >> 112) + C4;
            c = (c * w >> 112) + C3;
            c = (c * w >> 112) + C2;
            c = (c * w >> 112) + C1;
            c = (c * w >> 112) + C0;
            mantissa = FixedPoint.divDownBy(uint256(c - r) << 112, uint256(c + r));
        }
    }

    /// @notice The natural logarithm of an integer in units of 2^-112; 0 counts as 1.
    /// @dev Never falls where the integer rises: every stage is monotone, and the branches meet exactly.
    function naturalLog(uint256 value) internal pure returns (int256) {
        unchecked {
            if (value == 0) return 0;
            uint256 power = FixedPoint.highestBit(value);
            uint256 m;
            uint256 unit;
            assembly ("memory-safe") {
                m := shr(143, shl(sub(255, power), value))
                let isAbove := gt(m, SQRT2)
                unit := shl(112, add(1, isAbove))
                power := add(power, isAbove)
            }
            // (m - unit) / (m + unit) is 2 * m / (m + unit) - 1.
            int256 z = int256(FixedPoint.divDownBy(m << 113, m + unit)) - ONE;
            int256 w = z * z >> 112;
            int256 a = (A9 * w >> 112) + A8;
            a = (a * w >> 112) + A7;
            a = (a * w >> 112) + A6;
            a = (a * w >> 112) + A5;
            a = (a * w >> 112) + A4;
            a = (a * w >> 112) + A3;
            a = (a * w >> 112) + A2;
            a = (a * w >> 112) + A1;
            a = (a * w >> 112) + A0;
            return (a * z >> 112) + int256(power) * LN2;
        }
    }

    /// @notice exp(x^2 / 2) * N(-x), for x from 0 to 20, both in units of 2^-112.
    /// @dev A quotient of polynomials in x / 4: the tail of N without its exponential is that smooth.
    function scaledTail(uint256 x) internal pure returns (uint256) {
        unchecked {
            uint256 u = x >> 2;
            uint256 p = (P10 * u >> 112) + P9;
            p = (p * u >> 112) + P8;
            p = (p * u >> 112) + P7;
            p = (p * u >> 112) + P6;
            p = (p * u >> 112) + P5;
            p = (p * u >> 112) + P4;
            p = (p * u >> 112) + P3;
            p = (p * u >> 112) + P2;
            p = (p * u >> 112) + P1;
            p = (p * u >> 112) + P0;
            uint256 q = (Q11 * u >> 112) + Q10;
            q = (q * u >> 112) + Q9;
            q = (q * u >> 112) + Q8;
            q = (q * u >> 112) + Q7;
            q = (q * u >> 112) + Q6;
            q = (q * u >> 112) + Q5;
            q = (q * u >> 112) + Q4;
            q = (q * u >> 112) + Q3;
            q = (q * u >> 112) + Q2;
            q = (q * u >> 112) + Q1;
            q = (q * u >> 112) + Q0;
            return FixedPoint.divDownBy(p << 112, q);
        }
    }

    /// @dev The size of a wad of at most 12, in units of 2^-112.
    function _place(int256 x) private pure returns (uint256) {
        unchecked {
            uint256 size = uint256(x < 0 ? -x : x);
            return FixedPoint.divDown((size > MAX_DEVIATIONS ? MAX_DEVIATIONS : size) << 112, WAD);
        }
    }

    function _nearest(uint256 value, uint256 shift) private pure returns (uint256) {
        unchecked {
            return ((value >> (shift - 1)) + 1) >> 1;
        }
    }
}
