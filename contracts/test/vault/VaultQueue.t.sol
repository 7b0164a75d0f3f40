// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC7540Deposit, IERC7540Operator, IERC7540Redeem, IERC7575} from "../../src/interfaces/IERC7540.sol";
import {IOptionVault} from "../../src/interfaces/IOptionVault.sol";
import {IVaultShare} from "../../src/interfaces/IVaultShare.sol";
import {TestUSDC} from "../../src/tokens/TestUSDC.sol";
import {VaultWorld} from "../VaultWorld.sol";

/// @notice Requests, claims and views of an option vault: ERC-4626 as ERC-7540 modifies it, and the token of ERC-7575.
contract VaultQueueTest is VaultWorld {
    function setUp() public {
        deployWorld();
    }

    function test_supportsInterface_idsOfTheStandards() public view {
        assertEq(bytes32(type(IERC7540Operator).interfaceId), bytes32(bytes4(0xe3bc4e65)));
        assertEq(bytes32(type(IERC7575).interfaceId), bytes32(bytes4(0x2f0a18c5)));
        assertEq(bytes32(type(IERC7540Deposit).interfaceId), bytes32(bytes4(0xce3bbe50)));
        assertEq(bytes32(type(IERC7540Redeem).interfaceId), bytes32(bytes4(0x620ee8e4)));
        assertTrue(puts.supportsInterface(0x01ffc9a7));
        assertTrue(puts.supportsInterface(0xe3bc4e65));
        assertTrue(puts.supportsInterface(0x2f0a18c5));
        assertTrue(puts.supportsInterface(0xce3bbe50));
        assertTrue(puts.supportsInterface(0x620ee8e4));
        assertFalse(puts.supportsInterface(0xffffffff));
        assertTrue(IVaultShare(puts.share()).supportsInterface(0xf815c03d));
        assertEq(IVaultShare(puts.share()).vault(address(usdc)), address(puts));
        assertEq(IVaultShare(puts.share()).vault(address(weth)), address(0));
    }

    function test_views_atStart() public view {
        assertEq(puts.asset(), address(usdc));
        assertEq(IVaultShare(puts.share()).decimals(), 12);
        assertEq(IVaultShare(calls.share()).decimals(), 24);
        assertEq(puts.convertToShares(1e6), 1e12);
        assertEq(puts.convertToAssets(1e12), 1e6);
        assertEq(puts.strategy(), address(putStrategy));
        assertEq(calls.epoch().number, 1);
    }

    function test_previews_revert() public {
        vm.expectRevert(IOptionVault.NoPreview.selector);
        puts.previewDeposit(1);
        vm.expectRevert(IOptionVault.NoPreview.selector);
        puts.previewMint(1);
        vm.expectRevert(IOptionVault.NoPreview.selector);
        puts.previewWithdraw(1);
        vm.expectRevert(IOptionVault.NoPreview.selector);
        puts.previewRedeem(1);
    }

    function test_requestDeposit_checks() public {
        give(puts, alice, 1000e6);
        vm.startPrank(alice);
        vm.expectRevert(abi.encodeWithSelector(IOptionVault.BelowMinimum.selector, 1, 10e6));
        puts.requestDeposit(1, alice, alice);
        vm.expectRevert(abi.encodeWithSelector(IOptionVault.CapExceeded.selector, 100_000_001e6, 100_000_000e6));
        puts.requestDeposit(100_000_001e6, alice, alice);
        vm.expectRevert(IOptionVault.ZeroController.selector);
        puts.requestDeposit(10e6, address(0), alice);
        vm.stopPrank();
        vm.expectRevert(abi.encodeWithSelector(IOptionVault.NotOperator.selector, bob, alice));
        vm.prank(bob);
        puts.requestDeposit(10e6, bob, alice);
        vm.prank(alice);
        assertTrue(puts.setOperator(bob, true));
        vm.prank(bob);
        assertEq(puts.requestDeposit(10e6, bob, alice), 0);
        assertEq(puts.pendingDepositRequest(0, bob), 10e6);
        vm.expectRevert(abi.encodeWithSelector(IOptionVault.UnknownRequest.selector, 1));
        puts.pendingDepositRequest(1, bob);
    }

    function test_requestRedeem_ownerOperatorOrAllowance() public {
        start(puts, alice, 1000e6);
        vm.expectPartialRevert(0xfb8f41b2); // ERC20InsufficientAllowance
        vm.prank(bob);
        puts.requestRedeem(1e12, bob, alice);
        TestUSDC token = share(puts);
        vm.prank(alice);
        token.approve(bob, 5e12);
        vm.prank(bob);
        puts.requestRedeem(5e12, bob, alice);
        assertEq(token.allowance(alice, bob), 0);
        assertEq(puts.pendingRedeemRequest(0, bob), 5e12);
        vm.prank(alice);
        puts.setOperator(bob, true);
        vm.prank(bob);
        puts.requestRedeem(7e12, alice, alice);
        assertEq(puts.pendingRedeemRequest(0, alice), 7e12);
        assertEq(sharesOf(puts, alice), 988e12);
        assertEq(share(puts).totalSupply(), 1000e12, "queued shares still exist");
        vm.expectRevert(IOptionVault.ZeroShares.selector);
        vm.prank(alice);
        puts.requestRedeem(0, alice, alice);
    }

    function test_cutoff_laterRequestsConvertLater() public {
        start(puts, alice, 1000e6);
        roll(puts);
        publish();
        vm.warp(puts.cutoffAt() - 1);
        requestDeposit(puts, bob, 100e6);
        vm.warp(puts.cutoffAt());
        requestDeposit(puts, bob, 50e6);
        requestRedeem(puts, alice, 10e12);
        assertEq(puts.pendingDepositRequest(0, bob), 150e6);
        assertEq(puts.books().pendingDeposits, 100e6);
        assertEq(puts.books().lateDeposits, 50e6);
        expire(puts);
        publish();
        finish(puts);
        assertEq(puts.claimableDepositRequest(0, bob), 100e6);
        assertEq(puts.pendingDepositRequest(0, bob), 50e6);
        assertEq(puts.claimableRedeemRequest(0, alice), 0);
        runEpoch(puts, 0);
        assertEq(puts.maxDeposit(bob), 150e6, "unclaimed requests add up");
        assertEq(puts.maxRedeem(alice), 10e12);
        uint256 shares = puts.maxMint(bob);
        assertEq(claimShares(puts, bob), shares);
        assertEq(sharesOf(puts, bob), shares);
        assertEq(puts.maxDeposit(bob), 0);
    }

    function test_claims_partialRoundAgainstTheCaller() public {
        start(puts, alice, 1000e6);
        requestDeposit(puts, bob, 77e6 + 1);
        requestRedeem(puts, alice, 333e12 + 7);
        runEpoch(puts, 13e6 + 3);
        uint256 shares = puts.maxMint(bob);
        vm.startPrank(bob);
        uint256 got = puts.deposit(10e6, bob, bob);
        assertEq(got, uint256(10e6) * shares / (77e6 + 1));
        uint256 paid = puts.mint(1, bob, bob);
        assertEq(paid, 1, "a share costs a whole unit");
        got += 1 + puts.deposit(puts.maxDeposit(bob), bob);
        assertEq(got, shares);
        vm.stopPrank();
        uint256 assets = puts.maxWithdraw(alice);
        vm.startPrank(alice);
        uint256 cost = puts.withdraw(1e6, alice, alice);
        assertTrue(cost * assets >= uint256(1e6) * (333e12 + 7));
        uint256 rest = puts.redeem(puts.maxRedeem(alice), alice, alice);
        assertEq(rest + 1e6, assets);
        vm.expectRevert(abi.encodeWithSelector(IOptionVault.ClaimExceeded.selector, 1, 0));
        puts.redeem(1, alice, alice);
        vm.expectRevert(abi.encodeWithSelector(IOptionVault.ClaimExceeded.selector, 1, 0));
        puts.withdraw(1, alice, alice);
        vm.stopPrank();
        assertEq(puts.books().claimable, 0);
    }

    function test_claims_needController() public {
        requestDeposit(puts, alice, 1000e6);
        roll(puts);
        vm.expectRevert(abi.encodeWithSelector(IOptionVault.NotOperator.selector, eve, alice));
        vm.prank(eve);
        puts.deposit(1000e6, eve, alice);
        vm.prank(alice);
        puts.setOperator(eve, true);
        vm.prank(eve);
        puts.deposit(1000e6, bob, alice);
        assertEq(sharesOf(puts, bob), 1000e12);
    }

    function test_share_permitAndVaultOnly() public {
        (address owner, uint256 key) = makeAddrAndKey("signer");
        start(puts, owner, 1000e6);
        IVaultShare token = IVaultShare(puts.share());
        bytes32 typeHash =
            keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");
        bytes32 message = keccak256(abi.encode(typeHash, owner, bob, 5e12, 0, START + 1));
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", token.DOMAIN_SEPARATOR(), message));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        token.permit(owner, bob, 5e12, START + 1, v, r, s);
        vm.prank(bob);
        token.transferFrom(owner, bob, 5e12);
        assertEq(token.balanceOf(bob), 5e12);
        vm.expectRevert(abi.encodeWithSelector(IVaultShare.NotVault.selector, address(this)));
        token.convert(0, 1, false);
        vm.expectRevert(abi.encodeWithSelector(IVaultShare.NotVault.selector, address(this)));
        token.burn(bob, 1);
        vm.expectRevert(abi.encodeWithSelector(IVaultShare.NotVault.selector, address(this)));
        token.pull(bob, address(0), 1);
    }

    /// forge-config: default.fuzz.runs = 64
    function testFuzz_conversion_sumsNeverExceedPair(uint96 a, uint96 b, uint96 r, int32 gain) public {
        start(puts, alice, 100_000e6);
        uint256 first = bound(a, 10e6, 1_000_000e6);
        uint256 second = bound(b, 10e6, 1_000_000e6);
        uint256 shares = bound(r, 1, 100_000e12);
        requestDeposit(puts, bob, first);
        requestDeposit(puts, eve, second);
        requestRedeem(puts, alice, shares);
        runEpoch(puts, int96(bound(int256(gain), -90_000e6, 100_000e6)));
        uint256 supply = share(puts).totalSupply();
        uint256 minted = supply - (100_000e12 - shares);
        assertLe(puts.maxMint(bob) + puts.maxMint(eve), minted);
        assertTrue(puts.maxMint(bob) + puts.maxMint(eve) + 2 > minted);
        assertLe(puts.maxWithdraw(alice), puts.books().claimable);
        // Nobody gets more out than in by entering: at the new price shares are worth at most what they cost.
        assertLe(puts.convertToAssets(puts.maxMint(bob)), first);
        assertEq(usdc.balanceOf(address(puts)), puts.books().idle + puts.books().claimable + puts.books().fees);
    }
}
