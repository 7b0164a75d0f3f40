// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC165} from "@openzeppelin/contracts/interfaces/IERC165.sol";

import {Withdrawal} from "../types/State.sol";
import {VaultAction, VaultBooks, VaultConversion, VaultEpoch, VaultExit, VaultPhase} from "../types/Vault.sol";
import {IERC7540Deposit, IERC7540Operator, IERC7540Redeem, IERC7575} from "./IERC7540.sol";

/// @title Option vault: shares on L1 of an account on L2 that sells options and has no key
/// @notice Each epoch the vault sends its money to its account, sells covered calls or cash-secured puts there by a hidden
/// Dutch order, and brings back what is left after the expiry. It acts by delayed messages only, and believes nothing but
/// leaves of confirmed states. Anybody turns the cranks; none of them leaves the caller a choice that matters.
/// @dev Rules: docs/vaults.md. Invariants: docs/invariants.md VT. Deposits and redemptions queue, and convert at the close
/// of their epoch at the stored pair; ERC-4626 as ERC-7540 modifies it: requests have the id 0, previews revert, `max`
/// functions say what is claimable, `totalAssets` and the supply of shares change at a close only. The shares are a token of
/// their own (IVaultShare), the terms are those of the strategy (IVaultStrategy). Times are unix seconds.
interface IOptionVault is IERC165, IERC7540Operator, IERC7540Deposit, IERC7540Redeem, IERC7575 {
    /// @notice An epoch began: `assets` went to the account, and message `messageIndex` sells options of `expiryAt`.
    event Rolled(
        uint64 indexed epoch, uint64 expiryAt, uint32 account, uint256 assets, uint64 messageIndex, address caller
    );
    /// @notice Message `messageIndex` sells once more, if nothing of this epoch was sold.
    event SaleResent(uint64 indexed epoch, uint64 messageIndex, address caller);
    /// @notice A state at or after the expiry was proven, with `cash` µUSDC and `balance` of the vault's asset (puts: the
    /// same) in the account, and message `messageIndex` does what follows with `amount`: lots of an order, or units of
    /// the asset; WRITE_OFF sends none.
    event Settled(
        uint64 indexed epoch,
        bytes32 indexed assertionId,
        VaultAction action,
        int256 cash,
        uint256 balance,
        uint256 amount,
        uint64 messageIndex,
        address caller
    );
    /// @notice An epoch ended: `assets` is its net asset value after fees. What follows is the next epoch.
    event Closed(
        uint64 indexed epoch,
        uint64 indexed generation,
        uint256 assets,
        uint256 supply,
        uint256 stayed,
        uint256 received,
        address caller
    );
    /// @notice What the queues of an epoch became: `deposited` assets became `minted` shares, `redeemed` shares `paid`.
    event Converted(uint64 indexed epoch, uint256 deposited, uint256 minted, uint256 redeemed, uint256 paid);
    /// @notice Fees of a close, set aside.
    event FeesTaken(uint64 indexed epoch, uint256 management, uint256 performance, uint256 cranks);
    /// @notice All shares of `generation` are worth nothing; `left` went to the fee recipient.
    event GenerationEnded(uint64 indexed generation, uint64 indexed epoch, uint256 left);
    /// @notice Outbox entry `slot` paid `amount` to the vault; it counts at the next close, or in the exit.
    event Collected(uint64 indexed epoch, uint64 indexed slot, uint32 account, uint256 amount);
    /// @notice The vault goes on with `account`: what a liquidation left for it, or a new one after a total loss.
    event AccountChanged(uint64 indexed epoch, uint32 indexed previous, uint32 indexed account);
    /// @notice Fees of `recipient` were paid.
    event FeesClaimed(address indexed recipient, uint256 amount);
    /// @notice The guardian paused new deposits, or allowed them again.
    event DepositsPaused(bool paused);
    /// @notice The exit began: `supply` shares share what comes.
    event Exited(uint64 indexed epoch, uint256 supply, uint256 assets, address caller);
    /// @notice `assets` in the vault's asset, a returned deposit included, and `usdc` came in for `account` after the exit.
    event Gathered(uint32 indexed account, uint256 assets, uint256 usdc);
    /// @notice After the exit `controller` gave back `shares`, and got `assets` and `usdc` for all that it gave so far, and
    /// `refunded` of what it had queued.
    event ExitPaid(
        address indexed controller,
        address indexed receiver,
        uint256 shares,
        uint256 assets,
        uint256 usdc,
        uint256 refunded
    );

