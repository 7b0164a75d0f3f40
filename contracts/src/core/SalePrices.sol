// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Frame, Frames} from "../steps/Frames.sol";
import {Hot} from "../types/Account.sol";
import {Order} from "../types/Book.sol";
import {Prices, SeriesState, SeriesTerms} from "../types/Market.sol";
import {SalePlace, Sales as Places} from "../types/Option.sol";
import {Taker} from "../types/Task.sol";
import {FixedPoint} from "./FixedPoint.sol";
import {Flags} from "./Flags.sol";
import {Layout} from "./Layout.sol";
import {OptionLeaves} from "./OptionLeaves.sol";
import {Risk} from "./Risk.sol";
import {Void} from "./Void.sol";

/// @notice What a covered sale asks now, and which one a taker meets (docs/spec.md P-5, P-6).
/// @custom:twin rollup_node/core/sale_prices.py
library SalePrices {
    using Frames for Frame;

    int256 private constant PPM = 1_000_000;

    /// @notice Whether an order may meet sales: who buys an option and takes.
    function mayMeet(Taker memory taker) internal pure returns (bool) {
        return taker.series >= Layout.FIRST_OPTION && taker.flags & (Flags.SIDE | Flags.POST_ONLY) == 0;
    }

    /// @notice The sale that an order which may meet sales meets before the book, and its tick; 0 if there is none. At the
    /// same tick the book comes first.
    function findSale(
        Frame memory frame,
        Taker memory taker,
        SeriesTerms memory terms,
        SeriesState memory state,
        Prices memory prices
    ) internal pure returns (uint256 place, uint256 tick) {
        bytes memory leaf = frame.get(Layout.salesKey(taker.series));
        if (leaf.length == 0 || state.status != Void.TRADING || state.mark == 0) return (0, 0);
        if (Risk.isRestricted(prices.rows[terms.underlying], frame.timeMs)) return (0, 0);
        Places memory sales = OptionLeaves.decodeSales(leaf);
        uint256 limit = state.ask == 0 || taker.tick < state.ask ? taker.tick : state.ask - 1;
        for (uint256 i = 0; i < OptionLeaves.SALE_PLACES; ++i) {
            if (!isLive(sales.places[i], state, frame.timeMs)) continue;
            uint256 asked = priceSale(sales.places[i], terms, state.mark, frame.timeMs);
            if (asked >= Layout.OPTION_TICK_LIMIT || asked > limit || (tick != 0 && asked >= tick)) continue;
            (place, tick) = (i, asked);
        }
    }

    function readSales(Frame memory frame, uint256 series) internal pure returns (Places memory) {
        return OptionLeaves.decodeSales(frame.get(Layout.salesKey(series)));
    }

    /// @notice Whether a sale goes on; not one of before the listing of the strike.
    function isLive(SalePlace memory sale, SeriesState memory state, uint256 timeMs) internal pure returns (bool) {
        bool isOpen = sale.startedMs <= timeMs && timeMs < sale.endsMs;
        return isOpen && sale.lots != 0 && sale.startedMs > state.fundedMs;
    }

    /// @notice What a live sale asks at a time: a part of the mark of now, up to a whole tick.
    function priceSale(SalePlace memory sale, SeriesTerms memory terms, uint256 mark, uint256 timeMs)
        internal
        pure
        returns (uint256)
    {
        int256 fall = int256(uint256(sale.startPpm)) - int256(uint256(sale.reservePpm));
        int256 elapsed = int256(timeMs) - int256(uint256(sale.startedMs));
        int256 whole = int256(uint256(sale.endsMs)) - int256(uint256(sale.startedMs));
        int256 ppm = int256(uint256(sale.startPpm)) - FixedPoint.divDown(fall * elapsed, whole);
        int256 tick = FixedPoint.divUp(int256(mark) * ppm, PPM * int256(uint256(terms.unit)));
        return tick > 1 ? uint256(tick) : 1;
    }

    /// @notice Whether a live sale of the account behind `hot` never trades again.
    function isOver(SalePlace memory sale, Hot memory hot, uint256 timeMs) internal pure returns (bool) {
        return
            hot.version != sale.version || hot.flags & (Flags.FROZEN | Flags.LIQUIDATING) != 0
                || Void.isDead(hot, timeMs);
    }

    /// @notice A sale as the order that a fill knows: it sells at its tick and reserves nothing.
    function asOrder(SalePlace memory sale, uint16 series, uint256 tick) internal pure returns (Order memory order) {
        (order.account, order.series, order.flags) = (sale.account, series, uint16(Flags.SIDE));
        (order.tick, order.remaining, order.feeCapPpm) = (uint32(tick), sale.lots, sale.feeCapPpm);
    }
}
