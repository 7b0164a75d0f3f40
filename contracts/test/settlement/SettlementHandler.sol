// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AssertionChain} from "../../src/AssertionChain.sol";
import {Bridge} from "../../src/Bridge.sol";
import {Inbox} from "../../src/Inbox.sol";
import {AssertionInput, AssertionStatus} from "../../src/interfaces/IAssertionChain.sol";
import {IBridge} from "../../src/interfaces/IBridge.sol";
import {TestBTC} from "../../src/tokens/TestBTC.sol";
import {TestUSDC} from "../../src/tokens/TestUSDC.sol";
import {Withdrawal} from "../../src/types/State.sol";
import {Settlement} from "../Settlement.sol";
import {StateFixture} from "../StateFixture.sol";
import {PickyRecipient} from "../mocks/Recipients.sol";

/// @notice Random users of the three contracts, beside a model of what must come of it.
/// @dev The L2 is modelled as one pot per asset: what was deposited and not yet put into the outbox.
contract SettlementHandler is Settlement {
    struct Proven {
        bytes32 id;
        uint64 index;
        address prover;
    }

    /// Model of the inbox (docs/spec.md I-5, I-6).
    bytes32 public modelAcc;
    bytes32 public modelDelayedAcc;
    uint256 public modelItems;
    uint256 public modelDelayed;
    uint256 public modelConsumed;
    bytes32 public modelFastAcc;
    uint256 public modelFast;
    uint256 public modelFastConsumed;
    /// Model of the money: per asset still on L2, and in outbox slots not paid yet.
    mapping(uint8 asset => uint256 amount) public onL2;
    mapping(uint8 asset => uint256 amount) public inOutbox;
    uint256 public credited;
    uint256 public stakes;
    bool public brokeARule;

    StateFixture.State private _state;
    Withdrawal[8] private _slots;
    bool[8] private _paid;
    uint64 private _slotCount;
    Proven[] private _proofs;
    mapping(bytes32 id => StateFixture.State state) private _states;
    bytes32[] private _ids;
    address[3] private _stakers = [address(0x1001), address(0x1002), address(0x1003)];
    PickyRecipient private _picky = new PickyRecipient();
    /// Calls that went through, by action: a run that does nothing proves nothing.
    mapping(bytes32 action => uint256 calls) public done;

    constructor() {
        deploySettlement();
        for (uint256 i = 0; i < _stakers.length; ++i) {
            vm.deal(_stakers[i], 1000 ether);
            bridge.openAccount(_stakers[i]);
        }
        _ids.push(chain.GENESIS_ID());
    }

    function contracts() external view returns (Inbox, Bridge, AssertionChain, TestUSDC, TestBTC) {
        return (inbox, bridge, chain, usdc, tbtc);
    }

    function deposit(uint256 seed, uint96 amount) public {
        uint8 asset = uint8(seed % 3);
        uint32 account = uint32(1 + (seed >> 8) % 3);
        amount = uint96(bound(amount, 1, 1e24));
        address from = alice;
        if (asset == ETH) {
            hoax(from, amount);
            bridge.depositETH{value: amount}(account);
        } else {
            TestUSDC token = TestUSDC(asset == USDC ? address(usdc) : address(tbtc));
            token.mint(from, amount);
            vm.startPrank(from);
            token.approve(address(bridge), amount);
            bridge.depositToken(asset, account, amount);
            vm.stopPrank();
        }
        _modelMessage(0, from, abi.encodePacked(account, bridge.accountOwner(account), asset, amount));
        onL2[asset] += amount;
        ++done["deposit"];
    }

    function sendForced(uint256 seed) external {
        bytes memory body = abi.encodePacked(seed);
        vm.prank(bob);
        inbox.sendForced(body);
        _modelMessage(1, bob, body);
    }

    function postBatch(uint256 seed) public {
        bytes memory data = abi.encodePacked(seed);
        uint64 newDelayed = uint64(modelConsumed + seed % (modelDelayed - modelConsumed + 1));
        bytes32 delayedAcc = inbox.delayedAccumulator(newDelayed);
        uint64 newFast = uint64(modelFastConsumed + (seed >> 128) % (modelFast - modelFastConsumed + 1));
        bytes32 fastAcc = inbox.fastAccumulator(newFast);
        vm.prank(poster, poster);
        inbox.appendBatch(modelAcc, data, newDelayed, delayedAcc, newFast, fastAcc);
        bytes32 chunkRoot = keccak256(abi.encodePacked(bytes1(0x03), data));
        _modelItem(keccak256(abi.encodePacked(bytes1(0x05), uint8(0), uint32(32), chunkRoot)), newDelayed, newFast);
        ++done["postBatch"];
    }

    function sendFast(uint256 seed) external {
        uint8[5] memory kinds = [0x30, 0x31, 0x32, 0x40, 0x42];
        bytes memory body = abi.encodePacked(kinds[seed % 5], seed);
        vm.prank(bob);
        inbox.sendFast(body);
        uint40 time = uint40(vm.getBlockTimestamp());
        bytes32 message = keccak256(abi.encodePacked(bytes1(0x09), uint8(3), bob, time, body));
        modelFastAcc = keccak256(abi.encodePacked(bytes1(0x14), modelFastAcc, message));
        ++modelFast;
        ++done["sendFast"];
    }

    /// @dev Whichever queue gives the right to force, what is late in both is consumed.
    function forceInclude(bool fast) external {
        uint256 old = modelConsumed;
        while (old < modelDelayed && inbox.delayedTimestamp(old) + FORCE_AFTER <= vm.getBlockTimestamp()) ++old;
        uint256 oldFast = modelFastConsumed;
        while (oldFast < modelFast && inbox.fastTimestamp(oldFast) + FORCE_FAST_AFTER <= vm.getBlockTimestamp()) {
            ++oldFast;
        }
        bool may = fast ? oldFast > modelFastConsumed : old > modelConsumed;
        (bool ok,) = address(inbox)
            .call(fast ? abi.encodeCall(inbox.forceIncludeFast, ()) : abi.encodeCall(inbox.forceInclude, ()));
        if (ok != may) brokeARule = true;
        if (!ok) return;
        _modelItem(keccak256(abi.encodePacked(bytes1(0x05), uint8(2), uint32(0), bytes32(0))), old, oldFast);
        ++done[fast ? bytes32("forceIncludeFast") : bytes32("forceInclude")];
    }

    /// @dev The L2 moves money from the pot into the next outbox slot.
    function withdraw(uint256 seed) external {
        uint8 asset = uint8(seed % 3);
        if (_slotCount == 8) return;
        if (onL2[asset] == 0) deposit(asset, uint96(seed));
        uint96 amount = uint96(bound(seed, 1, onL2[asset]));
        address[4] memory recipients = [bob, address(_picky), address(usdc), owner];
        Withdrawal memory w = Withdrawal(1, asset, amount, recipients[(seed >> 9) % 4]);
        _slots[_slotCount] = w;
        _state.outbox[_slotCount] = encode(w);
        ++_slotCount;
        onL2[asset] -= amount;
        inOutbox[asset] += amount;
        ++done["withdraw"];
    }

    /// @dev Assert the present state after the newest claim; seldom after any claim, which makes rivals.
    function createAssertion(uint256 seed) external {
        address who = _stakers[seed % _stakers.length];
        bytes32 parentId = _ids[seed % 16 == 7 ? (seed >> 8) % _ids.length : _ids.length - 1];
        uint64 target = chain.assertion(parentId).nextTarget;
        if (inbox.count() < target) postBatch(seed);
        StateFixture.State memory state = _state;
        state.cursor = StateFixture.cursorAt(uint40(target), 0);
        AssertionInput memory input = claimOf(parentId, state, bytes32(seed));
        uint256 value = chain.stakedOn(who) == 0 ? STAKE : 0;
        vm.prank(who);
        chain.createAssertion{value: value}(input);
        stakes += value;
        _ids.push(input.expectedId);
        _states[input.expectedId] = state;
        ++done["createAssertion"];
    }

    function confirm(uint256 seed) external {
        bytes32 id = _ids[seed % _ids.length];
        if (seed & 1 << 16 != 0) {
            mine(PERIOD);
            // The oldest claim that waits, if it has no rival.
            for (uint256 i = 1; i < _ids.length; ++i) {
                id = _ids[i];
                if (chain.assertion(id).status == AssertionStatus.PENDING) break;
            }
        }
        chain.confirm(id);
        if (chain.rivals(id) != 0) brokeARule = true;
        ++done["confirm"];
    }

    function withdrawStake(uint256 seed) external {
        address who = _stakers[seed % _stakers.length];
        AssertionStatus status = chain.assertion(chain.stakedOn(who)).status;
        vm.prank(who);
        chain.withdrawStake();
        if (status != AssertionStatus.CONFIRMED) brokeARule = true;
        stakes -= STAKE;
        ++done["withdrawStake"];
    }

    function prove(uint256 seed) external {
        if (_slotCount == 0) return;
        mine(1);
        bytes32 id = _ids[seed & 1 << 17 == 0 ? seed % _ids.length : _ids.length - 1];
        uint64 index = uint64((seed >> 8) % _slotCount);
        bytes32[] memory branch = StateFixture.outboxBranch(_states[id], index);
        address prover = _stakers[(seed >> 16) % 3];
        vm.prank(prover);
        bridge.proveWithdrawal(id, _slots[index], index, branch);
        _proofs.push(Proven(id, index, prover));
        ++done["prove"];
    }

    function finalize(uint256 seed) external {
        for (uint256 i = 0; i < _proofs.length; ++i) {
            if (_finalize(_proofs[(seed % _proofs.length + i) % _proofs.length])) return;
        }
    }

    function claim(bool open) external {
        _picky.setOpen(open);
        uint256 owed = bridge.claimable(address(_picky));
        bridge.claim(address(_picky));
        credited -= owed;
    }

    function pause(uint256 duration, bool end) external {
        vm.startPrank(guardian);
        if (end) bridge.unpause();
        else bridge.pause(uint64(bound(duration, 1, 200)));
        vm.stopPrank();
    }

    function warp(uint256 elapsed) external {
        mine(bound(elapsed, 0, PERIOD));
    }

    /// @dev Pay exactly if the status says so.
    function _finalize(Proven memory p) private returns (bool paid) {
        Withdrawal memory w = _slots[p.index];
        (IBridge.WithdrawalStage stage,) = bridge.withdrawalStatus(p.prover, p.id, w, p.index);
        uint256 owedBefore = bridge.claimable(w.recipient);
        try bridge.finalizeWithdrawal(p.prover, p.id, w, p.index) {
            if (stage != IBridge.WithdrawalStage.READY || _paid[p.index]) brokeARule = true;
            _paid[p.index] = true;
            inOutbox[w.asset] -= w.amount;
            credited += bridge.claimable(w.recipient) - owedBefore;
            ++done["finalize"];
            return true;
        } catch {
            if (stage == IBridge.WithdrawalStage.READY) brokeARule = true;
        }
    }

    function _modelMessage(uint8 kind, address sender, bytes memory body) private {
        uint40 time = uint40(vm.getBlockTimestamp());
        bytes32 message = keccak256(abi.encodePacked(bytes1(0x09), kind, sender, time, body));
        modelDelayedAcc = keccak256(abi.encodePacked(bytes1(0x08), modelDelayedAcc, message));
        ++modelDelayed;
    }

    function _modelItem(bytes32 dataHash, uint256 newDelayed, uint256 newFast) private {
        uint40 time = uint40(vm.getBlockTimestamp());
        bytes memory delayed = abi.encodePacked(uint40(newDelayed), inbox.delayedAccumulator(newDelayed));
        bytes memory fast = abi.encodePacked(uint40(newFast), inbox.fastAccumulator(newFast));
        bytes memory bounds = abi.encodePacked(time - uint40(MAX_PAST), time + uint40(MAX_FUTURE));
        modelAcc = keccak256(abi.encodePacked(bytes1(0x06), modelAcc, delayed, fast, bounds, dataHash));
        if (newDelayed < modelConsumed || newFast < modelFastConsumed) brokeARule = true;
        (modelConsumed, modelFastConsumed) = (newDelayed, newFast);
        ++modelItems;
    }
}
