// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AssetRow, Publishers, SeriesTerms} from "../types/Market.sol";
import {OptionRules} from "../types/Option.sol";
import {MarketLeaves} from "./MarketLeaves.sol";
import {OptionLeaves} from "./OptionLeaves.sol";

/// @notice Bodies of admin messages: an op, then fields of fixed width (docs/spec.md V-1).
/// @custom:twin rollup_node/codec/admin.py
library AdminRecords {
    uint8 internal constant UNDERLYING = 0x01;
    uint8 internal constant LIST = 0x02;
    uint8 internal constant TERMS = 0x03;
    uint8 internal constant STATUS = 0x04;
    uint8 internal constant ASSET = 0x05;
    uint8 internal constant PUBLISHERS = 0x06;
    uint8 internal constant BORROW_CAP = 0x07;
    uint8 internal constant DELIST = 0x08;
    uint8 internal constant EXPIRY = 0x09;
    uint8 internal constant PAY_FEES = 0x0a;
    uint8 internal constant INSURE_FEES = 0x0b;
    uint8 internal constant OPTION_RULES = 0x0c;

    uint256 internal constant ASSET_ROW_BYTES = 22;

    /// @notice Whether a body has a known op and the length of its fields.
    function isSound(bytes calldata body) internal pure returns (bool) {
        uint256 length = body.length == 0 ? 0 : _length(uint8(body[0]));
        return length != 0 && body.length == 1 + length;
    }

    /// @notice The asset and how it counts as collateral.
    function decodeAsset(bytes calldata fields) internal pure returns (uint8 asset, AssetRow memory row) {
        asset = uint8(fields[0]);
        row.underlying = uint8(fields[1]);
        row.exponent = uint8(fields[2]);
        row.weightPpm = uint32(bytes4(fields[3:]));
        row.cap = uint128(bytes16(fields[7:]));
    }

    function decodePublishers(bytes calldata fields) internal pure returns (Publishers memory) {
        return MarketLeaves.decodePublishers(fields);
    }

    /// @notice The rules after the number of an underlying.
    function decodeRules(bytes calldata fields) internal pure returns (OptionRules memory) {
        return OptionLeaves.decodeRules(fields[1:]);
    }

    /// @notice The terms after the number of a series.
    function decodeTerms(bytes calldata fields) internal pure returns (SeriesTerms memory) {
        return MarketLeaves.decodeSeriesTerms(fields[2:]);
    }

    /// @dev Bytes of the fields of an op, 0 for an unknown one.
    function _length(uint8 op) private pure returns (uint256) {
        if (op == UNDERLYING || op == DELIST) return 2;
        if (op == LIST || op == TERMS) return 2 + MarketLeaves.SERIES_TERMS_BYTES;
        if (op == STATUS) return 3;
        if (op == ASSET) return 1 + ASSET_ROW_BYTES;
        if (op == PUBLISHERS) return MarketLeaves.PUBLISHERS_BYTES;
        if (op == BORROW_CAP) return 16;
        if (op == EXPIRY) return 10;
        if (op == PAY_FEES) return 20;
        if (op == OPTION_RULES) return 1 + OptionLeaves.RULES_BYTES;
        return op == INSURE_FEES ? 17 : 0;
    }
}
