// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice First bytes of the bodies of records (docs/spec.md R-4).
/// @custom:twin rollup_node/core/kinds.py RecordKind
library RecordKind {
    uint8 internal constant ORDER = 0x20;
    uint8 internal constant CANCEL = 0x21;
    uint8 internal constant CANCEL_ALL = 0x22;
    uint8 internal constant REPLACE = 0x23;
    uint8 internal constant QUOTE = 0x24;
    uint8 internal constant PRUNE = 0x25;
    uint8 internal constant EXECUTE_RFQ = 0x26;
    uint8 internal constant SALE = 0x27;
    uint8 internal constant PRICE_REPORT = 0x30;
    uint8 internal constant FORWARD_REPORT = 0x31;
    uint8 internal constant SETTLEMENT_PRICE = 0x32;
    uint8 internal constant SETTLE = 0x33;
    uint8 internal constant SURFACE_REPORT = 0x34;
    uint8 internal constant LIST_EXPIRY = 0x35;
    uint8 internal constant LIST_STRIKE = 0x36;
    uint8 internal constant DELIST_STRIKE = 0x37;
    uint8 internal constant LIQUIDATE = 0x40;
    uint8 internal constant BID = 0x41;
    uint8 internal constant TRIGGER = 0x42;
    uint8 internal constant TAKEOVER = 0x43;
    uint8 internal constant OPEN_ACCOUNT = 0x50;
    uint8 internal constant SET_KEY = 0x51;
    uint8 internal constant FREEZE = 0x52;
    uint8 internal constant SET_GUARDIAN = 0x53;
    uint8 internal constant SET_PROTECTION = 0x54;
    uint8 internal constant SET_DEAD_MAN = 0x55;
    uint8 internal constant MOVE_POSITION = 0x56;
    uint8 internal constant SET_MODE = 0x57;
}
