// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice What a step does; each kind has a constant weight (docs/spec.md X-11).
/// @custom:twin rollup_node/core/kinds.py StepKind
enum StepKind {
    OPEN_ITEM,
    BAD_LENGTH,
    SEAL,
    UNDECODABLE,
    TRANSFER,
    WITHDRAW,
    ROTATE_KEY,
    DEPOSIT,
    FORCED_TRANSFER,
    FORCED_WITHDRAW,
    FORCED_ROTATE_KEY,
    FORCED_UNDECODABLE,
    CLOSE_ITEM
}
