// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccountLeaves} from "../core/AccountLeaves.sol";
import {Layout} from "../core/Layout.sol";
import {Leaves} from "../core/Leaves.sol";
import {MarketLeaves} from "../core/MarketLeaves.sol";
import {Standings} from "../core/Standing.sol";
import {IOptionVault} from "../interfaces/IOptionVault.sol";
import {Multiproof, TableLeaf} from "../proof/Multiproof.sol";
import {Hot} from "../types/Account.sol";
import {LeafKey} from "../types/LeafKey.sol";
import {SeriesTerms} from "../types/Market.sol";
import {Cursor, Withdrawal} from "../types/State.sol";
import {VaultTerms} from "../types/Vault.sol";

/// @notice What a vault reads in a confirmed state: several leaves by one proof (docs/spec.md T-4).
library VaultProof {
    /// @notice The vault's account at the expiry or later.
    /// @param owner Zero: the account is not open.
    /// @param group Its own number, or what it inherited; who buys an account takes it into the own group (L-4).
    /// @param cash µUSDC.
    /// @param held Of asset 1, ETH.
    /// @param hasPositions As many as its hot leaf counts (invariant X-3).
    /// @param outboxNext Entries from here on are younger than this state.
    /// @param indexPrice µUSDC per unit; calls only.
    /// @param spot Terms of the spot series; calls only.
    struct Opened {
        Cursor cursor;
        uint64 outboxNext;
        address owner;
        uint32 group;
        int256 cash;
        uint256 held;
        bool hasPositions;
        uint64 indexPrice;
        SeriesTerms spot;
    }

    uint256 private constant OUTBOX_ENTRY_BYTES = 37;

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
        keys[next++] = Layout.hotKey(account);
        keys[next++] = Layout.ownerKey(account);
        keys[next] = Layout.balancesKey(account);
        _check(root, keys, values, siblings);
        opened.cursor = Leaves.decodeCursor(values[0]);
        if (isCall) {
            opened.indexPrice = MarketLeaves.decodePrices(values[1]).rows[terms.underlying].indexPrice;
            opened.spot = MarketLeaves.decodeSeriesTerms(values[3]);
        }
        opened.outboxNext = Leaves.decodeAllocators(values[isCall ? 2 : 1]).outboxNext;
        _readAccount(opened, account, values, next - 2);
    }

    /// @notice Open what `close` needs: cursor, account, and an outbox entry.
    function openEntry(bytes32 root, uint32 account, uint64 slot, bytes[] calldata values, bytes calldata siblings)
        internal
        pure
        returns (Opened memory opened, Withdrawal memory entry)
    {
        LeafKey[] memory keys = new LeafKey[](5);
        keys[0] = Layout.CURSOR;
        keys[1] = Layout.hotKey(account);
        keys[2] = Layout.ownerKey(account);
        keys[3] = Layout.balancesKey(account);
        keys[4] = Layout.outboxKey(slot);
        _check(root, keys, values, siblings);
        opened.cursor = Leaves.decodeCursor(values[0]);
        _readAccount(opened, account, values, 1);
        entry = _decodeEntry(values[4]);
    }

    /// @notice Owner and group of an account.
    function openGroup(bytes32 root, uint32 account, bytes[] calldata values, bytes calldata siblings)
        internal
        pure
        returns (address owner, uint32 group)
    {
        LeafKey[] memory keys = new LeafKey[](2);
        keys[0] = Layout.hotKey(account);
        keys[1] = Layout.ownerKey(account);
        _check(root, keys, values, siblings);
        group = _hot(account, values[0]).group;
        if (values[1].length != 0) owner = Leaves.decodeOwner(values[1]).owner;
    }

    /// @dev From hot, owner and balances, which begin at `first`; nothing of one that is not open.
    function _readAccount(Opened memory opened, uint32 account, bytes[] calldata values, uint256 first) private pure {
        if (values[first + 1].length == 0) return;
        Hot memory hot = _hot(account, values[first]);
        (opened.group, opened.hasPositions) = (hot.group, Standings.hasPositions(hot));
        opened.owner = Leaves.decodeOwner(values[first + 1]).owner;
        int256[4] memory amounts = Leaves.decodeBalances(values[first + 2]);
        (opened.cash, opened.held) = (amounts[0], uint256(amounts[1]));
    }

    /// @dev One that never traded is its own group, as in the law (`Risk.readHot`).
    function _hot(uint32 account, bytes calldata value) private pure returns (Hot memory hot) {
        hot = AccountLeaves.decodeHot(value);
        if (value.length == 0) hot.group = account;
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
