// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {RecordKind} from "../types/RecordKind.sol";
import {
    Bid,
    CompactSignature,
    Freeze,
    MovePosition,
    OpenAccount,
    SetDeadMan,
    SetGuardian,
    SetKey,
    SetMode,
    SetProtection
} from "../types/Records.sol";
import {Fields, Scan} from "./Fields.sol";

/// @notice Records about accounts (docs/spec.md R-4), signed, or forced without nonce and signature. Total: undecodable
/// bytes give `ok = false`, never a revert.
/// @custom:twin rollup_node/codec/account_records.py
library AccountRecords {
    using Fields for Scan;

    /// @notice An offer for an account in liquidation.
    function decodeBid(bytes calldata body, bool signed)
        internal
        pure
        returns (bool ok, Bid memory record, CompactSignature memory signature)
    {
        Scan memory scan = Fields.start(body, RecordKind.BID);
        record.account = uint32(scan.varint(body, 32));
        record.key = scan.byteField(body);
        record.target = uint32(scan.varint(body, 32));
        record.version = uint32(scan.varint(body, 32));
        record.price = int128(uint128(scan.number(body, 16)));
        (record.nonce, signature) = scan.authorization(body, signed);
        ok = scan.isWhole(body);
    }

    /// @notice The opening of a further account.
    function decodeOpenAccount(bytes calldata body, bool signed)
        internal
        pure
        returns (bool ok, OpenAccount memory record, CompactSignature memory signature)
    {
        Scan memory scan = Fields.start(body, RecordKind.OPEN_ACCOUNT);
        record.account = uint32(scan.varint(body, 32));
        record.series = uint16(scan.varint(body, 16));
        (record.nonce, signature) = scan.authorization(body, signed);
        ok = scan.isWhole(body);
    }

    /// @notice A session key.
    function decodeSetKey(bytes calldata body, bool signed)
        internal
        pure
        returns (bool ok, SetKey memory record, CompactSignature memory signature)
    {
        Scan memory scan = Fields.start(body, RecordKind.SET_KEY);
        record.account = uint32(scan.varint(body, 32));
        record.number = scan.byteField(body);
        record.keyAddress = scan.addressField(body);
        record.scope = scan.byteField(body);
        record.markets = scan.byteField(body);
        record.expiry = uint64(scan.varint(body, 64));
        record.orderCap = uint64(scan.varint(body, 64));
        (record.nonce, signature) = scan.authorization(body, signed);
        ok = scan.isWhole(body);
    }

    /// @notice A freeze, or its end.
    function decodeFreeze(bytes calldata body, bool signed)
        internal
        pure
        returns (bool ok, Freeze memory record, CompactSignature memory signature)
    {
        Scan memory scan = Fields.start(body, RecordKind.FREEZE);
        record.account = uint32(scan.varint(body, 32));
        record.key = scan.byteField(body);
        record.frozen = scan.boolean(body);
        (record.nonce, signature) = scan.authorization(body, signed);
        ok = scan.isWhole(body);
    }

    /// @notice A guardian.
    function decodeSetGuardian(bytes calldata body, bool signed)
        internal
        pure
        returns (bool ok, SetGuardian memory record, CompactSignature memory signature)
    {
        Scan memory scan = Fields.start(body, RecordKind.SET_GUARDIAN);
        record.account = uint32(scan.varint(body, 32));
        record.guardian = scan.addressField(body);
        (record.nonce, signature) = scan.authorization(body, signed);
        ok = scan.isWhole(body);
    }

    /// @notice A market-maker protection.
    function decodeSetProtection(bytes calldata body, bool signed)
        internal
        pure
        returns (bool ok, SetProtection memory record, CompactSignature memory signature)
    {
        Scan memory scan = Fields.start(body, RecordKind.SET_PROTECTION);
        record.account = uint32(scan.varint(body, 32));
        record.key = scan.byteField(body);
        record.underlying = scan.byteField(body);
        record.limit = uint32(scan.varint(body, 32));
        record.windowMs = uint32(scan.varint(body, 32));
        (record.nonce, signature) = scan.authorization(body, signed);
        ok = scan.isWhole(body);
    }

    /// @notice A dead man's switch.
    function decodeSetDeadMan(bytes calldata body, bool signed)
        internal
        pure
        returns (bool ok, SetDeadMan memory record, CompactSignature memory signature)
    {
        Scan memory scan = Fields.start(body, RecordKind.SET_DEAD_MAN);
        record.account = uint32(scan.varint(body, 32));
        record.key = scan.byteField(body);
        record.timeMs = uint64(scan.varint(body, 64));
        (record.nonce, signature) = scan.authorization(body, signed);
        ok = scan.isWhole(body);
    }

    /// @notice A risk model.
    function decodeSetMode(bytes calldata body, bool signed)
        internal
        pure
        returns (bool ok, SetMode memory record, CompactSignature memory signature)
    {
        Scan memory scan = Fields.start(body, RecordKind.SET_MODE);
        record.account = uint32(scan.varint(body, 32));
        record.key = scan.byteField(body);
        record.mode = scan.byteField(body);
        (record.nonce, signature) = scan.authorization(body, signed);
        ok = scan.isWhole(body);
    }

    /// @notice The move of a position.
    function decodeMovePosition(bytes calldata body, bool signed)
        internal
        pure
        returns (bool ok, MovePosition memory record, CompactSignature memory signature)
    {
        Scan memory scan = Fields.start(body, RecordKind.MOVE_POSITION);
        record.account = uint32(scan.varint(body, 32));
        record.recipient = uint32(scan.varint(body, 32));
        record.series = uint16(scan.varint(body, 16));
        record.lots = int32(uint32(scan.number(body, 4)));
        (record.nonce, signature) = scan.authorization(body, signed);
        ok = scan.isWhole(body);
    }
}
