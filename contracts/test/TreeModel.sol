// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice The state tree as docs/spec.md T-1 to T-4 say it, slow and plain, written apart from the code under test.
library TreeModel {
    /// @dev Of the regions 0 to 10: 12, 16, 19, 30, 24, 28, 31, 33, 36, 30, 24.
    bytes11 private constant DEPTHS = hex"0c10131e181c1f21241e18";

    struct Tree {
        uint64[] keys;
        bytes[] values;
    }

    /// @notice Add a leaf, or replace it.
    function put(Tree memory tree, uint64 key, bytes memory value) internal pure {
        for (uint256 i = 0; i < tree.keys.length; ++i) {
            if (tree.keys[i] == key) {
                tree.values[i] = value;
                return;
            }
        }
        uint64[] memory keys = new uint64[](tree.keys.length + 1);
        bytes[] memory values = new bytes[](keys.length);
        for (uint256 i = 0; i < tree.keys.length; ++i) {
            (keys[i], values[i]) = (tree.keys[i], tree.values[i]);
        }
        (keys[tree.keys.length], values[tree.keys.length]) = (key, value);
        (tree.keys, tree.values) = (keys, values);
    }

    function get(Tree memory tree, uint64 key) internal pure returns (bytes memory value) {
        for (uint256 i = 0; i < tree.keys.length; ++i) {
            if (tree.keys[i] == key) return tree.values[i];
        }
    }

    function root(Tree memory tree) internal pure returns (bytes32) {
        return subtree(tree, 0, 0);
    }

    /// @notice Hash of the subtree at a depth; `path` counts subtrees of this depth from the left.
    function subtree(Tree memory tree, uint256 depth, uint256 path) internal pure returns (bytes32) {
        bool occupied = false;
        for (uint256 i = 0; i < tree.keys.length; ++i) {
            if (tree.values[i].length == 0 || !covers(depth, path, tree.keys[i])) continue;
            if (depthOf(tree.keys[i]) == depth) return keccak256(abi.encodePacked(bytes1(0x00), tree.values[i]));
            occupied = true;
        }
        if (!occupied) return 0;
        bytes32 left = subtree(tree, depth + 1, 2 * path);
        bytes32 right = subtree(tree, depth + 1, 2 * path + 1);
        return keccak256(abi.encodePacked(bytes1(0x01), left, right));
    }

    /// @notice Siblings of the proof that opens these keys, which increase by position.
    function siblings(Tree memory tree, uint64[] memory opened) internal pure returns (bytes memory proof) {
        for (uint256 i = 0; i < opened.length; ++i) {
            uint256 path = pathOf(opened[i]);
            for (uint256 depth = depthOf(opened[i]); depth > 0; --depth) {
                if (_anyUnder(opened, depth, path ^ 1)) {
                    // A left child waits for its right neighbour, which takes it along.
                    if (path & 1 == 0) break;
                } else {
                    proof = abi.encodePacked(proof, subtree(tree, depth, path ^ 1));
                }
                path >>= 1;
            }
        }
    }

    /// @notice Siblings of one leaf, from the leaf upwards.
    function branch(Tree memory tree, uint64 key) internal pure returns (bytes32[] memory hashes) {
        uint256 depth = depthOf(key);
        uint256 path = pathOf(key);
        hashes = new bytes32[](depth);
        for (uint256 i = 0; i < depth; ++i) {
            hashes[i] = subtree(tree, depth - i, path >> i ^ 1);
        }
    }

    function covers(uint256 depth, uint256 path, uint64 key) internal pure returns (bool) {
        uint256 deep = depthOf(key);
        return deep >= depth && pathOf(key) >> (deep - depth) == path;
    }

    function depthOf(uint64 key) internal pure returns (uint256) {
        return uint8(DEPTHS[key >> 32]);
    }

    function pathOf(uint64 key) internal pure returns (uint256) {
        return (uint256(key >> 32) << (depthOf(key) - 4)) | uint32(key);
    }

    function _anyUnder(uint64[] memory keys, uint256 depth, uint256 path) private pure returns (bool) {
        for (uint256 i = 0; i < keys.length; ++i) {
            if (covers(depth, path, keys[i])) return true;
        }
        return false;
    }
}
