// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Hash, Tag} from "./Hash.sol";

/// @notice Edges of the challenge game: their names, their halves and the way to a leaf; no clocks, no money
/// (docs/spec.md D-1, D-2).
/// @dev An edge is `(origin, height, index, prefix, node)`: the contest, the levels below it, its place among the nodes of
/// that height, the chain of all left siblings on the way down from the history root, and the hash of the node. They are
/// passed one by one, because a struct in memory costs as much as the rest of the arithmetic.
/// @custom:twin rollup_node/proof/edges.py
library Edges {
    /// @notice Prefix of an edge with nothing on its left.
    bytes32 internal constant NO_PREFIX = 0;

    /// @notice What an edge shares with its rivals: all but the node.
    function mutualId(bytes32 originId, uint8 height, uint64 index, bytes32 prefix) internal pure returns (bytes32) {
        return Hash.place(Tag.MUTUAL, originId, height, index, prefix);
    }

    /// @notice Id of the edge of `node` among the rivals of one mutual id.
    function edgeId(bytes32 mutual, bytes32 node) internal pure returns (bytes32) {
        return Hash.node(Tag.EDGE, mutual, node);
    }

    /// @notice Id of an edge.
    function edgeId(bytes32 originId, uint8 height, uint64 index, bytes32 prefix, bytes32 node)
        internal
        pure
        returns (bytes32)
    {
        return edgeId(mutualId(originId, height, index, prefix), node);
    }

    /// @notice Node of an edge with these halves.
    function nodeOf(bytes32 left, bytes32 right) internal pure returns (bytes32) {
        return Hash.node(Tag.HISTORY_NODE, left, right);
    }

    /// @notice Prefix of a right half whose left sibling is `left`.
    function extendPrefix(bytes32 prefix, bytes32 left) internal pure returns (bytes32) {
        return Hash.node(Tag.PREFIX, prefix, left);
    }

    /// @notice Index of the left half of the node at `index`; the right half stands next to it.
    function leftIndex(uint64 index) internal pure returns (uint64) {
        return index << 1;
    }

    /// @notice Prefix of the node at `index` of a level, from the siblings on its way to the history root, upwards.
    function prefixOf(uint256 index, bytes32[] calldata branch) internal pure returns (bytes32 prefix) {
        prefix = NO_PREFIX;
        for (uint256 level = branch.length; level > 0; --level) {
            if ((index >> (level - 1)) & 1 == 1) prefix = extendPrefix(prefix, branch[level - 1]);
        }
    }

    /// @notice Height of the last left sibling before leaf `index`: its trailing zero bits. `index` is not 0.
    function trailingZeros(uint256 index) internal pure returns (uint256 zeros) {
        while ((index >> zeros) & 1 == 0) ++zeros;
    }
}
