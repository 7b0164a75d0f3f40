// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {DelayedMessage, ItemHeader} from "../types/Inputs.sol";

/// @title The way out when nobody confirms any more
/// @notice Terminal: once entered, nothing is confirmed; everyone takes out what the last confirmed state says is theirs.
/// @dev Rules: docs/spec.md E-1 to E-7. Withdrawals in the outbox of a confirmed state need nothing from here: the bridge
/// pays them as ever.
interface IExitMode {
    /// @notice The exit state is the after state of `assertionId`; it has consumed `item` inbox items.
    event ExitModeEntered(bytes32 indexed assertionId, bytes32 stateRoot, uint256 item, address indexed caller);
    /// @notice What `account` held of `asset` in the exit state belongs to its owner there, on L1.
    event BalanceExited(uint32 indexed account, address indexed owner, uint8 indexed asset, uint96 amount);
    /// @notice A deposit that never reached the exit state went back.
    event DepositReturned(uint256 indexed messageIndex, address indexed sender, uint8 asset, uint96 amount);

    /// @notice A constructor argument makes no sense, or another contract knows another address.
    error InvalidParameter(bytes32 name, uint256 value);
    error AlreadyEntered(uint256 since);
    error NotEntered();
    /// @notice Every item of the inbox is confirmed: an idle chain never exits.
    error NothingUnconfirmed(uint256 item);
    /// @notice The header is not that of the oldest unconfirmed item.
    error WrongItem(uint256 item, bytes32 expected, bytes32 actual);
    error TooEarly(uint256 until);
    /// @notice The exit state does not hold this value under the key of the leaf.
    error LeafMismatch(bytes32 expectedRoot, bytes32 actualRoot);
    /// @notice The account does not exist in the exit state, or no account has this number.
    error UnknownAccount(uint32 account);
    error UnknownAsset(uint8 asset);
    /// @notice The account holds nothing of this asset.
    error NothingToExit(uint32 account, uint8 asset);
    error AlreadyExited(uint32 account, uint8 asset);
    error AlreadyReturned(uint256 messageIndex);
    /// @notice The exit state has consumed the message: it became a balance or an outbox entry there.
    error AlreadyConsumed(uint256 messageIndex, uint256 consumed);
    /// @notice A forced transaction carries no money.
    error NotADeposit(uint256 messageIndex);
    /// @notice The inbox received another message under this number.
    error WrongMessage(uint256 messageIndex, bytes32 expected, bytes32 actual);

    /// @notice Enter exit mode: the oldest unconfirmed item, whose header is given, is `EXIT_AFTER_SECONDS` old.
    /// @dev An item that the last confirmed state has begun but not finished counts as unconfirmed.
    function enter(ItemHeader calldata oldest) external;

    /// @notice Pay what the balances leaf of an account in the exit state holds of one asset, to its owner there.
    /// @dev Anyone may call, once per account and asset; nothing held is an error, so a call that goes through pays. ETH
    /// that the owner refuses waits in the bridge for `claim`; a token that refuses reverts the call.
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
    /// @dev Anyone may call, once per message. `cursor` is the cursor leaf of the exit state: its `delayed` counts the
    /// messages that are consumed, in the middle of an item too. Deposits made in exit mode come back this way as well.
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

    /// @notice Whether an asset of an account was taken out.
    function isExited(uint32 account, uint8 asset) external view returns (bool);

    /// @notice Whether a deposit was paid back.
    function isReturned(uint256 messageIndex) external view returns (bool);

    /// @notice Where items and deposits come from.
    function INBOX() external view returns (address);

    /// @notice Who pays.
    function BRIDGE() external view returns (address);

    /// @notice Whose last confirmed state is the exit state.
    function ASSERTION_CHAIN() external view returns (address);

    /// @notice Age of the oldest unconfirmed item that opens exit mode, seconds.
    function EXIT_AFTER_SECONDS() external view returns (uint64);
}
