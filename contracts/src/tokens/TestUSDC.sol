// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title Dollar of the devnet
/// @notice A 6-decimal ERC-20 token that anyone may mint: worthless outside a devnet.
contract TestUSDC is ERC20("Test USD Coin", "USDC") {
    /// @notice Give `to` new tokens, `amount` in units of 1e-6.
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    /// @inheritdoc ERC20
    function decimals() public pure override returns (uint8) {
        return 6;
    }
}
