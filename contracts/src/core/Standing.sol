// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Frame, Frames} from "../steps/Frames.sol";
import {Cold, Hot} from "../types/Account.sol";
import {AssetTerms, Credit, Prices} from "../types/Market.sol";
import {Reason} from "../types/Reason.sol";
import {AccountLeaves} from "./AccountLeaves.sol";
import {Cash} from "./Cash.sol";
import {Flags} from "./Flags.sol";
import {Layout} from "./Layout.sol";
import {MarketLeaves} from "./MarketLeaves.sol";
import {Risk} from "./Risk.sol";

/// @notice An account at the prices of now, µUSDC; `cash` and `equity` after the interest due.
struct Standing {
    Prices prices;
    int256[4] amounts;
    int256 cash;
    int256 equity;
    int256 initial;
    int256 maintenance;
}

/// @notice How an account stands against its maintenance margin, and what the insurance does about it (docs/spec.md L-1,
/// L-5, L-6).
/// @custom:twin rollup_node/core/standing.py
library Standings {
    using Frames for Frame;

    /// @dev No liquidation in so long a time after reports came back from a gap.
    uint256 internal constant GRACE_MS = 60_000;
    /// @dev Owns what the fund took; nobody can sign for this address, nor send from it.
    address internal constant FUND_OWNER = address(1);

    /// @notice How an account whose rows are current stands, and whether that may be acted on: STALE_PRICE,
    /// COOLING_DOWN.
    function weighAccount(Frame memory frame, uint256 account, Hot memory hot)
        internal
        pure
        returns (Reason, Standing memory standing)
    {
        standing.prices = Risk.readPrices(frame);
        standing.amounts = Cash.readBalances(frame, account);
        AssetTerms memory assets;
        if (Risk.hasCollateral(standing.amounts)) assets = Risk.readAssets(frame);
        int256 cash = standing.amounts[0];
        cash -= Cash.accruedInterest(cash, hot.interestMs, frame.timeMs);
        int256 value;
        (value, standing.initial) = Risk.sumMargins(hot, standing.prices);
        standing.cash = cash;
        standing.equity = cash + value + Risk.collateralUsdc(standing.amounts, assets, standing.prices);
        standing.maintenance = int256(Risk.maintenanceMargin(hot));
        return (_checkPrices(frame, hot, standing, assets), standing);
    }

    /// @notice Whether a number may be that of an account.
    function isAccount(uint256 account) internal pure returns (bool) {
        return account != 0 && account < Layout.ACCOUNTS_LIMIT;
    }

    /// @notice Whether an account has any position.
    function hasPositions(Hot memory hot) internal pure returns (bool) {
        for (uint256 i = 0; i < Risk.ROWS; ++i) {
            if (hot.rows[i].positions != 0) return true;
        }
        return false;
    }

    /// @notice The underlying whose insurance stands behind an account: that of the largest maintenance margin, the
    /// lowest of equal ones; without positions that of the last one; of an account of the fund the one noted when the
    /// fund took it (L-5).
    function findInsurer(Hot memory hot, Cold memory cold) internal pure returns (uint256 found) {
        if (hot.flags & Flags.FUND != 0) return cold.parent;
        if (!hasPositions(hot)) return cold.insurer;
        uint256 most = 0;
        for (uint256 i = 0; i < Risk.ROWS; ++i) {
            if (hot.rows[i].positions != 0 && hot.rows[i].maintenance > most) {
                (found, most) = (i, hot.rows[i].maintenance);
            }
        }
    }

    /// @notice Note whose insurance stands behind an account whose last position left it with a debt. Whoever takes a
    /// position of an account calls this, `hot` and balances are those after it (L-5).
    function noteInsurer(Frame memory frame, uint256 account, Hot memory hot, uint256 underlying) internal pure {
        bool isOther = Cash.readBalances(frame, account)[0] >= 0 || hasPositions(hot);
        if (isOther || hot.flags & Flags.FUND != 0) return;
        Cold memory cold = readCold(frame, account);
        cold.insurer = uint8(underlying);
        frame.put(Layout.coldKey(account), AccountLeaves.encodeCold(cold));
    }

    function readCold(Frame memory frame, uint256 account) internal pure returns (Cold memory) {
        return AccountLeaves.decodeCold(frame.get(Layout.coldKey(account)));
    }

    /// @notice Let an account that is cured go; the cold leaf was read (L-2).
    function release(Frame memory frame, uint256 account, Hot memory hot, Cold memory cold) internal pure {
        if (hot.flags & Flags.LIQUIDATING == 0) return;
        hot.flags &= ~uint8(Flags.LIQUIDATING | Flags.SALE);
        (cold.liquidatedMs, cold.auctionMs) = (0, 0);
        frame.put(Layout.hotKey(account), AccountLeaves.encodeHot(hot));
        frame.put(Layout.coldKey(account), AccountLeaves.encodeCold(cold));
    }

    /// @notice Pay `missing` > 0 to an account: from the insurance, what it lacks is deficit (L-6). Changes `hot`, which
    /// the caller writes.
    function cover(Frame memory frame, uint256 account, Hot memory hot, int256 missing, uint256 insurer) internal pure {
        int256 paid = readInsurance(frame, insurer);
        if (paid > missing) paid = missing;
        Credit memory credit = MarketLeaves.decodeCredit(frame.get(Layout.CREDIT));
        if (paid != 0) Cash.addInsurance(frame, insurer, -paid);
        if (missing > paid) {
            credit.deficit += uint128(uint256(missing - paid));
            frame.put(Layout.CREDIT, MarketLeaves.encodeCredit(credit));
        }
        Cash.changeCash(frame, account, hot, missing);
    }

    /// @notice What the insurance fund of an underlying holds.
    function readInsurance(Frame memory frame, uint256 insurer) internal pure returns (int256) {
        return int256(uint256(MarketLeaves.decodePools(frame.get(Layout.POOLS)).insurance[insurer]));
    }

    /// @notice Let the insurance pay what an account of the fund owes, or take what it has left (L-5). Changes `hot`,
    /// which the caller writes.
    function settleFund(Frame memory frame, uint256 account, Hot memory hot, Cold memory cold, Standing memory standing)
        internal
        pure
    {
        uint256 insurer = findInsurer(hot, cold);
        if (standing.equity < 0) {
            cover(frame, account, hot, -standing.equity, insurer);
        } else if (standing.cash > 0 && !hasPositions(hot)) {
            Cash.addInsurance(frame, insurer, standing.cash);
            Cash.changeCash(frame, account, hot, -standing.cash);
        }
    }

    /// @dev Each price that counts is fresh, and was not gone for long until just now.
    function _checkPrices(Frame memory frame, Hot memory hot, Standing memory standing, AssetTerms memory assets)
        private
        pure
        returns (Reason)
    {
        for (uint256 u = 0; u < Layout.UNDERLYING_LIMIT; ++u) {
            bool counts = hot.rows[u].positions != 0;
            for (uint256 asset = 1; asset < Layout.ASSETS; ++asset) {
                if (standing.amounts[asset] != 0 && assets.rows[asset].underlying == u) counts = true;
            }
            if (!counts) continue;
            if (Risk.isStale(standing.prices.rows[u], frame.timeMs)) return Reason.STALE_PRICE;
            uint256 resumedMs = MarketLeaves.decodeUnderlying(frame.get(Layout.underlyingKey(u))).resumedMs;
            if (resumedMs != 0 && frame.timeMs < resumedMs + GRACE_MS) return Reason.COOLING_DOWN;
        }
        return Reason.OK;
    }
}
