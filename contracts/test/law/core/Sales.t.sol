// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FixedPoint} from "../../../src/core/FixedPoint.sol";
import {OptionLeaves} from "../../../src/core/OptionLeaves.sol";
import {SalePrices} from "../../../src/core/SalePrices.sol";
import {SaleRecords} from "../../../src/core/SaleRecords.sol";
import {SeriesState, SeriesTerms} from "../../../src/types/Market.sol";
import {SalePlace, Sales} from "../../../src/types/Option.sol";
import {RecordKind} from "../../../src/types/RecordKind.sol";
import {StartSale} from "../../../src/types/Records.sol";
import {Test} from "../../Test.sol";

/// @notice Covered sales by themselves: what they ask over time, when they are live, and the bytes of both (docs/spec.md
/// P-4, P-5).
contract SalesTest is Test {
    uint256 private constant PPM = 1_000_000;
    uint256 private constant START_PPM = 1_500_000;
    uint256 private constant RESERVE_PPM = 700_000;
    uint64 private constant STARTED_MS = 1_763_798_400_000;
    uint64 private constant LASTS_MS = 3_600_000;

    function testFuzz_priceSale_is_the_part_of_the_mark_up_to_a_whole_tick(
        uint256 mark,
        uint256 unit,
        uint256 start,
        uint256 reserve,
        uint256 elapsed
    ) public pure {
        mark = bound(mark, 1, 2 ** 31 - 1);
        SeriesTerms memory terms;
        terms.unit = uint32(bound(unit, 1, 2 ** 17 - 1));
        start = bound(start, 1, 10 * PPM);
        SalePlace memory sale = _sale(start, bound(reserve, 1, start));
        elapsed = bound(elapsed, 0, LASTS_MS - 1);
        uint256 tick = SalePrices.priceSale(sale, terms, mark, STARTED_MS + elapsed);
        uint256 exact = start * LASTS_MS - (start - sale.reservePpm) * elapsed;
        assertGe(tick * terms.unit * PPM * LASTS_MS, mark * exact);
        assertGe(tick, 1);
        // One tick less were too little, or were none.
        uint256 rounded = start - FixedPoint.divDown((start - sale.reservePpm) * elapsed, uint256(LASTS_MS));
        assertTrue(tick == 1 || (tick - 1) * terms.unit * PPM < mark * rounded);
    }

    function testFuzz_priceSale_never_rises_and_stays_above_the_reserve(uint256 mark, uint256 first, uint256 second)
        public
        pure
    {
        mark = bound(mark, 1, 2 ** 31 - 1);
        first = bound(first, 0, LASTS_MS - 1);
        second = bound(second, first, LASTS_MS - 1);
        SeriesTerms memory terms;
        terms.unit = 100;
        SalePlace memory sale = _sale(START_PPM, RESERVE_PPM);
        uint256 earlier = SalePrices.priceSale(sale, terms, mark, STARTED_MS + first);
        uint256 later = SalePrices.priceSale(sale, terms, mark, STARTED_MS + second);
        assertGe(earlier, later);
        assertGe(later * terms.unit * PPM, mark * RESERVE_PPM);
    }

    function test_isLive_from_its_start_to_its_end_after_the_listing() public pure {
        SeriesState memory state;
        state.fundedMs = STARTED_MS - 1;
        SalePlace memory sale = _sale(START_PPM, RESERVE_PPM);
        assertTrue(SalePrices.isLive(sale, state, STARTED_MS));
        assertTrue(SalePrices.isLive(sale, state, STARTED_MS + LASTS_MS - 1));
        assertTrue(!SalePrices.isLive(sale, state, STARTED_MS - 1));
        assertTrue(!SalePrices.isLive(sale, state, STARTED_MS + LASTS_MS));
        sale.lots = 0;
        assertTrue(!SalePrices.isLive(sale, state, STARTED_MS));
        sale.lots = 1;
        // The number was listed anew since.
        state.fundedMs = STARTED_MS;
        assertTrue(!SalePrices.isLive(sale, state, STARTED_MS));
    }

    function testFuzz_decodeSales_gives_back_what_was_encoded(bytes32 seed) public pure {
        bytes memory value = new bytes(OptionLeaves.SALES_BYTES);
        for (uint256 i = 0; i < value.length; ++i) {
            value[i] = keccak256(abi.encode(seed, i))[0];
        }
        Sales memory sales = OptionLeaves.decodeSales(value);
        assertEq(OptionLeaves.encodeSales(sales), value);
        assertEq(sales.places[1].account, uint32(_number(value, 38, 4)));
        assertEq(sales.places[3].feeCapPpm, uint16(_number(value, 150, 2)));
    }

    function testFuzz_decodeStartSale_never_reverts(bytes calldata fields) public view {
        bytes memory body = bytes.concat(bytes1(RecordKind.SALE), fields);
        (bool ok, StartSale memory record) = this.decode(body);
        if (ok) assertLe(record.maxFee, type(uint16).max);
        (ok,) = this.decode(fields);
        assertTrue(!ok || uint8(fields[0]) == RecordKind.SALE);
    }

    function test_decodeStartSale_reads_all_fields_and_no_more() public view {
        bytes memory body = hex"2707000180db85c90690a10f0a80ade20480897a903c64";
        (bool ok, StartSale memory record) = this.decode(body);
        assertTrue(ok);
        assertEq(record.account, 7);
        assertEq(record.underlying, 0);
        assertEq(record.call, 1);
        assertEq(record.expiryAt, 1_763_798_400);
        assertEq(record.deltaPpm, 250_000);
        assertEq(record.lots, 10);
        assertEq(record.startPpm, 10_000_000);
        assertEq(record.reservePpm, 2_000_000);
        assertEq(record.durationSeconds, 7696);
        assertEq(record.maxFee, 100);
        (ok,) = this.decode(bytes.concat(body, hex"00"));
        assertTrue(!ok);
    }

    function decode(bytes calldata body) external pure returns (bool ok, StartSale memory record) {
        return SaleRecords.decodeStartSale(body);
    }

    function _sale(uint256 start, uint256 reserve) private pure returns (SalePlace memory sale) {
        (sale.account, sale.version, sale.lots) = (7, 3, 1);
        (sale.startedMs, sale.endsMs) = (STARTED_MS, STARTED_MS + LASTS_MS);
        (sale.startPpm, sale.reservePpm) = (uint32(start), uint32(reserve));
    }

    function _number(bytes memory value, uint256 start, uint256 size) private pure returns (uint256 number) {
        for (uint256 i = 0; i < size; ++i) {
            number = number << 8 | uint8(value[start + i]);
        }
    }
}
