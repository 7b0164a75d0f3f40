// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAssertionChain} from "../../src/interfaces/IAssertionChain.sol";
import {IBridge} from "../../src/interfaces/IBridge.sol";
import {IExitMode} from "../../src/interfaces/IExitMode.sol";
import {IInbox} from "../../src/interfaces/IInbox.sol";
import {IStepVerifier} from "../../src/interfaces/IStepVerifier.sol";
import {StateProof} from "../../src/proof/StateProof.sol";
import {TestUSDC} from "../../src/tokens/TestUSDC.sol";
import {DelayedMessage} from "../../src/types/Inputs.sol";
import {Withdrawal} from "../../src/types/State.sol";
import {ExitFixture} from "../ExitFixture.sol";
import {Shipped} from "../Shipped.sol";
import {TreeModel} from "../TreeModel.sol";
import {PickyRecipient, ReentrantRecipient} from "../mocks/Recipients.sol";
import {NoReturnToken} from "../mocks/Tokens.sol";

/// @notice What everybody takes out in exit mode (docs/spec.md E-3 to E-9).
/// @dev The exit state stands in the middle of item 0, which goes on to message 5; it has consumed messages 0 to 2. So
/// account 1 holds 2 ETH (and took 1 out: outbox 1), account 3 holds 70 USDC and was rotated to bob, account 2 is not
/// open, and message 2 became a refund to bob (outbox 0). Messages 3 and 5 are deposits of bob, 4 is a forced transaction.
contract ExitsTest is ExitFixture {
    uint96 private constant TOKENS = 5e18;

    NoReturnToken private _old;
    bytes32 private _id;

    function setUp() public {
        _old = new NoReturnToken();
        usdc = TestUSDC(Shipped.deploy("TestUSDC"));
        deploySettlement(address(usdc), address(_old));
        for (uint256 i = 0; i < 3; ++i) {
            bridge.openAccount(alice);
        }
        deposit(alice, 1, ETH, 3 ether);
        deposit(alice, 3, USDC, 70e6);
        deposit(bob, 1, TBTC, TOKENS);
        deposit(bob, 1, ETH, 1 ether);
        vm.prank(bob);
        inbox.sendForced(hex"11");
        messages.push(DelayedMessage(1, bob, uint40(START), hex"11"));
        deposit(bob, 1, USDC, 9e6);
        postItem(6);
    }

    // ---- balances

    function test_exitBalance_paysTheOwner_oncePerAsset() public {
        _enter(_world(alice));
        proveTotals();
        proveClaim(1);
        vm.expectEmit(address(exitMode));
        emit IExitMode.ClaimPaid(1, alice, ETH, 2 ether);
        vm.expectEmit(address(bridge));
        emit IBridge.ExitPaid(alice, ETH, 2 ether, false);
        exitBalance(1, ETH);
        assertEq(alice.balance, 2 ether);
        assertEq(bridge.custody(ETH), 2 ether);
        assertEq(exitMode.paid(1, ETH), 2 ether);
        assertEq(exitMode.paid(1, USDC), 0);
        assertEq(exitMode.paid(3, ETH), 0);
        vm.expectRevert(abi.encodeWithSelector(IExitMode.NothingToPay.selector, 1, ETH));
        exitMode.pay(1, ETH);
    }

    function test_exitBalance_rotatedAccount_paysTheOwnerInState() public {
        _enter(_world(alice));
        assertEq(bridge.accountOwner(3), alice);
        exitBalance(3, USDC);
        assertEq(usdc.balanceOf(bob), 70e6);
        assertEq(usdc.balanceOf(alice), 0);
        assertEq(bridge.custody(USDC), 9e6);
    }

    function test_exitBalance_severalAssetsOfOneAccount_eachPaid() public {
        World memory world = _world(alice);
        world.balances[1][USDC] = 3e6;
        world.balances[3][USDC] -= 3e6;
        _enter(world);
        exitBalance(1, USDC);
        exitBalance(1, ETH);
        assertEq(alice.balance, 2 ether);
        assertEq(usdc.balanceOf(alice), 3e6);
    }

    function test_exitBalance_nothingThere_isRejected() public {
        _enter(_world(alice));
        proveTotals();
        proveClaim(1);
        uint8[2] memory none = [USDC, 3];
        for (uint256 i = 0; i < 2; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IExitMode.NothingToPay.selector, 1, none[i]));
            exitMode.pay(1, none[i]);
        }
        vm.expectRevert(abi.encodeWithSelector(IExitMode.UnknownAsset.selector, 4));
        exitMode.pay(1, 4);
        vm.expectRevert(abi.encodeWithSelector(IExitMode.UnknownAccount.selector, 2));
        proveClaim(2);
        vm.expectRevert(abi.encodeWithSelector(IExitMode.UnknownAccount.selector, 0));
        proveClaim(0);
        vm.expectRevert(abi.encodeWithSelector(IExitMode.NotClaimed.selector, 2));
        exitMode.pay(2, ETH);
    }

    /// @dev 2^28 + 1 has the leaf keys of account 1: without a limit each alias would be paid again.
    function test_proveClaim_aliasOfAnAccount_isRejected() public {
        _enter(_world(alice));
        exitBalance(1, ETH);
        TreeModel.Tree memory tree = treeOf(exitWorld);
        (bytes[] memory values, bytes memory proof) = open(tree, claimKeys(tree, 1));
        uint32[5] memory aliases = [uint32(1 << 22) + 1, (1 << 27) + 1, (1 << 28) + 1, (3 << 28) + 1, 1 << 22];
        for (uint256 i = 0; i < aliases.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IExitMode.UnknownAccount.selector, aliases[i]));
            exitMode.proveClaim(aliases[i], values, proof);
            vm.expectRevert(abi.encodeWithSelector(IExitMode.NotClaimed.selector, aliases[i]));
            exitMode.pay(aliases[i], ETH);
        }
    }

    function test_proveClaim_forgedLeaves_areRejected() public {
        _enter(_world(alice));
        proveTotals();
        TreeModel.Tree memory tree = treeOf(exitWorld);
        (bytes[] memory values, bytes memory proof) = open(tree, claimKeys(tree, 1));
        for (uint256 leaf = 0; leaf < 2; ++leaf) {
            for (uint256 i = 0; i < values[leaf].length; i += 7) {
                values[leaf][i] ^= 0x01;
                _expectMismatch(values, proof);
                values[leaf][i] ^= 0x01;
            }
        }
        (values[0], values[1]) = ("", TreeModel.get(tree, BALANCES_KEY + 32));
        _expectMismatch(values, proof);
        values[0] = TreeModel.get(tree, OWNER_KEY + 96);
        _expectMismatch(values, proof);
        // The totals leaf has the form of a balances leaf and holds more.
        (values[0], values[1]) = (TreeModel.get(tree, OWNER_KEY + 32), TreeModel.get(tree, TOTALS_KEY));
        _expectMismatch(values, proof);
        values[1] = TreeModel.get(tree, BALANCES_KEY + 32);
        for (uint256 i = 0; i < proof.length; i += 32) {
            proof[i] ^= 0x01;
            _expectMismatch(values, proof);
            proof[i] ^= 0x01;
        }
        vm.expectRevert(abi.encodeWithSelector(IStepVerifier.UnusedSiblings.selector, 32));
        exitMode.proveClaim(1, values, abi.encodePacked(proof, bytes32(0)));
        vm.expectPartialRevert(IStepVerifier.MissingSibling.selector);
        exitMode.proveClaim(1, values, "");
        exitMode.proveClaim(1, values, proof);
    }

    function test_exitBalance_stateAfterTheLastConfirmed_isRejected() public {
        World memory confirmed = _world(alice);
        World memory later = copy(confirmed);
        later.balances[3][USDC] += 9e6;
        confirmWorld(confirmed);
        assertWorld(chain.latestConfirmed(), later);
        enterWith(confirmed);
        exitWorld = later;
        vm.expectPartialRevert(IExitMode.LeafMismatch.selector);
        proveTotals();
        exitWorld = confirmed;
        proveTotals();
        exitWorld = later;
        vm.expectPartialRevert(IExitMode.LeafMismatch.selector);
        proveClaim(3);
        exitWorld = confirmed;
        exitBalance(3, USDC);
    }

    function test_exits_beforeEntering_areRejected() public {
        confirmWorld(_world(alice));
        exitWorld = _world(alice);
        vm.expectRevert(IExitMode.NotEntered.selector);
        proveTotals();
        vm.expectRevert(IExitMode.NotEntered.selector);
        proveMarks(new uint16[](1));
        vm.expectRevert(IExitMode.NotEntered.selector);
        proveClaim(1);
        vm.expectRevert(abi.encodeWithSelector(IExitMode.NotClaimed.selector, 1));
        exitMode.pay(1, ETH);
        assertEq(exitMode.claimUntil(), 0);
        vm.expectRevert(IExitMode.NotEntered.selector);
        returnDeposit(3);
    }

    // ---- deposits

    function test_returnDeposit_unconsumed_paysTheSenderOnce() public {
        _enter(_world(alice));
        vm.expectEmit(address(exitMode));
        emit IExitMode.DepositReturned(3, bob, ETH, 1 ether);
        returnDeposit(3);
        assertEq(bob.balance, 1 ether);
        returnDeposit(5);
        assertEq(usdc.balanceOf(bob), 9e6);
        assertTrue(exitMode.isReturned(3));
        assertFalse(exitMode.isReturned(4));
        vm.expectRevert(abi.encodeWithSelector(IExitMode.AlreadyReturned.selector, 3));
        returnDeposit(3);
    }

    function test_returnDeposit_consumedInTheMiddleOfAnItem_isRejected() public {
        _enter(_world(alice));
        for (uint256 i = 0; i < 3; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IExitMode.AlreadyConsumed.selector, i, 3));
            returnDeposit(i);
        }
    }

    function test_returnDeposit_genesisExitState_returnsEverything() public {
        World memory world = newWorld(3);
        _enter(world);
        returnDeposit(0);
        returnDeposit(1);
        returnDeposit(2);
        returnDeposit(3);
        returnDeposit(5);
        _expectEmpty();
    }

    function test_returnDeposit_madeInExitMode_comesBack() public {
        _enter(_world(alice));
        deposit(bob, 2, ETH, 4 ether);
        returnDeposit(6);
        assertEq(bob.balance, 4 ether);
        assertEq(bridge.custody(ETH), 4 ether);
    }

    function test_returnDeposit_forcedTransaction_isRejected() public {
        _enter(_world(alice));
        vm.expectRevert(abi.encodeWithSelector(IExitMode.NotADeposit.selector, 4));
        returnDeposit(4);
    }

    /// @dev Anyone may send a forced transaction whose body reads like a deposit.
    function test_returnDeposit_forcedTransactionInTheFormOfADeposit_isRejected() public {
        vm.prank(bob);
        inbox.sendForced(messages[5].body);
        DelayedMessage memory fake = messages[5];
        fake.kind = 1;
        messages.push(fake);
        _enter(_world(alice));
        vm.expectRevert(abi.encodeWithSelector(IExitMode.NotADeposit.selector, 6));
        returnDeposit(6);
        messages[6].kind = 0;
        vm.expectPartialRevert(IExitMode.WrongMessage.selector);
        returnDeposit(6);
    }

    function test_returnDeposit_forgedMessage_isRejected() public {
        _enter(_world(alice));
        DelayedMessage memory genuine = messages[3];
        for (uint256 field = 0; field < 5; ++field) {
            messages[3] = genuine;
            if (field == 0) messages[3].kind = 1;
            if (field == 1) messages[3].sender = alice;
            if (field == 2) messages[3].timestamp += 1;
            if (field == 3) messages[3].body[36] = 0x01;
            if (field == 4) messages[3].body = abi.encodePacked(genuine.body, bytes1(0));
            vm.expectPartialRevert(IExitMode.WrongMessage.selector);
            returnDeposit(3);
        }
        messages[3] = messages[5];
        vm.expectPartialRevert(IExitMode.WrongMessage.selector);
        returnDeposit(3);
    }

    function test_returnDeposit_neverReceived_isRejected() public {
        _enter(_world(alice));
        TreeModel.Tree memory tree = treeOf(exitWorld);
        bytes memory cursor = cursorOf(exitWorld);
        vm.expectRevert(abi.encodeWithSelector(IInbox.IndexOutOfRange.selector, 7, 6));
        exitMode.returnDeposit(6, messages[5], cursor, branchOf(tree, 0));
        uint256 last = type(uint256).max;
        vm.expectRevert(abi.encodeWithSelector(IInbox.IndexOutOfRange.selector, last, 6));
        exitMode.returnDeposit(last, messages[5], cursor, branchOf(tree, 0));
    }

    function test_returnDeposit_forgedCursor_isRejected() public {
        _enter(_world(alice));
        TreeModel.Tree memory tree = treeOf(exitWorld);
        bytes memory cursor = cursorOf(exitWorld);
        cursor[13] = 0x02; // delayed = 2: the third deposit, refunded in state, would come back once more
        bytes32[] memory branch = branchOf(tree, 0);
        vm.expectPartialRevert(IExitMode.LeafMismatch.selector);
        exitMode.returnDeposit(2, messages[2], cursor, branch);
        vm.expectPartialRevert(IExitMode.LeafMismatch.selector);
        exitMode.returnDeposit(2, messages[2], "", branch);
        vm.expectRevert(abi.encodeWithSelector(StateProof.WrongBranchLength.selector, 11, 12));
        exitMode.returnDeposit(2, messages[2], cursor, new bytes32[](11));
    }

    // ---- withdrawals go on (E-3), and nothing is paid twice

    function test_finalizeWithdrawal_inExitMode_paysBesideTheExit() public {
        World memory world = _world(alice);
        _enter(world);
        _finalize(world, 1);
        _finalize(world, 0);
        assertEq(alice.balance, 1 ether);
        assertEq(_old.balanceOf(bob), TOKENS);
        exitBalance(1, ETH);
        assertEq(alice.balance, 3 ether);
        vm.expectRevert(abi.encodeWithSelector(IExitMode.AlreadyConsumed.selector, 2, 3));
        returnDeposit(2);
        exitBalance(3, USDC);
        returnDeposit(3);
        returnDeposit(5);
        _expectEmpty();
    }

    function test_finalizeWithdrawal_ofAPendingState_isNeverPaid() public {
        World memory confirmed = _world(alice);
        World memory later = copy(confirmed);
        later.balances[1][ETH] = 0;
        _withdraw(later, Withdrawal(1, ETH, 2 ether, alice));
        confirmWorld(confirmed);
        bytes32 id = assertWorld(chain.latestConfirmed(), later);
        enterWith(confirmed);
        exitBalance(1, ETH);
        mine(1);
        bridge.proveWithdrawal(id, later.outbox[2], 2, branchOf(treeOf(later), OUTBOX_KEY + 2));
        mine(10 * PERIOD);
        vm.expectRevert(IAssertionChain.ExitModeActive.selector);
        chain.confirm(id);
        vm.expectRevert(abi.encodeWithSelector(IBridge.NotConfirmed.selector, id));
        bridge.finalizeWithdrawal(address(this), id, later.outbox[2], 2);
    }

    // ---- receivers that misbehave

    function test_exitBalance_refusingOwner_getsAClaim() public {
        PickyRecipient picky = new PickyRecipient();
        _enter(_world(address(picky)));
        proveTotals();
        proveClaim(1);
        vm.expectEmit(address(bridge));
        emit IBridge.ExitPaid(address(picky), ETH, 2 ether, true);
        exitBalance(1, ETH);
        assertEq(bridge.claimable(address(picky)), 2 ether);
        vm.expectRevert(abi.encodeWithSelector(IExitMode.NothingToPay.selector, 1, ETH));
        exitMode.pay(1, ETH);
        picky.setOpen(true);
        bridge.claim(address(picky));
        assertEq(address(picky).balance, 2 ether);
        assertEq(bridge.custody(ETH), 2 ether);
    }

    function test_exitBalance_tokenThatRefuses_blocksOnlyItself() public {
        World memory world = _world(alice);
        world.outbox[0].amount = 1e18;
        world.balances[1][TBTC] = 1e18;
        world.balances[3][TBTC] = 3e18;
        _enter(world);
        _old.refuse(alice, true);
        exitBalance(1, ETH);
        vm.expectRevert();
        exitMode.pay(1, TBTC);
        assertEq(exitMode.paid(1, TBTC), 0);
        exitBalance(3, TBTC);
        _old.refuse(alice, false);
        exitBalance(1, TBTC);
        assertEq(_old.balanceOf(alice), 1e18);
        assertEq(_old.balanceOf(bob), 3e18);
    }

    function test_exitBalance_reentrantOwner_isPaidOnce() public {
        ReentrantRecipient attacker = new ReentrantRecipient();
        _enter(_world(address(attacker)));
        proveTotals();
        proveClaim(1);
        attacker.setHook(address(exitMode), abi.encodeCall(exitMode.pay, (1, ETH)));
        exitMode.pay(1, ETH);
        assertTrue(attacker.tried());
        assertFalse(attacker.reentered());
        assertTrue(attacker.refusal() == IExitMode.NothingToPay.selector);
        assertEq(address(attacker).balance, 2 ether);
        assertEq(address(bridge).balance, bridge.custody(ETH));
    }

    function test_exitBalance_starvedCall_neverTurnsPaymentIntoClaim() public {
        _enter(_world(alice));
        proveTotals();
        proveClaim(1);
        uint256 paid = 0;
        for (uint256 gasLimit = 100_000; gasLimit < 400_000; gasLimit += 10_000) {
            uint256 before = vm.snapshotState();
            try exitMode.pay{gas: gasLimit}(1, ETH) {
                assertEq(bridge.claimable(alice), 0);
                assertEq(alice.balance, 2 ether);
                ++paid;
            } catch {}
            vm.revertToState(before);
        }
        assertGt(paid, 0);
    }

    function test_exitBalance_ownedByTheBridge_staysInCustody() public {
        _enter(_world(address(bridge)));
        proveTotals();
        proveClaim(1);
        vm.expectRevert(abi.encodeWithSelector(IBridge.UnpayableRecipient.selector, address(bridge)));
        exitMode.pay(1, ETH);
        assertEq(bridge.custody(ETH), 4 ether);
    }

    function test_exits_paused_goOn() public {
        World memory world = _world(alice);
        _enter(world);
        _prove(world, 1);
        mine(MATURITY);
        vm.prank(guardian);
        bridge.pause(MAX_PAUSE);
        vm.expectPartialRevert(IBridge.Paused.selector);
        bridge.finalizeWithdrawal(address(this), _id, world.outbox[1], 1);
        exitBalance(1, ETH);
        returnDeposit(3);
        assertEq(alice.balance, 2 ether);
        assertEq(bob.balance, 1 ether);
    }

    function _world(address owner1) private view returns (World memory world) {
        world = newWorld(3);
        (world.phase, world.delayed) = (1, 3);
        (world.owners[1], world.owners[3]) = (owner1, bob);
        world.balances[1][ETH] = 2 ether;
        world.balances[3][USDC] = 70e6;
        _withdraw(world, Withdrawal(1, TBTC, TOKENS, bob));
        _withdraw(world, Withdrawal(1, ETH, 1 ether, alice));
    }

    function _withdraw(World memory world, Withdrawal memory entry) private pure {
        Withdrawal[] memory outbox = new Withdrawal[](world.outbox.length + 1);
        for (uint256 i = 0; i < world.outbox.length; ++i) {
            outbox[i] = world.outbox[i];
        }
        outbox[world.outbox.length] = entry;
        world.outbox = outbox;
    }

    function _enter(World memory world) private {
        _id = confirmWorld(world);
        enterWith(world);
    }

    function _prove(World memory world, uint64 index) private {
        mine(1);
        bridge.proveWithdrawal(_id, world.outbox[index], index, branchOf(treeOf(world), OUTBOX_KEY + index));
    }

    function _finalize(World memory world, uint64 index) private {
        _prove(world, index);
        mine(MATURITY);
        bridge.finalizeWithdrawal(address(this), _id, world.outbox[index], index);
    }

    function _expectMismatch(bytes[] memory values, bytes memory proof) private {
        vm.expectPartialRevert(IExitMode.LeafMismatch.selector);
        exitMode.proveClaim(1, values, proof);
    }

    function _expectEmpty() private view {
        for (uint8 asset = 0; asset < 3; ++asset) {
            assertEq(bridge.custody(asset), 0);
        }
        assertEq(address(bridge).balance + usdc.balanceOf(address(bridge)) + _old.balanceOf(address(bridge)), 0);
    }
}
