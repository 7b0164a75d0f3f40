// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title The ordered inputs of the rollup
/// @notice Commits to inbox items (batches, forced items) and to delayed messages (deposits, forced transactions,
/// changes of parameters), and fast messages (prices, liquidations, triggers), each queue in order.
/// Rules: docs/spec.md I-1 to I-11. Times are unix seconds, lengths are bytes.
interface IInbox {
    /// @notice Item number `index` entered.
    /// @dev For a forced item `poster` is whoever forced it. The data of a batch are the calldata or the
    /// blobs of the transaction that emitted this event; batches can only be posted by a top-level call, so that is
    /// always the whole input of the transaction.
    /// @param index Number of the item, from 0.
    /// @param accumulator `acc[index + 1]` (I-5).
    /// @param kind Value of `ItemKind`.
    /// @param byteLength Length of the batch data, 0 for a forced item.
    /// @param dataRoot I-3.
    /// @param delayedCount Delayed messages consumed when the item is finished.
    /// @param delayedAccumulator `delayedAcc[delayedCount]`.
    /// @param fastCount Fast messages consumed when the item is finished.
    /// @param fastAccumulator `fastAcc[fastCount]`.
    /// @param minTime Lowest L2 time of the item, seconds.
    /// @param maxTime Highest L2 time of the item, seconds.
    event BatchPosted(
        uint64 indexed index,
        bytes32 accumulator,
        uint8 kind,
        uint32 byteLength,
        bytes32 dataRoot,
        uint64 delayedCount,
        bytes32 delayedAccumulator,
        uint64 fastCount,
        bytes32 fastAccumulator,
        uint64 minTime,
        uint64 maxTime,
        address poster
    );

    /// @notice Item number `index` was forced by `by`; it consumes the queues up to `delayedCount` and `fastCount`.
    event ForceIncluded(uint64 indexed index, uint64 delayedCount, uint64 fastCount, address by);

    /// @notice Delayed message number `index` was received.
    /// @param delayedAccumulator `delayedAcc[index + 1]` (I-6).
    /// @param kind Value of `MessageKind`.
    /// @param sender The depositor, who sent the forced transaction, or the governor.
    /// @param timestamp Time of the L1 block, seconds.
    /// @param body Bytes of I-6.
    event DelayedMessage(
        uint64 indexed index,
        bytes32 delayedAccumulator,
        uint8 kind,
        address indexed sender,
        uint64 timestamp,
        bytes body
    );

    /// @notice Fast message number `index` was received; its kind is always `MessageKind.FAST`.
    /// @param fastAccumulator `fastAcc[index + 1]` (I-6).
    /// @param sender Whoever sent it: the record means the same from anybody.
    /// @param timestamp Time of the L1 block, seconds.
    /// @param body A record of I-11.
    event FastMessage(
        uint64 indexed index, bytes32 fastAccumulator, address indexed sender, uint64 timestamp, bytes body
    );

    /// @notice The owner allowed or forbade `poster` to post batches.
    event BatchPosterSet(address indexed poster, bool allowed);

    /// @notice The inbox moved on (or an L1 reorg moved it) since the caller looked.
    error AccumulatorMismatch(bytes32 expected, bytes32 actual);
    /// @notice `delayedAcc[newDelayedCount]` is not what the caller has seen.
    error DelayedAccumulatorMismatch(bytes32 expected, bytes32 actual);
    /// @notice The item would give back delayed messages that are consumed already.
    error DelayedCountBelowConsumed(uint64 delayedCount, uint64 consumed);
    /// @notice The item would consume delayed messages that have not arrived.
    error DelayedCountAboveReceived(uint64 delayedCount, uint64 received);
    /// @notice `fastAcc[newFastCount]` is not what the caller has seen.
    error FastAccumulatorMismatch(bytes32 expected, bytes32 actual);
    /// @notice The item would give back fast messages that are consumed already.
    error FastCountBelowConsumed(uint64 fastCount, uint64 consumed);
    /// @notice The item would consume fast messages that have not arrived.
    error FastCountAboveReceived(uint64 fastCount, uint64 received);
    /// @notice The caller may not post batches.
    error NotBatchPoster(address caller);
    /// @notice Batches are posted by a transaction of an account without code, directly; else their data could hide.
    error NotTopLevel(address caller, address origin);
    /// @notice Batch data are too long (I-4).
    error BatchTooLong(uint256 byteLength, uint256 limit);
    /// @notice The transaction carries no blob.
    error NoBlobs();
    /// @notice The transaction carries more blobs than an item may have (I-4).
    error TooManyBlobs(uint256 limit);
    /// @notice The length does not end inside the last of `count` blobs (I-4).
    error BlobLengthOutOfRange(uint32 byteLength, uint256 count);
    /// @notice No unconsumed message of this queue is old enough; the oldest one is at `forceableAt` (0: there is none).
    error NothingToForce(uint64 forceableAt);
    /// @notice The body of a message has a bad length (I-6).
    error BodyLengthOutOfRange(uint256 byteLength, uint256 limit);
    /// @notice The inbox holds the most delayed messages it ever will (S-4).
    error DelayedInboxFull(uint64 limit);
    /// @notice Records of this kind do not enter through the fast queue (I-11).
    error NotFast(uint8 kind);
    /// @notice The fast queue holds the most messages it ever will.
    error FastQueueFull(uint64 limit);
    /// @notice Only the bridge sends deposits.
    error NotBridge(address caller);
    /// @notice Only the governor sends changes of parameters.
    error NotGovernor(address caller);
    /// @notice There is no such accumulator or message yet.
    error IndexOutOfRange(uint256 index, uint256 limit);
    /// @notice A constructor argument makes no sense.
    error InvalidParameter(bytes32 name, uint256 value);

