// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Frame, Frames} from "../steps/Frames.sol";
import {Hot, SessionKey} from "../types/Account.sol";
import {Order} from "../types/Book.sol";
import {OrderClass, Phase} from "../types/Family.sol";
import {LeafKey} from "../types/LeafKey.sol";
import {SeriesState, SeriesTerms} from "../types/Market.sol";
import {Reason} from "../types/Reason.sol";
import {CancelOrder, PlaceOrder, ReplaceOrder} from "../types/Records.sol";
import {Taker} from "../types/Task.sol";
import {AccountLeaves} from "./AccountLeaves.sol";
import {Authorities, Authority} from "./Authority.sol";
import {Book} from "./Book.sol";
import {BookLeaves} from "./BookLeaves.sol";
import {BookPointers} from "./BookPointers.sol";
import {Flags} from "./Flags.sol";
import {Layout} from "./Layout.sol";
import {MarketLeaves} from "./MarketLeaves.sol";
import {OptionTerms} from "./OptionTerms.sol";
import {OrderChecks} from "./OrderChecks.sol";
import {OrderRecords} from "./OrderRecords.sol";
import {Refresh} from "./Refresh.sol";
import {Risk} from "./Risk.sol";
import {SalePrices} from "./SalePrices.sol";
import {SlotTable} from "./SlotTable.sol";
import {Structs} from "./Structs.sol";
import {TaskLeaves} from "./TaskLeaves.sol";
import {TaskPointers} from "./TaskPointers.sol";
import {Void} from "./Void.sol";

