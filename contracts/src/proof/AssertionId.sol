// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Tag} from "./Hash.sol";

/// @notice Names of assertions and of proof-table contexts (docs/spec.md G-3, G-4).
/// @custom:twin rollup_node/proof/assertions.py
library AssertionId {
    /// @notice Id of an assertion.
    /// @param accumulator Inbox accumulator at the target of the assertion.
    function assertionId(bytes32 parentId, bytes32 historyRoot, bytes32 accumulator) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(Tag.ASSERTION, parentId, historyRoot, accumulator));
    }

    /// @notice Context of the entries of a proof table.
    /// @param accumulator Inbox accumulator at `target`.
    function context(uint40 target, bytes32 accumulator, bytes32 configHash) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(Tag.CONTEXT, target, accumulator, configHash));
    }
}
