// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Assertion, AssertionStatus} from "../../src/interfaces/IAssertionChain.sol";
import {Bisection, Edge} from "../../src/interfaces/IChallengeGame.sol";
import {GameFixture} from "../GameFixture.sol";
import {Toy, ToyState} from "../mocks/ToyVerifier.sol";

/// @notice The claims of one contest with all their edges, and an honest player who follows docs/spec.md D-15.
/// @dev Trees lie in arrays in heap order: the root at 1, the halves of `k` at `2k` and `2k + 1`, the leaves last.
abstract contract GamePlayers is GameFixture {
    struct Claim {
        bytes32 id;
        bytes32 below;
        address staker;
        uint256 createdAt;
        bool isPublished;
        uint256 wrongAt;
        ToyState[] states;
        bytes32[] nodes;
        bytes32[] prefixes;
        bytes32[] edges;
        bytes32[] mutuals;
    }

    /// @dev Longest time from what a liar does to the answer of an honest player who is awake.
    uint256 internal constant REACTION = 5;
    uint32 internal constant PROVEN = type(uint32).max;

    /// @dev The right claim stands first, made or not; all others are wrong.
    Claim[] internal claims;
    uint256 internal deposits;
    /// @dev Since when something waits for the honest player; 0 if nothing does.
    uint256 internal dirtyAt;

    /// @notice One turn: everything that is due. Never rejected, whatever anyone did before.
    function playHonest() external {
        dirtyAt = 0;
        if (chain.confirmedChild(genesis) != 0) return;
        bool isThreatened = false;
        for (uint256 i = 1; i < claims.length; ++i) {
            if (!_isLive(claims[i].id)) continue;
            if (claims[i].isPublished) _refute(alice, i);
            else isThreatened = true;
        }
        if (isThreatened && claims[0].id == 0) _make(alice, 0);
        if (claims[0].id == 0) return;
        if (isThreatened) _answer(alice, type(uint256).max);
        _update(0);
        _finish(claims[0].id);
    }

    /// @dev A claim of the contest, its tree, and nothing on the chain yet.
    function _prepare(History memory history) internal returns (uint256 place) {
        place = claims.length;
        Claim storage claim = claims.push();
        claim.states = history.states;
        uint256 leaves = history.states.length;
        bytes32[] memory nodes = new bytes32[](2 * leaves);
        bytes32[] memory prefixes = new bytes32[](2 * leaves);
        bytes32[] memory edges = new bytes32[](2 * leaves);
        bytes32[] memory mutuals = new bytes32[](2 * leaves);
        for (uint256 k = 2 * leaves - 1; k > 0; --k) {
            nodes[k] = k < leaves ? hashNode(nodes[2 * k], nodes[2 * k + 1]) : Toy.hash(history.states[k - leaves]);
        }
        for (uint256 k = 1; k < 2 * leaves; ++k) {
            bytes32 above = prefixes[k / 2];
            prefixes[k] = k % 2 == 0 || k == 1 ? above : keccak256(abi.encodePacked(bytes1(0x13), above, nodes[k - 1]));
            (uint8 level, uint64 index) = _placeOf(k);
            (edges[k], mutuals[k]) = game.edgeIdOf(genesis, level, index, prefixes[k], nodes[k]);
        }
        (claim.nodes, claim.prefixes, claim.edges, claim.mutuals) = (nodes, prefixes, edges, mutuals);
    }

    function _placeOf(uint256 k) internal view returns (uint8 level, uint64 index) {
        level = height;
        index = uint64(k);
        for (uint256 above = k; above > 1; above >>= 1) {
            --level;
        }
        index -= uint64(1) << (height - level);
    }

    function _historyOf(uint256 place) internal view returns (History memory) {
        return History(claims[place].states);
    }

    function _isLive(bytes32 id) internal view returns (bool) {
        if (id == 0) return false;
        (,, AssertionStatus status,) = chain.claimOf(id);
        return status == AssertionStatus.PENDING;
    }

    // ---- moves

    function _make(address who, uint256 place) internal {
        if (chain.stakedOn(who) == 0) deposits += STAKE;
        Claim storage claim = claims[place];
        claim.id = assertAs(who, genesis, _historyOf(place));
        (claim.staker, claim.createdAt) = (who, vm.getBlockTimestamp());
    }

    function _refute(address who, uint256 place) internal {
        refuteAs(who, claims[place].id, _historyOf(place), claims[place].wrongAt);
    }

    function _edge(uint256 place, uint256 k) internal view returns (Edge memory) {
        return game.edge(claims[place].edges[k]);
    }

    /// @dev Whether the game takes the halves of this edge, or the proof of this leaf, now.
    function _isOpen(uint256 place, uint256 k) internal view returns (bool) {
        Edge memory edge = _edge(place, k);
        if (k == 1) return claims[place].id != 0 && chain.childCount(genesis) > 1 && edge.createdAt == 0;
        return edge.rivaledAt != 0 && edge.actor == address(0);
    }

    function _bisect(address who, uint256 place, uint256 k) internal {
        Claim storage claim = claims[place];
        Bisection memory edge = _bisection(claim, k);
        vm.prank(who);
        if (k == 1) game.bisectAssertion(claim.id, edge.left, edge.right);
        else game.bisect(edge);
    }

    function _bisection(Claim storage claim, uint256 k) private view returns (Bisection memory) {
        (uint8 level, uint64 index) = _placeOf(k);
        return Bisection(genesis, level, index, claim.prefixes[k], claim.nodes[2 * k], claim.nodes[2 * k + 1]);
    }

    /// @dev D-15 (2): bisect what has a rival on the right history, prove what cannot be bisected; at most so many moves.
    function _answer(address who, uint256 moves) internal {
        uint256 leaves = 1 << height;
        for (uint256 k = 1; k < 2 * leaves && moves > 0; ++k) {
            if (!_isOpen(0, k)) continue;
            if (k < leaves) _bisect(who, 0, k);
            else proveLeafAs(who, _historyOf(0), k - leaves);
            --moves;
        }
    }

    /// @dev Every bisected edge, children first.
    function _update(uint256 place) internal {
        Bisection[] memory one = new Bisection[](1);
        for (uint256 k = (1 << height) - 1; k > 0; --k) {
            if (_edge(place, k).actor == address(0)) continue;
            one[0] = _bisection(claims[place], k);
            game.updateTimers(one);
        }
    }

    /// @dev D-15 (4).
    function _finish(bytes32 id) private {
        uint256 now_ = vm.getBlockTimestamp();
        bool isRipe = chain.liveOwn(id) >= T;
        if (chain.childCount(genesis) == 1) {
            if (isRipe) chain.confirm(id);
            return;
        }
        uint256 markedAt = chain.assertion(id).markedAt;
        if (markedAt == 0 && (isRipe || _timer(0) >= T)) chain.markConfirmable(id);
        if (markedAt != 0 && now_ >= markedAt + G) chain.confirm(id);
    }

    /// @dev When the honest player has something to do if nobody else moves.
    function _alarmAt() internal view returns (uint256) {
        bytes32 id = claims[0].id;
        if (id == 0 || chain.confirmedChild(genesis) != 0) return type(uint256).max;
        uint256 now_ = vm.getBlockTimestamp();
        Assertion memory node = chain.assertion(id);
        if (node.markedAt != 0 && chain.childCount(genesis) > 1) return node.markedAt + G;
        uint256 most = _edge(0, 1).actor == address(0) ? 0 : _timer(0);
        uint256 own = chain.liveOwn(id);
        bool isRunning = node.nextLive == 0 && chain.assertion(genesis).firstLive == id;
        if (isRunning && own > most) most = own;
        return now_ + (most < T ? T - most : 1);
    }

    function _timer(uint256 place) internal view returns (uint256) {
        return game.timer(claims[place].edges[1]);
    }
}
