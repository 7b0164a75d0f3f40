// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    Bid,
    CancelAll,
    CancelOrder,
    ExecuteRfq,
    ForwardReport,
    Freeze,
    MassQuote,
    MovePosition,
    OpenAccount,
    PlaceOrder,
    PriceReport,
    ReplaceOrder,
    RfqQuote,
    SetDeadMan,
    SetGuardian,
    SetKey,
    SetMode,
    SetProtection,
    SettlementPrice,
    SurfaceReport
} from "../types/Records.sol";
import {RecordPointers} from "./RecordPointers.sol";
import {Structs} from "./Structs.sol";

/// @notice What users and publishers sign on the exchange (docs/spec.md R-5, EIP-712). The fields of the structs lie in
/// the order of their types, so in memory they are what EIP-712 hashes after the type hash.
/// @custom:twin rollup_node/codec/eip712.py
library ExchangeEip712 {
    bytes32 private constant LEG_TYPE =
        keccak256("Leg(uint16 series,uint8 side,uint16 slot,uint32 price,uint32 quantity)");
    bytes32 private constant ORDER_TYPE = keccak256(
        "Order(uint32 account,uint8 key,uint16 series,uint8 side,uint8 kind,uint8 timeInForce,bool postOnly,bool reduceOnly,uint8 selfTrade,uint32 price,uint32 quantity,uint32 trigger,uint64 expiry,uint16 maxFee,uint16 slot,uint64 nonce)"
    );
    bytes32 private constant CANCEL_TYPE =
        keccak256("Cancel(uint32 account,uint8 key,uint16 slot,uint32 tag,uint64 nonce)");
    bytes32 private constant CANCEL_ALL_TYPE =
        keccak256("CancelAll(uint32 account,uint8 key,uint8 scope,uint16 scopeId,uint64 nonce)");
    bytes32 private constant REPLACE_TYPE =
        keccak256("Replace(uint32 account,uint8 key,uint16 slot,uint32 tag,uint32 price,uint32 quantity,uint64 nonce)");
    bytes32 private constant MASS_QUOTE_TYPE = keccak256(
        "MassQuote(uint32 account,uint8 key,uint16 maxFee,Leg[] legs,uint64 nonce)Leg(uint16 series,uint8 side,uint16 slot,uint32 price,uint32 quantity)"
    );
    bytes32 private constant RFQ_LEG_TYPE = keccak256("RfqLeg(uint16 series,int32 lots,uint32 price)");
    bytes32 private constant RFQ_QUOTE_TYPE = keccak256(
        "RfqQuote(uint32 account,uint8 key,uint32 taker,uint16 maxFee,uint64 expiryMs,RfqLeg[] legs,uint64 nonce)RfqLeg(uint16 series,int32 lots,uint32 price)"
    );
    bytes32 private constant RFQ_EXECUTION_TYPE = keccak256(
        "RfqExecution(uint32 account,uint8 key,uint16 maxFee,uint64 expiryMs,RfqQuote quote,uint64 nonce)RfqLeg(uint16 series,int32 lots,uint32 price)RfqQuote(uint32 account,uint8 key,uint32 taker,uint16 maxFee,uint64 expiryMs,RfqLeg[] legs,uint64 nonce)"
    );
    bytes32 private constant BID_TYPE =
        keccak256("Bid(uint32 account,uint8 key,uint32 target,uint32 version,int128 price,uint64 nonce)");
    bytes32 private constant OPEN_ACCOUNT_TYPE = keccak256("OpenAccount(uint32 account,uint16 series,uint64 nonce)");
    bytes32 private constant SET_KEY_TYPE = keccak256(
        "SetKey(uint32 account,uint8 number,address keyAddress,uint8 scope,uint8 markets,uint64 expiry,uint64 orderCap,uint64 nonce)"
    );
    bytes32 private constant FREEZE_TYPE = keccak256("Freeze(uint32 account,uint8 key,bool frozen,uint64 nonce)");
    bytes32 private constant SET_GUARDIAN_TYPE = keccak256("SetGuardian(uint32 account,address guardian,uint64 nonce)");
    bytes32 private constant SET_PROTECTION_TYPE =
        keccak256("SetProtection(uint32 account,uint8 key,uint8 underlying,uint32 limit,uint32 windowMs,uint64 nonce)");
    bytes32 private constant SET_DEAD_MAN_TYPE =
        keccak256("SetDeadMan(uint32 account,uint8 key,uint64 timeMs,uint64 nonce)");
    bytes32 private constant SET_MODE_TYPE = keccak256("SetMode(uint32 account,uint8 key,uint8 mode,uint64 nonce)");
    bytes32 private constant MOVE_POSITION_TYPE =
        keccak256("MovePosition(uint32 account,uint32 recipient,uint16 series,int32 lots,uint64 nonce)");
    bytes32 private constant PRICE_REPORT_TYPE =
        keccak256("PriceReport(uint8 underlying,uint64 round,uint64 timeMs,uint64 price,uint32 confidencePpm)");
    bytes32 private constant FORWARD_REPORT_TYPE = keccak256(
        "ForwardReport(uint8 underlying,uint8 expirySlot,uint64 expiry,uint64 round,uint64 timeMs,int64 difference)"
    );
    bytes32 private constant SETTLEMENT_PRICE_TYPE =
        keccak256("SettlementPrice(uint8 underlying,uint8 expirySlot,uint64 expiry,uint8 number,uint64 price)");
    bytes32 private constant SURFACE_REPORT_TYPE = keccak256(
        "SurfaceReport(uint8 underlying,uint8 expirySlot,uint64 expiry,uint64 round,uint64 timeMs,int64 difference,uint40[16] nodes)"
    );

    function digest(bytes32 domain, PlaceOrder memory record) internal pure returns (bytes32) {
        return _digest(domain, Structs.hash(ORDER_TYPE, RecordPointers.pointerTo(record), 16));
    }

    function digest(bytes32 domain, CancelOrder memory record) internal pure returns (bytes32) {
        return _digest(domain, Structs.hash(CANCEL_TYPE, RecordPointers.pointerTo(record), 5));
    }

    function digest(bytes32 domain, CancelAll memory record) internal pure returns (bytes32) {
        return _digest(domain, Structs.hash(CANCEL_ALL_TYPE, RecordPointers.pointerTo(record), 5));
    }

    function digest(bytes32 domain, ReplaceOrder memory record) internal pure returns (bytes32) {
        return _digest(domain, Structs.hash(REPLACE_TYPE, RecordPointers.pointerTo(record), 7));
    }

    function digest(bytes32 domain, MassQuote memory record) internal pure returns (bytes32) {
        uint256 count = record.legs.length;
        bytes32[] memory legs = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) {
            legs[i] = Structs.hash(LEG_TYPE, RecordPointers.pointerTo(record.legs[i]), 5);
        }
        bytes32 hash = keccak256(abi.encodePacked(legs));
        bytes memory encoded =
            abi.encode(MASS_QUOTE_TYPE, record.account, record.key, record.maxFee, hash, record.nonce);
        return _digest(domain, keccak256(encoded));
    }

    /// @notice What a taker signs: the quote inside counts by the hash of its struct (docs/spec.md Q-2).
    function digest(bytes32 domain, ExecuteRfq memory record) internal pure returns (bytes32) {
        bytes memory encoded = abi.encode(
            RFQ_EXECUTION_TYPE,
            record.account,
            record.key,
            record.maxFee,
            record.expiryMs,
            _quoteHash(record.quote),
            record.nonce
        );
        return _digest(domain, keccak256(encoded));
    }

    /// @notice What the maker of a combo signs (docs/spec.md Q-1).
    function quoteDigest(bytes32 domain, RfqQuote memory quote) internal pure returns (bytes32) {
        return _digest(domain, _quoteHash(quote));
    }

    function _quoteHash(RfqQuote memory quote) private pure returns (bytes32) {
        uint256 count = quote.legs.length;
        bytes32[] memory legs = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) {
            legs[i] = Structs.hash(RFQ_LEG_TYPE, RecordPointers.pointerTo(quote.legs[i]), 3);
        }
        return keccak256(
            abi.encode(
                RFQ_QUOTE_TYPE,
                quote.account,
                quote.key,
                quote.taker,
                quote.maxFee,
                quote.expiryMs,
                keccak256(abi.encodePacked(legs)),
                quote.nonce
            )
        );
    }

    function digest(bytes32 domain, Bid memory record) internal pure returns (bytes32) {
        return _digest(domain, Structs.hash(BID_TYPE, RecordPointers.pointerTo(record), 6));
    }

    function digest(bytes32 domain, OpenAccount memory record) internal pure returns (bytes32) {
        return _digest(domain, Structs.hash(OPEN_ACCOUNT_TYPE, RecordPointers.pointerTo(record), 3));
    }

    function digest(bytes32 domain, SetKey memory record) internal pure returns (bytes32) {
        return _digest(domain, Structs.hash(SET_KEY_TYPE, RecordPointers.pointerTo(record), 8));
    }

    function digest(bytes32 domain, Freeze memory record) internal pure returns (bytes32) {
        return _digest(domain, Structs.hash(FREEZE_TYPE, RecordPointers.pointerTo(record), 4));
    }

    function digest(bytes32 domain, SetGuardian memory record) internal pure returns (bytes32) {
        return _digest(domain, Structs.hash(SET_GUARDIAN_TYPE, RecordPointers.pointerTo(record), 3));
    }

    function digest(bytes32 domain, SetProtection memory record) internal pure returns (bytes32) {
        return _digest(domain, Structs.hash(SET_PROTECTION_TYPE, RecordPointers.pointerTo(record), 6));
    }

    function digest(bytes32 domain, SetDeadMan memory record) internal pure returns (bytes32) {
        return _digest(domain, Structs.hash(SET_DEAD_MAN_TYPE, RecordPointers.pointerTo(record), 4));
    }

    function digest(bytes32 domain, SetMode memory record) internal pure returns (bytes32) {
        return _digest(domain, Structs.hash(SET_MODE_TYPE, RecordPointers.pointerTo(record), 4));
    }

    function digest(bytes32 domain, MovePosition memory record) internal pure returns (bytes32) {
        return _digest(domain, Structs.hash(MOVE_POSITION_TYPE, RecordPointers.pointerTo(record), 5));
    }

    function digest(bytes32 domain, PriceReport memory report) internal pure returns (bytes32) {
        return _digest(domain, Structs.hash(PRICE_REPORT_TYPE, RecordPointers.pointerTo(report), 5));
    }

    function digest(bytes32 domain, ForwardReport memory report) internal pure returns (bytes32) {
        return _digest(domain, Structs.hash(FORWARD_REPORT_TYPE, RecordPointers.pointerTo(report), 6));
    }

    function digest(bytes32 domain, SettlementPrice memory report) internal pure returns (bytes32) {
        return _digest(domain, Structs.hash(SETTLEMENT_PRICE_TYPE, RecordPointers.pointerTo(report), 5));
    }

    /// @notice An array of numbers is hashed as its words, one after the other.
    function digest(bytes32 domain, SurfaceReport memory report) internal pure returns (bytes32) {
        bytes32 nodes = keccak256(abi.encodePacked(report.nodes));
        bytes memory encoded = abi.encode(
            SURFACE_REPORT_TYPE,
            report.underlying,
            report.expirySlot,
            report.expiry,
            report.round,
            report.timeMs,
            report.difference,
            nodes
        );
        return _digest(domain, keccak256(encoded));
    }

    function _digest(bytes32 domain, bytes32 structHash) private pure returns (bytes32) {
        return keccak256(abi.encodePacked(hex"1901", domain, structHash));
    }
}
