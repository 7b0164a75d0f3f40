// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {RecordKind} from "../types/RecordKind.sol";
import {StartSale} from "../types/Records.sol";
import {Fields, Scan} from "./Fields.sol";

/// @notice The record of a covered sale (docs/spec.md R-4, P-1), by message only. Total: undecodable bytes give
/// `ok = false`, never a revert.
/// @custom:twin rollup_node/codec/sale_records.py
library SaleRecords {
    using Fields for Scan;

    function decodeStartSale(bytes calldata body) internal pure returns (bool ok, StartSale memory record) {
        Scan memory scan = Fields.start(body, RecordKind.SALE);
        record.account = uint32(scan.varint(body, 32));
        record.underlying = scan.byteField(body);
        record.call = scan.byteField(body);
        record.expiryAt = uint64(scan.varint(body, 64));
        record.deltaPpm = uint32(scan.varint(body, 32));
        record.lots = uint32(scan.varint(body, 32));
        record.startPpm = uint32(scan.varint(body, 32));
        record.reservePpm = uint32(scan.varint(body, 32));
        record.durationSeconds = uint32(scan.varint(body, 32));
        record.maxFee = uint16(scan.varint(body, 16));
        ok = scan.isWhole(body);
    }
}
