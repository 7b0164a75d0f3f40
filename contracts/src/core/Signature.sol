// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IStepVerifier} from "../interfaces/IStepVerifier.sol";

/// @notice Compact signatures (docs/spec.md R-5, EIP-2098).
/// @custom:twin rollup_node/codec/signature.py
library Signature {
    uint256 internal constant GROUP_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;
    /// @dev The precompile costs 3,000; a caller keeps 1/64 of its gas, and needs some for the call itself.
    uint256 internal constant RECOVER_GAS = 10_000;

    /// @notice Signer of a digest; zero when the signature is invalid.
    /// @dev Too little gas reverts, so that it can never look like an invalid signature.
    function recover(bytes32 digest, bytes32 r, bytes32 vs) internal view returns (address) {
        uint256 s = uint256(vs) & type(uint256).max >> 1;
        if (r == 0 || uint256(r) >= GROUP_ORDER) return address(0);
        if (s == 0 || s > GROUP_ORDER / 2) return address(0);
        if (gasleft() < RECOVER_GAS) revert IStepVerifier.NotEnoughGas(gasleft(), RECOVER_GAS);
        return ecrecover(digest, uint8(27 + (uint256(vs) >> 255)), r, bytes32(s));
    }
}
