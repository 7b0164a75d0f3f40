// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Fields, Scan} from "./Fields.sol";
import {Varint} from "./Varint.sol";

/// @notice A transfer, a withdrawal or a key rotation; fields that a kind does not have are zero.
/// @param kind First byte of the body.
/// @param account Account that acts.
/// @param to Receiving account of a transfer.
/// @param asset Asset id.
/// @param amount In the smallest unit of the asset.
/// @param party Recipient of a withdrawal, or the new owner.
/// @param nonce Signed transactions only.
/// @param r First half of the signature.
/// @param vs Second half, EIP-2098.
struct Transaction {
    uint8 kind;
    uint32 account;
    uint32 to;
    uint8 asset;
    uint96 amount;
    address party;
    uint64 nonce;
    bytes32 r;
    bytes32 vs;
}

/// @notice Bodies of records (docs/spec.md R-1, R-4). Total: undecodable bytes give `ok = false`, never a revert.
/// @custom:twin rollup_node/codec/records.py
library Records {
    using Fields for Scan;

    uint8 internal constant SEAL = 0x00;
    uint8 internal constant PULL = 0x01;
    uint8 internal constant PULL_FAST = 0x02;
    uint8 internal constant TRANSFER = 0x10;
    uint8 internal constant WITHDRAW = 0x11;
    uint8 internal constant ROTATE_KEY = 0x12;

    uint256 internal constant PREFIX_BYTES = 7;
    uint256 internal constant LENGTH_BYTES = 2;
    uint256 internal constant MAX_BODY_BYTES = 1024;
    uint256 internal constant VERSION = 1;

    /// @notice Time in the prefix of a batch, in milliseconds; not ok when the batch is void.
    /// @param head The first seven bytes of the data, or all of them.
    function decodePrefix(bytes memory head) internal pure returns (bool ok, uint256 timeMs) {
        if (head.length != PREFIX_BYTES || uint8(head[0]) != VERSION) return (false, 0);
        return (true, uint48(bytes6(bytes32(head) << 8)));
    }

    /// @notice Body of a seal.
    function decodeSeal(bytes memory body) internal pure returns (bool ok, uint256 deltaMs) {
        if (body.length == 0 || uint8(body[0]) != SEAL) return (false, 0);
        uint256 size;
        (deltaMs, size) = Varint.decode(bytes32(body) << 8, body.length - 1, 48);
        ok = size != 0 && size + 1 == body.length;
    }

    /// @notice Whether a body pulls a delayed message.
    function isPull(bytes memory body) internal pure returns (bool) {
        return body.length == 1 && uint8(body[0]) == PULL;
    }

    /// @notice Whether a body pulls a fast message.
    function isPullFast(bytes memory body) internal pure returns (bool) {
        return body.length == 1 && uint8(body[0]) == PULL_FAST;
    }

    /// @notice A signed transaction, or a forced one, which has neither nonce nor signature.
    function decodeTransaction(bytes calldata body, bool signed)
        internal
        pure
        returns (bool ok, Transaction memory transaction)
    {
        if (body.length == 0) return (false, transaction);
        transaction.kind = uint8(body[0]);
        Scan memory scan = Fields.start(body, transaction.kind);
        transaction.account = uint32(scan.varint(body, 32));
        if (transaction.kind == TRANSFER) transaction.to = uint32(scan.varint(body, 32));
        if (transaction.kind == TRANSFER || transaction.kind == WITHDRAW) {
            transaction.asset = scan.byteField(body);
            transaction.amount = uint96(scan.varint(body, 96));
        }
        if (transaction.kind != TRANSFER) transaction.party = scan.addressField(body);
        if (signed) {
            transaction.nonce = uint64(scan.varint(body, 64));
            transaction.r = scan.take(body, 32);
            transaction.vs = scan.take(body, 32);
        }
        bool known = transaction.kind >= TRANSFER && transaction.kind <= ROTATE_KEY;
        ok = known && scan.isWhole(body);
    }
}
