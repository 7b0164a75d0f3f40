// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {StakePool} from "../../src/StakePool.sol";
import {Service} from "../../src/interfaces/IStakePool.sol";
import {Test} from "../Test.sol";

/// @notice A pool in any state whose sums fit its money.
contract AnyPool is StakePool {
    constructor(uint8 height, uint96 stakeWei, uint64 price)
        StakePool(msg.sender, msg.sender, height, stakeWei, price)
    {}

    function set(uint256[4] calldata sums, bytes32 contest, uint256 potWei, address creditor, uint256 creditWei)
        external
    {
        (locked, pots, owed, burnt) = (sums[0], sums[1], sums[2], sums[3]);
        pot[contest] = potWei;
        claimable[creditor] = creditWei;
    }
}

/// @notice Proofs by halmos that no call of the pool makes or loses money (docs/spec.md D-13, docs/invariants.md), from any
/// state and for all arguments.
/// @dev Amounts are below 2^120 wei, the stake is that of the profiles. This contract is the chain and the game at once.
contract StakePoolProofs is Test {
    uint256 private constant LIMIT = 1 << 120;
    uint96 private constant STAKE = 3 ether;

    /// @notice The pool before the call.
    struct State {
        uint256[4] sums;
        bytes32 contest;
        uint256 potWei;
        address creditor;
        uint256 creditWei;
    }

    AnyPool private _pool;

    function setUp() public {
        _pool = new AnyPool(12, STAKE, 30 gwei);
    }

    function check_lock_conserves(State calldata state, address staker, bytes32 id) external {
        _prepare(state);
        vm.deal(address(this), STAKE);
        _pool.lock{value: STAKE}(staker, id);
        _expect(state, [int256(uint256(STAKE)), 0, 0, 0], int256(uint256(STAKE)));
    }

    function check_release_conserves(State calldata state, address staker) external {
        _prepare(state);
        uint256 before = _pool.claimable(staker);
        _pool.release(staker);
        _expect(state, [-int256(uint256(STAKE)), 0, int256(uint256(STAKE)), 0], 0);
        assert(_pool.claimable(staker) == before + STAKE);
    }

    function check_seize_conserves(State calldata state, address staker, bytes32 contest, address settler) external {
        _prepare(state);
        uint256 before = _pool.claimable(settler);
        uint256 potBefore = _pool.pot(contest);
        uint256 reward = _pool.tariff(Service.SETTLEMENT);
        _pool.seize(staker, contest, settler);
        uint256 rest = STAKE - STAKE / 2 - reward;
        int256 half = int256(uint256(STAKE / 2));
        _expect(state, [-int256(uint256(STAKE)), int256(rest), int256(reward), half], -half);
        assert(_pool.claimable(settler) == before + reward);
        assert(_pool.pot(contest) == potBefore + rest);
    }

    function check_pay_conserves(State calldata state, bytes32 contest, uint8 service, address to) external {
        if (service > uint8(type(Service).max)) return;
        _prepare(state);
        uint256 before = _pool.claimable(to);
        uint256 potBefore = _pool.pot(contest);
        uint256 due = _pool.tariff(Service(service));
        _pool.pay(contest, Service(service), to);
        _expect(state, [int256(0), -int256(due), int256(due), 0], 0);
        assert(_pool.claimable(to) == before + due);
        assert(_pool.pot(contest) == potBefore - due);
    }

    function check_burnPot_conserves(State calldata state, bytes32 contest) external {
        _prepare(state);
        int256 amount = int256(_pool.pot(contest));
        _pool.burnPot(contest);
        _expect(state, [int256(0), -amount, 0, amount], -amount);
        assert(_pool.pot(contest) == 0);
    }

    function check_claim_conserves(State calldata state, address claimer) external {
        _prepare(state);
        int256 amount = int256(_pool.claimable(claimer));
        uint256 before = address(0xbeef).balance;
        vm.prank(claimer);
        _pool.claim(address(0xbeef));
        _expect(state, [int256(0), 0, -amount, 0], -amount);
        assert(_pool.claimable(claimer) == 0);
        assert(address(0xbeef).balance == before + uint256(amount));
    }

    /// @notice Nobody but the chain and the game moves anything but its own credit.
    function check_strangers_moveNothing(State calldata state, address caller, bytes32 contest, address to) external {
        if (caller == address(this)) return;
        _prepare(state);
        bytes[5] memory calls = [
            abi.encodeCall(_pool.lock, (to, contest)),
            abi.encodeCall(_pool.release, (to)),
            abi.encodeCall(_pool.seize, (to, contest, caller)),
            abi.encodeCall(_pool.pay, (contest, Service.REFUTATION, to)),
            abi.encodeCall(_pool.burnPot, (contest))
        ];
        for (uint256 i = 0; i < calls.length; ++i) {
            vm.prank(caller);
            (bool ok,) = address(_pool).call(calls[i]);
            assert(!ok);
        }
    }

    /// @dev Money that the pool holds is what it owes; a pot is part of all pots, a credit part of all credits.
    function _prepare(State memory state) private {
        for (uint256 i = 0; i < 4; ++i) {
            vm.assume(state.sums[i] < LIMIT);
        }
        vm.assume(state.potWei <= state.sums[1] && state.creditWei <= state.sums[2]);
        _pool.set(state.sums, state.contest, state.potWei, state.creditor, state.creditWei);
        vm.deal(address(_pool), state.sums[0] + state.sums[1] + state.sums[2]);
    }

    /// @dev What came in is locked, in pots, owed, burnt, or paid.
    function _expect(State memory state, int256[4] memory changes, int256 balanceChange) private view {
        uint256[4] memory now_ = [_pool.locked(), _pool.pots(), _pool.owed(), _pool.burnt()];
        for (uint256 i = 0; i < 4; ++i) {
            assert(int256(now_[i]) == int256(state.sums[i]) + changes[i]);
        }
        uint256 due = now_[0] + now_[1] + now_[2];
        assert(address(_pool).balance == due);
        assert(int256(due) == int256(state.sums[0] + state.sums[1] + state.sums[2]) + balanceChange);
        assert(changes[0] + changes[1] + changes[2] == balanceChange);
    }
}
