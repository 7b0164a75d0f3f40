// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {StepVerifier} from "../../src/StepVerifier.sol";
import {IBlobImporter} from "../../src/interfaces/IBlobImporter.sol";
import {IInbox} from "../../src/interfaces/IInbox.sol";
import {IStep} from "../../src/interfaces/IStep.sol";
import {IStepVerifier} from "../../src/interfaces/IStepVerifier.sol";
import {Family, Phase} from "../../src/types/Family.sol";
import {StepKind} from "../../src/types/StepKind.sol";
import {Call} from "../../src/types/Steps.sol";
import {CourtFixture} from "../CourtFixture.sol";
import {Families} from "../Families.sol";
import {Shipped} from "../Shipped.sol";
import {TreeModel} from "../TreeModel.sol";
import {CountdownSteps, EchoSteps} from "../mocks/EchoSteps.sol";

/// @notice Which family executes what, and that nothing interrupts a task (docs/spec.md X-2, X-12).
contract StepDispatchTest is CourtFixture {
    using TreeModel for TreeModel.Tree;

    uint64 private constant SWEEP = 11;
    uint8 private constant NAME = 100;

    bytes private content;
    /// @dev Messages that the item consumes.
    uint40 private messages;

    /// @dev By the high nibble of the first byte of a record; 255: of no family.
    uint8[16] private ofNibble = [255, 0, 2, 4, 6, 7, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255];

    /// @dev First bytes with a family of their own, and that family.
    bytes private constant OWN = hex"2122232425323341424356343536372627";
    bytes private constant OF_OWN = hex"0b0b090b0b0d0d0e0f0e10111111111314";

    function setUp() public {
        _deploy();
    }

    function test_constructor_wants_a_contract_for_every_family() public {
        IStep[] memory families = new IStep[](Family.COUNT - 1);
        vm.expectRevert(abi.encodeWithSelector(IStepVerifier.WrongFamilyCount.selector, 20, 21));
        Shipped.deploy("StepVerifier", abi.encode(IInbox(address(inbox)), IBlobImporter(address(inbox)), families));
        families = Families.deploy(L2_CHAIN_ID, BRIDGE);
        families[Family.RISK] = IStep(address(0));
        vm.expectRevert(abi.encodeWithSelector(IStepVerifier.MissingFamily.selector, Family.RISK));
        Shipped.deploy("StepVerifier", abi.encode(IInbox(address(inbox)), IBlobImporter(address(inbox)), families));
    }

    function test_every_phase_leads_to_a_family() public {
        vm.pauseGasMetering();
        _useEchoes();
        _post(hex"01000000000001");
        for (uint256 phase = 2; phase < Phase.BLOCK_BEGIN; ++phase) {
            uint8 family = 12;
            if (phase == 2) family = 3;
            if (phase == 3) family = 10;
            if (phase == 4) family = 11;
            if (phase == 5 || phase == 9) family = 5;
            if (phase == 8) family = 15;
            if (phase == 10) family = 6;
            if (phase == 11) family = 18;
            if (phase == 12) family = 19;
            this.echoed(_cursor(0, 7, 0, 1, 600_000, uint8(phase), 0), _cursor(0, 7, 0, 1, 600_000, 1, NAME + family));
        }
    }

    function test_every_first_byte_of_a_record_leads_to_its_family_or_to_none() public {
        vm.pauseGasMetering();
        _useEchoes();
        for (uint256 first = 2; first < 256; ++first) {
            _post(abi.encodePacked(hex"010000000000010001", uint8(first)));
            uint8 family = ofNibble[first >> 4];
            for (uint256 i = 0; i < OWN.length; ++i) {
                if (uint8(OWN[i]) == first) family = uint8(OF_OWN[i]);
            }
            bytes memory end = _cursor(0, 10, 0, 1, 600_000, 1, family == 255 ? 3 : NAME + family);
            this.echoed(_cursor(0, 7, 0, 1, 600_000, 1, 3), end);
        }
    }

    /// @dev The record of a task of three steps, a seal: open, quote, three legs, seal, pull, close.
    function test_task_runs_to_its_end_before_anything_else() public {
        _useCountdown();
        _post(hex"010000000f42400002200300020005");
        TreeModel.Tree memory end = _before();
        end.put(CURSOR, _cursor(1, 0, 1, 2, 1_000_005, 0, 5));
        end.put(SWEEP, hex"00");
        end.put(TOTALS, _amounts(110));
        end.put(BALANCES_1, _amounts(110));
        Call memory call = _call(_taskWitness(), 8);
        (bytes32 root, uint256 weight, bool ended, StepKind[] memory kinds,) = verifier.simulate(call);
        StepKind[8] memory expected = [
            StepKind.OPEN_ITEM,
            StepKind.QUOTE,
            StepKind.LEG,
            StepKind.LEG,
            StepKind.LEG,
            StepKind.SEAL,
            StepKind.DEPOSIT,
            StepKind.CLOSE_ITEM
        ];
        for (uint256 i = 0; i < 8; ++i) {
            assertEq(uint256(kinds[i]), uint256(expected[i]));
        }
        assertEq(root, end.root());
        assertGt(weight, 0);
        assertTrue(ended);
    }

    /// @dev Another leaf than the one that the task reads, or none.
    function test_task_with_other_openings_reverts() public {
        _useCountdown();
        _post(hex"010000000f42400002200300020005");
        Witness memory witness = _taskWitness();
        witness.openings = abi.encodePacked(OPEN_PRICES, hex"010003", hex"010001");
        vm.expectRevert(abi.encodeWithSelector(IStepVerifier.WrongOpening.selector, PRICES, SWEEP));
        verifier.prove(_call(witness, 8));
        witness.openings = abi.encodePacked(OPEN_PRICES, hex"010003", hex"00");
        vm.expectRevert(abi.encodeWithSelector(IStepVerifier.MissingOpening.selector, SWEEP));
        verifier.prove(_call(witness, 8));
        witness.openings = abi.encodePacked(OPEN_PRICES, hex"010003", hex"0200030001");
        vm.expectRevert(abi.encodeWithSelector(IStepVerifier.UnusedOpening.selector, PRICES));
        verifier.prove(_call(witness, 8));
    }

    /// @dev One step from one cursor to another, in an item of `content` and no message; opens nothing. External: a call
    /// gives its memory back.
    function echoed(bytes memory from, bytes memory to) external view {
        TreeModel.Tree memory tree = _before();
        tree.put(CURSOR, from);
        Witness memory witness = _over(tree, new uint64[](1));
        witness.header = _contentHeader();
        witness.chunks = content.length == 7 ? bytes(hex"00") : abi.encodePacked(uint8(1), uint16(0), content);
        witness.messages = hex"00";
        witness.openings = hex"00";
        Call memory call = _call(witness, 1);
        call.startRoot = tree.root();
        (bytes32 root,,,,) = verifier.simulate(call);
        tree.put(CURSOR, to);
        assertEq(root, tree.root());
    }

    function _taskWitness() private view returns (Witness memory witness) {
        uint64[] memory keys = new uint64[](6);
        (keys[0], keys[1], keys[2], keys[3]) = (CURSOR, PRICES, TOTALS, SWEEP);
        (keys[4], keys[5]) = (OWNER_1, BALANCES_1);
        witness = _over(_before(), keys);
        witness.header = _contentHeader();
        witness.chunks = abi.encodePacked(uint8(1), uint16(0), content);
        witness.messages = abi.encodePacked(uint8(1), _message());
        bytes memory one = hex"010003";
        witness.openings = abi.encodePacked(OPEN_PRICES, one, one, one, one, OPEN_PRICES, OPEN_DEPOSIT, hex"00");
    }

    function _post(bytes memory data) private {
        content = data;
        bytes32[] memory items = new bytes32[](2);
        bytes32[] memory delayed = new bytes32[](2);
        delayed[1] = keccak256(abi.encodePacked(bytes1(0x08), bytes32(0), _messageHash()));
        items[1] = _accumulate(0, _contentHeader());
        inbox.set(items, delayed, new bytes32[](1));
    }

    function _contentHeader() private view returns (bytes memory) {
        bytes32 chunk = keccak256(abi.encodePacked(bytes1(0x03), content));
        bytes32 delayedAcc = keccak256(abi.encodePacked(bytes1(0x08), bytes32(0), _messageHash()));
        if (messages == 0) delayedAcc = 0;
        bytes memory data = abi.encodePacked(uint8(0), uint32(content.length), chunk);
        return abi.encodePacked(data, messages, delayedAcc, uint40(0), bytes32(0), uint40(500), uint40(2000));
    }

    function _useEchoes() private {
        IStep[] memory families = new IStep[](Family.COUNT);
        for (uint256 i = 0; i < families.length; ++i) {
            families[i] = new EchoSteps(i);
        }
        verifier = StepVerifier(
            Shipped.deploy("StepVerifier", abi.encode(IInbox(address(inbox)), IBlobImporter(address(inbox)), families))
        );
    }

    function _useCountdown() private {
        IStep[] memory families = Families.deploy(L2_CHAIN_ID, BRIDGE);
        families[Family.ORDER] = families[Family.LEG] = new CountdownSteps();
        messages = 1;
        verifier = StepVerifier(
            Shipped.deploy("StepVerifier", abi.encode(IInbox(address(inbox)), IBlobImporter(address(inbox)), families))
        );
    }
}