    /// @notice Append a batch whose bytes are `data` (at most 122,880).
    /// @param expectedAccumulator `accumulator(count())` as the caller knows it: nothing else slipped in between.
    /// @param newDelayedCount Delayed messages consumed when the item is finished.
    /// @param expectedDelayedAccumulator `delayedAccumulator(newDelayedCount)` as the caller knows it.
    /// @param newFastCount Fast messages consumed when the item is finished.
    /// @param expectedFastAccumulator `fastAccumulator(newFastCount)` as the caller knows it.
    function appendBatch(
        bytes32 expectedAccumulator,
        bytes calldata data,
        uint64 newDelayedCount,
        bytes32 expectedDelayedAccumulator,
        uint64 newFastCount,
        bytes32 expectedFastAccumulator
    ) external;

    /// @notice Append a batch whose `byteLength` bytes are in the blobs of this transaction (at most 6, I-8).
    /// @dev Arguments otherwise as in `appendBatch`.
    function appendBlobBatch(
        bytes32 expectedAccumulator,
        uint32 byteLength,
        uint64 newDelayedCount,
        bytes32 expectedDelayedAccumulator,
        uint64 newFastCount,
        bytes32 expectedFastAccumulator
    ) external;

    /// @notice Append a forced item once a delayed message is `FORCE_AFTER_SECONDS` old; anyone (I-7).
    /// @dev Whichever queue is late, the item consumes what is late in both.
    function forceInclude() external;

    /// @notice Append a forced item once a fast message is `FORCE_FAST_AFTER_SECONDS` old; anyone (I-7).
    /// @dev Whichever queue is late, the item consumes what is late in both.
    function forceIncludeFast() external;

    /// @notice Send a forced transaction: `body` is a record of R-4 without nonce and signature, 1 to 256 bytes.
    /// @dev The content is not checked here: garbage is executed as garbage. The sender must own the L2 account.
    /// @return index Number of the delayed message.
    function sendForced(bytes calldata body) external returns (uint64 index);

    /// @notice Send a record of the oracle, a liquidation or a trigger, 1 to 1,024 bytes, without nonce and signature of an
    /// account (I-11); anyone.
    /// @dev Only the first byte is checked here: garbage is executed as garbage.
    /// @return index Number of the fast message.
    function sendFast(bytes calldata body) external returns (uint64 index);

    /// @notice Record a deposit; bridge only.
    /// @param sender The depositor, who is paid the refund if the deposit cannot be credited (X-7).
    /// @param account L2 account to credit.
    /// @param accountOwner Owner that the account gets if it is not open yet.
    /// @return index Number of the delayed message.
    function sendDeposit(address sender, uint32 account, address accountOwner, uint8 asset, uint96 amount)
        external
        returns (uint64 index);

    /// @notice Send a change of parameters, 1 to 1,024 bytes whose meaning is decided on L2; governor only (I-10).
    /// @return index Number of the delayed message.
    function sendAdmin(bytes calldata body) external returns (uint64 index);

    /// @notice Allow or forbid `poster` to post batches; owner only.
    function setBatchPoster(address poster, bool allowed) external;

    /// @notice Number of items.
    function count() external view returns (uint64);

    /// @notice `acc[n]` for `n <= count()`; reverts above.
    function accumulator(uint256 n) external view returns (bytes32);

    /// @notice Number of delayed messages received.
    function delayedCount() external view returns (uint64);

    /// @notice `delayedAcc[n]` for `n <= delayedCount()`; reverts above.
    function delayedAccumulator(uint256 n) external view returns (bytes32);

    /// @notice When delayed message number `n` arrived, seconds.
    function delayedTimestamp(uint256 n) external view returns (uint64);

    /// @notice Delayed messages consumed by the items so far.
    function consumed() external view returns (uint64);

    /// @notice Number of fast messages received.
    function fastCount() external view returns (uint64);

    /// @notice `fastAcc[n]` for `n <= fastCount()`; reverts above.
    function fastAccumulator(uint256 n) external view returns (bytes32);

    /// @notice When fast message number `n` arrived, seconds.
    function fastTimestamp(uint256 n) external view returns (uint64);

    /// @notice Fast messages consumed by the items so far.
    function fastConsumed() external view returns (uint64);

    /// @notice When `forceIncludeFast` becomes possible, seconds; 0 if every fast message is consumed.
    function fastForceableAt() external view returns (uint64);

    /// @notice When `forceInclude` becomes possible, seconds; 0 if every delayed message is consumed.
    function forceableAt() external view returns (uint64);

    /// @notice Whether `poster` may post batches.
    function isBatchPoster(address poster) external view returns (bool);

    /// @notice The only sender of deposits.
    function BRIDGE() external view returns (address);

    /// @notice The only sender of changes of parameters.
    function GOVERNOR() external view returns (address);

    /// @notice Age at which a delayed message may be forced, seconds.
    function FORCE_AFTER_SECONDS() external view returns (uint64);

    /// @notice Age at which a fast message may be forced, seconds; at most `FORCE_AFTER_SECONDS`.
    function FORCE_FAST_AFTER_SECONDS() external view returns (uint64);

    /// @notice How far the L2 time of an item may lie before its L1 block, seconds.
    function MAX_PAST_SECONDS() external view returns (uint64);

    /// @notice How far the L2 time of an item may lie after its L1 block, seconds.
    function MAX_FUTURE_SECONDS() external view returns (uint64);
}
