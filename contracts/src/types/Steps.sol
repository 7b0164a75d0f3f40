// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Reason} from "./Reason.sol";
import {StepKind} from "./StepKind.sol";

/// @notice What a step contract is told besides the leaves.
/// @param forced The body is a delayed message, and `sender` authenticates it.
/// @param sender Sender of the delayed message; zero for a record of a batch.
/// @param message Number of the delayed message; zero for a record of a batch.
/// @param sentMs L1 time of the delayed message in milliseconds; zero for a record of a batch.
/// @param timeMs Cursor time in milliseconds.
/// @param blockNumber Number of the current L2 block.
/// @param phase `Phase.IDLE` for a body, the phase of the task for a task step, `Phase.BLOCK_BEGIN` when a block begins.
/// @param orderClass Class that the block has reached.
/// @param body Body of the record, or of the delayed message; empty for a task step.
struct StepInput {
    bool forced;
    address sender;
    uint40 message;
    uint64 sentMs;
    uint48 timeMs;
    uint40 blockNumber;
    uint8 phase;
    uint8 orderClass;
    bytes body;
}

/// @notice What a step contract answers.
/// @param kind What the step was; it fixes the weight.
/// @param reason What came of it.
/// @param phase Where the machine stands after the step: `Phase.IDLE` or a task.
/// @param orderClass Class that the block has reached after the step.
/// @param writes The leaves that the step has written (`Openings`).
struct StepResult {
    StepKind kind;
    Reason reason;
    uint8 phase;
    uint8 orderClass;
    bytes writes;
}

/// @notice A call of the verifier: a run of consecutive steps (docs/spec.md G-3, W).
/// @param target Inbox items that the history under proof consumes.
/// @param configHash Configuration under which the history was asserted.
/// @param startRoot State root at the start of the segment.
/// @param stepsDone Steps of the segment that are in the table already; the call continues from there.
/// @param steps Steps to execute, at least one.
/// @param witness Packed witness W.
struct Call {
    uint40 target;
    bytes32 configHash;
    bytes32 startRoot;
    uint16 stepsDone;
    uint16 steps;
    bytes witness;
}
