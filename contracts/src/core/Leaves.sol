// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Cursor, Owner, Withdrawal} from "../types/State.sol";

/// @notice Leaves as bytes, both ways (docs/spec.md S). Reading a leaf of a wrong length reverts: state holds none, so
/// the witness is bad.
/// @custom:twin rollup_node/codec/leaves.py
library Leaves {
    error WrongLeafLength(uint256 length, uint256 expected);

    uint256 internal constant CURSOR_BYTES = 32;
    uint256 internal constant ALLOCATORS_BYTES = 5;
    uint256 internal constant AMOUNTS_BYTES = 48;
    uint256 internal constant OWNER_BYTES = 52;

    function encodeCursor(Cursor memory cursor) internal pure returns (bytes memory) {
        return abi.encodePacked(
            cursor.item,
            cursor.offset,
            cursor.delayed,
            cursor.fast,
            cursor.blockNumber,
            cursor.timeMs,
            cursor.phase,
            cursor.orderClass
        );
    }

    function decodeCursor(bytes memory value) internal pure returns (Cursor memory) {
        _check(value.length, CURSOR_BYTES);
        uint256 word = uint256(bytes32(value));
        return Cursor({
            item: uint40(word >> 216),
            offset: uint32(word >> 184),
            delayed: uint40(word >> 144),
            fast: uint40(word >> 104),
            blockNumber: uint40(word >> 64),
            timeMs: uint48(word >> 16),
            phase: uint8(word >> 8),
            orderClass: uint8(word)
        });
    }

    function encodeAllocators(uint256 outboxNext) internal pure returns (bytes memory) {
        return abi.encodePacked(uint40(outboxNext));
    }

    function decodeAllocators(bytes calldata value) internal pure returns (uint256 outboxNext) {
        _check(value.length, ALLOCATORS_BYTES);
        return uint40(bytes5(value));
    }

    /// @notice Four amounts: the balances of an account, or the totals of the state.
    function encodeAmounts(uint96[4] memory amounts) internal pure returns (bytes memory) {
        return abi.encodePacked(amounts[0], amounts[1], amounts[2], amounts[3]);
    }

    function decodeAmounts(bytes calldata value) internal pure returns (uint96[4] memory amounts) {
        _check(value.length, AMOUNTS_BYTES);
        amounts[0] = uint96(bytes12(value));
        amounts[1] = uint96(bytes12(value[12:]));
        amounts[2] = uint96(bytes12(value[24:]));
        amounts[3] = uint96(bytes12(value[36:]));
    }

    function encodeOwner(Owner memory owner) internal pure returns (bytes memory) {
        return abi.encodePacked(owner.owner, owner.nonceHigh, owner.nonceMap);
    }

    function decodeOwner(bytes calldata value) internal pure returns (Owner memory) {
        _check(value.length, OWNER_BYTES);
        return Owner({
            owner: address(bytes20(value)),
            nonceHigh: uint64(bytes8(value[20:])),
            nonceMap: uint192(bytes24(value[28:]))
        });
    }

    function encodeWithdrawal(Withdrawal memory entry) internal pure returns (bytes memory) {
        return abi.encodePacked(entry.account, entry.asset, entry.amount, entry.recipient);
    }

    function _check(uint256 length, uint256 expected) private pure {
        if (length != expected) revert WrongLeafLength(length, expected);
    }
}
