// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice Why a volatility surface is refused (docs/spec.md F-9).
/// @custom:twin rollup_node/core/surface.py
enum SurfaceReason {
    OK,
    BAD_NODES,
    BUTTERFLY_ARBITRAGE,
    CALENDAR_ARBITRAGE
}

/// @notice A point of a smile: ln(strike / forward) in 1e-6, and yearly volatility in 1e-4.
struct SurfaceNode {
    int24 moneyness;
    uint16 volatility;
}
