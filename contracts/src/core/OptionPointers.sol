// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {OptionDates, OptionRules, SalePlace, StrikeRow} from "../types/Option.sol";
import {SurfaceNode} from "../types/Surface.sol";

/// @notice Where the members of structs of leaves of options begin in memory, for `Structs`.
library OptionPointers {
    function pointerTo(OptionRules memory leaf) internal pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := leaf
        }
    }

    function pointerTo(OptionDates memory leaf) internal pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := leaf
        }
    }

    function pointerTo(SurfaceNode[16] memory rows) internal pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := rows
        }
    }

    function pointerTo(StrikeRow[32] memory rows) internal pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := rows
        }
    }

    function pointerTo(SalePlace[4] memory rows) internal pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := rows
        }
    }
}
