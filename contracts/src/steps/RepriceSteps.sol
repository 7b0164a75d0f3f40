// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Funding} from "../core/Funding.sol";
import {Reprice} from "../core/Reprice.sol";
import {IStep} from "../interfaces/IStep.sol";
import {Phase} from "../types/Family.sol";
import {StepKind} from "../types/StepKind.sol";
import {StepInput, StepResult} from "../types/Steps.sol";
import {Frame, Frames} from "./Frames.sol";

/// @notice Repricing and the sampling of premiums; a phase that no family knows ends here (docs/spec.md V-5, V-8, X-12).
/// @custom:twin rollup_node/core/reprice.py, funding.py
contract RepriceSteps is IStep {
    using Frames for Frame;

    /// @inheritdoc IStep
    function execute(StepInput calldata input, bytes calldata openings)
        external
        pure
        returns (StepResult memory result)
    {
        Frame memory frame = Frames.open(input, openings);
        if (input.phase == Phase.REPRICE) return frame.finish(StepKind.REPRICE, Reprice.reprice(frame));
        if (input.phase == Phase.SAMPLE) return frame.finish(StepKind.SAMPLE, Funding.sample(frame));
        return frame.undecodable(input.forced);
    }
}
