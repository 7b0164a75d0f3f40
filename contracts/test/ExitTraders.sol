// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ExitMarket} from "./ExitMarket.sol";

/// @notice Exit states that a seed makes: five traders in three series, and what each of them is worth.
abstract contract ExitTraders is ExitMarket {
    uint256 internal constant TRADERS = 5;
    uint256 internal constant SERIES = 3;
    uint256 internal constant PRICE = 3000e6;

    uint256 internal random;
    /// Reckoned here, apart from the code under test.
    int256[TRADERS] internal worthOf;

    /// @dev Every series has as many long as short lots; the pool is what M-1 makes it, plus what the exchange has, or less
    /// a deficit.
    function makeMarket(uint256 seed) internal returns (Market memory market) {
        market.ethPrice = uint64(PRICE);
        market.series = new Listed[](SERIES);
        market.traders = new Trader[](TRADERS);
        int256 sum = 0;
        for (uint16 i = 0; i < SERIES; ++i) {
            market.series[i] = Listed(numberOf(i), uint32(next(1e7)), int64(int256(next(2e5))) - 1e5);
        }
        int256[SERIES] memory lots;
        for (uint256 i = 0; i < TRADERS; ++i) {
            Trader memory trader = market.traders[i];
            // Another owner in every world: what one got stays.
            trader.owner = i == 4 && next(3) == 0 ? FUND : address(uint160(uint256(keccak256(abi.encode(seed, i)))));
            trader.cash = int96(int256(next(4e9))) - 1e9;
            trader.amounts[ETH] = uint96(next(3) == 0 ? 0 : next(1e18));
            market.totals[ETH] += trader.amounts[ETH];
            worthOf[i] = trader.cash;
            trader.holdings = new Holding[](SERIES);
            for (uint16 s = 0; s < SERIES; ++s) {
                trader.holdings[s] = _hold(market.series[s], lots, s, i);
                worthOf[i] += _valueOf(trader.holdings[s], market.series[s]);
            }
            sum += worthOf[i];
        }
        sum += int256(next(4e9)) - 2e9;
        market.totals[USDC] = sum > 0 ? uint96(uint256(sum)) : 0;
    }

    function _hold(Listed memory series, int256[SERIES] memory lots, uint16 s, uint256 trader)
        private
        returns (Holding memory holding)
    {
        int256 size = trader + 1 == TRADERS ? -lots[s] : int256(next(2001)) - 1000;
        lots[s] += size;
        int64 basis = int64(size * int256(next(1e7)));
        uint8 place = uint8(128 / TRADERS * trader + 9 * s);
        holding = Holding(series.number, int32(size), basis, int64(int256(next(2e5))) - 1e5, place);
    }

    function _valueOf(Holding memory h, Listed memory s) private pure returns (int256) {
        int256 funding = int256(h.lots) * (int256(s.fundingIndex) - h.fundingIndex);
        return int256(h.lots) * int256(uint256(s.mark)) - h.basis - funding;
    }

    function numberOf(uint16 series) internal pure returns (uint16) {
        return 1 + 700 * series;
    }

    /// @dev Ether that a debt leaves of `own`.
    function restOf(int256 worth, uint256 own) internal pure returns (uint256) {
        uint256 debt = worth < 0 ? uint256(-worth) : 0;
        uint256 wanted = (debt * 1e18 + PRICE - 1) / PRICE;
        return own > wanted ? own - wanted : 0;
    }

    /// @dev A number below `limit`.
    function next(uint256 limit) internal returns (uint256) {
        random = uint256(keccak256(abi.encode(random)));
        return random % limit;
    }
}
