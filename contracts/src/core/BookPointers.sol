// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Level, Order} from "../types/Book.sol";

/// @notice Where the members of structs of leaves of the book begin in memory, for `Structs`.
library BookPointers {
    function pointerTo(Order memory leaf) internal pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := leaf
        }
    }

    function pointerTo(Level memory leaf) internal pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := leaf
        }
    }

    function pointerTo(uint32[8] memory row) internal pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := row
        }
    }
}
