// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice Header of an inbox item (docs/spec.md I-1 to I-5, W-1).
/// @param kind One of `ItemKind`.
/// @param byteLength Bytes of data of the item; 0 for a forced item.
/// @param dataRoot Commitment to the data, by kind (I-3).
/// @param delayedCount Delayed messages that are consumed when the item is finished.
/// @param delayedAcc Accumulator of the delayed inbox at `delayedCount`.
/// @param fastCount Fast messages that are consumed when the item is finished.
/// @param fastAcc Accumulator of the fast queue at `fastCount`.
/// @param minTime Lower bound of the block times, in seconds.
/// @param maxTime Upper bound of the block times, in seconds.
/// @custom:twin rollup_node/core/inputs.py ItemHeader
struct ItemHeader {
    uint8 kind;
    uint32 byteLength;
    bytes32 dataRoot;
    uint40 delayedCount;
    bytes32 delayedAcc;
    uint40 fastCount;
    bytes32 fastAcc;
    uint40 minTime;
    uint40 maxTime;
}

/// @notice A message of the delayed or of the fast queue (docs/spec.md I-6).
/// @param kind One of `MessageKind`; anything else is undecodable.
/// @param sender The depositor, who sent the forced or fast message, or the governor.
/// @param timestamp Time of arrival in seconds.
/// @param body Content by kind.
/// @custom:twin rollup_node/core/inputs.py DelayedMessage
struct DelayedMessage {
    uint8 kind;
    address sender;
    uint40 timestamp;
    bytes body;
}

/// @notice Kinds of inbox items (docs/spec.md I-1).
/// @custom:twin rollup_node/core/kinds.py ItemKind
library ItemKind {
    uint8 internal constant CALLDATA = 0;
    uint8 internal constant BLOB = 1;
    uint8 internal constant FORCED = 2;
}

/// @notice Kinds of delayed messages (docs/spec.md I-6).
/// @custom:twin rollup_node/core/kinds.py MessageKind
library MessageKind {
    uint8 internal constant DEPOSIT = 0;
    uint8 internal constant FORCED_TRANSACTION = 1;
    uint8 internal constant ADMIN = 2;
    uint8 internal constant FAST = 3;
}
