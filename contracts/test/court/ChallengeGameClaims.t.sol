// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IChallengeGame} from "../../src/interfaces/IChallengeGame.sol";
import {IStakePool, Service} from "../../src/interfaces/IStakePool.sol";
import {GameFixture} from "../GameFixture.sol";

/// @notice Who is paid what after a contest, each once, and who cannot be (docs/spec.md D-12).
contract ChallengeGameClaimsTest is GameFixture {
    uint8 private constant HEIGHT = 3;
    uint256 private constant LEAVES = 1 << HEIGHT;
    uint256 private constant LIE_AT = 5;
    uint256 private constant ASSERTION_WEI = 1_000_000 * 30 gwei;
    uint256 private constant BISECTION_WEI = 250_000 * 30 gwei;
    uint256 private constant PROOF_WEI = 1_000_000 * 30 gwei;
    uint256 private constant REFUTATION_WEI = 32_000_000 * 30 gwei;
    uint256 private constant SETTLEMENT_WEI = 250_000 * 30 gwei;

    address private immutable _DAVE = makeAddr("dave");
    address private immutable _ERIN = makeAddr("erin");

    History private _honest;
    History private _lie;
    bytes32 private _right;
    bytes32 private _wrong;

    function setUp() public {
        deployGame(HEIGHT, 6);
        _honest.states = rightHistory(genesisState, 1).states;
        _right = assertAs(alice, genesis, _honest);
        _lie.states = poisoned(genesisState, 1, LIE_AT, "lie").states;
    }

    function test_claims_wholeDispute_payEachServiceOnceToWhoDidIt() public {
        _dispute();
        _settle(_wrong, mallory, carol);
        assertEq(pool.claimable(carol), SETTLEMENT_WEI);
        game.claimAssertion(genesis);
        assertEq(pool.claimable(alice), ASSERTION_WEI);
        for (uint8 level = HEIGHT; level > 0; --level) {
            _claimBisection(level, LIE_AT >> level);
        }
        assertEq(pool.claimable(_DAVE), HEIGHT * BISECTION_WEI);
        _claimProof(LIE_AT);
        assertEq(pool.claimable(_ERIN), PROOF_WEI);
        uint256 paid = SETTLEMENT_WEI + ASSERTION_WEI + HEIGHT * BISECTION_WEI + PROOF_WEI;
        assertEq(pool.pot(genesis), STAKE / 2 - paid);
        _expectAllClaimed();
        assertEq(pool.pot(genesis), STAKE / 2 - paid);
    }

    function test_claimRefutation_killedRival_paysTheRefuterOnce() public {
        _oppose();
        refuteAs(_ERIN, _wrong, _lie, LIE_AT);
        vm.expectRevert(abi.encodeWithSelector(IChallengeGame.ContestOpen.selector, genesis));
        game.claimRefutation(_wrong);
        _winByTime();
        vm.expectPartialRevert(IStakePool.PotTooSmall.selector);
        game.claimRefutation(_wrong);
        _settle(_wrong, mallory, carol);
        game.claimRefutation(_wrong);
        assertEq(pool.claimable(_ERIN), REFUTATION_WEI, "too early for the pot is not too late for the claim");
        vm.expectRevert(abi.encodeWithSelector(IChallengeGame.NothingEarned.selector, _wrong));
        game.claimRefutation(_wrong);
        vm.expectRevert(abi.encodeWithSelector(IChallengeGame.NothingEarned.selector, _right));
        game.claimRefutation(_right);
    }

    /// @dev After the end nobody can earn by killing what is dead.
    function test_claimRefutation_rivalLostByTime_paysNobody() public {
        _dispute();
        _settle(_wrong, mallory, carol);
        vm.expectRevert(abi.encodeWithSelector(IChallengeGame.NothingEarned.selector, _wrong));
        game.claimRefutation(_wrong);
    }

    function test_claimAssertion_withoutRival_paysNothing() public {
        pass(T);
        chain.confirm(_right);
        vm.expectRevert(abi.encodeWithSelector(IChallengeGame.NothingEarned.selector, genesis));
        game.claimAssertion(genesis);
    }

    function test_claims_contestOpen_revert() public {
        _oppose();
        playBoth(_right, _honest, _wrong, _lie, LIE_AT);
        proveLeafAs(alice, _honest, LIE_AT);
        bytes memory reason = abi.encodeWithSelector(IChallengeGame.ContestOpen.selector, genesis);
        vm.expectRevert(reason);
        game.claimAssertion(genesis);
        vm.expectRevert(reason);
        game.claimBisection(genesis, HEIGHT, 0, rootOf(_honest), new bytes32[](0));
        vm.expectRevert(reason);
        game.claimOneStepProof(genesis, uint64(LIE_AT), leafAt(_honest, LIE_AT), branchOf(_honest, 0, LIE_AT));
        vm.expectRevert(reason);
        game.closeContest(genesis);
    }

    /// @dev The loser bisected as much, on its own history: no pay.
    function test_claimBisection_offTheWinnersHistory_reverts() public {
        _dispute();
        _settle(_wrong, mallory, carol);
        for (uint8 level = HEIGHT; level > 0; --level) {
            uint256 index = LIE_AT >> level;
            bytes32[] memory branch = branchOf(_lie, level, index);
            bytes32 node = nodeAt(_lie, level, index);
            vm.expectPartialRevert(IChallengeGame.LeafNotInHistory.selector);
            game.claimBisection(genesis, level, uint64(index), node, branch);
        }
        assertEq(pool.claimable(mallory), 0);
    }

    /// @dev A node of the winner that nobody had to bisect, or that stands elsewhere, is worth nothing.
    function test_claimBisection_nobodyDidIt_reverts() public {
        _dispute();
        _settle(_wrong, mallory, carol);
        bytes32 node = nodeAt(_honest, 1, 0);
        bytes32[] memory branch = branchOf(_honest, 1, 0);
        vm.expectPartialRevert(IChallengeGame.NothingEarned.selector);
        game.claimBisection(genesis, 1, 0, node, branch);
        uint64 beyond = uint64(LEAVES >> 1);
        vm.expectRevert(abi.encodeWithSelector(IChallengeGame.IndexOutOfRange.selector, beyond, beyond));
        game.claimBisection(genesis, 1, beyond, node, branch);
        vm.expectRevert(abi.encodeWithSelector(IChallengeGame.BranchLengthMismatch.selector, 1, 2));
        game.claimBisection(genesis, 2, 0, node, branch);
    }

    /// @dev A proven leaf is no bisection, and a bisected node is no proof.
    function test_claims_throughTheOtherFunction_revert() public {
        _dispute();
        _settle(_wrong, mallory, carol);
        bytes32 leaf = leafAt(_honest, LIE_AT);
        bytes32[] memory branch = branchOf(_honest, 0, LIE_AT);
        vm.expectRevert(abi.encodeWithSelector(IChallengeGame.HeightOutOfRange.selector, 0, HEIGHT));
        game.claimBisection(genesis, 0, uint64(LIE_AT), leaf, branch);
        vm.expectRevert(abi.encodeWithSelector(IChallengeGame.HeightOutOfRange.selector, HEIGHT + 1, HEIGHT));
        game.claimBisection(genesis, HEIGHT + 1, 0, leaf, branch);
        uint64 index = uint64(LIE_AT >> 1);
        bytes32 node = nodeAt(_honest, 1, index);
        branch = branchOf(_honest, 1, index);
        vm.expectRevert(abi.encodeWithSelector(IChallengeGame.BranchLengthMismatch.selector, HEIGHT, HEIGHT - 1));
        game.claimOneStepProof(genesis, index, node, branch);
    }

    function test_closeContest_atT_burnsWhatIsLeft() public {
        _dispute();
        _settle(_wrong, mallory, carol);
        uint256 until = vm.getBlockTimestamp() + T;
        pass(T - 1);
        vm.expectRevert(abi.encodeWithSelector(IChallengeGame.ClaimPeriodRunning.selector, until));
        game.closeContest(genesis);
        pass(1);
        uint256 rest = pool.pot(genesis);
        uint256 burnt = pool.burnt();
        game.closeContest(genesis);
        assertEq(pool.pot(genesis), 0);
        assertEq(pool.burnt(), burnt + rest);
        vm.expectPartialRevert(IStakePool.PotTooSmall.selector);
        game.claimAssertion(genesis);
    }

    /// @dev One player on both sides, paid for every move there is, still loses half a stake.
    function test_selfChallenge_takingEveryTariff_losesHalfAStake() public {
        _lie.states = poisoned(genesisState, 1, LIE_AT, "self").states;
        uint256 before = mallory.balance;
        _wrong = assertAs(mallory, genesis, _lie);
        for (uint256 level = HEIGHT; level > 0; --level) {
            bisectAs(mallory, _right, _honest, level, LIE_AT >> level);
            bisectAs(mallory, _wrong, _lie, level, LIE_AT >> level);
        }
        proveLeafAs(mallory, _honest, LIE_AT);
        refuteAs(mallory, _wrong, _lie, LIE_AT);
        _winByTime();
        _settle(_wrong, mallory, mallory);
        for (uint8 level = HEIGHT; level > 0; --level) {
            _claimBisection(level, LIE_AT >> level);
        }
        _claimProof(LIE_AT);
        game.claimRefutation(_wrong);
        vm.prank(mallory);
        pool.claim(mallory);
        assertLe(mallory.balance, before - STAKE / 2);
        game.claimAssertion(genesis);
        assertEq(pool.claimable(alice), ASSERTION_WEI, "enough is left for the winner");
    }

    /// @dev Many sybils: the pot pays for every one of them, in any order, and is never overdrawn.
    function test_claims_manyRivals_potCoversAll() public {
        for (uint256 i = 0; i < LEAVES; ++i) {
            address sybil = _sybil(i);
            vm.deal(sybil, STAKE);
            History memory lie = poisoned(genesisState, 1, i, "sybil");
            bytes32 id = assertAs(sybil, genesis, lie);
            for (uint256 level = HEIGHT; level > 0; --level) {
                if (game.edge(edgeAt(genesis, _honest, level, i >> level)).actor == address(0)) {
                    bisectAs(_DAVE, _right, _honest, level, i >> level);
                }
                bisectAs(sybil, id, lie, level, i >> level);
            }
            proveLeafAs(_ERIN, _honest, i);
            refuteAs(_ERIN, id, lie, i);
        }
        _winByTime();
        for (uint256 i = 0; i < LEAVES; ++i) {
            bytes32 id = chain.stakedOn(_sybil(i));
            _settle(id, _sybil(i), carol);
            game.claimRefutation(id);
        }
        game.claimAssertion(genesis);
        for (uint8 level = HEIGHT; level > 0; --level) {
            for (uint256 index = 0; index < LEAVES >> level; ++index) {
                _claimBisection(level, index);
            }
        }
        for (uint256 i = 0; i < LEAVES; ++i) {
            _claimProof(i);
        }
        assertEq(pool.claimable(_DAVE), (LEAVES - 1) * BISECTION_WEI);
        assertEq(pool.claimable(_ERIN), LEAVES * (PROOF_WEI + REFUTATION_WEI));
        assertEq(pool.locked() + pool.pots() + pool.owed(), address(pool).balance);
    }

    // ---- helpers

    function _sybil(uint256 i) private returns (address) {
        return makeAddr(string.concat("sybil", vm.toString(i)));
    }

    function _oppose() private {
        _wrong = assertAs(mallory, genesis, _lie);
    }

    /// @dev Played to the leaf; dave bisects for the winner, erin proves; the winner wins by time.
    function _dispute() private {
        _oppose();
        for (uint256 level = HEIGHT; level > 0; --level) {
            bisectAs(_DAVE, _right, _honest, level, LIE_AT >> level);
            bisectAs(mallory, _wrong, _lie, level, LIE_AT >> level);
        }
        proveLeafAs(_ERIN, _honest, LIE_AT);
        _winByTime();
    }

    function _winByTime() private {
        pass(T);
        updateTimersOf(genesis, _honest);
        chain.markConfirmable(_right);
        pass(G);
        chain.confirm(_right);
    }

    function _settle(bytes32 id, address staker, address settler) private {
        bytes32[] memory ids = new bytes32[](1);
        address[] memory stakers = new address[](1);
        (ids[0], stakers[0]) = (id, staker);
        vm.prank(settler);
        chain.settle(ids, stakers);
    }

    function _claimBisection(uint8 level, uint256 index) private {
        game.claimBisection(
            genesis, level, uint64(index), nodeAt(_honest, level, index), branchOf(_honest, level, index)
        );
    }

    function _claimProof(uint256 index) private {
        game.claimOneStepProof(genesis, uint64(index), leafAt(_honest, index), branchOf(_honest, 0, index));
    }

    function _expectAllClaimed() private {
        vm.expectRevert(abi.encodeWithSelector(IChallengeGame.NothingEarned.selector, genesis));
        game.claimAssertion(genesis);
        for (uint8 level = HEIGHT; level > 0; --level) {
            uint64 index = uint64(LIE_AT >> level);
            bytes32[] memory way = branchOf(_honest, level, index);
            bytes32 id = edgeAt(genesis, _honest, level, index);
            bytes32 node = nodeAt(_honest, level, index);
            vm.expectRevert(abi.encodeWithSelector(IChallengeGame.NothingEarned.selector, id));
            game.claimBisection(genesis, level, index, node, way);
        }
        bytes32[] memory branch = branchOf(_honest, 0, LIE_AT);
        bytes32 leaf = leafAt(_honest, LIE_AT);
        vm.expectRevert(
            abi.encodeWithSelector(IChallengeGame.NothingEarned.selector, edgeAt(genesis, _honest, 0, LIE_AT))
        );
        game.claimOneStepProof(genesis, uint64(LIE_AT), leaf, branch);
    }
}
