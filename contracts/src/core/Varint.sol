// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice LEB128 numbers in their shortest form (docs/spec.md R-3).
/// @custom:twin rollup_node/codec/varint.py
library Varint {
    /// @notice Read the number at the head of a word.
    /// @param head The next 32 bytes of the data, zero where the data have ended.
    /// @param available Bytes of data from the head on.
    /// @param bits Width of the field, at most 96.
    /// @return value The number.
    /// @return size Bytes read; 0 when there is no canonical number of this width.
    function decode(bytes32 head, uint256 available, uint256 bits) internal pure returns (uint256 value, uint256 size) {
        uint256 rest = uint256(head);
        for (uint256 shift = 0; shift < bits; shift += 7) {
            if (size == available) return (0, 0);
            uint256 group = rest >> 248;
            rest <<= 8;
            ++size;
            value |= (group & 0x7f) << shift;
            if (group < 0x80) {
                bool canonical = (group != 0 || shift == 0) && value >> bits == 0;
                return canonical ? (value, size) : (0, 0);
            }
        }
        return (0, 0);
    }
}
