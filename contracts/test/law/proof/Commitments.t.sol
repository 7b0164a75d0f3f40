// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AssertionId} from "../../../src/proof/AssertionId.sol";
import {Chunks} from "../../../src/proof/Chunks.sol";
import {History} from "../../../src/proof/History.sol";
import {StateProof} from "../../../src/proof/StateProof.sol";
import {LeafKey} from "../../../src/types/LeafKey.sol";
import {Test} from "../../Test.sol";
import {TreeModel} from "../../TreeModel.sol";

/// @notice Chunk trees, history trees and single branches of the state tree, against plain recursion.
contract CommitmentsTest is Test {
    using TreeModel for TreeModel.Tree;

    function test_chunk_root_of_nothing_is_zero() public view {
        assertEq(this.chunkRoot(""), bytes32(0));
    }

    /// @dev A chunk is never padded, so a trailing zero byte makes another root.
    function test_chunk_root_of_one_chunk_is_its_hash() public view {
        assertEq(this.chunkRoot(hex"61"), keccak256(hex"0361"));
        assertEq(this.chunkRoot(hex"6100"), keccak256(hex"036100"));
    }

    function test_chunk_root_at_each_boundary_agrees_with_recursion() public view {
        uint256[9] memory lengths = [uint256(1), 1023, 1024, 1025, 2048, 2049, 3073, 4096, 5121];
        for (uint256 i = 0; i < lengths.length; ++i) {
            bytes memory data = _data(lengths[i]);
            assertEq(this.chunkRoot(data), _chunkTree(data, 0, _width(lengths[i])));
        }
    }

    function test_chunk_root_of_the_longest_batch_fits_its_gas() public {
        bytes memory data = _data(122_880);
        uint256 before = gasleft();
        bytes32 root = this.chunkRoot(data);
        emit log_named_uint("gas of the chunk root of 122,880 bytes", before - gasleft());
        assertEq(root, _chunkTree(data, 0, 128));
    }

    function test_climb_of_each_chunk_reaches_the_root() public view {
        bytes memory data = _data(5121);
        bytes32 root = this.chunkRoot(data);
        for (uint256 i = 0; i < 6; ++i) {
            bytes memory branch = "";
            for (uint256 height = 0; height < 3; ++height) {
                uint256 sibling = (i >> height) ^ 1;
                branch = abi.encodePacked(branch, _chunkTree(data, sibling << height, 1 << height));
            }
            assertEq(this.climb(_chunkTree(data, i, 1), i, branch), root);
            assertNotEq(this.climb(_chunkTree(data, i, 1), i ^ 1, branch), root);
        }
    }

    function testFuzz_history_branch_reaches_the_root(bytes32 seed, uint256 index, uint256 height) public view {
        height = bound(height, 0, 6);
        index = bound(index, 0, (1 << height) - 1);
        bytes32[] memory branch = new bytes32[](height);
        for (uint256 i = 0; i < height; ++i) {
            branch[i] = _historyTree(seed, ((index >> i) ^ 1) << i, i);
        }
        bytes32 root = _historyTree(seed, 0, height);
        assertEq(this.historyRoot(_historyLeaf(seed, index), index, branch), root);
        bool isLast = index == (1 << height) - 1;
        assertEq(this.lastHistoryRoot(_historyLeaf(seed, index), branch) == root, isLast);
    }

    function testFuzz_state_branch_reaches_the_root(uint32 account, uint32 slot, bytes memory value) public view {
        TreeModel.Tree memory tree;
        uint64[3] memory keys = [uint64(5), (6 << 32) | uint64(account % (1 << 27)), (8 << 32) | uint64(slot)];
        for (uint256 i = 0; i < 3; ++i) {
            tree.put(keys[i], abi.encodePacked(uint8(i), value));
        }
        for (uint256 i = 0; i < 3; ++i) {
            uint256 depth = TreeModel.depthOf(keys[i]);
            bytes32[] memory branch = new bytes32[](depth);
            for (uint256 height = 0; height < depth; ++height) {
                branch[height] = tree.subtree(depth - height, (TreeModel.pathOf(keys[i]) >> height) ^ 1);
            }
            assertEq(this.stateRoot(keys[i], tree.values[i], branch), tree.root());
            assertNotEq(this.stateRoot(keys[i], "", branch), tree.root());
        }
    }

    function test_state_branch_of_a_wrong_length_reverts() public {
        vm.expectRevert(abi.encodeWithSelector(StateProof.WrongBranchLength.selector, 11, 12));
        this.stateRoot(0, "", new bytes32[](11));
        vm.expectRevert(abi.encodeWithSelector(StateProof.InvalidKey.selector, uint64(11 << 32)));
        this.stateRoot(11 << 32, "", new bytes32[](16));
    }

    function test_assertion_id_has_the_preimage_of_the_specification() public pure {
        bytes32 id = AssertionId.assertionId(bytes32(uint256(1)), bytes32(uint256(2)), bytes32(uint256(3)));
        assertEq(id, keccak256(abi.encodePacked(bytes1(0x0a), uint256(1), uint256(2), uint256(3))));
    }

    function chunkRoot(bytes calldata data) external pure returns (bytes32) {
        return Chunks.root(data);
    }

    function climb(bytes32 leaf, uint256 index, bytes calldata branch) external pure returns (bytes32) {
        return Chunks.climb(leaf, index, branch);
    }

    function historyRoot(bytes32 leaf, uint256 index, bytes32[] calldata branch) external pure returns (bytes32) {
        return History.rootOf(leaf, index, branch);
    }

    function lastHistoryRoot(bytes32 leaf, bytes32[] calldata branch) external pure returns (bytes32) {
        return History.rootOfLast(leaf, branch);
    }

    function stateRoot(uint64 key, bytes memory value, bytes32[] calldata branch) external pure returns (bytes32) {
        return StateProof.rootOf(LeafKey.wrap(key), value, branch);
    }

    function _data(uint256 length) private pure returns (bytes memory data) {
        data = new bytes(length);
        for (uint256 i = 0; i < length; i += 97) {
            data[i] = bytes1(uint8(i / 97 + 1));
        }
    }

    function _width(uint256 length) private pure returns (uint256 width) {
        width = 1;
        while (width * 1024 < length) width *= 2;
    }

    /// @dev Subtree over `width` chunks from `first` on; a chunk past the end is zero.
    function _chunkTree(bytes memory data, uint256 first, uint256 width) private pure returns (bytes32) {
        if (width > 1) {
            bytes32 left = _chunkTree(data, first, width / 2);
            bytes32 right = _chunkTree(data, first + width / 2, width / 2);
            return keccak256(abi.encodePacked(bytes1(0x04), left, right));
        }
        if (first * 1024 >= data.length) return 0;
        uint256 end = first * 1024 + 1024 < data.length ? first * 1024 + 1024 : data.length;
        bytes memory chunk = new bytes(end - first * 1024);
        for (uint256 i = 0; i < chunk.length; ++i) {
            chunk[i] = data[first * 1024 + i];
        }
        return keccak256(abi.encodePacked(bytes1(0x03), chunk));
    }

    function _historyLeaf(bytes32 seed, uint256 index) private pure returns (bytes32) {
        return keccak256(abi.encode(seed, index));
    }

    function _historyTree(bytes32 seed, uint256 first, uint256 height) private pure returns (bytes32) {
        if (height == 0) return _historyLeaf(seed, first);
        bytes32 left = _historyTree(seed, first, height - 1);
        bytes32 right = _historyTree(seed, first + (1 << (height - 1)), height - 1);
        return keccak256(abi.encodePacked(bytes1(0x02), left, right));
    }
}
