// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC165} from "@openzeppelin/contracts/interfaces/IERC165.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/interfaces/IERC20Metadata.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";

/// @title Share of an option vault
/// @notice A token with permit whose balances and supply are those of the running generation: a total loss ends one, and
/// its shares with it. Allowances outlive a generation; what they allow to move does not.
/// @dev The share of ERC-7575, ERC-165 id 0xf815c03d. Six decimals more than the asset of the vault.
interface IVaultShare is IERC20Metadata, IERC20Permit, IERC165 {
    error NotVault(address caller);

    /// @notice End `burnt` shares of the vault, or with `endsGeneration` all there are, then make `minted` for it; vault only.
    function convert(uint256 burnt, uint256 minted, bool endsGeneration) external;

    /// @notice End `shares` of `holder`; vault only.
    function burn(address holder, uint256 shares) external;

    /// @notice Move `shares` of `holder` to the vault; vault only.
    /// @param spender Whose allowance it takes; the zero address: nobody's.
    function pull(address holder, address spender, uint256 shares) external;

    /// @notice Total losses so far.
    function generation() external view returns (uint64);

    /// @notice The vault for an asset: the one that made this token, or zero.
    function vault(address asset) external view returns (address);
}
