// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {RecordKind} from "../types/RecordKind.sol";
import {VaultTerms} from "../types/Vault.sol";

/// @notice Bodies of the forced transactions that a vault sends (docs/spec.md R-3, R-4): without nonce and signature.
/// @custom:twin rollup_node/codec/delayed.py encode_forced. Vectors: tests/vectors/vault.json
library VaultRecords {
    uint8 private constant WITHDRAW = 0x11;
    /// @dev Flags of a market order with a bound, immediate or cancel (R-4), without its side.
    uint16 private constant MARKET_IOC = 1 << 1 | 2 << 3;

    /// @notice The hidden Dutch order of an epoch: up to `maxLots` of the option that the delta rule chooses.
    function encodeSale(uint256 account, uint256 expiryAt, VaultTerms memory terms)
        internal
        pure
        returns (bytes memory)
    {
        return abi.encodePacked(
            RecordKind.SALE,
            _varint(account),
            terms.underlying,
            terms.isCall,
            _varint(expiryAt),
            _varint(terms.deltaPpm),
            _varint(terms.maxLots),
            _varint(terms.startPpm),
            _varint(terms.reservePpm),
            _varint(terms.saleSeconds),
            _varint(terms.maxFeePpm)
        );
    }

    /// @notice An order by the owner's key that never rests, in client slot 0.
    function encodeOrder(uint256 account, uint256 series, bool isSale, uint256 tick, uint256 lots, uint256 maxFeePpm)
        internal
        pure
        returns (bytes memory)
    {
        return abi.encodePacked(
            RecordKind.ORDER,
            _varint(account),
            uint8(0),
            _varint(series),
            isSale ? MARKET_IOC | 1 : MARKET_IOC,
            _varint(tick),
            _varint(lots),
            _varint(maxFeePpm),
            uint8(0)
        );
    }

    /// @notice A withdrawal of `amount` of an asset to L1.
    function encodeWithdrawal(uint256 account, uint8 asset, uint256 amount, address recipient)
        internal
        pure
        returns (bytes memory)
    {
        return abi.encodePacked(WITHDRAW, _varint(account), asset, _varint(amount), recipient);
    }

    /// @dev LEB128 in its shortest form (R-3).
    function _varint(uint256 value) private pure returns (bytes memory data) {
        while (value >= 0x80) {
            data = abi.encodePacked(data, uint8(value | 0x80));
            value >>= 7;
        }
        return abi.encodePacked(data, uint8(value));
    }
}
