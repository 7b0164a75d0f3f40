// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {OrderClass, Phase} from "../types/Family.sol";
import {ItemHeader} from "../types/Inputs.sol";
import {ItemKind} from "../types/Inputs.sol";
import {Reason} from "../types/Reason.sol";
import {Cursor} from "../types/State.sol";
import {Records} from "./Records.sol";

/// @notice Steps and parts of steps that touch the cursor alone (docs/spec.md X-3 to X-5); each changes `cursor`.
/// @custom:twin rollup_node/core/step.py
library CursorRules {
    uint256 internal constant MAX_TIME_MS = type(uint48).max;
    /// @dev A block that begins at least this long after the previous one begins with the first class again.
    uint256 internal constant CLASS_RESET_MS = 20;

    /// @notice Open an item (X-3).
    /// @param prefix The first bytes of its data, at most seven.
    function openItem(Cursor memory cursor, ItemHeader memory header, bytes memory prefix)
        internal
        pure
        returns (Reason reason)
    {
        (bool ok, uint256 timeMs) = Records.decodePrefix(prefix);
        if (ok) {
            cursor.offset = uint32(Records.PREFIX_BYTES);
        } else {
            cursor.offset = header.byteLength;
            reason = header.kind == ItemKind.FORCED ? Reason.OK : Reason.VOID_BATCH;
        }
        _beginBlock(cursor, header, timeMs);
        cursor.phase = Phase.IDLE;
    }

    /// @notice End a batch at a length that is out of range or overruns it (X-4).
    function endRecords(Cursor memory cursor, ItemHeader memory header) internal pure {
        cursor.offset = header.byteLength;
    }

    /// @notice Seal a block and begin the next one (X-4).
    function seal(Cursor memory cursor, ItemHeader memory header, uint256 deltaMs) internal pure {
        uint256 timeMs = cursor.timeMs + deltaMs;
        _beginBlock(cursor, header, timeMs < MAX_TIME_MS ? timeMs : MAX_TIME_MS);
    }

    /// @notice Close an item (X-5).
    function closeItem(Cursor memory cursor) internal pure {
        cursor.item += 1;
        cursor.offset = 0;
        cursor.phase = Phase.BETWEEN;
    }

    /// @notice Bring a time inside the bounds of an item, never before the time of the last block.
    function clamp(uint256 timeMs, Cursor memory cursor, ItemHeader memory header) internal pure returns (uint256) {
        uint256 low = _max(cursor.timeMs, uint256(header.minTime) * 1000);
        uint256 high = _max(low, uint256(header.maxTime) * 1000);
        if (timeMs < low) return low;
        return timeMs > high ? high : timeMs;
    }

    function _beginBlock(Cursor memory cursor, ItemHeader memory header, uint256 timeMs) private pure {
        cursor.blockNumber += 1;
        uint256 next = clamp(timeMs, cursor, header);
        if (next - cursor.timeMs >= CLASS_RESET_MS) cursor.orderClass = OrderClass.ORACLE;
        cursor.timeMs = uint48(next);
    }

    function _max(uint256 a, uint256 b) private pure returns (uint256) {
        return a > b ? a : b;
    }
}
