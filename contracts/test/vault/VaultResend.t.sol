// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IOptionVault} from "../../src/interfaces/IOptionVault.sol";
import {VaultBooks, VaultPhase} from "../../src/types/Vault.sol";
import {OptionVault} from "../../src/vault/OptionVault.sol";
import {VaultWorld} from "../VaultWorld.sol";

/// @notice A sale that failed, or found nobody, is sent again; and what whoever sends it cannot do.
contract VaultResendTest is VaultWorld {
    uint256 private constant AGAIN = uint256(FORCE_AFTER) + SALE_SECONDS;

    function setUp() public {
        deployWorld();
    }

    function test_resendSale_saleThatFailed_begins() public {
        _failed(puts);
        bytes memory first = lastSale;
        uint64 next = inbox.delayedCount();
        VaultBooks memory before = puts.books();
        vm.warp(START + AGAIN);
        vm.expectEmit();
        emit IOptionVault.SaleResent(2, next, eve);
        resendSale(puts);
        assertEq(inbox.delayedCount(), next + 1, "no deposit comes with it");
        assertEq(puts.epoch().lastMessage, next);
        assertEq(puts.epoch().depositMessage, next - 2);
        assertEq(keccak256(abi.encode(puts.books())), keccak256(abi.encode(before)), "no money moves");
        salesFail = false;
        lastSale = "";
        publish();
        assertEq(lastSale, first, "the same sale");
        assertEq(salesBegun[accountOf(puts)], 1);
    }

    function test_resendSale_isLockedOnceMore() public {
        _failed(calls);
        for (uint256 i = 1; i < 4; ++i) {
            uint256 sentAt = START + i * AGAIN;
            vm.warp(sentAt - 1);
            _refused(calls, VaultPhase.SALE);
            vm.warp(sentAt);
            resendSale(calls);
            _refused(calls, VaultPhase.LOCKED);
            vm.warp(sentAt + FORCE_AFTER - 1);
            _refused(calls, VaultPhase.LOCKED);
            vm.warp(sentAt + FORCE_AFTER);
            _refused(calls, VaultPhase.SALE);
        }
    }

    function test_resendSale_outsideOfLive_reverts() public {
        _refused(puts, VaultPhase.OPEN);
        start(puts, alice, 1000e6);
        roll(puts);
        _refused(puts, VaultPhase.LOCKED);
        publish();
        expire(puts);
        publish();
        settle(puts);
        _refused(puts, VaultPhase.SETTLED);
    }

    function test_resendSale_exitMode_reverts() public {
        _failed(puts);
        vm.warp(START + AGAIN);
        enterExitMode();
        vm.expectRevert(IOptionVault.ExitModeEntered.selector);
        puts.resendSale();
        puts.exit();
        _refused(puts, VaultPhase.EXITED);
    }

    /// @dev Nothing is sold later than a roll would sell it.
    function test_resendSale_afterTheLastRoll_reverts() public {
        _failed(puts);
        uint64 expiryAt = puts.epoch().expiryAt;
        vm.warp(expiryAt - TENOR + 1);
        bytes memory late =
            abi.encodeWithSelector(IOptionVault.SaleTooLate.selector, expiryAt, expiryAt + uint64(7 days));
        vm.expectRevert(late);
        puts.resendSale();
        vm.warp(expiryAt);
        vm.expectRevert(late);
        puts.resendSale();
        vm.warp(expiryAt - TENOR);
        resendSale(puts);
    }

    function test_resendSale_settleWaitsForIt() public {
        _failed(puts);
        vm.warp(puts.epoch().expiryAt - TENOR);
        uint64 before = consumed;
        resendSale(puts);
        expire(puts);
        confirmState();
        (bytes[] memory values, bytes memory proof) = open(settleKeys(puts));
        bytes32 id = chain.latestConfirmed();
        vm.expectRevert(abi.encodeWithSelector(IOptionVault.MessagePending.selector, before, puts.epoch().lastMessage));
        puts.settle(id, values, proof);
        publish();
        finish(puts);
        assertEq(puts.epoch().number, 3);
    }

    /// @dev Who sends it again and again earns nothing, and takes nothing from who turns the cranks that are needed.
    function test_resendSale_paysNobody() public {
        start(puts, alice, 100_000e6);
        _spam(puts);
        expire(puts);
        publish();
        finish(puts);
        assertEq(puts.feesOf(eve), 0);
        assertEq(puts.feesOf(keeper), 3e6, "roll, settle and close");
    }

    /// @dev At most one at a time waits longer than L1 lets a message wait, so it cannot fill the queue.
    function test_resendSale_spam_isBounded() public {
        start(puts, alice, 1000e6);
        uint256 sent = _spam(puts);
        assertEq(sent, (7 days - TENOR) / AGAIN);
        assertEq(inbox.delayedCount(), puts.epoch().lastMessage + 1);
        // The next epoch knows nothing of it.
        expire(puts);
        publish();
        finish(puts);
        roll(puts);
        assertEq(uint256(puts.phase()), uint256(VaultPhase.LOCKED));
        vm.warp(puts.epoch().rolledAt + AGAIN);
        assertEq(uint256(puts.phase()), uint256(VaultPhase.LIVE));
    }

    /// @dev L1 cannot know that it was sold; L2 refuses the second sale, and the epoch goes on as if nobody had asked.
    function test_resendSale_saleThatWasMet_changesNothing() public {
        start(calls, alice, 10 ether);
        roll(calls);
        publish();
        uint32 account = accountOf(calls);
        l2[account].hasPositions = true;
        vm.warp(START + AGAIN);
        resendSale(calls);
        publish();
        assertEq(salesBegun[account], 1);
        expire(calls);
        l2[account].hasPositions = false;
        publish();
        finish(calls);
        assertEq(calls.epoch().number, 3);
        assertTrue(calls.conversionOf(2).assets > 9.99 ether);
    }

    /// @dev Both wait in the queue, which L2 executes in order.
    function test_resendSale_firstStillWaits_bothRunInOrder() public {
        start(puts, alice, 1000e6);
        roll(puts);
        vm.warp(START + AGAIN);
        resendSale(puts);
        assertEq(puts.epoch().lastMessage, puts.epoch().depositMessage + 2);
        publish();
        assertEq(l2[accountOf(puts)].cash, 1000e6);
        assertEq(salesBegun[accountOf(puts)], 2, "the later one replaces the first (P-4)");
        expire(puts);
        publish();
        finish(puts);
        assertTrue(puts.totalAssets() > 998e6);
    }

    /// @dev Begin an epoch whose sale fails.
    function _failed(OptionVault vault) private {
        start(vault, alice, 1000 * unitOf(vault));
        roll(vault);
        salesFail = true;
        publish();
        assertEq(salesBegun[accountOf(vault)], 0);
    }

    /// @dev Ask as often as the week has seconds to offer; return how often it was granted.
    function _spam(OptionVault vault) private returns (uint256 sent) {
        roll(vault);
        uint256 expiryAt = vault.epoch().expiryAt;
        for (uint256 now_ = START; now_ < expiryAt; now_ += 300) {
            vm.warp(now_);
            try this.resend(vault) {
                ++sent;
            } catch {}
        }
    }

    function resend(OptionVault vault) external {
        resendSale(vault);
    }

    function _refused(OptionVault vault, VaultPhase phase) private {
        vm.expectRevert(abi.encodeWithSelector(IOptionVault.WrongPhase.selector, phase));
        vault.resendSale();
    }
}
