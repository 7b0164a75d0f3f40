// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IExitMode} from "../../src/interfaces/IExitMode.sol";
import {ExitBooks, ExitClaim} from "../../src/types/Exit.sol";
import {ExitTraders} from "../ExitTraders.sol";

/// @notice Whatever accounts hold and owe, in whatever order they claim and are paid, nobody gets more than is there or
/// than a claim is worth, and nothing but dust and the exchange's own money stays (docs/invariants.md E-5 to E-7).
contract ExitClaimsFuzzTest is ExitTraders {
    /// Worlds by kind: a fuzzer that never sees a shortage proves nothing.
    uint256 private _short;
    uint256 private _seizing;

    /// forge-config: default.fuzz.runs = 48
    /// forge-config: deep.fuzz.runs = 2000
    function testFuzz_claims_anyHoldings_payWhatIsThere(uint256 seed) public {
        _run(seed);
    }

    function test_claims_someSeeds_reachEveryKind() public {
        for (uint256 seed = 1; seed < 9; ++seed) {
            _run(seed);
        }
        assertGt(_short, 0);
        assertGt(_seizing, 0);
        assertLt(_short, 8);
    }

    function _run(uint256 seed) private {
        random = seed;
        Market memory market = makeMarket(seed);
        enterWith(market);
        proveTotals();
        _proveMarks();
        uint256 first = next(TRADERS);
        for (uint256 i = 0; i < TRADERS; ++i) {
            proveClaim(uint32((first + i) % TRADERS + 1));
            _payAny(market);
        }
        vm.warp(exitMode.claimUntil());
        for (uint256 i = 0; i < TRADERS; ++i) {
            _payAny(market);
        }
        _payRest(market);
        _check(market);
    }

    /// @dev In one call or in several.
    function _proveMarks() private {
        uint16[] memory all = new uint16[](SERIES);
        for (uint16 i = 0; i < SERIES; ++i) {
            all[i] = numberOf(i);
            if (next(2) == 0) proveMark(all[i]);
        }
        proveMarks(all);
    }

    function _payAny(Market memory market) private {
        _tryPay(market, uint32(1 + next(TRADERS)), uint8(next(2)));
    }

    function _payRest(Market memory market) private {
        uint256 first = next(2 * TRADERS);
        for (uint256 i = 0; i < 2 * TRADERS; ++i) {
            uint256 which = (first + i) % (2 * TRADERS);
            _tryPay(market, uint32(1 + which / 2), uint8(which % 2));
            vm.expectRevert(abi.encodeWithSelector(IExitMode.NothingToPay.selector, 1 + which / 2, which % 2));
            exitMode.pay(uint32(1 + which / 2), uint8(which % 2));
        }
    }

    /// @dev Pays exactly what is due and was not paid, or nothing.
    function _tryPay(Market memory market, uint32 account, uint8 asset) private {
        address to = market.traders[account - 1].owner;
        uint256 before = held(to, asset);
        uint256 owed = exitMode.due(account, asset) - exitMode.paid(account, asset);
        try exitMode.pay(account, asset) {
            assertEq(held(to, asset), before + owed, "E-5");
            assertGt(owed, 0);
        } catch {
            assertEq(owed, 0, "E-5");
        }
    }

    function _check(Market memory market) private {
        ExitBooks memory books = exitMode.books();
        (uint256 claims, uint256 debts) = (0, 0);
        for (uint256 i = 0; i < TRADERS; ++i) {
            bool isFund = market.traders[i].owner == FUND;
            if (worthOf[i] > 0 && !isFund) claims += uint256(worthOf[i]);
            if (worthOf[i] < 0) debts += uint256(-worthOf[i]);
        }
        assertEq(books.claimed, claims);
        assertLe(books.covered, debts + TRADERS);
        (uint256 paidUsdc, uint256 paidEth, uint256 kept) = _checkTraders(market, books);
        uint256 pool = market.totals[USDC];
        assertLe(paidUsdc, pool);
        assertEq(books.left[USDC], pool - paidUsdc, "E-6");
        assertEq(bridge.custody(USDC), pool - paidUsdc, "E-6");
        assertEq(bridge.custody(ETH), market.totals[ETH] - paidEth, "E-6");
        if (claims <= pool) assertEq(paidUsdc, claims, "E-7");
        else assertLt(pool - paidUsdc, TRADERS);
        uint256 missing = claims > pool ? claims - pool : 0;
        if (missing >= books.covered) kept += claims == 0 ? books.seized[ETH] : 0;
        else kept += books.seized[ETH] - uint256(books.seized[ETH]) * missing / books.covered;
        assertGe(market.totals[ETH] - paidEth, kept);
        assertLt(market.totals[ETH] - paidEth, kept + TRADERS);
        if (missing != 0) ++_short;
        if (books.covered != 0 && missing != 0) ++_seizing;
    }

    /// @dev What was paid, and the ether that the fund keeps.
    function _checkTraders(Market memory market, ExitBooks memory books)
        private
        view
        returns (uint256 paidUsdc, uint256 paidEth, uint256 kept)
    {
        for (uint32 i = 0; i < TRADERS; ++i) {
            (uint256 usdcPaid, uint256 ethPaid) = (exitMode.paid(i + 1, USDC), exitMode.paid(i + 1, ETH));
            paidUsdc += usdcPaid;
            paidEth += ethPaid;
            uint256 own = market.traders[i].amounts[ETH];
            uint256 rest = restOf(worthOf[i], own);
            if (market.traders[i].owner == FUND) {
                assertEq(usdcPaid + ethPaid, 0, "E-5");
                kept += rest;
                continue;
            }
            ExitClaim memory claim = exitMode.claimOf(i + 1);
            assertEq(claim.amounts[ETH], rest);
            if (worthOf[i] <= 0) {
                assertEq(usdcPaid, 0, "E-5");
                assertEq(ethPaid, rest, "E-5");
                continue;
            }
            // Cash and what it gets of others' collateral are never worth more than its claim.
            uint256 worth = usdcPaid + (ethPaid - own) * PRICE / 1e18;
            assertLe(worth, uint256(worthOf[i]));
            if (books.claimed <= books.pool[USDC]) assertEq(usdcPaid, uint256(worthOf[i]), "E-7");
        }
    }
}
