// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";

import {Inbox} from "../../src/Inbox.sol";
import {IInbox} from "../../src/interfaces/IInbox.sol";
import {Settlement} from "../Settlement.sol";
import {Shipped} from "../Shipped.sol";

contract InboxTest is Settlement {
    function setUp() public {
        deploySettlement();
    }

    // ---- batches as calldata

    function test_appendBatch_firstBatch_commitsEveryField() public {
        bytes memory data = _bytes(3000);
        bytes32 expected = _nextAcc(0, 0, 0, _dataHash(0, 3000, _chunkRoot(data)));
        vm.expectEmit(address(inbox));
        emit IInbox.BatchPosted(
            0, expected, 0, 3000, _chunkRoot(data), 0, 0, 0, 0, START - MAX_PAST, START + MAX_FUTURE, poster
        );
        post(data);
        assertEq(inbox.accumulator(1), expected);
        assertEq(inbox.accumulator(0), bytes32(0));
        assertEq(inbox.count(), 1);
    }

    function testFuzz_appendBatch_anyLength_commitsChunkRoot(uint256 length) public {
        length = bound(length, 0, 9000);
        bytes memory data = _bytes(length);
        post(data);
        assertEq(inbox.accumulator(1), _nextAcc(0, 0, 0, _dataHash(0, uint32(length), _chunkRoot(data))));
    }

    function test_appendBatch_chunkBorders_commitChunkRoot() public {
        uint256[8] memory lengths = [uint256(0), 1, 1023, 1024, 1025, 2048, 2049, 5000];
        bytes32 acc = 0;
        for (uint256 i = 0; i < lengths.length; ++i) {
            bytes memory data = _bytes(lengths[i]);
            post(data);
            acc = _nextAcc(acc, 0, 0, _dataHash(0, uint32(lengths[i]), _chunkRoot(data)));
            assertEq(inbox.accumulator(i + 1), acc);
        }
    }

    function test_appendBatch_maxLength_isAccepted_oneMoreIsNot() public {
        post(_bytes(122_880));
        bytes memory data = _bytes(122_881);
        bytes32 expected = inbox.accumulator(1);
        vm.prank(poster, poster);
        vm.expectRevert(abi.encodeWithSelector(IInbox.BatchTooLong.selector, 122_881, 122_880));
        inbox.appendBatch(expected, data, 0, 0, 0, 0);
    }

    function test_appendBatch_staleAccumulator_isRejected() public {
        post(hex"01");
        bytes32 actual = inbox.accumulator(1);
        vm.prank(poster, poster);
        vm.expectRevert(abi.encodeWithSelector(IInbox.AccumulatorMismatch.selector, bytes32(0), actual));
        inbox.appendBatch(0, hex"02", 0, 0, 0, 0);
        assertEq(inbox.count(), 1);
    }

    function test_appendBatch_afterForcedItemSlippedIn_isRejected() public {
        bytes32 seen = inbox.accumulator(0);
        _sendForced(hex"10");
        mine(FORCE_AFTER);
        inbox.forceInclude();
        bytes32 actual = inbox.accumulator(1);
        vm.prank(poster, poster);
        vm.expectRevert(abi.encodeWithSelector(IInbox.AccumulatorMismatch.selector, seen, actual));
        inbox.appendBatch(seen, hex"02", 0, 0, 0, 0);
    }

    function test_appendBatch_stranger_isRejected() public {
        vm.prank(alice, alice);
        vm.expectRevert(abi.encodeWithSelector(IInbox.NotBatchPoster.selector, alice));
        inbox.appendBatch(0, hex"01", 0, 0, 0, 0);
    }

    function test_appendBatch_throughContract_isRejected() public {
        vm.prank(poster, alice);
        vm.expectRevert(abi.encodeWithSelector(IInbox.NotTopLevel.selector, poster, alice));
        inbox.appendBatch(0, hex"01", 0, 0, 0, 0);
    }

    function test_appendBatch_delegatedAccount_isRejected() public {
        vm.etch(poster, abi.encodePacked(hex"ef0100", address(this)));
        vm.prank(poster, poster);
        vm.expectRevert(abi.encodeWithSelector(IInbox.NotTopLevel.selector, poster, poster));
        inbox.appendBatch(0, hex"01", 0, 0, 0, 0);
    }

    function test_appendBatch_wrongDelayedAccumulator_isRejected() public {
        _sendForced(hex"10");
        bytes32 actual = inbox.delayedAccumulator(1);
        vm.prank(poster, poster);
        vm.expectRevert(
            abi.encodeWithSelector(IInbox.DelayedAccumulatorMismatch.selector, keccak256("reorged"), actual)
        );
        inbox.appendBatch(0, hex"01", 1, keccak256("reorged"), 0, 0);
    }

    function test_appendBatch_delayedCountAboveReceived_isRejected() public {
        _sendForced(hex"10");
        vm.prank(poster, poster);
        vm.expectRevert(abi.encodeWithSelector(IInbox.DelayedCountAboveReceived.selector, 2, 1));
        inbox.appendBatch(0, hex"01", 2, 0, 0, 0);
    }

    function test_appendBatch_delayedCountBelowConsumed_isRejected() public {
        _sendForced(hex"10");
        post(hex"01");
        bytes32 acc = inbox.accumulator(1);
        vm.prank(poster, poster);
        vm.expectRevert(abi.encodeWithSelector(IInbox.DelayedCountBelowConsumed.selector, 0, 1));
        inbox.appendBatch(acc, hex"01", 0, 0, 0, 0);
    }

    function test_appendBatch_partOfDelayed_consumesThatPart() public {
        _sendForced(hex"10");
        _sendForced(hex"11");
        bytes32 delayedAcc = inbox.delayedAccumulator(1);
        vm.prank(poster, poster);
        inbox.appendBatch(0, hex"01", 1, delayedAcc, 0, 0);
        assertEq(inbox.consumed(), 1);
        assertEq(inbox.accumulator(1), _nextAcc(0, 1, delayedAcc, _dataHash(0, 1, _chunkRoot(hex"01"))));
    }

    function test_appendBatch_earlyL1Time_minTimeIsZero() public {
        vm.warp(MAX_PAST - 1);
        vm.expectEmit(false, false, false, true);
        bytes32 root = _chunkRoot(hex"01");
        bytes32 acc = keccak256(
            abi.encodePacked(
                bytes1(0x06),
                bytes32(0),
                uint40(0),
                bytes32(0),
                uint40(0),
                bytes32(0),
                uint40(0),
                uint40(MAX_PAST - 1 + MAX_FUTURE),
                _dataHash(0, 1, root)
            )
        );
        emit IInbox.BatchPosted(0, acc, 0, 1, root, 0, 0, 0, 0, 0, MAX_PAST - 1 + MAX_FUTURE, poster);
        post(hex"01");
    }

    // ---- batches as blobs

    function test_appendBlobBatch_twoBlobs_commitsHashesAndLength() public {
        bytes32[] memory hashes = _blobs(2);
        bytes32 root = keccak256(abi.encodePacked(bytes1(0x07), uint8(2), hashes[0], hashes[1]));
        bytes32 acc = _nextAcc(0, 0, 0, _dataHash(1, 126_977, root));
        vm.expectEmit(address(inbox));
        emit IInbox.BatchPosted(0, acc, 1, 126_977, root, 0, 0, 0, 0, START - MAX_PAST, START + MAX_FUTURE, poster);
        _postBlobs(126_977);
        assertEq(inbox.accumulator(1), acc);
    }

    function test_appendBlobBatch_lengthBorders() public {
        _blobs(6);
        _postBlobs(126_976 * 6);
        _blobs(1);
        _postBlobs(1);
        _expectBlobLength(0, 1);
        _expectBlobLength(126_977, 1);
        _blobs(3);
        _expectBlobLength(126_976 * 2, 3);
        _expectBlobLength(126_976 * 3 + 1, 3);
        assertEq(inbox.count(), 2);
    }

    function test_appendBlobBatch_withoutBlobs_isRejected() public {
        vm.prank(poster, poster);
        vm.expectRevert(IInbox.NoBlobs.selector);
        inbox.appendBlobBatch(0, 1, 0, 0, 0, 0);
    }

    function test_appendBlobBatch_sevenBlobs_isRejected() public {
        _blobs(7);
        vm.prank(poster, poster);
        vm.expectRevert(abi.encodeWithSelector(IInbox.TooManyBlobs.selector, 6));
        inbox.appendBlobBatch(0, 126_976 * 6, 0, 0, 0, 0);
    }

    function test_appendBlobBatch_strangerOrStale_isRejected() public {
        _blobs(1);
        vm.prank(alice, alice);
        vm.expectRevert(abi.encodeWithSelector(IInbox.NotBatchPoster.selector, alice));
        inbox.appendBlobBatch(0, 1, 0, 0, 0, 0);
        vm.prank(poster, alice);
        vm.expectRevert(abi.encodeWithSelector(IInbox.NotTopLevel.selector, poster, alice));
        inbox.appendBlobBatch(0, 1, 0, 0, 0, 0);
        vm.prank(poster, poster);
        vm.expectRevert(abi.encodeWithSelector(IInbox.AccumulatorMismatch.selector, bytes32(uint256(1)), bytes32(0)));
        inbox.appendBlobBatch(bytes32(uint256(1)), 1, 0, 0, 0, 0);
    }

    // ---- delayed messages

    function test_sendForced_commitsSenderTimeAndBody() public {
        bytes memory body = hex"100102030405";
        bytes32 message = keccak256(abi.encodePacked(bytes1(0x09), uint8(1), alice, uint40(START), body));
        bytes32 acc = keccak256(abi.encodePacked(bytes1(0x08), bytes32(0), message));
        vm.expectEmit(address(inbox));
        emit IInbox.DelayedMessage(0, acc, 1, alice, START, body);
        vm.prank(alice);
        assertEq(inbox.sendForced(body), 0);
        assertEq(inbox.delayedAccumulator(1), acc);
        assertEq(inbox.delayedCount(), 1);
        assertEq(inbox.consumed(), 0);
    }

    function test_sendForced_lengthBorders() public {
        inbox.sendForced(_bytes(1));
        inbox.sendForced(_bytes(256));
        vm.expectRevert(abi.encodeWithSelector(IInbox.BodyLengthOutOfRange.selector, 0, 256));
        inbox.sendForced("");
        vm.expectRevert(abi.encodeWithSelector(IInbox.BodyLengthOutOfRange.selector, 257, 256));
        inbox.sendForced(_bytes(257));
    }

    function test_sendForced_thirteenMessages_keepTheirTimes() public {
        for (uint256 i = 0; i < 13; ++i) {
            _sendForced(hex"10");
            mine(i + 1);
        }
        uint256 time = START;
        for (uint256 i = 0; i < 13; ++i) {
            assertEq(inbox.delayedTimestamp(i), time);
            time += i + 1;
        }
    }

    function test_sendForced_fullInbox_isRejected() public {
        vm.store(address(inbox), bytes32(uint256(5)), bytes32((uint256(1) << 31) - 1));
        assertEq(inbox.delayedCount(), (uint256(1) << 31) - 1);
        _sendForced(hex"10");
        vm.expectRevert(abi.encodeWithSelector(IInbox.DelayedInboxFull.selector, uint256(1) << 31));
        inbox.sendForced(hex"10");
    }

    function test_sendDeposit_notBridge_isRejected() public {
        vm.prank(alice);
        vm.expectRevert(abi.encodeWithSelector(IInbox.NotBridge.selector, alice));
        inbox.sendDeposit(alice, 1, alice, 0, 1);
    }

    function test_sendDeposit_commitsBody() public {
        bytes memory body = abi.encodePacked(uint32(7), bob, uint8(2), uint96(5));
        assertEq(body.length, 37);
        bytes32 message = keccak256(abi.encodePacked(bytes1(0x09), uint8(0), alice, uint40(START), body));
        vm.prank(address(bridge));
        inbox.sendDeposit(alice, 7, bob, 2, 5);
        assertEq(inbox.delayedAccumulator(1), keccak256(abi.encodePacked(bytes1(0x08), bytes32(0), message)));
    }

    function test_sendAdmin_stranger_isRejected() public {
        address[4] memory strangers = [alice, owner, guardian, address(bridge)];
        for (uint256 i = 0; i < strangers.length; ++i) {
            vm.prank(strangers[i]);
            vm.expectRevert(abi.encodeWithSelector(IInbox.NotGovernor.selector, strangers[i]));
            inbox.sendAdmin(hex"60");
        }
    }

    function test_sendAdmin_commitsGovernorTimeAndBody() public {
        bytes memory body = hex"6001";
        address from = address(governor);
        bytes32 message = keccak256(abi.encodePacked(bytes1(0x09), uint8(2), from, uint40(START), body));
        bytes32 acc = keccak256(abi.encodePacked(bytes1(0x08), bytes32(0), message));
        vm.expectEmit(address(inbox));
        emit IInbox.DelayedMessage(0, acc, 2, from, START, body);
        vm.prank(from);
        assertEq(inbox.sendAdmin(body), 0);
        assertEq(inbox.delayedAccumulator(1), acc);
    }

    function test_sendAdmin_lengthBorders() public {
        vm.startPrank(address(governor));
        inbox.sendAdmin(_bytes(1));
        inbox.sendAdmin(_bytes(1024));
        vm.expectRevert(abi.encodeWithSelector(IInbox.BodyLengthOutOfRange.selector, 0, 1024));
        inbox.sendAdmin("");
        vm.expectRevert(abi.encodeWithSelector(IInbox.BodyLengthOutOfRange.selector, 1025, 1024));
        inbox.sendAdmin(_bytes(1025));
    }

    // ---- force inclusion

    function test_forceInclude_nothingWaiting_isRejected() public {
        vm.expectRevert(abi.encodeWithSelector(IInbox.NothingToForce.selector, 0));
        inbox.forceInclude();
        _sendForced(hex"10");
        post(hex"01");
        mine(FORCE_AFTER);
        vm.expectRevert(abi.encodeWithSelector(IInbox.NothingToForce.selector, 0));
        inbox.forceInclude();
    }

    function test_forceInclude_oneSecondEarly_isRejected() public {
        _sendForced(hex"10");
        assertEq(inbox.forceableAt(), START + FORCE_AFTER);
        mine(FORCE_AFTER - 1);
        vm.expectRevert(abi.encodeWithSelector(IInbox.NothingToForce.selector, START + FORCE_AFTER));
        inbox.forceInclude();
    }

    function test_forceInclude_onTime_consumesOldMessagesOnly() public {
        for (uint256 i = 0; i < 10; ++i) {
            _sendForced(hex"10");
            mine(10);
        }
        vm.warp(START + FORCE_AFTER + 65); // messages 0 to 6 are old enough
        bytes32 delayedAcc = inbox.delayedAccumulator(7);
        bytes32 acc = _nextAcc(0, 7, delayedAcc, _dataHash(2, 0, 0));
        vm.expectEmit(address(inbox));
        emit IInbox.BatchPosted(
            0,
            acc,
            2,
            0,
            0,
            7,
            delayedAcc,
            0,
            0,
            uint64(vm.getBlockTimestamp()) - MAX_PAST,
            uint64(vm.getBlockTimestamp()) + MAX_FUTURE,
            bob
        );
        vm.expectEmit(address(inbox));
        emit IInbox.ForceIncluded(0, 7, 0, bob);
        vm.prank(bob);
        inbox.forceInclude();
        assertEq(inbox.consumed(), 7);
        assertEq(inbox.accumulator(1), acc);
        vm.expectRevert(abi.encodeWithSelector(IInbox.NothingToForce.selector, START + 70 + FORCE_AFTER));
        inbox.forceInclude();
    }

    function testFuzz_forceInclude_equalsLinearSearch(uint256 seed, uint256 wait) public {
        uint256 messages = bound(seed, 1, 30);
        for (uint256 i = 0; i < messages; ++i) {
            _sendForced(hex"10");
            mine(uint256(keccak256(abi.encode(seed, i))) % 4);
        }
        mine(FORCE_AFTER - 60 + bound(wait, 0, 120));
        uint256 old = 0;
        while (old < messages && inbox.delayedTimestamp(old) + FORCE_AFTER <= vm.getBlockTimestamp()) ++old;
        if (old == 0) vm.expectPartialRevert(IInbox.NothingToForce.selector);
        inbox.forceInclude();
        assertEq(inbox.consumed(), old);
    }

    // ---- who and what

    function test_setBatchPoster_ownerOnly_andRevocable() public {
        vm.prank(alice);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, alice));
        inbox.setBatchPoster(alice, true);
        vm.expectEmit(address(inbox));
        emit IInbox.BatchPosterSet(alice, true);
        vm.prank(owner);
        inbox.setBatchPoster(alice, true);
        vm.prank(alice, alice);
        inbox.appendBatch(0, hex"01", 0, 0, 0, 0);
        vm.prank(owner);
        inbox.setBatchPoster(alice, false);
        bytes32 acc = inbox.accumulator(1);
        vm.prank(alice, alice);
        vm.expectRevert(abi.encodeWithSelector(IInbox.NotBatchPoster.selector, alice));
        inbox.appendBatch(acc, hex"01", 0, 0, 0, 0);
    }

    function test_views_outOfRange_areRejected() public {
        vm.expectRevert(abi.encodeWithSelector(IInbox.IndexOutOfRange.selector, 1, 0));
        inbox.accumulator(1);
        vm.expectRevert(abi.encodeWithSelector(IInbox.IndexOutOfRange.selector, 1, 0));
        inbox.delayedAccumulator(1);
        vm.expectRevert(abi.encodeWithSelector(IInbox.IndexOutOfRange.selector, 0, 0));
        inbox.delayedTimestamp(0);
    }

    function test_constructor_badParameters_areRejected() public {
        _expectInvalid("bridge", 0);
        _create(address(0), address(2), 1, 1, 0, 0);
        _expectInvalid("governor", 0);
        _create(address(1), address(0), 1, 1, 0, 0);
        _expectInvalid("forceAfterSeconds", 0);
        _create(address(1), address(2), 0, 0, 0, 0);
        uint64 long = (1 << 31) + 1;
        _expectInvalid("forceAfterSeconds", long);
        _create(address(1), address(2), long, 1, 0, 0);
        _expectInvalid("forceFastAfterSeconds", 0);
        _create(address(1), address(2), 1, 0, 0, 0);
        _expectInvalid("forceFastAfterSeconds", 2);
        _create(address(1), address(2), 1, 2, 0, 0);
        _expectInvalid("maxPastSeconds", long);
        _create(address(1), address(2), 1, 1, long, 0);
        _expectInvalid("maxFutureSeconds", long);
        _create(address(1), address(2), 1, 1, 0, long);
    }

    function _create(address bridge_, address governor_, uint64 force, uint64 forceFast, uint64 past, uint64 future)
        private
    {
        Shipped.deploy("Inbox", abi.encode(bridge_, governor_, owner, new address[](0), force, forceFast, past, future));
    }

    // ---- the model: docs/spec.md I, written apart from the libraries

    function _expectInvalid(bytes32 name, uint256 value) private {
        vm.expectRevert(abi.encodeWithSelector(IInbox.InvalidParameter.selector, name, value));
    }

    function _expectBlobLength(uint32 byteLength, uint256 blobs) private {
        bytes32 acc = inbox.accumulator(inbox.count());
        vm.prank(poster, poster);
        vm.expectRevert(abi.encodeWithSelector(IInbox.BlobLengthOutOfRange.selector, byteLength, blobs));
        inbox.appendBlobBatch(acc, byteLength, 0, 0, 0, 0);
    }

    function _postBlobs(uint32 byteLength) private {
        bytes32 acc = inbox.accumulator(inbox.count());
        vm.prank(poster, poster);
        inbox.appendBlobBatch(acc, byteLength, 0, 0, 0, 0);
    }

    function _blobs(uint256 blobs) private returns (bytes32[] memory hashes) {
        hashes = new bytes32[](blobs);
        for (uint256 i = 0; i < blobs; ++i) {
            hashes[i] = bytes32(uint256(keccak256(abi.encode(i))) >> 8 | uint256(1) << 248);
        }
        vm.blobhashes(hashes);
    }

    function _sendForced(bytes memory body) private {
        vm.prank(alice);
        inbox.sendForced(body);
    }

    function _bytes(uint256 length) private pure returns (bytes memory data) {
        data = new bytes(length);
        for (uint256 i = 0; i < length; i += 61) {
            data[i] = bytes1(uint8(i / 61 + 1));
        }
    }

    function _nextAcc(bytes32 acc, uint40 delayed, bytes32 delayedAcc, bytes32 dataHash)
        private
        view
        returns (bytes32)
    {
        return _nextAcc(acc, delayed, delayedAcc, 0, 0, dataHash);
    }

    function _nextAcc(bytes32 acc, uint40 delayed, bytes32 delayedAcc, uint40 fast, bytes32 fastAcc, bytes32 dataHash)
        private
        view
        returns (bytes32)
    {
        uint40 time = uint40(vm.getBlockTimestamp());
        bytes memory queues = abi.encodePacked(delayed, delayedAcc, fast, fastAcc);
        bytes memory bounds = abi.encodePacked(time - uint40(MAX_PAST), time + uint40(MAX_FUTURE));
        return keccak256(abi.encodePacked(bytes1(0x06), acc, queues, bounds, dataHash));
    }

    function _dataHash(uint8 kind, uint32 length, bytes32 root) private pure returns (bytes32) {
        return keccak256(abi.encodePacked(bytes1(0x05), kind, length, root));
    }

    function _chunkRoot(bytes memory data) private pure returns (bytes32) {
        uint256 chunks = (data.length + 1023) / 1024;
        uint256 width = 1;
        while (width < chunks) width *= 2;
        return chunks == 0 ? bytes32(0) : _chunkNode(data, 0, width);
    }

    function _chunkNode(bytes memory data, uint256 first, uint256 width) private pure returns (bytes32) {
        if (width > 1) {
            bytes32 left = _chunkNode(data, first, width / 2);
            bytes32 right = _chunkNode(data, first + width / 2, width / 2);
            return keccak256(abi.encodePacked(bytes1(0x04), left, right));
        }
        uint256 start = first * 1024;
        if (start >= data.length) return 0;
        uint256 length = data.length - start < 1024 ? data.length - start : 1024;
        bytes memory chunk = new bytes(length);
        for (uint256 i = 0; i < length; ++i) {
            chunk[i] = data[start + i];
        }
        return keccak256(abi.encodePacked(bytes1(0x03), chunk));
    }
}
