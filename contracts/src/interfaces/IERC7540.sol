// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Operators of ERC-7540
/// @dev ERC-165 id 0xe3bc4e65.
interface IERC7540Operator {
    /// @notice `controller` allowed or forbade `operator` to act for it.
    event OperatorSet(address indexed controller, address indexed operator, bool approved);

    /// @notice Allow or forbid `operator` to request, claim and exit for the caller.
    /// @return Always true.
    function setOperator(address operator, bool approved) external returns (bool);

    /// @notice Whether `operator` may act for `controller`.
    function isOperator(address controller, address operator) external view returns (bool);
}

/// @title Asynchronous deposits of ERC-7540
/// @dev ERC-165 id 0xce3bbe50. Requests have the id 0: what a controller has pending and claimable is added up.
interface IERC7540Deposit {
    /// @notice `assets` of `owner` wait for the close that turns them into shares of `controller`.
    event DepositRequest(
        address indexed controller, address indexed owner, uint256 indexed requestId, address sender, uint256 assets
    );

    /// @notice Queue `assets`, which `owner` has approved to the vault, for a close; `owner` is the caller or has made it
    /// its operator.
    function requestDeposit(uint256 assets, address controller, address owner) external returns (uint256 requestId);

    /// @notice Assets that wait for a close.
    function pendingDepositRequest(uint256 requestId, address controller) external view returns (uint256 assets);

    /// @notice Assets whose shares wait to be claimed.
    function claimableDepositRequest(uint256 requestId, address controller) external view returns (uint256 assets);

    /// @notice Claim the shares of `assets` that were converted; partial claims round down.
    function deposit(uint256 assets, address receiver, address controller) external returns (uint256 shares);

    /// @notice Claim `shares` of what was converted.
    function mint(uint256 shares, address receiver, address controller) external returns (uint256 assets);
}

/// @title Asynchronous redemptions of ERC-7540
/// @dev ERC-165 id 0x620ee8e4.
interface IERC7540Redeem {
    /// @notice `shares` of `owner` wait for the close that turns them into assets of `controller`.
    event RedeemRequest(
        address indexed controller, address indexed owner, uint256 indexed requestId, address sender, uint256 shares
    );

    /// @notice Queue `shares` for a close; the caller is `owner`, its operator, or has its allowance.
    function requestRedeem(uint256 shares, address controller, address owner) external returns (uint256 requestId);

    /// @notice Shares that wait for a close.
    function pendingRedeemRequest(uint256 requestId, address controller) external view returns (uint256 shares);

    /// @notice Shares whose assets wait to be claimed.
    function claimableRedeemRequest(uint256 requestId, address controller) external view returns (uint256 shares);
}

/// @title Vaults of ERC-7575: ERC-4626 with the share in a token of its own
/// @dev ERC-165 id 0x2f0a18c5. As ERC-7540 modifies it: previews revert, and what is deposited, minted, withdrawn or
/// redeemed is what a close has converted.
interface IERC7575 {
    /// @notice `controller` claimed `shares` for `assets` that it had requested to deposit.
    event Deposit(address indexed controller, address indexed receiver, uint256 assets, uint256 shares);
    /// @notice `controller` claimed `assets` for `shares` that it had requested to redeem.
    event Withdraw(
        address indexed sender, address indexed receiver, address indexed controller, uint256 assets, uint256 shares
    );

    /// @notice As with three arguments, the caller being the controller.
    function deposit(uint256 assets, address receiver) external returns (uint256 shares);

    /// @notice As with three arguments, the caller being the controller.
    function mint(uint256 shares, address receiver) external returns (uint256 assets);

    /// @notice Claim `assets` that were converted; the shares that they cost are rounded up.
    function withdraw(uint256 assets, address receiver, address controller) external returns (uint256 shares);

    /// @notice Claim the assets of `shares` that were converted; partial claims round down.
    function redeem(uint256 shares, address receiver, address controller) external returns (uint256 assets);

    /// @notice The token of the vault.
    function asset() external view returns (address);

    /// @notice The token of the shares.
    function share() external view returns (address);

    /// @notice What the shares stand for, as of the last close.
    function totalAssets() external view returns (uint256);

    /// @notice Shares of `assets` at the price of the last close, rounded down.
    function convertToShares(uint256 assets) external view returns (uint256);

    /// @notice Assets of `shares` at the price of the last close, rounded down.
    function convertToAssets(uint256 shares) external view returns (uint256);

    /// @notice Assets whose shares `controller` may claim.
    function maxDeposit(address controller) external view returns (uint256);

    /// @notice Shares that `controller` may claim.
    function maxMint(address controller) external view returns (uint256);

    /// @notice Assets that `controller` may claim.
    function maxWithdraw(address controller) external view returns (uint256);

    /// @notice Shares whose assets `controller` may claim.
    function maxRedeem(address controller) external view returns (uint256);

    /// @notice Always reverts.
    function previewDeposit(uint256 assets) external view returns (uint256);

    /// @notice Always reverts.
    function previewMint(uint256 shares) external view returns (uint256);

    /// @notice Always reverts.
    function previewWithdraw(uint256 assets) external view returns (uint256);

    /// @notice Always reverts.
    function previewRedeem(uint256 shares) external view returns (uint256);
}
