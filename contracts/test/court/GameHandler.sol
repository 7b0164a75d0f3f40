// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ToyState} from "../mocks/ToyVerifier.sol";
import {GameLedger} from "./GameLedger.sol";

/// @notice One contest in which anybody does anything, and an honest player who is awake, or wakes up late.
/// @dev The first call of a run deploys; its seed decides on the length of the history and on the waking time. Between two
/// calls no time passes but in `warp`, where the honest player answers in time.
contract GameHandler is GameLedger {
    uint256 internal constant MAX_LIES = 6;

    uint8 private immutable _LEVELS;
    uint256 private _alarm;

    constructor(uint8 levels) {
        _LEVELS = levels;
    }

    modifier others(uint256 seed) {
        begin(seed);
        _;
        if (dirtyAt == 0) dirtyAt = vm.getBlockTimestamp();
        _check(seed);
    }

    /// @notice Deploy, unless that was done.
    function begin(uint256 seed) public {
        if (address(chain) != address(0)) return;
        uint256 leaves = 1 << _LEVELS;
        deployGame(_LEVELS, uint40(1 + (seed >> 8) % (leaves + 1)));
        outside.append("item 1");
        _prepare(rightHistory(genesisState, 1));
        isAwake = isPromised = seed % 4 != 0;
        if (!isAwake) wakesAt = START_AT + (seed >> 16) % (3 * T);
        stakers.push(alice);
        stakers.push(carol);
    }

    // ---- moves of anybody

    /// @notice A new lie, published or withheld, wrong from one leaf on or at one leaf only.
    function lie(uint256 seed) external others(seed) {
        if (claims.length > MAX_LIES || chain.confirmedChild(genesis) != 0) return;
        uint256 index = (seed >> 8) % (1 << height);
        bool isPoisoned = (seed >> 4) % 2 == 0;
        uint256 place = _prepare(
            isPoisoned ? poisoned(genesisState, 1, index, bytes32(seed)) : patched(_historyOf(0), index, bytes32(seed))
        );
        (claims[place].wrongAt, claims[place].isPublished) = (index, seed % 4 == 0);
        address sybil = makeAddr(string.concat("sybil", vm.toString(place)));
        vm.deal(sybil, STAKE);
        stakers.push(sybil);
        _make(sybil, place);
        ++done["lie"];
    }

    /// @notice A freeloader does what the honest player would do next; it may make the right claim first.
    function freeload(uint256 seed) external others(seed) {
        if (chain.confirmedChild(genesis) != 0) return;
        if (claims[0].id == 0) {
            if (seed % 2 == 0) _make(carol, 0);
        } else {
            _answer(carol, 1 + seed % 3);
        }
        ++done["freeload"];
    }

    /// @notice A liar bisects on the way to its wrong leaf, one edge or all, or everything it can; it tries to prove leaves.
    function pursue(uint256 seed) external others(seed) {
        uint256 place = _lieOf(seed);
        if (place == 0 || chain.confirmedChild(genesis) != 0) return;
        (uint256 leaves, uint256 style) = (1 << height, (seed >> 8) % 3);
        for (uint256 k = 1; k < leaves; ++k) {
            (uint8 level, uint64 index) = _placeOf(k);
            if (style < 2 && index != claims[place].wrongAt >> level) continue;
            if (!_isOpen(place, k)) continue;
            _bisect(claims[place].staker, place, k);
            ++done["bisect"];
            if (style == 0) return;
        }
        for (uint256 i = 0; i < leaves; ++i) {
            if (!_isOpen(place, leaves + i)) continue;
            try this.proveLie(place, i) {
                if (i == claims[place].wrongAt) _break("a wrong leaf was proven");
            } catch {}
        }
    }

    function proveLie(uint256 place, uint256 index) external {
        proveLeafAs(claims[place].staker, _historyOf(place), index);
    }

    /// @notice Timers of any claim are updated, and whoever can be marked or confirmed is.
    function press(uint256 seed) external others(seed) {
        uint256 place = seed % claims.length;
        if (claims[place].id == 0) return;
        _update(place);
        try chain.markConfirmable(claims[place].id) {
            if (place != 0 && isPromised && isAwake) _break("D-1: a lie was marked");
            ++done["mark"];
        } catch {}
        try chain.confirm(claims[place].id) {
            ++done["confirm"];
        } catch {}
    }

    /// @notice A liar, or somebody who knows the withheld history, refutes a lie.
    function betray(uint256 seed) external others(seed) {
        uint256 place = _lieOf(seed);
        if (place == 0 || !_isLive(claims[place].id) || chain.confirmedChild(genesis) != 0) return;
        _refute(seed % 2 == 0 ? carol : claims[place].staker, place);
        ++done["betray"];
    }

    /// @notice A liar moves its stake to a child of its lie.
    function extend(uint256 seed) external others(seed) {
        uint256 place = _lieOf(seed);
        if (place == 0 || claims[place].below != 0 || !_isLive(claims[place].id)) return;
        ToyState memory last = lastState(_historyOf(place));
        History memory history = rightHistory(last, chain.assertion(claims[place].id).nextTarget);
        if (chain.stakedOn(claims[place].staker) != claims[place].id) return;
        claims[place].below = assertAs(claims[place].staker, claims[place].id, history);
        ++done["extend"];
    }

    /// @notice One step of the aftermath, whether it is due or not.
    function settle(uint256 seed) external others(seed) {
        perform((seed >> 8) % operations());
        if (seed % 8 == 0) _leave(stakers[(seed >> 8) % stakers.length]);
    }

    // ---- time and the honest player

    /// @notice The honest player acts, if it is awake; anybody may have been before it.
    function honestTurn(uint256 seed) external {
        begin(seed);
        if (isAwake) _play();
        _check(seed);
    }

    /// @notice Time passes: a little, to a deadline or a second beside it, or long.
    function warp(uint256 seed) external {
        begin(seed);
        uint256 until = vm.getBlockTimestamp();
        uint256 style = seed % 8;
        if (style < 3) until += (seed >> 8) % (2 * REACTION);
        else if (style < 5) until += (seed >> 8) % (T / 2);
        else if (style < 7) until += (style == 5 ? T : G) - 1 + (seed >> 8) % 3;
        else until += (seed >> 8) % (2 * T);
        for (uint256 i = 0; i < 16; ++i) {
            uint256 turnAt = _nextTurnAt();
            if (turnAt > until) {
                vm.warp(until);
                break;
            }
            vm.warp(turnAt);
            if (!isAwake) _wake();
            else _play();
        }
        ++done["warp"];
        _check(seed);
    }

    function _nextTurnAt() private view returns (uint256 turnAt) {
        if (!isAwake) turnAt = wakesAt;
        else turnAt = dirtyAt == 0 ? _alarm : dirtyAt + REACTION;
        if (turnAt < vm.getBlockTimestamp()) turnAt = vm.getBlockTimestamp();
    }

    /// @dev Too late if a lie can have a full clock before the honest player is through, or has been marked.
    function _wake() private {
        (isAwake, dirtyAt) = (true, vm.getBlockTimestamp());
        promisedFrom = dirtyAt;
        isPromised = chain.confirmedChild(genesis) == 0;
        uint256 limit = T - (height + 2) * REACTION;
        uint256 end = claims[0].id == 0 ? dirtyAt : claims[0].createdAt;
        for (uint256 i = 1; i < claims.length; ++i) {
            if (!_isLive(claims[i].id)) continue;
            _update(i);
            bool isEarly = claims[i].createdAt + limit <= end;
            if (isEarly || _timer(i) >= limit || chain.assertion(claims[i].id).markedAt != 0) isPromised = false;
        }
    }

    function _play() private {
        try this.playHonest() {
            ++done["honest"];
        } catch {
            _break("an honest move was rejected");
        }
        _alarm = _alarmAt(); // once a turn: what the contracts have of a timer lags behind until it is updated
    }

    /// @notice Whether a child of the origin is confirmed.
    function isOver() external view returns (bool) {
        return chain.confirmedChild(genesis) != 0;
    }

    function _lieOf(uint256 seed) private view returns (uint256) {
        return claims.length < 2 ? 0 : 1 + (seed >> 32) % (claims.length - 1);
    }
}
