// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Leaves} from "../../src/core/Leaves.sol";
import {Signature} from "../../src/core/Signature.sol";
import {IStepVerifier} from "../../src/interfaces/IStepVerifier.sol";
import {Call} from "../../src/types/Steps.sol";
import {CourtFixture} from "../CourtFixture.sol";
import {TreeModel} from "../TreeModel.sol";

/// @notice Every named error of the verifier, with its operands, from a witness that is spoiled in one way.
contract StepVerifierRejectionsTest is CourtFixture {
    using TreeModel for TreeModel.Tree;

    bytes32 private constant WRONG = keccak256("wrong");

    function setUp() public {
        _deploy();
    }

    function test_prove_no_steps_reverts() public {
        _expect(_call(_valid(), 0), abi.encodeWithSelector(IStepVerifier.NoSteps.selector));
    }

    function test_prove_from_a_missing_entry_reverts() public {
        Call memory call = _call(_valid(), 1);
        call.stepsDone = 3;
        bytes32 ctx = verifier.context(1, CONFIG);
        _expect(call, abi.encodeWithSelector(IStepVerifier.MissingEntry.selector, ctx, call.startRoot, 3));
    }

    function test_prove_past_the_end_of_the_segment_reverts() public {
        Call memory call = _call(_valid(), STEPS + 1);
        _expect(call, abi.encodeWithSelector(IStepVerifier.PastSegmentEnd.selector, STEPS));
    }

    function test_prove_from_an_ended_entry_reverts() public {
        Call memory call = _call(_valid(), STEPS);
        verifier.prove(call);
        (call.target, call.stepsDone, call.steps) = (2, STEPS, 1);
        bytes32 ctx = verifier.context(2, CONFIG);
        _expect(call, abi.encodeWithSelector(IStepVerifier.MissingEntry.selector, ctx, call.startRoot, STEPS));
        (call.stepsDone, call.steps) = (0, STEPS);
        verifier.prove(call);
        Witness memory witness = _over(_after(), new uint64[](1));
        (witness.chunks, witness.messages, witness.openings) = (hex"00", hex"00", hex"00");
        (call.stepsDone, call.steps, call.witness) = (STEPS, 1, _pack(witness));
        _expect(call, abi.encodeWithSelector(IStepVerifier.PastSegmentEnd.selector, STEPS));
    }

    function test_prove_past_the_target_reverts() public {
        Witness memory witness = _over(_after(), new uint64[](1));
        (witness.chunks, witness.messages, witness.openings) = (hex"00", hex"00", hex"00");
        Call memory call = _call(witness, 1);
        call.startRoot = _after().root();
        _expect(call, abi.encodeWithSelector(IStepVerifier.PastTarget.selector, 1, 1));
    }

    function test_prove_towards_a_target_beyond_the_inbox_reverts() public {
        Call memory call = _call(_valid(), STEPS);
        call.target = 3;
        _expect(call, abi.encodeWithSelector(IStepVerifier.TargetBeyondInbox.selector, 3, 2));
    }

    function test_prove_a_witness_that_ends_early_reverts() public {
        Call memory call = _call(_valid(), STEPS);
        call.witness = _slice(call.witness, 0, 120);
        _expect(call, abi.encodeWithSelector(IStepVerifier.WitnessTooShort.selector, 0, 121, 120));
    }

    function test_prove_another_item_reverts() public {
        Witness memory witness = _valid();
        witness.header[83] ^= 0x01;
        bytes32 actual = _accumulate(0, witness.header);
        _expect(witness, abi.encodeWithSelector(IStepVerifier.WrongItem.selector, 0, inbox.accumulator(1), actual));
    }

    function test_prove_blobs_that_the_item_does_not_list_reverts() public {
        Witness memory witness = _valid();
        (witness.header[0], witness.blobs) = (0x01, abi.encodePacked(uint8(1), WRONG));
        bytes32 actual = keccak256(abi.encodePacked(bytes1(0x07), uint8(1), WRONG));
        bytes32 expected = bytes32(_slice(witness.header, 5, 37));
        _expect(witness, abi.encodeWithSelector(IStepVerifier.WrongBlobList.selector, expected, actual));
    }

    function test_prove_a_blob_that_was_not_imported_reverts() public {
        Witness memory witness = _blobWitness();
        _expect(witness, abi.encodeWithSelector(IStepVerifier.BlobNotImported.selector, WRONG));
    }

    function test_prove_a_chunk_outside_of_the_blobs_reverts() public {
        Witness memory witness = _blobWitness();
        witness.chunks[2] = bytes1(uint8(124));
        _expect(witness, abi.encodeWithSelector(IStepVerifier.ChunkOutOfRange.selector, 124, 1));
    }

    function test_prove_a_chunk_of_another_blob_reverts() public {
        inbox.setChunkRoot(WRONG, WRONG);
        vm.expectPartialRevert(IStepVerifier.WrongChunk.selector);
        verifier.prove(_call(_blobWitness(), 1));
    }

    function test_prove_a_chunk_past_the_data_reverts() public {
        Witness memory witness = _valid();
        witness.chunks[0] = 0x02;
        _expect(witness, abi.encodeWithSelector(IStepVerifier.ChunkOutOfRange.selector, 1, 1));
    }

    function test_prove_a_changed_chunk_reverts() public {
        Witness memory witness = _valid();
        witness.chunks[20] ^= 0x01;
        bytes32 actual = keccak256(abi.encodePacked(bytes1(0x03), _slice(witness.chunks, 3, witness.chunks.length)));
        bytes32 expected = bytes32(_slice(witness.header, 5, 37));
        _expect(witness, abi.encodeWithSelector(IStepVerifier.WrongChunk.selector, 0, expected, actual));
    }

    function test_prove_without_a_chunk_reverts() public {
        Witness memory witness = _valid();
        witness.chunks = hex"00";
        _expect(witness, abi.encodeWithSelector(IStepVerifier.MissingChunk.selector, 0));
    }

    /// @dev The last step reads no data, so a witness of it alone must not bring any.
    function test_prove_with_a_chunk_that_nothing_reads_reverts() public {
        Call memory call = _callClose(abi.encodePacked(uint8(1), uint16(0), _data()), hex"00");
        _expect(call, abi.encodeWithSelector(IStepVerifier.UnusedChunk.selector, 0));
    }

    function test_prove_with_a_message_that_nothing_pulls_reverts() public {
        Call memory call = _callClose(hex"00", abi.encodePacked(uint8(1), _message()));
        _expect(call, abi.encodeWithSelector(IStepVerifier.UnusedMessages.selector, 1));
    }

    function test_prove_the_close_of_an_item_alone_succeeds() public {
        (bytes32 root,, bool ended) = verifier.prove(_callClose(hex"00", hex"00"));
        assertEq(root, _after().root());
        assertTrue(ended);
    }

    function test_prove_a_changed_message_reverts() public {
        Witness memory witness = _valid();
        witness.messages[40] ^= 0x01;
        vm.expectPartialRevert(IStepVerifier.WrongMessage.selector);
        verifier.prove(_call(witness, STEPS));
    }

    function test_prove_without_a_message_reverts() public {
        Witness memory witness = _valid();
        witness.messages = hex"00";
        _expect(witness, abi.encodeWithSelector(IStepVerifier.MissingMessage.selector, 0));
    }

    function test_prove_without_a_cursor_reverts() public {
        Witness memory witness = _valid();
        uint64[] memory keys = new uint64[](1);
        keys[0] = TOTALS;
        (witness.keys, witness.values) = (keys, new bytes[](1));
        _expect(witness, abi.encodeWithSelector(IStepVerifier.MissingCursor.selector));
    }

    function test_prove_with_a_key_of_a_missing_region_reverts() public {
        Witness memory witness = _valid();
        witness.keys[6] = 11 << 32;
        _expect(witness, abi.encodeWithSelector(IStepVerifier.InvalidLeaf.selector, uint64(11 << 32)));
    }

    function test_prove_with_leaves_out_of_order_reverts() public {
        Witness memory witness = _valid();
        witness.keys[5] = OWNER_1;
        _expect(witness, abi.encodeWithSelector(IStepVerifier.LeavesNotIncreasing.selector, OWNER_1, OWNER_1));
    }

    function test_prove_with_an_index_past_the_table_reverts() public {
        Witness memory witness = _valid();
        witness.openings[5] = 0x07;
        _expect(witness, abi.encodeWithSelector(IStepVerifier.UnknownLeaf.selector, 7, 7));
    }

    function test_prove_with_a_leaf_that_nothing_opens_reverts() public {
        Witness memory witness = _validOpen();
        witness.keys = _valid().keys;
        witness.values = _valid().values;
        _expect(_call(witness, 1), abi.encodeWithSelector(IStepVerifier.UnusedLeaf.selector, TOTALS));
    }

    function test_prove_with_an_opening_of_a_cursor_step_reverts() public {
        Call memory call = _callClose(hex"00", hex"00", hex"010000");
        _expect(call, abi.encodeWithSelector(IStepVerifier.UnusedOpening.selector, CURSOR));
    }

    function test_prove_the_begin_of_a_block_without_the_prices_reverts() public {
        Witness memory witness = _validOpen();
        witness.openings = hex"00";
        _expect(_call(witness, 1), abi.encodeWithSelector(IStepVerifier.MissingOpening.selector, PRICES));
        witness.openings = hex"010000";
        _expect(_call(witness, 1), abi.encodeWithSelector(IStepVerifier.WrongOpening.selector, CURSOR, PRICES));
        witness.openings = hex"0200010000";
        _expect(_call(witness, 1), abi.encodeWithSelector(IStepVerifier.UnusedOpening.selector, CURSOR));
    }

    function test_prove_with_one_opening_too_many_reverts() public {
        Witness memory witness = _valid();
        witness.openings = abi.encodePacked(OPEN_PRICES, hex"0500040003000500060002");
        _expect(witness, abi.encodeWithSelector(IStepVerifier.UnusedOpening.selector, TOTALS));
    }

    function test_prove_with_one_opening_too_few_reverts() public {
        Witness memory witness = _valid();
        witness.openings = abi.encodePacked(OPEN_PRICES, hex"03000400030005");
        _expect(witness, abi.encodeWithSelector(IStepVerifier.MissingOpening.selector, BALANCES_2));
    }

    function test_prove_with_openings_in_another_order_reverts() public {
        Witness memory witness = _valid();
        witness.openings = abi.encodePacked(OPEN_PRICES, hex"040004000300060005");
        _expect(witness, abi.encodeWithSelector(IStepVerifier.WrongOpening.selector, BALANCES_2, BALANCES_1));
    }

    function test_prove_with_a_sibling_missing_reverts() public {
        Witness memory witness = _valid();
        uint256 length = witness.siblings.length;
        witness.siblings = _slice(witness.siblings, 0, length - 32);
        _expect(witness, abi.encodeWithSelector(IStepVerifier.MissingSibling.selector, length - 32));
    }

    function test_prove_with_a_sibling_too_many_reverts() public {
        Witness memory witness = _valid();
        witness.siblings = abi.encodePacked(witness.siblings, WRONG);
        _expect(witness, abi.encodeWithSelector(IStepVerifier.UnusedSiblings.selector, 32));
    }

    function test_prove_with_a_changed_sibling_reverts() public {
        Witness memory witness = _valid();
        witness.siblings[0] ^= 0x01;
        vm.expectPartialRevert(IStepVerifier.WrongRoot.selector);
        verifier.prove(_call(witness, STEPS));
    }

    function test_prove_from_another_root_reverts() public {
        Call memory call = _call(_valid(), STEPS);
        call.startRoot = WRONG;
        _expect(call, abi.encodeWithSelector(IStepVerifier.WrongRoot.selector, WRONG, _before().root()));
    }

    function test_prove_with_a_leaf_of_a_wrong_length_reverts() public {
        Witness memory witness = _valid();
        witness.values[0] = new bytes(31);
        _expect(witness, abi.encodeWithSelector(Leaves.WrongLeafLength.selector, 31, 32));
    }

    function test_recover_with_little_gas_reverts() public {
        vm.expectPartialRevert(IStepVerifier.NotEnoughGas.selector);
        this.recover{gas: 9000}();
    }

    function recover() external view returns (address) {
        return Signature.recover(WRONG, bytes32(uint256(1)), bytes32(uint256(1)));
    }

    function _blobWitness() private view returns (Witness memory witness) {
        witness = _valid();
        bytes32 list = keccak256(abi.encodePacked(bytes1(0x07), uint8(1), WRONG));
        witness.header = abi.encodePacked(uint8(1), _slice(witness.header, 1, 5), list, _slice(witness.header, 37, 121));
        witness.blobs = abi.encodePacked(uint8(1), WRONG);
        witness.chunks = abi.encodePacked(uint8(1), uint16(0), new bytes(1024 + 7 * 32));
    }

    /// @dev A call of the last step of the item.
    function _callClose(bytes memory chunks, bytes memory messages) private view returns (Call memory) {
        return _callClose(chunks, messages, hex"00");
    }

    function _callClose(bytes memory chunks, bytes memory messages, bytes memory openings)
        private
        view
        returns (Call memory call)
    {
        TreeModel.Tree memory tree = _after();
        tree.put(CURSOR, _cursor(0, _data().length, 1, 2, 1_000_005, 1, 5));
        Witness memory witness = _over(tree, new uint64[](1));
        (witness.chunks, witness.messages, witness.openings) = (chunks, messages, openings);
        call = _call(witness, 1);
        call.startRoot = tree.root();
    }

    function _expect(Witness memory witness, bytes memory error_) private {
        _expect(_call(witness, STEPS), error_);
    }

    function _expect(Call memory call, bytes memory error_) private {
        vm.expectRevert(error_);
        verifier.prove(call);
    }
}
