// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable, Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {Deadline} from "./core/Deadline.sol";
import {Layout} from "./core/Layout.sol";
import {Records} from "./core/Records.sol";
import {IInbox} from "./interfaces/IInbox.sol";
import {Chunks} from "./proof/Chunks.sol";
import {InboxHash} from "./proof/InboxHash.sol";
import {ItemHeader, ItemKind, MessageKind} from "./types/Inputs.sol";

/// @title The ordered inputs of the rollup
/// @dev Promises: IInbox. Rules: docs/spec.md I-1 to I-10.
contract Inbox is IInbox, Ownable2Step {
    /// @dev What the getters of the same names say, in one slot.
    struct Counters {
        uint64 count;
        uint64 delayedCount;
        uint64 consumed;
    }

    /// @dev I-4, I-6, I-8.
    uint256 internal constant MAX_CALLDATA_BYTES = 122_880;
    uint256 internal constant MAX_BLOBS = 6;
    uint256 internal constant BLOB_PAYLOAD_BYTES = 126_976;
    uint256 internal constant MAX_FORCED_BODY_BYTES = 256;
    /// @dev Every message may become a refund, which takes one of the outbox slots kept for them (S-4).
    uint64 internal constant MAX_DELAYED_MESSAGES = uint64(Layout.WITHDRAWALS_LIMIT);
    /// @dev Longest period that a parameter may ask for: 2^31 seconds keep every sum of times below 2^40.
    uint64 internal constant MAX_PERIOD_SECONDS = 1 << 31;
    /// @dev Times of arrival are packed, six to a slot.
    uint256 internal constant TIMES_PER_SLOT = 6;
    uint256 internal constant TIME_BITS = 40;

    /// @inheritdoc IInbox
    address public immutable BRIDGE;
    /// @inheritdoc IInbox
    address public immutable GOVERNOR;
    /// @inheritdoc IInbox
    uint64 public immutable FORCE_AFTER_SECONDS;
    /// @inheritdoc IInbox
    uint64 public immutable MAX_PAST_SECONDS;
    /// @inheritdoc IInbox
    uint64 public immutable MAX_FUTURE_SECONDS;

    /// @inheritdoc IInbox
    mapping(address poster => bool allowed) public isBatchPoster;
    Counters private _counters;
    mapping(uint256 n => bytes32 accumulator) private _accumulators;
    mapping(uint256 n => bytes32 accumulator) private _delayedAccumulators;
    mapping(uint256 slot => uint256 packed) private _delayedTimes;

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
        uint64 maxPastSeconds,
        uint64 maxFutureSeconds
    ) Ownable(initialOwner) {
        if (bridge == address(0)) revert InvalidParameter("bridge", 0);
        if (governor == address(0)) revert InvalidParameter("governor", 0);
        if (forceAfterSeconds == 0 || forceAfterSeconds > MAX_PERIOD_SECONDS) {
            revert InvalidParameter("forceAfterSeconds", forceAfterSeconds);
        }
        if (maxPastSeconds > MAX_PERIOD_SECONDS) revert InvalidParameter("maxPastSeconds", maxPastSeconds);
        if (maxFutureSeconds > MAX_PERIOD_SECONDS) revert InvalidParameter("maxFutureSeconds", maxFutureSeconds);
        BRIDGE = bridge;
        GOVERNOR = governor;
        FORCE_AFTER_SECONDS = forceAfterSeconds;
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
        bytes32 expectedDelayedAccumulator
    ) external onlyTopLevelPoster {
        _checkExpected(expectedAccumulator, newDelayedCount, expectedDelayedAccumulator);
        if (data.length > MAX_CALLDATA_BYTES) revert BatchTooLong(data.length, MAX_CALLDATA_BYTES);
        _append(ItemKind.CALLDATA, uint32(data.length), Chunks.root(data), newDelayedCount, expectedDelayedAccumulator);
    }

    /// @inheritdoc IInbox
    function appendBlobBatch(
        bytes32 expectedAccumulator,
        uint32 byteLength,
        uint64 newDelayedCount,
        bytes32 expectedDelayedAccumulator
    ) external onlyTopLevelPoster {
        _checkExpected(expectedAccumulator, newDelayedCount, expectedDelayedAccumulator);
        bytes32[] memory versionedHashes = _blobHashes();
        uint256 blobs = versionedHashes.length;
        if (byteLength > BLOB_PAYLOAD_BYTES * blobs || byteLength <= BLOB_PAYLOAD_BYTES * (blobs - 1)) {
            revert BlobLengthOutOfRange(byteLength, blobs);
        }
        bytes32 dataRoot = InboxHash.blobList(versionedHashes);
        _append(ItemKind.BLOB, byteLength, dataRoot, newDelayedCount, expectedDelayedAccumulator);
    }

    /// @inheritdoc IInbox
    function forceInclude() external {
        uint64 oldest = forceableAt();
        if (oldest == 0 || !Deadline.reached(block.timestamp, oldest, 0)) revert NothingToForce(oldest);
        uint64 newDelayedCount = _forceableCount();
        uint64 index = _counters.count;
        _append(ItemKind.FORCED, 0, bytes32(0), newDelayedCount, _delayedAccumulators[newDelayedCount]);
        emit ForceIncluded(index, newDelayedCount, msg.sender);
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
    function sendDeposit(address sender, uint32 account, address accountOwner, uint8 asset, uint96 amount)
        external
        returns (uint64 index)
    {
        if (msg.sender != BRIDGE) revert NotBridge(msg.sender);
        return _receive(MessageKind.DEPOSIT, sender, abi.encodePacked(account, accountOwner, asset, amount));
    }

    /// @inheritdoc IInbox
    function count() external view returns (uint64) {
        return _counters.count;
    }

    /// @inheritdoc IInbox
    function delayedCount() external view returns (uint64) {
        return _counters.delayedCount;
    }

    /// @inheritdoc IInbox
    function consumed() external view returns (uint64) {
        return _counters.consumed;
    }

    /// @inheritdoc IInbox
    function accumulator(uint256 n) external view returns (bytes32) {
        if (n > _counters.count) revert IndexOutOfRange(n, _counters.count);
        return _accumulators[n];
    }

    /// @inheritdoc IInbox
    function delayedAccumulator(uint256 n) external view returns (bytes32) {
        if (n > _counters.delayedCount) revert IndexOutOfRange(n, _counters.delayedCount);
        return _delayedAccumulators[n];
    }

    /// @inheritdoc IInbox
    function delayedTimestamp(uint256 n) external view returns (uint64) {
        if (n >= _counters.delayedCount) revert IndexOutOfRange(n, _counters.delayedCount);
        return _timeOf(n);
    }

    /// @inheritdoc IInbox
    function forceableAt() public view returns (uint64) {
        return _counters.consumed == _counters.delayedCount ? 0 : _timeOf(_counters.consumed) + FORCE_AFTER_SECONDS;
    }

    function _setBatchPoster(address poster, bool allowed) private {
        isBatchPoster[poster] = allowed;
        emit BatchPosterSet(poster, allowed);
    }

    /// @dev Commit the next item; its delayed count has been checked.
    function _append(uint8 kind, uint32 byteLength, bytes32 dataRoot, uint64 newDelayedCount, bytes32 delayedAcc)
        private
    {
        uint64 index = _counters.count;
        ItemHeader memory header = ItemHeader({
            kind: kind,
            byteLength: byteLength,
            dataRoot: dataRoot,
            delayedCount: uint40(newDelayedCount),
            delayedAcc: delayedAcc,
            minTime: uint40(Math.saturatingSub(block.timestamp, MAX_PAST_SECONDS)),
            maxTime: uint40(block.timestamp + MAX_FUTURE_SECONDS)
        });
        bytes32 next = InboxHash.nextAccumulator(_accumulators[index], header);
        _accumulators[index + 1] = next;
        _counters.count = index + 1;
        _counters.consumed = newDelayedCount;
        emit BatchPosted(
            index,
            next,
            kind,
            byteLength,
            dataRoot,
            newDelayedCount,
            delayedAcc,
            header.minTime,
            header.maxTime,
            msg.sender
        );
    }

    /// @dev Commit the next delayed message.
    function _receive(uint8 kind, address sender, bytes memory body) private returns (uint64 index) {
        index = _counters.delayedCount;
        if (index >= MAX_DELAYED_MESSAGES) revert DelayedInboxFull(MAX_DELAYED_MESSAGES);
        uint40 time = uint40(block.timestamp);
        bytes32 next = InboxHash.nextDelayedAccumulator(
            _delayedAccumulators[index], InboxHash.messageHash(kind, sender, time, body)
        );
        _delayedAccumulators[index + 1] = next;
        _delayedTimes[index / TIMES_PER_SLOT] |= uint256(time) << (index % TIMES_PER_SLOT) * TIME_BITS;
        _counters.delayedCount = index + 1;
        emit DelayedMessage(index, next, kind, sender, time, body);
    }

    /// @dev An account with code (EIP-7702) could be its own transaction's origin and still call from inside.
    function _checkPoster() private view {
        if (!isBatchPoster[msg.sender]) revert NotBatchPoster(msg.sender);
        // The origin is no authorization here: it proves that the data are in the transaction's own input.
        if (msg.sender != tx.origin || msg.sender.code.length != 0) revert NotTopLevel(msg.sender, tx.origin);
    }

    function _checkExpected(bytes32 expectedAccumulator, uint64 newDelayedCount, bytes32 expectedDelayedAccumulator)
        private
        view
    {
        bytes32 actual = _accumulators[_counters.count];
        if (actual != expectedAccumulator) revert AccumulatorMismatch(expectedAccumulator, actual);
        if (newDelayedCount < _counters.consumed) {
            revert DelayedCountBelowConsumed(newDelayedCount, _counters.consumed);
        }
        if (newDelayedCount > _counters.delayedCount) {
            revert DelayedCountAboveReceived(newDelayedCount, _counters.delayedCount);
        }
        actual = _delayedAccumulators[newDelayedCount];
        if (actual != expectedDelayedAccumulator) {
            revert DelayedAccumulatorMismatch(expectedDelayedAccumulator, actual);
        }
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

    /// @dev Delayed messages up to the newest one that may be forced. The oldest one may be; times never decrease.
    function _forceableCount() private view returns (uint64) {
        uint64 low = _counters.consumed + 1;
        uint64 high = _counters.delayedCount;
        while (low < high) {
            uint64 middle = (low + high + 1) / 2;
            if (Deadline.reached(block.timestamp, _timeOf(middle - 1), FORCE_AFTER_SECONDS)) low = middle;
            else high = middle - 1;
        }
        return low;
    }

    function _timeOf(uint256 n) private view returns (uint64) {
        return uint40(_delayedTimes[n / TIMES_PER_SLOT] >> (n % TIMES_PER_SLOT) * TIME_BITS);
    }
}
