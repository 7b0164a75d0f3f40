// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Leaving} from "../core/Leaving.sol";
import {Refresh} from "../core/Refresh.sol";
import {IStep} from "../interfaces/IStep.sol";
import {Phase} from "../types/Family.sol";
import {Reason} from "../types/Reason.sol";
import {StepKind} from "../types/StepKind.sol";
import {StepInput, StepResult} from "../types/Steps.sol";
import {Frame, Frames} from "./Frames.sol";

/// @notice Tasks that value an account: its refresh, and what leaves it afterwards (docs/spec.md M-9, M-11).
/// @custom:twin rollup_node/core/refresh.py
contract RiskSteps is IStep {
    using Frames for Frame;

    /// @inheritdoc IStep
    function execute(StepInput calldata input, bytes calldata openings)
        external
        pure
        returns (StepResult memory result)
    {
        Frame memory frame = Frames.open(input, openings);
        if (input.phase == Phase.REFRESH) {
            Refresh.refresh(frame);
            return frame.finish(StepKind.REFRESH, Reason.OK);
        }
        if (input.phase == Phase.LEAVE) {
            Reason reason = Leaving.goOn(frame);
            return frame.finish(StepKind.LEAVE, reason);
        }
        return frame.undecodable(input.forced);
    }
}
