// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Layout} from "../core/Layout.sol";
import {IStepVerifier} from "../interfaces/IStepVerifier.sol";
import {LeafKey} from "../types/LeafKey.sol";
import {StateProof} from "./StateProof.sol";

/// @notice A leaf of the table of a witness.
/// @param key Key of the leaf.
/// @param depth Its depth in the tree.
/// @param position Where it stands from left to right (docs/spec.md T-2).
/// @param oldHash Hash before the call.
/// @param value Bytes now.
/// @param used A step has opened it.
/// @param written A step has replaced its value.
struct TableLeaf {
    LeafKey key;
    uint256 depth;
    uint256 position;
    bytes32 oldHash;
    bytes value;
    bool used;
    bool written;
}

/// @notice One proof for many leaves: old and new root in a single pass from left to right (docs/spec.md T-4).
/// @custom:twin rollup_node/proof/multiproof.py fold
library Multiproof {
    /// @notice A leaf as a witness brings it.
    function tableLeaf(LeafKey key, bytes memory value) internal pure returns (TableLeaf memory leaf) {
        (uint256 depth, uint256 position) = Layout.locate(key);
        if (depth == 0) revert IStepVerifier.InvalidLeaf(key);
        return TableLeaf(key, depth, position, StateProof.leafHash(value), value, false, false);
    }

    /// @notice Let the pointer at `place` be a leaf as a witness brings it.
    /// @dev Written out, because a function that returns a struct makes an empty one first.
    /// @return position Where it stands.
    function putLeaf(uint256 place, LeafKey key, bytes calldata raw) internal pure returns (uint256 position) {
        uint256 depth;
        (depth, position) = Layout.locate(key);
        if (depth == 0) revert IStepVerifier.InvalidLeaf(key);
        bytes memory value;
        uint256 leaf;
        assembly ("memory-safe") {
            leaf := mload(0x40)
            value := add(leaf, 224)
            mstore(value, raw.length)
            calldatacopy(add(value, 32), raw.offset, raw.length)
            mstore(0x40, and(add(add(value, raw.length), 63), not(31)))
        }
        bytes32 oldHash = StateProof.leafHash(value);
        assembly ("memory-safe") {
            mstore(leaf, key)
            mstore(add(leaf, 32), depth)
            mstore(add(leaf, 64), position)
            mstore(add(leaf, 96), oldHash)
            mstore(add(leaf, 128), value)
            calldatacopy(add(leaf, 160), calldatasize(), 64) // neither used nor written
            mstore(place, leaf)
        }
    }

    /// @notice Roots before and after. Every sibling must be used.
    /// @dev In assembly, because it hashes for every leaf of every call; the tests keep it to the same fold without.
    /// @param leaves At least one, strictly increasing by position.
    /// @param siblings 32 bytes each.
    function fold(TableLeaf[] memory leaves, bytes calldata siblings)
        internal
        pure
        returns (bytes32 oldRoot, bytes32 newRoot)
    {
        uint256 read; // past the last sibling that was asked for
        // The hashes that wait for their right sibling: entries of depth, old hash and new hash, each deeper than the one
        // below it, and one of depth 0 at the bottom. Under it, at a multiple of 64, the
        // two hashes of a pair, behind the tag of a branch.
        uint256 top;
        assembly ("memory-safe") {
            read := siblings.offset
            top := add(and(add(mload(0x40), 127), not(63)), 64)
            mstore(0x40, add(top, mul(96, add(mload(leaves), 1))))
            mstore(sub(top, 96), 0x01) // Tag.STATE_BRANCH
            mstore(top, 0)
        }
        uint256 pair = top - 64;
        for (uint256 i = 0; i < leaves.length;) {
            TableLeaf memory leaf = leaves[i];
            uint256 until = 0;
            unchecked {
                ++i;
                if (i < leaves.length) until = commonPrefixBits(leaf.position, leaves[i].position) + 1;
            }
            (oldRoot, newRoot) = (leaf.oldHash, leaf.written ? StateProof.leafHash(leaf.value) : leaf.oldHash);
            (oldRoot, newRoot, read, top) = _climb(leaf.depth, until, leaf.position, oldRoot, newRoot, read, top, pair);
        }
        _checkSiblings(siblings, read);
    }

    /// @dev Takes a hash up to depth `until` and puts it on the stack. A sibling is what waits at its depth, else the
    /// next one of the proof; a branch over nothing has the hash zero. What has not changed is hashed once, unless what waits has.
    function _climb(
        uint256 depth,
        uint256 until,
        uint256 path,
        bytes32 oldHash,
        bytes32 newHash,
        uint256 read,
        uint256 top,
        uint256 pair
    ) private pure returns (bytes32, bytes32, uint256, uint256) {
        assembly ("memory-safe") {
            path := shr(sub(36, depth), path)
            let own // where this side of the pair lies; the other side is 32 bytes before or after it
            let sibling
            for {} gt(depth, until) {} {
                own := or(pair, shl(5, and(path, 1)))
                switch and(eq(mload(top), depth), path)
                case 0 {
                    sibling := calldataload(read)
                    read := add(read, 32)
                    mstore(xor(own, 32), sibling)
                    let isSame := eq(oldHash, newHash)
                    if iszero(isSame) {
                        mstore(own, newHash)
                        newHash := mul(keccak256(sub(pair, 1), 65), iszero(iszero(or(newHash, sibling))))
                    }
                    mstore(own, oldHash)
                    oldHash := mul(keccak256(sub(pair, 1), 65), iszero(iszero(or(oldHash, sibling))))
                    if isSame { newHash := oldHash }
                }
                default {
                    sibling := mload(add(top, 32))
                    mstore(xor(own, 32), sibling)
                    mstore(own, oldHash)
                    oldHash := mul(keccak256(sub(pair, 1), 65), iszero(iszero(or(oldHash, sibling))))
                    sibling := mload(add(top, 64))
                    mstore(xor(own, 32), sibling)
                    mstore(own, newHash)
                    newHash := mul(keccak256(sub(pair, 1), 65), iszero(iszero(or(newHash, sibling))))
                    top := sub(top, 96)
                }
                path := shr(1, path)
                depth := sub(depth, 1)
            }
            top := add(top, 96)
            mstore(top, depth)
            mstore(add(top, 32), oldHash)
            mstore(add(top, 64), newHash)
        }
        return (oldHash, newHash, read, top);
    }

    /// @notice Leading bits that two different positions share.
    function commonPrefixBits(uint256 a, uint256 b) internal pure returns (uint256 bits) {
        assembly ("memory-safe") {
            let difference := xor(a, b)
            // The highest bit of it, by halves.
            let highest := shl(5, gt(difference, 0xffffffff))
            highest := or(highest, shl(4, gt(shr(highest, difference), 0xffff)))
            highest := or(highest, shl(3, gt(shr(highest, difference), 0xff)))
            highest := or(highest, shl(2, gt(shr(highest, difference), 0x0f)))
            highest := or(highest, shl(1, gt(shr(highest, difference), 0x03)))
            highest := or(highest, gt(shr(highest, difference), 0x01))
            bits := sub(35, highest)
        }
    }

    /// @dev Requires that the proof ends where the fold has read to; what a fold reads past the end is never used.
    function _checkSiblings(bytes calldata siblings, uint256 end) private pure {
        uint256 read;
        assembly ("memory-safe") {
            read := sub(end, siblings.offset)
        }
        if (read > siblings.length) revert IStepVerifier.MissingSibling(siblings.length & ~uint256(31));
        if (read < siblings.length) revert IStepVerifier.UnusedSiblings(siblings.length - read);
    }
}
