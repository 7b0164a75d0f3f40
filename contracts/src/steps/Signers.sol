// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Authority} from "../core/Authority.sol";
import {Signature} from "../core/Signature.sol";
import {CompactSignature} from "../types/Records.sol";
import {StepInput} from "../types/Steps.sol";

/// @notice Who stands behind a body (docs/spec.md R-5, X-6).
library Signers {
    /// @notice Who signed the digest of a record, or sent the message.
    function authorityOf(StepInput calldata input, bytes32 digest, CompactSignature memory signature)
        internal
        view
        returns (Authority memory)
    {
        if (input.forced) return Authority(input.sender, true, input.message);
        return Authority(Signature.recover(digest, signature.r, signature.vs), false, 0);
    }

    /// @notice Who signed the digest of a report, in their order; zero for a signature that is invalid.
    function recoverAll(bytes32 digest, CompactSignature[] memory signatures)
        internal
        view
        returns (address[] memory signers)
    {
        signers = new address[](signatures.length);
        for (uint256 i = 0; i < signatures.length; ++i) {
            signers[i] = Signature.recover(digest, signatures[i].r, signatures[i].vs);
        }
    }
}
