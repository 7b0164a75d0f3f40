// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AssertionInput, AssertionStatus, IAssertionChain} from "../../src/interfaces/IAssertionChain.sol";
import {Bisection, IChallengeGame, LeafProof, Refutation, Transition} from "../../src/interfaces/IChallengeGame.sol";
import {GameFixture} from "../GameFixture.sol";
import {ToyState} from "../mocks/ToyVerifier.sol";

/// @notice Ways to cheat, stall or grief at the edges between the contracts of the court, each of which must come to
/// nothing: names taken first, claims that stop early, repeated leaves, late rivals, hostile arguments, odd accounts.
contract CourtAuditTest is GameFixture {
    uint8 private constant HEIGHT = 3;

    // ---- claims that cannot be made, or are made too short

    /// @dev Making the right claim first takes nothing away: the honest side goes on below it, and its targets are those
    /// of the inbox at that time.
    function test_createAssertion_rightClaimMadeByALiar_blocksNobody() public {
        deployGame(HEIGHT, 3);
        History memory honest = rightHistory(genesisState, 1);
        AssertionInput memory input = claimUnder(genesis, honest);
        bytes32 right = assertAs(mallory, genesis, honest);
        assertEq(right, input.expectedId);
        vm.expectRevert(abi.encodeWithSelector(IAssertionChain.AssertionExists.selector, right));
        vm.prank(alice);
        chain.createAssertion{value: STAKE}(input);
        outside.append("item 1");
        outside.append("item 2");
        History memory next = rightHistory(lastState(honest), 2);
        bytes32 child = assertAs(alice, right, next);
        assertEq(chain.assertion(child).target, 2);
        assertEq(chain.assertion(child).nextTarget, 3, "all there was when it was made");
        pass(T);
        chain.confirm(right);
        chain.confirm(child);
        assertEq(chain.latestConfirmed(), child);
    }

    /// @dev A chain of claims that advance by a segment each, and repeat their last state, would keep items from ever
    /// being finished. A state that is not finished does not repeat: each dies at its second leaf, in one call.
    function test_refute_claimThatStopsEarly_dies() public {
        deployGame(HEIGHT, 20);
        for (uint256 made = 1; made < 1 << HEIGHT; ++made) {
            History memory lazy = rightHistory(genesisState, 1);
            for (uint256 i = made; i < lazy.states.length; ++i) {
                lazy.states[i] = lazy.states[made - 1];
            }
            bytes32 id = assertAs(makeAddrWithMoney(made), genesis, lazy);
            Refutation memory refutation = refutationAt(id, lazy, made);
            bytes memory position = abi.encode(lazy.states[made - 1]);
            vm.expectPartialRevert(IChallengeGame.NotFinished.selector);
            game.refute(refutation, Transition(0, position));
            game.refuteWithRun(refutation, runFrom(lazy.states[made - 1], 1));
            assertTrue(chain.assertion(id).status == AssertionStatus.REFUTED);
        }
    }

    /// @dev Many unfinished claims in a row: every one is right, every one is judged by the same target, and a lie at
    /// leaf 0 of any of them is measured against the state in the middle of the item.
    function test_refute_leafZeroBelowUnfinishedParents_onlyTheLieDies() public {
        deployGame(2, 10);
        bytes32 parent = genesis;
        ToyState memory start = genesisState;
        for (uint256 depth = 0; depth < 3; ++depth) {
            History memory honest = rightHistory(start, 1);
            bytes32 right = assertAs(alice, parent, honest);
            assertEq(chain.assertion(right).target, 1);
            History memory lie = poisoned(start, 1, 0, bytes32(depth));
            bytes32 wrong = assertAs(makeAddrWithMoney(depth), parent, lie);
            Transition memory transition = transitionFrom(start, 1);
            Refutation memory refutation = refutationAt(right, honest, 0);
            vm.expectRevert(abi.encodeWithSelector(IChallengeGame.TransitionIsValid.selector, right, 0));
            game.refute(refutation, transition);
            game.refute(refutationAt(wrong, lie, 0), transition);
            bisectAs(alice, right, honest, height, 0);
            (parent, start) = (right, lastState(honest));
        }
        assertTrue(chain.assertion(parent).finished);
        pass(T);
        bytes32[3] memory ids;
        (ids[2], ids[1]) = (parent, chain.assertion(parent).parentId);
        ids[0] = chain.assertion(ids[1]).parentId;
        for (uint256 i = 0; i < 3; ++i) {
            chain.markConfirmable(ids[i]);
        }
        pass(G);
        for (uint256 i = 0; i < 3; ++i) {
            chain.confirm(ids[i]);
        }
        assertEq(chain.latestConfirmed(), parent);
    }

    // ---- repeated leaves

    /// @dev In the padding all leaves are the same, and so are the halves of an edge. Their edges differ all the same, and
    /// no index can be swapped for another.
    function test_padding_equalHalves_areDifferentEdges() public {
        deployGame(HEIGHT, 1);
        History memory honest = rightHistory(genesisState, 1);
        History memory lie = patched(honest, 7, "end");
        bytes32 right = assertAs(alice, genesis, honest);
        bytes32 wrong = assertAs(mallory, genesis, lie);
        assertEq(nodeAt(honest, 1, 2), nodeAt(honest, 1, 3), "equal halves");
        playBoth(right, honest, wrong, lie, 7);
        assertTrue(edgeAt(genesis, honest, 1, 2) != edgeAt(genesis, honest, 1, 3));
        assertEq(game.edge(edgeAt(genesis, honest, 1, 2)).rivaledAt, 0);
        assertTrue(game.edge(edgeAt(genesis, honest, 1, 3)).rivaledAt != 0);
        Transition memory repeat = transitionFrom(honest.states[0], 1);
        for (uint256 index = 1; index < 8; ++index) {
            Refutation memory refutation = refutationAt(right, honest, index);
            vm.expectRevert(abi.encodeWithSelector(IChallengeGame.TransitionIsValid.selector, right, index));
            game.refute(refutation, repeat);
        }
        LeafProof memory proof = leafProofAt(genesis, honest, 7);
        proof.index = 6;
        vm.expectPartialRevert(IChallengeGame.UnknownEdge.selector);
        game.proveOneStep(proof, repeat);
        proof.index = 7 + 8;
        vm.expectPartialRevert(IChallengeGame.UnknownEdge.selector);
        game.proveOneStep(proof, repeat);
        proof.index = 7;
        game.proveOneStep(proof, repeat);
        pass(T);
        updateTimersOf(genesis, honest);
        updateTimersOf(genesis, lie);
        assertEq(timerOf(genesis, honest), T);
        assertEq(timerOf(genesis, lie), 0);
    }

    // ---- rivals in the last moment

    /// @dev A rival just before the confirmation that everybody waits for costs its stake and one rival delay; the next
    /// ones cost nothing but theirs.
    function test_confirm_rivalsInTheLastMoment_delayItOnce() public {
        deployGame(HEIGHT, 3);
        bytes32 right = assertAs(alice, genesis, rightHistory(genesisState, 1));
        pass(T);
        assertAs(mallory, genesis, poisoned(genesisState, 1, 0, "late"));
        vm.expectRevert(abi.encodeWithSelector(IAssertionChain.AssertionRivaled.selector, right, 1));
        chain.confirm(right);
        chain.markConfirmable(right);
        for (uint256 i = 0; i < G; i += 10) {
            assertEq(chain.confirmableAt(right), START_AT + T + G);
            assertAs(makeAddrWithMoney(i), genesis, poisoned(genesisState, 1, 1, bytes32(i)));
            assertEq(chain.liveOwn(right), T, "nor does its live time change");
            pass(10);
        }
        chain.confirm(right);
    }

    /// @dev Children of one block: the list knows their order, the clocks know no difference.
    function test_liveOwn_rivalsOfOneBlock_haveNone() public {
        deployGame(HEIGHT, 3);
        History memory lie = poisoned(genesisState, 1, 0, "first");
        bytes32 wrong = assertAs(mallory, genesis, lie);
        bytes32 right = assertAs(alice, genesis, rightHistory(genesisState, 1));
        pass(T);
        assertEq(chain.liveOwn(wrong), 0);
        assertEq(chain.liveOwn(right), 0);
        vm.expectRevert(abi.encodeWithSelector(IAssertionChain.NotConfirmable.selector, wrong, 0, 0));
        chain.markConfirmable(wrong);
        refuteAs(alice, wrong, lie, 0);
        assertEq(chain.liveOwn(right), T);
        chain.markConfirmable(right);
    }

    /// @dev What a swarm of siblings costs the honest side does not grow with it.
    function test_swarm_ofSiblings_leavesEveryMoveItsPrice() public {
        deployGame(HEIGHT, 3);
        bytes32 right = assertAs(alice, genesis, rightHistory(genesisState, 1));
        uint256 first;
        uint256 last;
        bytes32 middle;
        for (uint256 i = 0; i < 300; ++i) {
            AssertionInput memory input = claimUnder(genesis, poisoned(genesisState, 1, 1, bytes32(i)));
            vm.deal(address(this), STAKE);
            vm.startPrank(makeAddrWithMoney(i));
            uint256 before = gasleft();
            bytes32 id = chain.createAssertion{value: STAKE}(input);
            last = before - gasleft();
            vm.stopPrank();
            if (i == 1) first = last;
            if (i == 150) middle = id;
        }
        assertLe(last, first + 20_000);
        History memory lie = poisoned(genesisState, 1, 1, bytes32(uint256(150)));
        Transition memory transition = transitionFrom(lie.states[0], 1);
        Refutation memory refutation = refutationAt(middle, lie, 1);
        uint256 start = gasleft();
        game.refute(refutation, transition);
        assertLe(start - gasleft(), 200_000);
        bisectAs(alice, right, rightHistory(genesisState, 1), HEIGHT, 0);
        pass(T);
        updateTimersOf(genesis, rightHistory(genesisState, 1));
        start = gasleft();
        chain.markConfirmable(right);
        pass(G);
        chain.confirm(right);
        assertLe(start - gasleft(), 250_000);
    }

    // ---- hostile arguments

    function test_updateTimers_garbage_reverts() public {
        deployGame(HEIGHT, 3);
        History memory honest = rightHistory(genesisState, 1);
        History memory lie = poisoned(genesisState, 1, 5, "lie");
        bytes32 right = assertAs(alice, genesis, honest);
        assertAs(mallory, genesis, lie);
        bisectAs(alice, right, honest, HEIGHT, 0);
        Bisection[] memory edges = new Bisection[](1);
        for (uint256 i = 0; i < 5; ++i) {
            edges[0] = bisectionAt(genesis, honest, HEIGHT, 0);
            if (i == 0) edges[0].index = type(uint64).max;
            else if (i == 1) edges[0].index = 1 << 63;
            else if (i == 2) edges[0].prefix = keccak256("prefix");
            else if (i == 3) edges[0].originId = right;
            else (edges[0].left, edges[0].right) = (edges[0].right, edges[0].left);
            vm.expectPartialRevert(IChallengeGame.UnknownEdge.selector);
            game.updateTimers(edges);
            vm.expectPartialRevert(IChallengeGame.UnknownEdge.selector);
            game.bisect(edges[0]);
        }
        edges[0] = bisectionAt(genesis, honest, HEIGHT, 0);
        edges[0].height = 0;
        vm.expectRevert(abi.encodeWithSelector(IChallengeGame.HeightOutOfRange.selector, 0, HEIGHT));
        game.updateTimers(edges);
        edges[0].height = HEIGHT + 1;
        vm.expectRevert(abi.encodeWithSelector(IChallengeGame.HeightOutOfRange.selector, HEIGHT + 1, HEIGHT));
        game.updateTimers(edges);
    }

    /// @dev The layer-zero edge of a claim exists under its own parent only, and only while the claim is real.
    function test_bisectAssertion_historyNobodyAsserted_hasNoEdge() public {
        deployGame(HEIGHT, 3);
        History memory honest = rightHistory(genesisState, 1);
        History memory unstaked = poisoned(genesisState, 1, 0, "free");
        assertAs(alice, genesis, honest);
        assertAs(mallory, genesis, poisoned(genesisState, 1, 1, "paid"));
        bytes32 nobody = claimUnder(genesis, unstaked).expectedId;
        vm.expectRevert(abi.encodeWithSelector(IAssertionChain.UnknownAssertion.selector, nobody));
        game.bisectAssertion(nobody, nodeAt(unstaked, 2, 0), nodeAt(unstaked, 2, 1));
        vm.expectPartialRevert(IChallengeGame.UnknownEdge.selector);
        game.bisect(bisectionAt(genesis, unstaked, HEIGHT, 0));
        vm.expectPartialRevert(IChallengeGame.HalvesMismatch.selector);
        game.bisectAssertion(genesis, bytes32(0), bytes32(0));
    }

    /// @dev Genesis is neither a contestant nor lost.
    function test_genesis_anyMove_isRejected() public {
        deployGame(HEIGHT, 3);
        bytes memory confirmed = abi.encodeWithSelector(IAssertionChain.AlreadyConfirmed.selector, genesis);
        vm.expectRevert(confirmed);
        chain.confirm(genesis);
        vm.expectRevert(confirmed);
        chain.markConfirmable(genesis);
        vm.prank(address(game));
        vm.expectRevert(confirmed);
        chain.refute(genesis, mallory);
        bytes32[] memory ids = new bytes32[](1);
        ids[0] = genesis;
        vm.expectRevert(abi.encodeWithSelector(IAssertionChain.NotLost.selector, genesis));
        chain.settle(ids, new address[](1));
        vm.expectRevert(abi.encodeWithSelector(IAssertionChain.NoStake.selector, mallory));
        vm.prank(mallory);
        chain.withdrawStake();
    }

    // ---- odd accounts, odd money

    /// @dev The court's own contracts may stand as losers among the stakers that a settler names; money forced on them
    /// belongs to nobody and changes nothing.
    function test_settle_contractsAndForcedMoney_changeNothing() public {
        deployGame(HEIGHT, 3);
        History memory lie = poisoned(genesisState, 1, 0, "lie");
        bytes32 right = assertAs(alice, genesis, rightHistory(genesisState, 1));
        vm.deal(address(game), STAKE);
        bytes32 wrong = assertAs(address(game), genesis, lie);
        refuteAs(carol, wrong, lie, 0);
        vm.deal(address(pool), address(pool).balance + 7 ether);
        vm.deal(address(chain), 7 ether);
        pass(T);
        chain.markConfirmable(right);
        pass(G);
        chain.confirm(right);
        address[] memory stakers = new address[](4);
        (stakers[0], stakers[1], stakers[2], stakers[3]) = (address(0), address(pool), address(game), address(chain));
        chain.settle(new bytes32[](0), stakers);
        assertEq(chain.stakedOn(address(game)), bytes32(0));
        game.claimRefutation(wrong);
        game.claimAssertion(genesis);
        pass(T);
        game.closeContest(genesis);
        vm.prank(alice);
        chain.withdrawStake();
        assertEq(pool.locked() + pool.pots(), 0);
        assertEq(address(pool).balance, pool.owed() + 7 ether);
        assertEq(address(chain).balance, 7 ether);
    }

    // ---- helpers

    function makeAddrWithMoney(uint256 n) internal returns (address who) {
        who = address(uint160(0x200000 + n));
        vm.deal(who, STAKE);
    }
}