/// @notice Orders from their record to the book: place, cancel, replace; what rests and what takes (docs/spec.md O-2 to
/// O-4, O-8, O-10).
/// @custom:twin rollup_node/core/orders.py
library Orders {
    using Frames for Frame;

    /// @dev What `Order` and `Taker` have in common: six members from `account`, and six from `expiryAt` (in bytes).
    uint256 private constant SAME_HEAD = 6;
    uint256 private constant SAME_TAIL = 6;
    uint256 private constant ORDER_TAIL = 320;
    uint256 private constant TAKER_TAIL = 192;

    /// @notice The tag that a record gives to its orders (O-12).
    function tagOf(uint256 nonce, Authority memory authority) internal pure returns (uint32) {
        return uint32(authority.forced ? authority.tag : nonce);
    }

    /// @notice Place an order: it rests, waits for its trigger, begins to take, or is refused.
    function applyPlace(Frame memory frame, PlaceOrder memory order, Authority memory authority)
        internal
        pure
        returns (Reason)
    {
        uint256 scope = order.postOnly ? Flags.SCOPE_TRADE | Flags.SCOPE_QUOTE : Flags.SCOPE_TRADE;
        uint8 wanted = order.postOnly ? OrderClass.MAKER : OrderClass.TAKER;
        Reason reason = Authorities.admit(frame, order.account, order.key, order.nonce, authority, scope, wanted);
        if (reason != Reason.OK) return reason;
        Taker memory taker;
        (taker.account, taker.series, taker.key, taker.slot) = (order.account, order.series, order.key, order.slot);
        taker.flags = OrderRecords.packFlags(order);
        (taker.tick, taker.trigger, taker.remaining) = (order.price, order.trigger, order.quantity);
        (taker.expiryAt, taker.feeCapPpm) = (order.expiry, order.maxFee);
        taker.tag = tagOf(order.nonce, authority);
        (taker.origin, taker.resume) = (Flags.FROM_ORDER, Phase.IDLE);
        taker.forced = authority.forced ? 1 : 0;
        return beginOrder(frame, taker);
    }

    /// @notice Check an order that somebody wants to place, then let it go on.
    function beginOrder(Frame memory frame, Taker memory taker) internal pure returns (Reason reason) {
        reason = OrderChecks.checkShape(taker, frame.timeMs);
        if (reason == Reason.OK) reason = OrderChecks.checkMarket(frame, taker);
        if (reason == Reason.OK) reason = OrderChecks.checkAccount(frame, taker);
        return reason == Reason.OK ? advance(frame, taker) : reason;
    }

    /// @notice Let an order that was checked refresh its account, wait, take, rest, or be cancelled.
    /// @dev Also called by the TAKE step for what it does not handle itself: orders with a trigger, and replacements,
    /// whose account was stale.
    function advance(Frame memory frame, Taker memory taker) internal pure returns (Reason) {
        Hot memory hot = Risk.readHot(frame, taker.account);
        if (!Risk.isCurrent(hot, Risk.readPrices(frame))) {
            _fly(frame, taker);
            Refresh.beginRefresh(frame, taker.account, Phase.TAKE);
            return Reason.OK;
        }
        frame.phase = taker.resume;
        if (taker.origin == Flags.FROM_REPLACE) return _move(frame, taker, hot);
        if (taker.trigger != 0) return rest(frame, taker);
        if (_crosses(frame, taker)) {
            _fly(frame, taker);
            frame.phase = Phase.TAKE;
            return Reason.OK;
        }
        return Flags.isImmediate(taker.flags) ? Reason.REMAINDER_CANCELLED : rest(frame, taker);
    }

    /// @notice Whether the best opposite tick is at or beyond a price.
    function isCrossing(SeriesState memory state, uint256 flags, uint256 tick) internal pure returns (bool) {
        if (flags & Flags.SIDE != 0) return state.bid >= tick;
        return state.ask != 0 && state.ask <= tick;
    }

    /// @dev Whether an order crosses: an order of the book, or else a covered sale.
    function _crosses(Frame memory frame, Taker memory taker) private pure returns (bool) {
        SeriesState memory state = _readSeries(frame, taker.series);
        if (isCrossing(state, taker.flags, taker.tick)) return true;
        if (!SalePrices.mayMeet(taker)) return false;
        SeriesTerms memory terms = _readTerms(frame, taker.series);
        (, uint256 tick) = SalePrices.findSale(frame, taker, terms, state, Risk.readPrices(frame));
        return tick != 0;
    }

    /// @notice Put what remains of an order into the book, or among the triggers: INSUFFICIENT_MARGIN, BOOK_FULL.
    function rest(Frame memory frame, Taker memory taker) internal pure returns (Reason reason) {
        SeriesTerms memory terms = _readTerms(frame, taker.series);
        uint64 reserve = _reserveOf(taker, terms);
        Hot memory hot = Risk.readHot(frame, taker.account);
        reason = Risk.checkResting(frame, taker.account, hot, reserve, taker.flags);
        return reason == Reason.OK ? _link(frame, taker, terms, reserve) : reason;
    }

    /// @notice Take one order out of the book.
    function applyCancel(Frame memory frame, CancelOrder memory cancel, Authority memory authority)
        internal
        pure
        returns (Reason)
    {
        Reason reason = Authorities.admit(
            frame, cancel.account, cancel.key, cancel.nonce, authority, Flags.SCOPE_PLACED, OrderClass.MAKER
        );
        if (reason != Reason.OK) return reason;
        Hot memory hot = Risk.readHot(frame, cancel.account);
        if (hot.flags & Flags.FROZEN != 0 && cancel.key != 0) return Reason.FROZEN;
        (uint256 slot,) = _find(frame, cancel.account, hot, cancel.slot, cancel.tag);
        if (slot == 0) return Reason.NOT_FOUND;
        Book.unlinkOrder(frame, slot);
        return Reason.OK;
    }

    /// @notice Give a resting order another price and quantity; it never takes. At the same price with no more lots it
    /// keeps its place; else it goes to the end of its level. A void order is not found.
    function applyReplace(Frame memory frame, ReplaceOrder memory replacing, Authority memory authority)
        internal
        pure
        returns (Reason)
    {
        uint256 scope = Flags.SCOPE_TRADE | Flags.SCOPE_QUOTE;
        Reason reason = Authorities.admit(
            frame, replacing.account, replacing.key, replacing.nonce, authority, scope, OrderClass.MAKER
        );
        if (reason != Reason.OK) return reason;
        Hot memory hot = Risk.readHot(frame, replacing.account);
        (uint256 slot, Order memory order) = _find(frame, replacing.account, hot, replacing.slot, replacing.tag);
        if (slot == 0) return Reason.NOT_FOUND;
        if (_isBeyondScope(frame, replacing.key, order)) return Reason.KEY_SCOPE;
        if (Void.isVoid(frame, order, hot)) return Reason.NOT_FOUND;
        Taker memory taker = _replacement(order, replacing, authority);
        reason = _checkReplacement(frame, taker);
        if (reason != Reason.OK) return reason;
        if (taker.tick != order.tick || taker.remaining > order.remaining) return advance(frame, taker);
        _retag(frame, slot, order, taker);
        return Reason.OK;
    }

    function _link(Frame memory frame, Taker memory taker, SeriesTerms memory terms, uint64 reserve)
        private
        pure
        returns (Reason)
    {
        uint256 slot = Book.allocateSlot(frame);
        if (slot == 0) return Reason.BOOK_FULL;
        Order memory order;
        (uint256 resting, uint256 flying) = (BookPointers.pointerTo(order), TaskPointers.pointerTo(taker));
        Structs.copy(flying, resting, SAME_HEAD);
        Structs.copy(flying + TAKER_TAIL, resting + ORDER_TAIL, SAME_TAIL);
        order.reserve = reserve;
        Book.linkOrder(frame, terms, slot, order);
        return Reason.OK;
    }

    /// @dev The order slot that (client slot, tag) names, and its order; slot 0 if there is none.
    function _find(Frame memory frame, uint256 account, Hot memory hot, uint256 client, uint32 tag)
        private
        pure
        returns (uint256 slot, Order memory order)
    {
        if (client >= Layout.CLIENT_SLOT_LIMIT) return (0, order);
        slot = SlotTable.findClientOrder(frame, account, hot, client);
        if (slot == 0) return (0, order);
        order = BookLeaves.decodeOrder(frame.get(Layout.orderKey(slot)));
        if (order.tag != tag) slot = 0;
    }

    /// @dev Whether a key that may only quote reaches for an order that may take.
    function _isBeyondScope(Frame memory frame, uint256 key, Order memory order) private pure returns (bool) {
        if (key == 0 || order.flags & Flags.POST_ONLY != 0) return false;
        bytes memory leaf = frame.get(Layout.sessionKeyKey(order.account, key));
        SessionKey memory session = AccountLeaves.decodeSessionKey(leaf);
        return session.scope & Flags.SCOPE_TRADE == 0;
    }

    /// @dev The order as it shall be, in flight.
    function _replacement(Order memory order, ReplaceOrder memory replacing, Authority memory authority)
        private
        pure
        returns (Taker memory taker)
    {
        (uint256 resting, uint256 flying) = (BookPointers.pointerTo(order), TaskPointers.pointerTo(taker));
        Structs.copy(resting, flying, SAME_HEAD);
        Structs.copy(resting + ORDER_TAIL, flying + TAKER_TAIL, SAME_TAIL);
        (taker.tick, taker.remaining, taker.key) = (replacing.price, replacing.quantity, replacing.key);
        taker.tag = tagOf(replacing.nonce, authority);
        (taker.origin, taker.resume) = (Flags.FROM_REPLACE, Phase.IDLE);
        taker.forced = authority.forced ? 1 : 0;
    }

    /// @dev What a replacement changes (O-10).
    function _checkReplacement(Frame memory frame, Taker memory taker) private pure returns (Reason reason) {
        if (taker.remaining == 0) return Reason.BAD_ORDER;
        if (!OrderChecks.isTick(taker.tick, taker.series)) return Reason.PRICE_OUT_OF_RANGE;
        reason = OrderChecks.checkMarket(frame, taker);
        return reason == Reason.OK ? OrderChecks.checkAccount(frame, taker) : reason;
    }

    /// @dev Replace in place: fewer lots or as many, another tag.
    function _retag(Frame memory frame, uint256 slot, Order memory order, Taker memory taker) private pure {
        if (taker.remaining < order.remaining) {
            order = Book.shrinkOrder(frame, slot, order.remaining - taker.remaining);
        }
        (order.tag, order.key) = (taker.tag, taker.key);
        frame.put(Layout.orderKey(slot), BookLeaves.encodeOrder(order));
    }

    /// @dev Replace out of place: the old order leaves only if the new one may rest (O-10).
    function _move(Frame memory frame, Taker memory taker, Hot memory hot) private pure returns (Reason reason) {
        SeriesState memory state = _readSeries(frame, taker.series);
        if (taker.trigger == 0 && isCrossing(state, taker.flags, taker.tick)) return Reason.POST_ONLY_CROSS;
        uint256 slot = SlotTable.findClientOrder(frame, taker.account, hot, taker.slot);
        uint64 held = BookLeaves.decodeOrder(frame.get(Layout.orderKey(slot))).reserve;
        SeriesTerms memory terms = _readTerms(frame, taker.series);
        uint64 reserve = _reserveOf(taker, terms);
        if (reserve > held) {
            reason = Risk.checkResting(frame, taker.account, hot, reserve - held, taker.flags);
            if (reason != Reason.OK) return reason;
        }
        return _relink(frame, slot, taker, terms, reserve);
    }

    /// @dev A function of its own, because the stack of solc has sixteen places.
    function _relink(Frame memory frame, uint256 slot, Taker memory taker, SeriesTerms memory terms, uint64 reserve)
        private
        pure
        returns (Reason)
    {
        Book.unlinkOrder(frame, slot);
        return _link(frame, taker, terms, reserve);
    }

    function _reserveOf(Taker memory taker, SeriesTerms memory terms) private pure returns (uint64) {
        return OptionTerms.computeReserve(terms, taker.flags, taker.tick, taker.remaining);
    }

    function _readTerms(Frame memory frame, uint256 series) private pure returns (SeriesTerms memory) {
        return MarketLeaves.decodeSeriesTerms(frame.get(Layout.termsKey(series)));
    }

    function _readSeries(Frame memory frame, uint256 series) private pure returns (SeriesState memory) {
        return MarketLeaves.decodeSeriesState(frame.get(Layout.seriesKey(series)));
    }

    /// @dev Write the order in flight.
    function _fly(Frame memory frame, Taker memory taker) private pure {
        LeafKey key = Layout.TAKER;
        frame.get(key);
        frame.put(key, TaskLeaves.encodeTaker(taker));
    }
}
