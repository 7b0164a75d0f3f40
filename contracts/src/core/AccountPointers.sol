// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Cold, Hot, Position, Positions, ProtectionRow, RiskRow, SessionKey} from "../types/Account.sol";

/// @notice Where the members of structs of leaves of accounts begin in memory, for `Structs`.
library AccountPointers {
    function pointerTo(Hot memory leaf) internal pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := leaf
        }
    }

    function pointerTo(Cold memory leaf) internal pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := leaf
        }
    }

    function pointerTo(SessionKey memory leaf) internal pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := leaf
        }
    }

    function pointerTo(Position memory leaf) internal pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := leaf
        }
    }

    /// @dev Where the pointers begin.
    function pointerTo(RiskRow[] memory rows) internal pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := add(rows, 32)
        }
    }

    function pointerTo(Positions memory leaf) internal pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := leaf
        }
    }

    function pointerTo(ProtectionRow[8] memory rows) internal pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := rows
        }
    }

    /// @dev Where the pointers begin.
    function pointerTo(Position[] memory rows) internal pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := add(rows, 32)
        }
    }
}
