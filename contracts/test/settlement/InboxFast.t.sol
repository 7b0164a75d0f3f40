// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IInbox} from "../../src/interfaces/IInbox.sol";
import {Settlement} from "../Settlement.sol";

/// @notice The fast queue of the inbox, and the two queues beside each other (docs/spec.md I-6, I-7, I-11).
contract InboxFastTest is Settlement {
    bytes internal constant REPORT = hex"300102";

    function setUp() public {
        deploySettlement();
    }

    // ---- what enters

    function test_sendFast_anyone_commitsSenderTimeAndBody() public {
        bytes32 acc = _nextFast(0, alice, START, REPORT);
        vm.expectEmit(address(inbox));
        emit IInbox.FastMessage(0, acc, alice, START, REPORT);
        assertEq(_send(alice, REPORT), 0);
        assertEq(inbox.fastAccumulator(1), acc);
        assertEq(inbox.fastAccumulator(0), bytes32(0));
        assertEq(inbox.fastCount(), 1);
        assertEq(inbox.fastConsumed(), 0);
        assertEq(inbox.fastTimestamp(0), START);
        assertEq(inbox.delayedCount(), 0);
    }

    function testFuzz_sendFast_firstByte_decidesAlone(uint8 kind, bytes calldata rest) public {
        vm.assume(rest.length < 1024);
        bool known = (kind >= 0x30 && kind <= 0x32) || kind == 0x40 || kind == 0x42;
        if (!known) vm.expectRevert(abi.encodeWithSelector(IInbox.NotFast.selector, kind));
        inbox.sendFast(abi.encodePacked(kind, rest));
        assertEq(inbox.fastCount(), known ? 1 : 0);
    }

    function test_sendFast_everyKind_onlyFiveEnter() public {
        for (uint256 kind = 0; kind < 256; ++kind) {
            (bool ok,) = address(inbox).call(abi.encodeCall(inbox.sendFast, (abi.encodePacked(uint8(kind)))));
            assertEq(ok, (kind >= 0x30 && kind <= 0x32) || kind == 0x40 || kind == 0x42);
        }
        assertEq(inbox.fastCount(), 5);
    }

    function test_sendFast_lengthBorders() public {
        bytes memory body = new bytes(1024);
        body[0] = 0x42;
        inbox.sendFast(hex"42");
        inbox.sendFast(body);
        vm.expectRevert(abi.encodeWithSelector(IInbox.BodyLengthOutOfRange.selector, 0, 1024));
        inbox.sendFast("");
        vm.expectRevert(abi.encodeWithSelector(IInbox.BodyLengthOutOfRange.selector, 1025, 1024));
        inbox.sendFast(abi.encodePacked(body, uint8(0)));
    }

    /// @dev A message that is sent again is another message, with its own number and accumulator; whether it does
    /// anything twice is decided on L2.
    function test_sendFast_sameBodyTwice_isTwoMessages() public {
        _send(alice, REPORT);
        _send(alice, REPORT);
        assertEq(inbox.fastCount(), 2);
        assertEq(inbox.fastAccumulator(2), _nextFast(inbox.fastAccumulator(1), alice, START, REPORT));
    }

    function test_sendFast_fullQueue_isRejected() public {
        vm.store(address(inbox), bytes32(uint256(8)), bytes32((uint256(1) << 40) - 2));
        assertEq(inbox.fastCount(), (uint256(1) << 40) - 2);
        _send(alice, REPORT);
        vm.expectRevert(abi.encodeWithSelector(IInbox.FastQueueFull.selector, (uint256(1) << 40) - 1));
        inbox.sendFast(REPORT);
    }

    function test_views_outOfRange_areRejected() public {
        vm.expectRevert(abi.encodeWithSelector(IInbox.IndexOutOfRange.selector, 1, 0));
        inbox.fastAccumulator(1);
        vm.expectRevert(abi.encodeWithSelector(IInbox.IndexOutOfRange.selector, 0, 0));
        inbox.fastTimestamp(0);
    }

    // ---- batches

    function test_appendBatch_consumesBothQueues() public {
        _send(alice, REPORT);
        _forced();
        bytes32 fastAcc = inbox.fastAccumulator(1);
        bytes32 delayedAcc = inbox.delayedAccumulator(1);
        bytes32 root = keccak256(abi.encodePacked(bytes1(0x03), hex"01"));
        bytes32 acc = _nextItem(0, 1, delayedAcc, 1, fastAcc, keccak256(_dataHead(0, 1, root)));
        vm.expectEmit(address(inbox));
        emit IInbox.BatchPosted(
            0, acc, 0, 1, root, 1, delayedAcc, 1, fastAcc, START - MAX_PAST, START + MAX_FUTURE, poster
        );
        post(hex"01");
        assertEq(inbox.accumulator(1), acc);
        assertEq(inbox.fastConsumed(), 1);
        assertEq(inbox.consumed(), 1);
    }

    function test_appendBatch_partOfFast_consumesThatPart() public {
        _send(alice, REPORT);
        _send(alice, REPORT);
        _append(0, 1, inbox.fastAccumulator(1));
        assertEq(inbox.fastConsumed(), 1);
        _append(inbox.accumulator(1), 2, inbox.fastAccumulator(2));
        assertEq(inbox.fastConsumed(), 2);
    }

    function test_appendBatch_fastCountAboveReceived_isRejected() public {
        _send(alice, REPORT);
        vm.expectRevert(abi.encodeWithSelector(IInbox.FastCountAboveReceived.selector, 2, 1));
        _append(0, 2, 0);
    }

    function test_appendBatch_fastCountBelowConsumed_isRejected() public {
        _send(alice, REPORT);
        post(hex"01");
        bytes32 acc = inbox.accumulator(1);
        vm.expectRevert(abi.encodeWithSelector(IInbox.FastCountBelowConsumed.selector, 0, 1));
        _append(acc, 0, 0);
    }

    /// @dev A reorganisation of L1 that puts two messages of the queue into another order.
    function test_appendBatch_reorderedFastQueue_isRejected() public {
        bytes32 seen = _nextFast(_nextFast(0, alice, START, REPORT), bob, START, hex"4201");
        _send(bob, hex"4201");
        _send(alice, REPORT);
        bytes32 actual = inbox.fastAccumulator(2);
        vm.expectRevert(abi.encodeWithSelector(IInbox.FastAccumulatorMismatch.selector, seen, actual));
        _append(0, 2, seen);
        _append(0, 2, actual);
    }

    function test_appendBlobBatch_staleFastQueue_isRejected() public {
        bytes32[] memory hashes = new bytes32[](1);
        hashes[0] = bytes32(uint256(1) << 248 | 5);
        vm.blobhashes(hashes);
        _send(alice, REPORT);
        bytes32 fastAcc = inbox.fastAccumulator(1);
        vm.prank(poster, poster);
        vm.expectRevert(abi.encodeWithSelector(IInbox.FastAccumulatorMismatch.selector, bytes32(0), fastAcc));
        inbox.appendBlobBatch(0, 1, 0, 0, 1, 0);
        vm.prank(poster, poster);
        inbox.appendBlobBatch(0, 1, 0, 0, 1, fastAcc);
        assertEq(inbox.fastConsumed(), 1);
    }

    // ---- force inclusion

    function test_forceIncludeFast_oneSecondEarly_isRejected() public {
        _send(alice, REPORT);
        assertEq(inbox.fastForceableAt(), START + FORCE_FAST_AFTER);
        mine(FORCE_FAST_AFTER - 1);
        vm.expectRevert(abi.encodeWithSelector(IInbox.NothingToForce.selector, START + FORCE_FAST_AFTER));
        inbox.forceIncludeFast();
    }

    function test_forceIncludeFast_onTime_leavesYoungDelayedMessages() public {
        _forced();
        _send(alice, REPORT);
        mine(FORCE_FAST_AFTER);
        _send(alice, REPORT);
        bytes32 acc = _nextItem(0, 0, 0, 1, inbox.fastAccumulator(1), keccak256(_dataHead(2, 0, 0)));
        vm.expectEmit(address(inbox));
        emit IInbox.ForceIncluded(0, 0, 1, bob);
        vm.prank(bob);
        inbox.forceIncludeFast();
        assertEq(inbox.accumulator(1), acc);
        assertEq(inbox.fastConsumed(), 1);
        assertEq(inbox.consumed(), 0);
        vm.expectRevert(abi.encodeWithSelector(IInbox.NothingToForce.selector, START + 2 * FORCE_FAST_AFTER));
        inbox.forceIncludeFast();
    }

    function test_forceIncludeFast_nothingWaiting_isRejected() public {
        _forced();
        mine(FORCE_AFTER);
        vm.expectRevert(abi.encodeWithSelector(IInbox.NothingToForce.selector, 0));
        inbox.forceIncludeFast();
    }

    function test_forceInclude_bothQueuesLate_consumesBoth() public {
        _send(alice, REPORT);
        _forced();
        mine(FORCE_AFTER);
        _send(alice, REPORT);
        vm.expectEmit(address(inbox));
        emit IInbox.ForceIncluded(0, 1, 1, address(this));
        inbox.forceInclude();
        assertEq(inbox.consumed(), 1);
        assertEq(inbox.fastConsumed(), 1);
    }

    /// @dev What a flood pays for each of its messages, in one transaction that has touched everything else before.
    function test_sendFast_manyInOneTransaction_payForEach() public {
        inbox.sendFast(hex"42");
        for (uint256 i = 0; i < 20; ++i) {
            uint256 before = gasleft();
            inbox.sendFast(hex"42");
            assertGe(before - gasleft(), 25_000);
        }
    }

    /// @dev Messages that are sent all the time, as dear as they are, keep no delayed message from being forced, and
    /// make forcing it no dearer than the search over them: they are only counted here.
    function test_forceInclude_underAFloodOfFastMessages_costsALogarithm() public {
        _forced();
        mine(FORCE_AFTER);
        for (uint256 i = 0; i < 1024; ++i) {
            _send(alice, REPORT);
        }
        mine(FORCE_FAST_AFTER);
        uint256 before = gasleft();
        inbox.forceInclude();
        assertLe(before - gasleft(), 200_000);
        assertEq(inbox.consumed(), 1);
        assertEq(inbox.fastConsumed(), 1024);
    }

    function testFuzz_forceIncludeFast_equalsLinearSearch(uint256 seed, uint256 wait) public {
        uint256 messages = bound(seed, 1, 30);
        for (uint256 i = 0; i < messages; ++i) {
            _send(alice, REPORT);
            mine(uint256(keccak256(abi.encode(seed, i))) % 4);
        }
        mine(bound(wait, 0, 90));
        uint256 old = 0;
        while (old < messages && inbox.fastTimestamp(old) + FORCE_FAST_AFTER <= vm.getBlockTimestamp()) ++old;
        if (old == 0) vm.expectPartialRevert(IInbox.NothingToForce.selector);
        inbox.forceIncludeFast();
        assertEq(inbox.fastConsumed(), old);
    }

    // ---- helpers, written apart from the libraries

    function _send(address from, bytes memory body) private returns (uint64) {
        vm.prank(from);
        return inbox.sendFast(body);
    }

    function _forced() private {
        vm.prank(bob);
        inbox.sendForced(hex"10");
    }

    function _append(bytes32 expected, uint64 fast, bytes32 fastAcc) private {
        vm.prank(poster, poster);
        inbox.appendBatch(expected, hex"01", 0, 0, fast, fastAcc);
    }

    function _nextFast(bytes32 acc, address from, uint256 time, bytes memory body) private pure returns (bytes32) {
        bytes32 message = keccak256(abi.encodePacked(bytes1(0x09), uint8(3), from, uint40(time), body));
        return keccak256(abi.encodePacked(bytes1(0x14), acc, message));
    }

    function _dataHead(uint8 kind, uint32 length, bytes32 root) private pure returns (bytes memory) {
        return abi.encodePacked(bytes1(0x05), kind, length, root);
    }

    function _nextItem(bytes32 acc, uint40 delayed, bytes32 delayedAcc, uint40 fast, bytes32 fastAcc, bytes32 dataHash)
        private
        view
        returns (bytes32)
    {
        uint40 time = uint40(vm.getBlockTimestamp());
        bytes memory head = abi.encodePacked(bytes1(0x06), acc, delayed, delayedAcc, fast, fastAcc);
        return keccak256(abi.encodePacked(head, time - uint40(MAX_PAST), time + uint40(MAX_FUTURE), dataHash));
    }
}
