// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Layout} from "../../src/core/Layout.sol";
import {Multiproof, TableLeaf} from "../../src/proof/Multiproof.sol";
import {StateProof} from "../../src/proof/StateProof.sol";
import {LeafKey} from "../../src/types/LeafKey.sol";
import {Test} from "../Test.sol";

/// @notice Proofs by halmos about the state tree (docs/spec.md T-2 to T-4): what holds here holds for all arguments.
/// @dev keccak is uninterpreted, without collisions and never zero, which is what the tree relies on. The folding code is
/// that of the court; it never asks how deep a tree is, so a tree of four leaves goes through all of its branches.
contract StateTreeProofs is Test {
    uint256 private constant LEAVES = 4;
    uint256 private constant DEPTH = 2;

    /// @notice What a call does with one leaf: bit 0 opens it, bit 1 writes it, bit 2 writes the empty leaf.
    struct Plan {
        uint8[LEAVES] moves;
        bytes32[LEAVES] values;
    }

    // ---- hashes

    function check_branchHash_isInjective(bytes32 a, bytes32 b, bytes32 c, bytes32 d) external pure {
        if (StateProof.branchHash(a, b) == StateProof.branchHash(c, d)) assert(a == c && b == d);
    }

    function check_leafHash_isInjectiveAndNoBranch(bytes32 a, bytes32 b, bytes32 left, bytes32 right) external pure {
        bytes32 hash = StateProof.leafHash(abi.encodePacked(a));
        assert(hash != 0);
        assert(hash != StateProof.branchHash(left, right));
        if (hash == StateProof.leafHash(abi.encodePacked(b))) assert(a == b);
    }

    // ---- keys

    /// @notice Every valid key has a place of its own, and no leaf lies above another.
    /// @custom:halmos --loop 40 --solver-timeout-branching 1s
    function check_locate_twoKeys_lieApart(uint64 a, uint64 b) external pure {
        (uint256 depthA, uint256 positionA) = Layout.locate(LeafKey.wrap(a));
        (uint256 depthB, uint256 positionB) = Layout.locate(LeafKey.wrap(b));
        if (a == b || depthA == 0 || depthB == 0) return;
        uint256 shallow = depthA < depthB ? depthA : depthB;
        uint256 down = Layout.POSITION_BITS - shallow;
        assert(positionA >> down != positionB >> down);
        assert(positionA >> Layout.POSITION_BITS == 0);
    }

    /// @notice Accounts below the limit share no leaf; ExitMode pays by account number and relies on it.
    function check_accountKeys_differ(uint32 a, uint32 b) external pure {
        if (a >= Layout.ACCOUNTS_LIMIT || b >= Layout.ACCOUNTS_LIMIT) return;
        (uint256 depth,) = Layout.locate(Layout.ownerKey(a));
        assert(depth == Layout.ACCOUNTS_DEPTH);
        assert(Layout.ownerKey(a) != Layout.balancesKey(b));
        if (a == b) return;
        assert(Layout.ownerKey(a) != Layout.ownerKey(b));
        assert(Layout.balancesKey(a) != Layout.balancesKey(b));
    }

    /// @custom:halmos --loop 40 --solver-timeout-branching 1s
    function check_commonPrefixBits_isTheFirstDifference(uint64 a, uint64 b) external pure {
        if (a >> Layout.POSITION_BITS != 0 || b >> Layout.POSITION_BITS != 0 || a == b) return;
        uint256 bits = Multiproof.commonPrefixBits(a, b);
        assert(bits < Layout.POSITION_BITS);
        assert(a >> (Layout.POSITION_BITS - bits) == b >> (Layout.POSITION_BITS - bits));
        assert(a >> (Layout.POSITION_BITS - bits - 1) != b >> (Layout.POSITION_BITS - bits - 1));
    }

    // ---- the fold against an array

    /// @notice Any set of leaves, opened and left alone.
    function check_fold_get_givesTheRootOfTheArray(bytes32[LEAVES] calldata array, uint8 opened) external view {
        if (opened == 0 || opened > 15) return;
        Plan memory plan;
        for (uint256 i = 0; i < LEAVES; ++i) {
            plan.moves[i] = (opened >> i) & 1;
        }
        _checkFold(array, plan);
    }

    /// @notice Two leaves, anywhere, each written or cleared.
    function check_fold_putAndClear_giveTheRootsOfTheArray(
        bytes32[LEAVES] calldata array,
        uint8 opened,
        bool[2] calldata clears,
        bytes32[2] calldata values
    ) external view {
        Plan memory plan;
        uint256 count = 0;
        for (uint256 i = 0; i < LEAVES; ++i) {
            if ((opened >> i) & 1 == 0) continue;
            if (count == 2) return;
            plan.moves[i] = clears[count] ? 7 : 3;
            plan.values[i] = values[count];
            ++count;
        }
        if (count == 2) _checkFold(array, plan);
    }

    /// @notice Whatever values and siblings a proof brings: if it leads to the root of the array, the leaf it opens is the
    /// array's, and the new root is that of the array with this leaf replaced.
    function check_fold_anyProofOfOneLeaf_bindsIt(
        bytes32[LEAVES] calldata array,
        uint8 place,
        bool clear,
        bytes32 claimed,
        bytes32 value,
        bytes32[DEPTH] calldata siblings
    ) external view {
        if (place >= LEAVES) return;
        Plan memory plan;
        bytes32[LEAVES] memory forged;
        for (uint256 i = 0; i < LEAVES; ++i) {
            forged[i] = array[i];
            if (place != i) continue;
            plan.moves[i] = clear ? 7 : 3;
            plan.values[i] = value;
            forged[i] = claimed;
        }
        (TableLeaf[] memory leaves,) = _table(forged, plan);
        (bytes32 oldRoot, bytes32 newRoot) = this.fold(leaves, abi.encodePacked(siblings));
        if (oldRoot != _root(array)) return;
        assert(_same(forged, array));
        assert(newRoot == _root(_after(array, plan)));
    }

    /// @notice The same for the proof of a single leaf that withdrawals and exits use, at the depth of the cursor leaf.
    function check_rootOf_twoProofsOfOneRoot_openTheSameValue(
        bytes32 a,
        bytes32 b,
        bytes32[12] calldata branchA,
        bytes32[12] calldata branchB
    ) external view {
        bytes32 root = this.rootOf(a, _list(branchA));
        if (root == this.rootOf(b, _list(branchB))) assert(a == b);
    }

    function rootOf(bytes32 value, bytes32[] calldata branch) external pure returns (bytes32) {
        return StateProof.rootOf(Layout.CURSOR, abi.encodePacked(value), branch);
    }

    function _list(bytes32[12] memory branch) private pure returns (bytes32[] memory list) {
        list = new bytes32[](12);
        for (uint256 i = 0; i < 12; ++i) {
            list[i] = branch[i];
        }
    }

    function _same(bytes32[LEAVES] memory a, bytes32[LEAVES] memory b) private pure returns (bool) {
        return a[0] == b[0] && a[1] == b[1] && a[2] == b[2] && a[3] == b[3];
    }

    function _checkFold(bytes32[LEAVES] memory array, Plan memory plan) private view {
        (TableLeaf[] memory leaves, uint256 opened) = _table(array, plan);
        (bytes32 oldRoot, bytes32 newRoot) = this.fold(leaves, _siblings(array, opened));
        assert(oldRoot == _root(array));
        assert(newRoot == _root(_after(array, plan)));
    }

    function fold(TableLeaf[] memory leaves, bytes calldata siblings) external pure returns (bytes32, bytes32) {
        return Multiproof.fold(leaves, siblings);
    }

    function _table(bytes32[LEAVES] memory array, Plan memory plan)
        private
        pure
        returns (TableLeaf[] memory leaves, uint256 opened)
    {
        uint256 count = 0;
        for (uint256 i = 0; i < LEAVES; ++i) {
            if (plan.moves[i] & 1 == 1) ++count;
        }
        leaves = new TableLeaf[](count);
        count = 0;
        for (uint256 i = 0; i < LEAVES; ++i) {
            if (plan.moves[i] & 1 == 0) continue;
            opened |= 1 << i;
            TableLeaf memory leaf = leaves[count++];
            leaf.depth = DEPTH;
            leaf.position = i << (Layout.POSITION_BITS - DEPTH);
            leaf.oldHash = array[i];
            leaf.written = plan.moves[i] & 2 == 2;
            if (plan.moves[i] & 4 == 0) leaf.value = abi.encodePacked(plan.values[i]);
        }
    }

    function _after(bytes32[LEAVES] memory array, Plan memory plan) private pure returns (bytes32[LEAVES] memory next) {
        for (uint256 i = 0; i < LEAVES; ++i) {
            next[i] = array[i];
            if (plan.moves[i] & 3 != 3) continue;
            next[i] = plan.moves[i] & 4 == 4 ? bytes32(0) : keccak256(abi.encodePacked(bytes1(0), plan.values[i]));
        }
    }

    /// @dev What a proof of the opened leaves has to bring, in the order in which the fold asks.
    function _siblings(bytes32[LEAVES] memory array, uint256 opened) private pure returns (bytes memory proof) {
        bool left = opened & 3 != 0;
        bool right = opened & 12 != 0;
        if (opened & 3 == 1) proof = abi.encodePacked(array[1]);
        if (opened & 3 == 2) proof = abi.encodePacked(array[0]);
        if (left && !right) return abi.encodePacked(proof, _branch(array[2], array[3]));
        if (opened & 12 == 4) proof = abi.encodePacked(proof, array[3]);
        if (opened & 12 == 8) proof = abi.encodePacked(proof, array[2]);
        if (right && !left) proof = abi.encodePacked(proof, _branch(array[0], array[1]));
    }

    function _root(bytes32[LEAVES] memory array) private pure returns (bytes32) {
        return _branch(_branch(array[0], array[1]), _branch(array[2], array[3]));
    }

    function _branch(bytes32 left, bytes32 right) private pure returns (bytes32) {
        return left == 0 && right == 0 ? bytes32(0) : keccak256(abi.encodePacked(bytes1(0x01), left, right));
    }
}
