// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Frame, Frames} from "../steps/Frames.sol";
import {Hot} from "../types/Account.sol";
import {ClientSlots} from "../types/Book.sol";
import {LeafKey} from "../types/LeafKey.sol";
import {BookLeaves} from "./BookLeaves.sol";
import {Layout} from "./Layout.sol";

/// @notice The client slots of an account: the order behind each number that its owner gave (docs/spec.md S-13, S-14).
/// Slots 0 to 7 are in the hot leaf, the others in leaves of eight; bit k of the slot map says that the k-th eight hold
/// an order, so an empty leaf is never read.
/// @custom:twin rollup_node/core/client_slots.py
library SlotTable {
    using Frames for Frame;

    /// @notice The order slot behind client slot `client` < 1,024; 0 if there is no order.
    function findClientOrder(Frame memory frame, uint256 account, Hot memory hot, uint256 client)
        internal
        pure
        returns (uint256)
    {
        return _slots(frame, account, hot, client >> 3)[client & 7];
    }

    /// @notice Put an order slot (0: none) behind a client slot. Changes `hot`, which the caller writes.
    function putClientSlot(Frame memory frame, uint256 account, Hot memory hot, uint256 client, uint256 slot)
        internal
        pure
    {
        uint256 group = client >> 3;
        bool any;
        if (group == 0) {
            hot.slots[client] = uint32(slot);
            any = _isAny(hot.slots);
        } else {
            LeafKey key = Layout.clientSlotsKey(account, client);
            ClientSlots memory leaf = BookLeaves.decodeClientSlots(frame.get(key));
            leaf.slots[client & 7] = uint32(slot);
            frame.put(key, BookLeaves.encodeClientSlots(leaf));
            any = _isAny(leaf.slots);
        }
        uint128 bit = uint128(2 ** group);
        hot.slotMap = any ? hot.slotMap | bit : hot.slotMap & ~bit;
    }

    /// @notice The first client slot from `start` on that holds an order, and that order's slot; slot 0 at the end.
    /// @dev Reads the leaf of `start` if it holds an order, and at most one leaf after it.
    function nextClientSlot(Frame memory frame, uint256 account, Hot memory hot, uint256 start)
        internal
        pure
        returns (uint256 client, uint256 slot)
    {
        uint256 group = start >> 3;
        (client, slot) = _first(_slots(frame, account, hot, group), start & 7);
        if (slot == 0) {
            uint256 later = uint256(hot.slotMap) >> (group + 1);
            if (later == 0) return (0, 0);
            ++group;
            for (; later & 1 == 0; later >>= 1) {
                ++group;
            }
            (client, slot) = _first(_slots(frame, account, hot, group), 0);
        }
        client |= group << 3;
    }

    /// @notice Whether a client slot from `start` on holds an order.
    /// @dev Opens no leaf that was not read: `start` follows a slot that was just looked at.
    function hasClientOrder(Frame memory frame, uint256 account, Hot memory hot, uint256 start)
        internal
        pure
        returns (bool)
    {
        uint256 group = start >> 3;
        if (start & 7 == 0) return uint256(hot.slotMap) >> group != 0;
        if (uint256(hot.slotMap) >> (group + 1) != 0) return true;
        (, uint256 slot) = _first(_slots(frame, account, hot, group), start & 7);
        return slot != 0;
    }

    function _slots(Frame memory frame, uint256 account, Hot memory hot, uint256 group)
        private
        pure
        returns (uint32[8] memory slots)
    {
        if (group == 0) return hot.slots;
        if (hot.slotMap >> group & 1 == 0) return slots;
        return BookLeaves.decodeClientSlots(frame.get(Layout.clientSlotsKey(account, group << 3))).slots;
    }

    function _first(uint32[8] memory slots, uint256 start) private pure returns (uint256 place, uint256 slot) {
        for (place = start; place < 8; ++place) {
            slot = slots[place];
            if (slot != 0) return (place, slot);
        }
        return (0, 0);
    }

    function _isAny(uint32[8] memory slots) private pure returns (bool) {
        (, uint256 slot) = _first(slots, 0);
        return slot != 0;
    }
}
