// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Frame, Frames} from "../steps/Frames.sol";
import {AccountRisk, Directory, Hot, Position, RiskRow} from "../types/Account.sol";
import {Phase} from "../types/Family.sol";
import {LeafKey} from "../types/LeafKey.sol";
import {RefreshRow, RefreshTask} from "../types/Task.sol";
import {AccountLeaves} from "./AccountLeaves.sol";
import {Cash} from "./Cash.sol";
import {Layout} from "./Layout.sol";
import {MarketLeaves} from "./MarketLeaves.sol";
import {Portfolio} from "./Portfolio.sol";
import {Market, Positions} from "./Positions.sol";
import {Risk} from "./Risk.sol";
import {TaskLeaves} from "./TaskLeaves.sol";

/// @notice An account while it is revalued, and the page and position at hand.
/// @param task Whose sums go on.
/// @param directory Of the account.
/// @param hot Its hot leaf.
/// @param key The key of the page.
/// @param page Its positions, as bytes.
/// @param isChanged Whether funding of one of them was settled, so that the page is a copy.
/// @param position The position.
/// @param market Its series, as far as `MarketLeaves.readValuation` reads it, and the prices of now.
/// @param risks The risk leaves of the underlyings in `known`; none unless the account is under portfolio margin.
/// @param known A mask of the underlyings whose risk leaf was read.
/// @param cash What the positions moved.
struct Sheet {
    RefreshTask task;
    Directory directory;
    Hot hot;
    LeafKey key;
    bytes page;
    bool isChanged;
    Position position;
    Market market;
    AccountRisk[] risks;
    uint256 known;
    int256 cash;
}

