// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {OpenRecords} from "../core/OpenRecords.sol";
import {Triggers} from "../core/Triggers.sol";
import {IStep} from "../interfaces/IStep.sol";
import {OrderClass, Phase} from "../types/Family.sol";
import {Reason} from "../types/Reason.sol";
import {StepKind} from "../types/StepKind.sol";
import {StepInput, StepResult} from "../types/Steps.sol";
import {Frame, Frames} from "./Frames.sol";
import {OpenAction} from "./OpenAction.sol";

/// @notice Triggers that fire (docs/spec.md L-7, V-7).
/// @custom:twin rollup_node/core/triggers.py
contract TriggerSteps is IStep {
    using Frames for Frame;

    /// @inheritdoc IStep
    function execute(StepInput calldata input, bytes calldata openings)
        external
        pure
        returns (StepResult memory result)
    {
        Frame memory frame = Frames.open(input, openings);
        if (input.phase == Phase.DRAIN) return frame.finish(StepKind.DRAIN, Triggers.drain(frame));
        return _trigger(frame, input);
    }

    function _trigger(Frame memory frame, StepInput calldata input) private pure returns (StepResult memory) {
        (bool ok, uint8 underlying) = OpenRecords.decodeTrigger(input.body);
        if (!ok) return frame.undecodable(input.forced);
        if (OpenAction.isLate(frame, input, OrderClass.LIQUIDATION)) {
            return frame.finish(StepKind.TRIGGER, Reason.OUT_OF_CLASS);
        }
        Reason reason = Triggers.applyTrigger(frame, underlying);
        return OpenAction.finish(frame, input, OrderClass.LIQUIDATION, StepKind.TRIGGER, reason);
    }
}
