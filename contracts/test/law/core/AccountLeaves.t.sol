// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccountLeaves} from "../../../src/core/AccountLeaves.sol";
import {MarketLeaves} from "../../../src/core/MarketLeaves.sol";
import {Directory, Position, Positions} from "../../../src/types/Account.sol";
import {SeriesState, SeriesTerms} from "../../../src/types/Market.sol";
import {Test} from "../../Test.sol";

/// @notice What is read of a directory or a page without taking it apart, against looking at each place.
contract AccountLeavesTest is Test {
    using AccountLeaves for Directory;

    uint256 private constant PLACES = 128;
    uint256 private constant PAGE_BYTES = 192;

    function testFuzz_placeOf_is_the_first_place_of_a_series(uint256[8] memory words, uint256 seed) public pure {
        Directory memory directory = _sparse(words, seed);
        uint256 place = seed % (PLACES + 1);
        uint256 series = place == PLACES ? seed >> 16 & 0xffff : directory.seriesAt(place);
        assertEq(directory.placeOf(series, PLACES), _firstOf(directory, series));
        assertEq(directory.placeOf(0, PLACES), _firstOf(directory, 0));
    }

    function testFuzz_countFrom_counts_each_place(uint256[8] memory words, uint256 seed) public pure {
        Directory memory directory = _sparse(words, seed);
        uint256 start = seed % (PLACES + 1);
        uint256 count = 0;
        for (uint256 i = start; i < PLACES; ++i) {
            if (directory.seriesAt(i) != 0) ++count;
        }
        assertEq(directory.countFrom(start), count);
    }

    function testFuzz_setFundingIndex_changes_one_number(uint256[6] memory words, uint256 place, int64 index)
        public
        pure
    {
        place = bound(place, 0, 7);
        bytes memory page = abi.encodePacked(words);
        Positions memory expected = AccountLeaves.decodePositions(page);
        expected.rows[place].fundingIndex = index;
        AccountLeaves.setFundingIndex(page, place, index);
        assertEq(page, AccountLeaves.encodePositions(expected));
    }

    /// @dev A struct that held something else before.
    function testFuzz_readPosition_reads_what_decodePositions_does(
        uint256[6] memory words,
        uint256 place,
        Position memory position
    ) public pure {
        bytes memory page = place % 5 == 0 ? bytes("") : abi.encodePacked(words);
        place = bound(place, 0, 7);
        AccountLeaves.readPosition(page, place, position);
        assertEq(abi.encode(position), abi.encode(AccountLeaves.decodePositions(page).rows[place]));
        assertEq(abi.encode(AccountLeaves.positionAt(page, place)), abi.encode(position));
    }

    /// @dev As much of a series as a revaluation needs, over what a struct held before.
    function testFuzz_readValuation_reads_what_the_decoders_do(
        bytes32[3] memory first,
        bytes32[3] memory second,
        SeriesTerms memory known,
        SeriesState memory now_
    ) public pure {
        bytes memory terms = _cut(first, 70);
        bytes memory state = _cut(second, 89);
        SeriesTerms memory allTerms = MarketLeaves.decodeSeriesTerms(terms);
        SeriesState memory all = MarketLeaves.decodeSeriesState(state);
        MarketLeaves.readValuation(terms, state, known, now_);
        assertEq(
            abi.encode(known.kind, known.underlying, known.expirySlot, known.lotsPerUnit),
            abi.encode(allTerms.kind, allTerms.underlying, allTerms.expirySlot, allTerms.lotsPerUnit)
        );
        assertEq(
            abi.encode(now_.status, now_.mark, now_.initial, now_.maintenance, now_.fundingIndex),
            abi.encode(all.status, all.mark, all.initial, all.maintenance, all.fundingIndex)
        );
    }

    /// @dev So many bytes, or none.
    function _cut(bytes32[3] memory words, uint256 size) private pure returns (bytes memory value) {
        value = abi.encodePacked(words);
        if (uint256(words[0]) % 7 == 0) size = 0;
        assembly ("memory-safe") {
            mstore(value, size)
        }
    }

    function testFuzz_withPosition_changes_one_place(uint256[6] memory words, uint256 place, Position memory position)
        public
        pure
    {
        place = bound(place, 0, 7);
        bytes memory page = place % 3 == 0 ? bytes("") : abi.encodePacked(words);
        bytes memory before = bytes.concat(page);
        Positions memory expected = AccountLeaves.decodePositions(page);
        assertEq(abi.encode(AccountLeaves.positionAt(page, place)), abi.encode(expected.rows[place]));
        bytes memory changed = AccountLeaves.withPosition(page, place, position);
        assertEq(page, before);
        assertEq(changed.length, PAGE_BYTES);
        expected.rows[place] = position;
        assertEq(changed, AccountLeaves.encodePositions(expected));
    }

    /// @dev Words of which some places are free, and some whole words.
    function _sparse(uint256[8] memory words, uint256 seed) private pure returns (Directory memory directory) {
        for (uint256 i = 0; i < PLACES; ++i) {
            uint256 choice = uint256(keccak256(abi.encode(seed, i / 16))) % 4;
            if (choice == 0) words[i / 16] = 0;
            bool isFree = uint256(keccak256(abi.encode(seed, i))) % 4 < choice;
            if (isFree) words[i / 16] &= ~(uint256(0xffff) << 240 - 16 * (i % 16));
        }
        directory.words = words;
    }

    function _firstOf(Directory memory directory, uint256 series) private pure returns (uint256 place) {
        while (place < PLACES && directory.seriesAt(place) != series) ++place;
    }
}
