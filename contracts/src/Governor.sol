// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable, Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";

import {Deadline} from "./core/Deadline.sol";
import {Records} from "./core/Records.sol";
import {IGovernor} from "./interfaces/IGovernor.sol";
import {IInbox} from "./interfaces/IInbox.sol";
import {Tag} from "./proof/Hash.sol";

/// @title The timelock through which the parameters of the exchange change
/// @dev Promises: IGovernor. Rules: docs/spec.md I-10. Invariants: docs/invariants.md N-5.
contract Governor is IGovernor, Ownable2Step {
    /// @dev Sums of times stay below 2^40.
    uint64 internal constant MAX_PERIOD_SECONDS = 1 << 31;
    /// @dev Stands for a time that never comes.
    uint64 private constant EXECUTED = type(uint64).max;

    /// @inheritdoc IGovernor
    address public immutable INBOX;
    /// @inheritdoc IGovernor
    address public immutable GUARDIAN;
    /// @inheritdoc IGovernor
    uint64 public immutable DELAY_SECONDS;

    /// @dev When a message was scheduled, 0 if it is not, or EXECUTED.
    mapping(bytes32 id => uint64 time) private _scheduledAt;

    /// @dev The inbox is created before and knows this address. Nobody could have objected to the messages of the
    /// deployment: there is no state yet that they could harm.
    constructor(
        address inbox,
        address initialOwner,
        address guardian,
        uint64 governorDelaySeconds,
        bytes[] memory initial
    ) Ownable(initialOwner) {
        if (inbox.code.length == 0 || IInbox(inbox).GOVERNOR() != address(this)) {
            revert InvalidParameter("inbox", uint160(inbox));
        }
        if (governorDelaySeconds == 0 || governorDelaySeconds > MAX_PERIOD_SECONDS) {
            revert InvalidParameter("governorDelaySeconds", governorDelaySeconds);
        }
        INBOX = inbox;
        GUARDIAN = guardian;
        DELAY_SECONDS = governorDelaySeconds;
        for (uint256 i = 0; i < initial.length; ++i) {
            _send(inbox, _id(initial[i], bytes32(i)), initial[i]);
        }
    }

    /// @inheritdoc IGovernor
    function schedule(bytes calldata body, bytes32 salt) external onlyOwner returns (bytes32 id) {
        if (body.length == 0 || body.length > Records.MAX_BODY_BYTES) {
            revert BodyLengthOutOfRange(body.length, Records.MAX_BODY_BYTES);
        }
        id = _id(body, salt);
        uint64 known = _scheduledAt[id];
        if (known == EXECUTED) revert AlreadyExecuted(id);
        if (known != 0) revert AlreadyScheduled(id, known);
        _scheduledAt[id] = uint64(block.timestamp);
        emit Scheduled(id, body, salt, uint64(block.timestamp) + DELAY_SECONDS);
    }

    /// @inheritdoc IGovernor
    function execute(bytes calldata body, bytes32 salt) external returns (uint64 messageIndex) {
        bytes32 id = _id(body, salt);
        uint64 since = _waitingSince(id);
        if (!Deadline.reached(block.timestamp, since, DELAY_SECONDS)) revert TooEarly(id, since + DELAY_SECONDS);
        return _send(INBOX, id, body);
    }

    /// @inheritdoc IGovernor
    function cancel(bytes32 id) external {
        if (msg.sender != owner() && msg.sender != GUARDIAN) revert NotOwnerOrGuardian(msg.sender);
        _waitingSince(id);
        delete _scheduledAt[id];
        emit Cancelled(id, msg.sender);
    }

    /// @inheritdoc IGovernor
    function idOf(bytes calldata body, bytes32 salt) external pure returns (bytes32 id) {
        return _id(body, salt);
    }

    /// @inheritdoc IGovernor
    function executableAt(bytes32 id) external view returns (uint64) {
        uint64 since = _scheduledAt[id];
        return since == 0 || since == EXECUTED ? 0 : since + DELAY_SECONDS;
    }

    /// @inheritdoc IGovernor
    function isExecuted(bytes32 id) external view returns (bool) {
        return _scheduledAt[id] == EXECUTED;
    }

    function _send(address inbox, bytes32 id, bytes memory body) private returns (uint64 messageIndex) {
        _scheduledAt[id] = EXECUTED;
        messageIndex = IInbox(inbox).sendAdmin(body);
        emit Executed(id, messageIndex, msg.sender);
    }

    /// @dev When a message that waits was scheduled.
    function _waitingSince(bytes32 id) private view returns (uint64 since) {
        since = _scheduledAt[id];
        if (since == EXECUTED) revert AlreadyExecuted(id);
        if (since == 0) revert NotScheduled(id);
    }

    function _id(bytes memory body, bytes32 salt) private pure returns (bytes32) {
        return keccak256(abi.encodePacked(Tag.GOVERNOR_MESSAGE, salt, body));
    }
}
