// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Weights} from "../../src/core/Weights.sol";
import {IStepVerifier} from "../../src/interfaces/IStepVerifier.sol";
import {Reason} from "../../src/types/Reason.sol";
import {StepKind} from "../../src/types/StepKind.sol";
import {Call} from "../../src/types/Steps.sol";
import {CourtFixture} from "../CourtFixture.sol";
import {TreeModel} from "../TreeModel.sol";

/// @notice Valid runs, the proof table, and that no other witness proves a run.
contract StepVerifierTest is CourtFixture {
    using TreeModel for TreeModel.Tree;

    function setUp() public {
        _deploy();
    }

    function test_prove_a_whole_item_reaches_the_root_written_by_hand() public {
        Call memory call = _call(_valid(), STEPS);
        (bytes32 root, uint256 weight, bool ended) = verifier.prove(call);
        vm.snapshotValue("court", "prove five steps, execution", vm.lastCallGas().gasTotalUsed);
        vm.snapshotValue("court", "prove five steps, witness bytes", call.witness.length);
        assertEq(root, _after().root());
        assertEq(weight, 3 * Weights.CURSOR_ONLY + 2 * Weights.ACCOUNT);
        assertTrue(ended);
    }

    function test_simulate_tells_kinds_and_reasons_and_records_nothing() public view {
        Call memory call = _call(_valid(), STEPS);
        (bytes32 root,,, StepKind[] memory kinds, Reason[] memory reasons) = verifier.simulate(call);
        assertEq(root, _after().root());
        StepKind[5] memory expected =
            [StepKind.OPEN_ITEM, StepKind.TRANSFER, StepKind.SEAL, StepKind.DEPOSIT, StepKind.CLOSE_ITEM];
        for (uint256 i = 0; i < STEPS; ++i) {
            assertEq(uint256(kinds[i]), uint256(expected[i]));
            assertEq(uint256(reasons[i]), uint256(Reason.OK));
        }
        (bytes32 stored,,) = verifier.entry(_context(), call.startRoot, STEPS);
        assertEq(stored, bytes32(0));
    }

    function test_prove_records_an_entry_once() public {
        Call memory call = _call(_valid(), STEPS);
        vm.expectEmit(address(verifier));
        emit IStepVerifier.StepsProven(
            _context(), call.startRoot, STEPS, _after().root(), 3 * Weights.CURSOR_ONLY + 2 * Weights.ACCOUNT, true
        );
        verifier.prove(call);
        (bytes32 root, uint256 weight, bool ended) = verifier.entry(_context(), call.startRoot, STEPS);
        assertEq(root, _after().root());
        assertEq(weight, 3 * Weights.CURSOR_ONLY + 2 * Weights.ACCOUNT);
        assertTrue(ended);
        vm.recordLogs();
        (bytes32 again,,) = verifier.prove(call);
        assertEq(again, root);
        assertEq(vm.getRecordedLogs().length, 0);
    }

    /// @dev One call of five steps and one call of one step lead to entries that continue each other.
    function test_prove_continues_from_an_entry() public {
        Call memory first = _call(_validOpen(), 1);
        (bytes32 middle, uint256 weight, bool ended) = verifier.prove(first);
        assertEq(weight, Weights.CURSOR_ONLY);
        assertFalse(ended);
        Call memory rest = _call(_valid(), STEPS - 1);
        (rest.stepsDone, rest.witness) = (1, _pack(_rest()));
        (bytes32 root, uint256 total, bool done) = verifier.prove(rest);
        assertEq(root, _after().root());
        assertEq(total, 3 * Weights.CURSOR_ONLY + 2 * Weights.ACCOUNT);
        assertTrue(done);
        assertNotEq(middle, root);
    }

    function test_prove_under_another_configuration_makes_another_entry() public {
        Call memory call = _call(_validOpen(), 1);
        verifier.prove(call);
        bytes32 other = verifier.context(1, keccak256("other"));
        (bytes32 root,,) = verifier.entry(other, call.startRoot, 1);
        assertEq(root, bytes32(0));
        assertNotEq(other, _context());
    }

    function test_entry_of_no_steps_is_the_start() public view {
        (bytes32 root, uint256 weight, bool ended) = verifier.entry(_context(), CONFIG, 0);
        assertEq(root, CONFIG);
        assertEq(weight, 0);
        assertFalse(ended);
    }

    function test_context_binds_target_accumulator_and_configuration() public view {
        bytes32 expected = keccak256(abi.encodePacked(bytes1(0x0c), uint40(1), inbox.accumulator(1), CONFIG));
        assertEq(verifier.context(1, CONFIG), expected);
    }

    /// @dev In slices, because each try leaves its bytes in memory.
    function test_prove_rejects_a_flip_of_each_bit_of_a_witness() public {
        vm.pauseGasMetering();
        Call memory call = _call(_valid(), STEPS);
        for (uint256 i = 0; i < call.witness.length; i += 32) {
            uint256 end = i + 32 < call.witness.length ? i + 32 : call.witness.length;
            this.rejectFlips(call, i, end);
        }
    }

    function test_prove_rejects_every_shorter_and_a_longer_witness() public view {
        Call memory call = _call(_validOpen(), 1);
        bytes memory whole = call.witness;
        for (uint256 length = 0; length < whole.length; ++length) {
            call.witness = _slice(whole, 0, length);
            assertFalse(_accepts(call));
        }
        call.witness = abi.encodePacked(whole, bytes1(0));
        assertFalse(_accepts(call));
    }

    /// @dev Too little gas reverts; it never gives another reason or root.
    function test_prove_with_any_gas_reverts_or_agrees() public view {
        Call memory call = _call(_valid(), STEPS);
        bytes32 expected = _after().root();
        bool succeeded = false;
        for (uint256 gasLimit = 20_000; gasLimit < 600_000; gasLimit += 1000) {
            try verifier.simulate{gas: gasLimit}(call) returns (
                bytes32 root, uint256, bool, StepKind[] memory, Reason[] memory
            ) {
                assertEq(root, expected);
                succeeded = true;
            } catch {
                assertFalse(succeeded);
            }
        }
        assertTrue(succeeded);
    }

    function rejectFlips(Call memory call, uint256 from, uint256 to) external view {
        for (uint256 i = from; i < to; ++i) {
            for (uint256 bit = 0; bit < 8; ++bit) {
                call.witness[i] ^= bytes1(uint8(1 << bit));
                assertFalse(_accepts(call));
                call.witness[i] ^= bytes1(uint8(1 << bit));
            }
        }
    }

    function _accepts(Call memory call) private view returns (bool accepted) {
        (accepted,) = address(verifier).staticcall(abi.encodeCall(verifier.simulate, (call)));
    }

    function _rest() private view returns (Witness memory witness) {
        TreeModel.Tree memory tree = _before();
        tree.put(CURSOR, _cursor(0, 7, 0, 1, 1_000_000, 1, 0));
        witness = _over(tree, _valid().keys);
        witness.chunks = _valid().chunks;
        witness.messages = _valid().messages;
        witness.openings = abi.encodePacked(OPEN_TRANSFER, OPEN_PRICES, OPEN_DEPOSIT, hex"00");
    }

    function _context() private view returns (bytes32) {
        return verifier.context(1, CONFIG);
    }
}
