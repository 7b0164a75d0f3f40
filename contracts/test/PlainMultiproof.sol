// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Layout} from "../src/core/Layout.sol";
import {TableLeaf} from "../src/proof/Multiproof.sol";

/// @notice The fold of docs/spec.md T-4 without assembly, to which the tests keep `Multiproof.fold`.
library PlainMultiproof {
    error MissingSibling(uint256 offset);
    error UnusedSiblings(uint256 bytesLeft);

    /// @dev Entries wait for their right sibling, each deeper than the one below it.
    struct Stack {
        uint256 size;
        uint256[37] depths;
        bytes32[37] oldHashes;
        bytes32[37] newHashes;
    }

    /// @dev A subtree on its way up, and how much of the proof is read.
    struct Climber {
        uint256 depth;
        uint256 path;
        bytes32 oldHash;
        bytes32 newHash;
        uint256 offset;
    }

    /// @notice Roots before and after. Every sibling must be used.
    /// @param leaves At least one, strictly increasing by position.
    /// @param siblings 32 bytes each.
    function fold(TableLeaf[] memory leaves, bytes calldata siblings)
        internal
        pure
        returns (bytes32 oldRoot, bytes32 newRoot)
    {
        Stack memory stack;
        Climber memory climber;
        for (uint256 i = 0; i < leaves.length; ++i) {
            TableLeaf memory leaf = leaves[i];
            climber.depth = leaf.depth;
            climber.path = leaf.position >> (Layout.POSITION_BITS - leaf.depth);
            climber.oldHash = leaf.oldHash;
            climber.newHash = leaf.written ? _leafHash(leaf.value) : leaf.oldHash;
            uint256 stop = i + 1 == leaves.length ? 0 : commonPrefixBits(leaf.position, leaves[i + 1].position) + 1;
            _climb(climber, stack, siblings, stop);
            stack.depths[stack.size] = climber.depth;
            stack.oldHashes[stack.size] = climber.oldHash;
            stack.newHashes[stack.size] = climber.newHash;
            ++stack.size;
        }
        if (climber.offset != siblings.length) {
            revert UnusedSiblings(siblings.length - climber.offset);
        }
        return (climber.oldHash, climber.newHash);
    }

    /// @notice Leading bits that two different positions share.
    function commonPrefixBits(uint256 a, uint256 b) internal pure returns (uint256 bits) {
        uint256 difference = a ^ b;
        bits = Layout.POSITION_BITS;
        if (difference >> 18 != 0) (difference, bits) = (difference >> 18, bits - 18);
        if (difference >> 9 != 0) (difference, bits) = (difference >> 9, bits - 9);
        while (difference != 0) (difference, bits) = (difference >> 1, bits - 1);
    }

    function _climb(Climber memory climber, Stack memory stack, bytes calldata siblings, uint256 stop) private pure {
        while (climber.depth > stop) {
            bool isRight = climber.path & 1 == 1;
            if (isRight && stack.size > 0 && stack.depths[stack.size - 1] == climber.depth) {
                uint256 top = --stack.size;
                _join(climber, stack.oldHashes[top], stack.newHashes[top], true);
            } else {
                if (climber.offset + 32 > siblings.length) revert MissingSibling(climber.offset);
                bytes32 sibling = bytes32(siblings[climber.offset:climber.offset + 32]);
                climber.offset += 32;
                _join(climber, sibling, sibling, isRight);
            }
            climber.path >>= 1;
            --climber.depth;
        }
    }

    /// @dev Hash the climber with its sibling; once if neither has changed.
    function _join(Climber memory climber, bytes32 oldSibling, bytes32 newSibling, bool isRight) private pure {
        bool changed = climber.oldHash != climber.newHash || oldSibling != newSibling;
        climber.oldHash = _branch(oldSibling, climber.oldHash, isRight);
        climber.newHash = changed ? _branch(newSibling, climber.newHash, isRight) : climber.oldHash;
    }

    function _branch(bytes32 sibling, bytes32 hash, bool isRight) private pure returns (bytes32) {
        return isRight ? _branchHash(sibling, hash) : _branchHash(hash, sibling);
    }

    function _leafHash(bytes memory value) private pure returns (bytes32) {
        return value.length == 0 ? bytes32(0) : keccak256(abi.encodePacked(bytes1(0x00), value));
    }

    function _branchHash(bytes32 left, bytes32 right) private pure returns (bytes32) {
        return left | right == 0 ? bytes32(0) : keccak256(abi.encodePacked(bytes1(0x01), left, right));
    }
}
