// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Sweeps} from "../core/Sweeps.sol";
import {IStep} from "../interfaces/IStep.sol";
import {Phase} from "../types/Family.sol";
import {StepKind} from "../types/StepKind.sol";
import {StepInput, StepResult} from "../types/Steps.sol";
import {Frame, Frames} from "./Frames.sol";

/// @notice The legs of a mass quote, one a step (docs/spec.md O-11).
/// @custom:twin rollup_node/core/sweeps.py leg
contract LegSteps is IStep {
    using Frames for Frame;

    /// @inheritdoc IStep
    function execute(StepInput calldata input, bytes calldata openings)
        external
        pure
        returns (StepResult memory result)
    {
        Frame memory frame = Frames.open(input, openings);
        if (input.phase == Phase.LEG) return frame.finish(StepKind.LEG, Sweeps.leg(frame));
        return frame.undecodable(input.forced);
    }
}
