// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {BitMaps} from "@openzeppelin/contracts/utils/structs/BitMaps.sol";

import {Deadline} from "./core/Deadline.sol";
import {Delayed, Deposit} from "./core/Delayed.sol";
import {Layout} from "./core/Layout.sol";
import {Leaves} from "./core/Leaves.sol";
import {Assertion, IAssertionChain} from "./interfaces/IAssertionChain.sol";
import {IBridge} from "./interfaces/IBridge.sol";
import {IExitMode} from "./interfaces/IExitMode.sol";
import {IInbox} from "./interfaces/IInbox.sol";
import {InboxHash} from "./proof/InboxHash.sol";
import {StateProof} from "./proof/StateProof.sol";
import {DelayedMessage, ItemHeader, MessageKind} from "./types/Inputs.sol";
import {LeafKey} from "./types/LeafKey.sol";

/// @title The way out when nobody confirms any more
/// @dev Promises: IExitMode. Rules: docs/spec.md E-1 to E-7. Invariants: docs/invariants.md E-1 to E-4. It holds no
/// money: it tells the bridge whom to pay, after it has noted that nobody is paid for the same thing again.
contract ExitMode is IExitMode {
    using BitMaps for BitMaps.BitMap;

    /// @dev Sums of times stay below 2^40.
    uint64 internal constant MAX_PERIOD_SECONDS = 1 << 31;

    /// @inheritdoc IExitMode
    address public immutable INBOX;
    /// @inheritdoc IExitMode
    address public immutable BRIDGE;
    /// @inheritdoc IExitMode
    address public immutable ASSERTION_CHAIN;
    /// @inheritdoc IExitMode
    uint64 public immutable EXIT_AFTER_SECONDS;
    /// @dev How far `minTime` of a header lies before its block.
    uint64 private immutable _MAX_PAST_SECONDS;

    /// @inheritdoc IExitMode
    uint64 public enteredAt;
    /// @inheritdoc IExitMode
    bytes32 public stateRoot;
    /// @dev Bit `account * ASSETS + asset`.
    BitMaps.BitMap private _exited;
    /// @dev Bit `messageIndex`.
    BitMaps.BitMap private _returned;

    modifier onlyEntered() {
        if (enteredAt == 0) revert NotEntered();
        _;
    }

    /// @dev The inbox and the bridge are deployed before, the assertion chain after: it checks the period and this address.
    constructor(address inbox, address bridge, address assertionChain, uint64 exitAfterSeconds) {
        if (IInbox(inbox).BRIDGE() != bridge) revert InvalidParameter("bridge", uint160(bridge));
        if (IBridge(bridge).INBOX() != inbox) revert InvalidParameter("inbox", uint160(inbox));
        if (IBridge(bridge).EXIT_MODE() != address(this)) revert InvalidParameter("bridge", uint160(bridge));
        if (IBridge(bridge).ASSERTION_CHAIN() != assertionChain) {
            revert InvalidParameter("assertionChain", uint160(assertionChain));
        }
        if (exitAfterSeconds == 0 || exitAfterSeconds > MAX_PERIOD_SECONDS) {
            revert InvalidParameter("exitAfterSeconds", exitAfterSeconds);
        }
        uint64 maxPastSeconds = IInbox(inbox).MAX_PAST_SECONDS();
        // From here on no header is clamped at 0 (I-5), so its age is exact.
        if (!Deadline.reached(block.timestamp, 0, maxPastSeconds)) {
            revert InvalidParameter("maxPastSeconds", maxPastSeconds);
        }
        INBOX = inbox;
        BRIDGE = bridge;
        ASSERTION_CHAIN = assertionChain;
        EXIT_AFTER_SECONDS = exitAfterSeconds;
        _MAX_PAST_SECONDS = maxPastSeconds;
    }

    /// @inheritdoc IExitMode
    function enter(ItemHeader calldata oldest) external {
        if (enteredAt != 0) revert AlreadyEntered(enteredAt);
        bytes32 assertionId = IAssertionChain(ASSERTION_CHAIN).latestConfirmed();
        Assertion memory last = IAssertionChain(ASSERTION_CHAIN).assertion(assertionId);
        if (last.item >= IInbox(INBOX).count()) revert NothingUnconfirmed(last.item);
        bytes32 expected = IInbox(INBOX).accumulator(uint256(last.item) + 1);
        bytes32 actual = InboxHash.nextAccumulator(IInbox(INBOX).accumulator(last.item), oldest);
        if (actual != expected) revert WrongItem(last.item, expected, actual);
        uint256 postedAt = uint256(oldest.minTime) + _MAX_PAST_SECONDS;
        if (!Deadline.reached(block.timestamp, postedAt, EXIT_AFTER_SECONDS)) {
            revert TooEarly(postedAt + EXIT_AFTER_SECONDS);
        }
        enteredAt = uint64(block.timestamp);
        stateRoot = last.afterStateRoot;
        emit ExitModeEntered(assertionId, last.afterStateRoot, last.item, msg.sender);
    }

    /// @inheritdoc IExitMode
    function exitBalance(
        uint32 account,
        uint8 asset,
        bytes calldata owner,
        bytes32[] calldata ownerBranch,
        bytes calldata balances,
        bytes32[] calldata balancesBranch
    ) external onlyEntered {
        // Beyond the limit several account numbers share one key, and each would have its own bit.
        if (account >= Layout.ACCOUNTS_LIMIT) revert UnknownAccount(account);
        if (asset >= Layout.ASSETS) revert UnknownAsset(asset);
        uint256 exitBit = account * Layout.ASSETS + asset;
        if (_exited.get(exitBit)) revert AlreadyExited(account, asset);
        _checkLeaf(Layout.ownerKey(account), owner, ownerBranch);
        _checkLeaf(Layout.balancesKey(account), balances, balancesBranch);
        if (owner.length == 0) revert UnknownAccount(account);
        address recipient = Leaves.decodeOwner(owner).owner;
        int256 balance = Leaves.decodeBalances(balances)[asset];
        if (balance <= 0) revert NothingToExit(account, asset);
        uint96 amount = uint96(uint256(balance));
        _exited.set(exitBit);
        emit BalanceExited(account, recipient, asset, amount);
        IBridge(BRIDGE).payExit(asset, recipient, amount);
    }

    /// @inheritdoc IExitMode
    function returnDeposit(
        uint256 messageIndex,
        DelayedMessage calldata message,
        bytes calldata cursor,
        bytes32[] calldata cursorBranch
    ) external onlyEntered {
        if (_returned.get(messageIndex)) revert AlreadyReturned(messageIndex);
        _checkLeaf(Layout.CURSOR, cursor, cursorBranch);
        uint256 consumed = Leaves.decodeCursor(cursor).delayed;
        if (messageIndex < consumed) revert AlreadyConsumed(messageIndex, consumed);
        _checkMessage(messageIndex, message);
        if (message.kind != MessageKind.DEPOSIT) revert NotADeposit(messageIndex);
        (bool ok, Deposit memory deposit) = Delayed.decodeDeposit(message.body);
        if (!ok) revert NotADeposit(messageIndex);
        _returned.set(messageIndex);
        emit DepositReturned(messageIndex, message.sender, deposit.asset, deposit.amount);
        IBridge(BRIDGE).payExit(deposit.asset, message.sender, deposit.amount);
    }

    /// @inheritdoc IExitMode
    function isExited(uint32 account, uint8 asset) external view returns (bool) {
        return asset < Layout.ASSETS && _exited.get(account * Layout.ASSETS + asset);
    }

    /// @inheritdoc IExitMode
    function isReturned(uint256 messageIndex) external view returns (bool) {
        return _returned.get(messageIndex);
    }

    /// @inheritdoc IExitMode
    function entered() external view returns (bool) {
        return enteredAt != 0;
    }

    /// @dev The exit state holds `value` under `key`.
    function _checkLeaf(LeafKey key, bytes calldata value, bytes32[] calldata branch) private view {
        bytes32 actual = StateProof.rootOf(key, value, branch);
        if (actual != stateRoot) revert LeafMismatch(stateRoot, actual);
    }

    /// @dev The inbox received `message` as number `messageIndex` (I-6); it reverts if it has none of that number.
    function _checkMessage(uint256 messageIndex, DelayedMessage calldata message) private view {
        bytes32 before = IInbox(INBOX).delayedAccumulator(messageIndex);
        bytes32 expected = IInbox(INBOX).delayedAccumulator(messageIndex + 1);
        bytes32 hash = InboxHash.messageHash(message.kind, message.sender, message.timestamp, message.body);
        bytes32 actual = InboxHash.nextDelayedAccumulator(before, hash);
        if (actual != expected) revert WrongMessage(messageIndex, expected, actual);
    }
}
