// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {LeafKey} from "../types/LeafKey.sol";
import {Reason} from "../types/Reason.sol";
import {StepKind} from "../types/StepKind.sol";
import {Call} from "../types/Steps.sol";
import {IVerifier} from "./IVerifier.sol";

/// @notice The court: executes runs of steps against a witness and records them in a write-once proof table
/// (docs/spec.md X, G-1, G-3, W).
/// @dev It reverts for a bad witness or too little gas, never for content.
/// @custom:twin rollup_node/proof/machine.py, rollup_node/proof/witness.py
interface IStepVerifier is IVerifier {
    /// @notice A run of steps was executed and its result is in the table.
    event StepsProven(
        bytes32 indexed context, bytes32 indexed startRoot, uint256 stepsDone, bytes32 root, uint256 weight, bool ended
    );

    /// @notice The verifier is deployed with another number of families than there are.
    error WrongFamilyCount(uint256 count, uint256 expected);
    /// @notice A family has no contract.
    error MissingFamily(uint256 family);
    error NoSteps();
    /// @notice The call starts from an entry that is not in the table.
    error MissingEntry(bytes32 context, bytes32 startRoot, uint256 stepsDone);
    /// @notice The segment ends after `stepsDone` steps, and the call would go on.
    error PastSegmentEnd(uint256 stepsDone);
    /// @notice The state is finished: its cursor stands at the target.
    error PastTarget(uint256 item, uint256 target);
    error TargetBeyondInbox(uint256 target, uint256 count);

    /// @notice The witness ends before the field at `offset`.
    error WitnessTooShort(uint256 offset, uint256 size, uint256 length);
    /// @notice The header is not that of item number `item`.
    error WrongItem(uint256 item, bytes32 expected, bytes32 actual);
    error WrongBlobList(bytes32 expected, bytes32 actual);
    error BlobNotImported(bytes32 versionedHash);
    error ChunkOutOfRange(uint256 index, uint256 count);
    error WrongChunk(uint256 index, bytes32 expected, bytes32 actual);
    /// @notice A step reads bytes that no chunk of the witness holds.
    error MissingChunk(uint256 offset);
    error UnusedChunk(uint256 index);
    error WrongMessage(uint256 index, bytes32 expected, bytes32 actual);
    error MissingMessage(uint256 index);
    error UnusedMessages(uint256 count);
    /// @notice The first leaf of the table must be the cursor.
    error MissingCursor();
    error InvalidLeaf(LeafKey key);
    /// @notice Positions of the table must increase strictly.
    error LeavesNotIncreasing(LeafKey previous, LeafKey key);
    error UnknownLeaf(uint256 index, uint256 count);
    error UnusedLeaf(LeafKey key);
    /// @notice A step opens a leaf that it does not read.
    error UnusedOpening(LeafKey key);
    /// @notice A step reads a leaf that it does not open.
    error MissingOpening(LeafKey expected);
    error WrongOpening(LeafKey key, LeafKey expected);
    error MissingSibling(uint256 offset);
    error UnusedSiblings(uint256 bytesLeft);
    error WrongRoot(bytes32 expected, bytes32 actual);
    /// @notice A proof of a position is the cursor leaf and its 12 siblings, nothing else.
    error InvalidPositionProof(uint256 length, uint256 expected);
    error NotEnoughGas(uint256 gasLeft, uint256 required);

    /// @notice What `prove` would record, and what each step was and what came of it.
    /// @return root State root after the run.
    /// @return weight Sum of the weights of the segment so far, in gas.
    /// @return ended The segment ends here.
    /// @return kinds What each step was.
    /// @return reasons What came of each step.
    function simulate(Call calldata call)
        external
        view
        returns (bytes32 root, uint256 weight, bool ended, StepKind[] memory kinds, Reason[] memory reasons);
}
