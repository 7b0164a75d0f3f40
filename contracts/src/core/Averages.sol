// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Expiry} from "../types/Market.sol";
import {FixedPoint} from "./FixedPoint.sol";

/// @notice The rounds of a settlement price that are known: their sum in µUSDC per unit, and how many are left.
struct Average {
    uint256 total;
    uint256 left;
}

/// @notice What a settlement price will be, as far as its sixty rounds are known (docs/spec.md V-5, V-9, V-14).
/// @custom:twin rollup_node/core/averages.py
library Averages {
    /// @dev A settlement price is the average of so many rounds.
    uint256 internal constant ROUNDS = 60;

    /// @notice What is known of the price of a date: all of it as soon as it is fixed.
    function readAverage(Expiry memory expiry) internal pure returns (Average memory) {
        if (expiry.price != 0) return Average(expiry.price * ROUNDS, 0);
        return Average(expiry.sum, ROUNDS - expiry.known);
    }

    /// @notice What a lot will be paid if all rounds that are left say `forward`, µUSDC, rounded down.
    function expectLot(Average memory average, uint256 forward, uint256 lotsPerUnit) internal pure returns (uint256) {
        return FixedPoint.divDown(average.total + average.left * forward, lotsPerUnit * ROUNDS);
    }
}
