// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Withdrawal} from "../types/State.sol";

/// @title Custody of all money of the rollup
/// @notice Takes deposits of ETH and ERC-20 tokens, and pays withdrawals that a confirmed assertion holds in its outbox;
/// after the end of confirmations it also pays what exit mode says.
/// @dev Amounts are in the smallest unit of the asset, times in unix seconds. A withdrawal waits for two clocks: its
/// assertion must be confirmed, and `MATURITY_SECONDS` must have passed since it was proven. Invariants: docs/invariants.md.
interface IBridge {
    /// @notice Where a withdrawal stands, in the order in which the obstacles are reported.
    enum WithdrawalStage {
        UNPROVEN,
        WAITING_CONFIRMATION,
        WAITING_MATURITY,
        PAUSED,
        READY,
        FINALIZED
    }

    /// @notice Account number `account` was registered for `owner`.
    event AccountOpened(uint32 indexed account, address indexed owner);

    /// @notice `amount` of `asset` came in; delayed message number `messageIndex` credits it.
    event Deposited(
        address indexed sender, uint32 indexed account, uint8 indexed asset, uint96 amount, uint64 messageIndex
    );

    /// @notice `prover` proved a withdrawal against `assertionId`; it matures at `maturesAt`.
    event WithdrawalProven(
        uint64 indexed outboxIndex,
        bytes32 indexed assertionId,
        address indexed prover,
        bytes32 leafHash,
        uint64 maturesAt
    );

    /// @notice A withdrawal was paid; `credited` if an ETH recipient refused and now has a claim instead.
    event WithdrawalFinalized(
        uint64 indexed outboxIndex, address indexed recipient, uint8 indexed asset, uint96 amount, bool credited
    );

    /// @notice Exit mode had `amount` paid; `credited` if an ETH recipient refused and now has a claim instead.
    event ExitPaid(address indexed recipient, uint8 indexed asset, uint96 amount, bool credited);

    /// @notice `amount` wei, credited to `owner` before, were paid to `recipient`.
    event Claimed(address indexed owner, address indexed recipient, uint256 amount);

    /// @notice The guardian paused finalization until `until`; `usedSeconds` of the year that ends then are paused.
    event FinalizationPaused(address indexed guardian, uint64 from, uint64 until, uint64 usedSeconds);

    /// @notice The guardian ended a pause early.
    event FinalizationResumed(address indexed guardian, uint64 resumedAt);

    /// @notice A constructor argument makes no sense.
    error InvalidParameter(bytes32 name, uint256 value);
    /// @notice ETH is accepted by `depositETH` only.
    error PlainEtherRefused(address sender, uint256 amount);
    /// @notice An account needs an owner.
    error ZeroOwner();
    /// @notice All 2^21 - 1 account numbers are given away.
    error AccountsExhausted(uint32 limit);
    /// @notice The account is not registered.
    error UnknownAccount(uint32 account);
    /// @notice The asset is not registered, or not a token where a token is needed.
    error UnknownAsset(uint8 asset);
    /// @notice A deposit is 1 to 2^96 - 1 units.
    error AmountOutOfRange(uint256 amount);
    /// @notice The token moved another amount than asked: fee-on-transfer tokens are refused.
    error FeeOnTransfer(uint256 expected, uint256 received);
    /// @notice There is no such assertion.
    error UnknownAssertion(bytes32 assertionId);
    /// @notice A withdrawal cannot be proven in the block that made the assertion.
    error ProvenInCreationBlock(uint64 blockNumber);
    /// @notice The branch does not lead to the state root of the assertion.
    error BranchMismatch(bytes32 expectedRoot, bytes32 actualRoot);
    /// @notice An outbox index has 32 bits.
    error OutboxIndexOutOfRange(uint64 outboxIndex);
    /// @notice The bridge cannot pay this recipient.
    error UnpayableRecipient(address recipient);
    /// @notice The same prover proved the same withdrawal against the same assertion at `provenAt` already.
    error AlreadyProven(uint64 provenAt);
    /// @notice The outbox index was paid already.
    error AlreadyFinalized(uint64 outboxIndex);
    /// @notice `prover` has not proven this withdrawal against this assertion.
    error NotProven(address prover, bytes32 assertionId, uint64 outboxIndex);
    /// @notice The assertion is not confirmed.
    error NotConfirmed(bytes32 assertionId);
    /// @notice The proof matures at `maturesAt`.
    error NotMature(uint64 maturesAt);
    /// @notice Finalization is paused until `until`.
    error Paused(uint64 until);
    /// @notice Finalization is not paused.
    error NotPaused();
    /// @notice Only exit mode says who is paid without an outbox entry.
    error NotExitMode(address caller);
    /// @notice Only the guardian may pause.
    error NotGuardian(address caller);
    /// @notice A pause must last longer than the running one, and at least a second.
    error PauseNotLonger(uint64 until, uint64 current);
    /// @notice The year that ends with the pause would have more than `limit` paused seconds.
    error PauseBudgetExceeded(uint256 usedSeconds, uint64 limit);
    /// @notice The log of pauses is full of pauses of the last year.
    error TooManyPauses(uint256 limit);
    /// @notice Too little gas to give an ETH recipient its full share; `required` is needed at the call.
    error InsufficientGas(uint256 available, uint256 required);
    /// @notice The confirmed state pays out more than came in; something is badly wrong.
    error CustodyExceeded(uint8 asset, uint256 amount, uint256 custody);
    /// @notice There is nothing to claim.
    error NothingToClaim(address owner);
    /// @notice The recipient refused the ETH.
    error PaymentRefused(address recipient, uint256 amount);

