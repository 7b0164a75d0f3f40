// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Assertion, AssertionStatus} from "../../src/interfaces/IAssertionChain.sol";

/// @notice Stands for an assertion chain that confirms what a test says, at once.
contract ConfirmedStates {
    bytes32 public latestConfirmed;
    mapping(bytes32 id => Assertion made) private _made;

    function assertState(bytes32 root, uint64 item, AssertionStatus status) external returns (bytes32 id) {
        id = keccak256(abi.encode(root, item, block.number, status));
        _made[id].afterStateRoot = root;
        _made[id].item = uint40(item);
        _made[id].status = status;
        _made[id].createdBlock = uint40(block.number - 1);
        if (status == AssertionStatus.CONFIRMED) latestConfirmed = id;
    }

    function assertion(bytes32 id) external view returns (Assertion memory) {
        return _made[id];
    }

    function outcome(bytes32 id) external view returns (bytes32, uint64, AssertionStatus) {
        return (_made[id].afterStateRoot, _made[id].createdBlock, _made[id].status);
    }
}
