// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Frame, Frames} from "../steps/Frames.sol";
import {AccountRisk, Directory, Hot, Position, RiskRow} from "../types/Account.sol";
import {LeafKey} from "../types/LeafKey.sol";
import {Prices, SeriesState, SeriesTerms} from "../types/Market.sol";
import {AccountLeaves} from "./AccountLeaves.sol";
import {FixedPoint} from "./FixedPoint.sol";
import {Layout} from "./Layout.sol";
import {LotRisk, Portfolio} from "./Portfolio.sol";
import {Risk} from "./Risk.sol";

/// @notice A series and the prices it is valued at; `lot` is room for what a lot adds to the risk of an account. Of a fill: `price` is µUSDC per lot, `restricted` as docs/spec.md M-6 says.
struct Market {
    uint256 series;
    SeriesTerms terms;
    SeriesState state;
    Prices prices;
    int256 price;
    bool restricted;
    LotRisk lot;
}

/// @notice Positions of accounts: where they are, what a fill makes of one, what they add to a row (docs/spec.md M-2,
/// M-4, M-13, S-17, S-18, S-22).
/// @custom:twin rollup_node/core/positions.py
library Positions {
    using AccountLeaves for Directory;
    using Frames for Frame;

    /// @dev In place of a position number: there is none.
    uint256 internal constant NONE = Layout.POSITION_LIMIT;

    function readDirectory(Frame memory frame, uint256 account) internal pure returns (Directory memory) {
        return AccountLeaves.decodeDirectory(frame.get(Layout.directoryKey(account)));
    }

    /// @notice Number and position of an account in a series; `NONE` and an empty one if it has none.
    function findPosition(Frame memory frame, uint256 account, uint256 series)
        internal
        pure
        returns (uint256 number, Position memory position)
    {
        number = readDirectory(frame, account).placeOf(series, NONE);
        if (number == NONE) return (number, position);
        position = AccountLeaves.positionAt(frame.get(Layout.positionsKey(account, number)), number & 7);
    }

    /// @notice The first free position number, `NONE` if all are taken.
    function freeNumber(Frame memory frame, uint256 account) internal pure returns (uint256) {
        return readDirectory(frame, account).placeOf(0, NONE);
    }

    /// @notice How many lots an order of a side (0 buy, 1 sell) may close: a buy closes shorts (O-7).
    function closableLots(Position memory position, uint256 side) internal pure returns (uint256) {
        int256 lots = side != 0 ? int256(position.lots) : -int256(position.lots);
        return lots > 0 ? uint256(lots) : 0;
    }

    /// @notice Generation of a position that opens with the next version of its account (M-2).
    function nextGeneration(Hot memory hot) internal pure returns (uint16) {
        return uint16(uint256(hot.version) + 1);
    }

    /// @notice The position after `change` lots (signed, not 0) at `price` µUSDC, and its cash flow (M-2).
    function applyFill(
        Position memory position,
        uint256 series,
        int256 change,
        int256 price,
        int256 fundingIndex,
        uint16 generation
    ) internal pure returns (Position memory moved, int256 cash) {
        int256 lots = position.lots;
        int256 basis = position.basis;
        int256 next = lots + change;
        cash = lots * (position.fundingIndex - fundingIndex);
        if (lots == 0 || (lots > 0) == (change > 0)) {
            basis += change * price;
            if (lots != 0) generation = position.generation;
        } else if (_abs(change) < _abs(lots)) {
            int256 released = FixedPoint.divDown(basis * _abs(change), _abs(lots));
            cash -= change * price + released;
            basis -= released;
            generation = position.generation;
        } else {
            cash += lots * price - basis;
            if (next == 0) return (moved, cash);
            basis = next * price;
        }
        moved = Position(uint16(series), int32(next), int64(basis), int64(fundingIndex), generation);
    }

    /// @notice Write a position: in its place, in the first free one if it is new, out if it is closed.
    /// @dev `number` is `NONE` for a new position; there is a free place then (`freeNumber`).
    function storePosition(Frame memory frame, uint256 account, uint256 number, Position memory position)
        internal
        pure
    {
        if (number == NONE || position.lots == 0) {
            Directory memory directory = readDirectory(frame, account);
            if (number == NONE) number = directory.placeOf(0, NONE);
            directory.setSeriesAt(number, position.series);
            frame.put(Layout.directoryKey(account), AccountLeaves.encodeDirectory(directory));
        }
        LeafKey key = Layout.positionsKey(account, number);
        frame.put(key, AccountLeaves.withPosition(frame.get(key), number & 7, position));
    }

    /// @notice The row of an underlying with one contribution replaced, both valued at the state of the series, and its risk
    /// leaf: empty unless the account is under portfolio margin (M-4, M-13).
    function replaceContribution(
        Frame memory frame,
        uint256 account,
        Hot memory hot,
        Market memory market,
        Position memory old,
        Position memory moved
    ) internal pure returns (RiskRow memory row, bytes memory risk) {
        uint256 underlying = market.terms.underlying;
        RiskRow memory was = hot.rows[underlying];
        row = RiskRow(was.epoch, was.positions, was.value, was.initial, was.maintenance);
        if (was.positions == 0) row.epoch = market.prices.rows[underlying].epoch;
        _add(hot, row, moved, market.state, 1);
        _add(hot, row, old, market.state, -1);
        if (!Risk.isPortfolio(hot)) return (row, risk);
        AccountRisk memory leaf = readRisk(frame, account, underlying, was.positions);
        shiftRisk(frame, market, leaf, old.lots, moved.lots);
        (row.initial, row.maintenance) = Portfolio.weighRisk(leaf);
        risk = AccountLeaves.encodeRisk(leaf);
    }

    /// @notice The risk leaf of a row with so many positions: without any it begins anew (S-22).
    function readRisk(Frame memory frame, uint256 account, uint256 underlying, uint256 positions)
        internal
        pure
        returns (AccountRisk memory)
    {
        bytes memory value = frame.get(Layout.accountRiskKey(account, underlying));
        return AccountLeaves.decodeRisk(positions != 0 ? value : bytes(""));
    }

    /// @notice Let the lots of a series be `moved` instead of `before` in a risk leaf; reads the risk of the series. What is
    /// settled moves no more: it adds nothing, and nothing is read (M-13).
    function shiftRisk(Frame memory frame, Market memory market, AccountRisk memory leaf, int256 before, int256 moved)
        internal
        pure
    {
        if (market.state.status == Risk.SETTLED) return;
        bytes memory value = frame.get(Layout.seriesRiskKey(market.series));
        uint256 referencePrice = market.prices.rows[market.terms.underlying].referencePrice;
        LotRisk memory lot = market.lot;
        Portfolio.measureLot(lot, market.terms, value, referencePrice);
        if (market.state.status == Risk.EXPIRED) Portfolio.replaceLosses(leaf, before, moved, lot);
        else Portfolio.replaceLots(leaf, before, moved, lot);
    }

    /// @dev Adds the contribution of a position to a row (`sign` 1), or takes it out (-1); the new one goes in first, so no
    /// sum is negative on the way.
    function _add(Hot memory hot, RiskRow memory row, Position memory position, SeriesState memory state, int256 sign)
        private
        pure
    {
        if (position.lots == 0) return;
        (int256 value, int256 initial, int256 maintenance) = Risk.contribute(hot, position, state);
        row.positions = uint8(uint256(int256(uint256(row.positions)) + sign));
        row.value = int64(row.value + sign * value);
        row.initial = uint64(uint256(int256(uint256(row.initial)) + sign * initial));
        row.maintenance = uint64(uint256(int256(uint256(row.maintenance)) + sign * maintenance));
    }

    /// @notice Give the hot leaf another row, and make its version one higher (M-4, O-7).
    function setRow(Hot memory hot, uint256 underlying, RiskRow memory row) internal pure {
        hot.rows[underlying] = row;
        hot.version = uint32(uint256(hot.version) + 1);
    }

    function _abs(int256 number) private pure returns (int256) {
        return number < 0 ? -number : number;
    }
}
