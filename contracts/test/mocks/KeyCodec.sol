// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Layout} from "../../src/core/Layout.sol";
import {LeafKey} from "../../src/types/LeafKey.sol";

/// @notice Every key of the state, for the comparison with the twin.
contract KeyCodec {
    function hotKey(uint256 id) external pure returns (LeafKey) {
        return Layout.hotKey(id);
    }

    function ownerKey(uint256 id) external pure returns (LeafKey) {
        return Layout.ownerKey(id);
    }

    function coldKey(uint256 id) external pure returns (LeafKey) {
        return Layout.coldKey(id);
    }

    function balancesKey(uint256 id) external pure returns (LeafKey) {
        return Layout.balancesKey(id);
    }

    function directoryKey(uint256 id) external pure returns (LeafKey) {
        return Layout.directoryKey(id);
    }

    function underlyingKey(uint256 id) external pure returns (LeafKey) {
        return Layout.underlyingKey(id);
    }

    function seriesListKey(uint256 id) external pure returns (LeafKey) {
        return Layout.seriesListKey(id);
    }

    function termsKey(uint256 id) external pure returns (LeafKey) {
        return Layout.termsKey(id);
    }

    function seriesKey(uint256 id) external pure returns (LeafKey) {
        return Layout.seriesKey(id);
    }

    function accountRiskKey(uint256 account, uint256 underlying) external pure returns (LeafKey) {
        return Layout.accountRiskKey(account, underlying);
    }

    function seriesRiskKey(uint256 id) external pure returns (LeafKey) {
        return Layout.seriesRiskKey(id);
    }

    function salesKey(uint256 id) external pure returns (LeafKey) {
        return Layout.salesKey(id);
    }

    function optionRulesKey(uint256 id) external pure returns (LeafKey) {
        return Layout.optionRulesKey(id);
    }

    function optionDatesKey(uint256 id) external pure returns (LeafKey) {
        return Layout.optionDatesKey(id);
    }

    function boardKey(uint256 underlying, uint256 expirySlot) external pure returns (LeafKey) {
        return Layout.boardKey(underlying, expirySlot);
    }

    function orderKey(uint256 id) external pure returns (LeafKey) {
        return Layout.orderKey(id);
    }

    function outboxKey(uint256 id) external pure returns (LeafKey) {
        return Layout.outboxKey(id);
    }

    function sessionKeyKey(uint256 account, uint256 number) external pure returns (LeafKey) {
        return Layout.sessionKeyKey(account, number);
    }

    function positionsKey(uint256 account, uint256 number) external pure returns (LeafKey) {
        return Layout.positionsKey(account, number);
    }

    function expiryKey(uint256 underlying, uint256 expirySlot) external pure returns (LeafKey) {
        return Layout.expiryKey(underlying, expirySlot);
    }

    function clientSlotsKey(uint256 account, uint256 slot) external pure returns (LeafKey) {
        return Layout.clientSlotsKey(account, slot);
    }

    function levelKey(uint256 book, uint256 tick, bool triggers) external pure returns (LeafKey) {
        return Layout.levelKey(book, tick, triggers);
    }

    function wordKey(uint256 book, uint256 word, bool triggers) external pure returns (LeafKey) {
        return Layout.wordKey(book, word, triggers);
    }

    function locate(LeafKey key) external pure returns (uint256 depth, uint256 position) {
        return Layout.locate(key);
    }
}
