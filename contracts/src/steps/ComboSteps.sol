// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Combos} from "../core/Combos.sol";
import {IComboSteps} from "../interfaces/IComboSteps.sol";
import {Reason} from "../types/Reason.sol";
import {RfqTask} from "../types/Task.sol";
import {Frame, Frames} from "./Frames.sol";

/// @notice The trade within a step of a combo (docs/spec.md Q-4, Q-5), called by `RfqSteps`.
contract ComboSteps is IComboSteps {
    using Frames for Frame;

    /// @inheritdoc IComboSteps
    function trade(bytes memory packed, RfqTask memory task) external pure returns (bytes memory, Reason) {
        Frame memory frame = Frames.unpack(packed);
        Reason reason = Combos.tradeCombo(frame, task);
        return (frame.pack(), reason);
    }
}
