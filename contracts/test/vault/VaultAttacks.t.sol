// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IOptionVault} from "../../src/interfaces/IOptionVault.sol";
import {Withdrawal} from "../../src/types/State.sol";
import {VaultTerms} from "../../src/types/Vault.sol";
import {OptionVault} from "../../src/vault/OptionVault.sol";
import {VaultStrategy} from "../../src/vault/VaultStrategy.sol";
import {Shipped} from "../Shipped.sol";
import {VaultWorld} from "../VaultWorld.sol";
import {FeeToken, HookToken} from "../mocks/Tokens.sol";

/// @dev Forces ETH on somebody.
contract Bomb {
    constructor(address payable target) payable {
        selfdestruct(target);
    }
}

/// @notice What attackers of vaults have done elsewhere, and what they could try here.
contract VaultAttacksTest is VaultWorld {
    function setUp() public {
        deployWorld();
    }

    function test_donation_ofTokensOrEther_movesNoPrice() public {
        start(puts, alice, 1000e6);
        start(calls, alice, 10 ether);
        usdc.mint(address(puts), 5000e6);
        vm.deal(eve, 20 ether);
        vm.startPrank(eve);
        weth.deposit{value: 10 ether}();
        weth.transfer(address(calls), 10 ether);
        new Bomb{value: 10 ether}(payable(address(calls)));
        vm.stopPrank();
        assertEq(puts.totalAssets(), 1000e6);
        assertEq(calls.totalAssets(), 10 ether);
        runEpoch(puts, 0);
        runEpoch(calls, 0);
        assertLe(puts.conversionOf(2).assets, 1000e6);
        assertLe(calls.conversionOf(2).assets, 10 ether);
    }

    function test_donation_withdrawalOfAStranger_isNotCounted() public {
        start(puts, alice, 1000e6);
        outbox.push(Withdrawal(OTHERS, USDC, 500e6, address(puts)));
        publish();
        pay(0);
        assertEq(usdc.balanceOf(address(puts)), 1500e6);
        vm.expectRevert(abi.encodeWithSelector(IOptionVault.ForeignEntry.selector, OTHERS, USDC, address(puts)));
        this.collectPuts(0);
        roll(puts);
        publish();
        expire(puts);
        outbox.push(Withdrawal(OTHERS, USDC, 1, address(puts)));
        publish();
        settle(puts);
        outbox.push(Withdrawal(OTHERS, USDC, 1, address(puts)));
        publish();
        // Slot 2 came after the proof, and is no withdrawal of the vault; its own is slot 3.
        pay(2);
        vm.expectRevert(abi.encodeWithSelector(IOptionVault.ForeignEntry.selector, OTHERS, USDC, address(puts)));
        this.closePuts(2);
        pay(3);
        close(puts, 3);
        assertEq(puts.conversionOf(2).assets + puts.books().fees, 1000e6);
    }

    function test_firstDepositor_cannotInflate() public {
        start(puts, eve, 10e6);
        // She leaves with all but a hair, and gives the account a fortune on L2.
        requestRedeem(puts, eve, 10e12 - 1);
        requestDeposit(puts, alice, 1000e6);
        roll(puts);
        publish();
        donateL2(accountOf(puts), USDC, 1_000_000e6);
        publish();
        expire(puts);
        publish();
        finish(puts);
        uint256 shares = claimShares(puts, alice);
        assertTrue(puts.convertToAssets(shares) + 1e6 > 1000e6, "the deposit is worth what was paid");
        assertTrue(claimAssets(puts, eve) < 1_000_010e6, "the gift is not got back whole");
    }

    function test_secondDepositor_isNotRobbedByDust() public {
        start(puts, eve, 10e6);
        uint256 held = sharesOf(puts, eve);
        requestRedeem(puts, eve, held);
        runEpoch(puts, 0);
        assertEq(share(puts).totalSupply(), 0);
        claimAssets(puts, eve);
        // Nothing but the dust of virtual shares is left: the next one begins without an epoch.
        requestDeposit(puts, alice, 1000e6);
        roll(puts);
        assertEq(puts.convertToAssets(claimShares(puts, alice)), 1000e6);
    }

    function test_dustOfThePast_isNoGainOfTheNext() public {
        requestDeposit(calls, eve, 1 ether);
        roll(calls);
        claimShares(calls, eve);
        requestRedeem(calls, eve, 1e24);
        runEpoch(calls, 300e6);
        assertGt(calls.highWaterMark(), 1e18);
        requestDeposit(calls, alice, 1 ether);
        roll(calls);
        claimShares(calls, alice);
        assertEq(calls.totalAssets(), 1 ether);
        assertEq(calls.highWaterMark(), 1e18);
        uint256 before = calls.feesOf(treasury);
        runEpoch(calls, 0);
        // A week's management, and nothing of a gain that is none.
        assertLt(calls.feesOf(treasury) - before, 0.001 ether);
    }

    function test_close_isNotDelayedByGifts() public {
        start(puts, alice, 1000e6);
        roll(puts);
        publish();
        expire(puts);
        l2[accountOf(puts)].cash = 5e6;
        publish();
        settle(puts);
        publish();
        for (uint256 i = 0; i < 3; ++i) {
            donateL2(accountOf(puts), USDC, 5e6);
            publish();
            settle(puts);
        }
        // The last withdrawal has not even been consumed.
        pay(0);
        close(puts, 0);
        assertEq(puts.epoch().number, 3);
    }

    function test_sniping_depositAfterTheResultIsPricedWithIt() public {
        start(puts, alice, 1000e6);
        roll(puts);
        publish();
        vm.warp(puts.cutoffAt() - 1);
        requestDeposit(puts, eve, 10_000e6);
        expire(puts);
        l2[accountOf(puts)].cash += 500e6;
        publish();
        finish(puts);
        assertLe(puts.convertToAssets(puts.maxMint(eve)), 10_000e6);
        assertGt(puts.convertToAssets(1000e12), 1430e6);
    }

    function test_sniping_redeemAfterALossIsPricedWithIt() public {
        start(puts, alice, 1000e6);
        requestDeposit(puts, bob, 1000e6);
        runEpoch(puts, 0);
        claimShares(puts, bob);
        roll(puts);
        publish();
        requestRedeem(puts, alice, 1000e12);
        expire(puts);
        l2[accountOf(puts)].cash -= 1000e6;
        publish();
        finish(puts);
        assertLe(claimAssets(puts, alice), 500e6);
    }

    function test_stayedInAccount_dilutesNobody() public {
        start(calls, alice, 10 ether);
        roll(calls);
        publish();
        requestDeposit(calls, eve, 10 ether);
        expire(calls);
        l2[accountOf(calls)].cash = -3000e6;
        ordersFail = true;
        publish();
        finish(calls);
        // 6 ETH came home, 4 stayed against a debt of one: who enters pays for the rest.
        uint256 shares = calls.maxMint(eve);
        assertEq(calls.conversionOf(2).stayed, 3 ether);
        ordersFail = false;
        claimShares(calls, eve);
        runEpoch(calls, 0);
        assertTrue(calls.convertToAssets(shares) < 10 ether);
        assertGt(calls.convertToAssets(10e24), 8.9 ether);
    }

    function test_cranks_cannotBeTurnedTwice() public {
        start(puts, alice, 1000e6);
        roll(puts);
        vm.expectPartialRevert(IOptionVault.WrongPhase.selector);
        puts.roll();
        publish();
        expire(puts);
        publish();
        settle(puts);
        (bytes[] memory values, bytes memory proof) = open(settleKeys(puts));
        bytes32 id = chain.latestConfirmed();
        vm.expectPartialRevert(IOptionVault.MessagePending.selector);
        puts.settle(id, values, proof);
        publish();
        pay(0);
        close(puts, 0);
        vm.expectPartialRevert(IOptionVault.WrongPhase.selector);
        this.closePuts(0);
    }

    function test_dust_onL2_cannotBlockTheClose() public {
        start(puts, alice, 1000e6);
        roll(puts);
        publish();
        expire(puts);
        publish();
        for (uint256 i = 0; i < 3; ++i) {
            withdrawalsFail = i < 2;
            donateL2(accountOf(puts), USDC, 1);
            settle(puts);
            publish();
        }
        donateL2(accountOf(puts), USDC, 1);
        publish();
        pay(0);
        close(puts, 0);
        assertEq(puts.conversionOf(2).stayed, 2);
        assertEq(puts.epoch().number, 3);
    }

    function test_donation_thatHidesAWithdrawal_losesNothing() public {
        start(puts, alice, 1000e6);
        roll(puts);
        publish();
        expire(puts);
        publish();
        settle(puts);
        publish();
        // As much as has left: the withdrawal seems to have failed, and is sent again.
        donateL2(accountOf(puts), USDC, 1000e6);
        publish();
        settle(puts);
        publish();
        pay(0);
        pay(1);
        vm.expectRevert(abi.encodeWithSelector(IOptionVault.UseClose.selector, 1));
        this.collectPuts(1);
        close(puts, 1);
        collect(puts, 0);
        assertEq(puts.books().incoming, 1000e6);
        runEpoch(puts, 0);
        assertEq(puts.conversionOf(3).assets + puts.books().fees, 2000e6);
    }

    function test_collect_cannotTakeTheEntryOfTheClose() public {
        start(puts, alice, 1000e6);
        roll(puts);
        publish();
        expire(puts);
        publish();
        settle(puts);
        publish();
        pay(0);
        vm.expectRevert(abi.encodeWithSelector(IOptionVault.UseClose.selector, 0));
        this.collectPuts(0);
        close(puts, 0);
        vm.expectRevert(abi.encodeWithSelector(IOptionVault.AlreadyCollected.selector, 0));
        this.collectPuts(0);
    }

    function test_adopt_refusesForeignAccounts() public {
        start(calls, alice, 10 ether);
        roll(calls);
        publish();
        expire(calls);
        uint32 account = accountOf(calls);
        (l2[account].owner, l2[account].group) = (eve, 77);
        // An account of hers that she gave to the vault, with nothing in it; one of the group that is not the vault's.
        uint32 hers = uint32(FIRST_L2_ACCOUNT + 9);
        openL2(hers, address(calls), 99);
        openL2(hers + 1, eve, account);
        publish();
        settle(calls);
        vm.expectRevert(abi.encodeWithSelector(IOptionVault.ForeignAccount.selector, hers, address(calls), 99));
        this.adoptCalls(hers);
        vm.expectRevert(abi.encodeWithSelector(IOptionVault.ForeignAccount.selector, hers + 1, eve, account));
        this.adoptCalls(hers + 1);
        vm.expectPartialRevert(IOptionVault.ForeignAccount.selector);
        this.adoptCalls(account);
        vm.warp(vm.getBlockTimestamp() + GRACE);
        calls.writeOff();
        assertEq(calls.epoch().generation, 1);
    }

    function test_reentrantAsset_isStopped() public {
        HookToken hook = new HookToken();
        VaultTerms memory t = callTerms();
        t.asset = address(hook);
        OptionVault vault = OptionVault(
            Shipped.deploy(
                "OptionVault", abi.encode("Hook", "HOOK", VaultStrategy(Shipped.deploy("VaultStrategy", abi.encode(t))))
            )
        );
        hook.mint(alice, 10 ether);
        vm.prank(alice);
        hook.approve(address(vault), 10 ether);
        vm.prank(alice);
        vault.setOperator(address(hook), true);
        hook.setHook(address(vault), abi.encodeCall(vault.requestDeposit, (1 ether, alice, alice)));
        vm.prank(alice);
        vault.requestDeposit(1 ether, alice, alice);
        assertFalse(hook.reentered());
        assertEq(bytes32(hook.answer()), bytes32(bytes4(keccak256("ReentrancyGuardReentrantCall()"))));
        assertEq(vault.pendingDepositRequest(0, alice), 1 ether);
        hook.setHook(address(vault), abi.encodeCall(vault.roll, ()));
        vm.prank(alice);
        vault.requestDeposit(1 ether, alice, alice);
        assertFalse(hook.reentered());
    }

    function test_feeOnTransferAsset_isRefused() public {
        FeeToken fee = new FeeToken();
        VaultTerms memory t = callTerms();
        t.asset = address(fee);
        OptionVault vault = OptionVault(
            Shipped.deploy(
                "OptionVault", abi.encode("Fee", "FEE", VaultStrategy(Shipped.deploy("VaultStrategy", abi.encode(t))))
            )
        );
        fee.mint(alice, 10 ether);
        vm.startPrank(alice);
        fee.approve(address(vault), 10 ether);
        vm.expectRevert(abi.encodeWithSelector(IOptionVault.FeeOnTransfer.selector, 10 ether, 9.9 ether));
        vault.requestDeposit(10 ether, alice, alice);
        vm.stopPrank();
    }

    function test_totalLoss_sharesOfThePastBuyNothing() public {
        start(puts, alice, 1000e6);
        requestDeposit(puts, bob, 500e6);
        runEpoch(puts, 0);
        // Bob does not claim; everything is lost; Eve comes.
        roll(puts);
        publish();
        requestDeposit(puts, eve, 300e6);
        expire(puts);
        l2[accountOf(puts)].cash = 0;
        publish();
        settle(puts);
        vm.warp(vm.getBlockTimestamp() + GRACE);
        puts.writeOff();
        assertEq(puts.maxDeposit(bob), 0);
        assertEq(puts.maxMint(bob), 0);
        assertEq(claimShares(puts, eve), 300e12);
        assertEq(share(puts).totalSupply(), 300e12);
        uint256 shares = 300e12;
        vm.expectPartialRevert(0xe450d38c); // ERC20InsufficientBalance
        vm.prank(alice);
        puts.requestRedeem(shares, alice, alice);
    }

    function test_totalLoss_lateRedemptionsDoNotBlockTheNextClose() public {
        start(puts, alice, 1000e6);
        roll(puts);
        publish();
        vm.warp(puts.cutoffAt());
        requestRedeem(puts, alice, 400e12);
        requestDeposit(puts, bob, 100e6);
        expire(puts);
        // Less than a millionth of par is left.
        l2[accountOf(puts)].cash = 900;
        publish();
        finishLoss(puts);
        assertEq(puts.epoch().generation, 1);
        assertEq(puts.pendingRedeemRequest(0, alice), 0);
        assertEq(puts.maxRedeem(alice), 400e12);
        assertEq(puts.books().pendingRedeems, 0);
        assertEq(puts.books().pendingDeposits, 100e6, "a deposit waits for its own close");
        requestDeposit(puts, eve, 50e6);
        roll(puts);
        claimShares(puts, eve);
        requestRedeem(puts, eve, 10e12);
        requestRedeem(puts, eve, 5e12);
        runEpoch(puts, 0);
        assertEq(puts.maxRedeem(eve), 15e12);
        assertTrue(claimAssets(puts, eve) > 14e6);
        assertLe(claimAssets(puts, alice), 400);
        assertEq(claimShares(puts, bob), 100e12);
    }

    function test_dustInAnEmptyAccount_cannotHideARefund() public {
        start(puts, alice, 1000e6);
        roll(puts);
        depositsFail = true;
        publish();
        expire(puts);
        depositsFail = false;
        openL2(accountOf(puts), address(puts), 0);
        donateL2(accountOf(puts), USDC, 1);
        publish();
        // Slot 0 is the refund of the deposit, slot 1 the withdrawal of the gift.
        settle(puts);
        publish();
        pay(1);
        vm.expectPartialRevert(IOptionVault.GraceRunning.selector);
        this.closePuts(1);
        pay(0);
        collect(puts, 0);
        close(puts, 1);
        assertEq(puts.epoch().generation, 0);
        assertTrue(puts.totalAssets() > 998e6);
    }

    function test_terms_outOfRange_areRefused() public {
        VaultTerms memory t = putTerms();
        t.reservePpm = t.startPpm + 1;
        vm.expectRevert(
            abi.encodeWithSelector(IOptionVault.InvalidParameter.selector, bytes32("reservePpm"), t.reservePpm)
        );
        Shipped.deploy("VaultStrategy", abi.encode(t));
        t = putTerms();
        t.minTenorSeconds = 600;
        vm.expectRevert(abi.encodeWithSelector(IOptionVault.InvalidParameter.selector, bytes32("minTenorSeconds"), 600));
        Shipped.deploy("VaultStrategy", abi.encode(t));
        t = putTerms();
        t.asset = address(weth);
        vm.expectPartialRevert(IOptionVault.InvalidParameter.selector);
        Shipped.deploy("VaultStrategy", abi.encode(t));
        t = putTerms();
        t.lossGraceSeconds = MATURITY - 1;
        vm.expectPartialRevert(IOptionVault.InvalidParameter.selector);
        Shipped.deploy("VaultStrategy", abi.encode(t));
    }

    function collectPuts(uint64 slot) external {
        collect(puts, slot);
    }

    function closePuts(uint64 slot) external {
        close(puts, slot);
    }

    function adoptCalls(uint32 account) external {
        adopt(calls, account);
    }
}
