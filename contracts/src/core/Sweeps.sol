// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Frame, Frames} from "../steps/Frames.sol";
import {Hot} from "../types/Account.sol";
import {Order} from "../types/Book.sol";
import {OrderClass, Phase} from "../types/Family.sol";
import {Reason} from "../types/Reason.sol";
import {CancelAll, MassQuote} from "../types/Records.sol";
import {QuoteHead, QuoteLeg, QuoteTask, SweepTask, Taker} from "../types/Task.sol";
import {Authorities, Authority} from "./Authority.sol";
import {Book} from "./Book.sol";
import {BookLeaves} from "./BookLeaves.sol";
import {Flags} from "./Flags.sol";
import {Layout} from "./Layout.sol";
import {MarketLeaves} from "./MarketLeaves.sol";
import {Orders} from "./Orders.sol";
import {Refresh} from "./Refresh.sol";
import {Risk} from "./Risk.sol";
import {SlotTable} from "./SlotTable.sol";
import {TaskLeaves} from "./TaskLeaves.sol";
import {Void} from "./Void.sol";

/// @notice Orders by the dozen: cancel-all, mass quotes, and pruning of void orders (docs/spec.md O-6, O-9, O-11).
/// @custom:twin rollup_node/core/sweeps.py
library Sweeps {
    using Frames for Frame;

    uint256 internal constant ALL = 0;
    uint256 internal constant UNDERLYING = 1;
    uint256 internal constant ONE_SERIES = 2;

    /// @notice Begin to cancel all orders of an account, or those of an underlying or series.
    function applyCancelAll(Frame memory frame, CancelAll memory cancel, Authority memory authority)
        internal
        pure
        returns (Reason)
    {
        Reason reason = Authorities.admit(
            frame, cancel.account, cancel.key, cancel.nonce, authority, Flags.SCOPE_PLACED, OrderClass.MAKER
        );
        if (reason != Reason.OK) return reason;
        if (cancel.scope > ONE_SERIES) return Reason.BAD_ORDER;
        Hot memory hot = Risk.readHot(frame, cancel.account);
        if (hot.flags & Flags.FROZEN != 0 && cancel.key != 0) return Reason.FROZEN;
        if (hot.slotMap != 0) {
            beginSweep(frame, SweepTask(cancel.account, cancel.scope, cancel.scopeId, 0, uint8(Reason.OK), Phase.IDLE));
        }
        return Reason.OK;
    }

    /// @notice Let the next steps be those of a sweep.
    function beginSweep(Frame memory frame, SweepTask memory task) internal pure {
        frame.get(Layout.SWEEP);
        frame.put(Layout.SWEEP, TaskLeaves.encodeSweepTask(task));
        frame.phase = Phase.SWEEP;
    }

    /// @notice Do one step of a sweep: unlink the next order of its scope, or pass one by.
    function sweep(Frame memory frame) internal pure returns (Reason) {
        SweepTask memory task = TaskLeaves.decodeSweepTask(frame.get(Layout.SWEEP));
        Hot memory hot = Risk.readHot(frame, task.account);
        (uint256 client, uint256 slot) = SlotTable.nextClientSlot(frame, task.account, hot, task.next);
        if (slot == 0) {
            frame.phase = task.resume;
            return Reason.OK;
        }
        if (_isInScope(frame, slot, task.scope, task.scopeId)) {
            Book.unlinkOrder(frame, slot);
            hot = Risk.readHot(frame, task.account);
        }
        task.next = uint16(client + 1);
        frame.put(Layout.SWEEP, TaskLeaves.encodeSweepTask(task));
        if (!SlotTable.hasClientOrder(frame, task.account, hot, task.next)) frame.phase = task.resume;
        return Reason.OK;
    }

    /// @notice Begin a mass quote; its legs are steps of their own.
    function applyQuote(Frame memory frame, MassQuote memory quote, Authority memory authority)
        internal
        pure
        returns (Reason)
    {
        uint256 scope = Flags.SCOPE_TRADE | Flags.SCOPE_QUOTE;
        Reason reason =
            Authorities.admit(frame, quote.account, quote.key, quote.nonce, authority, scope, OrderClass.MAKER);
        if (reason != Reason.OK) return reason;
        Hot memory hot = Risk.readHot(frame, quote.account);
        if (hot.flags & Flags.FROZEN != 0) return Reason.FROZEN;
        QuoteTask memory task;
        (task.account, task.key, task.feeCapPpm) = (quote.account, quote.key, quote.maxFee);
        (task.tag, task.length) = (Orders.tagOf(quote.nonce, authority), uint8(quote.legs.length));
        for (uint256 i = 0; i < quote.legs.length; ++i) {
            QuoteLeg memory row = task.legs[i];
            (row.series, row.side, row.slot) = (quote.legs[i].series, quote.legs[i].side, quote.legs[i].slot);
            (row.tick, row.lots) = (quote.legs[i].price, quote.legs[i].quantity);
        }
        frame.get(Layout.QUOTE);
        frame.put(Layout.QUOTE, TaskLeaves.encodeQuoteTask(task));
        if (Risk.isCurrent(hot, Risk.readPrices(frame))) frame.phase = Phase.LEG;
        else Refresh.beginRefresh(frame, quote.account, Phase.LEG);
        return Reason.OK;
    }

    /// @notice Do one leg of a mass quote: cancel what its client slot holds, then place. A leg that fails fails alone,
    /// after its cancel.
    function leg(Frame memory frame) internal pure returns (Reason) {
        bytes memory value = frame.get(Layout.QUOTE);
        (QuoteHead memory task, QuoteLeg memory row) = TaskLeaves.decodeNextLeg(value);
        task.next += 1;
        frame.put(Layout.QUOTE, TaskLeaves.encodeHead(value, task));
        frame.phase = task.next < task.length ? Phase.LEG : Phase.IDLE;
        if (row.slot >= Layout.CLIENT_SLOT_LIMIT) return Reason.BAD_ORDER;
        Hot memory hot = Risk.readHot(frame, task.account);
        uint256 slot = SlotTable.findClientOrder(frame, task.account, hot, row.slot);
        if (slot != 0) Book.unlinkOrder(frame, slot);
        if (row.lots == 0) return Reason.OK;
        Taker memory taker;
        (taker.account, taker.series, taker.slot) = (task.account, row.series, row.slot);
        taker.flags = uint16(row.side | Flags.POST_ONLY | Flags.QUOTE);
        (taker.tick, taker.remaining, taker.tag) = (row.tick, row.lots, task.tag);
        (taker.feeCapPpm, taker.key) = (task.feeCapPpm, task.key);
        (taker.origin, taker.resume) = (Flags.FROM_LEG, frame.phase);
        return Orders.beginOrder(frame, taker);
    }

    /// @notice Unlink a void order; anyone may.
    function applyPrune(Frame memory frame, uint256 slot, bool forced) internal pure returns (Reason) {
        if (Authorities.isLate(frame, OrderClass.LIQUIDATION, forced)) return Reason.OUT_OF_CLASS;
        if (slot == 0 || slot >= Layout.ORDER_LIMIT) return Reason.NOT_FOUND;
        Order memory order = BookLeaves.decodeOrder(frame.get(Layout.orderKey(slot)));
        if (order.account == 0) return Reason.NOT_FOUND;
        if (!Void.isVoid(frame, order, Risk.readHot(frame, order.account))) return Reason.NOT_VOID;
        Book.unlinkOrder(frame, slot);
        Authorities.enterClass(frame, OrderClass.LIQUIDATION);
        return Reason.OK;
    }

    function _isInScope(Frame memory frame, uint256 slot, uint256 scope, uint256 scopeId) private pure returns (bool) {
        uint256 series = BookLeaves.decodeOrder(frame.get(Layout.orderKey(slot))).series;
        if (scope == ALL) return true;
        if (scope == ONE_SERIES) return series == scopeId;
        return MarketLeaves.decodeSeriesTerms(frame.get(Layout.termsKey(series))).underlying == scopeId;
    }
}
