// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {StakePool} from "../../src/StakePool.sol";
import {IStakePool, Service} from "../../src/interfaces/IStakePool.sol";
import {Shipped} from "../Shipped.sol";
import {Test} from "../Test.sol";
import {PickyRecipient, ReentrantRecipient} from "../mocks/Recipients.sol";

/// @notice The money of the game, with this test in place of chain and game (docs/spec.md D-12, D-13).
contract StakePoolTest is Test {
    uint64 private constant PRICE = 30 gwei;
    uint8 private constant HEIGHT = 12;
    /// Twice what defending against one rival can earn, at height 12.
    uint256 private constant LEAST = 2 * (1_000_000 + 12 * 250_000 + 1_000_000 + 32_000_000 + 250_000) * uint256(PRICE);
    bytes32 private constant CONTEST = keccak256("contest");

    StakePool private pool;
    address private settler = makeAddr("settler");
    address private alice = makeAddr("alice");
    address private bob = makeAddr("bob");

    function setUp() public {
        pool = _newPool(3 ether);
        vm.deal(address(this), 100 ether);
    }

    function test_constructor_stakeBelowTheDefence_isRejected() public {
        assertEq(_newPool(uint96(LEAST)).STAKE_WEI(), LEAST);
        bytes memory reason =
            abi.encodeWithSelector(IStakePool.InvalidParameter.selector, bytes32("stakeWei"), LEAST - 1);
        vm.expectRevert(reason);
        Shipped.deploy("StakePool", abi.encode(address(this), address(this), HEIGHT, uint96(LEAST - 1), PRICE));
        vm.expectRevert(abi.encodeWithSelector(IStakePool.InvalidParameter.selector, bytes32("tariffGasPriceWei"), 0));
        Shipped.deploy("StakePool", abi.encode(address(this), address(this), HEIGHT, 3 ether, 0));
    }

    function test_tariff_isGasAtTheReferencePrice() public view {
        assertEq(pool.tariff(Service.ASSERTION), 0.03 ether);
        assertEq(pool.tariff(Service.BISECTION), 0.0075 ether);
        assertEq(pool.tariff(Service.ONE_STEP_PROOF), 0.03 ether);
        assertEq(pool.tariff(Service.REFUTATION), 0.96 ether);
        assertEq(pool.tariff(Service.SETTLEMENT), 0.0075 ether);
    }

    function test_everyMove_stranger_isRejected() public {
        bytes memory reason = abi.encodeWithSelector(IStakePool.NotAuthorized.selector, alice);
        vm.deal(alice, 3 ether);
        vm.startPrank(alice);
        vm.expectRevert(reason);
        pool.lock{value: 3 ether}(alice, CONTEST);
        vm.expectRevert(reason);
        pool.release(alice);
        vm.expectRevert(reason);
        pool.seize(bob, CONTEST, alice);
        vm.expectRevert(reason);
        pool.pay(CONTEST, Service.REFUTATION, alice);
        vm.expectRevert(reason);
        pool.burnPot(CONTEST);
        vm.stopPrank();
    }

    function test_lock_otherAmount_isRejected() public {
        vm.expectRevert(abi.encodeWithSelector(IStakePool.StakeMismatch.selector, 3 ether, 3 ether - 1));
        pool.lock{value: 3 ether - 1}(alice, CONTEST);
    }

    function testFuzz_seize_anyStake_losesNothing(uint96 stake) public {
        stake = uint96(bound(stake, LEAST, 1000 ether));
        pool = _newPool(stake);
        vm.deal(address(this), stake);
        pool.lock{value: stake}(alice, CONTEST);
        uint256 before = pool.GRAVE().balance;
        vm.expectEmit(address(pool));
        emit IStakePool.BondBurned(alice, CONTEST, stake / 2, settler, 0.0075 ether);
        pool.seize(alice, CONTEST, settler);
        assertEq(pool.GRAVE().balance - before, stake / 2);
        assertEq(pool.claimable(settler), 0.0075 ether);
        assertEq(pool.pot(CONTEST) + stake / 2 + 0.0075 ether, stake);
        _checkSums(stake, 0);
    }

    function test_seize_ownAccomplices_losesHalf() public {
        // One party is staker, settler and refuter: it gets back less than the half that was not burnt.
        pool.lock{value: 3 ether}(alice, CONTEST);
        pool.seize(alice, CONTEST, alice);
        pool.pay(CONTEST, Service.REFUTATION, alice);
        uint256 rest = pool.pot(CONTEST);
        vm.expectEmit(address(pool));
        emit IStakePool.PotBurned(CONTEST, rest);
        pool.burnPot(CONTEST);
        assertLe(pool.claimable(alice), 1.5 ether);
        assertEq(pool.burnt(), 3 ether - pool.claimable(alice));
        assertEq(pool.GRAVE().balance, pool.burnt());
        _checkSums(3 ether, 0);
    }

    function test_pay_fromTheOwnPotOnly() public {
        pool.lock{value: 3 ether}(alice, CONTEST);
        pool.seize(alice, CONTEST, settler);
        bytes32 other = keccak256("other");
        vm.expectRevert(abi.encodeWithSelector(IStakePool.PotTooSmall.selector, other, 0, 0.0075 ether));
        pool.pay(other, Service.BISECTION, bob);
        vm.expectEmit(address(pool));
        emit IStakePool.TariffPaid(CONTEST, Service.REFUTATION, bob, 0.96 ether);
        pool.pay(CONTEST, Service.REFUTATION, bob);
        assertEq(pool.claimable(bob), 0.96 ether);
        uint256 available = 1.5 ether - 0.0075 ether - 0.96 ether;
        vm.expectRevert(abi.encodeWithSelector(IStakePool.PotTooSmall.selector, CONTEST, available, 0.96 ether));
        pool.pay(CONTEST, Service.REFUTATION, bob);
        _checkSums(3 ether, 0);
    }

    function test_claim_paysOnce_toAnyRecipient() public {
        pool.lock{value: 3 ether}(alice, CONTEST);
        pool.release(alice);
        vm.expectEmit(address(pool));
        emit IStakePool.Claimed(alice, bob, 3 ether);
        vm.prank(alice);
        pool.claim(bob);
        assertEq(bob.balance, 3 ether);
        _checkSums(3 ether, 3 ether);
        vm.expectRevert(abi.encodeWithSelector(IStakePool.NothingToClaim.selector, alice));
        vm.prank(alice);
        pool.claim(bob);
    }

    function test_claim_refused_creditStays() public {
        PickyRecipient picky = new PickyRecipient();
        pool.lock{value: 3 ether}(alice, CONTEST);
        pool.release(alice);
        vm.expectRevert(abi.encodeWithSelector(IStakePool.PaymentRefused.selector, address(picky), 3 ether));
        vm.prank(alice);
        pool.claim(address(picky));
        assertEq(pool.claimable(alice), 3 ether);
        _checkSums(3 ether, 0);
    }

    function test_claim_reentrant_isPaidOnce() public {
        ReentrantRecipient attacker = new ReentrantRecipient();
        attacker.setHook(address(pool), abi.encodeCall(pool.claim, (address(attacker))));
        pool.lock{value: 3 ether}(address(attacker), CONTEST);
        pool.lock{value: 3 ether}(alice, CONTEST);
        pool.release(address(attacker));
        attacker.execute(address(pool), 0, abi.encodeCall(pool.claim, (address(attacker))));
        assertTrue(attacker.tried());
        assertFalse(attacker.reentered());
        assertEq(address(attacker).balance, 3 ether);
        _checkSums(6 ether, 3 ether);
    }

    /// @dev P-1: money received is somewhere, exactly.
    function testFuzz_anyMoves_moneyIsConserved(uint256 seed) public {
        uint256 received;
        uint256 paid;
        for (uint256 i = 0; i < 24; ++i) {
            uint256 draw = uint256(keccak256(abi.encode(seed, i)));
            address who = address(uint160(0x100000 + (draw >> 8) % 3));
            bytes32 contest = bytes32((draw >> 16) % 2);
            uint256 move = draw % 6;
            if (move == 0) {
                pool.lock{value: 3 ether}(who, contest);
                received += 3 ether;
            } else if (move == 1 && pool.locked() > 0) {
                pool.release(who);
            } else if (move == 2 && pool.locked() > 0) {
                pool.seize(who, contest, settler);
            } else if (move == 3) {
                try pool.pay(contest, Service((draw >> 24) % 5), who) {} catch {}
            } else if (move == 4) {
                pool.burnPot(contest);
            } else if (pool.claimable(who) > 0) {
                paid += pool.claimable(who);
                vm.prank(who);
                pool.claim(who);
            }
            _checkSums(received, paid);
        }
    }

    function _newPool(uint96 stake) private returns (StakePool) {
        return StakePool(Shipped.deploy("StakePool", abi.encode(address(this), address(this), HEIGHT, stake, PRICE)));
    }

    function _checkSums(uint256 received, uint256 paid) private view {
        assertEq(pool.locked() + pool.pots() + pool.owed() + pool.burnt() + paid, received, "P-1");
        assertEq(address(pool).balance, pool.locked() + pool.pots() + pool.owed(), "P-1");
    }
}
