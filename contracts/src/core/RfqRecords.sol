// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {RecordKind} from "../types/RecordKind.sol";
import {CompactSignature, ExecuteRfq, RfqLeg, RfqQuote} from "../types/Records.sol";
import {Fields, Scan} from "./Fields.sol";
import {Layout} from "./Layout.sol";

/// @notice The record of a combo: what the taker asks for, and the signed quote in it (docs/spec.md R-4, Q-1). Total:
/// undecodable bytes give `ok = false`, never a revert.
/// @custom:twin rollup_node/codec/rfq_records.py
library RfqRecords {
    using Fields for Scan;

    /// @notice An execution; `signature` is that of the taker.
    function decodeExecuteRfq(bytes calldata body, bool signed)
        internal
        pure
        returns (bool ok, ExecuteRfq memory record, CompactSignature memory signature)
    {
        Scan memory scan = Fields.start(body, RecordKind.EXECUTE_RFQ);
        _readHead(record, scan, body);
        _readQuote(record.quote, scan, body);
        (record.nonce, signature) = scan.authorization(body, signed);
        ok = scan.isWhole(body);
    }

    function _readHead(ExecuteRfq memory record, Scan memory scan, bytes calldata body) private pure {
        record.account = uint32(scan.varint(body, 32));
        record.key = scan.byteField(body);
        record.maxFee = uint16(scan.varint(body, 16));
        record.expiryMs = uint64(scan.varint(body, 64));
    }

    /// @dev A quote with its signature, of 1 to 8 legs.
    function _readQuote(RfqQuote memory quote, Scan memory scan, bytes calldata body) private pure {
        quote.account = uint32(scan.varint(body, 32));
        quote.key = scan.byteField(body);
        quote.taker = uint32(scan.varint(body, 32));
        quote.maxFee = uint16(scan.varint(body, 16));
        quote.expiryMs = uint64(scan.varint(body, 64));
        uint256 length = scan.byteField(body);
        if (length == 0 || length > Layout.RFQ_LEGS) {
            scan.bad = true;
            return;
        }
        quote.legs = new RfqLeg[](length);
        for (uint256 i = 0; i < length; ++i) {
            _readLeg(quote.legs[i], scan, body);
        }
        (quote.nonce, quote.signature) = scan.authorization(body, true);
    }

    function _readLeg(RfqLeg memory leg, Scan memory scan, bytes calldata body) private pure {
        leg.series = uint16(scan.varint(body, 16));
        leg.lots = int32(uint32(scan.number(body, 4)));
        leg.price = uint32(scan.varint(body, 32));
    }
}
