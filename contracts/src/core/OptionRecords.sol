// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {RecordKind} from "../types/RecordKind.sol";
import {CompactSignature, ListStrike, SurfaceReport} from "../types/Records.sol";
import {Fields, Scan} from "./Fields.sol";

/// @notice Records of options that anyone may make (docs/spec.md R-4). Total: undecodable bytes give `ok = false`.
/// @custom:twin rollup_node/codec/option_records.py
library OptionRecords {
    using Fields for Scan;

    /// @notice A surface report with the signatures of its publishers.
    function decodeSurfaceReport(bytes calldata body)
        internal
        pure
        returns (bool ok, SurfaceReport memory report, CompactSignature[] memory signatures)
    {
        Scan memory scan = Fields.start(body, RecordKind.SURFACE_REPORT);
        report.underlying = scan.byteField(body);
        report.expirySlot = scan.byteField(body);
        report.expiry = uint64(scan.varint(body, 64));
        report.round = uint64(scan.varint(body, 64));
        report.timeMs = uint64(scan.varint(body, 64));
        report.difference = int64(uint64(scan.number(body, 8)));
        for (uint256 i = 0; i < report.nodes.length; ++i) {
            report.nodes[i] = uint40(scan.number(body, 5));
        }
        signatures = scan.signatures(body);
        ok = scan.isWhole(body);
    }

    /// @notice The listing of a date.
    function decodeListExpiry(bytes calldata body)
        internal
        pure
        returns (bool ok, uint8 underlying, uint8 expirySlot, uint64 expiryAt)
    {
        Scan memory scan = Fields.start(body, RecordKind.LIST_EXPIRY);
        underlying = scan.byteField(body);
        expirySlot = scan.byteField(body);
        expiryAt = uint64(scan.varint(body, 64));
        ok = scan.isWhole(body);
    }

    /// @notice The listing of a strike.
    function decodeListStrike(bytes calldata body) internal pure returns (bool ok, ListStrike memory record) {
        Scan memory scan = Fields.start(body, RecordKind.LIST_STRIKE);
        record.underlying = scan.byteField(body);
        record.expirySlot = scan.byteField(body);
        record.strike = uint64(scan.varint(body, 64));
        record.series = uint16(scan.varint(body, 16));
        ok = scan.isWhole(body);
    }

    /// @notice The delisting of a strike.
    function decodeDelistStrike(bytes calldata body) internal pure returns (bool ok, uint16 series) {
        Scan memory scan = Fields.start(body, RecordKind.DELIST_STRIKE);
        series = uint16(scan.varint(body, 16));
        ok = scan.isWhole(body);
    }
}
