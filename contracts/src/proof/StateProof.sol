// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Layout} from "../core/Layout.sol";
import {LeafKey} from "../types/LeafKey.sol";
import {Hash, Tag} from "./Hash.sol";

/// @notice Hashes of the state tree, and the proof of a single leaf (docs/spec.md T-3).
/// @custom:twin rollup_node/proof/state_tree.py
library StateProof {
    error InvalidKey(LeafKey key);
    error WrongBranchLength(uint256 length, uint256 expected);

    /// @notice Hash of a leaf; zero for the empty leaf.
    function leafHash(bytes memory value) internal pure returns (bytes32) {
        return value.length == 0 ? bytes32(0) : Hash.taggedInPlace(Tag.STATE_LEAF, value);
    }

    /// @notice Hash of a branch; zero over an empty subtree.
    function branchHash(bytes32 left, bytes32 right) internal pure returns (bytes32) {
        return left | right == 0 ? bytes32(0) : Hash.node(Tag.STATE_BRANCH, left, right);
    }

    /// @notice State root under which `key` holds `value`; `branch` holds as many siblings as the key is deep, from the
    /// leaf upwards.
    function rootOf(LeafKey key, bytes memory value, bytes32[] calldata branch) internal pure returns (bytes32 hash) {
        (uint256 depth, uint256 position) = Layout.locate(key);
        if (depth == 0) revert InvalidKey(key);
        if (branch.length != depth) revert WrongBranchLength(branch.length, depth);
        uint256 path = position >> (Layout.POSITION_BITS - depth);
        hash = leafHash(value);
        for (uint256 i = 0; i < depth; ++i) {
            hash = (path >> i) & 1 == 0 ? branchHash(hash, branch[i]) : branchHash(branch[i], hash);
        }
    }
}
