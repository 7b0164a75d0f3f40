// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AssertionChain} from "../../src/AssertionChain.sol";
import {Bridge} from "../../src/Bridge.sol";
import {Inbox} from "../../src/Inbox.sol";
import {StakePool} from "../../src/StakePool.sol";
import {TestBTC} from "../../src/tokens/TestBTC.sol";
import {TestUSDC} from "../../src/tokens/TestUSDC.sol";
import {Test} from "../Test.sol";
import {SettlementHandler} from "./SettlementHandler.sol";

/// @notice The contract part of docs/invariants.md under random use.
contract SettlementInvariantTest is Test {
    SettlementHandler private handler;
    Inbox private inbox;
    Bridge private bridge;
    AssertionChain private chain;
    StakePool private pool;
    TestUSDC private usdc;
    TestBTC private tbtc;

    function setUp() public {
        handler = new SettlementHandler();
        (inbox, bridge, chain, usdc, tbtc) = handler.contracts();
        pool = StakePool(chain.STAKE_POOL());
        targetContract(address(handler));
    }

    function invariant_C1_custodyEqualsTheSumOfClaims() public view {
        for (uint8 asset = 0; asset < 3; ++asset) {
            uint256 claims = handler.onL2(asset) + handler.inOutbox(asset) + (asset == 1 ? handler.credited() : 0);
            assertEq(bridge.custody(asset), claims, "C-1");
        }
    }

    function invariant_C2_custodyEqualsTheBalance() public view {
        assertEq(usdc.balanceOf(address(bridge)), bridge.custody(0), "C-2 USDC");
        assertEq(address(bridge).balance, bridge.custody(1), "C-2 ETH");
        assertEq(tbtc.balanceOf(address(bridge)), bridge.custody(2), "C-2 TBTC");
    }

    function invariant_N1_accumulatorsMatchTheModel() public view {
        assertEq(inbox.count(), handler.modelItems(), "N-1");
        assertEq(inbox.accumulator(inbox.count()), handler.modelAcc(), "N-1");
        assertEq(inbox.delayedCount(), handler.modelDelayed(), "N-1");
        assertEq(inbox.delayedAccumulator(inbox.delayedCount()), handler.modelDelayedAcc(), "N-1");
        assertEq(inbox.fastCount(), handler.modelFast(), "N-1");
        assertEq(inbox.fastAccumulator(inbox.fastCount()), handler.modelFastAcc(), "N-1");
    }

    function invariant_N2_consumedNeverDecreasesNorPassesReceived() public view {
        assertEq(inbox.consumed(), handler.modelConsumed(), "N-2");
        assertLe(inbox.consumed(), inbox.delayedCount());
        assertEq(inbox.fastConsumed(), handler.modelFastConsumed(), "N-2");
        assertLe(inbox.fastConsumed(), inbox.fastCount());
    }

    function invariant_A1_stakesAreConserved() public view {
        assertEq(address(chain).balance, 0, "A-1");
        assertEq(address(pool).balance, pool.locked() + pool.pots() + pool.owed(), "P-1");
        assertEq(pool.locked(), handler.stakes(), "A-1");
    }

    /// @dev C-3, C-4, A-2, A-3: the handler notes every call that went through though it may not, and the reverse.
    function invariant_C3_C4_A2_A3_noRuleWasBroken() public view {
        assertFalse(handler.brokeARule());
    }

    /// @dev The random moves must reach the far end of the path; shown once on a straight run.
    function test_handler_straightRun_reachesFinalization() public {
        handler.deposit(1, 1000);
        handler.withdraw(1);
        handler.postBatch(1);
        handler.createAssertion(0);
        handler.warp(1);
        handler.prove(1);
        handler.warp(600);
        handler.confirm(1);
        handler.finalize(0);
        handler.withdrawStake(0);
        assertEq(handler.done("finalize"), 1);
        invariant_C1_custodyEqualsTheSumOfClaims();
        invariant_C2_custodyEqualsTheBalance();
        invariant_A1_stakesAreConserved();
    }
}
