// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccountLeaves} from "../../src/core/AccountLeaves.sol";
import {Average} from "../../src/core/Averages.sol";
import {MarketLeaves} from "../../src/core/MarketLeaves.sol";
import {LotRisk, Portfolio} from "../../src/core/Portfolio.sol";
import {Moves, Scenarios, Valuation} from "../../src/core/Scenarios.sol";
import {AccountRisk} from "../../src/types/Account.sol";
import {SurfaceNode} from "../../src/types/Surface.sol";

/// @notice The arithmetic of portfolio margin, for the comparison with the twin.
contract PortfolioCodec {
    /// @dev As the twin has it, where gains fit.
    struct PlainMoves {
        uint256 mark;
        int256 delta;
        int256[32] gains;
        bool fits;
    }

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
        LotRisk memory lot;
        Portfolio.measureLot(lot, MarketLeaves.decodeSeriesTerms(terms), series, referencePrice);
        if (isOver) Portfolio.replaceLosses(risk, before, moved, lot);
        else Portfolio.replaceLots(risk, before, moved, lot);
        (initial, maintenance) = Portfolio.weighRisk(risk);
        leaf = AccountLeaves.encodeRisk(risk);
    }

    /// @notice What some lots of a linear series gain in each scenario.
    function valueLinear(uint256 worth, uint256 parts, uint256 scanPpm)
        external
        pure
        returns (int256[32] memory, bool)
    {
        Moves memory moves = Scenarios.valueLinear(worth, parts, scanPpm);
        return (_unpack(moves.gains), moves.fits);
    }

    /// @notice Mark, delta and gains of call and put under one volatility; the numbers are forward, strike, lots per unit, scan
    /// range, ms left, and what is known of the average.
    function valueStrike(uint256[7] calldata numbers, uint16 volatility)
        external
        pure
        returns (PlainMoves memory call, PlainMoves memory put)
    {
        SurfaceNode[] memory smile = new SurfaceNode[](1);
        smile[0].volatility = volatility;
        (uint256 forward, uint256 strike, uint256 lots) = (numbers[0], numbers[1], numbers[2]);
        Average memory average = Average(numbers[5], numbers[6]);
        Valuation memory valuation = Valuation(forward, strike, lots, smile, numbers[4], numbers[3], average);
        (Moves memory calls, Moves memory puts) = Scenarios.valueStrike(valuation);
        return (_plain(calls), _plain(puts));
    }

    function _plain(Moves memory moves) private pure returns (PlainMoves memory) {
        return PlainMoves(moves.mark, moves.delta, _unpack(moves.gains), moves.fits);
    }

    function _unpack(uint256[5] memory gains) private pure returns (int256[32] memory plain) {
        for (uint256 i = 0; i < 32; ++i) {
            plain[i] = int32(uint32(gains[i / 8] >> 224 - 32 * (i % 8)));
        }
    }
}
