// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ExitBooks, ExitClaim, SeriesMark} from "../types/Exit.sol";
import {DelayedMessage, ItemHeader} from "../types/Inputs.sol";

/// @title The way out when nobody confirms any more
/// @notice Terminal: once entered, nothing is confirmed; everyone takes out what the last confirmed state says is theirs.
/// First anyone proves the totals, then the marks of series, then claims, each account's once; USDC is paid when the window
/// for claims is over, everything else as soon as its claim is proven.
/// @dev Rules: docs/spec.md E-1 to E-9. Withdrawals in the outbox of a confirmed state need nothing from here: the bridge
/// pays them as ever.
interface IExitMode {
    /// @notice The exit state is the after state of `assertionId`; it has consumed `item` inbox items.
    event ExitModeEntered(bytes32 indexed assertionId, bytes32 stateRoot, uint256 item, address indexed caller);
    /// @notice The exit state holds `pool` for L2; without markets nothing can be short of what is claimed.
    event TotalsProven(uint96[4] pool, bool hasMarkets);
    /// @notice Positions of `series` are worth this, per lot in µUSDC.
    event MarkProven(uint16 indexed series, uint32 mark, int64 fundingIndex);
    /// @notice `owner` has a claim to `amounts`, by asset; `worth` is cash and positions of the account in µUSDC, and
    /// negative if collateral was taken for it.
    event ClaimProven(uint32 indexed account, address indexed owner, int256 worth, uint128[4] amounts);
    /// @notice `amount` of what `account` has a claim to went to its owner.
    event ClaimPaid(uint32 indexed account, address indexed owner, uint8 indexed asset, uint256 amount);
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
    error AlreadyProven();
    error TotalsNotProven();
    /// @notice The account has a position in the series, whose mark nobody has proven yet.
    error MarkNotProven(uint256 series);
    /// @notice The series of one call rise.
    error SeriesOutOfOrder(uint16 series);
    /// @notice Other leaves than those of the call: for an account owner, balances, directory and its pages of positions.
    error WrongLeafCount(uint256 count, uint256 expected);
    error AlreadyClaimed(uint32 account);
    error NotClaimed(uint32 account);
    /// @notice Nothing, or nothing more, of this asset is due to the account.
    error NothingToPay(uint32 account, uint8 asset);
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

    /// @notice Open the leaves of the exit state that say what the bridge held for L2 and what collateral is worth; once.
    /// @param prices, totals, assets Values of the leaves 1, 5 and 6 of the globals (S-7); the empty leaf is a value.
    /// @param siblings Of their multiproof (T-4), 32 bytes each.
    function proveTotals(bytes calldata prices, bytes calldata totals, bytes calldata assets, bytes calldata siblings)
        external;

    /// @notice Open the state leaves of some series; they say what every position in them is worth. Anyone may call, for
    /// any number of series at a time, in rising order.
    function proveMarks(uint16[] calldata series, bytes[] calldata states, bytes calldata siblings) external;

    /// @notice Prove what an account has a claim to; anyone may call, for any account, once.
    /// @dev It takes at most 19 leaves, those of 128 positions: 0.9M gas. After `claimUntil` a claim to USDC is cut to what the
    /// claims before it leave. Accounts of the insurance fund claim nothing.
    /// @param values Owner, balances and directory leaf, then the pages of positions that the directory names.
    /// @param siblings Of their multiproof (T-4), 32 bytes each.
    function proveClaim(uint32 account, bytes[] calldata values, bytes calldata siblings) external;

    /// @notice Pay what is due of one asset for the claim of an account, to its owner in the exit state.
    /// @dev Anyone may call; nothing due is an error, so a call that goes through pays. USDC, and what was seized for it, is
    /// due when no claim counts any more, or at once if the exit state has no markets. ETH that the owner refuses waits in
    /// the bridge for `claim`; a token that refuses reverts the call.
    function pay(uint32 account, uint8 asset) external;

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

    /// @notice When claims end to count, unix seconds; 0 before exit mode is entered.
    function claimUntil() external view returns (uint64);

    /// @notice Sums over all claims, and what is left of the pools.
    function books() external view returns (ExitBooks memory);

    /// @notice What positions of a series are worth, if it was proven.
    function markOf(uint16 series) external view returns (SeriesMark memory);

    /// @notice Whose an account is and what its claim is; a zero owner if it was not proven.
    function claimOf(uint32 account) external view returns (ExitClaim memory);

    /// @notice What an account has a right to by now, what was paid included, in the smallest unit of the asset.
    function due(uint32 account, uint8 asset) external view returns (uint256);

    /// @notice What was paid for the claim of an account.
    function paid(uint32 account, uint8 asset) external view returns (uint256);

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

    /// @notice How long claims count after exit mode was entered, seconds.
    function EXIT_CLAIM_SECONDS() external view returns (uint64);
}
