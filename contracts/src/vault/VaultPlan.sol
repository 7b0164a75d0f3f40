// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {IOptionVault} from "../interfaces/IOptionVault.sol";
import {VaultAction, VaultTerms} from "../types/Vault.sol";
import {VaultMath} from "./VaultMath.sol";
import {VaultProof} from "./VaultProof.sol";
import {VaultRecords} from "./VaultRecords.sol";

/// @notice What a vault that sells calls does with an account that has no position any more: cash is changed into ETH, or
/// ETH into the cash that is owed, then everything goes home.
library VaultPlan {
    /// @dev 10^18 wei are one unit of the underlying.
    uint256 internal constant ETH_UNITS = 1e18;
    /// @dev A debt that stays keeps collateral of four times its worth: M-9 asks twice, of a part of it.
    uint256 private constant KEPT = 4;

    /// @dev An order: lots, and the tick that bounds it.
    struct Order {
        uint256 lots;
        uint256 tick;
    }

    /// @notice Decide by what was proven. After `maxRounds` conversions what may leave goes home, unless more than half
    /// would stay.
    /// @return action What comes next.
    /// @return amount Lots of an order, wei of a withdrawal.
    /// @return body Of the order; empty for anything else.
    function decide(VaultProof.Opened memory opened, uint32 account, uint256 rounds, VaultTerms memory terms)
        internal
        pure
        returns (VaultAction action, uint256 amount, bytes memory body)
    {
        bool canTrade = opened.indexPrice != 0 && opened.spot.lotsPerUnit != 0;
        bool isDebt = opened.cash < 0;
        uint256 kept = isDebt ? KEPT * worthOf(uint256(-opened.cash), opened.indexPrice) : 0;
        uint256 left = opened.cash > 0 ? worthOf(uint256(opened.cash), opened.indexPrice) : 2 * kept;
        bool staysTooMuch = left > opened.held;
        if (staysTooMuch && !canTrade) revert IOptionVault.NoMarket(terms.spotSeries);
        if (canTrade && (staysTooMuch || rounds < terms.maxRounds)) {
            Order memory order = isDebt ? _sell(opened, terms) : _buy(opened, terms);
            if (order.lots != 0) {
                body = VaultRecords.encodeOrder(
                    account, terms.spotSeries, isDebt, order.tick, order.lots, terms.maxFeePpm
                );
                return (isDebt ? VaultAction.SELL : VaultAction.BUY, order.lots, body);
            }
        }
        amount = opened.held > kept ? opened.held - kept : 0;
        action = amount == 0 ? VaultAction.WRITE_OFF : VaultAction.WITHDRAW;
    }

    /// @notice Wei that `cash` µUSDC is worth, rounded up.
    function worthOf(uint256 cash, uint256 indexPrice) internal pure returns (uint256) {
        return indexPrice == 0 ? 0 : Math.mulDiv(cash, ETH_UNITS, indexPrice, Math.Rounding.Ceil);
    }

    /// @notice What an account is worth to who comes next, in wei: ETH, and cash or debt at an index, rounded up.
    function valueOf(VaultProof.Opened memory opened, uint256 indexPrice) internal pure returns (uint256) {
        if (opened.cash >= 0) return opened.held + worthOf(uint256(opened.cash), indexPrice);
        uint256 debt = indexPrice == 0 ? 0 : Math.mulDiv(uint256(-opened.cash), ETH_UNITS, indexPrice);
        return Math.saturatingSub(opened.held, debt);
    }

    /// @dev As many lots as clear the debt at the worst price, a thousandth of it more for the interest until then.
    function _sell(VaultProof.Opened memory opened, VaultTerms memory terms) private pure returns (Order memory order) {
        (uint256 lotPrice, uint256 slippage) = _lotPrice(opened, terms);
        uint256 unit = opened.spot.unit;
        order.tick =
            Math.max(1, Math.mulDiv(lotPrice, VaultMath.PPM - slippage, VaultMath.PPM * unit, Math.Rounding.Ceil));
        uint256 price = order.tick * unit;
        uint256 net = price - Math.mulDiv(price, terms.maxFeePpm, VaultMath.PPM, Math.Rounding.Ceil);
        uint256 debt = uint256(-opened.cash);
        uint256 least = Math.ceilDiv(opened.spot.minNotional, price);
        uint256 available = Math.mulDiv(opened.held, opened.spot.lotsPerUnit, ETH_UNITS);
        // Less than the smallest order is dust.
        if (net == 0 || available < least || available == 0) return order;
        order.lots = Math.min(Math.max(Math.ceilDiv(debt + debt / 1000 + 1, net), least), available);
        order.lots = Math.min(order.lots, opened.spot.maxOrderLots);
    }

    /// @dev As many lots as cash pays at the worst price.
    function _buy(VaultProof.Opened memory opened, VaultTerms memory terms) private pure returns (Order memory order) {
        (uint256 lotPrice, uint256 slippage) = _lotPrice(opened, terms);
        uint256 unit = opened.spot.unit;
        order.tick = Math.mulDiv(lotPrice, VaultMath.PPM + slippage, VaultMath.PPM * unit);
        uint256 price = order.tick * unit;
        uint256 cost = price + Math.mulDiv(price, terms.maxFeePpm, VaultMath.PPM, Math.Rounding.Ceil);
        if (price == 0) return order;
        order.lots = Math.min(uint256(opened.cash) / cost, opened.spot.maxOrderLots);
        if (order.lots * price < opened.spot.minNotional) order.lots = 0;
    }

    /// @dev µUSDC of a lot at the proven index, and how far from it an order may trade; never beyond the band (O-2).
    function _lotPrice(VaultProof.Opened memory opened, VaultTerms memory terms)
        private
        pure
        returns (uint256 price, uint256 slippage)
    {
        price = opened.indexPrice / opened.spot.lotsPerUnit;
        slippage = Math.min(terms.slippagePpm, opened.spot.bandPpm);
    }
}
