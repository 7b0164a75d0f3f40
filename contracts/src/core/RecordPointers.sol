// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    Bid,
    CancelAll,
    CancelOrder,
    ForwardReport,
    Freeze,
    Leg,
    MovePosition,
    OpenAccount,
    PlaceOrder,
    PriceReport,
    ReplaceOrder,
    RfqLeg,
    SetDeadMan,
    SetGuardian,
    SetKey,
    SetMode,
    SetProtection,
    SettlementPrice
} from "../types/Records.sol";

/// @notice Where the members of structs of records begin in memory, for `Structs`.
library RecordPointers {
    function pointerTo(Bid memory record) internal pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := record
        }
    }

    function pointerTo(CancelAll memory record) internal pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := record
        }
    }

    function pointerTo(CancelOrder memory record) internal pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := record
        }
    }

    function pointerTo(ForwardReport memory record) internal pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := record
        }
    }

    function pointerTo(Freeze memory record) internal pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := record
        }
    }

    function pointerTo(Leg memory record) internal pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := record
        }
    }

    function pointerTo(MovePosition memory record) internal pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := record
        }
    }

    function pointerTo(OpenAccount memory record) internal pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := record
        }
    }

    function pointerTo(PlaceOrder memory record) internal pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := record
        }
    }

    function pointerTo(PriceReport memory record) internal pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := record
        }
    }

    function pointerTo(ReplaceOrder memory record) internal pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := record
        }
    }

    function pointerTo(SetMode memory record) internal pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := record
        }
    }

    function pointerTo(SetDeadMan memory record) internal pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := record
        }
    }

    function pointerTo(SetGuardian memory record) internal pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := record
        }
    }

    function pointerTo(SetKey memory record) internal pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := record
        }
    }

    function pointerTo(SetProtection memory record) internal pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := record
        }
    }

    function pointerTo(SettlementPrice memory record) internal pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := record
        }
    }

    function pointerTo(RfqLeg memory leg) internal pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := leg
        }
    }
}
