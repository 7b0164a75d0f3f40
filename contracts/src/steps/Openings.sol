// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IStepVerifier} from "../interfaces/IStepVerifier.sol";
import {LeafKey} from "../types/LeafKey.sol";
import {Opening} from "../types/Steps.sol";

/// @notice The leaves that a step opens, read strictly in the order of docs/spec.md X-7 and X-8: a witness that opens
/// another leaf, one too few or one too many is rejected.
library Openings {
    /// @notice Value of opening number `index`, which must be the leaf at `expected`.
    function read(Opening[] calldata openings, uint256 index, LeafKey expected) internal pure returns (bytes calldata) {
        if (index >= openings.length) revert IStepVerifier.MissingOpening(expected);
        LeafKey key = openings[index].key;
        if (key != expected) revert IStepVerifier.WrongOpening(key, expected);
        return openings[index].value;
    }

    /// @notice Require that the step has read every leaf that it opens.
    function finish(Opening[] calldata openings, uint256 used) internal pure {
        if (openings.length > used) revert IStepVerifier.UnusedOpening(openings[used].key);
    }

    /// @notice The values as they are before the step, aligned with the openings.
    function values(Opening[] calldata openings) internal pure returns (bytes[] memory copies) {
        copies = new bytes[](openings.length);
        for (uint256 i = 0; i < openings.length; ++i) {
            copies[i] = openings[i].value;
        }
    }
}
