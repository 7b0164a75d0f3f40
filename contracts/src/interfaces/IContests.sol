// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AssertionStatus} from "./IAssertionChain.sol";

/// @title What the challenge game knows about assertions
/// @dev A contest is named by the parent whose children compete. Rules: docs/spec.md G-4 to G-6, D-3, D-8.
interface IContests {
    /// @notice Kill a pending assertion; challenge game only.
    function refute(bytes32 id, address refuter) external;

    /// @notice What an assertion claims, and who made it.
    function claimOf(bytes32 id)
        external
        view
        returns (bytes32 parentId, bytes32 historyRoot, AssertionStatus status, address staker);

    /// @notice What the children of `parentId` start from and go towards, and how far their contest is.
    function contest(bytes32 parentId)
        external
        view
        returns (bytes32 afterStateRoot, uint40 target, bytes32 confirmedChild, uint32 childCount);

    /// @notice How many children it has ever had.
    function childCount(bytes32 parentId) external view returns (uint32);

    /// @notice The child that was confirmed; zero if none.
    function confirmedChild(bytes32 parentId) external view returns (bytes32);

    /// @notice When a child was confirmed, unix seconds.
    function confirmedAt(bytes32 parentId) external view returns (uint40);

    /// @notice G-7.
    function configHash() external view returns (bytes32);

    /// @notice T.
    function CONFIRM_PERIOD_SECONDS() external view returns (uint64);
}
