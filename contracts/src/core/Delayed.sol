// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice A deposit as the bridge wrote it (docs/spec.md I-6).
/// @param account Account that is credited.
/// @param owner Owner of the account, if this deposit opens it.
/// @param asset Asset id.
/// @param amount In the smallest unit of the asset.
/// @custom:twin rollup_node/core/inputs.py Deposit
struct Deposit {
    uint32 account;
    address owner;
    uint8 asset;
    uint96 amount;
}

/// @notice Bodies of deposits, and which records may be fast messages; forced transactions are in `Records`.
/// @custom:twin rollup_node/codec/delayed.py
library Delayed {
    uint256 internal constant DEPOSIT_BYTES = 37;

    /// @dev Kinds of records (R-4): reports of the oracle from the first to the last, then two that stand alone.
    uint8 internal constant FIRST_REPORT = 0x30;
    uint8 internal constant LAST_REPORT = 0x32;
    uint8 internal constant LIQUIDATE = 0x40;
    uint8 internal constant TRIGGER = 0x42;

    /// @notice Whether a body begins as one that may enter through the fast queue (I-11).
    function isFast(bytes memory body) internal pure returns (bool) {
        if (body.length == 0) return false;
        uint8 kind = uint8(body[0]);
        return isReport(body) || kind == LIQUIDATE || kind == TRIGGER;
    }

    /// @notice Whether a body begins as a report of the oracle, which no forced transaction is (R-4).
    function isReport(bytes memory body) internal pure returns (bool) {
        if (body.length == 0) return false;
        uint8 kind = uint8(body[0]);
        return kind >= FIRST_REPORT && kind <= LAST_REPORT;
    }

    function encodeDeposit(Deposit memory deposit) internal pure returns (bytes memory) {
        return abi.encodePacked(deposit.account, deposit.owner, deposit.asset, deposit.amount);
    }

    /// @notice Total: bytes of another length give `ok = false`.
    function decodeDeposit(bytes calldata body) internal pure returns (bool ok, Deposit memory deposit) {
        if (body.length != DEPOSIT_BYTES) return (false, deposit);
        deposit.account = uint32(bytes4(body));
        deposit.owner = address(bytes20(body[4:]));
        deposit.asset = uint8(body[24]);
        deposit.amount = uint96(bytes12(body[25:]));
        ok = true;
    }
}
