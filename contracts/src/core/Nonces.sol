// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Reason} from "../types/Reason.sol";
import {Owner} from "../types/State.sol";
import {Layout} from "./Layout.sol";

/// @notice The nonce window: up to 192 transactions of an account in flight, in any order (docs/spec.md S-6).
/// @custom:twin rollup_node/core/nonces.py
library Nonces {
    /// @notice Spend a nonce: mark it in `owner`, or say why it cannot be spent.
    /// @param timeMs Cursor time in milliseconds.
    function spend(Owner memory owner, uint256 nonce, uint256 timeMs) internal pure returns (Reason) {
        if (nonce > timeMs + Layout.NONCE_LEAD_MS) return Reason.NONCE_TOO_NEW;
        uint256 high = owner.nonceHigh;
        if (nonce > high) {
            uint256 shift = nonce - high;
            uint256 map = shift < Layout.NONCE_WINDOW ? uint256(owner.nonceMap) << shift : 0;
            owner.nonceMap = uint192(map | 1);
            owner.nonceHigh = uint64(nonce);
            return Reason.OK;
        }
        uint256 age = high - nonce;
        if (age >= Layout.NONCE_WINDOW) return Reason.NONCE_TOO_OLD;
        if ((owner.nonceMap >> age) & 1 == 1) return Reason.NONCE_USED;
        owner.nonceMap |= uint192(2 ** age);
        return Reason.OK;
    }
}
