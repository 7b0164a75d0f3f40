// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Eip712} from "../../src/core/Eip712.sol";
import {Signature} from "../../src/core/Signature.sol";
import {Test} from "../Test.sol";
import {LeafCodec} from "../mocks/LeafCodec.sol";
import {RecordCodec} from "../mocks/RecordCodec.sol";

/// @notice Replays tests/vectors/exchange.json: what the codecs return for the bytes of the Python twin has the hash
/// that the twin computed from the fields.
contract ExchangeVectorsTest is Test {
    string private json;
    bytes32 private domain;
    address private leaves;
    address private records;

    function setUp() public {
        json = vm.readFile(string.concat(vm.projectRoot(), "/../tests/vectors/exchange.json"));
        domain = Eip712.domainSeparator(vm.parseJsonUint(json, ".chain_id"), vm.parseJsonAddress(json, ".bridge"));
        leaves = address(new LeafCodec());
        records = address(new RecordCodec());
    }

    function test_vectors_of_leaves() public view {
        uint256 i = 0;
        for (; vm.keyExistsJson(json, _at("leaves", i, "")); ++i) {
            bytes memory value = _bytes("leaves", i, ".value");
            _checkAnswer("leaves", i, ".answer", leaves, abi.encodeWithSignature(_function("leaves", i), value));
        }
        assertGt(i, 47);
    }

    function test_vectors_of_signed_records() public view {
        uint256 i = 0;
        for (; vm.keyExistsJson(json, _at("signed", i, "")); ++i) {
            string memory call = _function("signed", i);
            bytes memory body = _bytes("signed", i, ".body");
            bytes memory forced = _bytes("signed", i, ".forced_body");
            _checkAnswer("signed", i, ".answer", records, abi.encodeWithSignature(call, body, true, domain));
            _checkAnswer("signed", i, ".forced_answer", records, abi.encodeWithSignature(call, forced, false, domain));
            _checkSigner(_word("signed", i, ".digest"), _bytes("signed", i, ".signature"), ".signers[0]");
        }
        assertGt(i, 12);
    }

    function test_vectors_of_reports() public view {
        uint256 i = 0;
        for (; vm.keyExistsJson(json, _at("reports", i, "")); ++i) {
            bytes memory body = _bytes("reports", i, ".body");
            bytes memory call = abi.encodeWithSignature(_function("reports", i), body, domain);
            _checkAnswer("reports", i, ".answer", records, call);
            bytes32 digest = _word("reports", i, ".digest");
            _checkSigner(digest, _bytes("reports", i, ".record.signatures[0]"), ".signers[0]");
            _checkSigner(digest, _bytes("reports", i, ".record.signatures[1]"), ".signers[1]");
        }
        assertEq(i, 3);
    }

    function test_vectors_of_plain_records() public view {
        uint256 i = 0;
        for (; vm.keyExistsJson(json, _at("plain", i, "")); ++i) {
            bytes memory call = abi.encodeWithSignature(_function("plain", i), _bytes("plain", i, ".body"));
            _checkAnswer("plain", i, ".answer", records, call);
        }
        assertEq(i, 7);
    }

    function _checkAnswer(string memory list, uint256 i, string memory key, address codec, bytes memory call)
        private
        view
    {
        (bool ok, bytes memory answer) = codec.staticcall(call);
        assertTrue(ok);
        assertEq(keccak256(answer), _word(list, i, key));
    }

    function _checkSigner(bytes32 digest, bytes memory signature, string memory who) private view {
        (bytes32 r, bytes32 vs) = abi.decode(signature, (bytes32, bytes32));
        assertEq(Signature.recover(digest, r, vs), vm.parseJsonAddress(json, who));
    }

    function _function(string memory list, uint256 i) private view returns (string memory) {
        return vm.parseJsonString(json, _at(list, i, ".function"));
    }

    function _bytes(string memory list, uint256 i, string memory key) private view returns (bytes memory) {
        return vm.parseJsonBytes(json, _at(list, i, key));
    }

    function _word(string memory list, uint256 i, string memory key) private view returns (bytes32) {
        return vm.parseJsonBytes32(json, _at(list, i, key));
    }

    function _at(string memory list, uint256 i, string memory key) private pure returns (string memory) {
        return string.concat(".", list, "[", vm.toString(i), "]", key);
    }
}
