// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IStep} from "../interfaces/IStep.sol";
import {IStepVerifier} from "../interfaces/IStepVerifier.sol";
import {StepInput, StepResult} from "../types/Steps.sol";
import {TableLeaf} from "./Multiproof.sol";
import {WitnessReader} from "./WitnessReader.sol";

/// @notice The leaves of a step on their way to the contract that executes it, and back: words and whole leaves, which
/// are copied once and then used where they lie, unlike the encoding of the ABI.
/// @dev Going there: their number, then of each its key, its length and its bytes, filled up to whole words. Coming back:
/// of each that was written, the index of its opening, its length and its bytes. The filling has no meaning.
library Openings {
    uint256 private constant INDEX_BYTES = 2;
    /// @dev The members of `StepInput` before its body, a word each.
    uint256 private constant INPUT_BYTES = 256;
    /// @dev What `StepResult` takes without what it writes: an offset, five words, and the length of the writes.
    uint256 private constant RESULT_BYTES = 224;

    /// @notice Execute a step with its openings (docs/spec.md W-5), and give the leaves that it opens the values it answers with.
    /// @param offset Where the number of the openings stands in the witness.
    /// @return result What the step contract answers.
    /// @return next Where the openings of the step after it begin.
    /// @return first How many of these leaves no step has opened before.
    function execute(
        IStep step,
        StepInput memory input,
        TableLeaf[] memory leaves,
        bytes calldata witness,
        uint256 offset
    ) internal view returns (StepResult memory result, uint256 next, uint256 first) {
        uint256 count = WitnessReader.number(witness, offset, 1);
        unchecked {
            ++offset;
            next = offset + INDEX_BYTES * count;
        }
        WitnessReader.take(witness, offset, INDEX_BYTES * count);
        TableLeaf[] memory opened;
        uint256 start;
        uint256 list;
        (opened, start, list) = _encodeInput(input, count);
        uint256 end;
        (end, first) = _encodeOpenings(leaves, opened, witness, offset, list);
        _call(step, start, end, result);
        write(opened, result.writes);
    }

    /// @dev Makes room for the opened leaves, and begins the start behind it: selector, input, and where the openings lie.
    /// The start is not allocated, for what it answers may take its place.
    function _encodeInput(StepInput memory input, uint256 count)
        private
        pure
        returns (TableLeaf[] memory opened, uint256 start, uint256 list)
    {
        bytes4 selector = IStep.execute.selector;
        assembly ("memory-safe") {
            opened := mload(0x40)
            mstore(opened, count)
            start := add(opened, shl(5, add(count, 1)))
            mstore(0x40, start)
            mstore(start, selector)
            let body := mload(add(input, INPUT_BYTES))
            let size := and(add(mload(body), 63), not(31))
            let head := add(start, 4)
            mstore(head, 64)
            mstore(add(head, 32), add(size, add(96, INPUT_BYTES)))
            mcopy(add(head, 64), input, INPUT_BYTES)
            mstore(add(head, add(64, INPUT_BYTES)), add(INPUT_BYTES, 32))
            mcopy(add(head, add(96, INPUT_BYTES)), body, size)
            list := add(add(head, add(96, INPUT_BYTES)), size)
        }
    }

    /// @dev Writes the openings as bytes at `list`; returns where they end.
    function _encodeOpenings(
        TableLeaf[] memory leaves,
        TableLeaf[] memory opened,
        bytes calldata witness,
        uint256 offset,
        uint256 list
    ) private pure returns (uint256 end, uint256 first) {
        uint256 unknown = type(uint256).max;
        assembly ("memory-safe") {
            let count := mload(leaves)
            let source := add(witness.offset, offset)
            let place := add(opened, 32)
            mstore(add(list, 32), mload(opened))
            end := add(list, 64)
            for { let last := add(place, shl(5, mload(opened))) } lt(place, last) { place := add(place, 32) } {
                let index := shr(240, calldataload(source))
                if iszero(lt(index, count)) {
                    unknown := index
                    break
                }
                let leaf := mload(add(add(leaves, 32), shl(5, index)))
                mstore(place, leaf)
                let used := add(leaf, 0xa0)
                first := add(first, iszero(mload(used)))
                mstore(used, 1)
                let value := mload(add(leaf, 0x80))
                let size := and(add(mload(value), 63), not(31))
                mstore(end, mload(leaf)) // key
                end := add(end, 32)
                mcopy(end, value, size)
                end := add(end, size)
                source := add(source, INDEX_BYTES)
            }
            mstore(list, sub(sub(end, list), 32))
        }
        if (unknown != type(uint256).max) revert IStepVerifier.UnknownLeaf(unknown, leaves.length);
    }

    /// @dev Calls a step contract with what lies between `start` and `end`; what it answers is used where it comes to lie.
    function _call(IStep step, uint256 start, uint256 end, StepResult memory result) private view {
        assembly ("memory-safe") {
            let isDone := staticcall(gas(), step, start, sub(end, start), 0, 0)
            returndatacopy(start, 0, returndatasize())
            if or(iszero(isDone), lt(returndatasize(), RESULT_BYTES)) { revert(start, returndatasize()) }
            mcopy(result, add(start, 32), 128) // all members but the writes
            mstore(add(result, 128), add(start, sub(RESULT_BYTES, 32)))
            mstore(0x40, and(add(add(start, returndatasize()), 31), not(31)))
        }
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
