// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Test} from "../Test.sol";
import {GameHandler} from "./GameHandler.sol";

/// @notice docs/invariants.md D and P under random contests, at one height.
abstract contract GameInvariantTest is Test {
    GameHandler private immutable _HANDLER;

    constructor(uint8 levels) {
        _HANDLER = new GameHandler(levels);
    }

    function setUp() public {
        bytes4[] memory moves = new bytes4[](12);
        moves[0] = moves[8] = moves[9] = GameHandler.warp.selector;
        moves[1] = moves[10] = GameHandler.lie.selector;
        moves[2] = moves[11] = GameHandler.pursue.selector;
        moves[3] = GameHandler.freeload.selector;
        moves[4] = GameHandler.press.selector;
        moves[5] = GameHandler.betray.selector;
        moves[6] = GameHandler.extend.selector;
        moves[7] = GameHandler.settle.selector;
        targetSelector(FuzzSelector(address(_HANDLER), moves));
        targetContract(address(_HANDLER));
    }

    /// @dev One test for all: the handler checks after every call and keeps what broke first.
    function invariant_D1_D2_D3_D4_D5_P1_theGameKeepsItsPromises() public view {
        assertEq(bytes(_HANDLER.broken()).length, 0, _HANDLER.broken());
    }

    /// @dev D-6: a whole contest, then its aftermath in two orders.
    function testFuzz_D6_aftermathInAnyOrder_sameBalances(uint256 seed, uint256 first, uint256 second) public {
        _contest(seed);
        uint256 before = vm.snapshotState();
        _aftermath(first);
        bytes32 expected = _HANDLER.balances();
        assertTrue(vm.revertToState(before));
        _aftermath(second);
        assertEq(_HANDLER.balances(), expected, "D-6");
        assertEq(bytes(_HANDLER.broken()).length, 0, _HANDLER.broken());
    }

    /// @dev The random moves must reach the far end of the path; shown once on a straight run.
    function test_handler_straightRun_reachesTheEnd() public {
        _contest(uint256(keccak256("straight run")));
        _aftermath(1);
        assertGt(_HANDLER.done("bisect"), 0);
        assertGt(_HANDLER.done("honest"), 0);
        assertGt(_HANDLER.done("seize"), 0);
        assertGt(_HANDLER.done("claim"), 0);
        assertEq(_HANDLER.broken(), "");
    }

    /// @dev Honest and awake, against some liars who do all they can.
    function _contest(uint256 seed) private {
        _HANDLER.begin(seed | 1);
        for (uint256 i = 0; i < 24; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            if (i % 8 == 0) _HANDLER.lie(seed - seed % 4 + 1);
            else if (seed % 7 == 0) _HANDLER.warp((seed >> 8) << 3);
            else if (seed % 7 == 1) _HANDLER.freeload(seed >> 8);
            else if (seed % 7 == 2) _HANDLER.betray(seed >> 8);
            else if (seed % 7 == 3) _HANDLER.extend(seed >> 8);
            else _HANDLER.pursue(seed >> 8);
        }
        _HANDLER.freeload(0);
        for (uint256 i = 0; i < 12 && !_HANDLER.isOver(); ++i) {
            _HANDLER.warp(5 + 256 * 2);
        }
        assertTrue(_HANDLER.isOver(), "nobody won");
    }

    /// @dev Every operation in a random order, again and again: some wait for others.
    function _aftermath(uint256 seed) private {
        uint256 count = _HANDLER.operations();
        uint256[] memory order = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) {
            uint256 j = uint256(keccak256(abi.encode(seed, i))) % (i + 1);
            order[i] = order[j];
            order[j] = i;
        }
        for (uint256 i = 0; i < 3 * count; ++i) {
            _HANDLER.perform(order[i % count]);
        }
    }
}

contract GameHeight1InvariantTest is GameInvariantTest(1) {}

contract GameHeight2InvariantTest is GameInvariantTest(2) {}

contract GameHeight3InvariantTest is GameInvariantTest(3) {}

contract GameHeight4InvariantTest is GameInvariantTest(4) {}
