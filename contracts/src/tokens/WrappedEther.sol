// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

import {IWrappedEther} from "../interfaces/IWrappedEther.sol";

/// @title Wrapped ETH of the devnet
/// @notice A token for every wei that it holds. Wei forced into it belong to nobody.
contract WrappedEther is IWrappedEther, ERC20("Wrapped Ether", "WETH") {
    /// @notice The receiver refused its ETH.
    error PaymentRefused(address receiver, uint256 amount);

    /// @notice Wrap what is sent.
    receive() external payable {
        deposit();
    }

    /// @inheritdoc IWrappedEther
    function deposit() public payable {
        _mint(msg.sender, msg.value);
    }

    /// @inheritdoc IWrappedEther
    function withdraw(uint256 amount) external {
        _burn(msg.sender, amount);
        (bool paid,) = msg.sender.call{value: amount}("");
        if (!paid) revert PaymentRefused(msg.sender, amount);
    }
}
