// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Liquidation} from "../core/Liquidation.sol";
import {OpenRecords} from "../core/OpenRecords.sol";
import {IStep} from "../interfaces/IStep.sol";
import {OrderClass, Phase} from "../types/Family.sol";
import {Reason} from "../types/Reason.sol";
import {StepKind} from "../types/StepKind.sol";
import {StepInput, StepResult} from "../types/Steps.sol";
import {Frame, Frames} from "./Frames.sol";
import {OpenAction} from "./OpenAction.sol";

/// @notice Liquidations, one order a time (docs/spec.md L-1, L-2).
/// @custom:twin rollup_node/core/liquidation.py
contract LiquidationSteps is IStep {
    using Frames for Frame;

    /// @inheritdoc IStep
    function execute(StepInput calldata input, bytes calldata openings)
        external
        pure
        returns (StepResult memory result)
    {
        Frame memory frame = Frames.open(input, openings);
        if (input.phase == Phase.LIQUIDATE) return frame.finish(StepKind.LIQUIDATE, Liquidation.liquidate(frame));
        return _liquidate(frame, input);
    }

    function _liquidate(Frame memory frame, StepInput calldata input) private pure returns (StepResult memory) {
        (bool ok, uint32 account, uint16 series) = OpenRecords.decodeLiquidate(input.body);
        if (!ok) return frame.undecodable(input.forced);
        if (OpenAction.isLate(frame, input, OrderClass.LIQUIDATION)) {
            return frame.finish(StepKind.LIQUIDATE, Reason.OUT_OF_CLASS);
        }
        Reason reason = Liquidation.applyLiquidate(frame, account, series);
        return OpenAction.finish(frame, input, OrderClass.LIQUIDATION, StepKind.LIQUIDATE, reason);
    }
}
