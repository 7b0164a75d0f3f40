// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Leaves} from "./Leaves.sol";

/// @notice Fields of the value of a leaf, by where they begin in bits: the layouts of docs/spec.md S are written down
/// once as such offsets. Reading a leaf of a wrong length reverts, as in `Leaves`.
library Words {
    /// @notice The value of a leaf as words, zeros after its end; no words for the empty leaf.
    function load(bytes memory value, uint256 length) internal pure returns (uint256[] memory words) {
        if (value.length != length) revert Leaves.WrongLeafLength(value.length, length);
        return abi.decode(abi.encodePacked(uint256(32), (length + 31) / 32, value, bytes32(0)), (uint256[]));
    }

    /// @notice The unsigned field of `bits` (1 to 256) that begins at `bit`, and ends within the value.
    function field(uint256[] memory words, uint256 bit, uint256 bits) internal pure returns (uint256) {
        unchecked {
            uint256 start = bit & 255;
            uint256 word = words[bit >> 8] << start;
            if (start + bits > 256) word |= words[(bit >> 8) + 1] >> (256 - start);
            return word >> (256 - bits);
        }
    }

    function u8(uint256[] memory words, uint256 bit) internal pure returns (uint8) {
        return uint8(field(words, bit, 8));
    }

    function u16(uint256[] memory words, uint256 bit) internal pure returns (uint16) {
        return uint16(field(words, bit, 16));
    }

    function u32(uint256[] memory words, uint256 bit) internal pure returns (uint32) {
        return uint32(field(words, bit, 32));
    }

    function u64(uint256[] memory words, uint256 bit) internal pure returns (uint64) {
        return uint64(field(words, bit, 64));
    }

    function u128(uint256[] memory words, uint256 bit) internal pure returns (uint128) {
        return uint128(field(words, bit, 128));
    }

    function i64(uint256[] memory words, uint256 bit) internal pure returns (int64) {
        return int64(uint64(field(words, bit, 64)));
    }

    function addressAt(uint256[] memory words, uint256 bit) internal pure returns (address) {
        return address(uint160(field(words, bit, 160)));
    }
}
