// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Layout} from "../core/Layout.sol";
import {IStepVerifier} from "../interfaces/IStepVerifier.sol";
import {LeafKey} from "../types/LeafKey.sol";
import {Tag} from "./Hash.sol";
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
    /// @param source Where its `size` bytes lie in the calldata.
    /// @return position Where it stands.
    function putLeaf(uint256 place, LeafKey key, uint256 source, uint256 size)
        internal
        pure
        returns (uint256 position)
    {
        uint256 depth;
        (depth, position) = Layout.locate(key);
        if (depth == 0) revert IStepVerifier.InvalidLeaf(key);
        uint256 tag = Tag.STATE_LEAF;
        assembly ("memory-safe") {
            let leaf := mload(0x40)
            let value := add(leaf, 224)
            // The last byte of the length is the tag for as long as the leaf is hashed.
            mstore(value, tag)
            calldatacopy(add(value, 32), source, size)
            mstore(leaf, key)
            mstore(add(leaf, 32), depth)
            mstore(add(leaf, 64), position)
            mstore(add(leaf, 96), mul(keccak256(add(value, 31), add(size, 1)), iszero(iszero(size))))
            mstore(add(leaf, 128), value)
            calldatacopy(add(leaf, 160), calldatasize(), 64) // neither used nor written
            mstore(value, size)
            mstore(0x40, and(add(add(value, size), 63), not(31)))
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
        // The hashes that wait for their right sibling, and the one at hand: entries of depth, old hash and new hash, each
        // deeper than the one below it, and one of depth 0 at the bottom.
        uint256 top;
        uint256 place;
        uint256 end;
        assembly ("memory-safe") {
            read := siblings.offset
            place := add(leaves, 32)
            end := add(place, shl(5, mload(leaves)))
            top := mload(0x40)
            mstore(0x40, add(top, mul(96, add(mload(leaves), 2))))
            mstore(top, 0)
        }
        while (place < end) {
            (uint256 depth, uint256 path) = _push(place, top);
            uint256 until = 0;
            unchecked {
                place += 32;
                if (place < end) until = commonPrefixBits(path, _positionAt(place)) + 1;
                path = path >> (Layout.POSITION_BITS - depth) << 5;
            }
            (read, top) = _climb(depth, until, path, read, top);
        }
        assembly ("memory-safe") {
            oldRoot := mload(add(top, 32))
            newRoot := mload(add(top, 64))
        }
        _checkSiblings(siblings, read);
    }

    /// @dev Writes both hashes of a leaf into the entry above `top`.
    function _push(uint256 place, uint256 top) private pure returns (uint256 depth, uint256 position) {
        bytes memory value;
        bool written;
        assembly ("memory-safe") {
            let leaf := mload(place)
            depth := mload(add(leaf, 32))
            position := mload(add(leaf, 64))
            let hash := mload(add(leaf, 96))
            mstore(add(top, 128), hash)
            mstore(add(top, 160), hash)
            value := mload(add(leaf, 128))
            written := mload(add(leaf, 192))
        }
        if (written) {
            bytes32 hash = StateProof.leafHash(value);
            assembly ("memory-safe") {
                mstore(add(top, 160), hash)
            }
        }
    }

    function _positionAt(uint256 place) private pure returns (uint256 position) {
        assembly ("memory-safe") {
            position := mload(add(mload(place), 64))
        }
    }

    /// @dev Takes the entry above `top` up to depth `until`, and makes it the top. A sibling is what waits at its depth, which
    /// lies to the left, else the next one of the proof; a branch over nothing has the hash zero. What has not changed is
    /// hashed once. The scratch space holds the tag, the left and the right hash, whose last byte lands on that of the
    /// free memory pointer that is always zero.
    /// @param path Of the subtree, times 32: its lowest bit says on which side of its pair it lies.
    function _climb(uint256 depth, uint256 until, uint256 path, uint256 read, uint256 top)
        private
        pure
        returns (uint256, uint256)
    {
        assembly ("memory-safe") {
            // The hash above the siblings of a proof, which are read four at a time: the calldata before them are longer
            // than 96 bytes.
            function ascend(hash, way, sibling, last) -> root {
                // Nothing beside nothing is nothing.
                if iszero(hash) {
                    for {} lt(sibling, last) { sibling := add(sibling, 32) } {
                        if calldataload(sibling) { break }
                        way := shr(1, way)
                    }
                }
                for { let most := sub(last, 96) } lt(sibling, most) { sibling := add(sibling, 128) } {
                    let own := or(1, and(way, 32))
                    mstore(own, hash)
                    mstore(xor(own, 32), calldataload(sibling))
                    own := or(1, and(shr(1, way), 32))
                    mstore(own, keccak256(0x00, 65))
                    mstore(xor(own, 32), calldataload(add(sibling, 32)))
                    own := or(1, and(shr(2, way), 32))
                    mstore(own, keccak256(0x00, 65))
                    mstore(xor(own, 32), calldataload(add(sibling, 64)))
                    own := or(1, and(shr(3, way), 32))
                    mstore(own, keccak256(0x00, 65))
                    mstore(xor(own, 32), calldataload(add(sibling, 96)))
                    hash := keccak256(0x00, 65)
                    way := shr(4, way)
                }
                for {} lt(sibling, last) { sibling := add(sibling, 32) } {
                    let own := or(1, and(way, 32))
                    mstore(own, hash)
                    mstore(xor(own, 32), calldataload(sibling))
                    hash := keccak256(0x00, 65)
                    way := shr(1, way)
                }
                root := hash
            }
            function pairUp(left, right) -> hash {
                mstore(0x01, left)
                mstore(0x21, right)
                hash := mul(keccak256(0x00, 65), iszero(iszero(or(left, right))))
            }
            mstore8(0x00, 0x01) // Tag.STATE_BRANCH
            for {} 1 {} {
                // Up to where something waits, all siblings are in the proof.
                let level := mload(top)
                if lt(level, until) { level := until }
                if gt(depth, level) {
                    let old := mload(add(top, 128))
                    let last := add(read, shl(5, sub(depth, level)))
                    let isSame := eq(old, mload(add(top, 160)))
                    if iszero(isSame) {
                        mstore(add(top, 160), ascend(mload(add(top, 160)), path, read, last))
                    }
                    old := ascend(old, path, read, last)
                    mstore(add(top, 128), old)
                    if isSame { mstore(add(top, 160), old) }
                    path := shr(sub(depth, level), path)
                    read := last
                    depth := level
                }
                if iszero(gt(depth, until)) { break }
                let old := pairUp(mload(add(top, 32)), mload(add(top, 128)))
                let isSame :=
                    and(eq(mload(add(top, 32)), mload(add(top, 64))), eq(mload(add(top, 128)), mload(add(top, 160))))
                mstore(add(top, 32), old)
                if iszero(isSame) { old := pairUp(mload(add(top, 64)), mload(add(top, 160))) }
                mstore(add(top, 64), old)
                top := sub(top, 96)
                path := shr(1, path)
                depth := sub(depth, 1)
            }
            mstore8(0x40, 0)
            top := add(top, 96)
            mstore(top, depth)
        }
        return (read, top);
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
