// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAssertionChain} from "../../src/interfaces/IAssertionChain.sol";
import {IStakePool, Service} from "../../src/interfaces/IStakePool.sol";

/// @notice In place of the challenge game: its timers show what a test sets, and it refutes and pays on demand. So a
/// test of the assertion chain or of the stake pool reaches every second and every call without playing a game.
contract ClockGame {
    address public immutable ASSERTION_CHAIN;
    address public immutable STAKE_POOL;
    address public immutable VERIFIER;
    uint8 public immutable HISTORY_HEIGHT;

    mapping(bytes32 historyRoot => uint256) private _timers;

    constructor(address assertionChain, address stakePool, address verifier, uint8 historyHeight) {
        ASSERTION_CHAIN = assertionChain;
        STAKE_POOL = stakePool;
        VERIFIER = verifier;
        HISTORY_HEIGHT = historyHeight;
    }

    function setTimer(bytes32 historyRoot, uint256 elapsed) external {
        _timers[historyRoot] = elapsed;
    }

    function refute(bytes32 id) external {
        IAssertionChain(ASSERTION_CHAIN).refute(id, msg.sender);
    }

    function pay(bytes32 contest, Service service, address to) external {
        IStakePool(STAKE_POOL).pay(contest, service, to);
    }

    function burnPot(bytes32 contest) external {
        IStakePool(STAKE_POOL).burnPot(contest);
    }

    function assertionTimer(bytes32, bytes32 historyRoot) external view returns (uint256) {
        return _timers[historyRoot];
    }
}
