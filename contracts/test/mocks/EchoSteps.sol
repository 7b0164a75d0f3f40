// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Layout} from "../../src/core/Layout.sol";
import {IStep} from "../../src/interfaces/IStep.sol";
import {Frame, Frames} from "../../src/steps/Frames.sol";
import {Phase} from "../../src/types/Family.sol";
import {Reason} from "../../src/types/Reason.sol";
import {StepKind} from "../../src/types/StepKind.sol";
import {StepInput, StepResult} from "../../src/types/Steps.sol";

/// @notice A family that does nothing but leave its name: its number becomes the order class.
contract EchoSteps is IStep {
    using Frames for Frame;

    uint8 internal constant NAME = 100;
    uint8 private immutable FAMILY;

    constructor(uint256 family) {
        FAMILY = uint8(family);
    }

    /// @inheritdoc IStep
    function execute(StepInput calldata input, bytes calldata openings)
        external
        view
        returns (StepResult memory result)
    {
        Frame memory frame = Frames.open(input, openings);
        if (input.phase == Phase.BLOCK_BEGIN) {
            frame.get(Layout.PRICES);
        } else {
            frame.orderClass = NAME + FAMILY;
            frame.phase = Phase.IDLE;
        }
        return frame.finish(StepKind.UNDECODABLE, Reason.OK);
    }
}

/// @notice A family with a task: a body of two bytes says how many steps are to come, and each takes one off leaf 11.
contract CountdownSteps is IStep {
    using Frames for Frame;

    /// @inheritdoc IStep
    function execute(StepInput calldata input, bytes calldata openings)
        external
        pure
        returns (StepResult memory result)
    {
        Frame memory frame = Frames.open(input, openings);
        if (input.phase == Phase.LEG) return _goOn(frame);
        if (input.phase != Phase.IDLE || input.body.length != 2) return frame.undecodable(input.forced);
        frame.get(Layout.SWEEP);
        frame.put(Layout.SWEEP, input.body[1:]);
        frame.phase = Phase.LEG;
        return frame.finish(StepKind.QUOTE, Reason.OK);
    }

    function _goOn(Frame memory frame) private pure returns (StepResult memory) {
        uint8 left = uint8(bytes1(frame.get(Layout.SWEEP))) - 1;
        frame.put(Layout.SWEEP, abi.encodePacked(left));
        if (left == 0) frame.phase = Phase.IDLE;
        return frame.finish(StepKind.LEG, Reason.OK);
    }
}
