// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {BitMaps} from "@openzeppelin/contracts/utils/structs/BitMaps.sol";

import {PauseLog} from "./PauseLog.sol";
import {Deadline} from "./core/Deadline.sol";
import {Layout} from "./core/Layout.sol";
import {Leaves} from "./core/Leaves.sol";
import {AssertionStatus, IAssertionChain} from "./interfaces/IAssertionChain.sol";
import {IBridge} from "./interfaces/IBridge.sol";
import {IInbox} from "./interfaces/IInbox.sol";
import {StateProof} from "./proof/StateProof.sol";
import {Withdrawal} from "./types/State.sol";

/// @title Custody of all money of the rollup
/// @dev Promises: IBridge. Outbox: docs/spec.md S-4, T-3. Invariants: docs/invariants.md C-1 to C-7.
contract Bridge is IBridge, ReentrancyGuardTransient {
    using BitMaps for BitMaps.BitMap;
    using PauseLog for PauseLog.Log;
    using SafeERC20 for IERC20;

    /// @dev What a prover has shown, and when.
    struct Proof {
        uint64 provenAt;
        uint64 provenBlock;
    }

    /// @dev S-3.
    uint8 internal constant ETH = 1;
    uint32 internal constant MAX_ACCOUNTS = uint32(Layout.DEPOSIT_ACCOUNTS_LIMIT - 1);
    /// @dev Gas that must be left before an ETH recipient gets PAYOUT_GAS: the call keeps a 64th back, costs up to
    /// 36,700 itself, and the credit of a refusal is written afterwards.
    uint256 internal constant PAYOUT_RESERVE_GAS = 80_000;

    /// @inheritdoc IBridge
    uint256 public constant PAYOUT_GAS = 100_000;
    /// @inheritdoc IBridge
    address public immutable INBOX;
    /// @inheritdoc IBridge
    address public immutable ASSERTION_CHAIN;
    /// @inheritdoc IBridge
    address public immutable EXIT_MODE;
    /// @inheritdoc IBridge
    address public immutable GUARDIAN;
    /// @inheritdoc IBridge
    uint64 public immutable MATURITY_SECONDS;
    /// @inheritdoc IBridge
    uint64 public immutable MAX_PAUSE_SECONDS;

    address[] private _tokens;
    /// @inheritdoc IBridge
    uint32 public accountCount;
    /// @inheritdoc IBridge
    mapping(uint32 account => address owner) public accountOwner;
    /// @inheritdoc IBridge
    mapping(address owner => uint32 account) public firstAccount;
    /// @inheritdoc IBridge
    mapping(uint8 asset => uint256 amount) public custody;
    /// @inheritdoc IBridge
    mapping(address owner => uint256 amount) public claimable;
    mapping(bytes32 proofId => Proof proof) private _proofs;
    BitMaps.BitMap private _finalized;
    PauseLog.Log private _pauses;

    modifier onlyGuardian() {
        if (msg.sender != GUARDIAN) revert NotGuardian(msg.sender);
        _;
    }

    /// @param tokens Token of each asset by number, zero for ETH, which is asset 1.
    constructor(
        address inbox,
        address assertionChain,
        address exitMode,
        address guardian,
        address[] memory tokens,
        uint64 maturitySeconds,
        uint64 maxPauseSeconds
    ) {
        if (inbox == address(0)) revert InvalidParameter("inbox", 0);
        if (assertionChain == address(0)) revert InvalidParameter("assertionChain", 0);
        if (exitMode == address(0)) revert InvalidParameter("exitMode", 0);
        if (maturitySeconds == 0 || maturitySeconds > PauseLog.YEAR_SECONDS) {
            revert InvalidParameter("maturitySeconds", maturitySeconds);
        }
        if (maxPauseSeconds > PauseLog.YEAR_SECONDS) revert InvalidParameter("maxPauseSeconds", maxPauseSeconds);
        if (tokens.length <= ETH || tokens.length > Layout.ASSETS) revert InvalidParameter("tokens", tokens.length);
        for (uint256 i = 0; i < tokens.length; ++i) {
            if ((i == ETH) != (tokens[i] == address(0))) revert InvalidParameter("token", i);
            if (i != ETH && tokens[i].code.length == 0) revert InvalidParameter("token", i);
            for (uint256 j = 0; j < i; ++j) {
                if (tokens[i] == tokens[j]) revert InvalidParameter("token", i);
            }
        }
        INBOX = inbox;
        ASSERTION_CHAIN = assertionChain;
        EXIT_MODE = exitMode;
        GUARDIAN = guardian;
        MATURITY_SECONDS = maturitySeconds;
        MAX_PAUSE_SECONDS = maxPauseSeconds;
        _tokens = tokens;
    }

    /// @dev Money that nobody may claim must not come in.
    receive() external payable {
        revert PlainEtherRefused(msg.sender, msg.value);
    }

    /// @inheritdoc IBridge
    function openAccount(address owner) external returns (uint32 account) {
        if (owner == address(0)) revert ZeroOwner();
        account = accountCount + 1;
        if (account > MAX_ACCOUNTS) revert AccountsExhausted(MAX_ACCOUNTS);
        accountCount = account;
        accountOwner[account] = owner;
        if (firstAccount[owner] == 0) firstAccount[owner] = account;
        emit AccountOpened(account, owner);
    }

    /// @inheritdoc IBridge
    function depositETH(uint32 account) external payable nonReentrant {
        if (msg.value == 0 || msg.value > type(uint96).max) revert AmountOutOfRange(msg.value);
        _credit(ETH, account, uint96(msg.value));
    }

    /// @inheritdoc IBridge
    function depositToken(uint8 asset, uint32 account, uint96 amount) external nonReentrant {
        IERC20 erc20 = _tokenOf(asset);
        if (amount == 0) revert AmountOutOfRange(amount);
        uint256 balance = erc20.balanceOf(address(this));
        erc20.safeTransferFrom(msg.sender, address(this), amount);
        uint256 after_ = erc20.balanceOf(address(this));
        if (after_ != balance + amount) revert FeeOnTransfer(amount, after_ > balance ? after_ - balance : 0);
        _credit(asset, account, amount);
    }

    /// @inheritdoc IBridge
    function proveWithdrawal(
        bytes32 assertionId,
        Withdrawal calldata withdrawal,
        uint64 outboxIndex,
        bytes32[] calldata branch
    ) external nonReentrant {
        (bytes32 stateRoot, uint64 createdBlock, AssertionStatus status) =
            IAssertionChain(ASSERTION_CHAIN).outcome(assertionId);
        if (status == AssertionStatus.NONE) revert UnknownAssertion(assertionId);
        if (block.number <= createdBlock) revert ProvenInCreationBlock(createdBlock);
        if (outboxIndex > type(uint32).max) revert OutboxIndexOutOfRange(outboxIndex);
        if (_finalized.get(outboxIndex)) revert AlreadyFinalized(outboxIndex);
        if (withdrawal.asset >= _tokens.length) revert UnknownAsset(withdrawal.asset);
        if (withdrawal.recipient == address(this)) revert UnpayableRecipient(withdrawal.recipient);
        bytes memory leaf = Leaves.encodeWithdrawal(withdrawal);
        bytes32 actual = StateProof.rootOf(Layout.outboxKey(outboxIndex), leaf, branch);
        if (actual != stateRoot) revert BranchMismatch(stateRoot, actual);
        bytes32 leafHash = StateProof.leafHash(leaf);
        Proof storage proof = _proofs[_proofId(msg.sender, assertionId, outboxIndex, leafHash)];
        if (proof.provenAt != 0) revert AlreadyProven(proof.provenAt);
        proof.provenAt = uint64(block.timestamp);
        proof.provenBlock = uint64(block.number);
        emit WithdrawalProven(
            outboxIndex, assertionId, msg.sender, leafHash, uint64(block.timestamp) + MATURITY_SECONDS
        );
    }

    /// @inheritdoc IBridge
    function finalizeWithdrawal(address prover, bytes32 assertionId, Withdrawal calldata withdrawal, uint64 outboxIndex)
        external
        nonReentrant
    {
        if (_isPaused()) revert Paused(pausedUntil());
        if (_finalized.get(outboxIndex)) revert AlreadyFinalized(outboxIndex);
        uint64 provenAt = _proofOf(prover, assertionId, withdrawal, outboxIndex).provenAt;
        if (provenAt == 0) revert NotProven(prover, assertionId, outboxIndex);
        if (!_isConfirmed(assertionId)) revert NotConfirmed(assertionId);
        if (!_isMature(provenAt)) revert NotMature(provenAt + MATURITY_SECONDS);
        _finalized.set(outboxIndex);
        bool credited = _pay(withdrawal.asset, withdrawal.recipient, withdrawal.amount);
        emit WithdrawalFinalized(outboxIndex, withdrawal.recipient, withdrawal.asset, withdrawal.amount, credited);
    }

    /// @inheritdoc IBridge
    function payExit(uint8 asset, address recipient, uint96 amount) external nonReentrant {
        if (msg.sender != EXIT_MODE) revert NotExitMode(msg.sender);
        if (recipient == address(this)) revert UnpayableRecipient(recipient);
        bool credited = _pay(asset, recipient, amount);
        emit ExitPaid(recipient, asset, amount, credited);
    }

    /// @inheritdoc IBridge
    function claim(address owner) external nonReentrant {
        _claim(owner, owner);
    }

    /// @inheritdoc IBridge
    function claimTo(address recipient) external nonReentrant {
        _claim(msg.sender, recipient);
    }

    /// @inheritdoc IBridge
    function pause(uint64 duration) external onlyGuardian {
        if (duration > MAX_PAUSE_SECONDS) revert PauseBudgetExceeded(duration, MAX_PAUSE_SECONDS);
        uint64 until = uint64(block.timestamp) + duration;
        uint64 current = pausedUntil();
        if (duration == 0 || until <= current) revert PauseNotLonger(until, current);
        if (!_pauses.record(uint64(block.timestamp), until)) revert TooManyPauses(PauseLog.CAPACITY);
        uint64 used = _pauses.usedSeconds(until);
        if (used > MAX_PAUSE_SECONDS) revert PauseBudgetExceeded(used, MAX_PAUSE_SECONDS);
        emit FinalizationPaused(msg.sender, uint64(block.timestamp), until, used);
    }

    /// @inheritdoc IBridge
    function unpause() external onlyGuardian {
        if (!_isPaused()) revert NotPaused();
        _pauses.cut(uint64(block.timestamp));
        emit FinalizationResumed(msg.sender, uint64(block.timestamp));
    }

    /// @inheritdoc IBridge
    function withdrawalStatus(address prover, bytes32 assertionId, Withdrawal calldata withdrawal, uint64 outboxIndex)
        external
        view
        returns (WithdrawalStage stage, uint64 until)
    {
        if (_finalized.get(outboxIndex)) return (WithdrawalStage.FINALIZED, 0);
        uint64 provenAt = _proofOf(prover, assertionId, withdrawal, outboxIndex).provenAt;
        if (provenAt == 0) return (WithdrawalStage.UNPROVEN, 0);
        if (!_isConfirmed(assertionId)) {
            return (WithdrawalStage.WAITING_CONFIRMATION, IAssertionChain(ASSERTION_CHAIN).confirmableAt(assertionId));
        }
        if (!_isMature(provenAt)) return (WithdrawalStage.WAITING_MATURITY, provenAt + MATURITY_SECONDS);
        if (_isPaused()) return (WithdrawalStage.PAUSED, pausedUntil());
        return (WithdrawalStage.READY, 0);
    }

    /// @inheritdoc IBridge
    function provenWithdrawal(address prover, bytes32 assertionId, Withdrawal calldata withdrawal, uint64 outboxIndex)
        external
        view
        returns (uint64 provenAt, uint64 provenBlock)
    {
        Proof storage proof = _proofOf(prover, assertionId, withdrawal, outboxIndex);
        return (proof.provenAt, proof.provenBlock);
    }

    /// @inheritdoc IBridge
    function isFinalized(uint64 outboxIndex) external view returns (bool) {
        return _finalized.get(outboxIndex);
    }

    /// @inheritdoc IBridge
    function assetCount() external view returns (uint8) {
        return uint8(_tokens.length);
    }

    /// @inheritdoc IBridge
    function token(uint8 asset) external view returns (address) {
        if (asset >= _tokens.length) revert UnknownAsset(asset);
        return _tokens[asset];
    }

    /// @inheritdoc IBridge
    function pauseUsed() external view returns (uint64) {
        return _pauses.usedSeconds(_isPaused() ? pausedUntil() : uint64(block.timestamp));
    }

    /// @inheritdoc IBridge
    function pausedUntil() public view returns (uint64) {
        return _pauses.lastEnd();
    }

    /// @dev Money has come in: owe it, and tell the rollup.
    function _credit(uint8 asset, uint32 account, uint96 amount) private {
        address owner = accountOwner[account];
        if (owner == address(0)) revert UnknownAccount(account);
        custody[asset] += amount;
        uint64 index = IInbox(INBOX).sendDeposit(msg.sender, account, owner, asset, amount);
        emit Deposited(msg.sender, account, asset, amount, index);
    }

    function _pay(uint8 asset, address recipient, uint96 amount) private returns (bool credited) {
        if (asset == ETH) return _payEth(recipient, amount);
        _payToken(asset, recipient, amount);
    }

    /// @dev A recipient that fails with PAYOUT_GAS keeps a claim; with less gas nobody can make it fail.
    function _payEth(address recipient, uint96 amount) private returns (bool credited) {
        uint256 required = PAYOUT_GAS + PAYOUT_RESERVE_GAS;
        if (gasleft() < required) revert InsufficientGas(gasleft(), required);
        _release(ETH, amount);
        // The gas limit bounds the returned bytes too.
        (bool paid,) = recipient.call{value: amount, gas: PAYOUT_GAS}("");
        if (!paid) {
            custody[ETH] += amount;
            claimable[recipient] += amount;
        }
        return !paid;
    }

    function _payToken(uint8 asset, address recipient, uint96 amount) private {
        IERC20 erc20 = _tokenOf(asset);
        _release(asset, amount);
        uint256 balance = erc20.balanceOf(address(this));
        erc20.safeTransfer(recipient, amount);
        uint256 after_ = erc20.balanceOf(address(this));
        if (after_ + amount != balance) revert FeeOnTransfer(amount, balance > after_ ? balance - after_ : 0);
    }

    function _claim(address owner, address recipient) private {
        uint256 amount = claimable[owner];
        if (amount == 0) revert NothingToClaim(owner);
        claimable[owner] = 0;
        _release(ETH, amount);
        (bool paid,) = recipient.call{value: amount}("");
        if (!paid) revert PaymentRefused(recipient, amount);
        emit Claimed(owner, recipient, amount);
    }

    /// @dev Money leaves: no longer owed.
    function _release(uint8 asset, uint256 amount) private {
        uint256 owed = custody[asset];
        if (amount > owed) revert CustodyExceeded(asset, amount, owed);
        custody[asset] = owed - amount;
    }

    function _proofOf(address prover, bytes32 assertionId, Withdrawal calldata withdrawal, uint64 outboxIndex)
        private
        view
        returns (Proof storage)
    {
        bytes32 leafHash = StateProof.leafHash(Leaves.encodeWithdrawal(withdrawal));
        return _proofs[_proofId(prover, assertionId, outboxIndex, leafHash)];
    }

    function _tokenOf(uint8 asset) private view returns (IERC20) {
        if (asset == ETH || asset >= _tokens.length) revert UnknownAsset(asset);
        return IERC20(_tokens[asset]);
    }

    function _isConfirmed(bytes32 assertionId) private view returns (bool) {
        (,, AssertionStatus status) = IAssertionChain(ASSERTION_CHAIN).outcome(assertionId);
        return status == AssertionStatus.CONFIRMED;
    }

    function _isMature(uint64 provenAt) private view returns (bool) {
        return Deadline.reached(block.timestamp, provenAt, MATURITY_SECONDS);
    }

    function _isPaused() private view returns (bool) {
        return !Deadline.reached(block.timestamp, pausedUntil(), 0);
    }

    function _proofId(address prover, bytes32 assertionId, uint64 outboxIndex, bytes32 leafHash)
        private
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(prover, assertionId, outboxIndex, leafHash));
    }
}
