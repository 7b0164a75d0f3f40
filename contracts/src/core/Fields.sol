// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {CompactSignature} from "../types/Records.sol";
import {Varint} from "./Varint.sol";

/// @notice Where the reader of a body stands.
/// @param offset Bytes read; never beyond the end.
/// @param bad Something was no field; sticks.
struct Scan {
    uint256 offset;
    bool bad;
}

/// @notice The fields of which records are made, read one after the other (docs/spec.md R-3, R-4). Total: bytes that say
/// nothing make the scan bad, and the fields meaningless.
/// @custom:twin rollup_node/codec/fields.py
library Fields {
    uint256 internal constant MAX_SIGNATURES = 8;

    /// @notice Stand after the first byte, which must be `kind`.
    function start(bytes calldata body, uint8 kind) internal pure returns (Scan memory scan) {
        if (body.length == 0) scan.bad = true;
        else (scan.offset, scan.bad) = (1, uint8(body[0]) != kind);
    }

    /// @notice A varint of a field of `bits`, at most 96.
    function varint(Scan memory scan, bytes calldata body, uint256 bits) internal pure returns (uint256 value) {
        uint256 size;
        (value, size) = Varint.decode(bytes32(body[scan.offset:]), body.length - scan.offset, bits);
        if (size == 0) scan.bad = true;
        scan.offset += size;
    }

    /// @notice The next `size` bytes, at most 32, aligned to the left.
    function take(Scan memory scan, bytes calldata body, uint256 size) internal pure returns (bytes32 word) {
        if (body.length - scan.offset < size) {
            scan.bad = true;
            return 0;
        }
        word = bytes32(body[scan.offset:]);
        scan.offset += size;
    }

    /// @notice A big-endian number of `size` bytes, at most 32.
    function number(Scan memory scan, bytes calldata body, uint256 size) internal pure returns (uint256) {
        return uint256(take(scan, body, size)) >> (256 - 8 * size);
    }

    /// @notice A number of one byte.
    function byteField(Scan memory scan, bytes calldata body) internal pure returns (uint8) {
        return uint8(number(scan, body, 1));
    }

    /// @notice A byte that is 0 or 1.
    function boolean(Scan memory scan, bytes calldata body) internal pure returns (bool) {
        uint8 value = byteField(scan, body);
        if (value > 1) scan.bad = true;
        return value == 1;
    }

    /// @notice An address.
    function addressField(Scan memory scan, bytes calldata body) internal pure returns (address) {
        return address(bytes20(take(scan, body, 20)));
    }

    /// @notice What ends a signed record: nonce and signature; both zero if it is forced.
    function authorization(Scan memory scan, bytes calldata body, bool signed)
        internal
        pure
        returns (uint64 nonce, CompactSignature memory signature)
    {
        if (!signed) return (nonce, signature);
        nonce = uint64(varint(scan, body, 64));
        signature.r = take(scan, body, 32);
        signature.vs = take(scan, body, 32);
    }

    /// @notice What ends a report: 1 to 8 signatures with their number before them.
    function signatures(Scan memory scan, bytes calldata body) internal pure returns (CompactSignature[] memory found) {
        uint256 count = byteField(scan, body);
        if (count == 0 || count > MAX_SIGNATURES) {
            scan.bad = true;
            return found;
        }
        found = new CompactSignature[](count);
        for (uint256 i = 0; i < count; ++i) {
            found[i].r = take(scan, body, 32);
            found[i].vs = take(scan, body, 32);
        }
    }

    /// @notice Whether every field was good and the body ends here.
    function isWhole(Scan memory scan, bytes calldata body) internal pure returns (bool) {
        return !scan.bad && scan.offset == body.length;
    }
}
