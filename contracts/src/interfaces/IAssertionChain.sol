// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice Life of an assertion (docs/spec.md G-6).
enum AssertionStatus {
    NONE,
    PENDING,
    CONFIRMED,
    REFUTED,
    DEAD
}

/// @notice What is known about an assertion (docs/spec.md G-4 to G-6).
/// @dev The live children of one parent form a list in order of creation; refutation takes one out.
struct Assertion {
    /// Zero for genesis.
    bytes32 parentId;
    /// State root after the last segment of the history.
    bytes32 afterStateRoot;
    /// G-2.
    bytes32 historyRoot;
    /// Inbox items that the claim is about: it is measured against `acc[target]`.
    uint40 target;
    /// Target of its children; stored, never hashed.
    uint40 nextTarget;
    /// Inbox items that the after state has consumed.
    uint40 item;
    /// Unix seconds.
    uint40 createdAt;
    /// L1 block number.
    uint40 createdBlock;
    AssertionStatus status;
    /// Whether the after state has reached the target.
    bool finished;
    /// Children ever made.
    uint32 childCount;
    /// Who made it.
    address staker;
    /// When it was marked confirmable (D-10), unix seconds; 0 if not.
    uint40 markedAt;
    /// When a child of it was confirmed, unix seconds; 0 if none was.
    uint40 closedAt;
    /// Ends of the list of its live children.
    bytes32 firstLive;
    bytes32 lastLive;
    /// Neighbours among the live children of its parent.
    bytes32 previousLive;
    bytes32 nextLive;
    /// The child that was confirmed, zero if none: the other children are lost from then on.
    bytes32 confirmedChild;
    /// Topmost lost ancestor or itself, once it is `DEAD` (D-11).
    bytes32 deadRoot;
}

/// @notice Arguments of `createAssertion`.
struct AssertionInput {
    bytes32 parentId;
    /// Id that the caller computed: an L1 reorg cannot turn the claim into another one.
    bytes32 expectedId;
    bytes32 historyRoot;
    bytes32 afterStateRoot;
    /// `HISTORY_HEIGHT` siblings of the last leaf of the history, from the leaf upwards.
    bytes32[] lastLeafBranch;
    /// Shows where the after state stands in the inbox (`IVerifier.position`).
    bytes cursorProof;
}

/// @title Tree of bonded claims about the L2 state
/// @notice Anyone may assert with a stake, rivals included: an assertion is a claim about the history of states from its
/// parent towards an inbox target. Rules: docs/spec.md G-4 to G-8, D-6, D-10, D-11.
/// @dev Knows who claims what, what became of it, and behind what each stake stands. Histories are fought over in the
/// challenge game, money lies in the stake pool.
interface IAssertionChain {
    /// @notice A claim was made. `accumulator` is `acc[target]`.
    event AssertionCreated(
        bytes32 indexed id,
        bytes32 indexed parentId,
        address indexed staker,
        bytes32 historyRoot,
        bytes32 afterStateRoot,
        bytes32 accumulator,
        uint64 target,
        uint64 nextTarget,
        uint64 item,
        bool finished
    );

    /// @notice A claim can no longer be challenged.
    event AssertionConfirmed(bytes32 indexed id, bytes32 afterStateRoot, uint64 item);

    /// @notice The clocks speak for the assertion since `markedAt` (D-10).
    event AssertionConfirmable(bytes32 indexed id, uint64 markedAt);

    /// @notice The history of the assertion was proven wrong by `refuter`.
    event AssertionRefuted(bytes32 indexed id, address indexed refuter);

    /// @notice The assertion is lost, with everything above it up to `deadRoot`.
    event AssertionDied(bytes32 indexed id, bytes32 indexed deadRoot);

    /// @notice The stake of `staker` moved from one assertion to another.
    event BondMoved(address indexed staker, bytes32 indexed from, bytes32 indexed to);

