// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Reason} from "../types/Reason.sol";
import {StepKind} from "../types/StepKind.sol";
import {StepInput, StepResult} from "../types/Steps.sol";
import {Frame, Frames} from "./Frames.sol";

/// @notice The class of records that anyone may make (docs/spec.md O-1).
/// @custom:twin rollup_node/core/open_action.py
library OpenAction {
    using Frames for Frame;

    /// @notice Whether a record comes too late in its block.
    function isLate(Frame memory frame, StepInput calldata input, uint8 class) internal pure returns (bool) {
        return !input.forced && frame.orderClass > class;
    }

    /// @notice What a report is held against: the time of the block, or of the L1 block that brought it.
    function clockOf(StepInput calldata input) internal pure returns (uint256) {
        return input.forced ? input.sentMs : input.timeMs;
    }

    /// @notice The answer of the step: a record that has its effect raises the class of the block.
    function finish(Frame memory frame, StepInput calldata input, uint8 class, StepKind kind, Reason reason)
        internal
        pure
        returns (StepResult memory)
    {
        if (reason == Reason.OK && !input.forced) frame.orderClass = class;
        return frame.finish(kind, reason);
    }
}
