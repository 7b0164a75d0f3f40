// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IOptionVault} from "../../src/interfaces/IOptionVault.sol";
import {VaultPhase} from "../../src/types/Vault.sol";
import {VaultWorld} from "../VaultWorld.sol";

/// @notice How depositors leave when nobody confirms any more.
contract VaultExitsTest is VaultWorld {
    function setUp() public {
        deployWorld();
    }

    function test_exit_needsExitMode() public {
        start(puts, alice, 1000e6);
        vm.expectRevert(IOptionVault.NotExitMode.selector);
        puts.exit();
        vm.expectRevert(abi.encodeWithSelector(IOptionVault.WrongPhase.selector, VaultPhase.OPEN));
        puts.exitClaim(0, alice, alice);
        enterExitMode();
        vm.expectRevert(IOptionVault.ExitModeEntered.selector);
        puts.roll();
        vm.expectRevert(IOptionVault.ExitModeEntered.selector);
        puts.writeOff();
        vm.expectRevert(abi.encodeWithSelector(IOptionVault.WrongPhase.selector, VaultPhase.EXITED));
        vm.prank(alice);
        puts.requestRedeem(1, alice, alice);
        puts.exit();
        vm.expectRevert(abi.encodeWithSelector(IOptionVault.WrongPhase.selector, VaultPhase.EXITED));
        puts.exit();
        vm.expectRevert(abi.encodeWithSelector(IOptionVault.WrongPhase.selector, VaultPhase.EXITED));
        puts.roll();
    }

    function test_exit_open_paysWhatIsOnL1() public {
        start(puts, alice, 1000e6);
        start2(bob, 3000e6);
        requestDeposit(puts, eve, 500e6);
        requestRedeem(puts, alice, 400e12);
        enterExitMode();
        puts.exit();
        assertEq(uint256(puts.phase()), uint256(VaultPhase.EXITED));
        uint256 pot = puts.exitOf().gathered[0];
        vm.prank(eve);
        (uint256 assets,) = puts.exitClaim(0, eve, eve);
        assertEq(assets, 500e6, "queued deposits go back as they came");
        vm.prank(alice);
        (assets,) = puts.exitClaim(600e12, alice, alice);
        assertEq(assets, pot * 1000e12 / puts.exitOf().supply, "with what was queued");
        uint256 held = sharesOf(puts, bob);
        vm.prank(bob);
        puts.exitClaim(held, bob, bob);
        assertTrue(usdc.balanceOf(address(puts)) < puts.books().fees + 3);
        vm.expectRevert(IOptionVault.NothingDue.selector);
        vm.prank(bob);
        puts.exitClaim(0, bob, bob);
        vm.expectRevert(abi.encodeWithSelector(IOptionVault.NotOperator.selector, eve, bob));
        vm.prank(eve);
        puts.exitClaim(0, eve, bob);
    }

    function test_exit_rolled_depositComesBack() public {
        start(calls, alice, 10 ether);
        roll(calls);
        uint64 message = calls.epoch().depositMessage;
        enterExitMode();
        calls.exit();
        assertEq(calls.exitOf().gathered[0], 0);
        uint32 account = accountOf(calls);
        vm.expectRevert(IOptionVault.NothingDue.selector);
        calls.gather(account);
        returnDeposit(message);
        calls.gather(account);
        assertEq(calls.exitOf().gathered[0], 10 ether);
        vm.expectRevert(IOptionVault.NothingDue.selector);
        calls.gather(account);
        vm.prank(alice);
        calls.exitClaim(10e24, alice, alice);
        assertEq(weth.balanceOf(alice), 10 ether);
    }

    function test_exit_live_paysByClaim_inSeveralTimes() public {
        start(calls, alice, 10 ether);
        start3(bob, 30 ether);
        roll(calls);
        publish();
        uint32 account = accountOf(calls);
        l2[account].cash = 400e6;
        confirmState();
        enterExitMode();
        calls.exit();
        uint256 supply = calls.exitOf().supply;
        vm.prank(alice);
        (uint256 assets, uint256 cash) = calls.exitClaim(5e24, alice, alice);
        assertEq(assets + cash, 0);
        exitAccount(account);
        exitMode.pay(account, ETH);
        calls.gather(account);
        uint256 eth = calls.exitOf().gathered[0];
        vm.prank(alice);
        (assets, cash) = calls.exitClaim(5e24, alice, alice);
        assertEq(assets, eth * 10e24 / supply);
        vm.warp(exitMode.claimUntil());
        exitMode.pay(account, USDC);
        calls.gather(account);
        assertEq(calls.exitOf().gathered[1], 400e6);
        vm.prank(alice);
        (assets, cash) = calls.exitClaim(0, alice, alice);
        assertEq(assets, 0);
        assertEq(cash, 400e6 * 10e24 / supply);
        uint256 held = sharesOf(calls, bob);
        vm.prank(bob);
        (assets, cash) = calls.exitClaim(held, bob, bob);
        assertEq(cash, 400e6 * held / supply);
        assertEq(usdc.balanceOf(bob), cash);
    }

    function test_exit_withdrawalUnderWay_isCollected() public {
        start(puts, alice, 1000e6);
        roll(puts);
        publish();
        expire(puts);
        publish();
        settle(puts);
        publish();
        enterExitMode();
        puts.exit();
        pay(0);
        collect(puts, 0);
        vm.expectRevert(abi.encodeWithSelector(IOptionVault.AlreadyCollected.selector, 0));
        this.collectPuts(0);
        vm.prank(alice);
        puts.exitClaim(1000e12, alice, alice);
        assertEq(usdc.balanceOf(alice), 1000e6);
    }

    function test_exit_claimsOfEarlierCloses_goOn() public {
        start(puts, alice, 1000e6);
        requestRedeem(puts, alice, 100e12);
        requestDeposit(puts, bob, 200e6);
        runEpoch(puts, 0);
        enterExitMode();
        puts.exit();
        assertGt(claimAssets(puts, alice), 99e6);
        uint256 shares = claimShares(puts, bob);
        vm.prank(bob);
        (uint256 assets,) = puts.exitClaim(shares, bob, bob);
        assertTrue(assets > 199e6 && assets <= 200e6);
        uint256 fees = puts.feesOf(keeper);
        puts.claimFees(keeper);
        assertEq(usdc.balanceOf(keeper), fees);
    }

    function collectPuts(uint64 slot) external {
        collect(puts, slot);
    }

    function start2(address user, uint256 assets) private {
        requestDeposit(puts, user, assets);
        runEpoch(puts, 0);
        claimShares(puts, user);
    }

    function start3(address user, uint256 assets) private {
        requestDeposit(calls, user, assets);
        runEpoch(calls, 0);
        claimShares(calls, user);
    }
}
