// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title The timelock through which the parameters of the exchange change
/// @notice The owner schedules a message, everybody sees it for `DELAY_SECONDS`, then anybody sends it into the inbox as
/// a delayed message of kind ADMIN. What a message means is decided on L2; here it is bytes.
/// @dev Rules: docs/spec.md I-10. A message that is due stays due until it is executed or cancelled, and messages that
/// are due may be executed in any order: schedule what must come second after the first is executed. Times are unix
/// seconds.
interface IGovernor {
    /// @notice A message may be executed from `executableAt` on.
    event Scheduled(bytes32 indexed id, bytes body, bytes32 salt, uint64 executableAt);
    /// @notice A message is in the inbox as delayed message number `messageIndex`.
    event Executed(bytes32 indexed id, uint64 messageIndex, address caller);
    /// @notice A message will not be executed, unless the owner schedules it again.
    event Cancelled(bytes32 indexed id, address caller);

    /// @notice A constructor argument makes no sense, or the inbox knows another governor.
    error InvalidParameter(bytes32 name, uint256 value);
    /// @notice The body of a message has a bad length (I-10).
    error BodyLengthOutOfRange(uint256 byteLength, uint256 limit);
    /// @notice The message waits already, since `scheduledAt`.
    error AlreadyScheduled(bytes32 id, uint64 scheduledAt);
    /// @notice The message was executed: the same content needs another salt.
    error AlreadyExecuted(bytes32 id);
    /// @notice No such message waits.
    error NotScheduled(bytes32 id);
    error TooEarly(bytes32 id, uint64 executableAt);
    /// @notice Only the owner and the guardian cancel.
    error NotOwnerOrGuardian(address caller);

    /// @notice Announce a message of 1 to 1,024 bytes; owner only.
    /// @param salt Anything that makes the id new; 0, 1, … were used by the messages of the deployment, in their order.
    /// @return id Number of the message, see `idOf`.
    function schedule(bytes calldata body, bytes32 salt) external returns (bytes32 id);

    /// @notice Send a scheduled message into the inbox, once, `DELAY_SECONDS` after it was scheduled; anyone.
    /// @return messageIndex Number of the delayed message.
    function execute(bytes calldata body, bytes32 salt) external returns (uint64 messageIndex);

    /// @notice Drop a message that waits, due or not; owner and guardian only.
    function cancel(bytes32 id) external;

    /// @notice `H(15 ‖ salt ‖ body)`.
    function idOf(bytes calldata body, bytes32 salt) external pure returns (bytes32 id);

    /// @notice When a message that waits may be executed, 0 if no such message waits.
    function executableAt(bytes32 id) external view returns (uint64);

    /// @notice Whether a message is in the inbox.
    function isExecuted(bytes32 id) external view returns (bool);

    /// @notice Where messages are sent.
    function INBOX() external view returns (address);

    /// @notice Who may cancel beside the owner, and do nothing else; nobody if 0. It never changes.
    function GUARDIAN() external view returns (address);

    /// @notice From scheduling to execution, at least.
    function DELAY_SECONDS() external view returns (uint64);
}
