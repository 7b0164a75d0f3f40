// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Frame, Frames} from "../steps/Frames.sol";
import {TickWord} from "../types/Book.sol";
import {LeafKey} from "../types/LeafKey.sol";
import {BookLeaves} from "./BookLeaves.sol";
import {Layout} from "./Layout.sol";

/// @notice Which ticks of a book hold an order: words of 256 ticks, words over words, and one over these
/// (docs/spec.md S-12).
/// @custom:twin rollup_node/core/book.py next_tick, _set_tick, _clear_tick
library TickMap {
    using Frames for Frame;

    uint256 internal constant LEVELS = 3;
    uint256 internal constant WORD_BITS = 8;
    uint256 internal constant WORD_MASK = 255;

    /// @notice The next tick above (or below) `tick` that holds an order, 0 if there is none.
    function nextTick(Frame memory frame, uint256 book, uint256 tick, bool up, bool triggers)
        internal
        pure
        returns (uint256)
    {
        uint256 index = tick;
        for (uint256 level = 0; level < LEVELS; ++level) {
            uint256 bits = _word(frame, book, _base(level) + (index >> WORD_BITS), triggers);
            bits = _beyond(bits, index & WORD_MASK, up);
            index >>= WORD_BITS;
            if (bits != 0) return _descend(frame, book, level, index << WORD_BITS | _edge(bits, up), up, triggers);
        }
        return 0;
    }

    /// @notice Mark a tick; a word that was empty is marked one level up.
    function setTick(Frame memory frame, uint256 book, uint256 tick, bool triggers) internal pure {
        uint256 index = tick;
        for (uint256 level = 0; level < LEVELS; ++level) {
            LeafKey key = Layout.wordKey(book, _base(level) + (index >> WORD_BITS), triggers);
            uint256 bits = BookLeaves.decodeTickWord(frame.get(key)).bits;
            frame.put(key, BookLeaves.encodeTickWord(TickWord(bits | 2 ** (index & WORD_MASK))));
            if (bits != 0) return;
            index >>= WORD_BITS;
        }
    }

    /// @notice Unmark a tick; a word that becomes empty is unmarked one level up.
    function clearTick(Frame memory frame, uint256 book, uint256 tick, bool triggers) internal pure {
        uint256 index = tick;
        for (uint256 level = 0; level < LEVELS; ++level) {
            LeafKey key = Layout.wordKey(book, _base(level) + (index >> WORD_BITS), triggers);
            uint256 bits = BookLeaves.decodeTickWord(frame.get(key)).bits & ~(2 ** (index & WORD_MASK));
            frame.put(key, BookLeaves.encodeTickWord(TickWord(bits)));
            if (bits != 0) return;
            index >>= WORD_BITS;
        }
    }

    /// @dev From a word that is not empty down to the tick it leads to.
    function _descend(Frame memory frame, uint256 book, uint256 level, uint256 index, bool up, bool triggers)
        private
        pure
        returns (uint256)
    {
        while (level > 0) {
            --level;
            uint256 bits = _word(frame, book, _base(level) + index, triggers);
            index = index << WORD_BITS | _edge(bits, up);
        }
        return index;
    }

    function _word(Frame memory frame, uint256 book, uint256 word, bool triggers) private pure returns (uint256) {
        return BookLeaves.decodeTickWord(frame.get(Layout.wordKey(book, word, triggers))).bits;
    }

    function _base(uint256 level) private pure returns (uint256) {
        if (level == 0) return 0;
        return level == 1 ? Layout.MIDDLE_WORDS : Layout.TOP_WORD;
    }

    /// @dev The bits above `bit`, or those below it.
    function _beyond(uint256 bits, uint256 bit, bool up) private pure returns (uint256) {
        uint256 below = 2 ** bit - 1;
        return up ? bits & ~(below | 2 ** bit) : bits & below;
    }

    /// @dev Number of the lowest bit that is set, or of the highest; there is one.
    function _edge(uint256 bits, bool up) private pure returns (uint256 number) {
        unchecked {
            uint256 rest = up ? bits & (0 - bits) : bits;
            for (uint256 step = 128; step > 0; step >>= 1) {
                if (rest >> step == 0) continue;
                rest >>= step;
                number += step;
            }
        }
    }
}
