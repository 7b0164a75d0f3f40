// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice First bytes of hash preimages (docs/spec.md, table of tags).
/// @custom:twin rollup_node/proof/hashing.py
library Tag {
    uint8 internal constant STATE_LEAF = 0x00;
    uint8 internal constant STATE_BRANCH = 0x01;
    uint8 internal constant HISTORY_NODE = 0x02;
    uint8 internal constant CHUNK = 0x03;
    uint8 internal constant CHUNK_NODE = 0x04;
    uint8 internal constant ITEM_DATA = 0x05;
    uint8 internal constant ITEM_ACCUMULATOR = 0x06;
    uint8 internal constant BLOB_LIST = 0x07;
    uint8 internal constant DELAYED_ACCUMULATOR = 0x08;
    uint8 internal constant DELAYED_MESSAGE = 0x09;
    uint8 internal constant ASSERTION = 0x0a;
    uint8 internal constant CONFIGURATION = 0x0b;
    uint8 internal constant CONTEXT = 0x0c;
    uint8 internal constant BLOB_CHALLENGE = 0x0e;
    uint8 internal constant MUTUAL = 0x11;
    uint8 internal constant EDGE = 0x12;
    uint8 internal constant PREFIX = 0x13;
    uint8 internal constant FAST_ACCUMULATOR = 0x14;
    uint8 internal constant GOVERNOR_MESSAGE = 0x15;
}

/// @notice The hash helper: the one place where hashing is written in assembly, because every node of every proof
/// passes through it and Solidity's own encoding would allocate memory for each.
/// @custom:twin rollup_node/proof/hashing.py
library Hash {
    /// @notice `H(tag ‖ left ‖ right)`.
    function node(uint8 tag, bytes32 left, bytes32 right) internal pure returns (bytes32 result) {
        // Scratch space holds 64 bytes and the preimage has 65: its last byte lands on the top byte of the free memory
        // pointer, which is zero before and after.
        assembly ("memory-safe") {
            mstore8(0x00, tag)
            mstore(0x01, left)
            mstore(0x21, right)
            result := keccak256(0x00, 0x41)
            mstore8(0x40, 0x00)
        }
    }

    /// @notice `H(tag ‖ data)` of data in memory, where they lie: their length gives the tag its last byte for as long.
    function taggedInPlace(uint8 tag, bytes memory data) internal pure returns (bytes32 result) {
        assembly ("memory-safe") {
            let length := mload(data)
            mstore8(add(data, 31), tag)
            result := keccak256(add(data, 31), add(length, 1))
            mstore(data, length)
        }
    }

    /// @notice `H(tag ‖ data)`, in memory past the free pointer that the next call uses again.
    function tagged(uint8 tag, bytes calldata data) internal pure returns (bytes32 result) {
        assembly ("memory-safe") {
            let buffer := mload(0x40)
            mstore8(buffer, tag)
            calldatacopy(add(buffer, 1), data.offset, data.length)
            result := keccak256(buffer, add(data.length, 1))
        }
    }

    /// @notice `H(tag ‖ origin ‖ height u8 ‖ index u64 ‖ prefix)`, in memory past the free pointer that the next call
    /// uses again: a bisection names three edges and must stay cheap.
    function place(uint8 tag, bytes32 originId, uint8 height, uint64 index, bytes32 prefix)
        internal
        pure
        returns (bytes32 result)
    {
        assembly ("memory-safe") {
            let buffer := mload(0x40)
            mstore8(buffer, tag)
            mstore(add(buffer, 1), originId)
            mstore8(add(buffer, 33), height)
            mstore(add(buffer, 34), shl(192, index))
            mstore(add(buffer, 42), prefix)
            result := keccak256(buffer, 74)
        }
    }
}
