// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Frame, Frames} from "../steps/Frames.sol";
import {Hot, Position, RiskRow} from "../types/Account.sol";
import {Pools, SeriesState} from "../types/Market.sol";
import {Reason} from "../types/Reason.sol";
import {RfqLeg} from "../types/Records.sol";
import {RfqTask} from "../types/Task.sol";
import {AccountLeaves} from "./AccountLeaves.sol";
import {Cash} from "./Cash.sol";
import {Combo, ComboChecks, Party} from "./ComboChecks.sol";
import {Fills} from "./Fills.sol";
import {Layout} from "./Layout.sol";
import {MarketLeaves} from "./MarketLeaves.sol";
import {OptionTerms} from "./OptionTerms.sol";
import {Market, Positions} from "./Positions.sol";
import {Risk} from "./Risk.sol";
import {Standings} from "./Standing.sol";

/// @notice What the legs did to a party: its fees, the growth of open interest per leg, its interest.
/// @custom:twin rollup_node/core/combos.py Traded
struct Traded {
    int256 fees;
    int256[] grown;
    int256 interest;
}

/// @notice What the legs of a combo leave of both sides, and whether that may be: M-6 once for all legs (docs/spec.md
/// Q-5).
/// @custom:twin rollup_node/core/combos.py
library Combos {
    using Frames for Frame;

    int256 private constant MAX_LOTS = int256(Layout.MAX_LOTS);

    /// @dev What the legs change of a party until M-6 is asked.
    struct Tally {
        Hot hot;
        int256 gain;
        int256 funding;
    }

    /// @notice Check the legs, then both parties, move the positions of both (Q-4, Q-5). What it wrote before it failed its
    /// caller takes back.
    function tradeCombo(Frame memory frame, RfqTask memory task) internal pure returns (Reason reason) {
        Party memory taker = Party(task.taker, task.takerKey, task.takerCapPpm, Risk.readHot(frame, task.taker), -1);
        Party memory maker = Party(task.maker, task.makerKey, task.makerCapPpm, Risk.readHot(frame, task.maker), 1);
        Combo memory combo = Combo(new RfqLeg[](task.length), new Market[](task.length));
        for (uint256 i = 0; i < task.length; ++i) {
            combo.legs[i] = task.legs[i];
        }
        reason = ComboChecks.readMarkets(frame, combo);
        if (reason != Reason.OK) return reason;
        reason = ComboChecks.checkParty(frame, taker, combo, _highestRate(taker, combo));
        if (reason != Reason.OK) return reason;
        if (ComboChecks.checkParty(frame, maker, combo, _highestRate(maker, combo)) != Reason.OK) {
            return Reason.MAKER_VOID;
        }
        return _tradeBoth(frame, combo, taker, maker);
    }

    function _highestRate(Party memory party, Combo memory combo) private pure returns (int256 rate) {
        rate = _rateOf(party, combo.markets[0]);
        for (uint256 i = 1; i < combo.markets.length; ++i) {
            int256 other = _rateOf(party, combo.markets[i]);
            if (other > rate) rate = other;
        }
    }

    function _tradeBoth(Frame memory frame, Combo memory combo, Party memory taker, Party memory maker)
        private
        pure
        returns (Reason reason)
    {
        Traded memory taking;
        Traded memory making;
        (reason, taking) = _tradeLegs(frame, taker, combo);
        if (reason != Reason.OK) return reason;
        (reason, making) = _tradeLegs(frame, maker, combo);
        if (reason == Reason.INSUFFICIENT_MARGIN) return Reason.MAKER_FAILED;
        if (reason != Reason.OK) return Reason.MAKER_VOID;
        return _settle(frame, combo, taking, making);
    }

    /// @dev Moves the positions of a party, then asks M-6 once about all of it.
    function _tradeLegs(Frame memory frame, Party memory party, Combo memory combo)
        private
        pure
        returns (Reason reason, Traded memory traded)
    {
        Tally memory tally;
        tally.hot = Risk.readHot(frame, party.account);
        traded.grown = new int256[](combo.legs.length);
        for (uint256 i = 0; i < combo.legs.length; ++i) {
            int256 change = party.sign * combo.legs[i].lots;
            (reason, traded.grown[i]) = _tradeLeg(frame, party, combo.markets[i], change, tally, traded);
            if (reason != Reason.OK) return (reason, traded);
        }
        return (_weigh(frame, party, combo.markets[0], tally, traded), traded);
    }

    /// @dev Moves one position; returns how the open interest grew.
    function _tradeLeg(
        Frame memory frame,
        Party memory party,
        Market memory market,
        int256 change,
        Tally memory tally,
        Traded memory traded
    ) private pure returns (Reason reason, int256 grown) {
        (uint256 number, Position memory position) = Positions.findPosition(frame, party.account, market.series);
        int256 lots = position.lots;
        int256 next = lots + change;
        if (next > MAX_LOTS || next < -MAX_LOTS) return (Reason.POSITION_LIMIT, 0);
        if (number == Positions.NONE && Positions.freeNumber(frame, party.account) == Positions.NONE) {
            return (Reason.POSITION_LIMIT, 0);
        }
        int256 fee = _feeOf(party, market, change);
        traded.fees += fee;
        tally.gain -= fee;
        grown = (next > 0 ? next : int256(0)) - (lots > 0 ? lots : int256(0));
        tally.funding += lots * (int256(position.fundingIndex) - market.state.fundingIndex);
        tally.gain += _storeLeg(frame, party.account, market, change, tally.hot, number, position);
    }

    /// @dev Writes what a leg makes of a position; returns its cash flow.
    function _storeLeg(
        Frame memory frame,
        uint256 account,
        Market memory market,
        int256 change,
        Hot memory hot,
        uint256 number,
        Position memory position
    ) private pure returns (int256 paid) {
        uint16 generation = Positions.nextGeneration(hot);
        Position memory moved;
        (moved, paid) =
            Positions.applyFill(position, market.series, change, market.price, market.state.fundingIndex, generation);
        Positions.storePosition(frame, account, number, moved);
        _setRow(frame, account, hot, market, position, moved);
    }

    /// @dev Gives the hot leaf the row after a leg, and writes the risk leaf if the account has one: the next leg reads it.
    function _setRow(
        Frame memory frame,
        uint256 account,
        Hot memory hot,
        Market memory market,
        Position memory position,
        Position memory moved
    ) private pure {
        (RiskRow memory row, bytes memory risk) =
            Positions.replaceContribution(frame, account, hot, market, position, moved);
        Positions.setRow(hot, market.terms.underlying, row);
        if (risk.length != 0) frame.put(Layout.accountRiskKey(account, market.terms.underlying), risk);
    }

    function _feeOf(Party memory party, Market memory market, int256 change) private pure returns (int256) {
        uint256 lots = uint256(change < 0 ? -change : change);
        return OptionTerms.computeFee(market.terms, lots, market.price, _rateOf(party, market));
    }

    function _rateOf(Party memory party, Market memory market) private pure returns (int256) {
        return party.sign > 0 ? int256(market.terms.makerFeePpm) : int256(uint256(market.terms.takerFeePpm));
    }

    /// @dev Whether what all legs leave may be; writes cash and hot leaf if it may.
    function _weigh(
        Frame memory frame,
        Party memory party,
        Market memory market,
        Tally memory tally,
        Traded memory traded
    ) private pure returns (Reason) {
        int256[4] memory amounts = Cash.readBalances(frame, party.account);
        traded.interest = Cash.accruedInterest(amounts[0], party.hot.interestMs, frame.timeMs);
        int256 cash = amounts[0] - traded.interest + tally.gain;
        int256[4] memory changed = [cash, amounts[1], amounts[2], amounts[3]];
        if (
            !_eases(frame, party.hot, tally, changed, market)
                && !Risk.hasMargin(frame, tally.hot, changed, market.prices, 0)
        ) return Reason.INSUFFICIENT_MARGIN;
        Cash.markInterest(tally.hot, frame.timeMs, amounts[0], cash);
        Cash.storeCash(frame, party.account, amounts, cash);
        frame.put(Layout.hotKey(party.account), AccountLeaves.encodeHot(tally.hot));
        Standings.noteInsurer(frame, party.account, tally.hot, market.terms.underlying);
        return Reason.OK;
    }

    /// @dev Whether a party passes by the second way of M-6, which compares what was before the first leg, after funding
    /// and interest, with what is after the last one. `amounts` are those after.
    function _eases(
        Frame memory frame,
        Hot memory old,
        Tally memory tally,
        int256[4] memory amounts,
        Market memory market
    ) private pure returns (bool) {
        uint256 underlying = market.terms.underlying;
        int256 released =
            int256(uint256(old.rows[underlying].maintenance)) - int256(uint256(tally.hot.rows[underlying].maintenance));
        int256 gain = tally.gain - tally.funding;
        int256 given = int256(old.rows[underlying].value) - tally.hot.rows[underlying].value - gain;
        if (released < 0 || released < given) return false;
        return given <= 0 || Fills.mayGive(frame, old, amounts, market.prices, gain, given, released);
    }

    /// @dev Writes the open interest and what the exchange earns.
    function _settle(Frame memory frame, Combo memory combo, Traded memory taking, Traded memory making)
        private
        pure
        returns (Reason)
    {
        for (uint256 i = 0; i < combo.legs.length; ++i) {
            int256 grown = taking.grown[i] + making.grown[i];
            if (grown == 0) continue;
            SeriesState memory state = combo.markets[i].state;
            int256 interest = int256(uint256(state.openInterest)) + grown;
            if (grown > 0 && interest > int256(uint256(combo.markets[i].terms.openInterestCap))) {
                return Reason.OPEN_INTEREST_CAP;
            }
            state.openInterest = uint32(uint256(interest));
            frame.put(Layout.seriesKey(combo.legs[i].series), MarketLeaves.encodeSeriesState(state));
        }
        Pools memory pools = MarketLeaves.decodePools(frame.get(Layout.POOLS));
        pools.fees = _plus(pools.fees, taking.fees + making.fees);
        pools.insurance[0] = _plus(pools.insurance[0], taking.interest + making.interest);
        frame.put(Layout.POOLS, MarketLeaves.encodePools(pools));
        return Reason.OK;
    }

    function _plus(uint128 pool, int256 amount) private pure returns (uint128) {
        return uint128(uint256(int256(uint256(pool)) + amount));
    }
}
