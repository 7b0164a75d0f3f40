// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Hash, Tag} from "./Hash.sol";

/// @notice Commitment to the data of an item, in chunks of 1,024 bytes (docs/spec.md I-2).
/// @custom:twin rollup_node/proof/chunks.py
library Chunks {
    uint256 internal constant CHUNK_BYTES = 1024;

    /// @notice Chunks of data of `byteLength` bytes.
    function count(uint256 byteLength) internal pure returns (uint256) {
        return (byteLength + CHUNK_BYTES - 1) / CHUNK_BYTES;
    }

    /// @notice Depth of the tree over `chunks >= 1` chunks: the rounded-up binary logarithm.
    function depth(uint256 chunks) internal pure returns (uint256 levels) {
        while (2 ** levels < chunks) ++levels;
    }

    /// @notice Hash of one chunk.
    function leaf(bytes calldata chunk) internal pure returns (bytes32) {
        return Hash.tagged(Tag.CHUNK, chunk);
    }

    /// @notice Chunk root of data; zero for no data.
    function root(bytes calldata data) internal pure returns (bytes32) {
        uint256 chunks = count(data.length);
        if (chunks == 0) return bytes32(0);
        bytes32[] memory level = new bytes32[](2 ** depth(chunks));
        for (uint256 i = 0; i < chunks; ++i) {
            uint256 start = i * CHUNK_BYTES;
            uint256 end = i + 1 == chunks ? data.length : start + CHUNK_BYTES;
            level[i] = leaf(data[start:end]);
        }
        return rootOfLevel(level);
    }

    /// @notice Root over a level of `2^k` nodes, which is overwritten.
    function rootOfLevel(bytes32[] memory level) internal pure returns (bytes32) {
        for (uint256 width = level.length / 2; width > 0; width /= 2) {
            for (uint256 i = 0; i < width; ++i) {
                level[i] = Hash.node(Tag.CHUNK_NODE, level[2 * i], level[2 * i + 1]);
            }
        }
        return level[0];
    }

    /// @notice Root that `chunkHash` at `index` has with these siblings, 32 bytes each from the leaf upwards.
    function climb(bytes32 chunkHash, uint256 index, bytes calldata siblings) internal pure returns (bytes32 hash) {
        hash = chunkHash;
        for (uint256 i = 0; i < siblings.length; i += 32) {
            bytes32 sibling = bytes32(siblings[i:i + 32]);
            hash = index & 1 == 0 ? Hash.node(Tag.CHUNK_NODE, hash, sibling) : Hash.node(Tag.CHUNK_NODE, sibling, hash);
            index >>= 1;
        }
    }
}