/// @notice The revaluation of one account at the prices of now: a task of at most four steps (docs/spec.md M-11).
/// @custom:twin rollup_node/core/refresh.py
library Refresh {
    using AccountLeaves for Directory;
    using Frames for Frame;

    uint256 internal constant REFRESH_POSITIONS = 32;
    uint256 internal constant FREE_POSITIONS = 8;
    uint256 internal constant FEE_PER_POSITION_USDC = 100;

    /// @notice Put the machine in phase REFRESH for an account; `resume` is the phase after it.
    function beginRefresh(Frame memory frame, uint32 account, uint8 resume) internal pure {
        frame.get(Layout.REFRESH);
        bytes memory sums = new bytes(TaskLeaves.REFRESH_TASK_BYTES - 6);
        frame.put(Layout.REFRESH, abi.encodePacked(account, uint8(0), resume, sums));
        frame.phase = Phase.REFRESH;
    }

    /// @notice Revalue up to 32 positions of the account in the task; the last step writes the rows.
    function refresh(Frame memory frame) internal pure {
        Sheet memory sheet = _openSheet(frame);
        RefreshTask memory task = sheet.task;
        uint256 left = sheet.directory.countFrom(task.next);
        uint256 number = _walk(frame, sheet, task.next, left < REFRESH_POSITIONS ? left : REFRESH_POSITIONS);
        _storeRisks(frame, sheet);
        if (left > REFRESH_POSITIONS) {
            task.next = uint8(number);
            frame.put(Layout.REFRESH, TaskLeaves.encodeRefreshTask(task));
        } else {
            sheet.cash -= _payFee(frame, task.resume, sheet.directory.countFrom(0));
            _setRows(frame, sheet);
            frame.phase = task.resume;
        }
        Cash.changeCash(frame, task.account, sheet.hot, sheet.cash);
        frame.put(Layout.hotKey(task.account), AccountLeaves.encodeHot(sheet.hot));
    }

    function _openSheet(Frame memory frame) private pure returns (Sheet memory sheet) {
        sheet.task = TaskLeaves.decodeRefreshTask(frame.get(Layout.REFRESH));
        sheet.market.prices = Risk.readPrices(frame);
        sheet.hot = Risk.readHot(frame, sheet.task.account);
        sheet.risks = new AccountRisk[](Risk.isPortfolio(sheet.hot) ? Risk.ROWS : 0);
        sheet.directory = Positions.readDirectory(frame, sheet.task.account);
    }

    /// @dev Revalues so many positions; returns the number after the last one.
    function _walk(Frame memory frame, Sheet memory sheet, uint256 number, uint256 left)
        private
        pure
        returns (uint256)
    {
        unchecked {
            for (; left != 0; ++number) {
                if (sheet.directory.seriesAt(number) == 0) continue;
                LeafKey key = Layout.positionsKey(sheet.task.account, number);
                if (key != sheet.key) {
                    _flush(frame, sheet);
                    (sheet.key, sheet.isChanged, sheet.page) = (key, false, frame.get(key));
                }
                _revalue(frame, sheet, number & 7);
                --left;
            }
        }
        _flush(frame, sheet);
        return number;
    }

    /// @dev Writes a page if funding of a position on it was settled.
    function _flush(Frame memory frame, Sheet memory sheet) private pure {
        if (sheet.isChanged) frame.put(sheet.key, sheet.page);
    }

    /// @dev Settles the funding of the position in a place of the page and adds it to the sums.
    /// Unchecked: lots have 24 bits, prices and indices 64, sums of values 62 (M-4).
    function _revalue(Frame memory frame, Sheet memory sheet, uint256 place) private pure {
        Position memory position = sheet.position;
        AccountLeaves.readPosition(sheet.page, place, position);
        Market memory market = sheet.market;
        market.series = position.series;
        bytes memory terms = frame.get(Layout.termsKey(market.series));
        bytes memory state = frame.get(Layout.seriesKey(market.series));
        MarketLeaves.readValuation(terms, state, market.terms, market.state);
        unchecked {
            int256 paid = int256(position.fundingIndex) - market.state.fundingIndex;
            if (paid != 0) {
                sheet.cash += position.lots * paid;
                if (!sheet.isChanged) (sheet.isChanged, sheet.page) = (true, AccountLeaves.copyPage(sheet.page));
                AccountLeaves.setFundingIndex(sheet.page, place, market.state.fundingIndex);
            }
            RefreshRow memory row = sheet.task.rows[market.terms.underlying];
            if (sheet.risks.length != 0) _addRisk(frame, sheet, row.positions);
            row.positions += 1;
            (int256 value, int256 initial, int256 maintenance) = Risk.contribute(sheet.hot, position, market.state);
            row.value = int64(row.value + value);
            row.initial = uint64(row.initial + uint256(initial));
            row.maintenance = uint64(row.maintenance + uint256(maintenance));
        }
    }

    /// @dev Adds the position to the risk of its underlying, of which the task has counted `positions` before.
    function _addRisk(Frame memory frame, Sheet memory sheet, uint256 positions) private pure {
        uint256 underlying = sheet.market.terms.underlying;
        if (sheet.known >> underlying & 1 == 0) {
            sheet.known |= uint256(1) << underlying;
            sheet.risks[underlying] = Positions.readRisk(frame, sheet.task.account, underlying, positions);
        }
        Positions.shiftRisk(frame, sheet.market, sheet.risks[underlying], 0, sheet.position.lots);
    }

    /// @dev Writes the risk leaves that have changed.
    function _storeRisks(Frame memory frame, Sheet memory sheet) private pure {
        for (uint256 i = 0; i < sheet.risks.length; ++i) {
            if (sheet.known >> i & 1 == 0) continue;
            frame.put(Layout.accountRiskKey(sheet.task.account, i), AccountLeaves.encodeRisk(sheet.risks[i]));
        }
    }

    /// @dev What a refresh costs, paid to the fees: by who trades or leaves, or rests an order that is met. What others do
    /// to an account costs it nothing.
    function _payFee(Frame memory frame, uint256 resume, uint256 positions) private pure returns (int256 fee) {
        bool isAsked = resume == Phase.TAKE || resume == Phase.LEG || resume == Phase.LEAVE || resume == Phase.RFQ;
        if (!isAsked || positions <= FREE_POSITIONS) return 0;
        fee = int256(FEE_PER_POSITION_USDC * (positions - FREE_POSITIONS));
        Cash.addFees(frame, fee);
    }

    /// @dev Makes all rows that have positions current. Reads the risk leaf of each of them, if there are any.
    function _setRows(Frame memory frame, Sheet memory sheet) private pure {
        for (uint256 i = 0; i < Risk.ROWS; ++i) {
            if (sheet.hot.rows[i].positions == 0) continue;
            RefreshRow memory row = sheet.task.rows[i];
            if (sheet.risks.length != 0) {
                if (sheet.known >> i & 1 == 0) {
                    sheet.risks[i] = Positions.readRisk(frame, sheet.task.account, i, row.positions);
                }
                (row.initial, row.maintenance) = Portfolio.weighRisk(sheet.risks[i]);
            }
            sheet.hot.rows[i] =
                RiskRow(sheet.market.prices.rows[i].epoch, row.positions, row.value, row.initial, row.maintenance);
        }
    }
}
