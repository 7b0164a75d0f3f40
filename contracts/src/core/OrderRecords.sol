// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {RecordKind} from "../types/RecordKind.sol";
import {CancelAll, CancelOrder, CompactSignature, Leg, MassQuote, PlaceOrder, ReplaceOrder} from "../types/Records.sol";
import {Fields, Scan} from "./Fields.sol";

/// @notice Records of the order book (docs/spec.md R-4), signed, or forced without nonce and signature. Total:
/// undecodable bytes give `ok = false`, never a revert.
/// @custom:twin rollup_node/codec/order_records.py
library OrderRecords {
    using Fields for Scan;

    uint256 internal constant MAX_LEGS = 20;
    uint256 private constant FLAG_BITS = 9;
    /// @dev Orders of this kind and above have a trigger.
    uint256 private constant STOP = 2;
    /// @dev Orders of this time in force have an expiry.
    uint256 private constant GOOD_TILL_TIME = 1;

    /// @notice An order.
    function decodeOrder(bytes calldata body, bool signed)
        internal
        pure
        returns (bool ok, PlaceOrder memory record, CompactSignature memory signature)
    {
        Scan memory scan = Fields.start(body, RecordKind.ORDER);
        record.account = uint32(scan.varint(body, 32));
        record.key = scan.byteField(body);
        record.series = uint16(scan.varint(body, 16));
        uint256 flags = scan.number(body, 2);
        if (flags >> FLAG_BITS != 0) scan.bad = true;
        unpackFlags(record, flags);
        record.price = uint32(scan.varint(body, 32));
        record.quantity = uint32(scan.varint(body, 32));
        if (record.kind >= STOP) record.trigger = uint32(scan.varint(body, 32));
        if (record.timeInForce == GOOD_TILL_TIME) record.expiry = uint64(scan.varint(body, 64));
        record.maxFee = uint16(scan.varint(body, 16));
        record.slot = uint16(scan.varint(body, 16));
        (record.nonce, signature) = scan.authorization(body, signed);
        ok = scan.isWhole(body);
    }

    /// @notice The flags of an order in their fields.
    function unpackFlags(PlaceOrder memory record, uint256 flags) internal pure {
        record.side = uint8(flags & 1);
        record.kind = uint8(flags >> 1 & 3);
        record.timeInForce = uint8(flags >> 3 & 3);
        record.postOnly = flags >> 5 & 1 == 1;
        record.reduceOnly = flags >> 6 & 1 == 1;
        record.selfTrade = uint8(flags >> 7 & 3);
    }

    /// @notice The flags of an order as records and resting orders keep them.
    function packFlags(PlaceOrder memory record) internal pure returns (uint16) {
        uint256 flags = uint256(record.side) | uint256(record.kind) << 1 | uint256(record.timeInForce) << 3;
        if (record.postOnly) flags |= 1 << 5;
        if (record.reduceOnly) flags |= 1 << 6;
        return uint16(flags | uint256(record.selfTrade) << 7);
    }

    /// @notice A cancel.
    function decodeCancel(bytes calldata body, bool signed)
        internal
        pure
        returns (bool ok, CancelOrder memory record, CompactSignature memory signature)
    {
        Scan memory scan = Fields.start(body, RecordKind.CANCEL);
        record.account = uint32(scan.varint(body, 32));
        record.key = scan.byteField(body);
        record.slot = uint16(scan.varint(body, 16));
        record.tag = uint32(scan.number(body, 4));
        (record.nonce, signature) = scan.authorization(body, signed);
        ok = scan.isWhole(body);
    }

    /// @notice A cancel of many orders.
    function decodeCancelAll(bytes calldata body, bool signed)
        internal
        pure
        returns (bool ok, CancelAll memory record, CompactSignature memory signature)
    {
        Scan memory scan = Fields.start(body, RecordKind.CANCEL_ALL);
        record.account = uint32(scan.varint(body, 32));
        record.key = scan.byteField(body);
        record.scope = scan.byteField(body);
        record.scopeId = uint16(scan.varint(body, 16));
        (record.nonce, signature) = scan.authorization(body, signed);
        ok = scan.isWhole(body);
    }

    /// @notice A replacement.
    function decodeReplace(bytes calldata body, bool signed)
        internal
        pure
        returns (bool ok, ReplaceOrder memory record, CompactSignature memory signature)
    {
        Scan memory scan = Fields.start(body, RecordKind.REPLACE);
        record.account = uint32(scan.varint(body, 32));
        record.key = scan.byteField(body);
        record.slot = uint16(scan.varint(body, 16));
        record.tag = uint32(scan.number(body, 4));
        record.price = uint32(scan.varint(body, 32));
        record.quantity = uint32(scan.varint(body, 32));
        (record.nonce, signature) = scan.authorization(body, signed);
        ok = scan.isWhole(body);
    }

    /// @notice A mass quote of 1 to 20 legs.
    function decodeQuote(bytes calldata body, bool signed)
        internal
        pure
        returns (bool ok, MassQuote memory record, CompactSignature memory signature)
    {
        Scan memory scan = Fields.start(body, RecordKind.QUOTE);
        record.account = uint32(scan.varint(body, 32));
        record.key = scan.byteField(body);
        record.maxFee = uint16(scan.varint(body, 16));
        uint256 length = scan.byteField(body);
        if (length == 0 || length > MAX_LEGS) return (false, record, signature);
        record.legs = new Leg[](length);
        for (uint256 i = 0; i < length; ++i) {
            _readLeg(record.legs[i], scan, body);
        }
        (record.nonce, signature) = scan.authorization(body, signed);
        ok = scan.isWhole(body);
    }

    function _readLeg(Leg memory leg, Scan memory scan, bytes calldata body) private pure {
        leg.series = uint16(scan.varint(body, 16));
        leg.slot = uint16(scan.varint(body, 16));
        leg.price = uint32(scan.varint(body, 32));
        uint256 doubled = scan.varint(body, 32);
        leg.side = uint8(doubled & 1);
        leg.quantity = uint32(doubled >> 1);
    }
}
