// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {RecordKind} from "../types/RecordKind.sol";
import {CompactSignature, ForwardReport, PriceReport, SettlementPrice} from "../types/Records.sol";
import {Fields, Scan} from "./Fields.sol";

/// @notice Records that anyone may make (docs/spec.md R-4): the same bytes in a batch and in a message. Total:
/// undecodable bytes give `ok = false`, never a revert.
/// @custom:twin rollup_node/codec/open_records.py
library OpenRecords {
    using Fields for Scan;

    /// @notice A price report with the signatures of its publishers.
    function decodePriceReport(bytes calldata body)
        internal
        pure
        returns (bool ok, PriceReport memory report, CompactSignature[] memory signatures)
    {
        Scan memory scan = Fields.start(body, RecordKind.PRICE_REPORT);
        report.underlying = scan.byteField(body);
        report.round = uint64(scan.varint(body, 64));
        report.timeMs = uint64(scan.varint(body, 64));
        report.price = uint64(scan.varint(body, 64));
        report.confidencePpm = uint32(scan.varint(body, 32));
        signatures = scan.signatures(body);
        ok = scan.isWhole(body);
    }

    /// @notice A forward report with the signatures of its publishers.
    function decodeForwardReport(bytes calldata body)
        internal
        pure
        returns (bool ok, ForwardReport memory report, CompactSignature[] memory signatures)
    {
        Scan memory scan = Fields.start(body, RecordKind.FORWARD_REPORT);
        report.underlying = scan.byteField(body);
        report.expirySlot = scan.byteField(body);
        report.expiry = uint64(scan.varint(body, 64));
        report.round = uint64(scan.varint(body, 64));
        report.timeMs = uint64(scan.varint(body, 64));
        report.difference = int64(uint64(scan.number(body, 8)));
        signatures = scan.signatures(body);
        ok = scan.isWhole(body);
    }

    /// @notice A settlement price with the signatures of its publishers.
    function decodeSettlementPrice(bytes calldata body)
        internal
        pure
        returns (bool ok, SettlementPrice memory report, CompactSignature[] memory signatures)
    {
        Scan memory scan = Fields.start(body, RecordKind.SETTLEMENT_PRICE);
        report.underlying = scan.byteField(body);
        report.expirySlot = scan.byteField(body);
        report.expiry = uint64(scan.varint(body, 64));
        report.number = scan.byteField(body);
        report.price = uint64(scan.varint(body, 64));
        signatures = scan.signatures(body);
        ok = scan.isWhole(body);
    }

    /// @notice The settlement of a position: account and series.
    function decodeSettle(bytes calldata body) internal pure returns (bool ok, uint32 account, uint16 series) {
        return _position(body, RecordKind.SETTLE);
    }

    /// @notice A liquidation: account and series.
    function decodeLiquidate(bytes calldata body) internal pure returns (bool ok, uint32 account, uint16 series) {
        return _position(body, RecordKind.LIQUIDATE);
    }

    /// @notice The pruning of an order slot.
    function decodePrune(bytes calldata body) internal pure returns (bool ok, uint32 order) {
        return _number(body, RecordKind.PRUNE);
    }

    /// @notice The takeover of an account.
    function decodeTakeover(bytes calldata body) internal pure returns (bool ok, uint32 account) {
        return _number(body, RecordKind.TAKEOVER);
    }

    /// @notice A look at an underlying.
    function decodeTrigger(bytes calldata body) internal pure returns (bool ok, uint8 underlying) {
        Scan memory scan = Fields.start(body, RecordKind.TRIGGER);
        underlying = scan.byteField(body);
        ok = scan.isWhole(body);
    }

    function _position(bytes calldata body, uint8 kind) private pure returns (bool ok, uint32 account, uint16 series) {
        Scan memory scan = Fields.start(body, kind);
        account = uint32(scan.varint(body, 32));
        series = uint16(scan.varint(body, 16));
        ok = scan.isWhole(body);
    }

    function _number(bytes calldata body, uint8 kind) private pure returns (bool ok, uint32 value) {
        Scan memory scan = Fields.start(body, kind);
        value = uint32(scan.varint(body, 32));
        ok = scan.isWhole(body);
    }
}
