// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice What came of a step (docs/spec.md X-10).
/// @custom:twin rollup_node/core/reason.py Reason
enum Reason {
    OK,
    VOID_BATCH,
    BAD_LENGTH,
    UNDECODABLE,
    NOTHING_TO_PULL,
    UNKNOWN_ACCOUNT,
    BAD_SIGNATURE,
    NOT_OWNER,
    NONCE_TOO_NEW,
    NONCE_TOO_OLD,
    NONCE_USED,
    UNKNOWN_ASSET,
    ZERO_AMOUNT,
    SELF_TRANSFER,
    UNKNOWN_RECIPIENT,
    INSUFFICIENT_BALANCE,
    BALANCE_OVERFLOW,
    ZERO_RECIPIENT,
    OUTBOX_FULL,
    ZERO_OWNER
}
