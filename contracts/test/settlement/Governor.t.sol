// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";

import {Governor} from "../../src/Governor.sol";
import {IGovernor} from "../../src/interfaces/IGovernor.sol";
import {IInbox} from "../../src/interfaces/IInbox.sol";
import {Settlement} from "../Settlement.sol";
import {Shipped} from "../Shipped.sol";

/// @notice An inbox that knows one governor and counts what it sends.
contract InboxOf {
    address public immutable GOVERNOR;
    bytes[] public bodies;

    constructor(address governor) {
        GOVERNOR = governor;
    }

    function sendAdmin(bytes calldata body) external returns (uint64) {
        bodies.push(body);
        return uint64(bodies.length - 1);
    }
}

contract GovernorTest is Settlement {
    bytes internal constant BODY = hex"60010203";
    bytes32 internal constant SALT = "salt";

    bytes32 internal id = keccak256(abi.encodePacked(bytes1(0x15), SALT, BODY));

    function setUp() public {
        deploySettlement();
    }

    // ---- the way of a message

    function test_schedule_owner_announcesBodyAndTime() public {
        vm.expectEmit(address(governor));
        emit IGovernor.Scheduled(id, BODY, SALT, START + GOVERNOR_DELAY);
        assertEq(_schedule(BODY, SALT), id);
        assertEq(governor.idOf(BODY, SALT), id);
        assertEq(governor.executableAt(id), START + GOVERNOR_DELAY);
        assertFalse(governor.isExecuted(id));
        assertEq(inbox.delayedCount(), 0);
    }

    function test_execute_atTheDelay_sendsADelayedMessage() public {
        _schedule(BODY, SALT);
        mine(GOVERNOR_DELAY);
        bytes32 message = keccak256(
            abi.encodePacked(bytes1(0x09), uint8(2), address(governor), uint40(START + GOVERNOR_DELAY), BODY)
        );
        bytes32 acc = keccak256(abi.encodePacked(bytes1(0x08), bytes32(0), message));
        vm.expectEmit(address(inbox));
        emit IInbox.DelayedMessage(0, acc, 2, address(governor), START + GOVERNOR_DELAY, BODY);
        vm.expectEmit(address(governor));
        emit IGovernor.Executed(id, 0, bob);
        vm.prank(bob);
        assertEq(governor.execute(BODY, SALT), 0);
        assertEq(inbox.delayedAccumulator(1), acc);
        assertTrue(governor.isExecuted(id));
        assertEq(governor.executableAt(id), 0);
    }

    function test_execute_oneSecondEarly_isRejected() public {
        _schedule(BODY, SALT);
        mine(GOVERNOR_DELAY - 1);
        vm.expectRevert(abi.encodeWithSelector(IGovernor.TooEarly.selector, id, START + GOVERNOR_DELAY));
        governor.execute(BODY, SALT);
    }

    function test_execute_twice_isRejected() public {
        _schedule(BODY, SALT);
        mine(GOVERNOR_DELAY);
        governor.execute(BODY, SALT);
        vm.expectRevert(abi.encodeWithSelector(IGovernor.AlreadyExecuted.selector, id));
        governor.execute(BODY, SALT);
        vm.prank(owner);
        vm.expectRevert(abi.encodeWithSelector(IGovernor.AlreadyExecuted.selector, id));
        governor.schedule(BODY, SALT);
    }

    function test_execute_otherBodyOrSalt_isRejected() public {
        _schedule(BODY, SALT);
        mine(GOVERNOR_DELAY);
        bytes32 other = governor.idOf(hex"60", SALT);
        vm.expectRevert(abi.encodeWithSelector(IGovernor.NotScheduled.selector, other));
        governor.execute(hex"60", SALT);
        other = governor.idOf(BODY, 0);
        vm.expectRevert(abi.encodeWithSelector(IGovernor.NotScheduled.selector, other));
        governor.execute(BODY, 0);
    }

    function test_execute_longAfter_isStillPossible_inAnyOrder() public {
        _schedule(BODY, SALT);
        _schedule(hex"61", SALT);
        mine(GOVERNOR_DELAY + 365 days);
        assertEq(governor.execute(hex"61", SALT), 0);
        assertEq(governor.execute(BODY, SALT), 1);
    }

    function test_schedule_sameBodyOtherSalt_isAnotherMessage() public {
        _schedule(BODY, SALT);
        _schedule(BODY, 0);
        mine(GOVERNOR_DELAY);
        governor.execute(BODY, SALT);
        governor.execute(BODY, 0);
        assertEq(inbox.delayedCount(), 2);
    }

    function test_schedule_waiting_isRejected() public {
        _schedule(BODY, SALT);
        mine(1);
        vm.prank(owner);
        vm.expectRevert(abi.encodeWithSelector(IGovernor.AlreadyScheduled.selector, id, START));
        governor.schedule(BODY, SALT);
    }

    function test_schedule_stranger_isRejected() public {
        address[3] memory strangers = [alice, guardian, poster];
        for (uint256 i = 0; i < strangers.length; ++i) {
            vm.prank(strangers[i]);
            vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, strangers[i]));
            governor.schedule(BODY, SALT);
        }
    }

    function test_schedule_lengthBorders() public {
        _schedule(new bytes(1), SALT);
        _schedule(new bytes(1024), SALT);
        vm.startPrank(owner);
        vm.expectRevert(abi.encodeWithSelector(IGovernor.BodyLengthOutOfRange.selector, 0, 1024));
        governor.schedule("", SALT);
        vm.expectRevert(abi.encodeWithSelector(IGovernor.BodyLengthOutOfRange.selector, 1025, 1024));
        governor.schedule(new bytes(1025), SALT);
    }

    // ---- cancelling

    function test_cancel_ownerOrGuardian_dropsTheMessage() public {
        address[2] memory able = [owner, guardian];
        for (uint256 i = 0; i < able.length; ++i) {
            _schedule(BODY, SALT);
            mine(GOVERNOR_DELAY);
            vm.expectEmit(address(governor));
            emit IGovernor.Cancelled(id, able[i]);
            vm.prank(able[i]);
            governor.cancel(id);
            vm.expectRevert(abi.encodeWithSelector(IGovernor.NotScheduled.selector, id));
            governor.execute(BODY, SALT);
        }
        assertEq(inbox.delayedCount(), 0);
    }

    function test_cancel_thenSchedule_waitsAgain() public {
        _schedule(BODY, SALT);
        mine(GOVERNOR_DELAY - 1);
        vm.prank(guardian);
        governor.cancel(id);
        _schedule(BODY, SALT);
        uint64 due = START + 2 * GOVERNOR_DELAY - 1;
        mine(1);
        vm.expectRevert(abi.encodeWithSelector(IGovernor.TooEarly.selector, id, due));
        governor.execute(BODY, SALT);
        vm.warp(due);
        governor.execute(BODY, SALT);
    }

    function test_cancel_stranger_isRejected() public {
        _schedule(BODY, SALT);
        vm.prank(alice);
        vm.expectRevert(abi.encodeWithSelector(IGovernor.NotOwnerOrGuardian.selector, alice));
        governor.cancel(id);
    }

    function test_cancel_notWaiting_isRejected() public {
        vm.startPrank(guardian);
        vm.expectRevert(abi.encodeWithSelector(IGovernor.NotScheduled.selector, id));
        governor.cancel(id);
        vm.stopPrank();
        _schedule(BODY, SALT);
        mine(GOVERNOR_DELAY);
        governor.execute(BODY, SALT);
        vm.prank(guardian);
        vm.expectRevert(abi.encodeWithSelector(IGovernor.AlreadyExecuted.selector, id));
        governor.cancel(id);
    }

    function test_owner_movesInTwoSteps() public {
        vm.prank(owner);
        governor.transferOwnership(alice);
        assertEq(governor.owner(), owner);
        vm.prank(alice);
        governor.acceptOwnership();
        vm.prank(alice);
        governor.schedule(BODY, SALT);
        vm.prank(owner);
        vm.expectRevert(abi.encodeWithSelector(IGovernor.NotOwnerOrGuardian.selector, owner));
        governor.cancel(id);
    }

    // ---- deployment

    function test_constructor_initialMessages_areSentAtOnce() public {
        bytes[] memory initial = new bytes[](2);
        (initial[0], initial[1]) = (bytes(hex"60aa"), bytes(hex"60aa"));
        address expected = vm.computeCreateAddress(address(this), vm.getNonce(address(this)) + 1);
        InboxOf target = new InboxOf(expected);
        Governor created =
            Governor(Shipped.deploy("Governor", abi.encode(address(target), owner, guardian, 1, initial)));
        for (uint256 i = 0; i < 2; ++i) {
            assertEq(target.bodies(i), initial[i]);
            assertTrue(created.isExecuted(created.idOf(initial[i], bytes32(i))));
        }
        vm.prank(owner);
        vm.expectPartialRevert(IGovernor.AlreadyExecuted.selector);
        created.schedule(initial[0], 0);
    }

    function test_constructor_badParameters_areRejected() public {
        address next = vm.computeCreateAddress(address(this), vm.getNonce(address(this)) + 1);
        InboxOf target = new InboxOf(next);
        bytes32 period = "governorDelaySeconds";
        bytes[] memory none = new bytes[](0);
        vm.expectRevert(abi.encodeWithSelector(IGovernor.InvalidParameter.selector, period, 0));
        Shipped.deploy("Governor", abi.encode(address(target), owner, guardian, 0, none));
        vm.expectRevert(abi.encodeWithSelector(IGovernor.InvalidParameter.selector, bytes32("inbox"), alice));
        Shipped.deploy("Governor", abi.encode(alice, owner, guardian, 1, none));
        vm.expectRevert(abi.encodeWithSelector(IGovernor.InvalidParameter.selector, bytes32("inbox"), address(inbox)));
        Shipped.deploy("Governor", abi.encode(address(inbox), owner, guardian, 1, none));
        next = vm.computeCreateAddress(address(this), vm.getNonce(address(this)) + 1);
        target = new InboxOf(next);
        uint64 long = (1 << 31) + 1;
        vm.expectRevert(abi.encodeWithSelector(IGovernor.InvalidParameter.selector, period, long));
        Shipped.deploy("Governor", abi.encode(address(target), owner, guardian, long, none));
    }

    // ---- any history

    /// @dev Random calls by random parties beside a model: a message gets into the inbox once, only after somebody
    /// scheduled it as the owner, the whole delay passed, and nobody cancelled it.
    function testFuzz_anyCalls_onlyDueMessagesGetThrough(uint256 seed) public {
        uint256[4] memory since; // 0 unknown, max executed
        uint256 sent = 0;
        address[3] memory callers = [owner, guardian, alice];
        for (uint256 i = 0; i < 40; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            uint256 n = seed % 4;
            address caller = callers[(seed >> 8) % 3];
            uint256 move = (seed >> 16) % 4;
            if (move == 0) mine((seed >> 32) % GOVERNOR_DELAY);
            uint256 time = vm.getBlockTimestamp();
            bool waits = since[n] != 0 && since[n] != type(uint256).max;
            bytes memory body = abi.encodePacked(uint8(n));
            vm.startPrank(caller);
            if (move == 1) {
                bool may = caller == owner && since[n] == 0;
                if (_call(abi.encodeCall(governor.schedule, (body, SALT)), may)) since[n] = time;
            } else if (move == 2) {
                bool may = waits && time >= since[n] + GOVERNOR_DELAY;
                if (_call(abi.encodeCall(governor.execute, (body, SALT)), may)) {
                    (since[n], sent) = (type(uint256).max, sent + 1);
                }
            } else if (move == 3) {
                bool may = waits && caller != alice;
                if (_call(abi.encodeCall(governor.cancel, (governor.idOf(body, SALT))), may)) since[n] = 0;
            }
            vm.stopPrank();
            assertEq(inbox.delayedCount(), sent);
        }
    }

    function _call(bytes memory input, bool may) private returns (bool ok) {
        (ok,) = address(governor).call(input);
        assertEq(ok, may);
    }

    function _schedule(bytes memory body, bytes32 salt) private returns (bytes32) {
        vm.prank(owner);
        return governor.schedule(body, salt);
    }
}
