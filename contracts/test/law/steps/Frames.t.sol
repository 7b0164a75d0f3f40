// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IStepVerifier} from "../../../src/interfaces/IStepVerifier.sol";
import {Frame, Frames} from "../../../src/steps/Frames.sol";
import {PriceSteps} from "../../../src/steps/PriceSteps.sol";
import {Phase} from "../../../src/types/Family.sol";
import {LeafKey} from "../../../src/types/LeafKey.sol";
import {Reason} from "../../../src/types/Reason.sol";
import {StepKind} from "../../../src/types/StepKind.sol";
import {StepInput, StepResult} from "../../../src/types/Steps.sol";
import {Opening, OpeningList} from "../../OpeningList.sol";
import {Shipped} from "../../Shipped.sol";
import {Test} from "../../Test.sol";

/// @notice What a step may do with its openings, and what a block begins with (docs/spec.md X-9, X-13).
contract FramesTest is Test {
    using Frames for Frame;
    using OpeningList for Opening[];

    LeafKey private constant A = LeafKey.wrap(10);
    LeafKey private constant B = LeafKey.wrap(20);
    LeafKey private constant C = LeafKey.wrap(30);

    function test_get_again_gives_what_the_step_wrote() public view {
        StepResult memory result = this.swap(_input(Phase.IDLE), _two().pack());
        bytes[] memory values = _two().valuesAfter(result.writes);
        assertEq(values[0], "bb");
        assertEq(values[1], "a");
        assertEq(result.phase, Phase.IDLE);
        assertEq(result.orderClass, 5);
        assertEq(uint256(result.kind), uint256(StepKind.TRANSFER));
        assertEq(uint256(result.reason), uint256(Reason.ZERO_AMOUNT));
    }

    function test_get_of_another_leaf_than_the_next_reverts() public {
        Opening[] memory openings = _two();
        (openings[0], openings[1]) = (openings[1], openings[0]);
        vm.expectRevert(abi.encodeWithSelector(IStepVerifier.WrongOpening.selector, B, A));
        this.swap(_input(Phase.IDLE), openings.pack());
    }

    function test_get_past_the_openings_reverts() public {
        Opening[] memory openings = new Opening[](1);
        openings[0] = Opening(A, "a");
        vm.expectRevert(abi.encodeWithSelector(IStepVerifier.MissingOpening.selector, B));
        this.swap(_input(Phase.IDLE), openings.pack());
    }

    /// @dev An opening of a leaf that was read before can never be used.
    function test_leaf_opened_twice_reverts() public {
        Opening[] memory openings = new Opening[](3);
        (openings[0], openings[1], openings[2]) = (Opening(A, "a"), Opening(A, "a"), Opening(B, "bb"));
        vm.expectRevert(abi.encodeWithSelector(IStepVerifier.WrongOpening.selector, A, B));
        this.swap(_input(Phase.IDLE), openings.pack());
        openings[1] = openings[2];
        openings[2] = Opening(A, "a");
        vm.expectRevert(abi.encodeWithSelector(IStepVerifier.UnusedOpening.selector, A));
        this.swap(_input(Phase.IDLE), openings.pack());
    }

    function test_put_of_a_leaf_that_was_not_read_reverts() public {
        vm.expectRevert(abi.encodeWithSelector(IStepVerifier.MissingOpening.selector, C));
        this.putUnread(_input(Phase.IDLE), _two().pack());
    }

    function test_undecodable_opens_nothing_and_ends_the_task() public {
        StepResult memory result = this.undecodable(_input(Phase.SWEEP), new Opening[](0).pack());
        assertEq(result.phase, Phase.IDLE);
        assertEq(uint256(result.kind), uint256(StepKind.FORCED_UNDECODABLE));
        vm.expectRevert(abi.encodeWithSelector(IStepVerifier.UnusedOpening.selector, A));
        this.undecodable(_input(Phase.SWEEP), _two().pack());
    }

    function test_begin_of_a_block_without_prices_reads_them_and_begins_no_task() public {
        PriceSteps prices = PriceSteps(Shipped.deploy("PriceSteps", abi.encode(1, address(1))));
        Opening[] memory openings = new Opening[](1);
        openings[0] = Opening(LeafKey.wrap(1), "");
        StepResult memory result = prices.execute(_input(Phase.BLOCK_BEGIN), openings.pack());
        assertEq(result.phase, Phase.IDLE);
        assertEq(result.orderClass, 5);
        assertEq(result.writes, "");
        vm.expectRevert(abi.encodeWithSelector(IStepVerifier.MissingOpening.selector, LeafKey.wrap(1)));
        prices.execute(_input(Phase.BLOCK_BEGIN), new Opening[](0).pack());
    }

    /// @dev Reads, writes and a second contract in between, in any order, over keys that lie in the same places of the
    /// table: the frame gives what a plain list does.
    function testFuzz_frame_agrees_with_a_plain_list(uint256 seed) public view {
        uint256 count = 1 + _random(seed, "count", 0) % 40;
        Opening[] memory openings = new Opening[](count);
        for (uint256 i = 0; i < count; ++i) {
            // Rows of keys that begin in the last places of the table, and in one place.
            uint64 key = uint64(i % 2 == 0 ? 1015 + i / 2 : 1021 * (i + 7) + _random(seed, "key", i) % 2 * 1018);
            bytes memory value = new bytes(_random(seed, "size", i) % 70);
            for (uint256 j = 0; j < value.length; ++j) {
                value[j] = bytes1(uint8(i + j));
            }
            openings[i] = Opening(LeafKey.wrap(key), value);
        }
        this.walk(_input(Phase.IDLE), openings.pack(), openings, seed);
    }

    function walk(StepInput calldata input, bytes memory packed, Opening[] memory list, uint256 seed) external pure {
        Frame memory frame = Frames.open(input, packed);
        bool[] memory isWritten = new bool[](list.length);
        uint256 known = 0;
        for (uint256 i = 0; known < list.length; ++i) {
            known = _touch(frame, list, isWritten, known, _random(seed, "first", i));
            if (i % 5 != 4 || known == list.length) continue;
            Frame memory other = Frames.unpack(frame.pack());
            known = _touch(other, list, isWritten, known, _random(seed, "other", i));
            if (i % 2 == 0) frame.adopt(other.packWrites());
            else frame = other;
        }
        _assertSame(frame, list, isWritten);
    }

    /// @dev Reads the next opening, or reads or writes one that is known.
    function _touch(Frame memory frame, Opening[] memory list, bool[] memory isWritten, uint256 known, uint256 random)
        private
        pure
        returns (uint256)
    {
        uint256 index = known == 0 || random % 3 == 0 ? known : (random >> 8) % known;
        assertEq(frame.get(list[index].key), list[index].value);
        if (index == known) return known + 1;
        if (random % 3 == 1) {
            list[index].value = abi.encodePacked(random);
            isWritten[index] = true;
            frame.put(list[index].key, list[index].value);
        }
        return known;
    }

    function _assertSame(Frame memory frame, Opening[] memory list, bool[] memory isWritten) private pure {
        bytes memory writes;
        for (uint256 i = 0; i < list.length; ++i) {
            assertEq(frame.get(list[i].key), list[i].value);
            // Every value that was written has a whole word.
            if (isWritten[i]) writes = bytes.concat(writes, abi.encode(i, 32), list[i].value);
        }
        assertEq(frame.finish(StepKind.TRANSFER, Reason.OK).writes, writes);
    }

    function _random(uint256 seed, string memory use, uint256 i) private pure returns (uint256) {
        return uint256(keccak256(abi.encode(seed, use, i)));
    }

    /// @dev Reads A and B, exchanges them, and reads both again.
    function swap(StepInput calldata input, bytes memory openings) external pure returns (StepResult memory) {
        Frame memory frame = Frames.open(input, openings);
        (bytes memory a, bytes memory b) = (frame.get(A), frame.get(B));
        frame.put(A, b);
        frame.put(B, a);
        assertEq(frame.get(A), b);
        assertEq(frame.get(B), a);
        return frame.finish(StepKind.TRANSFER, Reason.ZERO_AMOUNT);
    }

    function putUnread(StepInput calldata input, bytes memory openings) external pure {
        Frame memory frame = Frames.open(input, openings);
        frame.get(A);
        frame.put(C, "c");
    }

    function undecodable(StepInput calldata input, bytes memory openings) external pure returns (StepResult memory) {
        return Frames.open(input, openings).undecodable(input.forced);
    }

    function _two() private pure returns (Opening[] memory openings) {
        openings = new Opening[](2);
        (openings[0], openings[1]) = (Opening(A, "a"), Opening(B, "bb"));
    }

    function _input(uint8 phase) private pure returns (StepInput memory) {
        return StepInput(true, address(1), 7, 0, 1000, 3, phase, 5, "");
    }
}
