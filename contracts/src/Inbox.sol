// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable, Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {MessageQueue, MessageQueues} from "./MessageQueue.sol";
import {Deadline} from "./core/Deadline.sol";
import {Delayed} from "./core/Delayed.sol";
import {Layout} from "./core/Layout.sol";
import {Records} from "./core/Records.sol";
import {IInbox} from "./interfaces/IInbox.sol";
import {Chunks} from "./proof/Chunks.sol";
import {InboxHash} from "./proof/InboxHash.sol";
import {ItemHeader, ItemKind, MessageKind} from "./types/Inputs.sol";

/// @title The ordered inputs of the rollup
/// @dev Promises: IInbox. Rules: docs/spec.md I-1 to I-11.
contract Inbox is IInbox, Ownable2Step {
    using MessageQueues for MessageQueue;

    /// @dev I-4, I-6, I-8.
    uint256 internal constant MAX_CALLDATA_BYTES = 122_880;
    uint256 internal constant MAX_BLOBS = 6;
    uint256 internal constant BLOB_PAYLOAD_BYTES = 126_976;
    uint256 internal constant MAX_FORCED_BODY_BYTES = 256;
    /// @dev Every message may become a refund, which takes one of the outbox slots kept for them (S-4).
    uint64 internal constant MAX_DELAYED_MESSAGES = uint64(Layout.WITHDRAWALS_LIMIT);
    /// @dev The cursor counts them in 40 bits (S-1).
    uint64 internal constant MAX_FAST_MESSAGES = type(uint40).max;
    /// @dev Longest period that a parameter may ask for: 2^31 seconds keep every sum of times below 2^40.
    uint64 internal constant MAX_PERIOD_SECONDS = 1 << 31;

    /// @inheritdoc IInbox
    address public immutable BRIDGE;
    /// @inheritdoc IInbox
    address public immutable GOVERNOR;
    /// @inheritdoc IInbox
    uint64 public immutable FORCE_AFTER_SECONDS;
    /// @inheritdoc IInbox
    uint64 public immutable FORCE_FAST_AFTER_SECONDS;
    /// @inheritdoc IInbox
    uint64 public immutable MAX_PAST_SECONDS;
    /// @inheritdoc IInbox
    uint64 public immutable MAX_FUTURE_SECONDS;

    /// @inheritdoc IInbox
    mapping(address poster => bool allowed) public isBatchPoster;
    /// @inheritdoc IInbox
    uint64 public count;
    mapping(uint256 n => bytes32 accumulator) private _accumulators;
    MessageQueue private _delayed;
    MessageQueue private _fast;

    modifier onlyTopLevelPoster() {
        _checkPoster();
        _;
    }

    constructor(
        address bridge,
        address governor,
        address initialOwner,
        address[] memory posters,
        uint64 forceAfterSeconds,
        uint64 forceFastAfterSeconds,
        uint64 maxPastSeconds,
        uint64 maxFutureSeconds
    ) Ownable(initialOwner) {
        if (bridge == address(0)) revert InvalidParameter("bridge", 0);
        if (governor == address(0)) revert InvalidParameter("governor", 0);
        if (forceAfterSeconds == 0 || forceAfterSeconds > MAX_PERIOD_SECONDS) {
            revert InvalidParameter("forceAfterSeconds", forceAfterSeconds);
        }
        if (forceFastAfterSeconds == 0 || forceFastAfterSeconds > forceAfterSeconds) {
            revert InvalidParameter("forceFastAfterSeconds", forceFastAfterSeconds);
        }
        if (maxPastSeconds > MAX_PERIOD_SECONDS) revert InvalidParameter("maxPastSeconds", maxPastSeconds);
        if (maxFutureSeconds > MAX_PERIOD_SECONDS) revert InvalidParameter("maxFutureSeconds", maxFutureSeconds);
        BRIDGE = bridge;
        GOVERNOR = governor;
        FORCE_AFTER_SECONDS = forceAfterSeconds;
        FORCE_FAST_AFTER_SECONDS = forceFastAfterSeconds;
        MAX_PAST_SECONDS = maxPastSeconds;
        MAX_FUTURE_SECONDS = maxFutureSeconds;
        for (uint256 i = 0; i < posters.length; ++i) {
            _setBatchPoster(posters[i], true);
        }
    }

    /// @inheritdoc IInbox
    function setBatchPoster(address poster, bool allowed) external onlyOwner {
        _setBatchPoster(poster, allowed);
    }

    /// @inheritdoc IInbox
    function appendBatch(
        bytes32 expectedAccumulator,
        bytes calldata data,
        uint64 newDelayedCount,
        bytes32 expectedDelayedAccumulator,
        uint64 newFastCount,
        bytes32 expectedFastAccumulator
    ) external onlyTopLevelPoster {
        _checkAccumulator(expectedAccumulator);
        _checkDelayed(newDelayedCount, expectedDelayedAccumulator);
        _checkFast(newFastCount, expectedFastAccumulator);
        if (data.length > MAX_CALLDATA_BYTES) revert BatchTooLong(data.length, MAX_CALLDATA_BYTES);
        _append(ItemKind.CALLDATA, uint32(data.length), Chunks.root(data), newDelayedCount, newFastCount);
    }

    /// @inheritdoc IInbox
    function appendBlobBatch(
        bytes32 expectedAccumulator,
        uint32 byteLength,
        uint64 newDelayedCount,
        bytes32 expectedDelayedAccumulator,
        uint64 newFastCount,
        bytes32 expectedFastAccumulator
    ) external onlyTopLevelPoster {
        _checkAccumulator(expectedAccumulator);
        _checkDelayed(newDelayedCount, expectedDelayedAccumulator);
        _checkFast(newFastCount, expectedFastAccumulator);
        bytes32[] memory versionedHashes = _blobHashes();
        uint256 blobs = versionedHashes.length;
        if (byteLength > BLOB_PAYLOAD_BYTES * blobs || byteLength <= BLOB_PAYLOAD_BYTES * (blobs - 1)) {
            revert BlobLengthOutOfRange(byteLength, blobs);
        }
        _append(ItemKind.BLOB, byteLength, InboxHash.blobList(versionedHashes), newDelayedCount, newFastCount);
    }

    /// @inheritdoc IInbox
    function forceInclude() external {
        _force(forceableAt());
    }

    /// @inheritdoc IInbox
    function forceIncludeFast() external {
        _force(fastForceableAt());
    }

    /// @inheritdoc IInbox
    function sendForced(bytes calldata body) external returns (uint64 index) {
        _checkLength(body.length, MAX_FORCED_BODY_BYTES);
        return _receive(MessageKind.FORCED_TRANSACTION, msg.sender, body);
    }

    /// @inheritdoc IInbox
    function sendAdmin(bytes calldata body) external returns (uint64 index) {
        if (msg.sender != GOVERNOR) revert NotGovernor(msg.sender);
        _checkLength(body.length, Records.MAX_BODY_BYTES);
        return _receive(MessageKind.ADMIN, msg.sender, body);
    }

    /// @inheritdoc IInbox
    function sendFast(bytes calldata body) external returns (uint64 index) {
        _checkLength(body.length, Records.MAX_BODY_BYTES);
        if (!Delayed.isFast(body)) revert NotFast(uint8(body[0]));
        index = _fast.count;
        if (index >= MAX_FAST_MESSAGES) revert FastQueueFull(MAX_FAST_MESSAGES);
        uint40 time = uint40(block.timestamp);
        bytes32 hash = InboxHash.messageHash(MessageKind.FAST, msg.sender, time, body);
        bytes32 next = InboxHash.nextFastAccumulator(_fast.head(), hash);
        _fast.push(next, time);
        emit FastMessage(index, next, msg.sender, time, body);
    }

    /// @inheritdoc IInbox
    function sendDeposit(address sender, uint32 account, address accountOwner, uint8 asset, uint96 amount)
        external
        returns (uint64 index)
    {
        if (msg.sender != BRIDGE) revert NotBridge(msg.sender);
        return _receive(MessageKind.DEPOSIT, sender, abi.encodePacked(account, accountOwner, asset, amount));
    }

    /// @inheritdoc IInbox
    function accumulator(uint256 n) external view returns (bytes32) {
        if (n > count) revert IndexOutOfRange(n, count);
        return _accumulators[n];
    }

    /// @inheritdoc IInbox
    function delayedCount() external view returns (uint64) {
        return _delayed.count;
    }

    /// @inheritdoc IInbox
    function delayedAccumulator(uint256 n) external view returns (bytes32) {
        if (n > _delayed.count) revert IndexOutOfRange(n, _delayed.count);
        return _delayed.accumulators[n];
    }

    /// @inheritdoc IInbox
    function delayedTimestamp(uint256 n) external view returns (uint64) {
        if (n >= _delayed.count) revert IndexOutOfRange(n, _delayed.count);
        return _delayed.timeOf(n);
    }

    /// @inheritdoc IInbox
    function consumed() external view returns (uint64) {
        return _delayed.consumed;
    }

    /// @inheritdoc IInbox
    function fastCount() external view returns (uint64) {
        return _fast.count;
    }

    /// @inheritdoc IInbox
    function fastAccumulator(uint256 n) external view returns (bytes32) {
        if (n > _fast.count) revert IndexOutOfRange(n, _fast.count);
        return _fast.accumulators[n];
    }

    /// @inheritdoc IInbox
    function fastTimestamp(uint256 n) external view returns (uint64) {
        if (n >= _fast.count) revert IndexOutOfRange(n, _fast.count);
        return _fast.timeOf(n);
    }

    /// @inheritdoc IInbox
    function fastConsumed() external view returns (uint64) {
        return _fast.consumed;
    }

    /// @inheritdoc IInbox
    function forceableAt() public view returns (uint64) {
        return _delayed.forceableAt(FORCE_AFTER_SECONDS);
    }

    /// @inheritdoc IInbox
    function fastForceableAt() public view returns (uint64) {
        return _fast.forceableAt(FORCE_FAST_AFTER_SECONDS);
    }

    function _setBatchPoster(address poster, bool allowed) private {
        isBatchPoster[poster] = allowed;
        emit BatchPosterSet(poster, allowed);
    }

    /// @dev Commit the next item; its counts have been checked.
    function _append(uint8 kind, uint32 byteLength, bytes32 dataRoot, uint64 newDelayedCount, uint64 newFastCount)
        private
    {
        uint64 index = count;
        ItemHeader memory header = ItemHeader({
            kind: kind,
            byteLength: byteLength,
            dataRoot: dataRoot,
            delayedCount: uint40(newDelayedCount),
            delayedAcc: _delayed.accumulators[newDelayedCount],
            fastCount: uint40(newFastCount),
            fastAcc: _fast.accumulators[newFastCount],
            minTime: uint40(Math.saturatingSub(block.timestamp, MAX_PAST_SECONDS)),
            maxTime: uint40(block.timestamp + MAX_FUTURE_SECONDS)
        });
        bytes32 next = InboxHash.nextAccumulator(_accumulators[index], header);
        _accumulators[index + 1] = next;
        count = index + 1;
        _delayed.consumed = newDelayedCount;
        _fast.consumed = newFastCount;
        emit BatchPosted(
            index,
            next,
            kind,
            byteLength,
            dataRoot,
            newDelayedCount,
            header.delayedAcc,
            newFastCount,
            header.fastAcc,
            header.minTime,
            header.maxTime,
            msg.sender
        );
    }

    /// @dev Commit a forced item with what is due in both queues; `oldest` is when the first message of one of them is.
    function _force(uint64 oldest) private {
        if (oldest == 0 || !Deadline.reached(block.timestamp, oldest, 0)) revert NothingToForce(oldest);
        uint64 newDelayedCount = _delayed.forceableCount(block.timestamp, FORCE_AFTER_SECONDS);
        uint64 newFastCount = _fast.forceableCount(block.timestamp, FORCE_FAST_AFTER_SECONDS);
        uint64 index = count;
        _append(ItemKind.FORCED, 0, bytes32(0), newDelayedCount, newFastCount);
        emit ForceIncluded(index, newDelayedCount, newFastCount, msg.sender);
    }

    /// @dev Commit the next delayed message.
    function _receive(uint8 kind, address sender, bytes memory body) private returns (uint64 index) {
        index = _delayed.count;
        if (index >= MAX_DELAYED_MESSAGES) revert DelayedInboxFull(MAX_DELAYED_MESSAGES);
        uint40 time = uint40(block.timestamp);
        bytes32 hash = InboxHash.messageHash(kind, sender, time, body);
        bytes32 next = InboxHash.nextDelayedAccumulator(_delayed.head(), hash);
        _delayed.push(next, time);
        emit DelayedMessage(index, next, kind, sender, time, body);
    }

    /// @dev An account with code (EIP-7702) could be its own transaction's origin and still call from inside.
    function _checkPoster() private view {
        if (!isBatchPoster[msg.sender]) revert NotBatchPoster(msg.sender);
        // The origin is no authorization here: it proves that the data are in the transaction's own input.
        if (msg.sender != tx.origin || msg.sender.code.length != 0) revert NotTopLevel(msg.sender, tx.origin);
    }

    function _checkAccumulator(bytes32 expected) private view {
        bytes32 actual = _accumulators[count];
        if (actual != expected) revert AccumulatorMismatch(expected, actual);
    }

    function _checkDelayed(uint64 newCount, bytes32 expected) private view {
        if (newCount < _delayed.consumed) revert DelayedCountBelowConsumed(newCount, _delayed.consumed);
        if (newCount > _delayed.count) revert DelayedCountAboveReceived(newCount, _delayed.count);
        bytes32 actual = _delayed.accumulators[newCount];
        if (actual != expected) revert DelayedAccumulatorMismatch(expected, actual);
    }

    function _checkFast(uint64 newCount, bytes32 expected) private view {
        if (newCount < _fast.consumed) revert FastCountBelowConsumed(newCount, _fast.consumed);
        if (newCount > _fast.count) revert FastCountAboveReceived(newCount, _fast.count);
        bytes32 actual = _fast.accumulators[newCount];
        if (actual != expected) revert FastAccumulatorMismatch(expected, actual);
    }

    function _checkLength(uint256 byteLength, uint256 limit) private pure {
        if (byteLength == 0 || byteLength > limit) revert BodyLengthOutOfRange(byteLength, limit);
    }

    /// @dev The blobs of this transaction, in order.
    function _blobHashes() private view returns (bytes32[] memory versionedHashes) {
        uint256 blobs = 0;
        while (blobhash(blobs) != 0) ++blobs;
        if (blobs == 0) revert NoBlobs();
        if (blobs > MAX_BLOBS) revert TooManyBlobs(MAX_BLOBS);
        versionedHashes = new bytes32[](blobs);
        for (uint256 i = 0; i < blobs; ++i) {
            versionedHashes[i] = blobhash(i);
        }
    }
}
