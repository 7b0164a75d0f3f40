// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Delayed, Deposit} from "../../../src/core/Delayed.sol";
import {Records, Transaction} from "../../../src/core/Records.sol";
import {Varint} from "../../../src/core/Varint.sol";
import {Test} from "../../Test.sol";

/// @notice Decoding is total, canonical, and the inverse of encoding.
contract RecordsTest is Test {
    bytes32 private constant R = keccak256("r");
    bytes32 private constant VS = keccak256("vs");

    function testFuzz_varint_round_trip(uint256 value, uint256 width) public pure {
        uint256[4] memory widths = [uint256(32), 48, 64, 96];
        uint256 bits = widths[width % 4];
        value = bound(value, 0, 2 ** bits - 1);
        bytes memory encoded = _varint(value);
        (uint256 decoded, uint256 size) = Varint.decode(bytes32(encoded), encoded.length, bits);
        assertEq(decoded, value);
        assertEq(size, encoded.length);
        for (uint256 length = 0; length < encoded.length; ++length) {
            (, size) = Varint.decode(bytes32(encoded), length, bits);
            assertEq(size, 0);
        }
    }

    function test_varint_not_canonical_or_out_of_range_is_rejected() public pure {
        _rejectVarint(hex"", 32);
        _rejectVarint(hex"80", 32);
        _rejectVarint(hex"8000", 32);
        _rejectVarint(hex"ff00", 32);
        _rejectVarint(hex"ffffffff10", 32);
        _rejectVarint(hex"ffffffffff00", 32);
        _rejectVarint(hex"ffffffffffffffffff02", 64);
        _rejectVarint(hex"ffffffffffffffffffffffffff20", 96);
        _rejectVarint(hex"ffffffffffffffffffffffffffff00", 96);
        _rejectVarint(hex"ffffffffffff40", 48);
    }

    function testFuzz_decodeTransaction_never_reverts(bytes calldata body, bool signed) public pure {
        (bool ok, Transaction memory transaction) = Records.decodeTransaction(body, signed);
        if (ok) assertEq(_encode(transaction, signed), body);
    }

    /// @dev Bodies that are almost right: valid ones with a changed byte, cut or extended.
    function testFuzz_decodeTransaction_is_canonical(
        uint256 kind,
        uint32 account,
        uint96 amount,
        uint64 nonce,
        bool signed,
        uint256 index,
        bytes1 change
    ) public view {
        Transaction memory transaction = _transaction(kind, account, amount, nonce, signed);
        bytes memory body = _encode(transaction, signed);
        (bool ok, Transaction memory decoded) = this.decode(body, signed);
        assertTrue(ok);
        assertEq(abi.encode(decoded), abi.encode(transaction));
        (ok,) = this.decode(abi.encodePacked(body, change), signed);
        assertFalse(ok);
        bytes memory shorter = new bytes(body.length - 1);
        for (uint256 i = 0; i < shorter.length; ++i) {
            shorter[i] = body[i];
        }
        (ok,) = this.decode(shorter, signed);
        assertFalse(ok);
        body[index % body.length] ^= change;
        (ok, decoded) = this.decode(body, signed);
        if (ok) assertEq(_encode(decoded, signed), body);
    }

    function testFuzz_decodeSeal_reads_exactly_one_varint(uint48 deltaMs, bytes1 extra) public pure {
        bytes memory body = abi.encodePacked(bytes1(0), _varint(deltaMs));
        (bool ok, uint256 decoded) = Records.decodeSeal(body);
        assertTrue(ok);
        assertEq(decoded, deltaMs);
        (ok,) = Records.decodeSeal(abi.encodePacked(body, extra));
        assertFalse(ok);
        (ok,) = Records.decodeSeal(hex"00");
        assertFalse(ok);
        (ok,) = Records.decodeSeal("");
        assertFalse(ok);
    }

    function test_decodePrefix_needs_seven_bytes_of_version_one() public pure {
        (bool ok, uint256 timeMs) = Records.decodePrefix(hex"01000000000009");
        assertTrue(ok);
        assertEq(timeMs, 9);
        (ok, timeMs) = Records.decodePrefix(hex"02000000000009");
        assertFalse(ok);
        assertEq(timeMs, 0);
        (ok,) = Records.decodePrefix(hex"010000000000");
        assertFalse(ok);
        (ok,) = Records.decodePrefix("");
        assertFalse(ok);
    }

    function testFuzz_deposit_round_trip(uint32 account, address owner, uint8 asset, uint96 amount) public view {
        bytes memory body = Delayed.encodeDeposit(Deposit(account, owner, asset, amount));
        (bool ok, Deposit memory decoded) = this.decodeDeposit(body);
        assertTrue(ok);
        assertEq(abi.encode(decoded), abi.encode(Deposit(account, owner, asset, amount)));
        (ok,) = this.decodeDeposit(abi.encodePacked(body, bytes1(0)));
        assertFalse(ok);
        (ok,) = this.decodeDeposit("");
        assertFalse(ok);
    }

    function decode(bytes calldata body, bool signed) external pure returns (bool, Transaction memory) {
        return Records.decodeTransaction(body, signed);
    }

    function decodeDeposit(bytes calldata body) external pure returns (bool, Deposit memory) {
        return Delayed.decodeDeposit(body);
    }

    function _transaction(uint256 kind, uint32 account, uint96 amount, uint64 nonce, bool signed)
        private
        pure
        returns (Transaction memory transaction)
    {
        transaction.kind = uint8(0x10 + kind % 3);
        transaction.account = account;
        if (transaction.kind == 0x10) transaction.to = ~account;
        if (transaction.kind != 0x12) (transaction.asset, transaction.amount) = (uint8(account), amount);
        if (transaction.kind != 0x10) transaction.party = address(uint160(uint256(R)));
        if (signed) (transaction.nonce, transaction.r, transaction.vs) = (nonce, R, VS);
    }

    function _encode(Transaction memory transaction, bool signed) private pure returns (bytes memory body) {
        body = abi.encodePacked(transaction.kind, _varint(transaction.account));
        if (transaction.kind == 0x10) body = abi.encodePacked(body, _varint(transaction.to));
        if (transaction.kind != 0x12) body = abi.encodePacked(body, transaction.asset, _varint(transaction.amount));
        if (transaction.kind != 0x10) body = abi.encodePacked(body, transaction.party);
        if (signed) body = abi.encodePacked(body, _varint(transaction.nonce), transaction.r, transaction.vs);
    }

    function _varint(uint256 value) private pure returns (bytes memory encoded) {
        while (value >= 0x80) {
            encoded = abi.encodePacked(encoded, uint8(value) | 0x80);
            value >>= 7;
        }
        encoded = abi.encodePacked(encoded, uint8(value));
    }

    function _rejectVarint(bytes memory encoded, uint256 bits) private pure {
        (uint256 value, uint256 size) = Varint.decode(bytes32(encoded), encoded.length, bits);
        assertEq(value, 0);
        assertEq(size, 0);
    }
}
