// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ExitMode} from "../../src/ExitMode.sol";
import {AssertionInput, IAssertionChain} from "../../src/interfaces/IAssertionChain.sol";
import {IBridge} from "../../src/interfaces/IBridge.sol";
import {IExitMode} from "../../src/interfaces/IExitMode.sol";
import {ItemHeader} from "../../src/types/Inputs.sol";
import {ExitFixture} from "../ExitFixture.sol";
import {Shipped} from "../Shipped.sol";

/// @notice The trigger (docs/spec.md E-1, E-2): what counts as the oldest unconfirmed item, and when it is old enough.
contract ExitModeTest is ExitFixture {
    function setUp() public {
        deploySettlement();
        bridge.openAccount(alice);
    }

    // ---- constructor

    function test_constructor_wrongWiring_isRejected() public {
        _expectRefused("bridge", address(usdc), address(inbox), address(bridge), address(chain), EXIT_AFTER);
        _expectRefused("bridge", address(bridge), address(inbox), address(bridge), address(chain), EXIT_AFTER);
        address here = vm.computeCreateAddress(address(this), vm.getNonce(address(this)));
        vm.mockCall(address(bridge), abi.encodeCall(bridge.EXIT_MODE, ()), abi.encode(here));
        vm.mockCall(address(bridge), abi.encodeCall(bridge.INBOX, ()), abi.encode(alice));
        _expectRefused("inbox", address(inbox), address(inbox), address(bridge), address(chain), EXIT_AFTER);
    }

    function test_constructor_badPeriods_areRejected() public {
        vm.warp(MAX_PAST - 1);
        _expectRefusedHere("maxPastSeconds", MAX_PAST, address(chain), EXIT_AFTER);
        vm.warp(MAX_PAST);
        _expectRefusedHere("exitAfterSeconds", 0, address(chain), 0);
        uint64 tooLong = (1 << 31) + 1;
        _expectRefusedHere("exitAfterSeconds", tooLong, address(chain), tooLong);
        _expectRefusedHere("assertionChain", uint160(alice), alice, EXIT_AFTER);
        _expectWindowRefused(0);
        _expectWindowRefused(tooLong);
        _mockBridgeFor(vm.computeCreateAddress(address(this), vm.getNonce(address(this))));
        assertEq(
            ExitMode(
                    Shipped.deploy(
                        "ExitMode", abi.encode(address(inbox), address(bridge), address(chain), 1 << 31, 1 << 31)
                    )
                ).EXIT_AFTER_SECONDS(),
            1 << 31
        );
    }

    // ---- the trigger

    function test_enter_ageOfTheOldestItem_isMetAtEquality() public {
        postItem(0);
        mine(100);
        postItem(0);
        vm.warp(START + EXIT_AFTER - 1);
        vm.expectRevert(abi.encodeWithSelector(IExitMode.TooEarly.selector, START + EXIT_AFTER));
        exitMode.enter(headers[0]);
        assertFalse(exitMode.entered());
        uint256 before = vm.snapshotState();
        vm.warp(START + EXIT_AFTER + 1);
        exitMode.enter(headers[0]);
        assertTrue(vm.revertToState(before));
        vm.warp(START + EXIT_AFTER);
        bytes32 genesis = keccak256("genesis state");
        vm.expectEmit(address(exitMode));
        emit IExitMode.ExitModeEntered(chain.GENESIS_ID(), genesis, 0, bob);
        vm.prank(bob);
        exitMode.enter(headers[0]);
        assertTrue(exitMode.entered());
        assertEq(exitMode.enteredAt(), START + EXIT_AFTER);
        assertEq(exitMode.stateRoot(), genesis);
    }

    function test_enter_twice_isRejected() public {
        postItem(0);
        vm.warp(START + EXIT_AFTER);
        exitMode.enter(headers[0]);
        mine(1);
        vm.expectRevert(abi.encodeWithSelector(IExitMode.AlreadyEntered.selector, START + EXIT_AFTER));
        exitMode.enter(headers[0]);
    }

    function test_enter_idleChain_neverGetsThere() public {
        ItemHeader memory nothing;
        vm.warp(START + 10 * EXIT_AFTER);
        vm.expectRevert(abi.encodeWithSelector(IExitMode.NothingUnconfirmed.selector, 0));
        exitMode.enter(nothing);
        postItem(0);
        _confirm(1, 0);
        vm.warp(vm.getBlockTimestamp() + 10 * EXIT_AFTER);
        vm.expectRevert(abi.encodeWithSelector(IExitMode.NothingUnconfirmed.selector, 1));
        exitMode.enter(headers[0]);
        postItem(0);
        uint256 until = vm.getBlockTimestamp() + EXIT_AFTER;
        vm.expectRevert(abi.encodeWithSelector(IExitMode.TooEarly.selector, until));
        exitMode.enter(headers[1]);
    }

    function test_enter_unconsumedMessageWithoutAnItem_isNoReason() public {
        deposit(bob, 1, ETH, 1 ether);
        ItemHeader memory nothing;
        vm.warp(START + 10 * EXIT_AFTER);
        vm.expectRevert(abi.encodeWithSelector(IExitMode.NothingUnconfirmed.selector, 0));
        exitMode.enter(nothing);
    }

    function test_enter_confirmation_movesTheOldestItem() public {
        postItem(0);
        mine(50);
        postItem(0);
        _confirm(1, 0);
        vm.warp(START + EXIT_AFTER + 49);
        vm.expectPartialRevert(IExitMode.WrongItem.selector);
        exitMode.enter(headers[0]);
        vm.expectRevert(abi.encodeWithSelector(IExitMode.TooEarly.selector, START + EXIT_AFTER + 50));
        exitMode.enter(headers[1]);
        vm.warp(START + EXIT_AFTER + 50);
        exitMode.enter(headers[1]);
    }

    function test_enter_itemBegunButNotFinished_countsAsUnconfirmed() public {
        deposit(bob, 1, ETH, 1 ether);
        deposit(bob, 1, ETH, 1 ether);
        postItem(2);
        World memory world = newWorld(1);
        (world.phase, world.delayed) = (1, 1);
        confirmWorld(world);
        vm.warp(START + EXIT_AFTER - 1);
        vm.expectRevert(abi.encodeWithSelector(IExitMode.TooEarly.selector, START + EXIT_AFTER));
        exitMode.enter(headers[0]);
        vm.warp(START + EXIT_AFTER);
        exitMode.enter(headers[0]);
    }

    function test_enter_pendingAssertion_doesNotCount() public {
        postItem(0);
        World memory world = newWorld(1);
        world.item = 1;
        assertWorld(chain.GENESIS_ID(), world);
        vm.warp(START + EXIT_AFTER);
        exitMode.enter(headers[0]);
        assertEq(exitMode.stateRoot(), keccak256("genesis state"));
    }

    function test_enter_headerOfAnotherItem_orForged_isRejected() public {
        postItem(0);
        mine(1);
        postItem(0);
        vm.warp(START + 2 * EXIT_AFTER);
        _expectWrong(headers[1]);
        for (uint256 field = 0; field < 7; ++field) {
            ItemHeader memory forged = headers[0];
            if (field == 0) forged.kind = 2;
            if (field == 1) forged.byteLength += 1;
            if (field == 2) forged.dataRoot ^= bytes32(uint256(1));
            if (field == 3) forged.delayedCount += 1;
            if (field == 4) forged.delayedAcc ^= bytes32(uint256(1));
            if (field == 5) forged.minTime -= 1;
            if (field == 6) forged.maxTime -= 1;
            _expectWrong(forged);
        }
        exitMode.enter(headers[0]);
    }

    function test_enter_forcedItem_countsLikeABatch() public {
        deposit(bob, 1, ETH, 1 ether);
        mine(FORCE_AFTER);
        inbox.forceInclude();
        uint40 time = uint40(START + FORCE_AFTER);
        headers.push(
            ItemHeader(
                2, 0, 0, 1, inbox.delayedAccumulator(1), 0, 0, time - uint40(MAX_PAST), time + uint40(MAX_FUTURE)
            )
        );
        vm.warp(time + EXIT_AFTER - 1);
        vm.expectRevert(abi.encodeWithSelector(IExitMode.TooEarly.selector, time + EXIT_AFTER));
        exitMode.enter(headers[0]);
        vm.warp(time + EXIT_AFTER);
        exitMode.enter(headers[0]);
    }

    function test_enter_terminal_nothingIsAssertedMarkedOrConfirmed() public {
        postItem(0);
        World memory world = newWorld(1);
        world.item = 1;
        bytes32 id = assertWorld(chain.GENESIS_ID(), world);
        world.delayed = 1;
        AssertionInput memory rival = claimOf(chain.GENESIS_ID(), world);
        AssertionInput memory child = claimOf(id, world);
        postItem(0);
        vm.warp(START + EXIT_AFTER);
        uint256 before = vm.snapshotState();
        chain.confirm(id);
        assertTrue(vm.revertToState(before));
        exitMode.enter(headers[0]);
        vm.expectRevert(IAssertionChain.ExitModeActive.selector);
        chain.confirm(id);
        vm.expectRevert(IAssertionChain.ExitModeActive.selector);
        chain.markConfirmable(id);
        vm.deal(alice, STAKE);
        vm.prank(alice);
        vm.expectRevert(IAssertionChain.ExitModeActive.selector);
        chain.createAssertion{value: STAKE}(rival);
        vm.prank(staker);
        vm.expectRevert(IAssertionChain.ExitModeActive.selector);
        chain.createAssertion(child);
        assertEq(chain.latestConfirmed(), chain.GENESIS_ID());
    }

    /// @dev G-8: a claim that can never win nor lose any more gives its stake back.
    function test_enter_pendingStake_isReleased() public {
        postItem(0);
        World memory world = newWorld(1);
        world.item = 1;
        bytes32 id = assertWorld(chain.GENESIS_ID(), world);
        vm.prank(staker);
        vm.expectRevert(abi.encodeWithSelector(IAssertionChain.StakeLocked.selector, staker, id));
        chain.withdrawStake();
        vm.warp(START + EXIT_AFTER);
        exitMode.enter(headers[0]);
        vm.prank(staker);
        chain.withdrawStake();
        assertEq(pool.claimable(staker), STAKE);
    }

    function test_enter_paused_entersAnyway() public {
        postItem(0);
        vm.warp(START + EXIT_AFTER);
        vm.prank(guardian);
        bridge.pause(MAX_PAUSE);
        exitMode.enter(headers[0]);
        assertTrue(exitMode.entered());
    }

    // ---- the bridge obeys nobody else

    function test_payExit_strangers_areRejected() public {
        deposit(bob, 1, ETH, 1 ether);
        address[4] memory strangers = [alice, guardian, address(chain), address(inbox)];
        for (uint256 i = 0; i < strangers.length; ++i) {
            vm.prank(strangers[i]);
            vm.expectRevert(abi.encodeWithSelector(IBridge.NotExitMode.selector, strangers[i]));
            bridge.payExit(ETH, strangers[i], 1);
        }
    }

    function _confirm(uint40 item, uint40 delayed) private {
        World memory world = newWorld(1);
        (world.item, world.delayed) = (item, delayed);
        confirmWorld(world);
    }

    function _expectWrong(ItemHeader memory header) private {
        vm.expectPartialRevert(IExitMode.WrongItem.selector);
        exitMode.enter(header);
    }

    function _expectRefused(
        bytes32 name,
        address value,
        address inboxAt,
        address bridgeAt,
        address chainAt,
        uint64 exitAfter
    ) private {
        if (value == address(usdc)) bridgeAt = value;
        vm.expectRevert(abi.encodeWithSelector(IExitMode.InvalidParameter.selector, name, uint160(value)));
        Shipped.deploy("ExitMode", abi.encode(inboxAt, bridgeAt, chainAt, exitAfter, EXIT_CLAIM));
    }

    /// @dev The bridge knows the address that the next contract gets.
    function _expectRefusedHere(bytes32 name, uint256 value, address chainAt, uint64 exitAfter) private {
        _mockBridgeFor(vm.computeCreateAddress(address(this), vm.getNonce(address(this))));
        vm.expectRevert(abi.encodeWithSelector(IExitMode.InvalidParameter.selector, name, value));
        Shipped.deploy("ExitMode", abi.encode(address(inbox), address(bridge), chainAt, exitAfter, EXIT_CLAIM));
    }

    function _expectWindowRefused(uint64 exitClaim) private {
        _mockBridgeFor(vm.computeCreateAddress(address(this), vm.getNonce(address(this))));
        vm.expectRevert(
            abi.encodeWithSelector(IExitMode.InvalidParameter.selector, bytes32("exitClaimSeconds"), exitClaim)
        );
        Shipped.deploy("ExitMode", abi.encode(address(inbox), address(bridge), address(chain), EXIT_AFTER, exitClaim));
    }

    function _mockBridgeFor(address exitAt) private {
        vm.mockCall(address(bridge), abi.encodeCall(bridge.EXIT_MODE, ()), abi.encode(exitAt));
    }
}
