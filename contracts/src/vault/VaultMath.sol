// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {FixedPoint} from "../core/FixedPoint.sol";
import {VaultEnd, VaultResult, VaultTerms} from "../types/Vault.sol";

/// @notice Prices of shares and fees of an option vault. Every division is in docs/rounding.md; none favours who asks.
/// @dev With 10^6 virtual shares and one virtual unit of the asset, so no division is by zero and no donation pays
/// (docs/security.md).
library VaultMath {
    uint256 internal constant VIRTUAL_SHARES = 1e6;
    /// @dev A share price is in units of the asset for this many shares.
    uint256 internal constant PRICE_SHARES = 1e24;
    /// @dev At par a unit of the asset has 10^6 shares.
    uint256 internal constant PAR = PRICE_SHARES / VIRTUAL_SHARES;
    uint256 internal constant PPM = 1e6;
    uint256 private constant YEAR_SECONDS = 365 days;

    /// @notice Shares of a deposit, rounded down.
    function sharesOf(uint256 assets, uint256 managed, uint256 supply) internal pure returns (uint256) {
        return FixedPoint.divDown(assets * (supply + VIRTUAL_SHARES), managed + 1);
    }

    /// @notice Assets of a redemption, rounded down.
    function assetsOf(uint256 shares, uint256 managed, uint256 supply) internal pure returns (uint256) {
        return FixedPoint.divDown(shares * (managed + 1), supply + VIRTUAL_SHARES);
    }

    /// @notice Price of a share.
    function priceOf(uint256 managed, uint256 supply, Math.Rounding rounding) internal pure returns (uint256) {
        return Math.mulDiv(managed + 1, PRICE_SHARES, supply + VIRTUAL_SHARES, rounding);
    }

    /// @notice Whether shares are worth less than a millionth of par.
    function isTotalLoss(uint256 managed, uint256 supply) internal pure returns (bool) {
        return managed * VIRTUAL_SHARES * PPM < supply;
    }

    /// @notice End an epoch: fees, each rounded down and together at most what was received, then the conversions.
    /// @param elapsed Seconds that the management fee is for.
    function endOf(VaultEnd memory end, VaultTerms memory terms, uint256 elapsed)
        internal
        pure
        returns (VaultResult memory result)
    {
        if (end.supply == 0) (result.management, result.mark) = (end.received, PAR);
        else _takeFees(end, terms, elapsed, result);
        result.isTotalLoss = isTotalLoss(result.managed + end.stayed, end.supply);
        uint256 redeems = end.redeems;
        if (result.isTotalLoss) {
            redeems += end.lateRedeems;
            (result.minted, result.mark) = (sharesOf(end.deposits, 0, 0), PAR);
        } else {
            result.minted = sharesOf(end.deposits, result.managed + end.stayed, end.supply);
        }
        result.paid = assetsOf(redeems, result.managed, end.supply);
    }

    /// @dev Changes `result`.
    function _takeFees(VaultEnd memory end, VaultTerms memory terms, uint256 elapsed, VaultResult memory result)
        private
        pure
    {
        uint256 left = end.received;
        if (end.cranks != 0) {
            result.perCrank = Math.min(terms.crankFee, Math.mulDiv(left, terms.crankPpm, PPM) / end.cranks);
            left -= result.perCrank * end.cranks;
        }
        uint256 yearly = terms.managementPpm * elapsed;
        result.management = Math.min(left, Math.mulDiv(end.received, yearly, PPM * YEAR_SECONDS));
        left -= result.management;
        uint256 free = Math.mulDiv(end.mark, end.supply + VIRTUAL_SHARES, PRICE_SHARES, Math.Rounding.Ceil);
        if (left + 1 > free) result.performance = Math.mulDiv(left + 1 - free, terms.performancePpm, PPM);
        result.managed = left - result.performance;
        result.mark = Math.max(end.mark, priceOf(result.managed, end.supply, Math.Rounding.Ceil));
    }
}
