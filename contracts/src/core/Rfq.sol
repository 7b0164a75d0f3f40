// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IComboSteps} from "../interfaces/IComboSteps.sol";
import {Frame, Frames} from "../steps/Frames.sol";
import {Hot} from "../types/Account.sol";
import {OrderClass, Phase} from "../types/Family.sol";
import {Prices} from "../types/Market.sol";
import {Reason} from "../types/Reason.sol";
import {ExecuteRfq, RfqLeg, RfqQuote} from "../types/Records.sol";
import {RfqTask} from "../types/Task.sol";
import {Authorities, Authority} from "./Authority.sol";
import {Flags} from "./Flags.sol";
import {Layout} from "./Layout.sol";
import {OrderChecks} from "./OrderChecks.sol";
import {Refresh} from "./Refresh.sol";
import {Risk} from "./Risk.sol";
import {TaskLeaves} from "./TaskLeaves.sol";

/// @notice Combos: up to eight legs between two accounts, all of them in one step or none (docs/spec.md Q).
/// @custom:twin rollup_node/core/rfq.py
library Rfq {
    using Frames for Frame;

    /// @notice Take the quote of a maker whole, or refresh who is stale first (Q-2). What is wrong with the quote or its
    /// maker is MAKER_VOID or MAKER_FAILED, all else is the taker's or lies in the terms.
    /// @param maker Who signed the quote, zero for an invalid signature.
    /// @param combos Trades the legs.
    /// @return The step after it.
    function applyExecuteRfq(
        Frame memory frame,
        ExecuteRfq memory record,
        Authority memory authority,
        address maker,
        IComboSteps combos
    ) internal pure returns (Frame memory, Reason) {
        Reason reason = _admit(frame, record, authority, maker);
        if (reason != Reason.OK) return (frame, reason);
        return _advance(frame, _taskOf(record), combos);
    }

    /// @notice Go on with the combo in flight after a refresh (Q-3).
    function goOn(Frame memory frame, IComboSteps combos) internal pure returns (Frame memory, Reason) {
        return _advance(frame, TaskLeaves.decodeRfqTask(frame.get(Layout.RFQ)), combos);
    }

    /// @dev Who stands behind both sides, and the quote by itself.
    function _admit(Frame memory frame, ExecuteRfq memory record, Authority memory authority, address maker)
        private
        pure
        returns (Reason reason)
    {
        RfqQuote memory quote = record.quote;
        reason = Authorities.admit(
            frame, record.account, record.key, record.nonce, authority, Flags.SCOPE_TRADE, OrderClass.TAKER
        );
        if (reason != Reason.OK) return reason;
        if (quote.account == record.account) return Reason.SELF_TRADE;
        if (record.expiryMs <= frame.timeMs) return Reason.EXPIRED;
        bool isForOther = quote.taker != 0 && quote.taker != record.account;
        if (quote.expiryMs <= frame.timeMs || isForOther) return Reason.MAKER_VOID;
        reason = _checkLegs(quote.legs);
        if (reason != Reason.OK) return reason;
        reason = Authorities.authenticate(
            frame, quote.account, quote.key, quote.nonce, Authority(maker, false, 0), Flags.SCOPE_TRADE
        );
        return reason == Reason.OK ? Reason.OK : Reason.MAKER_VOID;
    }

    function _taskOf(ExecuteRfq memory record) private pure returns (RfqTask memory task) {
        RfqQuote memory quote = record.quote;
        (task.taker, task.takerKey, task.takerCapPpm) = (record.account, record.key, record.maxFee);
        (task.maker, task.makerKey, task.makerCapPpm) = (quote.account, quote.key, quote.maxFee);
        task.length = uint8(quote.legs.length);
        for (uint256 i = 0; i < quote.legs.length; ++i) {
            task.legs[i] = quote.legs[i];
        }
    }

    /// @dev Legs by themselves: each series once, in ascending order.
    function _checkLegs(RfqLeg[] memory legs) private pure returns (Reason) {
        uint256 last = 0;
        for (uint256 i = 0; i < legs.length; ++i) {
            RfqLeg memory leg = legs[i];
            if (leg.series <= last || leg.lots == 0) return Reason.BAD_ORDER;
            if (leg.series >= Layout.SERIES_LIMIT) return Reason.UNKNOWN_SERIES;
            if (!OrderChecks.isTick(leg.price, leg.series)) return Reason.PRICE_OUT_OF_RANGE;
            last = leg.series;
        }
        return Reason.OK;
    }

    /// @dev Refreshes whoever is stale, the taker first, or trades; what fails leaves nothing behind but what it read.
    function _advance(Frame memory frame, RfqTask memory task, IComboSteps combos)
        private
        pure
        returns (Frame memory, Reason)
    {
        frame.phase = Phase.IDLE;
        Hot memory taker = Risk.readHot(frame, task.taker);
        Hot memory maker = Risk.readHot(frame, task.maker);
        if (taker.group == maker.group) return (frame, Reason.SELF_TRADE);
        Prices memory prices = Risk.readPrices(frame);
        if (!Risk.isCurrent(taker, prices)) return _refresh(frame, task, task.taker);
        if (!Risk.isCurrent(maker, prices)) return _refresh(frame, task, task.maker);
        (bytes memory packed, Reason reason) = combos.trade(frame.pack(), task);
        Frame memory traded = Frames.unpack(packed);
        if (reason == Reason.OK) return (traded, reason);
        frame.readTo(traded.used);
        return (frame, reason);
    }

    /// @dev Refreshes an account before the combo goes on.
    function _refresh(Frame memory frame, RfqTask memory task, uint32 account)
        private
        pure
        returns (Frame memory, Reason)
    {
        frame.get(Layout.RFQ);
        frame.put(Layout.RFQ, TaskLeaves.encodeRfqTask(task));
        Refresh.beginRefresh(frame, account, Phase.RFQ);
        return (frame, Reason.REFRESH);
    }
}