    /// @notice A constructor argument makes no sense.
    error InvalidParameter(bytes32 name, uint256 value);
    /// @notice Not in this phase.
    error WrongPhase(VaultPhase phase);
    /// @notice Nobody confirms any more: `exit` comes first.
    error ExitModeEntered();
    /// @notice Nobody has entered exit mode.
    error NotExitMode();
    /// @notice There is neither a share nor a deposit: nothing to begin an epoch with.
    error NothingToRoll();
    /// @notice The epoch sells options of `expiryAt`; what begins now is for `next`.
    error SaleTooLate(uint64 expiryAt, uint64 next);
    /// @notice Previews do not exist for asynchronous vaults.
    error NoPreview();
    /// @notice Requests have the id 0.
    error UnknownRequest(uint256 requestId);
    /// @notice The caller is neither `owner` nor its operator.
    error NotOperator(address caller, address owner);
    error NotGuardian(address caller);
    error DepositsArePaused();
    error ZeroController();
    error ZeroShares();
    error BelowMinimum(uint256 assets, uint256 minimum);
    error CapExceeded(uint256 assets, uint256 room);
    /// @notice The token moved another amount than asked.
    error FeeOnTransfer(uint256 expected, uint256 received);
    error ClaimExceeded(uint256 asked, uint256 claimable);
    /// @notice Nothing to claim, to collect, to gather or to pay.
    error NothingDue();
    error NotConfirmed(bytes32 assertionId);
    /// @notice A conversion, and a close that leaves a debt, is decided by the last confirmed state.
    error NotLatest(bytes32 assertionId, bytes32 latest);
    /// @notice The state does not hold these leaves.
    error LeafMismatch(bytes32 expectedRoot, bytes32 actualRoot);
    /// @notice Other leaves than those of the call.
    error WrongLeafCount(uint256 count, uint256 expected);
    /// @notice The state has not consumed message `message` of the vault.
    error MessagePending(uint256 consumed, uint256 message);
    /// @notice The state is in the middle of a task: what the last message does may not be done.
    error TaskRunning(uint8 phase);
    /// @notice The state is older than the expiry.
    error NotExpired(uint256 timeMs, uint256 expiryMs);
    /// @notice The account still has positions: settle them on L2.
    error HasPositions(uint32 account);
    /// @notice The withdrawal has left the account: `close`, or wait for its entry to be paid.
    error AlreadyWithdrawn(uint256 balance, uint256 before);
    /// @notice What is in the account has to be converted first, and the state has no price or no such series.
    error NoMarket(uint16 spotSeries);
    /// @notice The entry is older than the withdrawal of this epoch.
    error EntryTooOld(uint64 slot, uint64 floor);
    /// @notice The entry of this epoch's withdrawal is what `close` is called with.
    error UseClose(uint64 slot);
    /// @notice Not an entry that pays the vault's asset from its account to it.
    error ForeignEntry(uint32 account, uint8 asset, address recipient);
    /// @notice The bridge has not paid the entry.
    error NotFinalized(uint64 slot);
    error AlreadyCollected(uint64 slot);
    /// @notice There may still be evidence of money: wait until `until`.
    error GraceRunning(uint256 until);
    /// @notice Nobody has proven that the account is empty or lost.
    error NotLost();
    /// @notice The account is not what a liquidation left for the vault, or was lost.
    error ForeignAccount(uint32 account, address owner, uint32 group);
    /// @notice Plain ETH is taken from the bridge and from the wrapper only.
    error PlainEtherRefused(address sender);

    /// @notice Begin an epoch: send everything managed to the account, and the message that sells. OPEN only.
    /// @dev With no shares the queued deposits are converted at once, at par, and the next epoch is open.
    function roll() external;

    /// @notice Send the message that sells once more. LIVE only: the one before has run by now, or failed, and its sale is
    /// over; and only while a roll would sell to the same date.
    /// @dev L1 does not know what was sold, and need not: L2 refuses a sale of an account that has a position in the underlying
    /// (docs/spec.md P-1), and of two sales of an account the later one alone is met (P-4). So it pays no fee either.
    function resendSale() external;

