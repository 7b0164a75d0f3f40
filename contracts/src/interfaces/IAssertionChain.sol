// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice Life of an assertion.
enum AssertionStatus {
    NONE,
    PENDING,
    CONFIRMED
}

/// @notice What is known about an assertion (docs/spec.md G-4, G-5).
/// @dev Children of one parent form a list in order of creation: `firstChild`, then `nextSibling`. Rivals are the other
/// children of its parent.
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
    /// Inbox items that the after state has consumed, from its cursor.
    uint40 item;
    /// Unix seconds.
    uint40 createdAt;
    /// L1 block number.
    uint40 createdBlock;
    AssertionStatus status;
    /// Whether the after state has reached the target.
    bool finished;
    uint32 childCount;
    /// Who made it.
    address staker;
    bytes32 firstChild;
    bytes32 lastChild;
    bytes32 nextSibling;
    /// The child that was confirmed, zero if none: the other children are dead from then on.
    bytes32 confirmedChild;
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
    /// Value of the cursor leaf (S-1) in the after state.
    bytes26 cursor;
    /// Its 12 siblings, from the leaf upwards.
    bytes32[] cursorBranch;
}

/// @title Tree of bonded claims about the L2 state
/// @notice Anyone may assert with a stake, rivals included: an assertion is a claim about the history of states from its
/// parent towards an inbox target. Rules: docs/spec.md G-4 to G-7.
/// @dev This contract confirms an assertion only while it has no rival; a rivaled one waits for the court of challenges
/// and cannot be confirmed here, nor can its stake be withdrawn. Invariant: balance >= locked stakes, equal unless forced.
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

    /// @notice `staker` paid a stake, which now stands behind assertion `id`.
    event BondLocked(address indexed staker, bytes32 indexed id, uint256 amount);

    /// @notice The stake of `staker` moved from one assertion to another.
    event BondMoved(address indexed staker, bytes32 indexed from, bytes32 indexed to);

    /// @notice `staker` got its stake back.
    event BondRefunded(address indexed staker, bytes32 indexed id, uint256 amount);

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
    /// @notice The cursor is not a leaf of the after state.
    error CursorMismatch(bytes32 expected, bytes32 actual);
    /// @notice The cursor is past the target, or at the target in the middle of an item.
    error CursorBeyondTarget(uint64 item, uint8 phase, uint64 target);
    /// @notice A new stake is exactly `STAKE_WEI`; a stake that moves needs no value.
    error StakeMismatch(uint256 expected, uint256 actual);
    /// @notice The caller's stake stands behind `latest`, which is neither the parent nor confirmed.
    error StakeElsewhere(address staker, bytes32 latest);
    /// @notice The assertion is confirmed already.
    error AlreadyConfirmed(bytes32 id);
    /// @notice The parent must be confirmed first.
    error ParentNotConfirmed(bytes32 parentId);
    /// @notice The assertion has rivals: time alone does not decide between them.
    error AssertionRivaled(bytes32 id, uint256 rivals);
    /// @notice The confirm period ends at `confirmableAt`.
    error ConfirmPeriodRunning(uint64 confirmableAt);
    /// @notice The caller has no stake.
    error NoStake(address staker);
    /// @notice The caller's stake stands behind an assertion that is not confirmed.
    error StakeLocked(address staker, bytes32 latest);
    /// @notice The staker refused its stake.
    error PaymentRefused(address recipient, uint256 amount);

    /// @notice Make a claim. A caller whose stake stands behind the parent, or behind any confirmed assertion, moves it
    /// and sends no value; a caller without stake sends `STAKE_WEI`.
    /// @return id G-4.
    function createAssertion(AssertionInput calldata input) external payable returns (bytes32 id);

    /// @notice Confirm an assertion without rivals whose parent is confirmed, after the confirm period (G-6).
    function confirm(bytes32 id) external;

    /// @notice Give the caller its stake back, once the latest assertion it made is confirmed.
    function withdrawStake() external;

    /// @notice Everything about an assertion; reverts if there is none.
    function assertion(bytes32 id) external view returns (Assertion memory);

    /// @notice What a withdrawal proof needs: cheap, zeros if there is no such assertion.
    function outcome(bytes32 id)
        external
        view
        returns (bytes32 afterStateRoot, uint64 createdBlock, AssertionStatus status);

    /// @notice How many other children its parent has.
    function rivals(bytes32 id) external view returns (uint256);

    /// @notice When the assertion can be confirmed as things stand, unix seconds; 0 if it is confirmed or cannot be:
    /// it or one of its unconfirmed ancestors has rivals.
    function confirmableAt(bytes32 id) external view returns (uint64);

    /// @notice The assertion behind which the stake of `staker` stands; zero if it has none.
    function stakedOn(address staker) external view returns (bytes32 id);

    /// @notice Sum of all stakes held.
    function lockedStakes() external view returns (uint256);

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

    /// @notice Chain id in L2 signatures.
    function L2_CHAIN_ID() external view returns (uint64);

    /// @notice Levels of the history tree.
    function HISTORY_HEIGHT() external view returns (uint8);

    /// @notice Seconds without a rival after which an assertion is confirmed.
    function CONFIRM_PERIOD_SECONDS() external view returns (uint64);

    /// @notice Price of a claim, wei.
    function STAKE_WEI() external view returns (uint96);
}
