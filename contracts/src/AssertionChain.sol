// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {Deadline} from "./core/Deadline.sol";
import {Layout} from "./core/Layout.sol";
import {Leaves} from "./core/Leaves.sol";
import {Assertion, AssertionInput, AssertionStatus, IAssertionChain} from "./interfaces/IAssertionChain.sol";
import {IBridge} from "./interfaces/IBridge.sol";
import {IInbox} from "./interfaces/IInbox.sol";
import {AssertionId} from "./proof/AssertionId.sol";
import {Tag} from "./proof/Hash.sol";
import {History} from "./proof/History.sol";
import {StateProof} from "./proof/StateProof.sol";
import {Cursor} from "./types/State.sol";

/// @title Tree of bonded claims about the L2 state
/// @dev Promises: IAssertionChain. Rules: docs/spec.md G-4 to G-7. Invariants: docs/invariants.md A-1 to A-6.
contract AssertionChain is IAssertionChain, ReentrancyGuardTransient {
    /// @dev Height of histories, and with it the work of a challenge, stays bounded.
    uint8 internal constant MAX_HISTORY_HEIGHT = 32;
    uint64 internal constant MAX_PERIOD_SECONDS = 1 << 31;

    /// @inheritdoc IAssertionChain
    bytes32 public immutable GENESIS_ID;
    /// @inheritdoc IAssertionChain
    bytes32 public immutable configHash;
    /// @inheritdoc IAssertionChain
    address public immutable INBOX;
    /// @inheritdoc IAssertionChain
    address public immutable BRIDGE;
    /// @inheritdoc IAssertionChain
    address public immutable VERIFIER;
    /// @inheritdoc IAssertionChain
    uint64 public immutable L2_CHAIN_ID;
    /// @inheritdoc IAssertionChain
    uint8 public immutable HISTORY_HEIGHT;
    /// @inheritdoc IAssertionChain
    uint64 public immutable CONFIRM_PERIOD_SECONDS;
    /// @inheritdoc IAssertionChain
    uint96 public immutable STAKE_WEI;

    /// @inheritdoc IAssertionChain
    bytes32 public latestConfirmed;
    /// @inheritdoc IAssertionChain
    uint256 public lockedStakes;
    /// @inheritdoc IAssertionChain
    mapping(address staker => bytes32 id) public stakedOn;
    mapping(bytes32 id => Assertion node) private _assertions;

    /// @dev The bridge is deployed before, with the precomputed address of this contract.
    constructor(
        address inbox,
        address bridge,
        address verifier,
        uint64 l2ChainId,
        uint8 historyHeight,
        uint64 confirmPeriodSeconds,
        uint96 stakeWei,
        bytes32 genesisStateRoot
    ) {
        if (IInbox(inbox).BRIDGE() != bridge) revert InvalidParameter("bridge", uint160(bridge));
        if (IBridge(bridge).ASSERTION_CHAIN() != address(this)) revert InvalidParameter("bridge", uint160(bridge));
        if (IBridge(bridge).INBOX() != inbox) revert InvalidParameter("inbox", uint160(inbox));
        if (verifier.code.length == 0) revert InvalidParameter("verifier", uint160(verifier));
        if (historyHeight == 0 || historyHeight > MAX_HISTORY_HEIGHT) {
            revert InvalidParameter("historyHeight", historyHeight);
        }
        if (confirmPeriodSeconds == 0 || confirmPeriodSeconds > MAX_PERIOD_SECONDS) {
            revert InvalidParameter("confirmPeriodSeconds", confirmPeriodSeconds);
        }
        if (stakeWei == 0) revert InvalidParameter("stakeWei", 0);
        if (genesisStateRoot == 0) revert InvalidParameter("genesisStateRoot", 0);
        INBOX = inbox;
        BRIDGE = bridge;
        VERIFIER = verifier;
        L2_CHAIN_ID = l2ChainId;
        HISTORY_HEIGHT = historyHeight;
        CONFIRM_PERIOD_SECONDS = confirmPeriodSeconds;
        STAKE_WEI = stakeWei;
        configHash = keccak256(
            abi.encodePacked(
                Tag.CONFIGURATION,
                l2ChainId,
                inbox,
                bridge,
                verifier,
                historyHeight,
                uint40(confirmPeriodSeconds),
                stakeWei
            )
        );
        GENESIS_ID = _createGenesis(genesisStateRoot);
    }

    /// @inheritdoc IAssertionChain
    function createAssertion(AssertionInput calldata input) external payable nonReentrant returns (bytes32 id) {
        Assertion storage parent = _known(input.parentId);
        if (parent.confirmedChild != 0) revert ParentClosed(input.parentId, parent.confirmedChild);
        uint40 target = parent.nextTarget;
        uint64 inboxCount = IInbox(INBOX).count();
        if (inboxCount < target) revert TargetNotReached(target, inboxCount);
        bytes32 accumulator = IInbox(INBOX).accumulator(target);
        id = AssertionId.assertionId(input.parentId, input.historyRoot, accumulator);
        if (id != input.expectedId) revert UnexpectedAssertion(input.expectedId, id);
        if (_assertions[id].status != AssertionStatus.NONE) revert AssertionExists(id);
        _checkHistory(input);
        Cursor memory cursor = _openCursor(input);
        if (cursor.item > target || (cursor.item == target && cursor.phase != 0)) {
            revert CursorBeyondTarget(cursor.item, cursor.phase, target);
        }
        _moveStake(id, input.parentId);
        _link(parent, id);
        _store(id, input, target, inboxCount, cursor.item, accumulator);
    }

    /// @inheritdoc IAssertionChain
    function confirm(bytes32 id) external {
        Assertion storage node = _known(id);
        if (node.status == AssertionStatus.CONFIRMED) revert AlreadyConfirmed(id);
        Assertion storage parent = _assertions[node.parentId];
        if (parent.status != AssertionStatus.CONFIRMED) revert ParentNotConfirmed(node.parentId);
        if (parent.childCount != 1) revert AssertionRivaled(id, parent.childCount - 1);
        if (!Deadline.reached(block.timestamp, node.createdAt, CONFIRM_PERIOD_SECONDS)) {
            revert ConfirmPeriodRunning(node.createdAt + CONFIRM_PERIOD_SECONDS);
        }
        node.status = AssertionStatus.CONFIRMED;
        parent.confirmedChild = id;
        latestConfirmed = id;
        emit AssertionConfirmed(id, node.afterStateRoot, node.item);
    }

    /// @inheritdoc IAssertionChain
    function withdrawStake() external nonReentrant {
        bytes32 latest = stakedOn[msg.sender];
        if (latest == 0) revert NoStake(msg.sender);
        if (_assertions[latest].status != AssertionStatus.CONFIRMED) revert StakeLocked(msg.sender, latest);
        delete stakedOn[msg.sender];
        lockedStakes -= STAKE_WEI;
        emit BondRefunded(msg.sender, latest, STAKE_WEI);
        (bool paid,) = msg.sender.call{value: STAKE_WEI}("");
        if (!paid) revert PaymentRefused(msg.sender, STAKE_WEI);
    }

    /// @inheritdoc IAssertionChain
    function assertion(bytes32 id) external view returns (Assertion memory) {
        return _known(id);
    }

    /// @inheritdoc IAssertionChain
    function outcome(bytes32 id)
        external
        view
        returns (bytes32 afterStateRoot, uint64 createdBlock, AssertionStatus status)
    {
        Assertion storage node = _assertions[id];
        return (node.afterStateRoot, node.createdBlock, node.status);
    }

    /// @inheritdoc IAssertionChain
    function rivals(bytes32 id) external view returns (uint256) {
        Assertion storage node = _known(id);
        return id == GENESIS_ID ? 0 : _assertions[node.parentId].childCount - 1;
    }

    /// @inheritdoc IAssertionChain
    function confirmableAt(bytes32 id) external view returns (uint64) {
        Assertion storage node = _known(id);
        uint64 end = node.status == AssertionStatus.CONFIRMED ? 0 : node.createdAt + CONFIRM_PERIOD_SECONDS;
        while (node.status != AssertionStatus.CONFIRMED) {
            node = _assertions[node.parentId];
            if (node.childCount != 1) return 0;
        }
        return end;
    }

    /// @dev G-4.
    function _createGenesis(bytes32 stateRoot) private returns (bytes32 id) {
        id = AssertionId.assertionId(0, stateRoot, 0);
        Assertion storage node = _assertions[id];
        node.afterStateRoot = stateRoot;
        node.historyRoot = stateRoot;
        node.nextTarget = 1;
        node.createdAt = uint40(block.timestamp);
        node.createdBlock = uint40(block.number);
        node.status = AssertionStatus.CONFIRMED;
        node.finished = true;
        latestConfirmed = id;
        emit AssertionCreated(id, 0, address(0), stateRoot, stateRoot, 0, 0, 1, 0, true);
        emit AssertionConfirmed(id, stateRoot, 0);
    }

    /// @dev The stake of the caller now stands behind `id`. It can stand behind one assertion only: it comes from the
    /// parent, from a confirmed assertion, or from the value of this call.
    function _moveStake(bytes32 id, bytes32 parentId) private {
        bytes32 latest = stakedOn[msg.sender];
        uint256 due = latest == 0 ? STAKE_WEI : 0;
        if (msg.value != due) revert StakeMismatch(due, msg.value);
        if (latest == 0) {
            lockedStakes += STAKE_WEI;
            emit BondLocked(msg.sender, id, STAKE_WEI);
        } else {
            if (latest != parentId && _assertions[latest].status != AssertionStatus.CONFIRMED) {
                revert StakeElsewhere(msg.sender, latest);
            }
            emit BondMoved(msg.sender, latest, id);
        }
        stakedOn[msg.sender] = id;
    }

    /// @dev Append `id` to the children of its parent.
    function _link(Assertion storage parent, bytes32 id) private {
        if (parent.childCount == 0) parent.firstChild = id;
        else _assertions[parent.lastChild].nextSibling = id;
        parent.lastChild = id;
        ++parent.childCount;
    }

    /// @dev G-5: the target of the children is fixed now.
    function _store(
        bytes32 id,
        AssertionInput calldata input,
        uint40 target,
        uint64 inboxCount,
        uint40 item,
        bytes32 accumulator
    ) private {
        bool finished = item == target;
        uint40 nextTarget = target;
        if (finished) nextTarget = inboxCount > target ? uint40(inboxCount) : target + 1;
        Assertion storage node = _assertions[id];
        node.parentId = input.parentId;
        node.afterStateRoot = input.afterStateRoot;
        node.historyRoot = input.historyRoot;
        node.target = target;
        node.nextTarget = nextTarget;
        node.item = item;
        node.createdAt = uint40(block.timestamp);
        node.createdBlock = uint40(block.number);
        node.status = AssertionStatus.PENDING;
        node.finished = finished;
        node.staker = msg.sender;
        emit AssertionCreated(
            id,
            input.parentId,
            msg.sender,
            input.historyRoot,
            input.afterStateRoot,
            accumulator,
            target,
            nextTarget,
            item,
            finished
        );
    }

    function _known(bytes32 id) private view returns (Assertion storage node) {
        node = _assertions[id];
        if (node.status == AssertionStatus.NONE) revert UnknownAssertion(id);
    }

    /// @dev The after state is the last leaf of the history (G-2).
    function _checkHistory(AssertionInput calldata input) private view {
        if (input.lastLeafBranch.length != HISTORY_HEIGHT) {
            revert BranchLengthMismatch(HISTORY_HEIGHT, input.lastLeafBranch.length);
        }
        bytes32 actual = History.rootOfLast(input.afterStateRoot, input.lastLeafBranch);
        if (actual != input.historyRoot) revert HistoryMismatch(input.historyRoot, actual);
    }

    /// @dev The cursor is a leaf of the after state (S-1).
    function _openCursor(AssertionInput calldata input) private pure returns (Cursor memory) {
        bytes memory value = abi.encodePacked(input.cursor);
        bytes32 actual = StateProof.rootOf(Layout.CURSOR, value, input.cursorBranch);
        if (actual != input.afterStateRoot) revert CursorMismatch(input.afterStateRoot, actual);
        return Leaves.decodeCursor(value);
    }
}
