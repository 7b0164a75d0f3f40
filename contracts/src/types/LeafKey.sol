// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice Key of a leaf of the state tree: `region << 32 | index` (docs/spec.md T-2).
/// @custom:twin rollup_node/core/layout.py LeafKey
type LeafKey is uint64;

using {_differs as !=} for LeafKey global;

function _differs(LeafKey left, LeafKey right) pure returns (bool) {
    return LeafKey.unwrap(left) != LeafKey.unwrap(right);
}
