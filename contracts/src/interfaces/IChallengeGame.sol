// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Call} from "../types/Steps.sol";

/// @notice What is stored of an edge: one slot.
/// @param createdAt Unix seconds; 0 if there is no such edge.
/// @param rivaledAt When the first rival came, unix seconds; 0 if it has none.
/// @param inherited Seconds taken over from its children so far; `type(uint32).max` once proven.
/// @param actor Who bisected it, or proved it at height 0; zero if nobody has.
struct Edge {
    uint32 createdAt;
    uint32 rivaledAt;
    uint32 inherited;
    address actor;
}

/// @notice An edge and its two halves; its node is the hash of both (docs/spec.md D-1, D-2).
/// @param originId Parent assertion whose children compete.
/// @param height Levels below the edge.
/// @param index Place among the nodes of that height, from the left.
/// @param prefix Chain of all left siblings on the way down.
struct Bisection {
    bytes32 originId;
    uint8 height;
    uint64 index;
    bytes32 prefix;
    bytes32 left;
    bytes32 right;
}

/// @notice How the machine goes on from a state (docs/spec.md D-7).
/// @param stepsDone Proof-table entry that ends the segment; ignored for a finished state.
/// @param positionProof Empty, or the proof that the state before is finished, so that it repeats itself.
struct Transition {
    uint16 stepsDone;
    bytes positionProof;
}

/// @notice Leaf `index` of a height-0 edge and what precedes it.
/// @param previousPrefix Prefix before the last left sibling was absorbed; ignored for index 0.
/// @param lastLeft That left sibling.
/// @param leafBefore Its last leaf; ignored for index 0, where the after state of the origin precedes.
/// @param branch Siblings from `leafBefore` up to `lastLeft`.
struct LeafProof {
    bytes32 originId;
    uint64 index;
    bytes32 prefix;
    bytes32 leaf;
    bytes32 previousPrefix;
    bytes32 lastLeft;
    bytes32 leafBefore;
    bytes32[] branch;
}

/// @notice Two adjacent leaves of a history whose transition is wrong.
/// @param leafBefore, branchBefore Leaf `index - 1`; ignored for index 0, where the after state of the parent precedes.
struct Refutation {
    bytes32 assertionId;
    uint64 index;
    bytes32 leafBefore;
    bytes32[] branchBefore;
    bytes32 leaf;
    bytes32[] branch;
}

/// @title Challenge game between rival assertions
/// @notice Bisection of histories with unrivaled-time clocks, refutation of published ones, one-step proofs.
/// @dev The game knows no exchange: it asks an IVerifier. Edges belong to nobody. Rules: docs/spec.md D-1 to D-14.
interface IChallengeGame {
    /// @notice An edge appeared. Edges of one `mutualId` are rivals.
    event EdgeAdded(bytes32 indexed edgeId, bytes32 indexed mutualId, bytes32 indexed originId);
    /// @notice The halves of an edge were revealed by `actor`.
    event EdgeBisected(bytes32 indexed edgeId, address indexed actor, bytes32 left, bytes32 right);
    /// @notice The edge now carries `inherited` seconds of its children.
    event EdgeTimerUpdated(bytes32 indexed edgeId, uint256 inherited);
    /// @notice The leaf of this edge is what the machine says, shown by `prover`.
    event EdgeConfirmedByOneStepProof(bytes32 indexed edgeId, address indexed prover);

