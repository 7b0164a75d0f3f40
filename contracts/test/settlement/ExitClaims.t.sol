// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IExitMode} from "../../src/interfaces/IExitMode.sol";
import {IStepVerifier} from "../../src/interfaces/IStepVerifier.sol";
import {ExitBooks} from "../../src/types/Exit.sol";
import {LeafKey} from "../../src/types/LeafKey.sol";
import {ExitMarket} from "../ExitMarket.sol";
import {Transactions} from "../Transactions.sol";

/// @notice Claims of traders in exit mode (docs/spec.md E-5 to E-9): what they are worth, who is paid when, and who lies.
/// @dev Alice (1) is long 100 lots of series 1 from 2.00 to 2.50 USD with 0.01 of funding to pay on each: +49. Bob (2) is
/// short them, +1 of funding to come: -49. Carol (3) only holds money.
contract ExitClaimsTest is ExitMarket, Transactions {
    uint96 private constant DOLLAR = 1e6;

    function _market(int96 aliceCash, int96 bobCash, uint96 bobEth) private view returns (Market memory market) {
        market.ethPrice = 3000e6;
        market.btcPrice = 60_000e6;
        market.series = new Listed[](2);
        market.series[0] = Listed(1, 2_500_000, 10_000);
        market.series[1] = Listed(2, 7, 8);
        market.traders = new Trader[](3);
        market.traders[0] = _trader(alice, aliceCash, Holding(1, 100, 200e6, 0, 9));
        market.traders[1] = _trader(bob, bobCash, Holding(1, -100, -200e6, 0, 127));
        market.traders[1].amounts[ETH] = bobEth;
        market.traders[2].owner = carol;
        market.traders[2].cash = 100e6;
        market.traders[2].amounts[TBTC] = 5e18;
        market.totals = [uint96(aliceCash + bobCash + 100e6), bobEth, 5e18, 0];
    }

    function _trader(address owner, int96 cash, Holding memory holding) private pure returns (Trader memory trader) {
        (trader.owner, trader.cash) = (owner, cash);
        trader.holdings = new Holding[](1);
        trader.holdings[0] = holding;
    }

    function _claimAll() private {
        proveTotals();
        proveMark(1);
        for (uint32 account = 1; account < 4; ++account) {
            proveClaim(account);
        }
    }

    function _close() private {
        vm.warp(exitMode.claimUntil());
    }

    // ---- what claims are worth

    function test_proveClaim_bothSidesOfATrade_getTheirCashAndTheirResult() public {
        enterWith(_market(10e6, 50e6, 0));
        proveTotals();
        proveMark(1);
        vm.expectEmit(address(exitMode));
        emit IExitMode.ClaimProven(1, alice, 59e6, [uint128(59e6), 0, 0, 0]);
        proveClaim(1);
        proveClaim(2);
        proveClaim(3);
        _close();
        exitMode.pay(1, USDC);
        exitMode.pay(2, USDC);
        exitMode.pay(3, USDC);
        assertEq(usdc.balanceOf(alice), 59e6);
        assertEq(usdc.balanceOf(bob), 1e6);
        assertEq(usdc.balanceOf(carol), 100e6);
        assertEq(bridge.custody(USDC), 0);
    }

    function test_proveClaim_moneyOfTheExchange_staysBehind() public {
        Market memory market = _market(10e6, 50e6, 0);
        market.totals[USDC] += 17; // fees and insurance
        enterWith(market);
        _claimAll();
        _close();
        for (uint32 account = 1; account < 4; ++account) {
            exitMode.pay(account, USDC);
        }
        assertEq(bridge.custody(USDC), 17);
        assertEq(exitMode.books().left[USDC], 17);
    }

    /// @dev 49 - 30 = 19 USD at 3,000 are 0.00633.. ETH, rounded up, so they are worth a little more: counted as a µUSDC.
    function test_proveClaim_debtAboveCash_isTakenFromCollateralAndShared() public {
        enterWith(_market(10e6, 30e6, 1 ether));
        _claimAll();
        uint256 seized = uint256(19e6) * 1e18 / 3000e6 + 1;
        ExitBooks memory books = exitMode.books();
        assertEq(books.seized[ETH], seized);
        assertEq(books.covered, 19e6 + 1);
        assertEq(books.claimed, 159e6);
        exitMode.pay(2, ETH); // not what was taken
        assertEq(bob.balance, 1 ether - seized);
        _close();
        exitMode.pay(1, USDC);
        exitMode.pay(1, ETH);
        exitMode.pay(3, USDC);
        exitMode.pay(3, ETH);
        assertEq(usdc.balanceOf(alice), uint256(59e6) * 140e6 / 159e6);
        uint256 shared = seized * 19e6 / (19e6 + 1);
        assertEq(alice.balance, 59e6 * shared / 159e6);
        assertEq(carol.balance, 100e6 * shared / 159e6);
        // What alice lacks in cash she has in ether, to a millionth of a dollar and the dust of rounding.
        assertApproxEqAbs(usdc.balanceOf(alice) + alice.balance * 3000e6 / 1e18, 59e6, 2);
        assertLt(bridge.custody(USDC), 2);
        assertLt(bridge.custody(ETH) * 3000e6 / 1e18, 2);
        vm.expectRevert(abi.encodeWithSelector(IExitMode.NothingToPay.selector, 2, USDC));
        exitMode.pay(2, USDC);
    }

    /// @dev Fees and insurance come before the collateral: nobody gets more than the claim.
    function test_pay_poolThatLacksLess_sharesOnlySoMuchOfTheCollateral() public {
        Market memory market = _market(10e6, 30e6, 1 ether);
        market.totals[USDC] += 9.5e6;
        enterWith(market);
        _claimAll();
        _close();
        uint256 shared = uint256(exitMode.books().seized[ETH]) * 9.5e6 / (19e6 + 1);
        assertEq(exitMode.due(1, USDC), uint256(59e6) * 149.5e6 / 159e6);
        assertEq(exitMode.due(1, ETH), 59e6 * shared / 159e6);
        exitMode.pay(1, USDC);
        exitMode.pay(1, ETH);
        assertApproxEqAbs(usdc.balanceOf(alice) + alice.balance * 3000e6 / 1e18, 59e6, 2);
        market.totals[USDC] += 9.5e6;
        enterWith(market);
        _claimAll();
        _close();
        assertEq(exitMode.due(1, USDC), 59e6);
        assertEq(exitMode.due(1, ETH), 0);
    }

    function test_proveClaim_debtThatNothingCovers_isBorneByAllAlike() public {
        enterWith(_market(10e6, 30e6, 0));
        _claimAll();
        _close();
        assertEq(exitMode.due(1, USDC), uint256(59e6) * 140e6 / 159e6);
        assertEq(exitMode.due(3, USDC), uint256(100e6) * 140e6 / 159e6);
        assertEq(exitMode.due(2, USDC), 0);
    }

    function test_proveClaim_debtAboveOneAsset_goesOnWithTheNext() public {
        Market memory market = _market(10e6, 30e6, 0.001 ether);
        market.traders[1].amounts[TBTC] = 1e18;
        market.traders[1].amounts[3] = 77;
        (market.totals[TBTC], market.totals[3]) = (6e18, 77);
        enterWith(market);
        _claimAll();
        ExitBooks memory books = exitMode.books();
        assertEq(books.seized[ETH], 0.001 ether);
        assertEq(books.seized[TBTC], uint256(16e6) * 1e18 / 60_000e6 + 1);
        assertEq(books.seized[3], 0);
        assertEq(books.covered, 19e6 + 1);
        assertEq(exitMode.claimOf(2).amounts[3], 77);
    }

    function test_proveClaim_collateralThatNothingPrices_isNotTouched() public {
        Market memory market = _market(10e6, 30e6, 1 ether);
        market.ethPrice = 0;
        enterWith(market);
        _claimAll();
        assertEq(exitMode.claimOf(2).amounts[ETH], 1 ether);
        assertEq(exitMode.books().covered, 0);
    }

    function test_proveClaim_accountOfTheFund_claimsNothingAndPaysItsDebt() public {
        Market memory market = _market(10e6, 30e6, 1 ether);
        market.traders[1].owner = FUND;
        market.traders[2].owner = FUND;
        enterWith(market);
        _claimAll();
        assertEq(exitMode.books().claimed, 59e6);
        assertEq(exitMode.books().covered, 19e6 + 1);
        _close();
        for (uint8 asset = 0; asset < 4; ++asset) {
            for (uint32 account = 2; account < 4; ++account) {
                vm.expectRevert(abi.encodeWithSelector(IExitMode.NothingToPay.selector, account, asset));
                exitMode.pay(account, asset);
            }
        }
        assertEq(exitMode.due(1, USDC), 59e6);
    }

    // ---- when who is paid

    function test_pay_usdc_waitsForTheWindow_otherAssetsDoNot() public {
        enterWith(_market(10e6, 50e6, 1 ether));
        _claimAll();
        exitMode.pay(2, ETH);
        exitMode.pay(3, TBTC);
        assertEq(bob.balance, 1 ether);
        assertEq(tbtc.balanceOf(carol), 5e18);
        uint256 until = START + EXIT_CLAIM;
        assertEq(exitMode.claimUntil(), until);
        vm.warp(until - 1);
        vm.expectRevert(abi.encodeWithSelector(IExitMode.TooEarly.selector, until));
        exitMode.pay(1, USDC);
        vm.warp(until);
        exitMode.pay(1, USDC);
        vm.expectRevert(abi.encodeWithSelector(IExitMode.NothingToPay.selector, 1, USDC));
        exitMode.pay(1, USDC);
        vm.expectRevert(abi.encodeWithSelector(IExitMode.NothingToPay.selector, 2, ETH));
        exitMode.pay(2, ETH);
    }

    function test_pay_stateWithoutMarkets_paysUsdcAtOnce() public {
        Market memory market = _market(10e6, 50e6, 1 ether);
        market.isPlain = true;
        market.traders[0].holdings = new Holding[](0);
        market.traders[1].holdings = new Holding[](0);
        enterWith(market);
        proveTotals();
        proveClaim(1);
        exitMode.pay(1, USDC);
        assertEq(usdc.balanceOf(alice), 10e6);
        vm.warp(START + 10 * EXIT_CLAIM);
        proveClaim(2);
        exitMode.pay(2, USDC);
        assertEq(usdc.balanceOf(bob), 50e6);
    }

    function test_proveClaim_afterTheWindow_getsWhatTheOthersLeave() public {
        enterWith(_market(10e6, 50e6, 1 ether));
        proveTotals();
        proveMark(1);
        vm.warp(START + EXIT_CLAIM - 1);
        proveClaim(1);
        _close();
        proveClaim(3);
        exitMode.pay(1, USDC);
        exitMode.pay(3, USDC);
        proveClaim(2);
        exitMode.pay(2, USDC);
        exitMode.pay(2, ETH);
        assertEq(usdc.balanceOf(alice), 59e6);
        assertEq(usdc.balanceOf(carol), 100e6);
        assertEq(usdc.balanceOf(bob), 1e6);
        assertEq(bob.balance, 1 ether);
    }

    function test_proveClaim_afterTheWindow_neverTakesFromWhoWasInTime() public {
        enterWith(_market(10e6, 30e6, 1 ether));
        proveTotals();
        proveMark(1);
        proveClaim(1);
        _close();
        proveClaim(2); // a debt that comes late is taken and shared with nobody
        assertEq(exitMode.books().covered, 0);
        assertLt(exitMode.claimOf(2).amounts[ETH], 1 ether);
        proveClaim(3);
        assertEq(exitMode.claimOf(3).amounts[USDC], 81e6); // 140 - 59
        assertEq(exitMode.due(1, USDC), 59e6);
        exitMode.pay(3, USDC);
        exitMode.pay(3, TBTC);
        exitMode.pay(1, USDC);
        assertEq(bridge.custody(USDC), 0);
    }

    function test_proveClaim_afterAWindowThatWasShort_getsNoUsdc() public {
        Market memory market = _market(10e6, 30e6, 0);
        market.totals[USDC] = 58e6;
        enterWith(market);
        proveTotals();
        proveMark(1);
        proveClaim(1);
        _close();
        uint256 due = exitMode.due(1, USDC);
        assertEq(due, 58e6);
        proveClaim(3);
        assertEq(exitMode.claimOf(3).amounts[USDC], 0);
        assertEq(exitMode.due(1, USDC), due);
        exitMode.pay(3, TBTC);
    }

    function test_pay_byAStranger_paysTheOwner() public {
        enterWith(_market(10e6, 50e6, 1 ether));
        vm.startPrank(makeAddr("stranger"));
        _claimAll();
        exitMode.pay(2, ETH);
        vm.stopPrank();
        assertEq(bob.balance, 1 ether);
    }

    // ---- who lies

    function test_proveClaim_twice_isRejected() public {
        enterWith(_market(10e6, 50e6, 0));
        _claimAll();
        vm.expectRevert(abi.encodeWithSelector(IExitMode.AlreadyClaimed.selector, 1));
        proveClaim(1);
        vm.expectRevert(IExitMode.AlreadyProven.selector);
        proveTotals();
        assertEq(exitMode.books().claimed, 160e6);
    }

    function test_proveClaim_beforeTotalsOrMarks_isRejected() public {
        enterWith(_market(10e6, 50e6, 0));
        vm.expectRevert(IExitMode.TotalsNotProven.selector);
        proveClaim(3);
        proveTotals();
        proveMark(2);
        vm.expectRevert(abi.encodeWithSelector(IExitMode.MarkNotProven.selector, 1));
        proveClaim(1);
        proveClaim(3);
    }

    function test_proveClaim_otherPagesThanTheDirectoryNames_areRejected() public {
        enterWith(_market(10e6, 50e6, 0));
        proveTotals();
        proveMark(1);
        (bytes[] memory values, bytes memory proof) = open(claimKeys(2));
        bytes[] memory fewer = new bytes[](3);
        (fewer[0], fewer[1], fewer[2]) = (values[0], values[1], values[2]);
        vm.expectRevert(abi.encodeWithSelector(IExitMode.WrongLeafCount.selector, 3, 4));
        exitMode.proveClaim(2, fewer, proof);
        bytes[] memory more = new bytes[](5);
        (more[0], more[1], more[2], more[3], more[4]) = (values[0], values[1], values[2], values[3], values[3]);
        vm.expectRevert(abi.encodeWithSelector(IExitMode.WrongLeafCount.selector, 5, 4));
        exitMode.proveClaim(2, more, proof);
        vm.expectRevert(abi.encodeWithSelector(IExitMode.WrongLeafCount.selector, 2, 3));
        exitMode.proveClaim(2, new bytes[](2), proof);
        // No directory, so no positions; or the positions of the other side.
        uint64[] memory keys = new uint64[](3);
        (keys[0], keys[1], keys[2]) = (ACCOUNT_KEY + 65, ACCOUNT_KEY + 67, ACCOUNT_KEY + 71);
        (, bytes memory without) = open(keys);
        fewer[2] = "";
        vm.expectPartialRevert(IExitMode.LeafMismatch.selector);
        exitMode.proveClaim(2, fewer, without);
        (bytes[] memory others,) = open(claimKeys(1));
        values[3] = others[3];
        vm.expectPartialRevert(IExitMode.LeafMismatch.selector);
        exitMode.proveClaim(2, values, proof);
    }

    function test_proveMarks_leafOfAnotherSeries_isRejected() public {
        enterWith(_market(10e6, 50e6, 0));
        uint64[] memory keys = new uint64[](1);
        keys[0] = SERIES_KEY + 8 * 2;
        (bytes[] memory states, bytes memory proof) = open(keys);
        uint16[] memory series = new uint16[](1);
        series[0] = 1;
        vm.expectPartialRevert(IExitMode.LeafMismatch.selector);
        exitMode.proveMarks(series, states, proof);
        series[0] = 2;
        states[0][32] ^= 0x01;
        vm.expectPartialRevert(IExitMode.LeafMismatch.selector);
        exitMode.proveMarks(series, states, proof);
        states[0][32] ^= 0x01;
        exitMode.proveMarks(series, states, proof);
        assertEq(exitMode.markOf(2).mark, 7);
        assertFalse(exitMode.markOf(1).isProven);
    }

    function test_proveMarks_badLists_areRejected() public {
        enterWith(_market(10e6, 50e6, 0));
        uint16[] memory series = new uint16[](2);
        bytes[] memory states = new bytes[](2);
        vm.expectRevert(abi.encodeWithSelector(IExitMode.WrongLeafCount.selector, 2, 0));
        exitMode.proveMarks(new uint16[](0), states, "");
        vm.expectRevert(abi.encodeWithSelector(IExitMode.WrongLeafCount.selector, 0, 2));
        exitMode.proveMarks(series, new bytes[](0), "");
        (series[0], series[1]) = (2, 2);
        vm.expectRevert(abi.encodeWithSelector(IExitMode.SeriesOutOfOrder.selector, 2));
        exitMode.proveMarks(series, states, "");
        (series[0], series[1]) = (2, 1);
        vm.expectRevert(abi.encodeWithSelector(IExitMode.SeriesOutOfOrder.selector, 1));
        exitMode.proveMarks(series, states, "");
        (series[0], series[1]) = (4096, 4097);
        vm.expectRevert(abi.encodeWithSelector(IStepVerifier.InvalidLeaf.selector, LeafKey.wrap(SERIES_KEY + 8 * 4096)));
        exitMode.proveMarks(series, states, "");
    }

    // ---- what it costs

    /// @dev 32 positions in as many series.
    function test_gas_exit_claims() public {
        enterWith(_wideMarket(64, 32));
        uint64[] memory keys = new uint64[](3);
        (keys[0], keys[1], keys[2]) = (1, 5, 6);
        (bytes[] memory values, bytes memory proof) = open(keys);
        bytes memory data = abi.encodeCall(exitMode.proveTotals, (values[0], values[1], values[2], proof));
        _measure("proveTotals", data, 500_000);
        (uint16[] memory series, uint64[] memory places) = _run64(2048);
        (values, proof) = open(places);
        _measure("proveMarks, 64 series", abi.encodeCall(exitMode.proveMarks, (series, values, proof)), 2_500_000);
        _measureClaim("proveClaim, 32 positions", 2, 600_000);
        _measureClaim("proveClaim, no position", 3, 300_000);
        _close();
        _measure("pay", abi.encodeCall(exitMode.pay, (2, USDC)), 200_000);
    }

    /// @dev As many positions as an account may have.
    function test_gas_exit_largestClaim() public {
        enterWith(_wideMarket(128, 128));
        proveTotals();
        for (uint16 first = 2048; first < 2176; first += 64) {
            (uint16[] memory series,) = _run64(first);
            proveMarks(series);
        }
        _measureClaim("proveClaim, 128 positions", 2, 1_400_000);
    }

    /// @dev Bob has positions in the first ones of many options.
    function _wideMarket(uint16 listed, uint16 positions) private view returns (Market memory market) {
        market = _market(10e6, 50e6, 0);
        (market.series, market.traders[0].holdings) = (new Listed[](listed), new Holding[](0));
        market.traders[1].holdings = new Holding[](positions);
        for (uint16 i = 0; i < listed; ++i) {
            market.series[i] = Listed(2048 + i, 1_000_000 + i, 0);
            if (i < positions) market.traders[1].holdings[i] = Holding(2048 + i, 3, 3e6, 0, uint8(i));
        }
    }

    function _run64(uint16 first) private pure returns (uint16[] memory series, uint64[] memory keys) {
        (series, keys) = (new uint16[](64), new uint64[](64));
        for (uint16 i = 0; i < 64; ++i) {
            series[i] = first + i;
            keys[i] = SERIES_KEY + 8 * uint64(series[i]);
        }
    }

    function _measureClaim(string memory name, uint32 account, uint256 limit) private {
        (bytes[] memory values, bytes memory proof) = open(claimKeys(account));
        _measure(name, abi.encodeCall(exitMode.proveClaim, (account, values, proof)), limit);
    }

    function _measure(string memory name, bytes memory data, uint256 limit) private {
        vm.cool(address(exitMode));
        vm.cool(address(bridge));
        vm.cool(address(usdc));
        uint256 total = transact(address(exitMode), 0, data);
        vm.snapshotValue("exit", name, total);
        assertLe(total, limit);
    }
}
