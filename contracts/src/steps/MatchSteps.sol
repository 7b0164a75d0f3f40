// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Matching} from "../core/Matching.sol";
import {IFillSteps} from "../interfaces/IFillSteps.sol";
import {IStep} from "../interfaces/IStep.sol";
import {Phase} from "../types/Family.sol";
import {Reason} from "../types/Reason.sol";
import {StepKind} from "../types/StepKind.sol";
import {StepInput, StepResult} from "../types/Steps.sol";
import {FillSteps} from "./FillSteps.sol";
import {Frame, Frames} from "./Frames.sol";

/// @notice The match of the order in flight, one resting order a step (docs/spec.md O-7).
/// @custom:twin rollup_node/core/matching.py
contract MatchSteps is IStep {
    using Frames for Frame;

    /// @notice Fills orders: both together would be larger than EIP-170 allows (ADR 7).
    IFillSteps public immutable FILL_STEPS;

    constructor() {
        FILL_STEPS = new FillSteps();
    }

    /// @inheritdoc IStep
    function execute(StepInput calldata input, bytes calldata openings)
        external
        view
        returns (StepResult memory result)
    {
        Frame memory frame = Frames.open(input, openings);
        if (input.phase != Phase.TAKE) return frame.undecodable(input.forced);
        Reason reason;
        (frame, reason) = Matching.take(frame, FILL_STEPS);
        return frame.finish(StepKind.TAKE, reason);
    }
}
