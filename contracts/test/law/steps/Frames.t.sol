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
