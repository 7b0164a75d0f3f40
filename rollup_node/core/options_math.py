"""Exponential, logarithm, root and normal distribution in integers: what option prices are made of.

Public values are wads: integers that count 1e-18. Inside, a real number is an integer that counts
2^-112. Every function is total: an argument outside of its domain counts as the nearest one inside.
Domain, error and rounding of each: docs/mathematics.md, which is measured. The numbers below are
fitted by tests/mathematics/coefficients.py. Source: docs/spec.md F-1 to F-4.
Twin: contracts/src/core/OptionsMath.sol. Vectors: tests/vectors/options.json.
"""

from typing import Final

from rollup_node.core.fixed_point import div_down, sqrt_down

WAD: Final = 10**18
SCALE: Final = 112
ONE: Final = 1 << 112
HALF: Final = 1 << 111
MAX_WORD: Final = (1 << 256) - 1
MAX_EXPONENT: Final = 100 * WAD
MAX_DEVIATIONS: Final = 12 * WAD
"""N and the density count arguments further out than 12 as 12, where both round to their limits."""

LN2: Final = 0xB17217F7D1CF79ABC9E3B39803F3
LOG2E: Final = 0x171547652B82FE1777D0FFDA0D23A
SQRT2: Final = 0x16A09E667F3BCC908B2FB1366EA95
LN_WAD: Final = 0x29724FE657FF706671E86C3C3CCB5B
INV_SQRT_2PI: Final = 0x662114CF50D942343F2CF1402EAE

C0: Final = 2 << 112
C1: Final = 0x2AAAAAAAAAAAAAAAA8B792214DE5
C2: Final = -0xB60B60B60B60B3F3B21FCA1ED8
C3: Final = 0x4559AAF0044B0B2BCF07681CB
C4: Final = -0x1BBD77931D2372451C39DD8B
C5: Final = 0xB35477A2D5526952EB897F
C6: Final = -0x489EFE8200B5A5085B95B
C7: Final = 0x1D12AE2C7BD34AEC5CC6

A0: Final = 2 << 112
A1: Final = 0xAAAAAAAAAAAAAAAF411755EA3691
A2: Final = 0x66666666666645571CB56A897AD5
A3: Final = 0x4924924924D8D309CBD068BC79E4
A4: Final = 0x38E38E389EA18CFDADE0797B8252
A5: Final = 0x2E8BA30D6BFE0D655EAAF788590D
A6: Final = 0x27626AA0F05ED26D956A55FF0F05
A7: Final = 0x22245392AFE7B7018DC061315CAB
A8: Final = 0x1DDEAD939A3F81747E634D36CBA7
A9: Final = 0x1ED4F11B9D680604B09FDB64CC63

P0: Final = 1 << 99
P1: Final = 0x336589A1441F394237086E5477
P2: Final = 0xA42EF54C74A16BEC158A21360C
P3: Final = 0x1500AA530726F8BA75B61557F7D
P4: Final = 0x1E2F1B79414178A30387DCD0264
P5: Final = 0x1FA8A689EC3F51B35D073E0574C
P6: Final = 0x187E428D73D4B69914CD16F0E3B
P7: Final = 0xDCEF9FDA5C087DF38B5961BD66
P8: Final = 0x571BC167BE932C7BEB700BA290
P9: Final = 0x15CEC4C31E815B3E77F85BAC46
P10: Final = 0x2A8463419EA1E86A475532A74

Q0: Final = 1 << 100
Q1: Final = 0x99DB9DAA30AB13A45768EC4F7B
Q2: Final = 0x2B368FFB007CE3438D745D93781
Q3: Final = 0x7803A097754C1850B36B345B7C0
Q4: Final = 0xE55FB523B5E2AEA9B4F2C36758D
Q5: Final = 0x13D911AFEC503D788750CF8EE08A
Q6: Final = 0x145F945B33D926BAF9294AFA48E6
Q7: Final = 0xF8FAE822D4FE26A3C549E18A2EF
Q8: Final = 0x8B4E24C03FB399C99C40E4472FD
Q9: Final = 0x36B0F16D16437DC0FA49348A6DF
Q10: Final = 0xDAA7B3D83EBAA7DADE498C4241
Q11: Final = 0x1AA4C74BF46EA761F1889ADFD7


def exp_wad(exponent: int) -> int:
    """Return e to the power of a wad, as a wad, to the nearest; exponents within +-100."""
    limit = MAX_EXPONENT
    exponent = -limit if exponent < -limit else min(exponent, limit)
    mantissa, halvings = decay(div_down(-exponent << SCALE, WAD))
    shift = SCALE + halvings
    if shift <= 0:
        return mantissa * WAD << -shift
    return _nearest(mantissa * WAD, shift)


