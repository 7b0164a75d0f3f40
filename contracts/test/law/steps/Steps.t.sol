// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IStep} from "../../../src/interfaces/IStep.sol";
import {AccountSteps} from "../../../src/steps/AccountSteps.sol";
import {DepositSteps} from "../../../src/steps/DepositSteps.sol";
import {Phase} from "../../../src/types/Family.sol";
import {LeafKey} from "../../../src/types/LeafKey.sol";
import {Reason} from "../../../src/types/Reason.sol";
import {StepKind} from "../../../src/types/StepKind.sol";
import {StepInput, StepResult} from "../../../src/types/Steps.sol";
import {Opening, OpeningList} from "../../OpeningList.sol";
import {Shipped} from "../../Shipped.sol";
import {Test} from "../../Test.sol";

/// @notice Reasons and effects of deposits and forced transactions, with leaves written by hand from docs/spec.md X-7,
/// X-8. Each case also fixes how many leaves the step reads: one more or one less reverts.
contract StepsTest is Test {
    using OpeningList for Opening[];

    uint64 private constant ALLOCATORS = 2;
    uint64 private constant TOTALS = 5;
    uint64 private constant CREDIT = 7;
    uint64 private constant HOT_1 = (6 << 32) + 32;
    uint64 private constant OWNER_1 = (6 << 32) + 33;
    uint64 private constant BALANCES_1 = (6 << 32) + 35;
    uint64 private constant BALANCES_2 = (6 << 32) + 67;
    uint64 private constant OUTBOX = 8 << 32;
    uint96 private constant MAX_BALANCE = 2 ** 95 - 1;
    address private constant ALICE = address(0xa11ce);
    address private constant BOB = address(0xb0b);

    IStep private accounts;
    IStep private deposits;

    function setUp() public {
        accounts = AccountSteps(Shipped.deploy("AccountSteps", abi.encode(313_371, address(0xb41d6e))));
        deposits = DepositSteps(Shipped.deploy("DepositSteps"));
    }

    function test_deposit_opens_an_account() public view {
        bytes[] memory values = _deposit(1, ALICE, 3, 9, Reason.OK, _credit(_amounts(0, 4), "", ""));
        assertEq(values[0], _amounts(0, 13));
        assertEq(values[1], _owner(ALICE));
        assertEq(values[2], _amounts(0, 9));
    }

    function test_deposit_to_an_open_account_keeps_its_owner() public view {
        Opening[] memory openings = _credit(_amounts(5, 0), _owner(ALICE), _amounts(5, 1));
        bytes[] memory values = _deposit(1, BOB, 0, 7, Reason.OK, openings);
        assertEq(values[0], _amounts(12, 0));
        assertEq(values[1], _owner(ALICE));
        assertEq(values[2], _amounts(12, 1));
    }

    function test_deposit_of_nothing_reads_nothing() public view {
        _deposit(0, address(0), 9, 0, Reason.ZERO_AMOUNT, new Opening[](0));
    }

    function test_deposit_that_cannot_be_credited_is_refunded() public view {
        _refunded(0, ALICE, 0, Reason.UNKNOWN_ACCOUNT, new Opening[](0));
        _refunded(2 ** 21, ALICE, 0, Reason.UNKNOWN_ACCOUNT, new Opening[](0));
        _refunded(type(uint32).max, ALICE, 255, Reason.UNKNOWN_ACCOUNT, new Opening[](0));
        _refunded(1, ALICE, 4, Reason.UNKNOWN_ASSET, new Opening[](0));
        _refunded(1, address(0), 0, Reason.ZERO_OWNER, _credit(_amounts(0, 0), "", ""));
        Opening[] memory full = _credit(_amounts(0, 0), _owner(ALICE), _amounts(MAX_BALANCE, 0));
        _refunded(1, ALICE, 0, Reason.BALANCE_OVERFLOW, full);
        Opening[] memory crowded = _credit(_amounts(type(uint96).max, 0), _owner(ALICE), _amounts(0, 0));
        _refunded(1, ALICE, 0, Reason.BALANCE_OVERFLOW, crowded);
    }

    /// @dev The inbox keeps half of the outbox for refunds, which the limit of withdrawals does not touch.
    function test_deposit_is_refunded_past_the_limit_of_withdrawals() public view {
        Opening[] memory openings = _pair(2 ** 31);
        bytes[] memory values = _deposit(0, ALICE, 0, 1, Reason.UNKNOWN_ACCOUNT, openings);
        assertEq(values[0], abi.encodePacked(uint40(2 ** 31 + 1), uint96(0)));
    }

    function testFuzz_deposit_of_another_length_is_undecodable(bytes memory body) public view {
        vm.assume(body.length != 37);
        StepResult memory result = deposits.execute(_input(body, BOB), new Opening[](0).pack());
        assertEq(uint256(result.kind), uint256(StepKind.FORCED_UNDECODABLE));
        assertEq(uint256(result.reason), uint256(Reason.UNDECODABLE));
    }

    function test_forced_transfer_moves_both_balances() public view {
        Opening[] memory openings = _transfer(_amounts(100, 0), _amounts(MAX_BALANCE - 100, 0));
        bytes[] memory values = _forced(hex"1001020064", Reason.OK, openings);
        assertEq(values[0], _owner(ALICE));
        assertEq(values[1], "");
        assertEq(values[2], _amounts(0, 0));
        assertEq(values[3], _amounts(MAX_BALANCE, 0));
    }

    function test_forced_transfer_gives_each_reason_in_order() public view {
        _forced(hex"1000020064", Reason.UNKNOWN_ACCOUNT, new Opening[](0));
        _forced(hex"108080800202000164", Reason.UNDECODABLE, new Opening[](0));
        _forced(hex"1080808002020064", Reason.UNKNOWN_ACCOUNT, new Opening[](0));
        _forced(hex"1001020064", Reason.UNKNOWN_ACCOUNT, _one(""));
        _forced(hex"1001020464", Reason.NOT_OWNER, _one(_owner(BOB)));
        _forced(hex"1001010400", Reason.UNKNOWN_ASSET, _one(_owner(ALICE)));
        _forced(hex"1001010300", Reason.ZERO_AMOUNT, _one(_owner(ALICE)));
        _forced(hex"1001010301", Reason.SELF_TRANSFER, _one(_owner(ALICE)));
        _forced(hex"1001000301", Reason.UNKNOWN_RECIPIENT, _one(_owner(ALICE)));
        _forced(hex"1001808080020301", Reason.UNKNOWN_RECIPIENT, _one(_owner(ALICE)));
        _forced(hex"1001020064", Reason.UNKNOWN_RECIPIENT, _transfer(_amounts(1, 0), ""));
        _forced(hex"1001020064", Reason.INSUFFICIENT_BALANCE, _transfer(_amounts(99, 0), _amounts(0, 0)));
        _forced(hex"1001020064", Reason.BALANCE_OVERFLOW, _transfer(_amounts(100, 0), _amounts(MAX_BALANCE - 99, 0)));
    }

    function test_forced_withdraw_moves_money_to_the_outbox() public view {
        bytes memory body = abi.encodePacked(hex"11010064", BOB);
        bytes[] memory values = _forced(body, Reason.OK, _withdraw(7));
        assertEq(values[2], _amounts(0, 0));
        assertEq(values[3], abi.encodePacked(uint40(8), uint96(0)));
        assertEq(values[4], _amounts(50, 0));
        assertEq(values[6], abi.encodePacked(uint32(1), uint8(0), uint96(100), BOB));
    }

    function test_forced_withdraw_gives_each_reason_in_order() public view {
        _forced(abi.encodePacked(hex"11010400", address(0)), Reason.UNKNOWN_ASSET, _one(_owner(ALICE)));
        _forced(abi.encodePacked(hex"11010000", address(0)), Reason.ZERO_AMOUNT, _one(_owner(ALICE)));
        _forced(abi.encodePacked(hex"11010001", address(0)), Reason.ZERO_RECIPIENT, _one(_owner(ALICE)));
        Opening[] memory three = _first(_withdraw(0), 3);
        _forced(abi.encodePacked(hex"11010065", BOB), Reason.INSUFFICIENT_BALANCE, three);
        Opening[] memory four = _first(_withdraw(2 ** 31), 4);
        _forced(abi.encodePacked(hex"11010064", BOB), Reason.OUTBOX_FULL, four);
    }

    function test_forced_rotate_key_keeps_the_nonce_window() public view {
        bytes memory before = abi.encodePacked(ALICE, uint64(9), uint192(5));
        bytes[] memory values = _forced(abi.encodePacked(hex"1201", BOB), Reason.OK, _join(_one(before), _hot()));
        assertEq(values[0], abi.encodePacked(BOB, uint64(9), uint192(5)));
        _forced(abi.encodePacked(hex"1201", address(0)), Reason.ZERO_OWNER, _one(before));
    }

    function testFuzz_execute_of_garbage_is_undecodable(bytes memory body, bool forced) public view {
        vm.assume(body.length == 0 || body[0] < 0x10 || body[0] > 0x12);
        StepInput memory input = _input(body, BOB);
        input.forced = forced;
        StepResult memory result = accounts.execute(input, new Opening[](0).pack());
        assertEq(uint256(result.kind), uint256(forced ? StepKind.FORCED_UNDECODABLE : StepKind.UNDECODABLE));
        assertEq(uint256(result.reason), uint256(Reason.UNDECODABLE));
    }

    function _refunded(uint32 account, address owner, uint8 asset, Reason expected, Opening[] memory read)
        private
        view
    {
        Opening[] memory openings = _join(read, _pair(3));
        bytes[] memory values = _deposit(account, owner, asset, 8, expected, openings);
        for (uint256 i = 0; i < read.length; ++i) {
            assertEq(values[i], read[i].value);
        }
        assertEq(values[read.length], abi.encodePacked(uint40(4), uint96(0)));
        assertEq(values[read.length + 1], abi.encodePacked(account, asset, uint96(8), BOB));
    }

    function _deposit(
        uint32 account,
        address owner,
        uint8 asset,
        uint96 amount,
        Reason expected,
        Opening[] memory openings
    ) private view returns (bytes[] memory values) {
        StepInput memory input = _input(abi.encodePacked(account, owner, asset, amount), BOB);
        return _execute(deposits, input, expected, openings);
    }

    function _forced(bytes memory body, Reason expected, Opening[] memory openings)
        private
        view
        returns (bytes[] memory values)
    {
        return _execute(accounts, _input(body, ALICE), expected, openings);
    }

    function _execute(IStep step, StepInput memory input, Reason expected, Opening[] memory openings)
        private
        view
        returns (bytes[] memory values)
    {
        StepResult memory result = step.execute(input, openings.pack());
        assertEq(uint256(result.reason), uint256(expected));
        assertEq(result.phase, Phase.IDLE);
        assertEq(result.orderClass, input.orderClass);
        values = openings.valuesAfter(result.writes);
        assertFalse(_accepts(step, input, _join(openings, _one(""))), "one opening too many");
        if (openings.length > 0) {
            assertFalse(_accepts(step, input, _first(openings, openings.length - 1)), "one opening too few");
        }
    }

    function _accepts(IStep step, StepInput memory input, Opening[] memory openings) private view returns (bool ok) {
        (ok,) = address(step).staticcall(abi.encodeCall(step.execute, (input, openings.pack())));
    }

    function _input(bytes memory body, address sender) private pure returns (StepInput memory) {
        return StepInput(true, sender, 7, 0, 1000, 3, Phase.IDLE, 5, body);
    }

    function _credit(bytes memory totals, bytes memory owner, bytes memory balances)
        private
        pure
        returns (Opening[] memory openings)
    {
        openings = new Opening[](3);
        openings[0] = Opening(LeafKey.wrap(TOTALS), totals);
        openings[1] = Opening(LeafKey.wrap(OWNER_1), owner);
        openings[2] = Opening(LeafKey.wrap(BALANCES_1), balances);
    }

    function _pair(uint40 slot) private pure returns (Opening[] memory openings) {
        openings = new Opening[](2);
        openings[0] = Opening(LeafKey.wrap(ALLOCATORS), abi.encodePacked(slot, uint96(0)));
        openings[1] = Opening(LeafKey.wrap(OUTBOX + slot), "");
    }

    function _one(bytes memory owner) private pure returns (Opening[] memory openings) {
        openings = new Opening[](1);
        openings[0] = Opening(LeafKey.wrap(OWNER_1), owner);
    }

    function _transfer(bytes memory from, bytes memory to) private pure returns (Opening[] memory openings) {
        openings = new Opening[](2);
        openings[0] = Opening(LeafKey.wrap(BALANCES_1), from);
        openings[1] = Opening(LeafKey.wrap(BALANCES_2), to);
        openings = _join(_join(_one(_owner(ALICE)), _hot()), openings);
    }

    function _withdraw(uint40 slot) private pure returns (Opening[] memory openings) {
        openings = new Opening[](5);
        openings[0] = Opening(LeafKey.wrap(BALANCES_1), _amounts(100, 0));
        openings[1] = Opening(LeafKey.wrap(ALLOCATORS), abi.encodePacked(slot, uint96(0)));
        openings[2] = Opening(LeafKey.wrap(TOTALS), _amounts(150, 0));
        openings[3] = Opening(LeafKey.wrap(CREDIT), "");
        openings[4] = Opening(LeafKey.wrap(OUTBOX + slot), "");
        openings = _join(_join(_one(_owner(ALICE)), _hot()), openings);
    }

    /// @dev The hot leaf of an account that never traded.
    function _hot() private pure returns (Opening[] memory openings) {
        openings = new Opening[](1);
        openings[0] = Opening(LeafKey.wrap(HOT_1), "");
    }

    function _first(Opening[] memory openings, uint256 count) private pure returns (Opening[] memory result) {
        result = new Opening[](count);
        for (uint256 i = 0; i < count; ++i) {
            result[i] = openings[i];
        }
    }

    function _join(Opening[] memory head, Opening[] memory tail) private pure returns (Opening[] memory result) {
        result = new Opening[](head.length + tail.length);
        for (uint256 i = 0; i < result.length; ++i) {
            result[i] = i < head.length ? head[i] : tail[i - head.length];
        }
    }

    function _owner(address owner) private pure returns (bytes memory) {
        return abi.encodePacked(owner, uint64(0), uint192(0));
    }

    function _amounts(uint96 first, uint96 last) private pure returns (bytes memory) {
        return abi.encodePacked(first, uint96(0), uint96(0), last);
    }
}
