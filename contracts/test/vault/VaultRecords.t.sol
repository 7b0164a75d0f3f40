// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {VaultTerms} from "../../src/types/Vault.sol";
import {VaultClock} from "../../src/vault/VaultClock.sol";
import {VaultRecords} from "../../src/vault/VaultRecords.sol";
import {Test} from "../Test.sol";

/// @notice What vaults send, byte for byte as the codec of the nodes writes it (tests/vectors/vault.json).
contract VaultRecordsTest is Test {
    string private _json = vm.readFile("../tests/vectors/vault.json");

    function test_vectors_sales() public view {
        uint256 count = 0;
        for (; vm.keyExistsJson(_json, _at("sales", count, "")); ++count) {
            VaultTerms memory t;
            t.underlying = uint8(_field("sales", count, "underlying"));
            t.isCall = _field("sales", count, "call") == 1;
            t.deltaPpm = uint32(_field("sales", count, "delta_ppm"));
            t.maxLots = uint32(_field("sales", count, "lots"));
            t.startPpm = uint32(_field("sales", count, "start_ppm"));
            t.reservePpm = uint32(_field("sales", count, "reserve_ppm"));
            t.saleSeconds = uint32(_field("sales", count, "duration_seconds"));
            t.maxFeePpm = uint16(_field("sales", count, "max_fee"));
            uint256 account = _field("sales", count, "account");
            bytes memory body = VaultRecords.encodeSale(account, _field("sales", count, "expiry_at"), t);
            assertEq(body, vm.parseJsonBytes(_json, _at("sales", count, ".body")));
            assertLe(body.length, 256);
        }
        assertEq(count, 15);
    }

    function test_vectors_orders() public view {
        uint256 count = 0;
        for (; vm.keyExistsJson(_json, _at("orders", count, "")); ++count) {
            bytes memory body = VaultRecords.encodeOrder(
                _field("orders", count, "account"),
                _field("orders", count, "series"),
                _field("orders", count, "side") == 1,
                _field("orders", count, "price"),
                _field("orders", count, "quantity"),
                _field("orders", count, "max_fee")
            );
            assertEq(body, vm.parseJsonBytes(_json, _at("orders", count, ".body")));
        }
        assertEq(count, 10);
    }

    function test_vectors_withdrawals() public view {
        address recipient = vm.parseJsonAddress(_json, ".recipient");
        uint256 count = 0;
        for (; vm.keyExistsJson(_json, _at("withdrawals", count, "")); ++count) {
            bytes memory body = VaultRecords.encodeWithdrawal(
                _field("withdrawals", count, "account"),
                uint8(_field("withdrawals", count, "asset")),
                _field("withdrawals", count, "amount"),
                recipient
            );
            assertEq(body, vm.parseJsonBytes(_json, _at("withdrawals", count, ".body")));
        }
        assertEq(count, 15);
    }

    /// @dev 19 November 2026 is a Thursday.
    function test_fridayFrom_knownDates() public pure {
        assertEq(VaultClock.fridayFrom(1_795_075_200), 1_795_161_600);
        assertEq(VaultClock.fridayFrom(1_795_161_600), 1_795_161_600);
        assertEq(VaultClock.fridayFrom(1_795_161_601), 1_795_161_600 + 7 days);
        assertEq(VaultClock.fridayFrom(115_200), 115_200);
    }

    function testFuzz_fridayFrom_isTheNextOne(uint40 time) public pure {
        uint256 date = VaultClock.fridayFrom(time);
        assertTrue(date >= time && date < uint256(time) + 7 days);
        assertEq(date % 1 days, 8 hours);
        assertEq(date / 1 days % 7, 1);
    }

    function _field(string memory list, uint256 i, string memory name) private view returns (uint256) {
        return vm.parseJsonUint(_json, _at(list, i, string.concat(".record.", name)));
    }

    function _at(string memory list, uint256 i, string memory rest) private pure returns (string memory) {
        return string.concat(".", list, "[", vm.toString(i), "]", rest);
    }
}
