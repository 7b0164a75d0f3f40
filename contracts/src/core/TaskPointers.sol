// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {RfqLeg} from "../types/Records.sol";
import {
    LeaveTask,
    LiquidationTask,
    PriceTask,
    QuoteHead,
    QuoteLeg,
    QuoteTask,
    RefreshRow,
    RefreshTask,
    RfqTask,
    SweepTask,
    Taker
} from "../types/Task.sol";

/// @notice Where the members of structs of leaves of what is in flight begin in memory, for `Structs`.
library TaskPointers {
    function pointerTo(Taker memory leaf) internal pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := leaf
        }
    }

    function pointerTo(RefreshTask memory leaf) internal pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := leaf
        }
    }

    function pointerTo(QuoteTask memory leaf) internal pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := leaf
        }
    }

    function pointerTo(QuoteHead memory leaf) internal pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := leaf
        }
    }

    function pointerTo(QuoteLeg memory leaf) internal pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := leaf
        }
    }

    function pointerTo(SweepTask memory leaf) internal pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := leaf
        }
    }

    function pointerTo(PriceTask memory leaf) internal pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := leaf
        }
    }

    function pointerTo(LeaveTask memory leaf) internal pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := leaf
        }
    }

    function pointerTo(LiquidationTask memory leaf) internal pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := leaf
        }
    }

    /// @dev Where the pointers begin.
    function pointerTo(RefreshRow[] memory rows) internal pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := add(rows, 32)
        }
    }

    function pointerTo(RfqTask memory leaf) internal pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := leaf
        }
    }

    function pointerTo(RfqLeg[8] memory rows) internal pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := rows
        }
    }
}
