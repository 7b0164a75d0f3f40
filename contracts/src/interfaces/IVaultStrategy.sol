// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Withdrawal} from "../types/State.sol";
import {VaultEnd, VaultMemory, VaultResult, VaultStep, VaultTerms} from "../types/Vault.sol";

/// @title What an option vault is, and works out: what proofs say, what comes next, what a close comes to
/// @notice Terms that never change, and no other state; a contract of its own because one contract may not be larger than
/// EIP-170 allows. The caller is the vault: a withdrawal goes to it, and an account is its own if it is the owner and the
/// group is that of the vault. What is not proven, or not so, reverts with the errors of IOptionVault.
interface IVaultStrategy {
    /// @notice Say what to sell, and until when (`IOptionVault.roll`).
    /// @return expiryAt The first Friday 08:00 UTC far enough ahead.
    /// @return body Of the message that sells.
    function planSale(uint32 account) external view returns (uint64 expiryAt, bytes memory body);

    /// @notice Open an account at or after the expiry, and say what its vault sends next (`IOptionVault.settle`).
    function planSettlement(
        bytes32 assertionId,
        VaultMemory calldata known,
        bytes[] calldata values,
        bytes calldata siblings
    ) external view returns (VaultStep memory step);

    /// @notice Open the outbox entry of a withdrawal that has left the account and was paid (`IOptionVault.close`).
    /// @param indexPrice What cash that stays is valued at.
    /// @return amount Of the entry.
    /// @return stayed What is left in the account, valued for who enters.
    function openWithdrawal(
        bytes32 assertionId,
        VaultMemory calldata known,
        uint64 slot,
        uint64 indexPrice,
        bytes[] calldata values,
        bytes calldata siblings
    ) external view returns (uint256 amount, uint256 stayed);

    /// @notice Check that an outbox entry pays the vault, and was paid (`IOptionVault.collect`).
    /// @param cashToo A vault that sells calls takes USDC too.
    /// @return isCash It is USDC of a vault whose asset is another one.
    function checkEntry(
        bytes32 assertionId,
        Withdrawal calldata entry,
        uint64 slot,
        bytes32[] calldata branch,
        bool cashToo
    ) external view returns (bool isCash);

    /// @notice Check that an account was opened on L2 for the proceeds of a liquidation in `group`, and belongs to the vault
    /// (`IOptionVault.adopt`).
    function checkProceeds(
        bytes32 assertionId,
        uint32 account,
        uint32 group,
        bytes[] calldata values,
        bytes calldata siblings
    ) external view;

    /// @notice What a close comes to, now.
    function planClose(VaultEnd calldata end) external view returns (VaultResult memory);

    /// @notice What exit mode has paid the vault for an account so far; zeros if the account is not its own there.
    /// @return assets In the vault's asset.
    /// @return usdc In USDC, if that is another asset.
    function exitPaid(uint32 account) external view returns (uint256 assets, uint256 usdc);

    /// @notice What the vault is.
    function terms() external view returns (VaultTerms memory);

    /// @notice The first Friday 08:00 UTC that a roll at `time` sells to.
    function expiryAfter(uint64 time) external view returns (uint64);
}
