// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Frame, Frames} from "../steps/Frames.sol";
import {SessionKey} from "../types/Account.sol";
import {OrderClass, Phase} from "../types/Family.sol";
import {Prices} from "../types/Market.sol";
import {Reason} from "../types/Reason.sol";
import {ExecuteRfq, RfqLeg, RfqQuote} from "../types/Records.sol";
import {RfqTask} from "../types/Task.sol";
import {AccountLeaves} from "./AccountLeaves.sol";
import {Authorities, Authority} from "./Authority.sol";
import {Combo, Combos, Party, Traded} from "./Combos.sol";
import {Flags} from "./Flags.sol";
import {Layout} from "./Layout.sol";
import {MarketLeaves} from "./MarketLeaves.sol";
import {OptionTerms} from "./OptionTerms.sol";
import {OrderChecks} from "./OrderChecks.sol";
import {Market} from "./Positions.sol";
import {Refresh} from "./Refresh.sol";
import {Risk} from "./Risk.sol";
import {TaskLeaves} from "./TaskLeaves.sol";
import {Void} from "./Void.sol";

/// @notice Combos: up to eight legs between two accounts, all of them in one step or none (docs/spec.md Q).
/// @custom:twin rollup_node/core/rfq.py
library Rfq {
    using Frames for Frame;

    /// @notice Take the quote of a maker whole, or refresh who is stale first (Q-2). What is wrong with the quote or its
    /// maker is MAKER_VOID or MAKER_FAILED, all else is the taker's or lies in the terms.
    /// @param maker Who signed the quote, zero for an invalid signature.
    function applyExecuteRfq(Frame memory frame, ExecuteRfq memory record, Authority memory authority, address maker)
        internal
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
        if (quote.expiryMs <= frame.timeMs || (quote.taker != 0 && quote.taker != record.account)) {
            return Reason.MAKER_VOID;
        }
        reason = _checkLegs(quote.legs);
        if (reason != Reason.OK) return reason;
        reason = Authorities.authenticate(
            frame, quote.account, quote.key, quote.nonce, Authority(maker, false, 0), Flags.SCOPE_TRADE
        );
        if (reason != Reason.OK) return Reason.MAKER_VOID;
        RfqTask memory task;
        (task.taker, task.takerKey, task.takerCapPpm) = (record.account, record.key, record.maxFee);
        (task.maker, task.makerKey, task.makerCapPpm) = (quote.account, quote.key, quote.maxFee);
        task.length = uint8(quote.legs.length);
        for (uint256 i = 0; i < quote.legs.length; ++i) {
            task.legs[i] = quote.legs[i];
        }
        return _advance(frame, task);
    }

    /// @notice Go on with the combo in flight after a refresh (Q-3).
    function goOn(Frame memory frame) internal pure returns (Reason) {
        return _advance(frame, TaskLeaves.decodeRfqTask(frame.get(Layout.RFQ)));
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

    /// @dev Refreshes whoever is stale, the taker first, or executes; a combo that fails leaves nothing behind.
    function _advance(Frame memory frame, RfqTask memory task) private pure returns (Reason reason) {
        frame.phase = Phase.IDLE;
        Party memory taker = Party(task.taker, task.takerKey, task.takerCapPpm, Risk.readHot(frame, task.taker), -1);
        Party memory maker = Party(task.maker, task.makerKey, task.makerCapPpm, Risk.readHot(frame, task.maker), 1);
        if (taker.hot.group == maker.hot.group) return Reason.SELF_TRADE;
        Prices memory prices = Risk.readPrices(frame);
        bool isFresh = Risk.isCurrent(taker.hot, prices);
        if (!isFresh || !Risk.isCurrent(maker.hot, prices)) {
            frame.get(Layout.RFQ);
            frame.put(Layout.RFQ, TaskLeaves.encodeRfqTask(task));
            Refresh.beginRefresh(frame, isFresh ? maker.account : taker.account, Phase.RFQ);
            return Reason.REFRESH;
        }
        bytes[] memory saved = frame.values;
        frame.values = _copyOf(saved);
        reason = _execute(frame, task, taker, maker, prices);
        if (reason != Reason.OK) frame.values = saved;
    }

    /// @dev The same leaves in another array: leaves are changed by `put`, never in place.
    function _copyOf(bytes[] memory values) private pure returns (bytes[] memory copied) {
        copied = new bytes[](values.length);
        for (uint256 i = 0; i < values.length; ++i) {
            copied[i] = values[i];
        }
    }

    /// @dev Checks the legs, then both parties, moves the positions of both (Q-4, Q-5).
    function _execute(
        Frame memory frame,
        RfqTask memory task,
        Party memory taker,
        Party memory maker,
        Prices memory prices
    ) private pure returns (Reason reason) {
        Combo memory combo;
        (combo.legs, combo.markets) = (new RfqLeg[](task.length), new Market[](task.length));
        int256 takerPpm = 0;
        int256 makerPpm = type(int256).min;
        for (uint256 i = 0; i < task.length; ++i) {
            Market memory market = combo.markets[i];
            (combo.legs[i], market.prices) = (task.legs[i], prices);
            reason = _readMarket(frame, market, task.legs[i]);
            if (reason != Reason.OK) return reason;
            takerPpm = _max(takerPpm, int256(uint256(market.terms.takerFeePpm)));
            makerPpm = _max(makerPpm, market.terms.makerFeePpm);
        }
        if (!_isOfOneUnderlying(combo)) return Reason.BAD_ORDER;
        reason = _checkParty(frame, taker, combo, takerPpm);
        if (reason != Reason.OK) return reason;
        if (_checkParty(frame, maker, combo, makerPpm) != Reason.OK) return Reason.MAKER_VOID;
        return _trade(frame, combo, taker, maker);
    }

    function _trade(Frame memory frame, Combo memory combo, Party memory taker, Party memory maker)
        private
        pure
        returns (Reason reason)
    {
        Traded memory taking;
        Traded memory making;
        (reason, taking) = Combos.tradeLegs(frame, taker, combo);
        if (reason != Reason.OK) return reason;
        (reason, making) = Combos.tradeLegs(frame, maker, combo);
        if (reason == Reason.INSUFFICIENT_MARGIN) return Reason.MAKER_FAILED;
        if (reason != Reason.OK) return Reason.MAKER_VOID;
        return Combos.settleCombo(frame, combo, taking, making);
    }

    /// @dev Fills in the market of a leg, whose prices are there, and checks the leg against it.
    function _readMarket(Frame memory frame, Market memory market, RfqLeg memory leg) private pure returns (Reason) {
        bytes memory leaf = frame.get(Layout.termsKey(leg.series));
        if (leaf.length == 0) return Reason.UNKNOWN_SERIES;
        market.series = leg.series;
        market.terms = MarketLeaves.decodeSeriesTerms(leaf);
        market.state = MarketLeaves.decodeSeriesState(frame.get(Layout.seriesKey(leg.series)));
        if (Void.isClosed(frame, market.terms, market.state)) return Reason.SERIES_CLOSED;
        market.price = int256(uint256(leg.price) * market.terms.unit);
        market.restricted = market.state.status != Void.TRADING
            || Risk.isRestricted(market.prices.rows[market.terms.underlying], frame.timeMs);
        return _checkLeg(market, leg);
    }

    /// @dev A leg against what its series allows now; the band holds for both sides.
    function _checkLeg(Market memory market, RfqLeg memory leg) private pure returns (Reason) {
        if (market.terms.kind == Void.SPOT) return Reason.BAD_ORDER;
        if (market.restricted) return Reason.REDUCE_ONLY;
        if (_size(leg) > market.terms.maxOrderLots) return Reason.ABOVE_MAX_ORDER;
        if (_notional(market, leg) < market.terms.minNotional) return Reason.BELOW_MIN_NOTIONAL;
        uint256 mark = market.state.mark;
        if (mark == 0) return Reason.STALE_PRICE;
        bool isOff = OrderChecks.isOutOfBand(0, leg.price, market.terms, mark)
            || OrderChecks.isOutOfBand(Flags.SIDE, leg.price, market.terms, mark);
        return isOff ? Reason.PRICE_BAND : Reason.OK;
    }

    function _isOfOneUnderlying(Combo memory combo) private pure returns (bool) {
        for (uint256 i = 1; i < combo.markets.length; ++i) {
            if (combo.markets[i].terms.underlying != combo.markets[0].terms.underlying) return false;
        }
        return true;
    }

    /// @dev Whether an account may trade the legs at a fee rate.
    function _checkParty(Frame memory frame, Party memory party, Combo memory combo, int256 ratePpm)
        private
        pure
        returns (Reason)
    {
        uint256 flags = party.hot.flags;
        if (flags & Flags.FROZEN != 0) return Reason.FROZEN;
        if (flags & Flags.LIQUIDATING != 0) return Reason.LIQUIDATING;
        if (Void.isDead(party.hot, frame.timeMs)) return Reason.EXPIRED;
        if (flags & Flags.CHILD != 0) {
            uint256 only = AccountLeaves.seriesOfCold(frame.get(Layout.coldKey(party.account)));
            for (uint256 i = 0; i < combo.legs.length; ++i) {
                if (combo.legs[i].series != only) return Reason.KEY_MARKET;
            }
        }
        if (int256(uint256(party.capPpm)) < ratePpm) return Reason.FEE_ABOVE_CAP;
        return party.key == 0 ? Reason.OK : _checkKey(frame, party, combo);
    }

    /// @dev All legs together against the bounds of a session key.
    function _checkKey(Frame memory frame, Party memory party, Combo memory combo) private pure returns (Reason) {
        bytes memory leaf = frame.get(Layout.sessionKeyKey(party.account, party.key));
        SessionKey memory session = AccountLeaves.decodeSessionKey(leaf);
        uint256 total = 0;
        for (uint256 i = 0; i < combo.legs.length; ++i) {
            total += _notional(combo.markets[i], combo.legs[i]);
        }
        if (total > session.orderCap) return Reason.KEY_CAP;
        return session.markets >> combo.markets[0].terms.underlying & 1 == 1 ? Reason.OK : Reason.KEY_MARKET;
    }

    function _notional(Market memory market, RfqLeg memory leg) private pure returns (uint256) {
        return OptionTerms.notionalUsdc(market.terms, _size(leg), leg.price);
    }

    function _size(RfqLeg memory leg) private pure returns (uint256) {
        int256 lots = leg.lots;
        return uint256(lots < 0 ? -lots : lots);
    }

    function _max(int256 left, int256 right) private pure returns (int256) {
        return left > right ? left : right;
    }
}
