// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Allocators, Cursor, Owner, Withdrawal} from "../types/State.sol";

/// @notice Leaves as bytes, both ways (docs/spec.md S). Reading a leaf of a wrong length reverts: state holds none, so
/// the witness is bad.
/// @custom:twin rollup_node/codec/leaves.py
library Leaves {
    error WrongLeafLength(uint256 length, uint256 expected);

    uint256 internal constant CURSOR_BYTES = 32;
    uint256 internal constant ALLOCATORS_BYTES = 17;
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

    function encodeAllocators(Allocators memory allocators) internal pure returns (bytes memory) {
        return
            abi.encodePacked(allocators.outboxNext, allocators.nextAccount, allocators.orderFree, allocators.orderNext);
    }

    function decodeAllocators(bytes memory value) internal pure returns (Allocators memory) {
        _check(value.length, ALLOCATORS_BYTES);
        uint256 word = uint256(bytes32(value));
        return Allocators({
            outboxNext: uint40(word >> 216),
            nextAccount: uint32(word >> 184),
            orderFree: uint32(word >> 152),
            orderNext: uint32(word >> 120)
        });
    }

    /// @notice What an account holds (S-19): cash, which may be negative, and three other amounts.
    function encodeBalances(int256[4] memory balances) internal pure returns (bytes memory) {
        return abi.encodePacked(
            int96(balances[0]), uint96(uint256(balances[1])), uint96(uint256(balances[2])), uint96(uint256(balances[3]))
        );
    }

    function decodeBalances(bytes memory value) internal pure returns (int256[4] memory balances) {
        _check(value.length, AMOUNTS_BYTES);
        (uint256 first, uint256 second) = abi.decode(bytes.concat(value, bytes16(0)), (uint256, uint256));
        balances[0] = int96(uint96(first >> 160));
        balances[1] = int256(uint256(uint96(first >> 64)));
        balances[2] = int256(uint256(uint96(first << 32 | second >> 224)));
        balances[3] = int256(uint256(uint96(second >> 128)));
    }

    /// @notice Four amounts: the totals of the state.
    function encodeAmounts(uint96[4] memory amounts) internal pure returns (bytes memory) {
        return abi.encodePacked(amounts[0], amounts[1], amounts[2], amounts[3]);
    }

    function decodeAmounts(bytes memory value) internal pure returns (uint96[4] memory amounts) {
        _check(value.length, AMOUNTS_BYTES);
        (uint256 first, uint256 second) = abi.decode(bytes.concat(value, bytes16(0)), (uint256, uint256));
        amounts[0] = uint96(first >> 160);
        amounts[1] = uint96(first >> 64);
        amounts[2] = uint96(first << 32 | second >> 224);
        amounts[3] = uint96(second >> 128);
    }

    function encodeOwner(Owner memory owner) internal pure returns (bytes memory) {
        return abi.encodePacked(owner.owner, owner.nonceHigh, owner.nonceMap);
    }

    function decodeOwner(bytes memory value) internal pure returns (Owner memory) {
        _check(value.length, OWNER_BYTES);
        (uint256 first, uint256 second) = abi.decode(bytes.concat(value, bytes12(0)), (uint256, uint256));
        return Owner({
            owner: address(uint160(first >> 96)),
            nonceHigh: uint64(first >> 32),
            nonceMap: uint192(first << 160 | second >> 96)
        });
    }

    function encodeWithdrawal(Withdrawal memory entry) internal pure returns (bytes memory) {
        return abi.encodePacked(entry.account, entry.asset, entry.amount, entry.recipient);
    }

    function _check(uint256 length, uint256 expected) private pure {
        if (length != expected) revert WrongLeafLength(length, expected);
    }
}
