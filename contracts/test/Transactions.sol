// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Test} from "./Test.sol";

/// @notice What a call costs as a whole transaction: intrinsic gas, calldata and execution.
/// @dev The EVM says what the callee spent. Gas left before and after would count the test's own code around the call,
/// which the compiler lays out anew with every change of an import.
abstract contract Transactions is Test {
    /// @dev The callee is warm, as in a transaction; make cold before what else should be. No refunds.
    /// EIP-7623: four gas per token of calldata and the execution, or ten per token, whichever is more.
    function transact(address to, uint256 value, bytes memory data) internal returns (uint256 gas) {
        (bool ok,) = to.call{value: value}(data);
        uint256 execution = vm.lastCallGas().gasTotalUsed;
        assertTrue(ok);
        uint256 tokens = 0;
        for (uint256 i = 0; i < data.length; ++i) {
            tokens += data[i] == 0 ? 1 : 4;
        }
        uint256 standard = 4 * tokens + execution;
        return 21_000 + (standard > 10 * tokens ? standard : 10 * tokens);
    }
}
