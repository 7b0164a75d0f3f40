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
        // The hashes of a pair, behind the tag of a branch; over it the hashes that wait for their right sibling: entries
        // of depth, old hash and new hash, each deeper than the one below it, and one of depth 0 at the bottom.
        uint256 pair;
        uint256 top;
        assembly ("memory-safe") {
            pair := add(mload(0x40), 32)
            top := add(pair, 64)
            mstore(0x40, add(top, mul(96, add(mload(leaves), 1))))
            mstore(sub(pair, 32), 0x01) // Tag.STATE_BRANCH
            mstore(top, 0)
            read := siblings.offset
        }
        for (uint256 i = 0; i < leaves.length;) {
            TableLeaf memory leaf = _at(leaves, i);
            oldRoot = leaf.oldHash;
            newRoot = leaf.written ? StateProof.leafHash(leaf.value) : oldRoot;
            uint256 depth = leaf.depth;
            uint256 position = leaf.position;
            uint256 until = 0;
            unchecked {
                ++i;
                if (i != leaves.length) until = commonPrefixBits(position, _at(leaves, i).position) + 1;
            }
            assembly ("memory-safe") {
                let path := shr(sub(36, depth), position)
                for {} gt(depth, until) { depth := sub(depth, 1) } {
                    let side := shl(5, and(path, 1))
                    let other := add(pair, xor(side, 32))
                    side := add(pair, side)
                    path := shr(1, path)
                    let oldSibling
                    let newSibling
                    switch and(eq(mload(top), depth), gt(side, pair))
                    case 0 {
                        oldSibling := calldataload(read)
                        newSibling := oldSibling
                        read := add(read, 32)
                    }
                    default {
                        oldSibling := mload(add(top, 32))
                        newSibling := mload(add(top, 64))
                        top := sub(top, 96)
                    }
                    // A branch over nothing has the hash zero.
                    let changed := or(xor(oldRoot, newRoot), xor(oldSibling, newSibling))
                    mstore(side, oldRoot)
                    mstore(other, oldSibling)
                    let isThere := iszero(iszero(or(oldRoot, oldSibling)))
                    oldRoot := mul(keccak256(sub(pair, 1), 65), isThere)
                    switch changed
                    case 0 { newRoot := oldRoot }
                    default {
                        mstore(side, newRoot)
                        mstore(other, newSibling)
                        isThere := iszero(iszero(or(newRoot, newSibling)))
                        newRoot := mul(keccak256(sub(pair, 1), 65), isThere)
                    }
                }
                top := add(top, 96)
                mstore(top, depth)
                mstore(add(top, 32), oldRoot)
                mstore(add(top, 64), newRoot)
            }
        }
        _checkSiblings(siblings, read);
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

    function _at(TableLeaf[] memory leaves, uint256 index) private pure returns (TableLeaf memory leaf) {
        assembly ("memory-safe") {
            leaf := mload(add(add(leaves, 32), shl(5, index)))
        }
    }
}
