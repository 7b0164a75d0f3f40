// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Edges} from "../../../src/proof/Edges.sol";
import {History} from "../../../src/proof/History.sol";
import {Test} from "../../Test.sol";

/// @notice Names of edges against the golden vectors that the twin wrote, and against each other.
contract EdgesTest is Test {
    struct Case {
        uint8 height;
        uint64 index;
        bytes32 prefix;
        bytes32 node;
        bytes32[] branch;
    }

    function prefixOf(uint256 index, bytes32[] calldata branch) external pure returns (bytes32) {
        return Edges.prefixOf(index, branch);
    }

    function rootOf(bytes32 node, uint256 index, bytes32[] calldata branch) external pure returns (bytes32) {
        return History.rootOf(node, index, branch);
    }

    function test_edgeId_vectors_equalTheTwin() public view {
        string memory json = vm.readFile("../tests/vectors/edges.json");
        bytes32 origin = vm.parseJsonBytes32(json, ".origin");
        uint256 height = vm.parseJsonUint(json, ".history_height");
        bytes32 root = 0;
        uint256 count = 0;
        for (; vm.keyExistsJson(json, _at(count, "")); ++count) {
            Case memory c = _case(json, count);
            // Two histories, each from its root downwards.
            if (c.height == height) root = c.node;
            bytes32 mutual = Edges.mutualId(origin, c.height, c.index, c.prefix);
            assertEq(mutual, vm.parseJsonBytes32(json, _at(count, ".mutual_id")), "mutual id");
            bytes32 id = Edges.edgeId(origin, c.height, c.index, c.prefix, c.node);
            assertEq(id, vm.parseJsonBytes32(json, _at(count, ".edge_id")), "edge id");
            assertEq(this.prefixOf(c.index, c.branch), c.prefix, "prefix");
            assertEq(this.rootOf(c.node, c.index, c.branch), root, "root");
            if (c.height > 0) _checkHalves(json, count, origin, c);
        }
        assertGt(count, 8);
    }

    function test_trailingZeros_everyPower_isItsExponent() public pure {
        for (uint256 i = 0; i < 64; ++i) {
            assertEq(Edges.trailingZeros(1 << i), i);
            assertEq(Edges.trailingZeros(uint256(type(uint64).max) << i), i);
        }
    }

    function testFuzz_mutualId_twoPlaces_differ(uint8 height, uint64 index, bytes32 prefix, uint8 other) public pure {
        bytes32 id = Edges.mutualId("origin", height, index, prefix);
        bytes memory preimage = abi.encodePacked(bytes1(0x11), bytes32("origin"), height, index, prefix);
        assertEq(id, keccak256(preimage));
        if (other != height) assertNotEq(id, Edges.mutualId("origin", other, index, prefix));
        assertNotEq(id, Edges.mutualId("origin", height, index ^ (uint64(1) << (other % 64)), prefix));
    }

    function _checkHalves(string memory json, uint256 i, bytes32 origin, Case memory c) private pure {
        bytes32 left = vm.parseJsonBytes32(json, _at(i, ".left"));
        bytes32 right = vm.parseJsonBytes32(json, _at(i, ".right"));
        assertEq(Edges.nodeOf(left, right), c.node, "node");
        uint64 first = Edges.leftIndex(c.index);
        bytes32 id = Edges.edgeId(origin, c.height - 1, first, c.prefix, left);
        assertEq(id, vm.parseJsonBytes32(json, _at(i, ".left_id")), "left half");
        id = Edges.edgeId(origin, c.height - 1, first | 1, Edges.extendPrefix(c.prefix, left), right);
        assertEq(id, vm.parseJsonBytes32(json, _at(i, ".right_id")), "right half");
    }

    function _case(string memory json, uint256 i) private pure returns (Case memory) {
        return Case(
            uint8(vm.parseJsonUint(json, _at(i, ".height"))),
            uint64(vm.parseJsonUint(json, _at(i, ".index"))),
            vm.parseJsonBytes32(json, _at(i, ".prefix")),
            vm.parseJsonBytes32(json, _at(i, ".node")),
            vm.parseJsonBytes32Array(json, _at(i, ".branch"))
        );
    }

    function _at(uint256 i, string memory key) private pure returns (string memory) {
        return string.concat(".cases[", vm.toString(i), "]", key);
    }
}
