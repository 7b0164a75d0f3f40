// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Assertion} from "../interfaces/IAssertionChain.sol";

/// @notice The live children of an assertion: a list in order of creation from which any can be taken out (docs/spec.md
/// D-6). Every operation touches a fixed number of slots, however many children there are.
library Siblings {
    /// @notice Append `id` to the live children of its parent.
    function append(mapping(bytes32 id => Assertion node) storage nodes, bytes32 parentId, bytes32 id) internal {
        Assertion storage parent = nodes[parentId];
        bytes32 last = parent.lastLive;
        if (last == 0) {
            parent.firstLive = id;
        } else {
            nodes[last].nextLive = id;
            nodes[id].previousLive = last;
        }
        parent.lastLive = id;
        ++parent.childCount;
    }

    /// @notice Take `id` out. Its own links stay; they mean nothing any more.
    function remove(mapping(bytes32 id => Assertion node) storage nodes, bytes32 id) internal {
        Assertion storage node = nodes[id];
        Assertion storage parent = nodes[node.parentId];
        (bytes32 before, bytes32 next) = (node.previousLive, node.nextLive);
        if (before == 0) parent.firstLive = next;
        else nodes[before].nextLive = next;
        if (next == 0) parent.lastLive = before;
        else nodes[next].previousLive = before;
    }
}
