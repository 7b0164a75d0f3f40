// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {LeafKey} from "../src/types/LeafKey.sol";

/// @notice A leaf that a step reads, and may write.
struct Opening {
    LeafKey key;
    bytes value;
}

/// @notice The encoding of `Openings`, written out plainly, for calls of step contracts by themselves.
library OpeningList {
    function pack(Opening[] memory openings) internal pure returns (bytes memory list) {
        list = abi.encode(openings.length);
        for (uint256 i = 0; i < openings.length; ++i) {
            bytes memory value = openings[i].value;
            list =
                bytes.concat(list, abi.encode(openings[i].key, value.length), value, new bytes(_filling(value.length)));
        }
    }

    /// @notice The values of the openings after a step that wrote `writes`.
    function valuesAfter(Opening[] memory openings, bytes memory writes) internal pure returns (bytes[] memory values) {
        values = new bytes[](openings.length);
        for (uint256 i = 0; i < values.length; ++i) {
            values[i] = openings[i].value;
        }
        uint256 offset = 0;
        while (offset < writes.length) {
            bytes memory value = new bytes(_word(writes, offset + 32));
            for (uint256 i = 0; i < value.length; ++i) {
                value[i] = writes[offset + 64 + i];
            }
            values[_word(writes, offset)] = value;
            offset += 64 + value.length + _filling(value.length);
        }
    }

    function _filling(uint256 length) private pure returns (uint256) {
        return (32 - length % 32) % 32;
    }

    function _word(bytes memory data, uint256 offset) private pure returns (uint256 word) {
        for (uint256 i = 0; i < 32; ++i) {
            word = word << 8 | uint8(data[offset + i]);
        }
    }
}
