// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {StepKind} from "../types/StepKind.sol";

/// @notice Constant weight of each kind of step, in gas: at least what its worst case costs in a call of its own
/// (docs/spec.md X-11).
/// @custom:twin rollup_node/core/weights.py WEIGHTS
library Weights {
    uint256 internal constant CURSOR_ONLY = 400_000;
    uint256 internal constant ACCOUNT = 600_000;

    function weightOf(StepKind kind) internal pure returns (uint256) {
        bool touchesAccounts = kind >= StepKind.TRANSFER && kind <= StepKind.FORCED_ROTATE_KEY;
        return touchesAccounts ? ACCOUNT : CURSOR_ONLY;
    }
}
