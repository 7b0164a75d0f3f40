// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice What is stored of an edge, in one word: three times of 32 bits, then 160 bits of an address.
/// @dev Written and read as a whole: a struct in storage would be read and written field by field.
type EdgeSlot is uint256;

using EdgeSlots for EdgeSlot global;

/// @notice Fields of an `EdgeSlot`; see `Edge` for what they mean.
library EdgeSlots {
    /// @notice All fields at once; the numbers are below 2^32 (as times are until 2106).
    function pack(uint256 created, uint256 rivaled, uint256 taken, address who) internal pure returns (EdgeSlot) {
        return EdgeSlot.wrap(created << 224 | rivaled << 192 | taken << 160 | uint160(who));
    }

    function exists(EdgeSlot self) internal pure returns (bool) {
        return EdgeSlot.unwrap(self) != 0;
    }

    function createdAt(EdgeSlot self) internal pure returns (uint32) {
        return uint32(EdgeSlot.unwrap(self) >> 224);
    }

    function rivaledAt(EdgeSlot self) internal pure returns (uint32) {
        return uint32(EdgeSlot.unwrap(self) >> 192);
    }

    function inherited(EdgeSlot self) internal pure returns (uint32) {
        return uint32(EdgeSlot.unwrap(self) >> 160);
    }

    function actor(EdgeSlot self) internal pure returns (address) {
        return address(uint160(EdgeSlot.unwrap(self)));
    }

    function withRivaledAt(EdgeSlot self, uint256 time) internal pure returns (EdgeSlot) {
        return pack(self.createdAt(), time, self.inherited(), self.actor());
    }

    function withInherited(EdgeSlot self, uint256 taken) internal pure returns (EdgeSlot) {
        return pack(self.createdAt(), self.rivaledAt(), taken, self.actor());
    }

    function withActor(EdgeSlot self, address who) internal pure returns (EdgeSlot) {
        return EdgeSlot.wrap(EdgeSlot.unwrap(self) >> 160 << 160 | uint160(who));
    }
}
