// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ExitMode} from "../../src/ExitMode.sol";
import {ExitBooks} from "../../src/types/Exit.sol";
import {Test} from "../Test.sol";
import {ExitHandler} from "./ExitHandler.sol";

/// @notice Exit mode of docs/invariants.md under random use: proofs, claims, payments and deposits in any order.
/// @dev A run costs as much as ten of other suites, because it makes a state with its proofs first.
contract ExitInvariantTest is Test {
    uint256 private constant TRADERS = 5;
    uint256 private constant PRICE = 3000e6;
    address private constant FUND = address(1);
    uint8 private constant USDC = 0;
    uint8 private constant ETH = 1;

    ExitHandler private handler;

    function setUp() public {
        handler = new ExitHandler();
        targetContract(address(handler));
        // All moves but the last one, `finish`.
        bytes4[] memory moves = new bytes4[](8);
        (moves[0], moves[1]) = (handler.proveTotalsOnce.selector, handler.proveSomeMarks.selector);
        (moves[2], moves[3]) = (handler.proveAnyClaim.selector, handler.pay.selector);
        (moves[4], moves[5]) = (handler.deposit.selector, handler.returnDeposit.selector);
        (moves[6], moves[7]) = (handler.takeRefused.selector, handler.warp.selector);
        targetSelector(FuzzSelector(address(handler), moves));
    }

    /// @dev Every call goes through exactly if it may, once; who asks again while it is paid gets nothing.
    /// forge-config: default.invariant.runs = 12
    /// forge-config: deep.invariant.runs = 200
    function invariant_E3_E5_noRuleWasBroken() public view {
        assertFalse(handler.brokeARule(), "E-3, E-5");
        assertFalse(handler.reentered(), "E-3");
    }

    /// forge-config: default.invariant.runs = 12
    /// forge-config: deep.invariant.runs = 200
    function invariant_E3_nobodyIsPaidTwice() public view {
        if (!_hasBegun()) return;
        ExitMode exitMode = handler.exit();
        for (uint256 i = 0; i < TRADERS; ++i) {
            for (uint8 asset = 0; asset < 2; ++asset) {
                uint256 paid = exitMode.paid(uint32(i + 1), asset);
                assertEq(paid, handler.paidTo(i, asset), "E-3");
                assertEq(handler.got(i, asset), paid, "E-3");
                assertLe(paid, exitMode.due(uint32(i + 1), asset));
            }
        }
    }

    /// @dev What a claim gets is never worth more than the account: USDC, and ether beyond its own.
    /// forge-config: default.invariant.runs = 12
    /// forge-config: deep.invariant.runs = 200
    function invariant_E5_noClaimIsWorthMoreThanTheAccount() public view {
        if (!_hasBegun()) return;
        ExitMode exitMode = handler.exit();
        for (uint256 i = 0; i < TRADERS; ++i) {
            (uint256 cash, uint256 ether_) = (exitMode.due(uint32(i + 1), USDC), exitMode.due(uint32(i + 1), ETH));
            int256 worth = handler.worth(i);
            uint256 own = handler.ownEther(i);
            if (handler.owners(i) == FUND) {
                assertEq(cash + ether_, 0, "E-5");
            } else if (worth <= 0) {
                assertEq(cash, 0, "E-5");
                assertLe(ether_, own);
            } else {
                uint256 share = ether_ > own ? ether_ - own : 0;
                assertLe(cash + share * PRICE / 1e18, uint256(worth));
            }
        }
    }

    /// forge-config: default.invariant.runs = 12
    /// forge-config: deep.invariant.runs = 200
    function invariant_E6_paymentsNeverExceedThePool() public view {
        if (!_hasBegun()) return;
        ExitBooks memory books = handler.exit().books();
        for (uint8 asset = 0; asset < 2; ++asset) {
            uint256 pool = handler.pool(asset);
            assertLe(handler.paidOut(asset), pool);
            if (books.isProven) assertEq(books.left[asset], pool - handler.paidOut(asset), "E-6");
        }
    }

    /// forge-config: default.invariant.runs = 12
    /// forge-config: deep.invariant.runs = 200
    function invariant_E6_custodyIsThePoolThatIsLeftAndWhatOthersAreOwed() public view {
        if (!_hasBegun()) return;
        for (uint8 asset = 0; asset < 2; ++asset) {
            uint256 left = handler.pool(asset) - handler.paidOut(asset);
            (uint256 owed, uint256 actual) = handler.custody(asset);
            assertEq(owed, left + handler.waiting(asset) + (asset == ETH ? handler.credited() : 0), "E-6");
            assertEq(actual, owed, "C-2");
        }
    }

    /// forge-config: default.invariant.runs = 12
    /// forge-config: deep.invariant.runs = 200
    function invariant_E7_noPaymentDependsOnWhoClaimsLater() public view {
        assertFalse(handler.changedLater(), "E-7");
    }

    /// @dev At the end of every run everybody claims and is paid: of the pool of USDC stays what nobody claimed, and dust.
    function afterInvariant() public {
        handler.finish(0);
        ExitBooks memory books = handler.exit().books();
        uint256 spare = books.pool[USDC] > books.claimed ? books.pool[USDC] - books.claimed : 0;
        assertGe(books.left[USDC], spare);
        assertLt(books.left[USDC], spare + TRADERS);
        _checkAll();
    }

    /// @dev The random moves must reach every kind of call; shown once on straight runs, one of them short of USDC.
    function test_handler_straightRuns_reachEverything() public {
        (uint256 short, uint256 cash, uint256 ether_, uint256 taken) = (0, 0, 0, 0);
        for (uint256 seed = 1; seed < 9; ++seed) {
            handler = new ExitHandler();
            handler.proveTotalsOnce(seed);
            handler.proveSomeMarks(0);
            handler.proveSomeMarks(3);
            for (uint256 i = 0; i < 4; ++i) {
                handler.proveAnyClaim(i);
            }
            handler.deposit(seed, 1000);
            for (uint256 i = 0; i < 3; ++i) {
                handler.returnDeposit(i);
            }
            handler.finish(0);
            handler.takeRefused(0);
            _checkAll();
            assertEq(handler.done("totals"), 1);
            assertEq(handler.done("claim"), 4);
            assertEq(handler.done("late claim"), 1);
            assertEq(handler.done("return"), 1);
            (cash, ether_) = (cash + handler.done("pay USDC"), ether_ + handler.done("pay ether"));
            taken += handler.done("take");
            ExitBooks memory books = handler.exit().books();
            if (books.claimed > books.pool[USDC] && books.covered != 0) ++short;
        }
        assertGt(cash, 8);
        assertGt(ether_, 8);
        assertGt(taken, 0);
        assertGt(short, 0);
        assertLt(short, 8);
    }

    function _checkAll() private view {
        invariant_E3_E5_noRuleWasBroken();
        invariant_E3_nobodyIsPaidTwice();
        invariant_E5_noClaimIsWorthMoreThanTheAccount();
        invariant_E6_paymentsNeverExceedThePool();
        invariant_E6_custodyIsThePoolThatIsLeftAndWhatOthersAreOwed();
        invariant_E7_noPaymentDependsOnWhoClaimsLater();
    }

    function _hasBegun() private view returns (bool) {
        return address(handler.exit()) != address(0);
    }
}
