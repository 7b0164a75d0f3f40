// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IExitMode} from "../../src/interfaces/IExitMode.sol";
import {Withdrawal} from "../../src/types/State.sol";
import {ExitFixture} from "../ExitFixture.sol";
import {TreeModel} from "../TreeModel.sol";
import {PickyRecipient} from "../mocks/Recipients.sol";
import {NoReturnToken} from "../mocks/Tokens.sol";

/// @notice After any history everybody takes out everything, once, and nothing is left (docs/invariants.md C-1, E-3, E-4).
/// @dev A model of the L2 consumes the messages; it refunds, transfers, withdraws and rotates keys at random. Three people
/// hold three accounts; one of them refuses ETH until the end.
contract ExitFuzzTest is ExitFixture {
    uint256 private constant MOVES = 14;
    uint256 private constant MAX_OUTBOX = 6;

    PickyRecipient private _picky;
    address[3] private _people;
    /// What each person must hold in the end.
    mapping(address person => uint256[3] amounts) private _due;
    mapping(uint256 outboxIndex => bool paid) private _paid;
    bytes32 private _id;
    uint256 private _random;
    /// Calls by kind: a fuzzer that never exits proves nothing.
    uint256 private _exits;
    uint256 private _returns;

    function setUp() public {
        deploySettlement();
        _picky = new PickyRecipient();
        _people = [alice, bob, address(_picky)];
        for (uint256 i = 0; i < 3; ++i) {
            bridge.openAccount(_people[i]);
        }
        _id = chain.GENESIS_ID();
    }

    /// forge-config: default.fuzz.runs = 32
    /// forge-config: deep.fuzz.runs = 2000
    function testFuzz_exits_anyHistory_leaveNothingBehind(uint256 seed) public {
        _run(seed);
    }

    /// @dev The random moves must reach every kind of exit; shown on a fixed history.
    function test_exits_oneLongHistory_reachesEveryKind() public {
        for (uint256 seed = 1; seed < 5; ++seed) {
            uint256 before = vm.snapshotState();
            _run(seed);
            (uint256 exits, uint256 returns_) = (_exits, _returns);
            vm.revertToState(before);
            (_exits, _returns) = (exits, returns_);
        }
        assertGt(_exits, 0);
        assertGt(_returns, 0);
    }

    function _run(uint256 seed) private {
        _random = seed;
        World memory world = newWorld(3);
        _assertNext(world); // a state with a cursor: the root of genesis is a word here
        for (uint256 i = 0; i < MOVES; ++i) {
            uint256 move = _next(8);
            if (move < 4) _deposit();
            else if (move == 4) postItem(uint64(inbox.consumed() + _next(inbox.delayedCount() - inbox.consumed() + 1)));
            else if (move < 7) _assertNext(world);
            else if (world.outbox.length > 0) _finalize(world, _next(world.outbox.length));
        }
        if (_next(2) == 0) _leavePending(world);
        while (inbox.count() <= world.item) postItem(inbox.delayedCount());
        enterWith(world);
        _takeEverything(world);
        _expectNothingLeft();
    }

    function _deposit() private {
        address from = _people[_next(3)];
        uint8 asset = uint8(_next(3));
        uint96 amount = uint96(1 + _next(1e24));
        deposit(from, uint32(1 + _next(3)), asset, amount);
    }

    /// @dev Execute the next items, wholly or to a point in the middle of one, and have the result confirmed.
    function _assertNext(World memory world) private {
        uint256 target = chain.assertion(_id).nextTarget;
        while (inbox.count() < target) postItem(inbox.delayedCount());
        _execute(world, uint40(target));
        _id = confirmWorld(world);
    }

    /// @dev A claim that nobody confirms any more must change nothing.
    function _leavePending(World memory world) private {
        World memory next = copy(world);
        uint256 target = chain.assertion(_id).nextTarget;
        while (inbox.count() < target) postItem(inbox.delayedCount());
        _execute(next, uint40(target));
        assertWorld(_id, next);
    }

    function _execute(World memory world, uint40 target) private {
        uint40 last = world.item + uint40(_next(target - world.item));
        bool whole = _next(3) != 0;
        uint40 end = headers[whole ? target - 1 : last].delayedCount;
        if (!whole && end > world.delayed) end = world.delayed + uint40(_next(end - world.delayed + 1));
        (world.item, world.phase) = whole ? (target, 0) : (last, 1);
        for (; world.delayed < end; ++world.delayed) {
            _consume(world, world.delayed);
        }
        for (uint256 i = _next(4); i > 0; --i) {
            _transact(world);
        }
    }

    function _consume(World memory world, uint256 index) private {
        bytes memory body = messages[index].body;
        uint256 word;
        assembly ("memory-safe") {
            word := mload(add(body, 37))
        }
        uint8 asset = uint8(word >> 96);
        uint96 amount = uint96(word);
        uint32 account = uint32(uint256(bytes32(body)) >> 224);
        if (_next(4) == 0 && world.outbox.length < MAX_OUTBOX) {
            _append(world, Withdrawal(account, asset, amount, messages[index].sender));
            return;
        }
        if (world.owners[account] == address(0)) world.owners[account] = bridge.accountOwner(account);
        world.balances[account][asset] += amount;
    }

    function _transact(World memory world) private {
        uint32 from = uint32(1 + _next(3));
        uint32 to = uint32(1 + _next(3));
        uint8 asset = uint8(_next(3));
        if (world.owners[from] == address(0)) return;
        if (_next(4) == 0) world.owners[from] = _people[_next(3)];
        uint96 amount = uint96(_next(uint256(world.balances[from][asset]) + 1));
        if (amount == 0) return;
        if (_next(2) == 0 && world.outbox.length < MAX_OUTBOX) {
            _append(world, Withdrawal(from, asset, amount, _people[_next(3)]));
        } else if (world.owners[to] != address(0)) {
            world.balances[to][asset] += amount;
        } else {
            return;
        }
        world.balances[from][asset] -= amount;
    }

    function _append(World memory world, Withdrawal memory entry) private pure {
        Withdrawal[] memory outbox = new Withdrawal[](world.outbox.length + 1);
        for (uint256 i = 0; i < world.outbox.length; ++i) {
            outbox[i] = world.outbox[i];
        }
        outbox[world.outbox.length] = entry;
        world.outbox = outbox;
    }

    function _finalize(World memory world, uint256 index) private {
        if (_paid[index]) return;
        mine(1);
        Withdrawal memory w = world.outbox[index];
        bridge.proveWithdrawal(_id, w, uint64(index), branchOf(treeOf(world), OUTBOX_KEY + uint64(index)));
        mine(MATURITY);
        bridge.finalizeWithdrawal(address(this), _id, w, uint64(index));
        _paid[index] = true;
        _due[w.recipient][w.asset] += w.amount;
    }

    /// @dev Everything there is, from a random place on; each taken twice.
    function _takeEverything(World memory world) private {
        uint256 deposits = messages.length;
        uint256 count = 9 + deposits + world.outbox.length;
        uint256 start = _next(count);
        proveTotals();
        for (uint256 i = 0; i < count; ++i) {
            uint256 which = (start + i) % count;
            if (which < 9) _takeBalance(world, uint32(1 + which / 3), uint8(which % 3));
            else if (which < 9 + deposits) _takeDeposit(world, which - 9);
            else _finalize(world, which - 9 - deposits);
        }
    }

    function _takeBalance(World memory world, uint32 account, uint8 asset) private {
        uint96 amount = world.balances[account][asset];
        // Most accounts that hold nothing are passed over: proofs are what takes time here.
        if (amount == 0 && asset != ETH) return;
        bool open = world.owners[account] != address(0);
        if (open && exitMode.claimOf(account).owner == address(0)) proveClaim(account);
        if (amount == 0) vm.expectRevert();
        exitMode.pay(account, asset);
        if (amount == 0) return;
        _due[world.owners[account]][asset] += amount;
        ++_exits;
        vm.expectRevert(abi.encodeWithSelector(IExitMode.NothingToPay.selector, account, asset));
        exitMode.pay(account, asset);
    }

    function _takeDeposit(World memory world, uint256 index) private {
        bytes memory body = messages[index].body;
        bool consumed = index < world.delayed;
        if (consumed) vm.expectRevert();
        returnDeposit(index);
        if (consumed) return;
        uint256 word;
        assembly ("memory-safe") {
            word := mload(add(body, 37))
        }
        _due[messages[index].sender][uint8(word >> 96)] += uint96(word);
        ++_returns;
        vm.expectRevert();
        returnDeposit(index);
    }

    function _expectNothingLeft() private {
        _picky.setOpen(true);
        if (bridge.claimable(address(_picky)) > 0) bridge.claim(address(_picky));
        for (uint8 asset = 0; asset < 3; ++asset) {
            assertEq(bridge.custody(asset), 0, "E-4");
            assertEq(_held(address(bridge), asset), 0, "C-2");
            for (uint256 i = 0; i < 3; ++i) {
                assertEq(_held(_people[i], asset), _due[_people[i]][asset], "E-3");
            }
        }
    }

    function _held(address who, uint8 asset) private view returns (uint256) {
        return asset == ETH ? who.balance : NoReturnToken(bridge.token(asset)).balanceOf(who);
    }

    /// @dev A number below `limit`.
    function _next(uint256 limit) private returns (uint256) {
        _random = uint256(keccak256(abi.encode(_random)));
        return _random % limit;
    }
}
