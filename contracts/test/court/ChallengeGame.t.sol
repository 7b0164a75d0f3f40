// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ChallengeGame} from "../../src/ChallengeGame.sol";
import {Bisection, Edge, IChallengeGame} from "../../src/interfaces/IChallengeGame.sol";
import {GameFixture} from "../GameFixture.sol";
import {Shipped} from "../Shipped.sol";

/// @notice Bisection and timers, move by move (docs/spec.md D-1 to D-5).
contract ChallengeGameTest is GameFixture {
    /// @dev Three segments and a leaf of padding.
    uint8 private constant HEIGHT = 2;

    History private _honest;
    History private _lie;
    bytes32 private _right;
    bytes32 private _wrong;

    function setUp() public {
        deployGame(HEIGHT, 3);
        _store(_honest, rightHistory(genesisState, 1));
        _store(_lie, poisoned(genesisState, 1, 1, "lie"));
        _right = assertAs(alice, genesis, _honest);
    }

    function test_constructor_nonsense_reverts() public {
        _expect(abi.encodeWithSelector(IChallengeGame.InvalidParameter.selector, bytes32("assertionChain"), 0));
        Shipped.deploy("ChallengeGame", abi.encode(address(0), address(pool), address(machine), 4));
        address empty = makeAddr("empty");
        uint256 value = uint160(empty);
        _expect(abi.encodeWithSelector(IChallengeGame.InvalidParameter.selector, bytes32("stakePool"), value));
        Shipped.deploy("ChallengeGame", abi.encode(address(chain), empty, address(machine), 4));
        _expect(abi.encodeWithSelector(IChallengeGame.InvalidParameter.selector, bytes32("verifier"), value));
        Shipped.deploy("ChallengeGame", abi.encode(address(chain), address(pool), empty, 4));
        _expect(abi.encodeWithSelector(IChallengeGame.InvalidParameter.selector, bytes32("historyHeight"), 0));
        Shipped.deploy("ChallengeGame", abi.encode(address(chain), address(pool), address(machine), 0));
        _expect(abi.encodeWithSelector(IChallengeGame.InvalidParameter.selector, bytes32("historyHeight"), 33));
        Shipped.deploy("ChallengeGame", abi.encode(address(chain), address(pool), address(machine), 33));
    }

    function test_views_afterDeployment_nameTheOtherContracts() public view {
        assertEq(game.ASSERTION_CHAIN(), address(chain));
        assertEq(game.STAKE_POOL(), address(pool));
        assertEq(game.VERIFIER(), address(machine));
        assertEq(game.HISTORY_HEIGHT(), HEIGHT);
    }

    function test_edgeIdOf_anyEdge_equalsTheFixture() public view {
        Bisection memory edge = bisectionAt(genesis, _honest, 1, 1);
        (bytes32 id,) = game.edgeIdOf(genesis, 1, 1, edge.prefix, hashNode(edge.left, edge.right));
        assertEq(id, edgeAt(genesis, _honest, 1, 1));
    }

    // ---- layer zero

    function test_bisectAssertion_withoutRival_reverts() public {
        _expectBisectRevert(_right, _honest, HEIGHT, 0, IChallengeGame.EdgeUnrivaled.selector);
    }

    function test_bisectAssertion_otherHalves_reverts() public {
        _oppose();
        bytes32 actual = hashNode("l", "r");
        _expect(abi.encodeWithSelector(IChallengeGame.HalvesMismatch.selector, rootOf(_honest), actual));
        game.bisectAssertion(_right, "l", "r");
    }

    function test_bisectAssertion_rivaled_storesEdgeWithoutTime() public {
        _oppose();
        pass(5);
        bisectAs(carol, _right, _honest, HEIGHT, 0);
        pass(7);
        bytes32 id = edgeAt(genesis, _honest, HEIGHT, 0);
        Edge memory edge = game.edge(id);
        assertEq(edge.createdAt, START_AT + 5);
        assertEq(edge.rivaledAt, START_AT + 5);
        assertEq(edge.actor, carol);
        assertEq(game.timer(id), 0, "no own time, ever");
        (, bytes32 mutual) = game.edgeIdOf(genesis, HEIGHT, 0, 0, rootOf(_honest));
        assertEq(game.firstRival(mutual), id);
        assertEq(game.timer(edgeAt(genesis, _honest, 1, 0)), 7, "left half");
        assertEq(game.timer(edgeAt(genesis, _honest, 1, 1)), 7, "right half");
        assertEq(timerOf(genesis, _honest), 0, "not before an update");
    }

    function test_bisectAssertion_twice_reverts() public {
        _oppose();
        bisectAs(carol, _right, _honest, HEIGHT, 0);
        bytes32 id = edgeAt(genesis, _honest, HEIGHT, 0);
        Bisection memory edge = bisectionAt(genesis, _honest, HEIGHT, 0);
        _expect(abi.encodeWithSelector(IChallengeGame.AlreadyBisected.selector, id, carol));
        game.bisectAssertion(_right, edge.left, edge.right);
        _expect(abi.encodeWithSelector(IChallengeGame.AlreadyBisected.selector, id, carol));
        game.bisect(edge);
    }

    function test_bisectAssertion_rivalRefuted_stillBisects() public {
        _oppose();
        refuteAs(carol, _wrong, _lie, 1);
        bisectAs(alice, _right, _honest, HEIGHT, 0);
        assertEq(game.edge(edgeAt(genesis, _honest, HEIGHT, 0)).actor, alice);
    }

    // ---- deeper edges

    function test_bisect_loneBisector_reverts() public {
        _oppose();
        bisectAs(alice, _right, _honest, HEIGHT, 0);
        _expectBisectRevert(_right, _honest, 1, 0, IChallengeGame.EdgeUnrivaled.selector);
        _expectBisectRevert(_right, _honest, 1, 1, IChallengeGame.EdgeUnrivaled.selector);
    }

    function test_bisect_unknownEdge_reverts() public {
        _oppose();
        bisectAs(alice, _right, _honest, HEIGHT, 0);
        bisectAs(mallory, _wrong, _lie, HEIGHT, 0);
        Bisection memory edge = bisectionAt(genesis, _honest, 1, 0);
        for (uint256 field = 0; field < 5; ++field) {
            Bisection memory other = _copy(edge);
            if (field == 0) other.originId = _right;
            if (field == 1) other.index = 1;
            if (field == 2) other.prefix = "prefix";
            if (field == 3) other.left = "left";
            if (field == 4) other.right = "right";
            vm.expectPartialRevert(IChallengeGame.UnknownEdge.selector);
            game.bisect(other);
        }
        edge.height = 0;
        _expect(abi.encodeWithSelector(IChallengeGame.HeightOutOfRange.selector, 0, HEIGHT));
        game.bisect(edge);
        edge.height = HEIGHT + 1;
        _expect(abi.encodeWithSelector(IChallengeGame.HeightOutOfRange.selector, HEIGHT + 1, HEIGHT));
        game.bisect(edge);
    }

    function test_bisect_rivaled_stopsTimeOfTheFirstOnly() public {
        _oppose();
        bisectAs(alice, _right, _honest, HEIGHT, 0);
        pass(10);
        bisectAs(mallory, _wrong, _lie, HEIGHT, 0);
        pass(20);
        assertEq(game.timer(edgeAt(genesis, _honest, 1, 0)), 10, "first, until the second came");
        assertEq(game.timer(edgeAt(genesis, _lie, 1, 0)), 0, "second");
        assertEq(game.timer(edgeAt(genesis, _honest, 1, 1)), 30, "another prefix: no rival");
        assertEq(game.timer(edgeAt(genesis, _lie, 1, 1)), 20, "another prefix: no rival");
        assertEq(game.edge(edgeAt(genesis, _lie, 1, 0)).rivaledAt, START_AT + 10);
    }

    function test_bisect_thirdRival_movesNothing() public {
        _oppose();
        bisectAs(alice, _right, _honest, HEIGHT, 0);
        pass(10);
        bisectAs(mallory, _wrong, _lie, HEIGHT, 0);
        pass(10);
        History memory third = poisoned(genesisState, 1, 1, "third");
        bytes32 id = assertAs(carol, genesis, third);
        bisectAs(carol, id, third, HEIGHT, 0);
        assertEq(game.timer(edgeAt(genesis, _honest, 1, 0)), 10);
        assertEq(game.timer(edgeAt(genesis, _lie, 1, 0)), 0);
        assertEq(game.timer(edgeAt(genesis, third, 1, 0)), 0);
    }

    function test_bisect_equalLeftHalves_merge() public {
        _lie.states = patched(_honest, 3, "end").states;
        _oppose();
        bisectAs(alice, _right, _honest, HEIGHT, 0);
        pass(10);
        vm.recordLogs();
        bisectAs(mallory, _wrong, _lie, HEIGHT, 0);
        assertEq(vm.getRecordedLogs().length, 3, "layer zero, its bisection, and only the right half is new");
        pass(10);
        bytes32 shared = edgeAt(genesis, _honest, 1, 0);
        assertEq(shared, edgeAt(genesis, _lie, 1, 0));
        assertEq(game.timer(shared), 20, "the shared past has no rival");
        assertEq(game.timer(edgeAt(genesis, _honest, 1, 1)), 10);
    }

    function test_bisect_contestClosed_reverts() public {
        _oppose();
        bisectAs(alice, _right, _honest, HEIGHT, 0);
        bisectAs(mallory, _wrong, _lie, HEIGHT, 0);
        refuteAs(carol, _wrong, _lie, 1);
        pass(T);
        chain.markConfirmable(_right);
        pass(G);
        chain.confirm(_right);
        _expectBisectRevert(_right, _honest, 1, 0, IChallengeGame.ContestClosed.selector);
        _expectBisectRevert(_right, _honest, HEIGHT, 0, IChallengeGame.ContestClosed.selector);
    }

    // ---- timers

    function test_updateTimers_takesTheSmallerHalf() public {
        _oppose();
        bisectAs(alice, _right, _honest, HEIGHT, 0);
        pass(10);
        bisectAs(mallory, _wrong, _lie, HEIGHT, 0);
        pass(20);
        updateTimersOf(genesis, _honest);
        updateTimersOf(genesis, _lie);
        assertEq(timerOf(genesis, _honest), 10);
        assertEq(timerOf(genesis, _lie), 0);
    }

    function test_updateTimers_childBeforeParent_andTheOtherWayRound() public {
        _oppose();
        bisectAs(alice, _right, _honest, HEIGHT, 0);
        bisectAs(mallory, _wrong, _lie, HEIGHT, 0);
        bisectAs(alice, _right, _honest, 1, 0);
        pass(30);
        Bisection[] memory edges = new Bisection[](2);
        edges[0] = bisectionAt(genesis, _honest, HEIGHT, 0);
        edges[1] = bisectionAt(genesis, _honest, 1, 0);
        game.updateTimers(edges);
        assertEq(timerOf(genesis, _honest), 0, "the parent saw nothing yet");
        (edges[0], edges[1]) = (edges[1], edges[0]);
        vm.recordLogs();
        game.updateTimers(edges);
        assertEq(timerOf(genesis, _honest), 30);
        assertEq(vm.getRecordedLogs().length, 1, "the child did not change again");
        vm.recordLogs();
        game.updateTimers(edges);
        assertEq(vm.getRecordedLogs().length, 0, "nothing new, no event");
    }

    function test_updateTimers_notBisected_reverts() public {
        _oppose();
        bisectAs(alice, _right, _honest, HEIGHT, 0);
        Bisection[] memory edges = new Bisection[](1);
        edges[0] = bisectionAt(genesis, _honest, 1, 1);
        bytes32 id = edgeAt(genesis, _honest, 1, 1);
        _expect(abi.encodeWithSelector(IChallengeGame.NotBisected.selector, id));
        game.updateTimers(edges);
    }

    /// @dev An attacker cannot hand in the children of another contest, or of another place.
    function test_updateTimers_otherTree_reverts() public {
        _oppose();
        bisectAs(alice, _right, _honest, HEIGHT, 0);
        bisectAs(mallory, _wrong, _lie, HEIGHT, 0);
        pass(50);
        for (uint256 field = 0; field < 4; ++field) {
            Bisection[] memory edges = new Bisection[](1);
            edges[0] = bisectionAt(genesis, _lie, HEIGHT, 0);
            if (field == 0) edges[0].right = bisectionAt(genesis, _honest, HEIGHT, 0).right;
            if (field == 1) edges[0].originId = _wrong;
            if (field == 2) edges[0].prefix = "prefix";
            if (field == 3) edges[0].index = 1;
            vm.expectPartialRevert(IChallengeGame.UnknownEdge.selector);
            game.updateTimers(edges);
        }
    }

    function test_updateTimers_provenHalves_makeTheParentProven() public {
        _oppose();
        playBoth(_right, _honest, _wrong, _lie, 1);
        proveLeafAs(alice, _honest, 1);
        updateTimersOf(genesis, _honest);
        assertEq(game.timer(edgeAt(genesis, _honest, 0, 1)), type(uint32).max);
        assertEq(game.timer(edgeAt(genesis, _honest, 1, 0)), 0, "leaf 0 is merged and young");
        pass(T - 1);
        updateTimersOf(genesis, _honest);
        assertEq(timerOf(genesis, _honest), T - 1);
    }

    function test_timer_ageOfCenturies_neverCountsAsProven() public {
        _oppose();
        bisectAs(alice, _right, _honest, HEIGHT, 0);
        vm.warp(START_AT + uint256(type(uint32).max) * 3);
        assertEq(game.timer(edgeAt(genesis, _honest, 1, 0)), type(uint32).max - 1);
        updateTimersOf(genesis, _honest);
        assertEq(timerOf(genesis, _honest), type(uint32).max - 1);
    }

    function test_timer_unknownEdge_isZero() public view {
        assertEq(game.timer("nothing"), 0);
        assertEq(game.edge("nothing").createdAt, 0);
        assertEq(game.assertionTimer(genesis, "nothing"), 0);
    }

    // ---- helpers

    function _oppose() private {
        _wrong = assertAs(mallory, genesis, _lie);
    }

    function _store(History storage to, History memory from) private {
        for (uint256 i = 0; i < from.states.length; ++i) {
            to.states.push(from.states[i]);
        }
    }

    function _copy(Bisection memory edge) private pure returns (Bisection memory) {
        return Bisection(edge.originId, edge.height, edge.index, edge.prefix, edge.left, edge.right);
    }

    function _expect(bytes memory reason) private {
        vm.expectRevert(reason);
    }

    function _expectBisectRevert(bytes32 id, History memory history, uint256 level, uint256 index, bytes4 reason)
        private
    {
        Bisection memory edge = bisectionAt(chain.assertion(id).parentId, history, level, index);
        vm.expectPartialRevert(reason);
        if (level == height) game.bisectAssertion(id, edge.left, edge.right);
        else game.bisect(edge);
    }
}
