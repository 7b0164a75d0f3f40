// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Frame, Frames} from "../steps/Frames.sol";
import {Hot} from "../types/Account.sol";
import {Level, Order} from "../types/Book.sol";
import {LeafKey} from "../types/LeafKey.sol";
import {SeriesState, SeriesTerms} from "../types/Market.sol";
import {Allocators} from "../types/State.sol";
import {AccountLeaves} from "./AccountLeaves.sol";
import {BookLeaves} from "./BookLeaves.sol";
import {Flags} from "./Flags.sol";
import {Layout} from "./Layout.sol";
import {Leaves} from "./Leaves.sol";
import {MarketLeaves} from "./MarketLeaves.sol";
import {OptionTerms} from "./OptionTerms.sol";
import {Risk} from "./Risk.sol";
import {SlotTable} from "./SlotTable.sol";
import {TickMap} from "./TickMap.sol";

/// @notice The order book in state: levels, tick maps, order slots (docs/spec.md S-11, S-12, O-4, O-5). Links and
/// unlinks, never decides. Both sides of a book share levels and tick map, because a book is never crossed; trigger
/// orders have levels and a map of their own.
/// @dev The counts fit their fields: 2^24 slots of at most 2^32 lots, 1,024 orders an account.
/// @custom:twin rollup_node/core/book.py
library Book {
    using Frames for Frame;

    /// @notice Take an order slot from the free list, else the next one; 0 if there is none left.
    function allocateSlot(Frame memory frame) internal pure returns (uint256 slot) {
        Allocators memory allocators = Leaves.decodeAllocators(frame.get(Layout.ALLOCATORS));
        slot = allocators.orderFree;
        if (slot != 0) {
            allocators.orderFree = BookLeaves.decodeOrder(frame.get(Layout.orderKey(slot))).next;
        } else {
            slot = uint256(allocators.orderNext) + 1;
            if (slot >= Layout.ORDER_LIMIT) return 0;
            frame.get(Layout.orderKey(slot));
            allocators.orderNext = uint32(slot);
        }
        frame.put(Layout.ALLOCATORS, Leaves.encodeAllocators(allocators));
    }

    /// @notice Append an order to its level; its links and its sequence are set here. The slot was allocated and the
    /// client slot of the order is empty.
    function linkOrder(Frame memory frame, SeriesTerms memory terms, uint256 slot, Order memory order) internal pure {
        SeriesState memory state = MarketLeaves.decodeSeriesState(frame.get(Layout.seriesKey(order.series)));
        _count(frame, order, slot);
        state.sequence += 1;
        order.sequence = state.sequence;
        _enterLevel(frame, order, terms.book, slot);
        uint256 tick = tickOf(order);
        if (order.trigger != 0) {
            state.triggers += 1;
        } else {
            state.orders += 1;
            if (order.flags & Flags.SIDE != 0) {
                if (state.ask == 0 || tick < state.ask) state.ask = uint32(tick);
            } else if (tick > state.bid) {
                state.bid = uint32(tick);
            }
        }
        frame.put(Layout.seriesKey(order.series), MarketLeaves.encodeSeriesState(state));
    }

    /// @notice Take a linked order out of the book whole, free its slot, and return it as it was.
    function unlinkOrder(Frame memory frame, uint256 slot) internal pure returns (Order memory order) {
        order = BookLeaves.decodeOrder(frame.get(Layout.orderKey(slot)));
        uint256 book = MarketLeaves.decodeSeriesTerms(frame.get(Layout.termsKey(order.series))).book;
        SeriesState memory state = MarketLeaves.decodeSeriesState(frame.get(Layout.seriesKey(order.series)));
        uint256 tick = tickOf(order);
        _unlinkNeighbours(frame, order);
        bool isEmpty = _leaveLevel(frame, order, book, tick);
        if (order.trigger != 0) {
            state.triggers -= 1;
        } else {
            state.orders -= 1;
            if (isEmpty && (tick == state.bid || tick == state.ask)) _moveBest(frame, state, book, tick);
        }
        frame.put(Layout.seriesKey(order.series), MarketLeaves.encodeSeriesState(state));
        Order memory free;
        _count(frame, order, free.account);
        Allocators memory allocators = Leaves.decodeAllocators(frame.get(Layout.ALLOCATORS));
        free.next = allocators.orderFree;
        allocators.orderFree = uint32(slot);
        frame.put(Layout.orderKey(slot), BookLeaves.encodeOrder(free));
        frame.put(Layout.ALLOCATORS, Leaves.encodeAllocators(allocators));
    }

    /// @notice Take `lots`, fewer than it has, off a linked order in place; return it as it is now. Its reserve shrinks
    /// by the formula that made it.
    function shrinkOrder(Frame memory frame, uint256 slot, uint256 lots) internal pure returns (Order memory order) {
        LeafKey key = Layout.orderKey(slot);
        order = BookLeaves.decodeOrder(frame.get(key));
        SeriesTerms memory terms = MarketLeaves.decodeSeriesTerms(frame.get(Layout.termsKey(order.series)));
        uint64 reserved = order.reserve;
        order.remaining -= uint32(lots);
        order.reserve = OptionTerms.computeReserve(terms, order.flags, order.tick, order.remaining);
        frame.put(key, BookLeaves.encodeOrder(order));
        LeafKey place = Layout.levelKey(terms.book, tickOf(order), order.trigger != 0);
        Level memory level = BookLeaves.decodeLevel(frame.get(place));
        level.lots -= uint64(lots);
        frame.put(place, BookLeaves.encodeLevel(level));
        if (order.reserve == reserved) return order;
        Hot memory hot = Risk.readHot(frame, order.account);
        hot.reserve -= reserved - order.reserve;
        frame.put(Layout.hotKey(order.account), AccountLeaves.encodeHot(hot));
    }

    /// @notice The tick at which an order is linked.
    function tickOf(Order memory order) internal pure returns (uint256) {
        return order.trigger != 0 ? order.trigger : order.tick;
    }

    /// @dev A best tick became empty: the next one from the map takes its place.
    function _moveBest(Frame memory frame, SeriesState memory state, uint256 book, uint256 tick) private pure {
        bool isBid = tick == state.bid;
        uint32 next = uint32(TickMap.nextTick(frame, book, tick, !isBid, false));
        if (isBid) state.bid = next;
        else state.ask = next;
    }

    /// @dev Let the orders before and after meet.
    function _unlinkNeighbours(Frame memory frame, Order memory order) private pure {
        if (order.previous != 0) _putNext(frame, order.previous, order.next);
        if (order.next == 0) return;
        LeafKey key = Layout.orderKey(order.next);
        Order memory following = BookLeaves.decodeOrder(frame.get(key));
        following.previous = order.previous;
        frame.put(key, BookLeaves.encodeOrder(following));
    }

    function _putNext(Frame memory frame, uint256 slot, uint32 next) private pure {
        LeafKey key = Layout.orderKey(slot);
        Order memory order = BookLeaves.decodeOrder(frame.get(key));
        order.next = next;
        frame.put(key, BookLeaves.encodeOrder(order));
    }

    /// @dev Append an order, whose links are set here, to its level.
    function _enterLevel(Frame memory frame, Order memory order, uint256 book, uint256 slot) private pure {
        uint256 tick = tickOf(order);
        LeafKey key = Layout.levelKey(book, tick, order.trigger != 0);
        Level memory level = BookLeaves.decodeLevel(frame.get(key));
        if (level.orders != 0) _putNext(frame, level.tail, uint32(slot));
        else TickMap.setTick(frame, book, tick, order.trigger != 0);
        (order.previous, order.next) = (level.tail, 0);
        if (level.orders == 0) level.head = uint32(slot);
        level.tail = uint32(slot);
        level.lots += order.remaining;
        level.orders += 1;
        frame.put(key, BookLeaves.encodeLevel(level));
        frame.put(Layout.orderKey(slot), BookLeaves.encodeOrder(order));
    }

    /// @dev Take an order off its level, and say whether the level is empty now.
    function _leaveLevel(Frame memory frame, Order memory order, uint256 book, uint256 tick)
        private
        pure
        returns (bool isEmpty)
    {
        LeafKey key = Layout.levelKey(book, tick, order.trigger != 0);
        Level memory level = BookLeaves.decodeLevel(frame.get(key));
        if (order.previous == 0) level.head = order.next;
        if (order.next == 0) level.tail = order.previous;
        level.lots -= order.remaining;
        level.orders -= 1;
        frame.put(key, BookLeaves.encodeLevel(level));
        isEmpty = level.orders == 0;
        if (isEmpty) TickMap.clearTick(frame, book, tick, order.trigger != 0);
    }

    /// @dev Add an order to what its account has, at `slot`, or take it off, at 0. (Unlinking passes the zero of a free
    /// slot and no literal, of which the compiler would make a copy of all this.)
    function _count(Frame memory frame, Order memory order, uint256 slot) private pure {
        Hot memory hot = Risk.readHot(frame, order.account);
        SlotTable.putClientSlot(frame, order.account, hot, order.slot, slot);
        if (slot != 0) {
            hot.reserve += order.reserve;
            hot.openOrders += 1;
        } else {
            hot.reserve -= order.reserve;
            hot.openOrders -= 1;
        }
        frame.put(Layout.hotKey(order.account), AccountLeaves.encodeHot(hot));
    }
}
