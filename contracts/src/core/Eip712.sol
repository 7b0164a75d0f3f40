// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Records, Transaction} from "./Records.sol";

/// @notice What users sign (docs/spec.md R-5, EIP-712).
/// @custom:twin rollup_node/codec/eip712.py
library Eip712 {
    bytes32 internal constant DOMAIN_TYPE =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 internal constant TRANSFER_TYPE =
        keccak256("Transfer(uint32 from,uint32 to,uint8 asset,uint96 amount,uint64 nonce)");
    bytes32 internal constant WITHDRAW_TYPE =
        keccak256("Withdraw(uint32 account,uint8 asset,uint96 amount,address recipient,uint64 nonce)");
    bytes32 internal constant ROTATE_KEY_TYPE = keccak256("RotateKey(uint32 account,address newOwner,uint64 nonce)");

    /// @notice Separator of the domain of an L2 chain and its bridge.
    function domainSeparator(uint256 l2ChainId, address bridge) internal pure returns (bytes32) {
        return keccak256(abi.encode(DOMAIN_TYPE, keccak256("Strikenet"), keccak256("1"), l2ChainId, bridge));
    }

    /// @notice Digest that the owner signs.
    function digest(bytes32 domain, Transaction memory transaction) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(hex"1901", domain, _structHash(transaction)));
    }

    function _structHash(Transaction memory tx_) private pure returns (bytes32) {
        if (tx_.kind == Records.TRANSFER) {
            return keccak256(abi.encode(TRANSFER_TYPE, tx_.account, tx_.to, tx_.asset, tx_.amount, tx_.nonce));
        }
        if (tx_.kind == Records.WITHDRAW) {
            return keccak256(abi.encode(WITHDRAW_TYPE, tx_.account, tx_.asset, tx_.amount, tx_.party, tx_.nonce));
        }
        return keccak256(abi.encode(ROTATE_KEY_TYPE, tx_.account, tx_.party, tx_.nonce));
    }
}
