// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title What a vault needs of wrapped ETH beside the token
interface IWrappedEther {
    /// @notice Give the caller a token for every wei it sends.
    function deposit() external payable;

    /// @notice Take `amount` tokens of the caller, and send it as many wei.
    function withdraw(uint256 amount) external;
}
