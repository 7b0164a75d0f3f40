// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Layout} from "../core/Layout.sol";
import {IStep} from "../interfaces/IStep.sol";
import {Phase} from "../types/Family.sol";
import {Reason} from "../types/Reason.sol";
import {StepKind} from "../types/StepKind.sol";
import {Opening, StepInput, StepResult} from "../types/Steps.sol";
import {Frame, Frames} from "./Frames.sol";

/// @notice What a block begins with (docs/spec.md X-13).
/// @custom:twin rollup_node/core/clock.py
contract PriceSteps is IStep {
    using Frames for Frame;

    /// @inheritdoc IStep
    function execute(StepInput calldata input, Opening[] calldata openings)
        external
        pure
        returns (StepResult memory result)
    {
        Frame memory frame = Frames.open(input, openings);
        if (input.phase == Phase.BLOCK_BEGIN) return _beginBlock(frame);
        return frame.undecodable(input.forced);
    }

    /// @dev Without prices nothing is due.
    function _beginBlock(Frame memory frame) private pure returns (StepResult memory) {
        frame.get(Layout.PRICES);
        return frame.finish(StepKind.SEAL, Reason.OK);
    }
}
