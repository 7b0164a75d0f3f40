// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Layout} from "../core/Layout.sol";
import {Leaves} from "../core/Leaves.sol";
import {MarketLeaves} from "../core/MarketLeaves.sol";
import {IOptionVault} from "../interfaces/IOptionVault.sol";
import {Multiproof, TableLeaf} from "../proof/Multiproof.sol";
import {LeafKey} from "../types/LeafKey.sol";
import {SeriesTerms} from "../types/Market.sol";
import {Cursor, Withdrawal} from "../types/State.sol";
import {VaultTerms} from "../types/Vault.sol";

/// @notice What a vault reads in a confirmed state: several leaves by one proof (docs/spec.md T-4).
library VaultProof {
    /// @notice The vault's account at the expiry or later.
    /// @param owner Zero: the account is not open.
    /// @param cash µUSDC.
    /// @param held Of asset 1, ETH.
    /// @param outboxNext Entries from here on are younger than this state.
    /// @param indexPrice µUSDC per unit; calls only.
    /// @param spot Terms of the spot series; calls only.
    struct Opened {
        Cursor cursor;
        uint64 outboxNext;
        address owner;
        int256 cash;
        uint256 held;
        bool hasPositions;
        uint64 indexPrice;
        SeriesTerms spot;
    }

    uint256 private constant OUTBOX_ENTRY_BYTES = 37;
    /// @dev The state of an account that trades: after `reserve u64` (S-14).
    uint256 private constant GROUP_AT = 8;

    /// @notice Open a vault's account as `settle` needs it.
    function openStanding(
        bytes32 root,
        uint32 account,
        VaultTerms memory terms,
        bytes[] calldata values,
        bytes calldata siblings
    ) internal pure returns (Opened memory opened) {
        bool isCall = terms.isCall;
        LeafKey[] memory keys = new LeafKey[](isCall ? 7 : 5);
        uint256 next = 0;
        keys[next++] = Layout.CURSOR;
        if (isCall) keys[next++] = Layout.PRICES;
        keys[next++] = Layout.ALLOCATORS;
        if (isCall) keys[next++] = Layout.termsKey(terms.spotSeries);
        keys[next++] = Layout.ownerKey(account);
        keys[next++] = Layout.balancesKey(account);
        keys[next] = Layout.directoryKey(account);
        _check(root, keys, values, siblings);
        opened.cursor = Leaves.decodeCursor(values[0]);
        if (isCall) {
            opened.indexPrice = MarketLeaves.decodePrices(values[1]).rows[terms.underlying].indexPrice;
            opened.spot = MarketLeaves.decodeSeriesTerms(values[3]);
        }
        opened.outboxNext = Leaves.decodeAllocators(values[isCall ? 2 : 1]).outboxNext;
        (opened.owner, opened.cash, opened.held) = _account(values[next - 2], values[next - 1]);
        opened.hasPositions = _isSet(values[next]);
    }

    /// @notice Open what `close` needs: cursor, owner and balances of the account, and an outbox entry.
    function openEntry(bytes32 root, uint32 account, uint64 slot, bytes[] calldata values, bytes calldata siblings)
        internal
        pure
        returns (Opened memory opened, Withdrawal memory entry)
    {
        LeafKey[] memory keys = new LeafKey[](4);
        keys[0] = Layout.CURSOR;
        keys[1] = Layout.ownerKey(account);
        keys[2] = Layout.balancesKey(account);
        keys[3] = Layout.outboxKey(slot);
        _check(root, keys, values, siblings);
        opened.cursor = Leaves.decodeCursor(values[0]);
        (opened.owner, opened.cash, opened.held) = _account(values[1], values[2]);
        entry = _decodeEntry(values[3]);
    }

    /// @notice Owner and group of an account that trades.
    function openGroup(bytes32 root, uint32 account, bytes[] calldata values, bytes calldata siblings)
        internal
        pure
        returns (address owner, uint32 group)
    {
        LeafKey[] memory keys = new LeafKey[](2);
        keys[0] = Layout.hotKey(account);
        keys[1] = Layout.ownerKey(account);
        _check(root, keys, values, siblings);
        if (values[0].length != 0) group = uint32(bytes4(values[0][GROUP_AT:GROUP_AT + 4]));
        if (values[1].length != 0) owner = Leaves.decodeOwner(values[1]).owner;
    }

    function _account(bytes calldata owner, bytes calldata balances)
        private
        pure
        returns (address who, int256 cash, uint256 held)
    {
        if (owner.length == 0) return (address(0), 0, 0);
        who = Leaves.decodeOwner(owner).owner;
        int256[4] memory amounts = Leaves.decodeBalances(balances);
        return (who, amounts[0], uint256(amounts[1]));
    }

    function _decodeEntry(bytes calldata value) private pure returns (Withdrawal memory) {
        if (value.length != OUTBOX_ENTRY_BYTES) revert Leaves.WrongLeafLength(value.length, OUTBOX_ENTRY_BYTES);
        return Withdrawal({
            account: uint32(bytes4(value[:4])),
            asset: uint8(value[4]),
            amount: uint96(bytes12(value[5:17])),
            recipient: address(bytes20(value[17:]))
        });
    }

    /// @dev Whether any byte is not zero.
    function _isSet(bytes calldata value) private pure returns (bool) {
        for (uint256 i = 0; i < value.length; i += 32) {
            if (bytes32(value[i:]) != 0) return true;
        }
        return false;
    }

    /// @dev The state holds these values under these keys, which rise by position.
    function _check(bytes32 root, LeafKey[] memory keys, bytes[] calldata values, bytes calldata siblings)
        private
        pure
    {
        if (values.length != keys.length) revert IOptionVault.WrongLeafCount(values.length, keys.length);
        TableLeaf[] memory leaves = new TableLeaf[](keys.length);
        for (uint256 i = 0; i < keys.length; ++i) {
            leaves[i] = Multiproof.tableLeaf(keys[i], values[i]);
        }
        (bytes32 actual,) = Multiproof.fold(leaves, siblings);
        if (actual != root) revert IOptionVault.LeafMismatch(root, actual);
    }
}
