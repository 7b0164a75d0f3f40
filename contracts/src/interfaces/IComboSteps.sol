// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Reason} from "../types/Reason.sol";
import {RfqTask} from "../types/Task.sol";

/// @notice The trade within a step of a combo: a contract of its own, because both together exceed EIP-170.
interface IComboSteps {
    /// @notice Check the legs and both parties, then move the positions of both (docs/spec.md Q-4, Q-5).
    /// @param frame The step so far, packed (`Frames`): hot leaves of both and prices have been read.
    /// @param task The combo; the rows of both accounts are current.
    /// @return The step after it, packed; if it fails, only what it read counts.
    /// @return Why it failed.
    function trade(bytes memory frame, RfqTask memory task) external pure returns (bytes memory, Reason);
}