    error InvalidParameter(bytes32 name, uint256 value);
    /// @notice There is no such edge: other coordinates, or other halves.
    error UnknownEdge(bytes32 edgeId);
    /// @notice Only an edge with a rival may be bisected or proven.
    error EdgeUnrivaled(bytes32 edgeId);
    /// @notice `actor` revealed these halves already.
    error AlreadyBisected(bytes32 edgeId, address actor);
    /// @notice The halves are not those of the history root.
    error HalvesMismatch(bytes32 expected, bytes32 actual);
    /// @notice A leaf has no halves.
    error HeightOutOfRange(uint256 height, uint256 limit);
    /// @notice Nobody has bisected this edge: it has no children to take time from.
    error NotBisected(bytes32 edgeId);
    /// @notice `confirmedChild` won the contest: no more moves.
    error ContestClosed(bytes32 originId, bytes32 confirmedChild);
    error ContestOpen(bytes32 originId);
    error AlreadyProven(bytes32 edgeId);
    error IndexOutOfRange(uint256 index, uint256 count);
    error BranchLengthMismatch(uint256 expected, uint256 actual);
    /// @notice The leaf before is not the last one of what the prefix absorbed.
    error PrefixMismatch(bytes32 expected, bytes32 actual);
    /// @notice The leaf is not in the history at this index.
    error LeafNotInHistory(uint256 index, bytes32 expected, bytes32 actual);
    /// @notice The proof table has no entry that ends the segment after so many steps.
    error SegmentNotProven(bytes32 startRoot, uint256 stepsDone);
    /// @notice The state before is not finished, so it does not repeat itself.
    error NotFinished(bytes32 stateRoot, uint256 item, uint256 target);
    /// @notice The machine says `expected`.
    error WrongPoststate(bytes32 expected, bytes32 claimed);
    /// @notice The machine agrees: this transition is right and refutes nothing.
    error TransitionIsValid(bytes32 assertionId, uint256 index);
    /// @notice The run proves another segment than the one in dispute.
    error WrongRun(bytes32 expectedStart, bytes32 actualStart);
    /// @notice The run does not prove under `target` and `configHash`, those of the contest.
    error WrongContext(uint256 target, bytes32 configHash);
    /// @notice The service was paid already, or nobody did it.
    error NothingEarned(bytes32 id);
    /// @notice Until then services can still be claimed.
    error ClaimPeriodRunning(uint256 until);

    /// @notice Reveal the two halves of the history of an assertion that has a rival (its layer-zero edge).
    function bisectAssertion(bytes32 assertionId, bytes32 left, bytes32 right) external;

    /// @notice Reveal the two halves of a rivaled edge.
    function bisect(Bisection calldata edge) external;

    /// @notice Let bisected edges take over the smaller timer of their children, in the order given (children first).
    function updateTimers(Bisection[] calldata edges) external;

    /// @notice Show that the leaf of a rivaled height-0 edge is what the machine says: its timer becomes maximal.
    function proveOneStep(LeafProof calldata proof, Transition calldata transition) external;

    /// @notice Kill an assertion by a wrong transition between two adjacent leaves, found in the proof table.
    function refute(Refutation calldata refutation, Transition calldata transition) external;

    /// @notice The same in one transaction: `call` proves the (rest of the) segment first.
    function refuteWithRun(Refutation calldata refutation, Call calldata call) external;

    /// @notice Pay the tariff of making the assertion that won a rivaled contest.
    function claimAssertion(bytes32 originId) external;

    /// @notice Pay the tariff of a bisection on the history of the winner. `branch` leads from the node to its root.
    function claimBisection(bytes32 originId, uint8 height, uint64 index, bytes32 node, bytes32[] calldata branch)
        external;

    /// @notice Pay the tariff of a one-step proof on the history of the winner.
    function claimOneStepProof(bytes32 originId, uint64 index, bytes32 leaf, bytes32[] calldata branch) external;

    /// @notice Pay the tariff of killing a rival of the winner.
    function claimRefutation(bytes32 assertionId) external;

    /// @notice Burn what is left in the pot of a contest, one confirm period after its end.
    function closeContest(bytes32 originId) external;

    /// @notice Seconds of unrivaled time on the worst path below the layer-zero edge, as updated so far.
    function assertionTimer(bytes32 parentId, bytes32 historyRoot) external view returns (uint256);

    /// @notice Own unrivaled time plus what was inherited, seconds; `type(uint32).max` if proven.
    function timer(bytes32 edgeId) external view returns (uint256);

    /// @notice The stored edge; all zero if there is none.
    function edge(bytes32 edgeId) external view returns (Edge memory);

    /// @notice The first edge with this mutual id; zero if there is none.
    function firstRival(bytes32 mutualId) external view returns (bytes32 edgeId);

    /// @notice D-1 and D-2 as the contract computes them.
    function edgeIdOf(bytes32 originId, uint8 height, uint64 index, bytes32 prefix, bytes32 node)
        external
        pure
        returns (bytes32 edgeId, bytes32 mutualId);

    function ASSERTION_CHAIN() external view returns (address);
    function STAKE_POOL() external view returns (address);
    function VERIFIER() external view returns (address);
    function HISTORY_HEIGHT() external view returns (uint8);
}
