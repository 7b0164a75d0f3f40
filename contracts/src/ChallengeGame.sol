// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Deadline} from "./core/Deadline.sol";
import {IAssertionChain} from "./interfaces/IAssertionChain.sol";
import {Bisection, Edge, IChallengeGame, LeafProof, Refutation, Transition} from "./interfaces/IChallengeGame.sol";
import {IStakePool, Service} from "./interfaces/IStakePool.sol";
import {IVerifier} from "./interfaces/IVerifier.sol";
import {Edges} from "./proof/Edges.sol";
import {History} from "./proof/History.sol";
import {EdgeSlot, EdgeSlots} from "./types/EdgeSlot.sol";
import {Call} from "./types/Steps.sol";

/// @title Challenge game between rival assertions
/// @dev Promises: IChallengeGame. Rules: docs/spec.md D-1 to D-14. It calls nothing but the three contracts of its
/// constructor, and holds no ETH.
contract ChallengeGame is IChallengeGame {
    uint8 private constant MAX_HISTORY_HEIGHT = 32;
    /// @dev Timer of what is proven; seconds alone never get there.
    uint32 private constant PROVEN = type(uint32).max;

    IAssertionChain private immutable _CHAIN;
    IStakePool private immutable _POOL;
    IVerifier private immutable _MACHINE;
    /// @inheritdoc IChallengeGame
    uint8 public immutable HISTORY_HEIGHT;

    /// @inheritdoc IChallengeGame
    mapping(bytes32 mutualId => bytes32 edgeId) public firstRival;
    mapping(bytes32 edgeId => EdgeSlot slot) private _edges;
    /// @dev Who killed an assertion, until that is paid.
    mapping(bytes32 assertionId => address refuter) private _refuters;
    /// @dev Whether the making of the winner of a contest was paid.
    mapping(bytes32 originId => bool paid) private _winnerPaid;

    /// @dev The assertion chain is created after this contract and checks that both agree.
    constructor(address assertionChain, address stakePool, address verifier, uint8 historyHeight) {
        if (assertionChain == address(0)) revert InvalidParameter("assertionChain", 0);
        if (stakePool.code.length == 0) revert InvalidParameter("stakePool", uint160(stakePool));
        if (verifier.code.length == 0) revert InvalidParameter("verifier", uint160(verifier));
        if (historyHeight == 0 || historyHeight > MAX_HISTORY_HEIGHT) {
            revert InvalidParameter("historyHeight", historyHeight);
        }
        _CHAIN = IAssertionChain(assertionChain);
        _POOL = IStakePool(stakePool);
        _MACHINE = IVerifier(verifier);
        HISTORY_HEIGHT = historyHeight;
    }

    /// @inheritdoc IChallengeGame
    function bisectAssertion(bytes32 assertionId, bytes32 left, bytes32 right) external {
        (bytes32 originId, bytes32 historyRoot,,) = _CHAIN.claimOf(assertionId);
        bytes32 actual = Edges.nodeOf(left, right);
        if (actual != historyRoot) revert HalvesMismatch(historyRoot, actual);
        bytes32 mutual = Edges.mutualId(originId, HISTORY_HEIGHT, 0, Edges.NO_PREFIX);
        bytes32 id = Edges.edgeId(mutual, historyRoot);
        _requireOpen(originId);
        if (_CHAIN.childCount(originId) < 2) revert EdgeUnrivaled(id);
        EdgeSlot slot = _edges[id];
        if (slot.exists()) revert AlreadyBisected(id, slot.actor());
        // Rivaled from the start: the time before the first rival is that of the assertion, not of the edge (D-4).
        _edges[id] = EdgeSlots.pack(block.timestamp, block.timestamp, 0, msg.sender);
        if (firstRival[mutual] == 0) firstRival[mutual] = id;
        emit EdgeAdded(id, mutual, originId);
        emit EdgeBisected(id, msg.sender, left, right);
        _addHalves(originId, HISTORY_HEIGHT, 0, Edges.NO_PREFIX, left, right);
    }

    /// @inheritdoc IChallengeGame
    function bisect(Bisection calldata edge_) external {
        bytes32 id = _idOf(edge_);
        EdgeSlot slot = _edges[id];
        if (!slot.exists()) revert UnknownEdge(id);
        _requireOpen(edge_.originId);
        if (slot.rivaledAt() == 0) revert EdgeUnrivaled(id);
        if (slot.actor() != address(0)) revert AlreadyBisected(id, slot.actor());
        _edges[id] = slot.withActor(msg.sender);
        emit EdgeBisected(id, msg.sender, edge_.left, edge_.right);
        _addHalves(edge_.originId, edge_.height, edge_.index, edge_.prefix, edge_.left, edge_.right);
    }

    /// @inheritdoc IChallengeGame
    function updateTimers(Bisection[] calldata edges) external {
        for (uint256 i = 0; i < edges.length; ++i) {
            _updateTimer(edges[i]);
        }
    }

    /// @inheritdoc IChallengeGame
    function proveOneStep(LeafProof calldata proof, Transition calldata transition) external {
        bytes32 id = Edges.edgeId(proof.originId, 0, proof.index, proof.prefix, proof.leaf);
        EdgeSlot slot = _edges[id];
        if (!slot.exists()) revert UnknownEdge(id);
        _requireOpen(proof.originId);
        if (slot.rivaledAt() == 0) revert EdgeUnrivaled(id);
        if (slot.inherited() == PROVEN) revert AlreadyProven(id);
        (bytes32 originState, uint40 target,,) = _CHAIN.contest(proof.originId);
        bytes32 stateBefore = proof.index == 0 ? originState : _lastAbsorbed(proof);
        bytes32 expected = _stateAfter(stateBefore, target, transition);
        if (expected != proof.leaf) revert WrongPoststate(expected, proof.leaf);
        _edges[id] = slot.withInherited(PROVEN).withActor(msg.sender);
        emit EdgeConfirmedByOneStepProof(id, msg.sender);
    }

    /// @inheritdoc IChallengeGame
    function refute(Refutation calldata refutation, Transition calldata transition) external {
        (bytes32 stateBefore, uint40 target) = _openLeaves(refutation);
        _kill(refutation, _stateAfter(stateBefore, target, transition));
    }

    /// @inheritdoc IChallengeGame
    function refuteWithRun(Refutation calldata refutation, Call calldata call) external {
        (bytes32 stateBefore, uint40 target) = _openLeaves(refutation);
        if (call.startRoot != stateBefore) revert WrongRun(stateBefore, call.startRoot);
        bytes32 config = _CHAIN.configHash();
        if (call.target != target || call.configHash != config) revert WrongContext(target, config);
        (bytes32 root,, bool ended) = _MACHINE.prove(call);
        if (!ended) revert SegmentNotProven(stateBefore, uint256(call.stepsDone) + call.steps);
        _kill(refutation, root);
    }

    /// @inheritdoc IChallengeGame
    function claimAssertion(bytes32 originId) external {
        (, address staker) = _winnerOf(originId);
        if (_CHAIN.childCount(originId) < 2 || _winnerPaid[originId]) revert NothingEarned(originId);
        _winnerPaid[originId] = true;
        _POOL.pay(originId, Service.ASSERTION, staker);
    }

    /// @inheritdoc IChallengeGame
    function claimBisection(bytes32 originId, uint8 height, uint64 index, bytes32 node, bytes32[] calldata branch)
        external
    {
        if (height == 0 || height > HISTORY_HEIGHT) revert HeightOutOfRange(height, HISTORY_HEIGHT);
        _claimEdge(Service.BISECTION, originId, height, index, node, branch);
    }

    /// @inheritdoc IChallengeGame
    function claimOneStepProof(bytes32 originId, uint64 index, bytes32 leaf, bytes32[] calldata branch) external {
        _claimEdge(Service.ONE_STEP_PROOF, originId, 0, index, leaf, branch);
    }

    /// @inheritdoc IChallengeGame
    function claimRefutation(bytes32 assertionId) external {
        (bytes32 originId,,,) = _CHAIN.claimOf(assertionId);
        if (_CHAIN.confirmedChild(originId) == 0) revert ContestOpen(originId);
        address refuter = _refuters[assertionId];
        if (refuter == address(0)) revert NothingEarned(assertionId);
        delete _refuters[assertionId];
        _POOL.pay(originId, Service.REFUTATION, refuter);
    }

    /// @inheritdoc IChallengeGame
    function closeContest(bytes32 originId) external {
        if (_CHAIN.confirmedChild(originId) == 0) revert ContestOpen(originId);
        uint256 endedAt = _CHAIN.confirmedAt(originId);
        uint256 period = _CHAIN.CONFIRM_PERIOD_SECONDS();
        if (!Deadline.reached(block.timestamp, endedAt, period)) revert ClaimPeriodRunning(endedAt + period);
        _POOL.burnPot(originId);
    }

    /// @inheritdoc IChallengeGame
    function assertionTimer(bytes32 parentId, bytes32 historyRoot) external view returns (uint256) {
        return timer(Edges.edgeId(parentId, HISTORY_HEIGHT, 0, Edges.NO_PREFIX, historyRoot));
    }

    /// @inheritdoc IChallengeGame
    function edge(bytes32 edgeId) external view returns (Edge memory) {
        EdgeSlot slot = _edges[edgeId];
        return Edge(slot.createdAt(), slot.rivaledAt(), slot.inherited(), slot.actor());
    }

    /// @inheritdoc IChallengeGame
    function edgeIdOf(bytes32 originId, uint8 height, uint64 index, bytes32 prefix, bytes32 node)
        external
        pure
        returns (bytes32 edgeId, bytes32 mutualId)
    {
        mutualId = Edges.mutualId(originId, height, index, prefix);
        edgeId = Edges.edgeId(mutualId, node);
    }

    /// @inheritdoc IChallengeGame
    function ASSERTION_CHAIN() external view returns (address) {
        return address(_CHAIN);
    }

    /// @inheritdoc IChallengeGame
    function STAKE_POOL() external view returns (address) {
        return address(_POOL);
    }

    /// @inheritdoc IChallengeGame
    function VERIFIER() external view returns (address) {
        return address(_MACHINE);
    }

    /// @inheritdoc IChallengeGame
    function timer(bytes32 edgeId) public view returns (uint256) {
        EdgeSlot slot = _edges[edgeId];
        uint256 inherited = slot.inherited();
        if (!slot.exists() || inherited == PROVEN) return inherited;
        uint256 own = (slot.rivaledAt() == 0 ? block.timestamp : slot.rivaledAt()) - slot.createdAt();
        uint256 sum = own + inherited;
        return sum < PROVEN ? sum : PROVEN - 1;
    }

    /// @dev D-2.
    function _addHalves(bytes32 originId, uint8 height, uint64 index, bytes32 prefix, bytes32 left, bytes32 right)
        private
    {
        (uint8 below, uint64 first) = (height - 1, Edges.leftIndex(index));
        _addEdge(originId, Edges.mutualId(originId, below, first, prefix), left);
        _addEdge(originId, Edges.mutualId(originId, below, first | 1, Edges.extendPrefix(prefix, left)), right);
    }

    /// @dev D-3, D-4: what exists is the same edge; the first of its rivals has its time stopped by the second.
    function _addEdge(bytes32 originId, bytes32 mutual, bytes32 node) private {
        bytes32 id = Edges.edgeId(mutual, node);
        bytes32 first = firstRival[mutual];
        if (first == 0) {
            firstRival[mutual] = id;
            _edges[id] = EdgeSlots.pack(block.timestamp, 0, 0, address(0));
        } else {
            if (first == id || _edges[id].exists()) return;
            EdgeSlot slot = _edges[first];
            if (slot.rivaledAt() == 0) _edges[first] = slot.withRivaledAt(block.timestamp);
            _edges[id] = EdgeSlots.pack(block.timestamp, block.timestamp, 0, address(0));
        }
        emit EdgeAdded(id, mutual, originId);
    }

    /// @dev D-5.
    function _updateTimer(Bisection calldata edge_) private {
        bytes32 id = _idOf(edge_);
        EdgeSlot slot = _edges[id];
        if (!slot.exists()) revert UnknownEdge(id);
        if (slot.actor() == address(0)) revert NotBisected(id);
        (uint8 below, uint64 first) = (edge_.height - 1, Edges.leftIndex(edge_.index));
        bytes32 prefix = Edges.extendPrefix(edge_.prefix, edge_.left);
        uint256 left = timer(Edges.edgeId(edge_.originId, below, first, edge_.prefix, edge_.left));
        uint256 right = timer(Edges.edgeId(edge_.originId, below, first | 1, prefix, edge_.right));
        uint256 inherited = left < right ? left : right;
        if (inherited <= slot.inherited()) return;
        _edges[id] = slot.withInherited(inherited);
        emit EdgeTimerUpdated(id, inherited);
    }

    function _idOf(Bisection calldata edge_) private view returns (bytes32) {
        uint8 height = edge_.height;
        if (height == 0 || height > HISTORY_HEIGHT) revert HeightOutOfRange(height, HISTORY_HEIGHT);
        bytes32 node = Edges.nodeOf(edge_.left, edge_.right);
        return Edges.edgeId(edge_.originId, height, edge_.index, edge_.prefix, node);
    }

    /// @dev No child of the origin is confirmed.
    function _requireOpen(bytes32 originId) private view {
        bytes32 winner = _CHAIN.confirmedChild(originId);
        if (winner != 0) revert ContestClosed(originId, winner);
    }

    /// @dev D-9: the leaf before is the last one under the last left sibling, which the prefix names.
    function _lastAbsorbed(LeafProof calldata proof) private pure returns (bytes32) {
        bytes32 prefix = Edges.extendPrefix(proof.previousPrefix, proof.lastLeft);
        if (prefix != proof.prefix) revert PrefixMismatch(proof.prefix, prefix);
        uint256 height = Edges.trailingZeros(proof.index);
        if (proof.branch.length != height) revert BranchLengthMismatch(height, proof.branch.length);
        bytes32 lastLeft = History.rootOfLast(proof.leafBefore, proof.branch);
        if (lastLeft != proof.lastLeft) revert PrefixMismatch(proof.lastLeft, lastLeft);
        return proof.leafBefore;
    }

    /// @dev D-7.
    function _stateAfter(bytes32 stateRoot, uint40 target, Transition calldata transition)
        private
        view
        returns (bytes32 root)
    {
        if (transition.positionProof.length == 0) {
            bytes32 ctx = _MACHINE.context(target, _CHAIN.configHash());
            bool ended;
            (root,, ended) = _MACHINE.entry(ctx, stateRoot, transition.stepsDone);
            if (root == 0 || !ended) revert SegmentNotProven(stateRoot, transition.stepsDone);
        } else {
            (uint40 item, bool clean) = _MACHINE.position(stateRoot, transition.positionProof);
            if (!clean || item != target) revert NotFinished(stateRoot, item, target);
            root = stateRoot;
        }
    }

    /// @dev D-8: the state before leaf `index` of the history of the assertion, which has both leaves.
    function _openLeaves(Refutation calldata refutation) private view returns (bytes32 stateBefore, uint40 target) {
        (bytes32 originId, bytes32 historyRoot,,) = _CHAIN.claimOf(refutation.assertionId);
        _requireOpen(originId);
        uint256 index = refutation.index;
        if (index >= 2 ** HISTORY_HEIGHT) revert IndexOutOfRange(index, 2 ** HISTORY_HEIGHT);
        _requireNode(historyRoot, HISTORY_HEIGHT, index, refutation.leaf, refutation.branch);
        (stateBefore, target,,) = _CHAIN.contest(originId);
        if (index > 0) {
            stateBefore = refutation.leafBefore;
            _requireNode(historyRoot, HISTORY_HEIGHT, index - 1, stateBefore, refutation.branchBefore);
        }
    }

    /// @dev The node stands at `index` in the history, `levels` below its root.
    function _requireNode(bytes32 historyRoot, uint256 levels, uint256 index, bytes32 node, bytes32[] calldata branch)
        private
        pure
    {
        if (branch.length != levels) revert BranchLengthMismatch(levels, branch.length);
        bytes32 actual = History.rootOf(node, index, branch);
        if (actual != historyRoot) revert LeafNotInHistory(index, historyRoot, actual);
    }

    function _kill(Refutation calldata refutation, bytes32 expected) private {
        if (expected == refutation.leaf) revert TransitionIsValid(refutation.assertionId, refutation.index);
        _refuters[refutation.assertionId] = msg.sender;
        _CHAIN.refute(refutation.assertionId, msg.sender);
    }

    function _winnerOf(bytes32 originId) private view returns (bytes32 historyRoot, address staker) {
        bytes32 winner = _CHAIN.confirmedChild(originId);
        if (winner == 0) revert ContestOpen(originId);
        (, historyRoot,, staker) = _CHAIN.claimOf(winner);
    }

    /// @dev Pays whoever acted on an edge of the winner's history, and forgets it, so that nothing is paid twice.
    function _claimEdge(
        Service service,
        bytes32 originId,
        uint8 height,
        uint64 index,
        bytes32 node,
        bytes32[] calldata branch
    ) private {
        (bytes32 historyRoot,) = _winnerOf(originId);
        uint256 levels = HISTORY_HEIGHT - height;
        if (index >= 2 ** levels) revert IndexOutOfRange(index, 2 ** levels);
        _requireNode(historyRoot, levels, index, node, branch);
        bytes32 id = Edges.edgeId(originId, height, index, Edges.prefixOf(index, branch), node);
        EdgeSlot slot = _edges[id];
        address actor = slot.actor();
        if (actor == address(0)) revert NothingEarned(id);
        _edges[id] = slot.withActor(address(0));
        _POOL.pay(originId, service, actor);
    }
}
