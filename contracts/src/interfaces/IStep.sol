// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Reason} from "../types/Reason.sol";
import {StepKind} from "../types/StepKind.sol";
import {Opening, StepInput} from "../types/Steps.sol";

/// @notice A stateless contract that executes one family of steps (docs/spec.md X-7, X-8).
/// @dev Total: no content makes it revert. It reverts only for a bad witness or too little gas.
/// @custom:twin rollup_node/core/step.py
interface IStep {
    /// @notice Execute one step.
    /// @param input Body and where it came from.
    /// @param openings Exactly the leaves that the step reads after the cursor, in the order of X-7 and X-8.
    /// @return kind What the step was; it fixes the weight.
    /// @return reason What came of it.
    /// @return values The leaves after the step, aligned with `openings`.
    function execute(StepInput calldata input, Opening[] calldata openings)
        external
        view
        returns (StepKind kind, Reason reason, bytes[] memory values);
}
