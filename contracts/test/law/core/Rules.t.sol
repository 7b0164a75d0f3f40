// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {CursorRules} from "../../../src/core/CursorRules.sol";
import {Nonces} from "../../../src/core/Nonces.sol";
import {Signature} from "../../../src/core/Signature.sol";
import {ItemHeader} from "../../../src/types/Inputs.sol";
import {Reason} from "../../../src/types/Reason.sol";
import {Cursor, Owner} from "../../../src/types/State.sol";
import {Test} from "../../Test.sol";

/// @notice Nonce window, clock and signatures at their limits.
contract RulesTest is Test {
    uint256 private constant ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;

    function test_spend_moves_the_window() public pure {
        Owner memory owner = Owner(address(1), 0, 0);
        _spend(owner, 0, Reason.OK, 0, 1);
        _spend(owner, 0, Reason.NONCE_USED, 0, 1);
        _spend(owner, 3, Reason.OK, 3, 9);
        _spend(owner, 1, Reason.OK, 3, 13);
        _spend(owner, 194, Reason.OK, 194, (uint256(4) << 189) | 1 | (uint256(1) << 191));
        _spend(owner, 3, Reason.NONCE_USED, 194, (uint256(1) << 191) | 1);
        _spend(owner, 2, Reason.NONCE_TOO_OLD, 194, (uint256(1) << 191) | 1);
        _spend(owner, 386, Reason.OK, 386, 1);
    }

    function test_spend_at_the_lead_and_past_it() public pure {
        Owner memory owner = Owner(address(1), 5, 1);
        assertEq(uint256(Nonces.spend(owner, 86_401_001, 1000)), uint256(Reason.NONCE_TOO_NEW));
        assertEq(uint256(Nonces.spend(owner, type(uint64).max, 1000)), uint256(Reason.NONCE_TOO_NEW));
        assertEq(uint256(Nonces.spend(owner, 86_401_000, 1000)), uint256(Reason.OK));
        assertEq(owner.nonceHigh, 86_401_000);
        assertEq(owner.nonceMap, 1);
    }

    /// @dev Total for every window and nonce; a nonce that was spent cannot be spent again.
    function testFuzz_spend_never_reverts_and_never_repeats(
        uint64 high,
        uint192 map,
        uint64 nonce,
        uint64 next,
        uint48 timeMs
    ) public pure {
        Owner memory owner = Owner(address(1), high, map);
        if (Nonces.spend(owner, nonce, timeMs) != Reason.OK) {
            assertEq(owner.nonceHigh, high);
            assertEq(owner.nonceMap, map);
            return;
        }
        Nonces.spend(owner, next, timeMs);
        assertTrue(Nonces.spend(owner, nonce, timeMs) != Reason.OK);
    }

    function testFuzz_clamp_keeps_time_in_bounds_and_never_goes_back(
        uint48 previousMs,
        uint40 minTime,
        uint40 maxTime,
        uint256 timeMs
    ) public pure {
        ItemHeader memory header;
        (header.minTime, header.maxTime) = (minTime, maxTime);
        Cursor memory cursor;
        cursor.timeMs = previousMs;
        uint256 clamped = CursorRules.clamp(timeMs, cursor, header);
        assertGe(clamped, previousMs);
        assertGe(clamped, uint256(minTime) * 1000);
        bool above = clamped > uint256(maxTime) * 1000;
        assertFalse(above && clamped > previousMs && clamped > uint256(minTime) * 1000);
        assertEq(CursorRules.clamp(clamped, cursor, header), clamped);
    }

    function test_seal_at_the_end_of_time_stays_there() public pure {
        ItemHeader memory header;
        header.maxTime = type(uint40).max / 4;
        Cursor memory cursor;
        cursor.timeMs = type(uint48).max;
        CursorRules.seal(cursor, header, type(uint48).max);
        assertEq(cursor.timeMs, type(uint48).max);
        assertEq(cursor.blockNumber, 1);
    }

    function testFuzz_recover_returns_the_signer(uint256 key, bytes32 digest) public view {
        key = bound(key, 1, ORDER - 1);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        bytes32 vs = bytes32(uint256(v - 27) << 255 | uint256(s));
        assertEq(Signature.recover(digest, r, vs), vm.addr(key));
        assertNotEq(Signature.recover(digest, r, vs ^ bytes32(uint256(1) << 255)), vm.addr(key));
    }

    /// @dev The other half of the group signs the same digest; only the lower one counts.
    function testFuzz_recover_of_a_high_s_is_zero(uint256 key, bytes32 digest) public view {
        key = bound(key, 1, ORDER - 1);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        uint256 high = ORDER - uint256(s);
        if (high >> 255 == 1) return;
        assertEq(Signature.recover(digest, r, bytes32((1 - uint256(v - 27)) << 255 | high)), address(0));
    }

    function test_recover_at_the_limits_of_r_and_s() public view {
        bytes32 digest = keccak256("digest");
        assertEq(Signature.recover(digest, 0, bytes32(uint256(1))), address(0));
        assertEq(Signature.recover(digest, bytes32(ORDER), bytes32(uint256(1))), address(0));
        assertEq(Signature.recover(digest, bytes32(type(uint256).max), bytes32(uint256(1))), address(0));
        assertEq(Signature.recover(digest, bytes32(uint256(1)), 0), address(0));
        assertEq(Signature.recover(digest, bytes32(uint256(1)), bytes32(uint256(1) << 255)), address(0));
        assertEq(Signature.recover(digest, bytes32(uint256(1)), bytes32(ORDER / 2 + 1)), address(0));
        assertNotEq(Signature.recover(digest, bytes32(uint256(1)), bytes32(ORDER / 2)), address(0));
        // No point of the curve has this r.
        assertEq(Signature.recover(digest, bytes32(uint256(5)), bytes32(uint256(1))), address(0));
    }

    function _spend(Owner memory owner, uint256 nonce, Reason expected, uint256 high, uint256 map) private pure {
        assertEq(uint256(Nonces.spend(owner, nonce, 1000)), uint256(expected));
        assertEq(owner.nonceHigh, high);
        assertEq(owner.nonceMap, map);
    }
}
