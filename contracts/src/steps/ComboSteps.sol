// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Combos} from "../core/Combos.sol";
import {IComboSteps} from "../interfaces/IComboSteps.sol";
import {Reason} from "../types/Reason.sol";
import {RfqTask} from "../types/Task.sol";
import {Frame} from "./Frames.sol";

/// @notice The trade within a step of a combo (docs/spec.md Q-4, Q-5), called by `RfqSteps`.
contract ComboSteps is IComboSteps {
    /// @inheritdoc IComboSteps
    function trade(Frame memory frame, RfqTask memory task) external pure returns (Frame memory, Reason) {
        Reason reason = Combos.tradeCombo(frame, task);
        return (frame, reason);
    }
}
