// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SeriesTerms} from "../types/Market.sol";
import {FixedPoint} from "./FixedPoint.sol";
import {Flags} from "./Flags.sol";

/// @notice What the terms of a series make of lots and ticks: notionals, fees, reserves, bands (docs/spec.md M-3, M-7,
/// M-12). A linear series counts what its lots are worth, an option what it is on: its strike.
/// @dev Unchecked: lots have 32 bits, ticks 20, units 31, strikes 64, rates 16.
/// @custom:twin rollup_node/core/option_terms.py
library OptionTerms {
    uint8 internal constant CALL = 4;
    uint8 internal constant PUT = 5;

    /// @dev A resting order reserves this part of its notional (M-7).
    uint256 internal constant RESERVE_DIVISOR = 100;
    /// @dev Every order reserves this much, so that the slots of the book cannot be had for nothing (M-7).
    uint256 internal constant MIN_RESERVE_USDC = 10_000;
    /// @dev A fee on an option is at most this part of its premium (M-12).
    int256 private constant PREMIUM_DIVISOR = 8;
    int256 private constant PPM = 1_000_000;

    /// @notice The strike of an option in µUSDC per lot, exact by listing.
    function lotStrike(SeriesTerms memory terms) internal pure returns (uint256) {
        return FixedPoint.divDown(uint256(terms.strike), uint256(terms.lotsPerUnit));
    }

    /// @notice What lots are on: their price at a tick, for an option their strike.
    function notionalUsdc(SeriesTerms memory terms, uint256 lots, uint256 tick) internal pure returns (uint256) {
        unchecked {
            return lots * (terms.kind >= CALL ? lotStrike(terms) : tick * terms.unit);
        }
    }

    /// @notice Fee on a fill at `price` (µUSDC per lot), rounded up: a rebate's size is rounded down (M-3). That of an
    /// option is on its strike, and at most an eighth of the premium.
    function computeFee(SeriesTerms memory terms, uint256 lots, int256 price, int256 ratePpm)
        internal
        pure
        returns (int256 fee)
    {
        unchecked {
            if (terms.kind < CALL) return FixedPoint.divUp(int256(lots) * price * ratePpm, PPM);
            fee = FixedPoint.divUp(int256(lots * lotStrike(terms)) * ratePpm, PPM);
            int256 limit = FixedPoint.divUp(int256(lots) * price, PREMIUM_DIVISOR);
            if (fee > limit) fee = limit;
        }
    }

    /// @notice What an order reserves while it rests or waits for its trigger, µUSDC: 1 % of its notional, rounded up; who
    /// buys options the whole premium. Never less than a cent, which is all for reduce-only orders (M-7).
    function computeReserve(SeriesTerms memory terms, uint256 flags, uint256 tick, uint256 lots)
        internal
        pure
        returns (uint64)
    {
        if (flags & Flags.REDUCE_ONLY != 0) return uint64(MIN_RESERVE_USDC);
        unchecked {
            uint256 reserve = terms.kind >= CALL && flags & Flags.SIDE == 0
                ? lots * tick * terms.unit
                : FixedPoint.divUp(notionalUsdc(terms, lots, tick), RESERVE_DIVISOR);
            return uint64(reserve > MIN_RESERVE_USDC ? reserve : MIN_RESERVE_USDC);
        }
    }

    /// @notice What the band is a part of, in µUSDC per lot: the mark, of an option its strike (O-2).
    function bandUsdc(SeriesTerms memory terms, uint256 mark) internal pure returns (uint256) {
        return terms.kind >= CALL ? lotStrike(terms) : mark;
    }
}