def ln_wad(value: int) -> int:
    """Return the natural logarithm of a wad, as a wad, to the nearest; 0 counts as 1e-18."""
    return ((natural_log(value) - LN_WAD) * WAD + HALF) >> SCALE


def sqrt_wad(value: int) -> int:
    """Return the square root of a wad, as a wad, rounded down; values up to 2^192 - 1."""
    value = 0 if value < 0 else min(value, (1 << 192) - 1)
    return sqrt_down(value * WAD)


def normal_cdf(x: int) -> int:
    """Return N(x), the chance that a standard normal variable is below x, to the nearest wad.

    `normal_cdf(x) + normal_cdf(-x)` is exactly 1.
    """
    size = min(abs(x), MAX_DEVIATIONS)
    place = div_down(size << SCALE, WAD)
    mantissa, halvings = decay(place * place >> (SCALE + 1))
    beyond = _nearest((scaled_tail(place) * mantissa >> SCALE) * WAD, SCALE + halvings)
    return beyond if x < 0 else WAD - beyond


def normal_pdf(x: int) -> int:
    """Return the density of a standard normal variable at x, to the nearest wad."""
    place = div_down(min(abs(x), MAX_DEVIATIONS) << SCALE, WAD)
    mantissa, halvings = decay(place * place >> (SCALE + 1))
    return _nearest((INV_SQRT_2PI * mantissa >> SCALE) * WAD, SCALE + halvings)


def decay(t: int) -> tuple[int, int]:
    """Return exp(-t) as `(mantissa, halvings)`: `mantissa / 2^halvings`, |t| at most 100.

    The mantissa is between sqrt(1/2) and sqrt(2). exp(-r) = (c - r) / (c + r) for the small rest r,
    with c = r * coth(r / 2), a polynomial in r^2.
    """
    halvings = (t * LOG2E + (1 << 223)) >> 224
    r = t - halvings * LN2
    w = r * r >> 112
    c = (C7 * w >> 112) + C6
    c = (c * w >> 112) + C5
    c = (c * w >> 112) + C4
    c = (c * w >> 112) + C3
    c = (c * w >> 112) + C2
    c = (c * w >> 112) + C1
    c = (c * w >> 112) + C0
    return div_down((c - r) << 112, c + r), halvings


def natural_log(value: int) -> int:
    """Return the natural logarithm of an integer in units of 2^-112; 0 counts as 1.

    Never falls where the integer rises: every stage is monotone, and the branches meet exactly.
    """
    value = 1 if value < 1 else min(value, MAX_WORD)
    power = value.bit_length() - 1
    m = value << 112 >> power
    unit = ONE
    if m > SQRT2:
        unit, power = ONE << 1, power + 1
    z = div_down((m - unit) << 112, m + unit)
    w = z * z >> 112
    a = (A9 * w >> 112) + A8
    a = (a * w >> 112) + A7
    a = (a * w >> 112) + A6
    a = (a * w >> 112) + A5
    a = (a * w >> 112) + A4
    a = (a * w >> 112) + A3
    a = (a * w >> 112) + A2
    a = (a * w >> 112) + A1
    a = (a * w >> 112) + A0
    return (a * z >> 112) + power * LN2


def scaled_tail(x: int) -> int:
    """Return exp(x^2 / 2) * N(-x), for x from 0 to 20, both in units of 2^-112.

    A quotient of polynomials in x / 4: the tail of N without its exponential is that smooth.
    """
    u = x >> 2
    p = (P10 * u >> 112) + P9
    p = (p * u >> 112) + P8
    p = (p * u >> 112) + P7
    p = (p * u >> 112) + P6
    p = (p * u >> 112) + P5
    p = (p * u >> 112) + P4
    p = (p * u >> 112) + P3
    p = (p * u >> 112) + P2
    p = (p * u >> 112) + P1
    p = (p * u >> 112) + P0
    q = (Q11 * u >> 112) + Q10
    q = (q * u >> 112) + Q9
    q = (q * u >> 112) + Q8
    q = (q * u >> 112) + Q7
    q = (q * u >> 112) + Q6
    q = (q * u >> 112) + Q5
    q = (q * u >> 112) + Q4
    q = (q * u >> 112) + Q3
    q = (q * u >> 112) + Q2
    q = (q * u >> 112) + Q1
    q = (q * u >> 112) + Q0
    return div_down(p << 112, q)


def _nearest(value: int, shift: int) -> int:
    """Return `value / 2^shift` to the nearest, halves up; `shift` is positive."""
    return ((value >> (shift - 1)) + 1) >> 1
