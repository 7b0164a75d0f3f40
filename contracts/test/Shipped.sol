// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Vm} from "./Vm.sol";

/// @notice The contracts as they ship: a test deploys the artifacts that every devnet deploys, and compiles none of them.
library Shipped {
    Vm private constant VM = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    function deploy(string memory name) internal returns (address payable) {
        return deploy(name, "");
    }

    /// @notice Deploys the contract of this name with these constructor arguments; reverts as its constructor does.
    function deploy(string memory name, bytes memory arguments) internal returns (address payable made) {
        string memory json = VM.readFile(string.concat("../rollup_node/l1/artifacts/", name, ".json"));
        bytes memory creation = bytes.concat(VM.parseJsonBytes(json, ".bytecode"), arguments);
        assembly ("memory-safe") {
            made := create(0, add(creation, 0x20), mload(creation))
            if iszero(made) {
                let reason := mload(0x40)
                returndatacopy(reason, 0, returndatasize())
                revert(reason, returndatasize())
            }
        }
    }
}
