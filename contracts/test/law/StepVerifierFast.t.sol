// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {StepVerifier} from "../../src/StepVerifier.sol";
import {IBlobImporter} from "../../src/interfaces/IBlobImporter.sol";
import {IInbox} from "../../src/interfaces/IInbox.sol";
import {IStep} from "../../src/interfaces/IStep.sol";
import {IStepVerifier} from "../../src/interfaces/IStepVerifier.sol";
import {Family} from "../../src/types/Family.sol";
import {Reason} from "../../src/types/Reason.sol";
import {StepKind} from "../../src/types/StepKind.sol";
import {Call} from "../../src/types/Steps.sol";
import {CourtFixture} from "../CourtFixture.sol";
import {Shipped} from "../Shipped.sol";
import {TreeModel} from "../TreeModel.sol";
import {EchoSteps} from "../mocks/EchoSteps.sol";

/// @notice An item that consumes two fast messages and a deposit: which step pulls what (docs/spec.md X-2, X-6, I-11).
contract StepVerifierFastTest is CourtFixture {
    using TreeModel for TreeModel.Tree;

    uint8 private constant NAME = 100;
    uint8 private constant DELAYED = 5;
    uint256 private constant TIME = 600_000;

    /// @dev Two bodies of the fast queue, and the records of the item.
    bytes[2] private bodies = [bytes(hex"3001"), hex"4001"];
    bytes private content;

    function setUp() public {
        _deploy();
        IStep[] memory families = new IStep[](Family.COUNT);
        for (uint256 i = 0; i < families.length; ++i) {
            families[i] = new EchoSteps(i);
        }
        verifier = StepVerifier(
            Shipped.deploy("StepVerifier", abi.encode(IInbox(address(inbox)), IBlobImporter(address(inbox)), families))
        );
        _post("");
    }

    function test_endOfItem_fastQueueFirst_thenDelayed_thenClose() public view {
        _expectStep(_at(0, 0, 3), _fast(0), _at(1, 0, NAME + 4));
        _expectStep(_at(1, 0, 3), _fast(1), _at(2, 0, NAME + 6));
        _expectStep(_at(2, 0, 3), _message(), _at(2, 1, NAME + 1));
        _expectStep(_at(2, 1, 3), "", abi.encodePacked(uint40(1), uint32(0), _tail(1, 2, 0, 3)));
    }

    function test_endOfItem_delayedBeforeFast_isRejected() public {
        Call memory call = _callFrom(_at(0, 0, 3), _message(), 1);
        vm.expectPartialRevert(IStepVerifier.WrongMessage.selector);
        verifier.simulate(call);
    }

    function test_endOfItem_fastMessagesInTurnedOrder_areRejected() public {
        Call memory call = _callFrom(_at(0, 0, 3), _fast(1), 1);
        vm.expectPartialRevert(IStepVerifier.WrongMessage.selector);
        verifier.simulate(call);
    }

    /// @dev The same message once more, after it was consumed.
    function test_endOfItem_replayedFastMessage_isRejected() public {
        Call memory call = _callFrom(_at(1, 0, 3), _fast(0), 1);
        vm.expectPartialRevert(IStepVerifier.WrongMessage.selector);
        verifier.simulate(call);
    }

    function test_endOfItem_withoutTheFastMessage_isRejected() public {
        Call memory call = _callFrom(_at(1, 0, 3), "", 1);
        vm.expectRevert(abi.encodeWithSelector(IStepVerifier.MissingMessage.selector, 1));
        verifier.simulate(call);
    }

    function testFuzz_pull_otherFastMessage_isRejected(uint256 place, uint8 flip) public {
        vm.assume(flip != 0);
        bytes memory message = _fast(0);
        place = bound(place, 0, message.length - 1);
        vm.assume(place != 26 && place != 27); // the length decides where the next part begins
        message[place] ^= bytes1(flip);
        Call memory call = _callFrom(_at(0, 0, 3), message, 1);
        vm.expectPartialRevert(IStepVerifier.WrongMessage.selector);
        verifier.simulate(call);
    }

    /// @dev A pull record takes from its own queue, in whatever state the other one is.
    function test_record_pullFast_takesAFastMessage() public {
        _post(hex"01000000000000000102000101");
        bytes memory from = abi.encodePacked(uint40(0), uint32(7), _tail(0, 0, 1, 3));
        _expectStep(from, _fast(0), abi.encodePacked(uint40(0), uint32(10), _tail(0, 1, 1, NAME + 4)));
        from = abi.encodePacked(uint40(0), uint32(10), _tail(0, 0, 1, 3));
        _expectStep(from, _message(), abi.encodePacked(uint40(0), uint32(13), _tail(1, 0, 1, NAME + 1)));
    }

    function test_record_pullFast_nothingLeft_saysSo() public {
        _post(hex"01000000000000000102");
        bytes memory from = abi.encodePacked(uint40(0), uint32(7), _tail(0, 2, 1, 3));
        Call memory call = _callFrom(from, "", 1);
        (,,, StepKind[] memory kinds, Reason[] memory reasons) = verifier.simulate(call);
        assertEq(uint256(kinds[0]), uint256(StepKind.UNDECODABLE));
        assertEq(uint256(reasons[0]), uint256(Reason.NOTHING_TO_PULL));
    }

    /// @dev By the first byte: five kinds belong to a family, everything else is undecodable.
    function test_fastMessage_firstByte_leadsToItsFamilyOrToNone() public {
        bytes memory firsts = hex"000102101220252f303132333f4041424350606dff";
        for (uint256 i = 0; i < firsts.length; ++i) {
            uint8 first = uint8(firsts[i]);
            bodies[0] = abi.encodePacked(first);
            _post("");
            uint8 class = DELAYED;
            if (first == 0x30 || first == 0x31) class = NAME + 4;
            if (first == 0x32) class = NAME + 13;
            if (first == 0x40) class = NAME + 6;
            if (first == 0x42) class = NAME + 15;
            this.expectStep(_at(0, 0, 3), _fast(0), _at(1, 0, class));
        }
    }

    /// @dev External: a call gives its memory back.
    function expectStep(bytes memory from, bytes memory message, bytes memory to) external view {
        _expectStep(from, message, to);
    }

    function _expectStep(bytes memory from, bytes memory message, bytes memory to) private view {
        TreeModel.Tree memory tree = _before();
        (bytes32 root,,,,) = verifier.simulate(_callFrom(from, message, 1));
        tree.put(CURSOR, to);
        assertEq(root, tree.root());
    }

    function _callFrom(bytes memory from, bytes memory message, uint16 steps) private view returns (Call memory call) {
        TreeModel.Tree memory tree = _before();
        tree.put(CURSOR, from);
        Witness memory witness = _over(tree, new uint64[](1));
        witness.header = _itemHeader();
        bool reads = content.length != 0 && uint32(bytes4(_slice(from, 5, 9))) < content.length;
        witness.chunks = reads ? abi.encodePacked(uint8(1), uint16(0), content) : bytes(hex"00");
        witness.messages = message.length == 0 ? bytes(hex"00") : abi.encodePacked(uint8(1), message);
        witness.openings = hex"00";
        call = _call(witness, steps);
        call.startRoot = tree.root();
    }

    /// @dev A cursor at the end of the data, in an open item.
    function _at(uint40 fast, uint40 delayed, uint8 class) private view returns (bytes memory) {
        return abi.encodePacked(uint40(0), uint32(content.length), _tail(delayed, fast, 1, class));
    }

    function _tail(uint40 delayed, uint40 fast, uint8 phase, uint8 class) private pure returns (bytes memory) {
        return abi.encodePacked(delayed, fast, uint40(1), uint48(TIME), phase, class);
    }

    function _fast(uint256 i) private view returns (bytes memory) {
        return abi.encodePacked(uint8(3), alice, uint40(1000), uint16(bodies[i].length), bodies[i]);
    }

    function _post(bytes memory data) private {
        content = data;
        bytes32[] memory items = new bytes32[](2);
        bytes32[] memory delayed = new bytes32[](2);
        delayed[1] = keccak256(abi.encodePacked(bytes1(0x08), bytes32(0), _messageHash()));
        items[1] = _accumulate(0, _itemHeader());
        inbox.set(items, delayed, _fastAccumulators());
    }

    function _fastAccumulators() private view returns (bytes32[] memory accumulators) {
        accumulators = new bytes32[](3);
        for (uint256 i = 0; i < 2; ++i) {
            bytes32 hash = keccak256(abi.encodePacked(bytes1(0x09), uint8(3), alice, uint40(1000), bodies[i]));
            accumulators[i + 1] = keccak256(abi.encodePacked(bytes1(0x14), accumulators[i], hash));
        }
    }

    function _itemHeader() private view returns (bytes memory) {
        bytes32 root = content.length == 0 ? bytes32(0) : keccak256(abi.encodePacked(bytes1(0x03), content));
        bytes memory data = abi.encodePacked(uint8(0), uint32(content.length), root);
        bytes32 delayedAcc = keccak256(abi.encodePacked(bytes1(0x08), bytes32(0), _messageHash()));
        bytes memory queues = abi.encodePacked(uint40(1), delayedAcc, uint40(2), _fastAccumulators()[2]);
        return abi.encodePacked(data, queues, uint40(500), uint40(2000));
    }
}
