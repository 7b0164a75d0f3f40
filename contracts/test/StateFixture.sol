// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice A tiny L2 state: a cursor and eight outbox slots, with branches; written apart from the code under test.
/// @dev docs/spec.md T-1 to T-3: the cursor lies 12 deep at the far left, outbox slots 36 deep from the middle.
library StateFixture {
    uint256 internal constant SLOTS = 8;
    uint256 internal constant SLOT_LEVELS = 3;
    uint256 internal constant OUTBOX_DEPTH = 36;
    uint256 internal constant GLOBALS_DEPTH = 12;

    struct State {
        bytes32 cursor;
        /// Values of the outbox slots, empty for none.
        bytes[8] outbox;
    }

    function cursorAt(uint40 item, uint8 phase) internal pure returns (bytes32) {
        uint32 offset = phase == 0 ? 0 : 7;
        return bytes32(abi.encodePacked(item, offset, uint80(0), item, uint48(1000), phase, uint8(0)));
    }

    function entry(uint32 account, uint8 asset, uint96 amount, address recipient) internal pure returns (bytes memory) {
        return abi.encodePacked(account, asset, amount, recipient);
    }

    function root(State memory state) internal pure returns (bytes32) {
        return _branch(_left(state), _right(state));
    }

    function cursorBranch(State memory state) internal pure returns (bytes32[] memory branch) {
        branch = new bytes32[](GLOBALS_DEPTH);
        branch[GLOBALS_DEPTH - 1] = _right(state);
    }

    function outboxBranch(State memory state, uint256 index) internal pure returns (bytes32[] memory branch) {
        branch = new bytes32[](OUTBOX_DEPTH);
        bytes32[] memory level = _leaves(state);
        for (uint256 height = 0; height < SLOT_LEVELS; ++height) {
            branch[height] = level[(index >> height) ^ 1];
            level = _fold(level);
        }
        branch[OUTBOX_DEPTH - 1] = _left(state);
    }

    function leafHash(bytes memory value) internal pure returns (bytes32) {
        return value.length == 0 ? bytes32(0) : keccak256(abi.encodePacked(bytes1(0x00), value));
    }

    /// @dev The half with regions 0 to 7, of which only Globals holds something.
    function _left(State memory state) private pure returns (bytes32 node) {
        node = leafHash(abi.encodePacked(state.cursor));
        for (uint256 i = 0; i < GLOBALS_DEPTH - 1; ++i) {
            node = _branch(node, 0);
        }
    }

    /// @dev The half with regions 8 to 15, of which only the outbox exists.
    function _right(State memory state) private pure returns (bytes32 node) {
        bytes32[] memory level = _leaves(state);
        for (uint256 i = 0; i < SLOT_LEVELS; ++i) {
            level = _fold(level);
        }
        node = level[0];
        for (uint256 i = SLOT_LEVELS; i < OUTBOX_DEPTH - 1; ++i) {
            node = _branch(node, 0);
        }
    }

    function _leaves(State memory state) private pure returns (bytes32[] memory level) {
        level = new bytes32[](SLOTS);
        for (uint256 i = 0; i < SLOTS; ++i) {
            level[i] = leafHash(state.outbox[i]);
        }
    }

    function _fold(bytes32[] memory level) private pure returns (bytes32[] memory above) {
        above = new bytes32[](level.length / 2);
        for (uint256 i = 0; i < above.length; ++i) {
            above[i] = _branch(level[2 * i], level[2 * i + 1]);
        }
    }

    function _branch(bytes32 left, bytes32 right) private pure returns (bytes32) {
        return left == 0 && right == 0 ? bytes32(0) : keccak256(abi.encodePacked(bytes1(0x01), left, right));
    }
}
