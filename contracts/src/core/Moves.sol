// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Frame, Frames} from "../steps/Frames.sol";
import {Hot, Position, RiskRow} from "../types/Account.sol";
import {Reason} from "../types/Reason.sol";
import {MovePosition} from "../types/Records.sol";
import {AccountLeaves} from "./AccountLeaves.sol";
import {Accounts} from "./Accounts.sol";
import {Authority} from "./Authority.sol";
import {Cash} from "./Cash.sol";
import {FixedPoint} from "./FixedPoint.sol";
import {Flags} from "./Flags.sol";
import {Layout} from "./Layout.sol";
import {Leaves} from "./Leaves.sol";
import {MarketLeaves} from "./MarketLeaves.sol";
import {SeriesStatus} from "./Markets.sol";
import {Market, Positions} from "./Positions.sol";
import {Refresh} from "./Refresh.sol";
import {Risk} from "./Risk.sol";
import {Standings} from "./Standing.sol";

/// @notice Positions on their way from one account to another of the same owner (docs/spec.md K-7).
/// @custom:twin rollup_node/core/moves.py
library Moves {
    using Frames for Frame;

    /// @dev One side of a move: its position before and after, the funding it is paid, and its risk leaf after; empty unless
    /// the account is under portfolio margin.
    struct Holding {
        uint32 account;
        Hot hot;
        uint256 number;
        Position before;
        Position moved;
        int256 cash;
        bytes risk;
    }

    /// @notice Move lots of a position, with their share of the basis; a stale account is refreshed instead.
    function movePosition(Frame memory frame, MovePosition memory record, Authority memory authority)
        internal
        pure
        returns (Reason reason)
    {
        reason = Accounts.admitOwner(frame, record.account, record.nonce, authority);
        if (reason == Reason.OK) reason = _checkParties(frame, record);
        if (reason != Reason.OK) return reason;
        Holding memory left;
        Holding memory right;
        (left.account, left.hot) = (record.account, Risk.readHot(frame, record.account));
        (right.account, right.hot) = (record.recipient, Risk.readHot(frame, record.recipient));
        Market memory market;
        market.prices = Risk.readPrices(frame);
        if (!Risk.isCurrent(left.hot, market.prices)) return _refresh(frame, left.account);
        if (!Risk.isCurrent(right.hot, market.prices)) return _refresh(frame, right.account);
        reason = _readMarket(frame, market, record.series);
        return reason == Reason.OK ? _handOver(frame, market, left, right, record.lots) : reason;
    }

    function _refresh(Frame memory frame, uint32 account) private pure returns (Reason) {
        Refresh.beginRefresh(frame, account, frame.phase);
        return Reason.STALE_ACCOUNT;
    }

    /// @dev Whether both accounts have one owner, and the recipient may hold the series.
    function _checkParties(Frame memory frame, MovePosition memory record) private pure returns (Reason) {
        if (record.recipient == record.account) return Reason.SELF_TRANSFER;
        if (record.recipient == 0 || record.recipient >= Layout.ACCOUNTS_LIMIT) return Reason.UNKNOWN_RECIPIENT;
        bytes memory receiver = frame.get(Layout.ownerKey(record.recipient));
        if (receiver.length == 0) return Reason.UNKNOWN_RECIPIENT;
        address sender = Leaves.decodeOwner(frame.get(Layout.ownerKey(record.account))).owner;
        if (Leaves.decodeOwner(receiver).owner != sender) return Reason.NOT_SAME_OWNER;
        Hot memory other = Risk.readHot(frame, record.recipient);
        bool isChild = other.flags & Flags.CHILD != 0;
        if (isChild && Accounts.readCold(frame, record.recipient).series != record.series) return Reason.KEY_MARKET;
        return Accounts.checkFree(other);
    }

    /// @dev Fills in the series.
    function _readMarket(Frame memory frame, Market memory market, uint16 series) private pure returns (Reason) {
        if (series >= Layout.SERIES_LIMIT) return Reason.UNKNOWN_SERIES;
        bytes memory terms = frame.get(Layout.termsKey(series));
        if (terms.length == 0) return Reason.UNKNOWN_SERIES;
        market.series = series;
        market.terms = MarketLeaves.decodeSeriesTerms(terms);
        if (Risk.isRestricted(market.prices.rows[market.terms.underlying], frame.timeMs)) return Reason.STALE_PRICE;
        market.state = MarketLeaves.decodeSeriesState(frame.get(Layout.seriesKey(series)));
        uint8 status = market.state.status;
        bool isOpen = status == SeriesStatus.TRADING || status == SeriesStatus.REDUCE_ONLY;
        return isOpen ? Reason.OK : Reason.SERIES_CLOSED;
    }

    /// @dev Weighs both sides, then writes both, or nothing.
    function _handOver(Frame memory frame, Market memory market, Holding memory left, Holding memory right, int256 lots)
        private
        pure
        returns (Reason)
    {
        (left.number, left.before) = Positions.findPosition(frame, left.account, market.series);
        int256 held = left.before.lots;
        if (left.number == Positions.NONE || lots == 0 || (lots > 0) != (held > 0) || _abs(lots) > _abs(held)) {
            return Reason.NO_POSITION;
        }
        int256 basis = FixedPoint.divDown(left.before.basis * _abs(lots), _abs(held));
        int256 index = market.state.fundingIndex;
        left.cash = -held * (index - left.before.fundingIndex);
        if (held != lots) {
            left.moved = Position(
                left.before.series,
                int32(held - lots),
                int64(left.before.basis - basis),
                int64(index),
                left.before.generation
            );
        }
        (right.number, right.before) = Positions.findPosition(frame, right.account, market.series);
        int256 old = right.before.lots;
        if (old != 0 && (old > 0) != (lots > 0)) return Reason.NO_POSITION;
        if (_abs(old + lots) > int256(Layout.MAX_LOTS)) return Reason.POSITION_LIMIT;
        if (right.number == Positions.NONE && Positions.freeNumber(frame, right.account) == Positions.NONE) {
            return Reason.POSITION_LIMIT;
        }
        uint16 generation = old != 0 ? right.before.generation : Positions.nextGeneration(right.hot);
        right.cash = -old * (index - right.before.fundingIndex);
        right.moved = Position(
            uint16(market.series), int32(old + lots), int64(right.before.basis + basis), int64(index), generation
        );
        if (!_mayHold(frame, market, left, false)) return Reason.INSUFFICIENT_MARGIN;
        if (!_mayHold(frame, market, right, true)) return Reason.INSUFFICIENT_MARGIN;
        _store(frame, left, market.terms.underlying);
        _store(frame, right, market.terms.underlying);
        return Reason.OK;
    }

    /// @dev Whether a side covers its initial margin, or, if it need not, only eases its own. Gives its hot leaf the new
    /// row.
    function _mayHold(Frame memory frame, Market memory market, Holding memory side, bool mustCover)
        private
        pure
        returns (bool)
    {
        uint256 underlying = market.terms.underlying;
        RiskRow memory old = side.hot.rows[underlying];
        RiskRow memory row;
        (row, side.risk) = Positions.replaceContribution(frame, side.account, side.hot, market, side.before, side.moved);
        Positions.setRow(side.hot, underlying, row);
        int256[4] memory amounts = Cash.readBalances(frame, side.account);
        amounts[0] += side.cash - Cash.accruedInterest(amounts[0], side.hot.interestMs, frame.timeMs);
        if (Risk.hasMargin(frame, side.hot, amounts, market.prices, 0)) return true;
        return !mustCover && row.maintenance <= old.maintenance && row.value >= old.value;
    }

    function _store(Frame memory frame, Holding memory side, uint256 underlying) private pure {
        Positions.storePosition(frame, side.account, side.number, side.moved);
        Cash.changeCash(frame, side.account, side.hot, side.cash);
        frame.put(Layout.hotKey(side.account), AccountLeaves.encodeHot(side.hot));
        Standings.noteInsurer(frame, side.account, side.hot, underlying);
        if (side.risk.length != 0) frame.put(Layout.accountRiskKey(side.account, underlying), side.risk);
    }

    function _abs(int256 number) private pure returns (int256) {
        return number < 0 ? -number : number;
    }
}
