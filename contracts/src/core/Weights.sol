// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {StepKind} from "../types/StepKind.sol";

/// @notice Constant weight of each kind of step, in gas: at least what its worst case costs in a call of its own
/// (docs/spec.md X-11).
/// @custom:twin rollup_node/core/weights.py WEIGHTS
library Weights {
    uint256 internal constant CURSOR_ONLY = 400_000;
    uint256 internal constant ACCOUNT = 800_000;

    uint256 internal constant UNIT = 100_000;
    /// @dev One byte for each kind, in units.
    bytes private constant TABLE =
        hex"04040404080808080808080404100c0c100c0c16100c360c0c0c0c0c280e10100c100c0c0c0c0c0c100c0c1810100c100c3118";

    function weightOf(StepKind kind) internal pure returns (uint256) {
        return uint8(TABLE[uint8(kind)]) * UNIT;
    }
}
