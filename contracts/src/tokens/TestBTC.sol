// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title Bitcoin of the devnet
/// @notice An 18-decimal ERC-20 token that anyone may mint: worthless outside a devnet.
contract TestBTC is ERC20("Test Bitcoin", "TBTC") {
    /// @notice Give `to` new tokens, `amount` in units of 1e-18.
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }
}
