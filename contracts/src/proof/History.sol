// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Hash, Tag} from "./Hash.sol";

/// @notice Commitment to the state roots after each segment (docs/spec.md G-2).
/// @custom:twin rollup_node/proof/history.py
library History {
    /// @notice Root of the history that has `leaf` at `index`; `branch` holds the siblings from the leaf upwards.
    function rootOf(bytes32 leaf, uint256 index, bytes32[] calldata branch) internal pure returns (bytes32 hash) {
        hash = leaf;
        for (uint256 i = 0; i < branch.length; ++i) {
            hash = (index >> i) & 1 == 0
                ? Hash.node(Tag.HISTORY_NODE, hash, branch[i])
                : Hash.node(Tag.HISTORY_NODE, branch[i], hash);
        }
    }

    /// @notice Root of the history whose last leaf is `leaf`; the length of `branch` is the height of the tree.
    function rootOfLast(bytes32 leaf, bytes32[] calldata branch) internal pure returns (bytes32) {
        return rootOf(leaf, 2 ** branch.length - 1, branch);
    }
}
