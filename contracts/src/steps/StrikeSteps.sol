// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Strikes} from "../core/Strikes.sol";
import {IStep} from "../interfaces/IStep.sol";
import {StepKind} from "../types/StepKind.sol";
import {StepInput, StepResult} from "../types/Steps.sol";
import {Frame, Frames} from "./Frames.sol";

/// @notice Repricing of options, one strike a step (docs/spec.md V-14).
/// @custom:twin rollup_node/core/strikes.py
contract StrikeSteps is IStep {
    using Frames for Frame;

    /// @inheritdoc IStep
    function execute(StepInput calldata input, bytes calldata openings)
        external
        pure
        returns (StepResult memory result)
    {
        Frame memory frame = Frames.open(input, openings);
        return frame.finish(StepKind.STRIKE, Strikes.repriceStrike(frame));
    }
}
