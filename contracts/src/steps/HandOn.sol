// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice Lets a family of steps be two contracts where one would be larger than EIP-170 allows (ADR 7). In assembly:
/// nothing of the call is read or built anew.
library HandOn {
    /// @notice End this call as `target` ends the same call.
    function to(address target) internal view {
        assembly ("memory-safe") {
            let free := mload(0x40)
            calldatacopy(free, 0, calldatasize())
            let ok := staticcall(gas(), target, free, calldatasize(), 0, 0)
            returndatacopy(free, 0, returndatasize())
            if iszero(ok) { revert(free, returndatasize()) }
            return(free, returndatasize())
        }
    }
}
