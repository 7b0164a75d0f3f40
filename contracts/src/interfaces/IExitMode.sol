// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {DelayedMessage, ItemHeader} from "../types/Inputs.sol";

/// @title The way out when nobody confirms any more
/// @notice Terminal: once entered, nothing is confirmed; everyone takes out what the last confirmed state says is theirs.
/// @dev Rules: docs/spec.md E-1 to E-6.
interface IExitMode {
    event ExitModeEntered(bytes32 indexed assertionId, bytes32 stateRoot, uint256 item, address indexed caller);
    event BalanceExited(uint32 indexed account, address indexed owner, uint8 indexed asset, uint96 amount);
    event DepositReturned(uint256 indexed messageIndex, address indexed sender, uint8 asset, uint96 amount);

    error InvalidParameter(bytes32 name, uint256 value);
    error AlreadyEntered(uint256 at);
    error NotEntered();
    /// @notice Every item of the inbox is confirmed: an idle chain never exits.
    error NothingUnconfirmed(uint256 item);
    /// @notice The header is not that of the oldest unconfirmed item.
    error WrongItem(uint256 item, bytes32 expected, bytes32 actual);
    error TooEarly(uint256 until);
    error LeafMismatch(bytes32 expectedRoot, bytes32 actualRoot);
    error AlreadyExited(uint32 account, uint8 asset);
    error AlreadyReturned(uint256 messageIndex);
    error AlreadyConsumed(uint256 messageIndex, uint256 consumed);
    error NotADeposit(uint256 messageIndex);
    error WrongMessage(uint256 messageIndex, bytes32 expected, bytes32 actual);

    /// @notice Enter exit mode: the oldest unconfirmed item, whose header is given, is `EXIT_AFTER_SECONDS` old.
    function enter(ItemHeader calldata oldest) external;

    /// @notice Pay what the balances leaf of an account in the exit state holds of one asset, to its owner there.
    /// @param owner, balances Values of the two leaves (S-2), each with its branch from the leaf upwards.
    function exitBalance(
        uint32 account,
        uint8 asset,
        bytes calldata owner,
        bytes32[] calldata ownerBranch,
        bytes calldata balances,
        bytes32[] calldata balancesBranch
    ) external;

    /// @notice Pay back a deposit that the last confirmed state has not consumed, to who sent it.
    function returnDeposit(
        uint256 messageIndex,
        DelayedMessage calldata message,
        bytes calldata cursor,
        bytes32[] calldata cursorBranch
    ) external;

    /// @notice Whether exit mode was entered.
    function entered() external view returns (bool);

    /// @notice When, unix seconds; 0 if not.
    function enteredAt() external view returns (uint64);

    /// @notice State root that exits are proven against; zero before.
    function stateRoot() external view returns (bytes32);

    function INBOX() external view returns (address);
    function BRIDGE() external view returns (address);
    function ASSERTION_CHAIN() external view returns (address);
    function EXIT_AFTER_SECONDS() external view returns (uint64);
}
