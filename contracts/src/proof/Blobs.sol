// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Chunks} from "./Chunks.sol";
import {Tag} from "./Hash.sol";

/// @notice The bytes of a blob and the polynomial behind it (docs/spec.md I-8). Written in assembly because 4,096
/// elements of checked Solidity would not fit into a transaction; docs/adr/0003-blob-import.md says why each line is safe.
/// @custom:twin rollup_node/codec/blob.py
library Blobs {
    uint256 internal constant ELEMENTS = 4096;
    uint256 internal constant ELEMENT_BYTES = 32;
    uint256 internal constant PAYLOAD_BYTES = 31;
    uint256 internal constant CHUNKS = 124;
    uint256 internal constant CHUNK_LEAVES = 128;
    /// @dev Order of the scalar field of BLS12-381.
    uint256 internal constant MODULUS = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001;
    uint256 private constant MAX_ELEMENT = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000000;
    /// @dev Inverse of w = 7^((MODULUS - 1) / 4096), the root of unity that generates the domain of a blob.
    uint256 internal constant INVERSE_ROOT = 0x391b2856c609b4784ae25ffab9dc59865046d17864183203961a252dd8543362;
    /// @dev Inverse of 4,096: each of the twelve rounds owes one halving.
    uint256 internal constant INVERSE_SIZE = 0x73e66878b46ae3705eb6a46a89213de7d3686828bfce5c19400fffff00100001;

    /// @notice Chunk root of the payload: the low 31 bytes of each element.
    /// @param elements 131,072 bytes.
    /// @return root Chunk root over 124 chunks.
    /// @return outOfRange Index of the first element that is not below the modulus; 4,096 if there is none.
    function chunkRoot(bytes calldata elements) internal pure returns (bytes32 root, uint256 outOfRange) {
        bytes32[] memory level = new bytes32[](CHUNK_LEAVES);
        outOfRange = ELEMENTS;
        assembly ("memory-safe") {
            // One byte for the tag of the first chunk, then the payload; the last write spills one byte over its end.
            let payload := add(mload(0x40), 1)
            let target := payload
            let end := add(elements.offset, mul(ELEMENTS, ELEMENT_BYTES))
            // Two elements a turn; a flag collects whether any is out of range.
            let bad := 0
            for { let source := elements.offset } lt(source, end) { source := add(source, 0x40) } {
                let element := calldataload(source)
                let next := calldataload(add(source, 0x20))
                bad := or(bad, or(gt(element, MAX_ELEMENT), gt(next, MAX_ELEMENT)))
                mstore(target, shl(8, element))
                mstore(add(target, PAYLOAD_BYTES), shl(8, next))
                target := add(target, 62)
            }
            if bad {
                outOfRange := 0
                for { let source := elements.offset } lt(calldataload(source), MODULUS) { source := add(source, 0x20) }
                {
                    outOfRange := add(outOfRange, 1)
                }
            }
            // The tag of a chunk overwrites the last byte of the chunk before, which is hashed by then.
            let leaf := add(level, 0x20)
            for { let i := 0 } lt(i, CHUNKS) { i := add(i, 1) } {
                let start := sub(add(payload, mul(i, 1024)), 1)
                mstore8(start, 0x03)
                mstore(leaf, keccak256(start, 1025))
                leaf := add(leaf, 0x20)
            }
        }
        root = Chunks.rootOfLevel(level);
    }

    /// @notice Value at `z` of the polynomial that a blob commits to.
    /// @dev The blob holds its values over the domain in bit-reversed order, so neighbours belong to x and -x. With
    /// f(X) = e(X^2) + X * o(X^2), the values of g = e + z * o at x^2 are ((a + b) + z * (a - b) / x) / 2, and g(z^2) =
    /// f(z). Twelve such rounds leave one value. The inverse points in bit-reversed order are a prefix of the same
    /// table in every round; the halvings are done together at the end.
    /// @param elements 131,072 bytes, every element below the modulus.
    function evaluate(bytes calldata elements, uint256 z) internal pure returns (uint256 y) {
        assembly ("memory-safe") {
            let table := mload(0x40)
            let values := add(table, 0x10000)
            // table[2^k + j] = table[j] * w^-(2^(10 - k)); the powers are found by squaring and wait in `values`.
            let power := INVERSE_ROOT
            for { let k := 11 } k {} {
                k := sub(k, 1)
                mstore(add(values, shl(5, k)), power)
                power := mulmod(power, power, MODULUS)
            }
            mstore(table, 1)
            for { let k := 0 } lt(k, 11) { k := add(k, 1) } {
                let size := shl(add(k, 5), 1)
                power := mload(add(values, shl(5, k)))
                let end := add(table, size)
                for { let from := table } lt(from, end) { from := add(from, 0x20) } {
                    mstore(add(from, size), mulmod(mload(from), power, MODULUS))
                }
            }
            // Each round writes to the front of what it reads, two pairs a turn; in the last round, which has one pair,
            // the second is left over from the round before and nobody reads what becomes of it.
            calldatacopy(values, elements.offset, mul(ELEMENTS, ELEMENT_BYTES))
            for { let size := 0x10000 } gt(size, 0x10) { size := shr(1, size) } {
                let from := values
                let to := values
                let end := add(table, size)
                for { let inverse := table } lt(inverse, end) { inverse := add(inverse, 0x40) } {
                    let a := mload(from)
                    let b := mload(add(from, 0x20))
                    let odd := mulmod(mulmod(z, mload(inverse), MODULUS), add(a, sub(MODULUS, b)), MODULUS)
                    mstore(to, addmod(add(a, b), odd, MODULUS))
                    a := mload(add(from, 0x40))
                    b := mload(add(from, 0x60))
                    odd := mulmod(mulmod(z, mload(add(inverse, 0x20)), MODULUS), add(a, sub(MODULUS, b)), MODULUS)
                    mstore(add(to, 0x20), addmod(add(a, b), odd, MODULUS))
                    from := add(from, 0x80)
                    to := add(to, 0x40)
                }
                z := mulmod(z, z, MODULUS)
            }
            y := mulmod(mload(values), INVERSE_SIZE, MODULUS)
        }
    }

    /// @notice The point at which an import is checked. It binds all 32 bytes of every element.
    function challenge(bytes32 versionedHash, bytes calldata elements) internal pure returns (uint256 z) {
        bytes32 all = keccak256(elements);
        return uint256(keccak256(abi.encodePacked(Tag.BLOB_CHALLENGE, versionedHash, all))) % MODULUS;
    }
}