    /// @notice A constructor argument makes no sense.
    error InvalidParameter(bytes32 name, uint256 value);
    /// @notice There is no such assertion.
    error UnknownAssertion(bytes32 id);
    /// @notice The parent takes no more children: `confirmedChild` was confirmed.
    error ParentClosed(bytes32 parentId, bytes32 confirmedChild);
    /// @notice The inbox has not reached the target yet: there is nothing to assert.
    error TargetNotReached(uint64 target, uint64 inboxCount);
    /// @notice The claim has another id than the caller computed (the inbox or the parent changed).
    error UnexpectedAssertion(bytes32 expected, bytes32 actual);
    /// @notice The same claim was made already.
    error AssertionExists(bytes32 id);
    /// @notice The branch of the last leaf does not have one sibling per level.
    error BranchLengthMismatch(uint256 expected, uint256 actual);
    /// @notice The after state is not the last leaf of the history.
    error HistoryMismatch(bytes32 expected, bytes32 actual);
    /// @notice The after state is past the target, or at the target in the middle of an item.
    error CursorBeyondTarget(uint64 item, bool clean, uint64 target);
    /// @notice A new stake is exactly `STAKE_WEI`; a stake that moves needs no value.
    error StakeMismatch(uint256 expected, uint256 actual);
    /// @notice The caller's stake stands behind `latest`, which is neither the parent nor confirmed.
    error StakeElsewhere(address staker, bytes32 latest);
    /// @notice The caller's stake stands behind `latest`, which is not the parent of `child`.
    error NotChildOfStake(bytes32 child, bytes32 latest);
    /// @notice The assertion is refuted or dead.
    error AssertionLost(bytes32 id, AssertionStatus status);
    /// @notice The assertion is not known to be lost: its parent is neither confirmed nor dead, or it may still win.
    error NotLost(bytes32 id);
    /// @notice The assertion is confirmed already.
    error AlreadyConfirmed(bytes32 id);
    /// @notice The assertion was marked at `markedAt` already.
    error AlreadyConfirmable(uint64 markedAt);
    /// @notice Neither clock has reached the confirm period, seconds.
    error NotConfirmable(bytes32 id, uint256 liveOwn, uint256 timer);
    /// @notice The parent must be confirmed first.
    error ParentNotConfirmed(bytes32 parentId);
    /// @notice The assertion had rivals and was not marked confirmable.
    error AssertionRivaled(bytes32 id, uint256 rivals);
    /// @notice The confirm period ends at `until`; 0 if another live child came in between.
    error ConfirmPeriodRunning(uint64 until);
    /// @notice An assertion that had rivals is confirmed at `until`.
    error RivalDelayRunning(uint64 until);
    /// @notice Nothing is asserted or confirmed in exit mode.
    error ExitModeActive();
    /// @notice Only the challenge game refutes.
    error NotGame(address caller);
    /// @notice The caller has no stake.
    error NoStake(address staker);
    /// @notice The caller's stake stands behind an assertion that is not confirmed; in exit mode, one that is lost.
    error StakeLocked(address staker, bytes32 latest);

    /// @notice Make a claim. A caller whose stake stands behind the parent, or behind any confirmed assertion, moves it
    /// and sends no value; a caller without stake sends `STAKE_WEI`.
    /// @return id G-4.
    function createAssertion(AssertionInput calldata input) external payable returns (bytes32 id);

    /// @notice Move the caller's stake to a child, made by anyone, of the assertion that it stands behind (G-8).
    function advanceStake(bytes32 child) external;

    /// @notice Store that the clocks speak for an assertion (D-10).
    function markConfirmable(bytes32 id) external;

    /// @notice Confirm an assertion whose parent is confirmed: unrivaled for the confirm period, or marked for the rival
    /// delay (D-10).
    function confirm(bytes32 id) external;

    /// @notice Kill a pending assertion; challenge game only.
    function refute(bytes32 id, address refuter) external;

