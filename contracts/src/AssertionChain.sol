// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Deadline} from "./core/Deadline.sol";
import {Siblings} from "./core/Siblings.sol";
import {Wiring} from "./core/Wiring.sol";
import {Assertion, AssertionInput, AssertionStatus, IAssertionChain} from "./interfaces/IAssertionChain.sol";
import {IChallengeGame} from "./interfaces/IChallengeGame.sol";
import {IExitMode} from "./interfaces/IExitMode.sol";
import {IInbox} from "./interfaces/IInbox.sol";
import {IStakePool} from "./interfaces/IStakePool.sol";
import {IVerifier} from "./interfaces/IVerifier.sol";
import {AssertionId} from "./proof/AssertionId.sol";
import {Tag} from "./proof/Hash.sol";
import {History} from "./proof/History.sol";

/// @title Tree of bonded claims about the L2 state
/// @dev Promises: IAssertionChain. Rules: docs/spec.md G-4 to G-8, D-6, D-10, D-11. Invariants: docs/invariants.md A.
contract AssertionChain is IAssertionChain {
    using Siblings for mapping(bytes32 id => Assertion node);

    /// @dev Height of histories, and with it the work of a challenge, stays bounded.
    uint8 internal constant MAX_HISTORY_HEIGHT = 32;
    uint64 internal constant MAX_PERIOD_SECONDS = 1 << 31;
    /// @dev How far a stake climbs in one call in exit mode: a longer way takes several calls.
    uint256 internal constant MAX_CLIMB = 512;

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
    address public immutable CHALLENGE_GAME;
    /// @inheritdoc IAssertionChain
    address public immutable STAKE_POOL;
    /// @inheritdoc IAssertionChain
    address public immutable EXIT_MODE;
    /// @inheritdoc IAssertionChain
    uint64 public immutable L2_CHAIN_ID;
    /// @inheritdoc IAssertionChain
    uint8 public immutable HISTORY_HEIGHT;
    /// @inheritdoc IAssertionChain
    uint64 public immutable CONFIRM_PERIOD_SECONDS;
    /// @inheritdoc IAssertionChain
    uint64 public immutable RIVAL_DELAY_SECONDS;
    /// @inheritdoc IAssertionChain
    uint96 public immutable STAKE_WEI;

    /// @inheritdoc IAssertionChain
    bytes32 public latestConfirmed;
    /// @inheritdoc IAssertionChain
    mapping(address staker => bytes32 id) public stakedOn;
    mapping(bytes32 id => Assertion node) private _assertions;

    /// @dev The other contracts are deployed before, with the precomputed address of this one.
    constructor(
        address inbox,
        address bridge,
        address verifier,
        address challengeGame,
        address stakePool,
        address exitMode,
        uint64 l2ChainId,
        uint8 historyHeight,
        uint64 confirmPeriodSeconds,
        uint64 rivalDelaySeconds,
        bytes32 genesisStateRoot
    ) {
        if (historyHeight == 0 || historyHeight > MAX_HISTORY_HEIGHT) {
            revert InvalidParameter("historyHeight", historyHeight);
        }
        if (confirmPeriodSeconds == 0 || confirmPeriodSeconds > MAX_PERIOD_SECONDS) {
            revert InvalidParameter("confirmPeriodSeconds", confirmPeriodSeconds);
        }
        if (rivalDelaySeconds > MAX_PERIOD_SECONDS) revert InvalidParameter("rivalDelaySeconds", rivalDelaySeconds);
        if (genesisStateRoot == 0) revert InvalidParameter("genesisStateRoot", 0);
        INBOX = inbox;
        BRIDGE = bridge;
        VERIFIER = verifier;
        CHALLENGE_GAME = challengeGame;
        STAKE_POOL = stakePool;
        EXIT_MODE = exitMode;
        L2_CHAIN_ID = l2ChainId;
        HISTORY_HEIGHT = historyHeight;
        CONFIRM_PERIOD_SECONDS = confirmPeriodSeconds;
        RIVAL_DELAY_SECONDS = rivalDelaySeconds;
        STAKE_WEI = IStakePool(stakePool).STAKE_WEI();
        Wiring.Partners memory partners = Wiring.Partners(inbox, bridge, verifier, challengeGame, stakePool, exitMode);
        Wiring.checkPartners(partners, address(this), historyHeight);
        Wiring.checkExitPeriod(partners, confirmPeriodSeconds, rivalDelaySeconds);
        configHash = keccak256(
            abi.encodePacked(
                Tag.CONFIGURATION,
                l2ChainId,
                inbox,
                bridge,
                verifier,
                historyHeight,
                uint40(confirmPeriodSeconds),
                STAKE_WEI
            )
        );
        GENESIS_ID = _createGenesis(genesisStateRoot);
    }

    modifier unlessExited() {
        if (IExitMode(EXIT_MODE).entered()) revert ExitModeActive();
        _;
    }

    /// @inheritdoc IAssertionChain
    function createAssertion(AssertionInput calldata input) external payable unlessExited returns (bytes32 id) {
        Assertion storage parent = _unlost(input.parentId);
        if (parent.confirmedChild != 0) revert ParentClosed(input.parentId, parent.confirmedChild);
        uint40 target = parent.nextTarget;
        uint64 inboxCount = IInbox(INBOX).count();
        if (inboxCount < target) revert TargetNotReached(target, inboxCount);
        bytes32 accumulator = IInbox(INBOX).accumulator(target);
        id = AssertionId.assertionId(input.parentId, input.historyRoot, accumulator);
        if (id != input.expectedId) revert UnexpectedAssertion(input.expectedId, id);
        if (_assertions[id].status != AssertionStatus.NONE) revert AssertionExists(id);
        _checkHistory(input);
        (uint40 item, bool clean) = IVerifier(VERIFIER).position(input.afterStateRoot, input.cursorProof);
        if (item > target || (item == target && !clean)) revert CursorBeyondTarget(item, clean, target);
        bool isNew = _moveStake(id, input.parentId);
        _store(id, input, target, inboxCount, item, accumulator);
        _assertions.append(input.parentId, id);
        if (isNew) IStakePool(STAKE_POOL).lock{value: msg.value}(msg.sender, id);
    }

    /// @inheritdoc IAssertionChain
    function advanceStake(bytes32 child) external {
        bytes32 latest = stakedOn[msg.sender];
        if (latest == 0) revert NoStake(msg.sender);
        _unlost(latest); // else a lost stake would look released in exit mode
        if (_unlost(child).parentId != latest) revert NotChildOfStake(child, latest);
        stakedOn[msg.sender] = child;
        emit BondMoved(msg.sender, latest, child);
    }

    /// @inheritdoc IAssertionChain
    function markConfirmable(bytes32 id) external unlessExited {
        Assertion storage node = _contestant(id);
        if (node.markedAt != 0) revert AlreadyConfirmable(node.markedAt);
        uint256 own = _liveOwn(id, node);
        uint256 timer = IChallengeGame(CHALLENGE_GAME).assertionTimer(node.parentId, node.historyRoot);
        if (!_isPeriod(own) && !_isPeriod(timer)) revert NotConfirmable(id, own, timer);
        node.markedAt = uint40(block.timestamp);
        emit AssertionConfirmable(id, uint64(block.timestamp));
    }

    /// @inheritdoc IAssertionChain
    function confirm(bytes32 id) external unlessExited {
        Assertion storage node = _contestant(id);
        Assertion storage parent = _assertions[node.parentId];
        if (parent.status != AssertionStatus.CONFIRMED) revert ParentNotConfirmed(node.parentId);
        if (parent.childCount == 1) {
            if (!_isPeriod(_liveOwn(id, node))) revert ConfirmPeriodRunning(node.createdAt + CONFIRM_PERIOD_SECONDS);
        } else {
            if (node.markedAt == 0) revert AssertionRivaled(id, parent.childCount - 1);
            if (!Deadline.reached(block.timestamp, node.markedAt, RIVAL_DELAY_SECONDS)) {
                revert RivalDelayRunning(node.markedAt + RIVAL_DELAY_SECONDS);
            }
        }
        node.status = AssertionStatus.CONFIRMED;
        parent.confirmedChild = id;
        parent.closedAt = uint40(block.timestamp);
        latestConfirmed = id;
        emit AssertionConfirmed(id, node.afterStateRoot, node.item);
    }

    /// @inheritdoc IAssertionChain
    function refute(bytes32 id, address refuter) external {
        if (msg.sender != CHALLENGE_GAME) revert NotGame(msg.sender);
        Assertion storage node = _contestant(id);
        node.status = AssertionStatus.REFUTED;
        _assertions.remove(id);
        emit AssertionRefuted(id, refuter);
    }

    /// @inheritdoc IAssertionChain
    function settle(bytes32[] calldata ids, address[] calldata stakers) external {
        for (uint256 i = 0; i < ids.length; ++i) {
            _bury(ids[i]);
        }
        for (uint256 i = 0; i < stakers.length; ++i) {
            bytes32 deadRoot = _deadRootOf(stakedOn[stakers[i]]);
            if (deadRoot == 0) continue;
            delete stakedOn[stakers[i]];
            IStakePool(STAKE_POOL).seize(stakers[i], _assertions[deadRoot].parentId, msg.sender);
        }
    }

    /// @inheritdoc IAssertionChain
    function withdrawStake() external {
        bytes32 latest = stakedOn[msg.sender];
        if (latest == 0) revert NoStake(msg.sender);
        bytes32 reached = _climb(latest);
        if (_assertions[reached].status == AssertionStatus.CONFIRMED) {
            delete stakedOn[msg.sender];
            IStakePool(STAKE_POOL).release(msg.sender);
        } else {
            stakedOn[msg.sender] = reached;
            emit BondMoved(msg.sender, latest, reached);
        }
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
    function claimOf(bytes32 id)
        external
        view
        returns (bytes32 parentId, bytes32 historyRoot, AssertionStatus status, address staker)
    {
        Assertion storage node = _known(id);
        return (node.parentId, node.historyRoot, node.status, node.staker);
    }

    /// @inheritdoc IAssertionChain
    function contest(bytes32 parentId)
        external
        view
        returns (bytes32 afterStateRoot, uint40 target, bytes32 confirmedChild_, uint32 childCount_)
    {
        Assertion storage parent = _known(parentId);
        return (parent.afterStateRoot, parent.nextTarget, parent.confirmedChild, parent.childCount);
    }

    /// @inheritdoc IAssertionChain
    function confirmedChild(bytes32 parentId) external view returns (bytes32) {
        return _assertions[parentId].confirmedChild;
    }

    /// @inheritdoc IAssertionChain
    function confirmedAt(bytes32 parentId) external view returns (uint40) {
        return _assertions[parentId].closedAt;
    }

    /// @inheritdoc IAssertionChain
    function childCount(bytes32 parentId) external view returns (uint32) {
        return _assertions[parentId].childCount;
    }

    /// @inheritdoc IAssertionChain
    function rivals(bytes32 id) external view returns (uint256) {
        Assertion storage node = _known(id);
        return id == GENESIS_ID ? 0 : _assertions[node.parentId].childCount - 1;
    }

    /// @inheritdoc IAssertionChain
    function liveOwn(bytes32 id) external view returns (uint256) {
        return _liveOwn(id, _known(id));
    }

    /// @inheritdoc IAssertionChain
    function confirmableAt(bytes32 id) external view returns (uint64 until) {
        Assertion storage node = _known(id);
        while (node.status != AssertionStatus.CONFIRMED) {
            uint64 own = _confirmableAt(node);
            if (own == 0) return 0;
            if (own > until) until = own;
            node = _assertions[node.parentId];
        }
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
    function _moveStake(bytes32 id, bytes32 parentId) private returns (bool isNew) {
        bytes32 latest = stakedOn[msg.sender];
        isNew = latest == 0;
        uint256 due = isNew ? STAKE_WEI : 0;
        if (msg.value != due) revert StakeMismatch(due, msg.value);
        if (!isNew) {
            if (latest != parentId && _assertions[latest].status != AssertionStatus.CONFIRMED) {
                revert StakeElsewhere(msg.sender, latest);
            }
            emit BondMoved(msg.sender, latest, id);
        }
        stakedOn[msg.sender] = id;
    }

    /// @dev D-11: a lost assertion takes over the topmost reason why it is lost.
    function _bury(bytes32 id) private {
        Assertion storage node = _known(id);
        if (node.status == AssertionStatus.DEAD) return;
        Assertion storage parent = _assertions[node.parentId];
        bytes32 deadRoot;
        if (parent.status == AssertionStatus.DEAD) {
            deadRoot = parent.deadRoot;
        } else {
            if (!_isDeadRoot(id, node, parent)) revert NotLost(id);
            deadRoot = id;
        }
        node.status = AssertionStatus.DEAD;
        node.deadRoot = deadRoot;
        emit AssertionDied(id, deadRoot);
    }

    /// @dev D-11: what is lost, while all above it is confirmed.
    function _isDeadRoot(bytes32 id, Assertion storage node, Assertion storage parent) private view returns (bool) {
        if (parent.status != AssertionStatus.CONFIRMED) return false;
        return node.status == AssertionStatus.REFUTED || (parent.confirmedChild != 0 && parent.confirmedChild != id);
    }

    /// @dev D-11: the dead root of an assertion, settled or not; zero if it has none. A loser who moves a lost stake away
    /// from what a settler names is found all the same.
    function _deadRootOf(bytes32 id) private view returns (bytes32) {
        Assertion storage node = _assertions[id];
        while (node.status != AssertionStatus.DEAD) {
            if (node.status == AssertionStatus.CONFIRMED || id == 0) return 0;
            Assertion storage parent = _assertions[node.parentId];
            if (_isDeadRoot(id, node, parent)) return id;
            (id, node) = (node.parentId, parent);
        }
        return node.deadRoot;
    }

    /// @dev G-8: in exit mode, over pending assertions without a confirmed sibling, as far as one call goes. What is lost
    /// is in the way, so nobody leaves a lost branch through a child that nobody refuted.
    function _climb(bytes32 latest) private view returns (bytes32 id) {
        id = latest;
        Assertion storage node = _assertions[id];
        if (node.status == AssertionStatus.CONFIRMED) return id;
        if (!IExitMode(EXIT_MODE).entered()) revert StakeLocked(msg.sender, latest);
        for (uint256 i = 0; i < MAX_CLIMB && node.status != AssertionStatus.CONFIRMED; ++i) {
            Assertion storage parent = _assertions[node.parentId];
            bool undecided = node.status == AssertionStatus.PENDING && parent.confirmedChild == 0;
            if (!undecided) revert StakeLocked(msg.sender, latest);
            (id, node) = (node.parentId, parent);
        }
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

    /// @dev An assertion that is not known to be lost.
    function _unlost(bytes32 id) private view returns (Assertion storage node) {
        node = _known(id);
        if (node.status == AssertionStatus.REFUTED || node.status == AssertionStatus.DEAD) {
            revert AssertionLost(id, node.status);
        }
    }

    /// @dev A pending assertion in a contest that nobody has won.
    function _contestant(bytes32 id) private view returns (Assertion storage node) {
        node = _unlost(id);
        if (node.status == AssertionStatus.CONFIRMED) revert AlreadyConfirmed(id);
        bytes32 winner = _assertions[node.parentId].confirmedChild;
        if (winner != 0) revert ParentClosed(node.parentId, winner);
    }

    /// @dev D-6.
    function _liveOwn(bytes32 id, Assertion storage node) private view returns (uint256) {
        if (_assertions[node.parentId].firstLive != id) return 0;
        uint256 end = node.nextLive == 0 ? block.timestamp : _assertions[node.nextLive].createdAt;
        return end - node.createdAt;
    }

    /// @dev When a pending assertion can be confirmed if its parent is; 0 if it cannot, or if that depends on the game.
    function _confirmableAt(Assertion storage node) private view returns (uint64) {
        Assertion storage parent = _assertions[node.parentId];
        if (node.status != AssertionStatus.PENDING || parent.confirmedChild != 0) return 0;
        if (parent.childCount == 1) return node.createdAt + CONFIRM_PERIOD_SECONDS;
        return node.markedAt == 0 ? 0 : node.markedAt + RIVAL_DELAY_SECONDS;
    }

    /// @dev Whether a clock that shows `elapsed` seconds has reached the confirm period.
    function _isPeriod(uint256 elapsed) private view returns (bool) {
        return Deadline.reached(elapsed, 0, CONFIRM_PERIOD_SECONDS);
    }

    /// @dev The after state is the last leaf of the history (G-2).
    function _checkHistory(AssertionInput calldata input) private view {
        if (input.lastLeafBranch.length != HISTORY_HEIGHT) {
            revert BranchLengthMismatch(HISTORY_HEIGHT, input.lastLeafBranch.length);
        }
        bytes32 actual = History.rootOfLast(input.afterStateRoot, input.lastLeafBranch);
        if (actual != input.historyRoot) revert HistoryMismatch(input.historyRoot, actual);
    }
}
