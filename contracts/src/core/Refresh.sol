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
        uint256 number = task.next;
        uint256 left = _count(directory, number);
        int256 cash = 0;
        for (uint256 done = 0; done < REFRESH_POSITIONS && done < left; ++number) {
            if (directory.seriesAt(number) == 0) continue;
            cash += _revalue(frame, task, number);
            ++done;
        }
        if (left > REFRESH_POSITIONS) {
            task.next = uint8(number);
            frame.put(Layout.REFRESH, TaskLeaves.encodeRefreshTask(task));
        } else {
            cash -= _payFee(frame, _count(directory, 0));
            _setRows(hot, prices, task);
            frame.phase = task.resume;
        }
        Cash.changeCash(frame, task.account, hot, cash);
        frame.put(Layout.hotKey(task.account), AccountLeaves.encodeHot(hot));
    }

    /// @dev Positions from a number on.
    function _count(Directory memory directory, uint256 start) private pure returns (uint256 count) {
        for (uint256 i = start; i < Layout.POSITION_LIMIT; ++i) {
            if (directory.seriesAt(i) != 0) ++count;
        }
    }

    /// @dev Settles the funding of one position and adds it to the sums; returns the cash it moves.
    function _revalue(Frame memory frame, RefreshTask memory task, uint256 number) private pure returns (int256 cash) {
        LeafKey key = Layout.positionsKey(task.account, number);
        Page memory page = AccountLeaves.decodePositions(frame.get(key));
        Position memory position = page.rows[number & 7];
        uint256 underlying = MarketLeaves.decodeSeriesTerms(frame.get(Layout.termsKey(position.series))).underlying;
        SeriesState memory state = MarketLeaves.decodeSeriesState(frame.get(Layout.seriesKey(position.series)));
        if (position.fundingIndex != state.fundingIndex) {
            cash = int256(position.lots) * (int256(position.fundingIndex) - state.fundingIndex);
            position.fundingIndex = state.fundingIndex;
            frame.put(key, AccountLeaves.encodePositions(page));
        }
        (int256 value, int256 initial, int256 maintenance) = Risk.contribute(position, state);
        RefreshRow memory row = task.rows[underlying];
        row.positions += 1;
        row.value = int64(row.value + value);
        row.initial = uint64(uint256(int256(uint256(row.initial)) + initial));
        row.maintenance = uint64(uint256(int256(uint256(row.maintenance)) + maintenance));
    }

    /// @dev What a refresh costs, paid to the fees.
    function _payFee(Frame memory frame, uint256 positions) private pure returns (int256 fee) {
        if (positions <= FREE_POSITIONS) return 0;
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