    /// @notice Prove the account at or after the expiry, and send the one message that comes next.
    /// @dev Again in SETTLED, with a state that has consumed that message: what failed is sent again. Reverts if the
    /// account still has positions. A conversion needs the last confirmed state.
    /// @param assertionId A confirmed assertion; the leaves are those of its after state.
    /// @param values Calls: cursor, prices, allocators, terms of the spot series, hot, owner, balances. Puts: cursor,
    /// allocators, hot, owner, balances. The empty leaf is a value.
    /// @param siblings Of their multiproof (T-4), 32 bytes each.
    function settle(bytes32 assertionId, bytes[] calldata values, bytes calldata siblings) external;

    /// @notice Show that the withdrawal of this epoch has left L2 and was paid, and convert. SETTLED only.
    /// @dev Reverts if the account was lost meanwhile: `settle` proves that, `collect` counts the entry. If a debt stays it
    /// needs the last confirmed state.
    /// @param values Cursor, hot, owner, balances, then the outbox entry.
    /// @param slot Number of the outbox entry, which the bridge has finalized.
    function close(bytes32 assertionId, bytes[] calldata values, bytes calldata siblings, uint64 slot) external;

    /// @notice Close an epoch whose account was proven to be empty or lost, `lossGraceSeconds` ago, with what was collected.
    function writeOff() external;

    /// @notice Count an outbox entry that pays the vault and is no withdrawal of this epoch: a refund, or one that was left
    /// over. In any phase; after the exit, any entry.
    /// @param branch The 36 siblings from the leaf upwards (T-3).
    function collect(bytes32 assertionId, Withdrawal calldata withdrawal, uint64 slot, bytes32[] calldata branch)
        external;

    /// @notice After a loss was proven: go on with the account that the liquidation left for the vault (L-4).
    /// @param values Hot and owner leaf of `account`.
    function adopt(uint32 account, bytes32 assertionId, bytes[] calldata values, bytes calldata siblings) external;

    /// @notice Once exit mode was entered: pay everybody out, for ever.
    function exit() external;

    /// @notice After the exit: count what exit mode has paid to the vault for `account`, and the deposit it returned.
    function gather(uint32 account) external;

    /// @notice After the exit: give back `shares` of `controller`, and all that it had queued; get what is due by now, and
    /// what was queued as a deposit. Again whenever more has come; with no shares too.
    /// @return assets In the vault's asset, what was queued included.
    /// @return usdc In USDC, if that is another asset.
    function exitClaim(uint256 shares, address receiver, address controller)
        external
        returns (uint256 assets, uint256 usdc);

    /// @notice Pay `recipient` the fees that were set aside for it; anyone.
    function claimFees(address recipient) external returns (uint256 assets);

    /// @notice Pause new deposits, or allow them again; guardian only. Nothing else can be paused.
    function setDepositsPaused(bool paused) external;

    /// @notice Where the epoch stands.
    function phase() external view returns (VaultPhase);

    /// @notice The running epoch.
    function epoch() external view returns (VaultEpoch memory);

    /// @notice At what epoch `number` converted; all zero if it has not.
    function conversionOf(uint64 number) external view returns (VaultConversion memory);

    /// @notice Sums of the vault.
    function books() external view returns (VaultBooks memory);

    /// @notice The exit; all zero before.
    function exitOf() external view returns (VaultExit memory);

    /// @notice Until when requests convert at the close of the running epoch; later ones convert at the one after it. 0
    /// while the vault is OPEN.
    function cutoffAt() external view returns (uint64);

    /// @notice Price of a share above which the performance fee is taken: assets of 10^24 shares, at par 10^18; rounded up.
    function highWaterMark() external view returns (uint256);

    /// @notice Fees that are set aside for `recipient`.
    function feesOf(address recipient) external view returns (uint256);

    /// @notice Whether outbox entry `slot` was counted.
    function isCollected(uint64 slot) external view returns (bool);

    /// @notice Whether new deposits are paused.
    function depositsPaused() external view returns (bool);

    /// @notice What the vault is and works out: an `IVaultStrategy`, which has the terms.
    function strategy() external view returns (address);
}
