// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Meetings} from "../core/Meetings.sol";
import {IFillSteps, Meeting} from "../interfaces/IFillSteps.sol";
import {Reason} from "../types/Reason.sol";
import {Frame} from "./Frames.sol";

/// @notice The fill within a TAKE step (docs/spec.md O-7 (5)), called by `MatchSteps`.
contract FillSteps is IFillSteps {
    /// @inheritdoc IFillSteps
    function meet(Frame memory frame) external pure returns (Frame memory, Meeting, Reason, uint256) {
        (Meeting meeting, Reason reason, uint256 lots) = Meetings.meet(frame);
        return (frame, meeting, reason, lots);
    }
}
