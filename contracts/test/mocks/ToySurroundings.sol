// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice What surrounds the assertion chain, in one contract: the inbox, whose items are appended by hand, the bridge,
/// and an exit mode that is entered by hand. None of them matters to the game.
contract ToySurroundings {
    address public immutable ASSERTION_CHAIN;
    uint64 public immutable EXIT_AFTER_SECONDS;
    uint64 public constant FORCE_AFTER_SECONDS = 60;

    bool public entered;
    bytes32[] private _accumulators;

    constructor(address assertionChain, uint64 exitAfterSeconds) {
        ASSERTION_CHAIN = assertionChain;
        EXIT_AFTER_SECONDS = exitAfterSeconds;
        _accumulators.push(0);
    }

    function append(bytes32 data) external {
        _accumulators.push(keccak256(abi.encode(_accumulators[_accumulators.length - 1], data)));
    }

    function enter() external {
        entered = true;
    }

    function count() external view returns (uint64) {
        return uint64(_accumulators.length - 1);
    }

    function accumulator(uint256 n) external view returns (bytes32) {
        return _accumulators[n];
    }

    function INBOX() external view returns (address) {
        return address(this);
    }

    function BRIDGE() external view returns (address) {
        return address(this);
    }

    function EXIT_MODE() external view returns (address) {
        return address(this);
    }
}
