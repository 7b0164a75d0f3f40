// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AssetRow, Credit, Expiry, PriceRow, Prices, SeriesState, SeriesTerms, Underlying} from "../types/Market.sol";

/// @notice Where the members of structs of leaves of markets begin in memory, for `Structs`.
library MarketPointers {
    function pointerTo(AssetRow memory leaf) internal pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := leaf
        }
    }

    function pointerTo(Credit memory leaf) internal pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := leaf
        }
    }

    function pointerTo(Underlying memory leaf) internal pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := leaf
        }
    }

    function pointerTo(Expiry memory leaf) internal pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := leaf
        }
    }

    function pointerTo(SeriesTerms memory leaf) internal pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := leaf
        }
    }

    function pointerTo(SeriesState memory leaf) internal pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := leaf
        }
    }

    function pointerTo(uint64[60] memory row) internal pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := row
        }
    }

    function pointerTo(uint128[8] memory row) internal pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := row
        }
    }

    function pointerTo(address[8] memory row) internal pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := row
        }
    }

    function pointerTo(uint16[16] memory row) internal pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := row
        }
    }

    /// @dev Where the pointers begin.
    function pointerTo(PriceRow[] memory rows) internal pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := add(rows, 32)
        }
    }

    function pointerTo(Prices memory leaf) internal pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := leaf
        }
    }
}
