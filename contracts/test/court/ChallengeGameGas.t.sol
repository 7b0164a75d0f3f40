// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Bisection, LeafProof, Refutation, Transition} from "../../src/interfaces/IChallengeGame.sol";
import {Call} from "../../src/types/Steps.sol";
import {GameFixture} from "../GameFixture.sol";
import {Transactions} from "../Transactions.sol";

/// @notice What each move costs as a whole transaction: intrinsic gas, calldata and execution, everything cold. Toy
/// machine; height 4, so that branches are 8 levels shorter than on the devnet (about 7,000 gas of a refutation).
contract ChallengeGameGasTest is GameFixture, Transactions {
    uint8 private constant HEIGHT = 4;
    uint256 private constant LIE_AT = 11;

    History private _honest;
    History private _lie;
    bytes32 private _right;
    bytes32 private _wrong;

    function setUp() public {
        deployGame(HEIGHT, 13);
        _honest.states = rightHistory(genesisState, 1).states;
        _lie.states = poisoned(genesisState, 1, LIE_AT, "lie").states;
        _right = assertAs(alice, genesis, _honest);
        _wrong = assertAs(mallory, genesis, _lie);
        pass(1);
    }

    function test_gas_bisectAssertion_first() public {
        Bisection memory edge = bisectionAt(genesis, _honest, HEIGHT, 0);
        bytes memory data = abi.encodeCall(game.bisectAssertion, (_right, edge.left, edge.right));
        _measure("bisectAssertion", data, 200_000);
    }

    /// @dev The dearest bisection: both halves are new and the first of their kind; the prefix is not zero.
    function test_gas_bisect_bothHalvesNew() public {
        _bisectTo(HEIGHT - 1, _right, _honest);
        _bisectTo(HEIGHT - 1, _wrong, _lie);
        Bisection memory edge = bisectionAt(genesis, _honest, 3, 1);
        assertNotEq(edge.prefix, 0);
        _measure("bisect, both halves new", abi.encodeCall(game.bisect, (edge)), 130_000);
    }

    /// @dev The second of two rivals: one half is new with a rival, the other merges or is the first of its kind.
    function test_gas_bisect_afterTheRival() public {
        _bisectTo(HEIGHT - 1, _right, _honest);
        _bisectTo(HEIGHT - 1, _wrong, _lie);
        bisectAs(mallory, _wrong, _lie, 3, 1);
        Bisection memory edge = bisectionAt(genesis, _honest, 3, 1);
        _measure("bisect, after the rival", abi.encodeCall(game.bisect, (edge)), 130_000);
    }

    function test_gas_updateTimers_eachEdge() public {
        playBoth(_right, _honest, _wrong, _lie, LIE_AT);
        proveLeafAs(alice, _honest, LIE_AT);
        pass(T);
        Bisection[] memory one = new Bisection[](1);
        one[0] = bisectionAt(genesis, _honest, 1, LIE_AT >> 1);
        uint256 snapshot = vm.snapshotState();
        uint256 single = _run(abi.encodeCall(game.updateTimers, (one)));
        vm.revertToState(snapshot);
        Bisection[] memory edges = new Bisection[](HEIGHT);
        for (uint256 level = 1; level <= HEIGHT; ++level) {
            edges[level - 1] = bisectionAt(genesis, _honest, level, LIE_AT >> level);
        }
        uint256 all = _run(abi.encodeCall(game.updateTimers, (edges)));
        assertEq(timerOf(genesis, _honest), T);
        uint256 each = (all - single) / (HEIGHT - 1);
        vm.snapshotValue("game", "updateTimers, one edge", single);
        vm.snapshotValue("game", "updateTimers, each further edge", each);
        assertLe(single, 45_000);
        assertLe(each, 20_000);
    }

    function test_gas_proveOneStep() public {
        playBoth(_right, _honest, _wrong, _lie, LIE_AT);
        Transition memory transition = transitionFrom(_honest.states[LIE_AT - 1], 1);
        LeafProof memory proof = leafProofAt(genesis, _honest, LIE_AT);
        _measure("proveOneStep, segment in the table", abi.encodeCall(game.proveOneStep, (proof, transition)), 80_000);
    }

    function test_gas_proveOneStep_padding() public {
        History memory lie = poisoned(genesisState, 1, 14, "padding");
        bytes32 id = assertAs(carol, genesis, lie);
        playBoth(_right, _honest, id, lie, 14);
        Transition memory transition = transitionFrom(_honest.states[13], 1);
        LeafProof memory proof = leafProofAt(genesis, _honest, 14);
        _measure("proveOneStep, padding", abi.encodeCall(game.proveOneStep, (proof, transition)), 80_000);
    }

    function test_gas_refute() public {
        Transition memory transition = transitionFrom(_lie.states[LIE_AT - 1], 1);
        Refutation memory refutation = refutationAt(_wrong, _lie, LIE_AT);
        _measure("refute, segment in the table", abi.encodeCall(game.refute, (refutation, transition)), 160_000);
    }

    function test_gas_refuteWithRun() public {
        Refutation memory refutation = refutationAt(_wrong, _lie, LIE_AT);
        Call memory run = runFrom(_lie.states[LIE_AT - 1], 1);
        _measure("refuteWithRun, toy run", abi.encodeCall(game.refuteWithRun, (refutation, run)), 220_000);
    }

    function test_gas_claims() public {
        playBoth(_right, _honest, _wrong, _lie, LIE_AT);
        proveLeafAs(carol, _honest, LIE_AT);
        refuteAs(carol, _wrong, _lie, LIE_AT);
        pass(T);
        chain.markConfirmable(_right);
        pass(G);
        chain.confirm(_right);
        bytes32[] memory ids = new bytes32[](1);
        address[] memory stakers = new address[](1);
        (ids[0], stakers[0]) = (_wrong, mallory);
        chain.settle(ids, stakers);
        _measure("claimAssertion", abi.encodeCall(game.claimAssertion, (genesis)), 120_000);
        bytes32 node = nodeAt(_honest, 1, LIE_AT >> 1);
        bytes32[] memory branch = branchOf(_honest, 1, LIE_AT >> 1);
        bytes memory data = abi.encodeCall(game.claimBisection, (genesis, 1, uint64(LIE_AT >> 1), node, branch));
        _measure("claimBisection", data, 90_000);
        branch = branchOf(_honest, 0, LIE_AT);
        data = abi.encodeCall(game.claimOneStepProof, (genesis, uint64(LIE_AT), leafAt(_honest, LIE_AT), branch));
        _measure("claimOneStepProof", data, 120_000);
        _measure("claimRefutation", abi.encodeCall(game.claimRefutation, (_wrong)), 90_000);
        pass(T);
        _measure("closeContest", abi.encodeCall(game.closeContest, (genesis)), 90_000);
    }

    /// @dev Bisect from the root to a level, on the way to the lie.
    function _bisectTo(uint256 last, bytes32 id, History memory history) private {
        for (uint256 level = HEIGHT; level > last; --level) {
            bisectAs(alice, id, history, level, LIE_AT >> level);
        }
    }

    function _measure(string memory name, bytes memory data, uint256 limit) private {
        uint256 total = _run(data);
        vm.snapshotValue("game", name, total);
        assertLe(total, limit);
    }

    /// @dev A transaction to the game finds that account warm and everything else cold.
    function _run(bytes memory data) private returns (uint256) {
        vm.cool(address(game));
        vm.cool(address(chain));
        vm.cool(address(pool));
        vm.cool(address(machine));
        vm.cool(address(outside));
        return transact(address(game), 0, data);
    }
}
