// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Frame, Frames} from "../steps/Frames.sol";
import {Directory, Hot, Position, Positions as Page, RiskRow} from "../types/Account.sol";
import {Phase} from "../types/Family.sol";
import {LeafKey} from "../types/LeafKey.sol";
import {Prices, SeriesState} from "../types/Market.sol";
import {RefreshRow, RefreshTask} from "../types/Task.sol";
import {AccountLeaves} from "./AccountLeaves.sol";
import {Cash} from "./Cash.sol";
import {Layout} from "./Layout.sol";
import {MarketLeaves} from "./MarketLeaves.sol";
import {Positions} from "./Positions.sol";
import {Risk} from "./Risk.sol";
import {TaskLeaves} from "./TaskLeaves.sol";

/// @notice The page of positions at hand while an account is revalued.
struct Sheet {
    LeafKey key;
    Page page;
    bool isChanged;
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
        Directory memory directory = Positions.readDirectory(frame, task.account);
        uint256 left = _count(directory, task.next);
        (uint256 number, int256 cash) = _walk(frame, task, directory, left);
        if (left > REFRESH_POSITIONS) {
            task.next = uint8(number);
            frame.put(Layout.REFRESH, TaskLeaves.encodeRefreshTask(task));
        } else {
            cash -= _payFee(frame, task.resume, _count(directory, 0));
            _setRows(hot, prices, task);
            frame.phase = task.resume;
        }
        Cash.changeCash(frame, task.account, hot, cash);
        frame.put(Layout.hotKey(task.account), AccountLeaves.encodeHot(hot));
    }

    /// @dev Revalues the next positions; returns the number after the last one, and the cash that they move.
    function _walk(Frame memory frame, RefreshTask memory task, Directory memory directory, uint256 left)
        private
        pure
        returns (uint256 number, int256 cash)
    {
        Sheet memory sheet;
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

    /// @dev Positions from a number on.
    function _count(Directory memory directory, uint256 start) private pure returns (uint256 count) {
        for (uint256 i = start; i < Layout.POSITION_LIMIT; ++i) {
            if (directory.seriesAt(i) != 0) ++count;
        }
    }

    /// @dev Settles the funding of one position and adds it to the sums; returns the cash it moves.
    function _revalue(Frame memory frame, RefreshTask memory task, Sheet memory sheet, Position memory position)
        private
        pure
        returns (int256 cash)
    {
        uint256 underlying = MarketLeaves.decodeSeriesTerms(frame.get(Layout.termsKey(position.series))).underlying;
        SeriesState memory state = MarketLeaves.decodeSeriesState(frame.get(Layout.seriesKey(position.series)));
        if (position.fundingIndex != state.fundingIndex) {
            cash = int256(position.lots) * (int256(position.fundingIndex) - state.fundingIndex);
            position.fundingIndex = state.fundingIndex;
            sheet.isChanged = true;
        }
        (int256 value, int256 initial, int256 maintenance) = Risk.contribute(position, state);
        RefreshRow memory row = task.rows[underlying];
        row.positions += 1;
        row.value = int64(row.value + value);
        row.initial = uint64(uint256(int256(uint256(row.initial)) + initial));
        row.maintenance = uint64(uint256(int256(uint256(row.maintenance)) + maintenance));
    }

    /// @dev What a refresh costs, paid to the fees: by who trades or leaves, or rests an order that is met. What others do
    /// to an account costs it nothing.
    function _payFee(Frame memory frame, uint256 resume, uint256 positions) private pure returns (int256 fee) {
        bool isAsked = resume == Phase.TAKE || resume == Phase.LEG || resume == Phase.LEAVE;
        if (!isAsked || positions <= FREE_POSITIONS) return 0;
        fee = int256(FEE_PER_POSITION_USDC * (positions - FREE_POSITIONS));
        Cash.addFees(frame, fee);
    }

    /// @dev Makes all rows that have positions current.
    function _setRows(Hot memory hot, Prices memory prices, RefreshTask memory task) private pure {
        for (uint256 i = 0; i < Risk.ROWS; ++i) {
            if (hot.rows[i].positions == 0) continue;
            RefreshRow memory row = task.rows[i];
            hot.rows[i] = RiskRow(prices.rows[i].epoch, row.positions, row.value, row.initial, row.maintenance);
        }
    }
}
