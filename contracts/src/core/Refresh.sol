// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Frame, Frames} from "../steps/Frames.sol";
import {AccountRisk, Directory, Hot, Position, Positions as Page, RiskRow} from "../types/Account.sol";
import {Phase} from "../types/Family.sol";
import {LeafKey} from "../types/LeafKey.sol";
import {Prices, SeriesState, SeriesTerms} from "../types/Market.sol";
import {RefreshRow, RefreshTask} from "../types/Task.sol";
import {AccountLeaves} from "./AccountLeaves.sol";
import {Cash} from "./Cash.sol";
import {Layout} from "./Layout.sol";
import {MarketLeaves} from "./MarketLeaves.sol";
import {Portfolio} from "./Portfolio.sol";
import {Market, Positions} from "./Positions.sol";
import {Risk} from "./Risk.sol";
import {TaskLeaves} from "./TaskLeaves.sol";

/// @notice The page of positions at hand while an account is revalued.
/// @param key Its key.
/// @param page Its positions.
/// @param isChanged Whether funding of one of them was settled.
/// @param hot The hot leaf of the account.
/// @param market The series at hand, as far as `MarketLeaves.readValuation` reads it, and the prices of now.
/// @param risks The risk leaves of the underlyings in `known`; none unless the account is under portfolio margin.
/// @param known A mask of the underlyings whose risk leaf was read.
struct Sheet {
    LeafKey key;
    Page page;
    bool isChanged;
    Hot hot;
    Market market;
    AccountRisk[] risks;
    uint256 known;
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
        RefreshTask memory task = TaskLeaves.decodeRefreshTask(frame.get(Layout.REFRESH));
        Prices memory prices = Risk.readPrices(frame);
        Hot memory hot = Risk.readHot(frame, task.account);
        Sheet memory sheet = _openSheet(hot, prices);
        Directory memory directory = Positions.readDirectory(frame, task.account);
        uint256 left = directory.countFrom(task.next);
        (uint256 number, int256 cash) = _walk(frame, task, sheet, directory, left);
        _storeRisks(frame, task.account, sheet);
        if (left > REFRESH_POSITIONS) {
            task.next = uint8(number);
            frame.put(Layout.REFRESH, TaskLeaves.encodeRefreshTask(task));
        } else {
            cash -= _payFee(frame, task.resume, directory.countFrom(0));
            _setRows(frame, sheet, task);
            frame.phase = task.resume;
        }
        Cash.changeCash(frame, task.account, hot, cash);
        frame.put(Layout.hotKey(task.account), AccountLeaves.encodeHot(hot));
    }

    function _openSheet(Hot memory hot, Prices memory prices) private pure returns (Sheet memory) {
        Page memory none;
        AccountRisk[] memory risks = new AccountRisk[](Risk.isPortfolio(hot) ? Risk.ROWS : 0);
        SeriesTerms memory terms;
        SeriesState memory state;
        return Sheet(LeafKey.wrap(0), none, false, hot, Market(0, terms, state, prices, 0, false), risks, 0);
    }

    /// @dev Revalues the next positions; returns the number after the last one, and the cash that they move.
    function _walk(
        Frame memory frame,
        RefreshTask memory task,
        Sheet memory sheet,
        Directory memory directory,
        uint256 left
    ) private pure returns (uint256 number, int256 cash) {
        number = task.next;
        for (uint256 done = 0; done < REFRESH_POSITIONS && done < left; ++number) {
            if (directory.seriesAt(number) == 0) continue;
            LeafKey key = Layout.positionsKey(task.account, number);
            if (key != sheet.key) {
                _flush(frame, sheet);
                (sheet.key, sheet.isChanged) = (key, false);
                sheet.page = AccountLeaves.decodePositions(frame.get(key));
            }
            cash += _revalue(frame, task, sheet, sheet.page.rows[number & 7]);
            ++done;
        }
        _flush(frame, sheet);
    }

    /// @dev Writes a page if funding of a position on it was settled.
    function _flush(Frame memory frame, Sheet memory sheet) private pure {
        if (sheet.isChanged) frame.put(sheet.key, AccountLeaves.encodePositions(sheet.page));
    }

    /// @dev Settles the funding of one position and adds it to the sums; returns the cash it moves.
    function _revalue(Frame memory frame, RefreshTask memory task, Sheet memory sheet, Position memory position)
        private
        pure
        returns (int256 cash)
    {
        Market memory market = sheet.market;
        market.series = position.series;
        bytes memory terms = frame.get(Layout.termsKey(position.series));
        bytes memory state = frame.get(Layout.seriesKey(position.series));
        MarketLeaves.readValuation(terms, state, market.terms, market.state);
        if (position.fundingIndex != market.state.fundingIndex) {
            cash = int256(position.lots) * (int256(position.fundingIndex) - market.state.fundingIndex);
            position.fundingIndex = market.state.fundingIndex;
            sheet.isChanged = true;
        }
        (int256 value, int256 initial, int256 maintenance) = Risk.contribute(sheet.hot, position, market.state);
        RefreshRow memory row = task.rows[market.terms.underlying];
        if (sheet.risks.length != 0) _addRisk(frame, task.account, sheet, market, row.positions, position.lots);
        row.positions += 1;
        row.value = int64(row.value + value);
        row.initial = uint64(uint256(int256(uint256(row.initial)) + initial));
        row.maintenance = uint64(uint256(int256(uint256(row.maintenance)) + maintenance));
    }

    /// @dev Adds a position to the risk of its underlying, of which the task has counted `positions` before.
    function _addRisk(
        Frame memory frame,
        uint256 account,
        Sheet memory sheet,
        Market memory market,
        uint256 positions,
        int256 lots
    ) private pure {
        uint256 underlying = market.terms.underlying;
        if (sheet.known >> underlying & 1 == 0) {
            sheet.known |= uint256(1) << underlying;
            sheet.risks[underlying] = Positions.readRisk(frame, account, underlying, positions);
        }
        Positions.shiftRisk(frame, market, sheet.risks[underlying], 0, lots);
    }

    /// @dev Writes the risk leaves that have changed.
    function _storeRisks(Frame memory frame, uint256 account, Sheet memory sheet) private pure {
        for (uint256 i = 0; i < sheet.risks.length; ++i) {
            if (sheet.known >> i & 1 == 0) continue;
            frame.put(Layout.accountRiskKey(account, i), AccountLeaves.encodeRisk(sheet.risks[i]));
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
    function _setRows(Frame memory frame, Sheet memory sheet, RefreshTask memory task) private pure {
        for (uint256 i = 0; i < Risk.ROWS; ++i) {
            if (sheet.hot.rows[i].positions == 0) continue;
            RefreshRow memory row = task.rows[i];
            if (sheet.risks.length != 0) {
                AccountRisk memory risk = Positions.readRisk(frame, task.account, i, row.positions);
                (row.initial, row.maintenance) = Portfolio.weighRisk(risk);
            }
            sheet.hot.rows[i] =
                RiskRow(sheet.market.prices.rows[i].epoch, row.positions, row.value, row.initial, row.maintenance);
        }
    }
}
