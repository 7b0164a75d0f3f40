// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Call} from "../types/Steps.sol";

/// @title What the challenge game knows about a machine
/// @notice The game asks for nothing else, so it judges any deterministic machine whose state is named by one hash.
/// @dev Rules: docs/spec.md G-1, G-3, D-7. No run may start from a finished state: what follows it is itself. A machine reverts for a bad witness or too little gas, never for content.
interface IVerifier {
    /// @notice Execute a run of steps and record its result in the proof table. Proving a run again changes nothing.
    /// @return root State root after the run.
    /// @return weight Sum of the weights of the segment so far, in gas.
    /// @return ended The segment ends here.
    function prove(Call calldata call) external returns (bytes32 root, uint256 weight, bool ended);

    /// @notice State after `stepsDone` steps of the segment that starts at `startRoot`; `root` is zero if unproven.
    /// @dev `stepsDone = 0` is the start itself, which needs no proof.
    function entry(bytes32 ctx, bytes32 startRoot, uint256 stepsDone)
        external
        view
        returns (bytes32 root, uint256 weight, bool ended);

    /// @notice Context of the entries for a history towards `target` under a configuration (docs/spec.md G-3).
    function context(uint40 target, bytes32 configHash) external view returns (bytes32 ctx);

    /// @notice Where a state stands in the inbox, shown by `proof`; reverts if the proof does not belong to the state.
    /// @return item Inbox items that the state has consumed.
    /// @return clean The state stands between two items; it is finished when it is clean and `item` is the target.
    function position(bytes32 stateRoot, bytes calldata proof) external view returns (uint40 item, bool clean);
}
