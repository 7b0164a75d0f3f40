// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IStepVerifier} from "../interfaces/IStepVerifier.sol";
import {TableLeaf} from "./Multiproof.sol";
import {WitnessReader} from "./WitnessReader.sol";

/// @notice The leaves of a step on their way to the contract that executes it, and back: words and whole leaves, which
/// are copied once and then used where they lie, unlike the encoding of the ABI.
/// @dev Going there: their number, then of each its key, its length and its bytes, filled up to whole words. Coming back:
/// of each that was written, the index of its opening, its length and its bytes. The filling has no meaning.
library Openings {
    uint256 private constant INDEX_BYTES = 2;

    /// @notice The openings of the next step (docs/spec.md W-5), and the leaves that they open.
    /// @param offset Where the number of the openings stands in the witness.
    /// @return opened The leaves of the table, in their order.
    /// @return list The same for a step contract.
    /// @return next Where the openings of the step after it begin.
    function open(TableLeaf[] memory leaves, bytes calldata witness, uint256 offset)
        internal
        pure
        returns (TableLeaf[] memory opened, bytes memory list, uint256 next)
    {
        uint256 count = WitnessReader.number(witness, offset, 1);
        unchecked {
            ++offset;
            next = offset + INDEX_BYTES * count;
        }
        WitnessReader.take(witness, offset, INDEX_BYTES * count);
        uint256 unknown = type(uint256).max;
        assembly ("memory-safe") {
            opened := mload(0x40)
            mstore(opened, count)
            list := add(opened, shl(5, add(count, 1)))
            mstore(add(list, 32), count)
            let target := add(list, 64)
            let source := add(witness.offset, offset)
            for { let i := 1 } iszero(gt(i, count)) { i := add(i, 1) } {
                let index := shr(240, calldataload(source))
                if iszero(lt(index, mload(leaves))) {
                    unknown := index
                    break
                }
                let leaf := mload(add(add(leaves, 32), shl(5, index)))
                mstore(add(opened, shl(5, i)), leaf)
                mstore(add(leaf, 0xa0), 1) // used
                mstore(target, mload(leaf)) // key
                let value := mload(add(leaf, 0x80))
                let size := and(add(mload(value), 63), not(31))
                mcopy(add(target, 32), value, size)
                target := add(add(target, 32), size)
                source := add(source, INDEX_BYTES)
            }
            mstore(list, sub(sub(target, list), 32))
            mstore(0x40, target)
        }
        if (unknown != type(uint256).max) revert IStepVerifier.UnknownLeaf(unknown, leaves.length);
    }

    /// @notice Give the opened leaves the values that a step contract answers with.
    function write(TableLeaf[] memory opened, bytes memory writes) internal pure {
        assembly ("memory-safe") {
            let source := add(writes, 32)
            for { let end := add(source, mload(writes)) } lt(source, end) {} {
                let leaf := mload(add(add(opened, 32), shl(5, mload(source))))
                let value := add(source, 32)
                mstore(add(leaf, 0x80), value)
                mstore(add(leaf, 0xc0), 1) // written
                source := add(value, and(add(mload(value), 63), not(31)))
            }
        }
    }
}
