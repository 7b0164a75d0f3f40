// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Frame, Frames} from "../steps/Frames.sol";
import {Hot, Position, RiskRow} from "../types/Account.sol";
import {AssetRow, AssetTerms, PriceRow, Prices, SeriesState} from "../types/Market.sol";
import {Reason} from "../types/Reason.sol";
import {AccountLeaves} from "./AccountLeaves.sol";
import {Cash} from "./Cash.sol";
import {FixedPoint} from "./FixedPoint.sol";
import {Flags} from "./Flags.sol";
import {Layout} from "./Layout.sol";
import {MarketLeaves} from "./MarketLeaves.sol";

/// @notice What an account is worth and what it must be worth: equity, margins, models of risk (docs/spec.md M-4 to M-10).
/// @dev Mode 1 is the portfolio model, whose rows require what their risk leaves say; every other one the standard model.
/// Sums and products are unchecked: amounts have at most 96 bits, prices and rows 64, weights 32, a
/// drift 84, powers of ten 120, so nothing reaches 2^200 (M-4).
/// @custom:twin rollup_node/core/risk.py
library Risk {
    using Frames for Frame;

    uint256 internal constant PPM = 1_000_000;
    uint256 internal constant STALE_MS = 60_000;
    uint256 internal constant MAX_DRIFT_PPM = 20_000;
    uint256 internal constant BASE_FACTOR_PPM = 1_020_000;
    uint256 internal constant DRIFT_FACTOR = 8;
    uint256 internal constant MAX_EXPONENT = 36;
    uint256 internal constant ROWS = 8;
    uint8 internal constant EXPIRED = 3;
    uint8 internal constant SETTLED = 4;
    uint8 internal constant PORTFOLIO = 1;

    /// @notice How far the index is from the reference, rounded up; 10^6 without a reference.
    function computeDriftPpm(PriceRow memory price) internal pure returns (uint256) {
        uint256 ref = price.referencePrice;
        uint256 index = price.indexPrice;
        if (ref == 0) return PPM;
        unchecked {
            return FixedPoint.divUp((index > ref ? index - ref : ref - index) * PPM, ref);
        }
    }

    /// @notice Whether a price is older than 60 s: its index, or the reprice that used it.
    function isStale(PriceRow memory price, uint256 timeMs) internal pure returns (bool) {
        return timeMs > uint256(price.pricedMs) + STALE_MS || timeMs > uint256(price.indexMs) + STALE_MS;
    }

    /// @notice Whether only risk-reducing fills are allowed, and nothing leaves (M-6, M-9): a jump that waits for its
    /// confirmation is news that the marks do not know yet.
    function isRestricted(PriceRow memory price, uint256 timeMs) internal pure returns (bool) {
        return price.pending != 0 || isOutdated(price, timeMs);
    }

    /// @notice Whether the marks are too old, or too far from the index (M-6).
    function isOutdated(PriceRow memory price, uint256 timeMs) internal pure returns (bool) {
        return isStale(price, timeMs) || computeDriftPpm(price) > MAX_DRIFT_PPM;
    }

    /// @notice Whether an account is under portfolio margin, so that its rows have risk leaves (M-10).
    function isPortfolio(Hot memory hot) internal pure returns (bool) {
        return hot.mode == PORTFOLIO;
    }

    /// @notice What a position adds to a row, in µUSDC, exact (M-4). A long option requires its whole mark, so it carries
    /// nothing else (M-12). What it requires under portfolio margin is in the risk leaf (M-13).
    function contribute(Hot memory hot, Position memory position, SeriesState memory state)
        internal
        pure
        returns (int256 value, int256 initial, int256 maintenance)
    {
        unchecked {
            int256 lots = position.lots;
            int256 mark = int256(uint256(state.mark));
            value = lots * mark - position.basis;
            if (isPortfolio(hot)) return (value, 0, 0);
            if (lots > 0 && position.series >= Layout.FIRST_OPTION) {
                initial = state.status == SETTLED ? int256(0) : lots * mark;
                return (value, initial, initial);
            }
            int256 size = lots < 0 ? -lots : lots;
            initial = size * int256(uint256(state.initial));
            maintenance = size * int256(uint256(state.maintenance));
        }
    }

    /// @notice Initial margin of a row, rounded up (M-5).
    function requireInitial(RiskRow memory row, PriceRow memory price) internal pure returns (uint256) {
        unchecked {
            return
                FixedPoint.divUp(uint256(row.initial) * (BASE_FACTOR_PPM + DRIFT_FACTOR * computeDriftPpm(price)), PPM);
        }
    }

    /// @notice Hot leaf of an account; one that never traded is its own group.
    function readHot(Frame memory frame, uint256 account) internal pure returns (Hot memory hot) {
        bytes memory value = frame.get(Layout.hotKey(account));
        hot = AccountLeaves.decodeHot(value);
        if (value.length == 0) hot.group = uint32(account);
    }

    function readPrices(Frame memory frame) internal pure returns (Prices memory) {
        return MarketLeaves.decodePrices(frame.get(Layout.PRICES));
    }

    function readAssets(Frame memory frame) internal pure returns (AssetTerms memory) {
        return MarketLeaves.decodeAssetTerms(frame.get(Layout.ASSETS_TABLE));
    }

    /// @notice Whether all rows with positions are of the epoch of the prices (M-4).
    function isCurrent(Hot memory hot, Prices memory prices) internal pure returns (bool) {
        for (uint256 i = 0; i < ROWS; ++i) {
            RiskRow memory row = hot.rows[i];
            if (row.positions != 0 && row.epoch != prices.rows[i].epoch) return false;
        }
        return true;
    }

    /// @notice Value and initial margin over all rows, in µUSDC (M-5).
    function sumMargins(Hot memory hot, Prices memory prices) internal pure returns (int256 value, int256 initial) {
        unchecked {
            for (uint256 i = 0; i < ROWS; ++i) {
                RiskRow memory row = hot.rows[i];
                if (row.positions == 0) continue;
                value += row.value;
                initial += int256(requireInitial(row, prices.rows[i]));
            }
        }
    }

    /// @notice Maintenance margin, exact (M-5).
    function maintenanceMargin(Hot memory hot) internal pure returns (uint256 total) {
        for (uint256 i = 0; i < ROWS; ++i) {
            if (hot.rows[i].positions != 0) total += hot.rows[i].maintenance;
        }
    }

    /// @notice What a balance counts as collateral, µUSDC, rounded down (M-5).
    function valueAsset(uint256 asset, uint256 amount, AssetTerms memory assets, Prices memory prices)
        internal
        pure
        returns (uint256)
    {
        AssetRow memory row = assets.rows[asset];
        if (amount == 0 || row.underlying >= Layout.UNDERLYING_LIMIT || row.exponent > MAX_EXPONENT) return 0;
        unchecked {
            uint256 counted = (amount < row.cap ? amount : row.cap) * prices.rows[row.underlying].referencePrice;
            return FixedPoint.divDown(counted * row.weightPpm, 10 ** uint256(row.exponent) * PPM);
        }
    }

    /// @notice What the balances besides cash count, µUSDC, each rounded down (M-5).
    function collateralUsdc(int256[4] memory amounts, AssetTerms memory assets, Prices memory prices)
        internal
        pure
        returns (int256 total)
    {
        for (uint256 asset = 1; asset < Layout.ASSETS; ++asset) {
            total += int256(valueAsset(asset, uint256(amounts[asset]), assets, prices));
        }
    }

    /// @notice Whether there is any balance besides cash.
    function hasCollateral(int256[4] memory amounts) internal pure returns (bool) {
        return amounts[1] | amounts[2] | amounts[3] != 0;
    }

    /// @notice The collateral value; reads the asset terms only if there is a balance.
    function readCollateral(Frame memory frame, int256[4] memory amounts, Prices memory prices)
        internal
        pure
        returns (int256)
    {
        return hasCollateral(amounts) ? collateralUsdc(amounts, readAssets(frame), prices) : int256(0);
    }

    /// @notice Cash, collateral and value of all positions, µUSDC, signed (M-5).
    function equityUsdc(Frame memory frame, Hot memory hot, int256[4] memory amounts, Prices memory prices)
        internal
        pure
        returns (int256)
    {
        (int256 value,) = sumMargins(hot, prices);
        return amounts[0] + value + readCollateral(frame, amounts, prices);
    }

    /// @notice Whether equity less `locked` covers IM; reads the asset terms only if cash does not.
    function hasMargin(
        Frame memory frame,
        Hot memory hot,
        int256[4] memory amounts,
        Prices memory prices,
        int256 locked
    ) internal pure returns (bool) {
        (int256 value, int256 initial) = sumMargins(hot, prices);
        unchecked {
            int256 free = amounts[0] + value - locked - initial;
            return free >= 0 || free + readCollateral(frame, amounts, prices) >= 0;
        }
    }

    /// @notice Check that an order with these flags may reserve `reserve` more µUSDC (M-7). Reserves leave IM untouched,
    /// those of reduce-only orders nothing but equity. The rows are current.
    function checkResting(Frame memory frame, uint256 account, Hot memory hot, uint256 reserve, uint256 flags)
        internal
        pure
        returns (Reason)
    {
        Prices memory prices = readPrices(frame);
        int256[4] memory amounts = Cash.readBalances(frame, account);
        int256 locked = int256(uint256(hot.reserve) + reserve);
        if (flags & Flags.REDUCE_ONLY != 0) {
            (, int256 initial) = sumMargins(hot, prices);
            locked -= initial;
        }
        return hasMargin(frame, hot, amounts, prices, locked) ? Reason.OK : Reason.INSUFFICIENT_MARGIN;
    }
}
