// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccountLeaves} from "../../src/core/AccountLeaves.sol";
import {MarketLeaves} from "../../src/core/MarketLeaves.sol";
import {LotRisk, Portfolio} from "../../src/core/Portfolio.sol";
import {Scenarios} from "../../src/core/Scenarios.sol";
import {AccountRisk} from "../../src/types/Account.sol";

/// @notice The arithmetic of portfolio margin, for the comparison with the twin.
contract PortfolioCodec {
    /// @notice The risk leaf of an account after its lots of a series change, and what its row requires.
    function replaceLots(
        bytes calldata account,
        bytes calldata terms,
        bytes calldata series,
        uint256 referencePrice,
        int256 before,
        int256 moved,
        bool isOver
    ) external pure returns (bytes memory leaf, uint64 initial, uint64 maintenance) {
        AccountRisk memory risk = AccountLeaves.decodeRisk(account);
        LotRisk memory lot = Portfolio.measureLot(MarketLeaves.decodeSeriesTerms(terms), series, referencePrice);
        if (isOver) Portfolio.replaceLosses(risk, before, moved, lot);
        else Portfolio.replaceLots(risk, before, moved, lot);
        (initial, maintenance) = Portfolio.weighRisk(risk);
        leaf = AccountLeaves.encodeRisk(risk);
    }

    /// @notice What a lot of a linear series gains in each scenario.
    function valueLinear(uint256 mark, uint256 scanPpm) external pure returns (int32[32] memory) {
        return Scenarios.valueLinear(mark, scanPpm);
    }
}
