// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Directory, Position} from "../types/Account.sol";
import {AssetRate, ExitBooks, SeriesMark} from "../types/Exit.sol";
import {AssetRow, AssetTerms, Prices} from "../types/Market.sol";
import {FixedPoint} from "./FixedPoint.sol";
import {Layout} from "./Layout.sol";
import {Risk} from "./Risk.sol";

/// @notice What accounts are worth in the exit state, what a debt takes, and what claims get (docs/spec.md E-5 to E-7).
/// @custom:twin rollup_node/core/exit_claims.py
library ExitClaims {
    /// @notice What a position adds to cash, in µUSDC, exact: M-4 with the funding that is due.
    function valueOf(Position memory position, SeriesMark memory series) internal pure returns (int256) {
        int256 perLot = int256(uint256(series.mark)) + position.fundingIndex - series.fundingIndex;
        return position.lots * perLot - position.basis;
    }

    /// @notice Whether none of the eight positions from `number` on, the first one of a page, has a series.
    function isPageFree(Directory memory directory, uint256 number) internal pure returns (bool) {
        uint256 word = directory.words[number >> 4];
        return (number & 8 == 0 ? word >> 128 : word & type(uint128).max) == 0;
    }

    /// @notice What assets 1 to 3 are worth where a debt is covered.
    function ratesOf(AssetTerms memory assets, Prices memory prices) internal pure returns (AssetRate[4] memory rates) {
        for (uint256 asset = 1; asset < Layout.ASSETS; ++asset) {
            AssetRow memory row = assets.rows[asset];
            if (row.underlying >= Layout.UNDERLYING_LIMIT || row.exponent > Risk.MAX_EXPONENT) continue;
            rates[asset] = AssetRate(prices.rows[row.underlying].referencePrice, row.exponent);
        }
    }

    /// @notice Take what covers `debt` out of `amounts`, in the order of the assets; changes `amounts`.
    /// @return covered What is taken is worth this, rounded up, so that who shares it gets no more than the claim.
    /// @return seized What is taken, rounded up.
    function seize(uint256 debt, uint256[4] memory amounts, AssetRate[4] memory rates)
        internal
        pure
        returns (uint256 covered, uint256[4] memory seized)
    {
        for (uint256 asset = 1; asset < Layout.ASSETS; ++asset) {
            AssetRate memory rate = rates[asset];
            if (rate.price == 0) continue;
            uint256 units = 10 ** uint256(rate.exponent);
            uint256 wanted = FixedPoint.divUp(debt * units, rate.price);
            uint256 taken = wanted < amounts[asset] ? wanted : amounts[asset];
            covered += FixedPoint.divUp(taken * rate.price, units);
            debt = taken == wanted ? 0 : debt - FixedPoint.divDown(taken * rate.price, units);
            amounts[asset] -= taken;
            seized[asset] = taken;
        }
    }

    /// @notice What a claim that comes too late to be shared with is cut to: what the others leave.
    function cutLate(ExitBooks storage books, uint256 claim) internal view returns (uint256) {
        (uint256 pool, uint256 claimed) = (books.pool[0], books.claimed);
        uint256 spare = pool > claimed ? pool - claimed : 0;
        return claim < spare ? claim : spare;
    }

    /// @notice USDC that a claim gets once all are known, rounded down.
    function dueUsdc(ExitBooks storage books, uint256 claim) internal view returns (uint256) {
        (uint256 pool, uint256 claimed) = (books.pool[0], books.claimed);
        return claimed <= pool ? claim : FixedPoint.divDown(claim * pool, claimed);
    }

    /// @notice What a claim to USDC gets of the seized collateral, rounded down twice: as much of it as is worth what the
    /// pool lacks.
    function dueSeized(ExitBooks storage books, uint256 claim, uint256 asset) internal view returns (uint256) {
        (uint256 pool, uint256 claimed, uint256 covered) = (books.pool[0], books.claimed, books.covered);
        if (claimed <= pool || covered == 0) return 0;
        uint256 shared = books.seized[asset];
        uint256 missing = claimed - pool;
        if (missing < covered) shared = FixedPoint.divDown(shared * missing, covered);
        return FixedPoint.divDown(claim * shared, claimed);
    }
}
