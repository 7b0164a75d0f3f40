// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccountLeaves} from "../../../src/core/AccountLeaves.sol";
import {Lanes} from "../../../src/core/Lanes.sol";
import {AccountRisk} from "../../../src/types/Account.sol";
import {Test} from "../../Test.sol";

/// @notice Sums in words against sums in arrays.
contract LanesTest is Test {
    using Lanes for uint256;
    using Lanes for uint256[10];

    uint256 private constant ROUNDS = 5;
    int256 private constant MAX_LOTS = 2 ** 23 - 1;

    struct Plain {
        int256[32] gains;
        int256[8] deltas;
    }

    /// @dev Whatever lots of whatever series go in and out, the sums are those of arrays, and their bytes too.
    function testFuzz_sums_agree_with_arrays(uint256 seed) public pure {
        Plain memory plain;
        AccountRisk memory risk = AccountLeaves.decodeRisk("");
        for (uint256 round = 0; round < ROUNDS; ++round) {
            bytes memory series = _series(seed, round);
            int256 factor = _lots(seed, round, "factor");
            int256 addend = _lots(seed, round, "addend");
            uint256 bucket = _random(seed, round, "bucket") % 8;
            int256 delta = factor * int256(int32(uint32(_random(seed, round, "delta"))));
            risk.sums.addScaled(series, 8, factor, addend);
            risk.sums.add(bucket, delta);
            for (uint256 i = 0; i < 32; ++i) {
                plain.gains[i] += factor * _int(series, 8 + 4 * i) + addend;
            }
            plain.deltas[bucket] += delta;
            if (round == 2) risk = AccountLeaves.decodeRisk(AccountLeaves.encodeRisk(risk));
        }
        risk.charge = int64(_lots(seed, 0, "charge"));
        _assertSame(risk, plain);
    }

    function testFuzz_min_and_lowest_agree_with_arrays(uint256 seed) public pure {
        AccountRisk memory a = AccountLeaves.decodeRisk("");
        AccountRisk memory b = AccountLeaves.decodeRisk("");
        bool isAbove = _random(seed, 0, "above") % 4 == 0;
        int256 lift = isAbove ? int256(2) ** 60 : int256(0);
        a.sums.addScaled(_series(seed, 0), 8, MAX_LOTS, lift);
        b.sums.addScaled(_series(seed, 1), 8, MAX_LOTS, lift);
        int256 least = 0;
        for (uint256 i = 0; i < 32; ++i) {
            int256 gain = _gainAt(a.sums, i);
            if (gain < least) least = gain;
        }
        assertEq(a.sums.lowest(), least);
        for (uint256 word = 0; word < 8; ++word) {
            uint256 lesser = a.sums[word].min(b.sums[word]);
            for (uint256 place = 0; place < 4; ++place) {
                (int256 left, int256 right) = (a.sums[word].numberAt(place), b.sums[word].numberAt(place));
                assertEq(lesser.numberAt(place), left < right ? left : right);
            }
        }
    }

    function _assertSame(AccountRisk memory risk, Plain memory plain) private pure {
        bytes memory expected;
        for (uint256 i = 0; i < 32; ++i) {
            assertEq(_gainAt(risk.sums, i), plain.gains[i]);
            expected = bytes.concat(expected, abi.encodePacked(int64(plain.gains[i])));
        }
        for (uint256 i = 0; i < 8; ++i) {
            assertEq(risk.sums[8 + i / 4].numberAt(i % 4), plain.deltas[i]);
            expected = bytes.concat(expected, abi.encodePacked(int64(plain.deltas[i])));
        }
        assertEq(AccountLeaves.encodeRisk(risk), bytes.concat(expected, abi.encodePacked(risk.charge)));
    }

    /// @dev Of each eight numbers the first word has those with an even place, the second the others.
    function _gainAt(uint256[10] memory sums, uint256 slot) private pure returns (int256) {
        return sums[slot / 8 * 2 + slot % 2].numberAt(slot % 8 / 2);
    }

    /// @dev A risk leaf of a series, some of whose gains are as large as can be.
    function _series(uint256 seed, uint256 round) private pure returns (bytes memory series) {
        series = new bytes(8);
        for (uint256 i = 0; i < 32; ++i) {
            uint256 word = _random(seed, 32 * round + i, "gain");
            int32 gain = int32(uint32(word));
            if (word >> 32 & 7 == 0) gain = type(int32).min;
            if (word >> 32 & 7 == 1) gain = type(int32).max;
            series = bytes.concat(series, abi.encodePacked(gain));
        }
    }

    function _int(bytes memory value, uint256 offset) private pure returns (int256) {
        uint32 number = 0;
        for (uint256 i = 0; i < 4; ++i) {
            number = number << 8 | uint8(value[offset + i]);
        }
        return int32(number);
    }

    function _lots(uint256 seed, uint256 round, string memory use) private pure returns (int256) {
        uint256 word = _random(seed, round, use);
        if (word % 5 == 0) return word & 64 == 0 ? MAX_LOTS : -MAX_LOTS;
        return int256(word >> 8 & uint256(2 * MAX_LOTS)) - MAX_LOTS;
    }

    function _random(uint256 seed, uint256 i, string memory use) private pure returns (uint256) {
        return uint256(keccak256(abi.encode(seed, use, i)));
    }
}