    /// @notice Register the next account number for `owner`; one owner may hold many.
    function openAccount(address owner) external returns (uint32 account);

    /// @notice Deposit the ETH sent to `account`, which must be registered. A refund goes to the caller (X-7).
    function depositETH(uint32 account) external payable;

    /// @notice Deposit `amount` of a token, which the caller has approved, to `account`.
    function depositToken(uint8 asset, uint32 account, uint96 amount) external;

    /// @notice Show that the after state of `assertionId` holds `withdrawal` at `outboxIndex`, and start its maturity.
    /// @dev Recorded for the caller; nobody can start or disturb the clock of another. Not in the block (by number)
    /// that created the assertion. The recipient may not be the bridge: such a withdrawal stays in custody.
    /// @param branch The 36 siblings from the leaf upwards (T-3).
    function proveWithdrawal(
        bytes32 assertionId,
        Withdrawal calldata withdrawal,
        uint64 outboxIndex,
        bytes32[] calldata branch
    ) external;

    /// @notice Pay a withdrawal that `prover` proved: assertion confirmed, proof mature, not paused, index not paid.
    /// @dev Anyone may call. An ETH recipient gets `PAYOUT_GAS`; if it refuses, the amount waits for `claim`. A token
    /// that refuses the transfer reverts the call, which can be repeated.
    function finalizeWithdrawal(address prover, bytes32 assertionId, Withdrawal calldata withdrawal, uint64 outboxIndex)
        external;

    /// @notice Pay what exit mode found to belong to `recipient`; exit mode only (docs/spec.md E-4 to E-7).
    /// @dev Paid like a withdrawal: an ETH recipient gets `PAYOUT_GAS` and keeps a claim if it refuses; a token that
    /// refuses reverts. A pause does not delay it. The bridge cannot pay itself: that money stays in custody.
    function payExit(uint8 asset, address recipient, uint96 amount) external;

    /// @notice Pay `owner` the ETH that it refused before; anyone may call.
    function claim(address owner) external;

    /// @notice Pay the ETH that the caller refused before to `recipient`.
    function claimTo(address recipient) external;

    /// @notice Pause finalization for `duration` seconds from now, or extend the running pause; guardian only.
    /// @dev At most `MAX_PAUSE_SECONDS` in any window of 365 days. Proving, the game and all clocks go on.
    function pause(uint64 duration) external;

    /// @notice End the running pause; the seconds not used are given back; guardian only.
    function unpause() external;

    /// @notice Which obstacle a withdrawal meets first, and until when.
    /// @return stage The obstacle.
    /// @return until When it ends, unix seconds; 0 if unknown (unproven, a rivaled assertion) or none.
    function withdrawalStatus(address prover, bytes32 assertionId, Withdrawal calldata withdrawal, uint64 outboxIndex)
        external
        view
        returns (WithdrawalStage stage, uint64 until);

    /// @notice When and in which block `prover` proved the withdrawal; zeros if it did not.
    function provenWithdrawal(address prover, bytes32 assertionId, Withdrawal calldata withdrawal, uint64 outboxIndex)
        external
        view
        returns (uint64 provenAt, uint64 provenBlock);

    /// @notice Whether the outbox index was paid.
    function isFinalized(uint64 outboxIndex) external view returns (bool);

    /// @notice What the bridge owes in `asset`: deposits minus payments; equals its balance unless money was forced in.
    function custody(uint8 asset) external view returns (uint256);

    /// @notice ETH that `owner` refused and may claim; part of the custody.
    function claimable(address owner) external view returns (uint256);

    /// @notice The owner that `account` was registered for; zero if it is not. L2 keys may have been rotated since.
    function accountOwner(uint32 account) external view returns (address);

    /// @notice The first account registered for `owner`, 0 if there is none.
    function firstAccount(address owner) external view returns (uint32);

    /// @notice Number of registered accounts; ids run from 1 to this.
    function accountCount() external view returns (uint32);

    /// @notice Number of registered assets.
    function assetCount() external view returns (uint8);

    /// @notice The token of `asset`; zero for ETH (asset 1).
    function token(uint8 asset) external view returns (address);

    /// @notice When the running pause ends, or the last one ended; 0 if there was none.
    function pausedUntil() external view returns (uint64);

    /// @notice Paused seconds in the 365 days that end now, the running pause counted up to its end.
    function pauseUsed() external view returns (uint64);

    /// @notice Where deposits are recorded.
    function INBOX() external view returns (address);

    /// @notice The chain of assertions that withdrawals are proven against.
    function ASSERTION_CHAIN() external view returns (address);

    /// @notice Who may pay out balances and deposits once nothing is confirmed any more.
    function EXIT_MODE() external view returns (address);

    /// @notice Who may pause finalization.
    function GUARDIAN() external view returns (address);

    /// @notice Seconds between proving and paying.
    function MATURITY_SECONDS() external view returns (uint64);

    /// @notice Gas that an ETH recipient of `finalizeWithdrawal` and of an exit gets.
    function PAYOUT_GAS() external view returns (uint256);

    /// @notice Most paused seconds in any 365 days.
    function MAX_PAUSE_SECONDS() external view returns (uint64);
}
