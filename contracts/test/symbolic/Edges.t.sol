// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Edges} from "../../src/proof/Edges.sol";
import {History} from "../../src/proof/History.sol";
import {Test} from "../Test.sol";

/// @notice Proofs by halmos about the edges of the challenge game (docs/spec.md D-1, D-2, D-9), for all arguments.
/// @dev keccak is uninterpreted and without collisions.
contract EdgesProofs is Test {
    struct Key {
        bytes32 origin;
        uint8 height;
        uint64 index;
        bytes32 prefix;
        bytes32 node;
    }

    uint256 private constant HEIGHT = 4;

    /// @notice Edges with one mutual id agree on everything but the node.
    function check_mutualId_isInjective(Key calldata a, Key calldata b) external pure {
        if (_mutual(a) != _mutual(b)) return;
        assert(a.origin == b.origin);
        assert(a.height == b.height);
        assert(a.index == b.index);
        assert(a.prefix == b.prefix);
    }

    /// @notice An edge id names one edge.
    function check_edgeId_isInjective(Key calldata a, Key calldata b) external pure {
        if (_edge(a) != _edge(b)) return;
        assert(_mutual(a) == _mutual(b));
        assert(a.node == b.node);
        assert(a.index == b.index && a.height == b.height && a.origin == b.origin && a.prefix == b.prefix);
    }

    /// @notice An edge is never its own rival group, nor a prefix or a node.
    function check_ids_ofDifferentKinds_differ(Key calldata a, Key calldata b, bytes32 left, bytes32 right)
        external
        pure
    {
        assert(_mutual(a) != _edge(b));
        assert(Edges.nodeOf(left, right) != _edge(a));
        assert(Edges.extendPrefix(left, right) != _edge(a));
        assert(Edges.extendPrefix(left, right) != Edges.nodeOf(a.origin, a.node));
    }

    /// @notice Of two rivals exactly one pair of halves are rivals, and the other is one edge or two strangers: the dispute
    /// goes on in one half.
    function check_halves_ofRivals_meetInOneHalf(Key memory a, bytes32[2] memory lefts, bytes32[2] memory rights)
        external
        pure
    {
        if (a.height == 0 || a.height > 63 || a.index >= 1 << 62) return;
        bytes32 nodeA = Edges.nodeOf(lefts[0], rights[0]);
        bytes32 nodeB = Edges.nodeOf(lefts[1], rights[1]);
        if (nodeA == nodeB) {
            assert(lefts[0] == lefts[1] && rights[0] == rights[1]);
            return;
        }
        bytes32 leftMutual = Edges.mutualId(a.origin, a.height - 1, Edges.leftIndex(a.index), a.prefix);
        bytes32 rightMutualA = _rightMutual(a, lefts[0]);
        bytes32 rightMutualB = _rightMutual(a, lefts[1]);
        bool leftsRival = lefts[0] != lefts[1];
        bool sameLeftEdge = Edges.edgeId(leftMutual, lefts[0]) == Edges.edgeId(leftMutual, lefts[1]);
        bool rightsRival = rightMutualA == rightMutualB
            && Edges.edgeId(rightMutualA, rights[0]) != Edges.edgeId(rightMutualB, rights[1]);
        assert(leftsRival != sameLeftEdge);
        assert(leftsRival != rightsRival);
        if (leftsRival) assert(rightMutualA != rightMutualB);
    }

    /// @notice Going down from the root by halves gives the prefix that the branch of a leaf gives.
    function check_prefixOf_isTheChainOfHalves(uint8 index, bytes32[HEIGHT] calldata branch) external view {
        if (index >= 1 << HEIGHT) return;
        bytes32 prefix = Edges.NO_PREFIX;
        uint64 place = 0;
        for (uint256 level = HEIGHT; level > 0; --level) {
            place = Edges.leftIndex(place);
            if ((index >> (level - 1)) & 1 == 0) continue;
            prefix = Edges.extendPrefix(prefix, branch[level - 1]);
            ++place;
        }
        assert(place == index);
        assert(this.prefixOf(index, _list(branch)) == prefix);
    }

    /// @notice The prefix of a leaf names all that is left of it: two histories with one prefix at a leaf agree on every
    /// left sibling above it.
    function check_prefixOf_bindsEveryLeftSibling(uint8 index, bytes32[HEIGHT] calldata a, bytes32[HEIGHT] calldata b)
        external
        view
    {
        if (index >= 1 << HEIGHT) return;
        if (this.prefixOf(index, _list(a)) != this.prefixOf(index, _list(b))) return;
        for (uint256 level = 0; level < HEIGHT; ++level) {
            if ((index >> level) & 1 == 1) assert(a[level] == b[level]);
        }
    }

    /// @notice The left sibling absorbed last stands at the height that the index has trailing zeros (D-9).
    /// @custom:halmos --loop 65 --solver-timeout-branching 1s
    function check_trailingZeros_isTheLowestBit(uint64 index) external pure {
        if (index == 0) return;
        uint256 zeros = Edges.trailingZeros(index);
        assert(zeros < 64);
        assert((uint256(index) >> zeros) & 1 == 1);
        assert((uint256(index) >> zeros) << zeros == index);
    }

    /// @notice A history root binds its leaf at every index.
    function check_historyRoot_bindsTheLeaf(
        uint8 index,
        bytes32 a,
        bytes32 b,
        bytes32[HEIGHT] calldata branchA,
        bytes32[HEIGHT] calldata branchB
    ) external view {
        if (index >= 1 << HEIGHT) return;
        bytes32 root = this.historyRoot(a, index, _list(branchA));
        if (root == this.historyRoot(b, index, _list(branchB))) assert(a == b);
    }

    function prefixOf(uint256 index, bytes32[] calldata branch) external pure returns (bytes32) {
        return Edges.prefixOf(index, branch);
    }

    function historyRoot(bytes32 leaf, uint256 index, bytes32[] calldata branch) external pure returns (bytes32) {
        return History.rootOf(leaf, index, branch);
    }

    function _mutual(Key memory key) private pure returns (bytes32) {
        return Edges.mutualId(key.origin, key.height, key.index, key.prefix);
    }

    function _edge(Key memory key) private pure returns (bytes32) {
        return Edges.edgeId(key.origin, key.height, key.index, key.prefix, key.node);
    }

    function _rightMutual(Key memory key, bytes32 left) private pure returns (bytes32) {
        return Edges.mutualId(
            key.origin, key.height - 1, Edges.leftIndex(key.index) + 1, Edges.extendPrefix(key.prefix, left)
        );
    }

    function _list(bytes32[HEIGHT] memory branch) private pure returns (bytes32[] memory list) {
        list = new bytes32[](HEIGHT);
        for (uint256 i = 0; i < HEIGHT; ++i) {
            list[i] = branch[i];
        }
    }
}
