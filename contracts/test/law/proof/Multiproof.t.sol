// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IStepVerifier} from "../../../src/interfaces/IStepVerifier.sol";
import {Multiproof, TableLeaf} from "../../../src/proof/Multiproof.sol";
import {LeafKey} from "../../../src/types/LeafKey.sol";
import {PlainMultiproof} from "../../PlainMultiproof.sol";
import {Test} from "../../Test.sol";
import {TreeModel} from "../../TreeModel.sol";

contract MultiproofTest is Test {
    using TreeModel for TreeModel.Tree;

    uint256 private constant KEYS = 24;

    /// @dev Random leaves in all regions, dense and far apart; a random part of them is opened and half of those are
    /// written, some of them cleared.
    function testFuzz_fold_agrees_with_the_plain_tree(uint256 seed) public view {
        TreeModel.Tree memory tree;
        uint64[] memory keys = _sorted(_randomKeys(seed));
        for (uint256 i = 0; i < keys.length; ++i) {
            if (_random(seed, "filled", i) % 4 != 0) tree.put(keys[i], abi.encode(_random(seed, "value", i)));
        }
        uint64[] memory opened = _choose(keys, seed);
        bytes memory siblings = tree.siblings(opened);
        TableLeaf[] memory leaves = new TableLeaf[](opened.length);
        bytes32 oldRoot = tree.root();
        for (uint256 i = 0; i < opened.length; ++i) {
            leaves[i] = Multiproof.tableLeaf(LeafKey.wrap(opened[i]), tree.get(opened[i]));
        }
        for (uint256 i = 0; i < opened.length; ++i) {
            uint256 choice = _random(seed, "write", i) % 4;
            if (choice < 2) continue;
            leaves[i].value = choice == 2 ? bytes("") : abi.encodePacked(uint8(i));
            leaves[i].written = true;
            tree.put(opened[i], leaves[i].value);
        }
        (bytes32 foldedOld, bytes32 foldedNew) = this.fold(leaves, siblings);
        assertEq(foldedOld, oldRoot);
        assertEq(foldedNew, tree.root());
    }

    function testFuzz_fold_rejects_one_sibling_more_or_less(uint256 seed) public {
        TreeModel.Tree memory tree;
        uint64[] memory keys = _sorted(_randomKeys(seed));
        uint64[] memory opened = _choose(keys, seed);
        TableLeaf[] memory leaves = new TableLeaf[](opened.length);
        for (uint256 i = 0; i < opened.length; ++i) {
            leaves[i] = Multiproof.tableLeaf(LeafKey.wrap(opened[i]), "");
        }
        bytes memory siblings = tree.siblings(opened);
        vm.expectRevert(abi.encodeWithSelector(IStepVerifier.UnusedSiblings.selector, 32));
        this.fold(leaves, abi.encodePacked(siblings, bytes32(0)));
        bytes memory fewer = new bytes(siblings.length - 32);
        vm.expectRevert(abi.encodeWithSelector(IStepVerifier.MissingSibling.selector, fewer.length));
        this.fold(leaves, fewer);
    }

    /// @dev Any table in order and any siblings, most of which lead nowhere: the same two hashes, or the same error.
    function testFuzz_fold_agrees_with_the_plain_fold(uint256 seed, bytes calldata siblings) public view {
        uint64[] memory opened = _choose(_sorted(_randomKeys(seed)), seed);
        TableLeaf[] memory leaves = new TableLeaf[](opened.length);
        for (uint256 i = 0; i < opened.length; ++i) {
            bytes memory value = _random(seed, "filled", i) % 4 == 0 ? bytes("") : abi.encode(_random(seed, "value", i));
            leaves[i] = Multiproof.tableLeaf(LeafKey.wrap(opened[i]), value);
            leaves[i].written = _random(seed, "write", i) % 2 == 0;
            if (leaves[i].written) leaves[i].value = abi.encodePacked(uint8(i));
        }
        bytes memory proof = _lengthen(siblings, seed);
        _assertAgree(abi.encodeCall(this.fold, (leaves, proof)), abi.encodeCall(this.plainFold, (leaves, proof)));
    }

    function testFuzz_commonPrefixBits_agrees_with_counting(uint256 a, uint256 b) public pure {
        a = bound(a, 0, 2 ** 36 - 1);
        b = bound(b, 0, 2 ** 36 - 1);
        vm.assume(a != b);
        uint256 bits = 0;
        while ((a >> (35 - bits)) == (b >> (35 - bits))) ++bits;
        assertEq(Multiproof.commonPrefixBits(a, b), bits);
    }

    function test_tableLeaf_of_a_key_outside_its_region_reverts() public {
        uint64[6] memory bad =
            [uint64(256), (1 << 32) | (1 << 12), (5 << 32) | (1 << 24), 11 << 32, 15 << 32, (6 << 32) | (1 << 27)];
        for (uint256 i = 0; i < bad.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IStepVerifier.InvalidLeaf.selector, bad[i]));
            this.locate(bad[i]);
        }
    }

    function fold(TableLeaf[] memory leaves, bytes calldata siblings) external pure returns (bytes32, bytes32) {
        return Multiproof.fold(leaves, siblings);
    }

    function plainFold(TableLeaf[] memory leaves, bytes calldata siblings) external pure returns (bytes32, bytes32) {
        return PlainMultiproof.fold(leaves, siblings);
    }

    function _assertAgree(bytes memory call, bytes memory plainCall) private view {
        (bool ok, bytes memory result) = address(this).staticcall(call);
        (bool plainOk, bytes memory plainResult) = address(this).staticcall(plainCall);
        assertEq(ok, plainOk);
        assertEq(result, plainResult);
    }

    /// @dev Siblings enough for some tables and too few for others: hashes, empty ones among them, and the bytes given.
    function _lengthen(bytes calldata siblings, uint256 seed) private pure returns (bytes memory proof) {
        uint256 count = _random(seed, "siblings", 0) % (32 * KEYS);
        proof = new bytes(32 * count);
        for (uint256 i = 0; i < count; ++i) {
            uint256 sibling = _random(seed, "sibling", i);
            if (sibling % 3 == 0) continue;
            assembly ("memory-safe") {
                mstore(add(add(proof, 32), shl(5, i)), sibling)
            }
        }
        proof = bytes.concat(proof, siblings);
    }

    function locate(uint64 key) external pure {
        Multiproof.tableLeaf(LeafKey.wrap(key), "");
    }

    function _randomKeys(uint256 seed) private pure returns (uint64[] memory keys) {
        keys = new uint64[](KEYS);
        for (uint256 i = 0; i < KEYS; ++i) {
            uint256 word = _random(seed, "key", i);
            uint256 spread = word >> 8 & 1 == 0 ? 32 : type(uint32).max;
            uint256 index = (word >> 16) % spread;
            if (word % 3 == 0) keys[i] = uint64(index % 256);
            else if (word % 3 == 1) keys[i] = uint64((6 << 32) | (index % (1 << 27)));
            else keys[i] = uint64((8 << 32) | index);
        }
    }

    /// @dev Sorted by key, which is sorted by position; without repetitions.
    function _sorted(uint64[] memory keys) private pure returns (uint64[] memory unique) {
        for (uint256 i = 1; i < keys.length; ++i) {
            for (uint256 j = i; j > 0 && keys[j - 1] > keys[j]; --j) {
                (keys[j - 1], keys[j]) = (keys[j], keys[j - 1]);
            }
        }
        uint256 count = 0;
        for (uint256 i = 0; i < keys.length; ++i) {
            if (i == 0 || keys[i] != keys[count - 1]) keys[count++] = keys[i];
        }
        return _prefix(keys, count);
    }

    function _choose(uint64[] memory keys, uint256 seed) private pure returns (uint64[] memory) {
        uint64[] memory chosen = new uint64[](keys.length);
        uint256 count = 0;
        for (uint256 i = 0; i < keys.length; ++i) {
            if (i == 0 || _random(seed, "open", i) % 2 == 0) chosen[count++] = keys[i];
        }
        return _prefix(chosen, count);
    }

    function _prefix(uint64[] memory keys, uint256 count) private pure returns (uint64[] memory result) {
        result = new uint64[](count);
        for (uint256 i = 0; i < count; ++i) {
            result[i] = keys[i];
        }
    }

    function _random(uint256 seed, string memory use, uint256 i) private pure returns (uint256) {
        return uint256(keccak256(abi.encode(seed, use, i)));
    }
}
