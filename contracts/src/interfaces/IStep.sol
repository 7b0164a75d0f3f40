// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {StepInput, StepResult} from "../types/Steps.sol";

/// @notice A stateless contract that executes one family of steps (docs/spec.md X-7, X-8, X-12).
/// @dev Total: no content makes it revert. It reverts only for a bad witness or too little gas. A body or phase that it
/// does not know is undecodable and opens nothing.
/// @custom:twin rollup_node/core/step.py
interface IStep {
    /// @notice Execute one step.
    /// @param input Body and where it came from, or the task that goes on.
    /// @param openings Exactly the leaves that the step reads after the cursor, in the order of first read (X-9), as
    /// `Openings` lays them out.
    /// @return result What the step was, what came of it, and the leaves that it wrote.
    function execute(StepInput calldata input, bytes calldata openings) external view returns (StepResult memory result);
}
