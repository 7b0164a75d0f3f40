// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AssertionStatus} from "../../src/interfaces/IAssertionChain.sol";
import {Edge, IChallengeGame} from "../../src/interfaces/IChallengeGame.sol";
import {GamePlayers} from "./GamePlayers.sol";

/// @notice What must hold in a contest after every call (docs/invariants.md D and P), and its aftermath: settlement and
/// tariffs as numbered operations, so that they can be done in any order.
abstract contract GameLedger is GamePlayers {
    /// @notice What went wrong first; empty if nothing did.
    string public broken;
    /// @notice Calls that went through, per name.
    mapping(string name => uint256 count) public done;
    /// @notice Whether the honest player was, or woke up, in time: then docs/spec.md D-15 promises that it wins.
    bool public isPromised;
    bool public isAwake;

    uint256 internal wakesAt;
    uint256 internal promisedFrom;
    address[] internal stakers;
    uint256 private _paid;
    mapping(bytes32 id => AssertionStatus status) private _lastStatus;
    mapping(bytes32 edge => uint256 seconds_) private _lastTimer;
    mapping(bytes32 key => bool isPaid) private _wasPaid;

    // ---- what must hold

    function _break(string memory what) internal {
        if (bytes(broken).length == 0) broken = what;
    }

    function _check(uint256 seed) internal {
        _checkMoney();
        _checkLives();
        _checkPromise();
        _checkTimers((seed >> 16) % claims.length);
    }

    /// @dev P-1, A-1.
    function _checkMoney() private {
        uint256 inside = pool.locked() + pool.pots() + pool.owed();
        if (address(pool).balance != inside) _break("P-1: balance");
        if (deposits != inside + pool.burnt() + _paid) _break("P-1: deposits");
        uint256 stakes = 0;
        for (uint256 i = 0; i < stakers.length; ++i) {
            if (chain.stakedOn(stakers[i]) != 0) ++stakes;
        }
        if (pool.locked() != stakes * STAKE) _break("A-1: stakes");
    }

    /// @dev D-2 and D-3: one winner at most, and nothing goes back.
    function _checkLives() private {
        uint256 winners = 0;
        for (uint256 i = 0; i < claims.length; ++i) {
            if (_advance(claims[i].id) == AssertionStatus.CONFIRMED) ++winners;
            if (_advance(claims[i].below) == AssertionStatus.CONFIRMED) _break("nobody confirmed that");
        }
        if (winners > 1 || (winners == 0) != (chain.confirmedChild(genesis) == 0)) _break("D-2: winners");
    }

    function _advance(bytes32 id) private returns (AssertionStatus status) {
        if (id == 0) return AssertionStatus.NONE;
        AssertionStatus before = _lastStatus[id];
        (,, status,) = chain.claimOf(id);
        if (status < before) _break("D-3: a status went back");
        if (before == AssertionStatus.CONFIRMED && status != before) _break("D-3: confirmed is for ever");
        _lastStatus[id] = status;
    }

    /// @dev D-1: the right claim, and no other, in time. A stake on it stays until its owner takes it back.
    function _checkPromise() private {
        if (!isPromised || !isAwake) return;
        Claim storage right = claims[0];
        bytes32 winner = chain.confirmedChild(genesis);
        if (winner != 0) {
            if (winner != right.id) _break("D-1: a lie was confirmed");
            return;
        }
        if (right.id == 0 || chain.childCount(genesis) < 2) return;
        uint256 from = claims[1].createdAt > right.createdAt ? claims[1].createdAt : right.createdAt;
        if (from < promisedFrom) from = promisedFrom;
        uint256 until = from + 2 * T + G + (height + 3) * REACTION;
        if (vm.getBlockTimestamp() > until) _break("D-1: too late");
        if (chain.stakedOn(right.staker) != right.id) _break("D-1: an honest stake was lost");
    }

    /// @dev D-4: no second counts twice. An edge may inherit time from before its own creation, from a half that it shares
    /// with earlier rivals, but none from before the first of them.
    function _checkTimers(uint256 place) private {
        Claim storage claim = claims[place];
        bytes32[] memory edges = claim.edges;
        for (uint256 k = 1; k < edges.length; ++k) {
            Edge memory edge = game.edge(edges[k]);
            if (edge.createdAt == 0) continue;
            bytes32 id = edges[k];
            uint256 timer = game.timer(id);
            if (timer < _lastTimer[id]) _break("D-4: a timer went back");
            uint256 age = vm.getBlockTimestamp() - game.edge(game.firstRival(claim.mutuals[k])).createdAt;
            if (edge.inherited != PROVEN && timer > age) _break("D-4: more than the age of the dispute");
            _lastTimer[id] = timer;
        }
    }

    // ---- aftermath

    function operations() public view returns (uint256) {
        return 1 + 4 * claims.length + 2 * claims[0].nodes.length;
    }

    /// @notice Do it if it is due. Whatever pays must not pay again.
    function perform(uint256 operation) public {
        if (operation == 0) {
            _claim("winner", abi.encodeCall(IChallengeGame.claimAssertion, (genesis)));
            return;
        }
        uint256 rest = operation - 1;
        if (rest >= 4 * claims.length) return _claimEdge((rest - 4 * claims.length) / 2);
        (uint256 place, uint256 kind) = (rest / 4, rest % 4);
        Claim storage claim = claims[place];
        if (claim.id == 0) return;
        if (kind == 0) _claim(claim.id, abi.encodeCall(IChallengeGame.claimRefutation, (claim.id)));
        if (kind == 1) _settle(claim.id, address(0));
        if (kind == 2 && claim.below != 0) _settle(claim.below, address(0));
        if (kind == 3) _settle(0, claim.staker);
    }

    function _settle(bytes32 id, address staker) private {
        bytes32[] memory ids = new bytes32[](id == 0 ? 0 : 1);
        address[] memory losers = new address[](id == 0 ? 1 : 0);
        if (id == 0) losers[0] = staker;
        else ids[0] = id;
        bytes32 before = id == 0 ? chain.stakedOn(staker) : bytes32(0);
        vm.prank(mallory);
        try chain.settle(ids, losers) {
            if (before != 0 && chain.stakedOn(staker) == 0) ++done["seize"];
        } catch {}
    }

    function _claimEdge(uint256 k) private {
        if (k == 0 || chain.confirmedChild(genesis) != claims[0].id) return;
        Claim storage right = claims[0];
        (uint8 level, uint64 index) = _placeOf(k);
        bytes32[] memory branch = new bytes32[](height - level);
        for (uint256 i = 0; i < branch.length; ++i) {
            branch[i] = right.nodes[(k >> i) ^ 1];
        }
        bytes32 node = right.nodes[k];
        if (level == 0) {
            _claim(bytes32(k), abi.encodeCall(IChallengeGame.claimOneStepProof, (genesis, index, node, branch)));
        } else {
            _claim(bytes32(k), abi.encodeCall(IChallengeGame.claimBisection, (genesis, level, index, node, branch)));
        }
    }

    /// @dev D-5: each service is paid once, its tariff out of the pot.
    function _claim(bytes32 key, bytes memory call) private {
        (uint256 owedBefore, uint256 potsBefore) = (pool.owed(), pool.pots());
        (bool isPaid,) = address(game).call(call);
        if (!isPaid) return;
        if (_wasPaid[key]) _break("D-5: paid twice");
        _wasPaid[key] = true;
        if (pool.owed() - owedBefore != potsBefore - pool.pots()) _break("D-5: not out of the pot");
        ++done["claim"];
    }

    /// @dev Take a stake back if it is free, and whatever is owed.
    function _leave(address who) internal {
        vm.prank(who);
        try chain.withdrawStake() {
            ++done["withdraw"];
        } catch {}
        uint256 owed = pool.claimable(who);
        if (owed == 0) return;
        vm.prank(who);
        pool.claim(who);
        _paid += owed;
    }

    /// @notice All that an order of operations could change.
    function balances() external view returns (bytes32 sums) {
        sums =
            keccak256(abi.encode(pool.locked(), pool.pot(genesis), pool.pots(), pool.burnt(), pool.claimable(mallory)));
        for (uint256 i = 0; i < stakers.length; ++i) {
            sums = keccak256(abi.encode(sums, pool.claimable(stakers[i]), chain.stakedOn(stakers[i])));
        }
        for (uint256 i = 0; i < claims.length; ++i) {
            if (claims[i].id != 0) sums = keccak256(abi.encode(sums, chain.assertion(claims[i].id)));
            if (claims[i].below != 0) sums = keccak256(abi.encode(sums, chain.assertion(claims[i].below)));
        }
    }
}
