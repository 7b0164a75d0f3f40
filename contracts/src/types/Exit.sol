// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice What a series says of its positions in the exit state (docs/spec.md E-5).
/// @param isProven Its state leaf was opened.
/// @param mark µUSDC per lot; of a SETTLED series its payout.
/// @param fundingIndex µUSDC per lot.
struct SeriesMark {
    bool isProven;
    uint32 mark;
    int64 fundingIndex;
}

/// @notice What an asset is worth in the exit state: `price` µUSDC for 10^`exponent` of its smallest units.
/// @param price The reference price of its underlying, without haircut; 0: nothing prices the asset.
struct AssetRate {
    uint64 price;
    uint8 exponent;
}

/// @notice What an account has a claim to, by asset.
/// @param owner Who is paid; zero until the claim is proven.
struct ExitClaim {
    address owner;
    uint128[4] amounts;
}

/// @notice The sums that the payments of exit mode depend on (docs/spec.md E-7).
/// @param isProven The leaves of the exit state that say them were opened.
/// @param hasMarkets The exit state ever priced anything, so positions and debts may exist.
/// @param pool Totals of the exit state: what the bridge held for L2.
/// @param left What of it was not paid.
/// @param claimed Sum of the claims to USDC.
/// @param covered What the seized collateral is worth, µUSDC, rounded up.
/// @param seized Collateral of accounts that owe, by asset.
struct ExitBooks {
    bool isProven;
    bool hasMarkets;
    uint128 claimed;
    uint128 covered;
    uint128[4] pool;
    uint128[4] left;
    uint128[4] seized;
}
