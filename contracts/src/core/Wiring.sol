// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAssertionChain} from "../interfaces/IAssertionChain.sol";
import {IBridge} from "../interfaces/IBridge.sol";
import {IChallengeGame} from "../interfaces/IChallengeGame.sol";
import {IExitMode} from "../interfaces/IExitMode.sol";
import {IInbox} from "../interfaces/IInbox.sol";
import {IStakePool} from "../interfaces/IStakePool.sol";

/// @notice Checks of a deployment: every contract was told of every other, and the periods fit (docs/spec.md E-1).
library Wiring {
    /// @notice The contracts around an assertion chain, which is created last.
    struct Partners {
        address inbox;
        address bridge;
        address verifier;
        address challengeGame;
        address stakePool;
        address exitMode;
    }

    /// @notice Requires that the partners name `chain` and each other.
    function checkPartners(Partners memory p, address chain, uint8 historyHeight) internal view {
        if (p.verifier.code.length == 0) _reject("verifier", p.verifier);
        IBridge bridge = IBridge(p.bridge);
        if (IInbox(p.inbox).BRIDGE() != p.bridge) _reject("bridge", p.bridge);
        if (bridge.ASSERTION_CHAIN() != chain || bridge.INBOX() != p.inbox || bridge.EXIT_MODE() != p.exitMode) {
            _reject("bridge", p.bridge);
        }
        IChallengeGame game = IChallengeGame(p.challengeGame);
        if (
            game.ASSERTION_CHAIN() != chain || game.STAKE_POOL() != p.stakePool || game.VERIFIER() != p.verifier
                || game.HISTORY_HEIGHT() != historyHeight
        ) _reject("challengeGame", p.challengeGame);
        IStakePool pool = IStakePool(p.stakePool);
        if (
            pool.ASSERTION_CHAIN() != chain || pool.CHALLENGE_GAME() != p.challengeGame
                || pool.HISTORY_HEIGHT() != historyHeight
        ) _reject("stakePool", p.stakePool);
        IExitMode exitMode = IExitMode(p.exitMode);
        if (exitMode.ASSERTION_CHAIN() != chain || exitMode.INBOX() != p.inbox || exitMode.BRIDGE() != p.bridge) {
            _reject("exitMode", p.exitMode);
        }
    }

    /// @notice Requires that nobody can leave before two contests in a row are decided.
    function checkExitPeriod(Partners memory p, uint256 confirmPeriodSeconds, uint256 rivalDelaySeconds) internal view {
        uint256 decided = 2 * (2 * confirmPeriodSeconds + rivalDelaySeconds) + IInbox(p.inbox).FORCE_AFTER_SECONDS();
        uint64 exitAfter = IExitMode(p.exitMode).EXIT_AFTER_SECONDS();
        if (exitAfter <= decided) revert IAssertionChain.InvalidParameter("exitAfterSeconds", exitAfter);
    }

    function _reject(bytes32 name, address partner) private pure {
        revert IAssertionChain.InvalidParameter(name, uint160(partner));
    }
}
