// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AssertionInput} from "../src/interfaces/IAssertionChain.sol";
import {DelayedMessage, ItemHeader} from "../src/types/Inputs.sol";
import {Withdrawal} from "../src/types/State.sol";

import {Settlement} from "./Settlement.sol";
import {TreeModel} from "./TreeModel.sol";
import {NoReturnToken} from "./mocks/Tokens.sol";

/// @notice Whole small L2 states with accounts, and the moves that lead into exit mode.
abstract contract ExitFixture is Settlement {
    /// @notice An L2 state in words; account 0 exists in the lists only, to keep numbers and indices alike.
    struct World {
        uint40 item;
        uint40 delayed;
        /// 1 in the middle of an item.
        uint8 phase;
        /// Zero: not open.
        address[] owners;
        uint96[4][] balances;
        Withdrawal[] outbox;
        /// More leaves, which stand in place of those that the words above make.
        uint64[] keys;
        bytes[] values;
    }

    uint64 internal constant OWNER_KEY = 6 << 32 | 1;
    uint64 internal constant BALANCES_KEY = 6 << 32 | 3;
    uint64 internal constant DIRECTORY_KEY = 6 << 32 | 7;
    uint64 internal constant POSITIONS_KEY = 6 << 32 | 16;
    uint64 internal constant OUTBOX_KEY = 8 << 32;
    uint64 internal constant SERIES_KEY = 2 << 32 | 1;
    uint64 internal constant PRICES_KEY = 1;
    uint64 internal constant TOTALS_KEY = 5;
    uint64 internal constant ASSETS_KEY = 6;

    ItemHeader[] internal headers;
    DelayedMessage[] internal messages;
    World internal exitWorld;

    function newWorld(uint256 accounts) internal pure returns (World memory world) {
        world.owners = new address[](accounts + 1);
        world.balances = new uint96[4][](accounts + 1);
    }

    function copy(World memory world) internal pure returns (World memory) {
        return abi.decode(abi.encode(world), (World));
    }

    /// @dev Post a batch that consumes the first `delayedCount` messages.
    function postItem(uint64 delayedCount) internal {
        bytes memory data = hex"01";
        bytes32 delayedAcc = inbox.delayedAccumulator(delayedCount);
        bytes32 expected = inbox.accumulator(inbox.count());
        vm.prank(poster, poster);
        inbox.appendBatch(expected, data, delayedCount, delayedAcc, 0, 0);
        uint40 time = uint40(vm.getBlockTimestamp());
        bytes32 chunk = keccak256(abi.encodePacked(bytes1(0x03), data));
        headers.push(
            ItemHeader(
                0, 1, chunk, uint40(delayedCount), delayedAcc, 0, 0, time - uint40(MAX_PAST), time + uint40(MAX_FUTURE)
            )
        );
    }

    function deposit(address from, uint32 account, uint8 asset, uint96 amount) internal returns (uint256 index) {
        index = inbox.delayedCount();
        if (asset == ETH) {
            vm.deal(from, from.balance + amount);
            vm.prank(from);
            bridge.depositETH{value: amount}(account);
        } else {
            NoReturnToken token = NoReturnToken(bridge.token(asset)); // no answer is expected of any token
            token.mint(from, amount);
            vm.startPrank(from);
            token.approve(address(bridge), amount);
            bridge.depositToken(asset, account, amount);
            vm.stopPrank();
        }
        bytes memory body = abi.encodePacked(account, bridge.accountOwner(account), asset, amount);
        messages.push(DelayedMessage(0, from, uint40(vm.getBlockTimestamp()), body));
    }

    /// @dev Claim after `parentId` that the history leads to `world`.
    function claimOf(bytes32 parentId, World memory world) internal view returns (AssertionInput memory input) {
        TreeModel.Tree memory tree = treeOf(world);
        input.parentId = parentId;
        input.afterStateRoot = TreeModel.root(tree);
        input.lastLeafBranch = new bytes32[](HEIGHT);
        bytes32 node = input.afterStateRoot;
        for (uint256 i = 0; i < HEIGHT; ++i) {
            node = keccak256(abi.encodePacked(bytes1(0x02), bytes32(0), node));
        }
        input.historyRoot = node;
        input.cursorProof = abi.encodePacked(cursorOf(world), branchOf(tree, 0));
        input.expectedId = idOf(input);
    }

    function assertWorld(bytes32 parentId, World memory world) internal returns (bytes32 id) {
        return assertAs(staker, claimOf(parentId, world));
    }

    function confirmWorld(World memory world) internal returns (bytes32 id) {
        id = assertWorld(chain.latestConfirmed(), world);
        mine(PERIOD);
        chain.confirm(id);
    }

    /// @dev Enter with the item after the last one that `world`, the last confirmed state, has finished.
    function enterWith(World memory world) internal {
        exitWorld = world;
        uint64 until = headers[world.item].minTime + MAX_PAST + EXIT_AFTER;
        if (vm.getBlockTimestamp() < until) vm.warp(until);
        exitMode.enter(headers[world.item]);
    }

    /// @dev Add a leaf to a world.
    function putLeaf(World memory world, uint64 key, bytes memory value) internal pure {
        TreeModel.Tree memory tree = TreeModel.Tree(world.keys, world.values);
        TreeModel.put(tree, key, value);
        (world.keys, world.values) = (tree.keys, tree.values);
    }

    /// @dev Prove what is still to be proven for an account, and have it paid.
    function exitBalance(uint32 account, uint8 asset) internal {
        if (!exitMode.books().isProven) proveTotals();
        if (exitMode.claimOf(account).owner == address(0)) proveClaim(account);
        exitMode.pay(account, asset);
    }

    function proveTotals() internal {
        TreeModel.Tree memory tree = treeOf(exitWorld);
        (bytes[] memory values, bytes memory proof) = open(tree, globalKeys());
        exitMode.proveTotals(values[0], values[1], values[2], proof);
    }

    function proveMarks(uint16[] memory series) internal {
        (bytes[] memory states, bytes memory proof) = open(treeOf(exitWorld), markKeys(series));
        exitMode.proveMarks(series, states, proof);
    }

    function proveClaim(uint32 account) internal {
        TreeModel.Tree memory tree = treeOf(exitWorld);
        (bytes[] memory values, bytes memory proof) = open(tree, claimKeys(tree, account));
        exitMode.proveClaim(account, values, proof);
    }

    function globalKeys() internal pure returns (uint64[] memory keys) {
        keys = new uint64[](3);
        (keys[0], keys[1], keys[2]) = (PRICES_KEY, TOTALS_KEY, ASSETS_KEY);
    }

    function markKeys(uint16[] memory series) internal pure returns (uint64[] memory keys) {
        keys = new uint64[](series.length);
        for (uint256 i = 0; i < keys.length; ++i) {
            keys[i] = SERIES_KEY + 8 * uint64(series[i]);
        }
    }

    /// @dev Keys of an account's claim: the pages are those that hold anything.
    function claimKeys(TreeModel.Tree memory tree, uint32 account) internal pure returns (uint64[] memory keys) {
        uint64 fields = uint64(account) * 32;
        keys = new uint64[](19);
        (keys[0], keys[1], keys[2]) = (OWNER_KEY + fields, BALANCES_KEY + fields, DIRECTORY_KEY + fields);
        uint256 count = 3;
        for (uint64 page = 0; page < 16; ++page) {
            if (TreeModel.get(tree, POSITIONS_KEY + fields + page).length == 0) continue;
            keys[count++] = POSITIONS_KEY + fields + page;
        }
        assembly ("memory-safe") {
            mstore(keys, count)
        }
    }

    /// @dev Values of some leaves, and the siblings of their multiproof.
    function open(TreeModel.Tree memory tree, uint64[] memory keys)
        internal
        pure
        returns (bytes[] memory values, bytes memory proof)
    {
        values = new bytes[](keys.length);
        for (uint256 i = 0; i < keys.length; ++i) {
            values[i] = TreeModel.get(tree, keys[i]);
        }
        proof = TreeModel.siblings(tree, keys);
    }

    function returnDeposit(uint256 index) internal {
        TreeModel.Tree memory tree = treeOf(exitWorld);
        exitMode.returnDeposit(index, messages[index], cursorOf(exitWorld), branchOf(tree, 0));
    }

    function cursorOf(World memory world) internal pure returns (bytes memory) {
        uint32 offset = world.phase == 0 ? 0 : 7;
        return
            abi.encodePacked(
                world.item, offset, world.delayed, uint40(0), world.item, uint48(1000), world.phase, uint8(0)
            );
    }

    function treeOf(World memory world) internal pure returns (TreeModel.Tree memory tree) {
        TreeModel.put(tree, 0, cursorOf(world));
        TreeModel.put(tree, 2, abi.encodePacked(uint40(world.outbox.length), uint96(0)));
        TreeModel.put(tree, 5, amounts(totals(world)));
        for (uint64 i = 1; i < world.owners.length; ++i) {
            if (world.owners[i] == address(0)) continue;
            TreeModel.put(tree, OWNER_KEY + i * 32, abi.encodePacked(world.owners[i], uint64(i), uint192(1)));
            TreeModel.put(tree, BALANCES_KEY + i * 32, amounts(world.balances[i]));
        }
        for (uint64 i = 0; i < world.outbox.length; ++i) {
            TreeModel.put(tree, OUTBOX_KEY + i, encode(world.outbox[i]));
        }
        for (uint256 i = 0; i < world.keys.length; ++i) {
            TreeModel.put(tree, world.keys[i], world.values[i]);
        }
    }

    function totals(World memory world) internal pure returns (uint96[4] memory sums) {
        for (uint256 i = 0; i < world.balances.length; ++i) {
            for (uint256 asset = 0; asset < 4; ++asset) {
                sums[asset] += world.balances[i][asset];
            }
        }
    }

    function amounts(uint96[4] memory values) internal pure returns (bytes memory) {
        return abi.encodePacked(values[0], values[1], values[2], values[3]);
    }

    /// @dev Siblings of one leaf, from the leaf upwards.
    function branchOf(TreeModel.Tree memory tree, uint64 key) internal pure returns (bytes32[] memory) {
        return TreeModel.branch(tree, key);
    }
}
