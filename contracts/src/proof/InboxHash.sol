// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ItemHeader} from "../types/Inputs.sol";
import {Tag} from "./Hash.sol";

/// @notice Commitments of the inbox (docs/spec.md I-3 to I-6).
/// @custom:twin rollup_node/proof/inbox.py
library InboxHash {
    /// @notice Data root of a blob batch.
    function blobList(bytes32[] memory versionedHashes) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(Tag.BLOB_LIST, uint8(versionedHashes.length), versionedHashes));
    }

    /// @notice Hash of what an item holds (I-4).
    function dataHash(uint8 kind, uint32 byteLength, bytes32 dataRoot) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(Tag.ITEM_DATA, kind, byteLength, dataRoot));
    }

    /// @notice Accumulator after an item (I-5).
    function nextAccumulator(bytes32 accumulator, ItemHeader memory header) internal pure returns (bytes32) {
        return keccak256(
            abi.encodePacked(
                Tag.ITEM_ACCUMULATOR,
                accumulator,
                header.delayedCount,
                header.delayedAcc,
                header.fastCount,
                header.fastAcc,
                header.minTime,
                header.maxTime,
                dataHash(header.kind, header.byteLength, header.dataRoot)
            )
        );
    }

    /// @notice Hash of a delayed or a fast message (I-6); `timestamp` in seconds.
    function messageHash(uint8 kind, address sender, uint40 timestamp, bytes memory body)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(abi.encodePacked(Tag.DELAYED_MESSAGE, kind, sender, timestamp, body));
    }

    /// @notice Accumulator after a delayed message (I-6).
    function nextDelayedAccumulator(bytes32 accumulator, bytes32 message) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(Tag.DELAYED_ACCUMULATOR, accumulator, message));
    }

    /// @notice Accumulator after a fast message (I-6).
    function nextFastAccumulator(bytes32 accumulator, bytes32 message) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(Tag.FAST_ACCUMULATOR, accumulator, message));
    }
}