    /// @notice Mark lost assertions dead, parents before children, then seize the stakes of `stakers` that stand behind
    /// dead ones, or below what is known to be lost (D-11). What is done already is skipped; so is a staker whose stake
    /// stands elsewhere. The way from a stake up to what is marked is walked: marking shortens it.
    function settle(bytes32[] calldata ids, address[] calldata stakers) external;

    /// @notice Release the caller's stake to the stake pool, where it can be claimed (G-8). In exit mode a stake far above
    /// the last confirmed assertion only comes nearer to it, 512 claims a call: call again.
    function withdrawStake() external;

    /// @notice Everything about an assertion; reverts if there is none.
    function assertion(bytes32 id) external view returns (Assertion memory);

    /// @notice What a withdrawal proof needs: cheap, zeros if there is no such assertion.
    function outcome(bytes32 id)
        external
        view
        returns (bytes32 afterStateRoot, uint64 createdBlock, AssertionStatus status);

    /// @notice What the challenge game needs to know about an assertion.
    function claimOf(bytes32 id)
        external
        view
        returns (bytes32 parentId, bytes32 historyRoot, AssertionStatus status, address staker);

    /// @notice What the challenge game needs to know about the children of an assertion: the state they start from, the
    /// target they are about, the one that won and how many there were.
    function contest(bytes32 parentId)
        external
        view
        returns (bytes32 afterStateRoot, uint40 target, bytes32 confirmedChild, uint32 childCount);

    /// @notice The child that won, zero while none has.
    function confirmedChild(bytes32 parentId) external view returns (bytes32);

    /// @notice When a child of `parentId` was confirmed, unix seconds; 0 if none was.
    function confirmedAt(bytes32 parentId) external view returns (uint40);

    /// @notice How many children were ever made.
    function childCount(bytes32 parentId) external view returns (uint32);

    /// @notice How many other children its parent has had.
    function rivals(bytes32 id) external view returns (uint256);

    /// @notice Seconds for which the assertion has been the only claim that counts (D-6).
    function liveOwn(bytes32 id) external view returns (uint256);

    /// @notice When the assertion can be confirmed as things stand, unix seconds; 0 if it is confirmed, cannot be, or if
    /// that depends on clocks of the challenge game.
    function confirmableAt(bytes32 id) external view returns (uint64);

    /// @notice The assertion behind which the stake of `staker` stands; zero if it has none.
    function stakedOn(address staker) external view returns (bytes32 id);

    /// @notice The confirmed assertion without a confirmed child.
    function latestConfirmed() external view returns (bytes32 id);

    /// @notice G-7.
    function configHash() external view returns (bytes32);

    /// @notice Id of the genesis assertion.
    function GENESIS_ID() external view returns (bytes32);

    /// @notice Where items come from.
    function INBOX() external view returns (address);

    /// @notice Where withdrawals are paid.
    function BRIDGE() external view returns (address);

    /// @notice Re-executes steps in disputes.
    function VERIFIER() external view returns (address);

    /// @notice Where histories are fought over.
    function CHALLENGE_GAME() external view returns (address);

    /// @notice Where stakes lie.
    function STAKE_POOL() external view returns (address);

    /// @notice What ends all confirmations.
    function EXIT_MODE() external view returns (address);

    /// @notice Chain id in L2 signatures.
    function L2_CHAIN_ID() external view returns (uint64);

    /// @notice Levels of the history tree.
    function HISTORY_HEIGHT() external view returns (uint8);

    /// @notice Seconds without a rival after which an assertion is confirmed.
    function CONFIRM_PERIOD_SECONDS() external view returns (uint64);

    /// @notice Seconds between the mark and the confirmation of an assertion that had rivals.
    function RIVAL_DELAY_SECONDS() external view returns (uint64);

    /// @notice Price of a claim, wei.
    function STAKE_WEI() external view returns (uint96);
}
