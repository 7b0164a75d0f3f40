// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Meetings} from "../core/Meetings.sol";
import {IFillSteps, Meeting} from "../interfaces/IFillSteps.sol";
import {Order} from "../types/Book.sol";
import {Reason} from "../types/Reason.sol";
import {Frame, Frames} from "./Frames.sol";

/// @notice The fill within a TAKE step (docs/spec.md O-7 (5)), called by `MatchSteps`.
contract FillSteps is IFillSteps {
    using Frames for Frame;

    /// @inheritdoc IFillSteps
    function meet(bytes memory packed, Order memory order, bool isSale)
        external
        pure
        returns (bytes memory, Meeting, Reason, uint256)
    {
        Frame memory frame = Frames.unpack(packed);
        (Meeting meeting, Reason reason, uint256 lots) = Meetings.meet(frame, order, isSale);
        return (frame.packWrites(), meeting, reason, lots);
    }
}
