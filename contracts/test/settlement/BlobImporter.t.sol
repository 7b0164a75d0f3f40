// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {BlobImporter} from "../../src/BlobImporter.sol";
import {IBlobImporter} from "../../src/interfaces/IBlobImporter.sol";
import {Blobs} from "../../src/proof/Blobs.sol";
import {Shipped} from "../Shipped.sol";
import {Test} from "../Test.sol";

/// @dev Commitment, proof and expected values come from c-kzg and the Python twin, over elements that any language can
/// make: element i is keccak256(i) shortened by two bits, so most of them have a top byte that is not zero.
contract BlobImporterTest is Test {
    bytes internal constant COMMITMENT =
        hex"8e5058891bdce1d5cae1e7ac55c57d7d140299b1a09ede0a3e46cf3db24ca50f7f48c03213f88147c25d554b17f92d18";
    bytes internal constant PROOF =
        hex"afb7e59465e4bbcc8f91ccaeefe64a0ce0d2452d5a810a260a61b252c9441e512cb93c371ef33ad98b937973d4d3c087";
    bytes32 internal constant VERSIONED_HASH = 0x014d08685ec47718bd8c0a7a72955580f19cc3d49ccf658f1d7883d7948664ea;
    bytes32 internal constant ROOT = 0x09ce526813470b76fca83a7abb89761081aa69649988b91e8dbd046187e59795;
    uint256 internal constant Z = 0x0aa4c6eeac859adf6de0a8aa9c25e3e01aa8ed96c9904f5287470861e4068627;
    uint256 internal constant Y = 0x4669d95930c035ee6d48774113e90a1254e4319e220d491c33ae64f71b33a9d5;
    uint256 internal constant GAS_LIMIT = 2_000_000;

    BlobImporter private importer;
    bytes private elements;

    function setUp() public {
        importer = BlobImporter(Shipped.deploy("BlobImporter"));
        uint256[] memory words = new uint256[](Blobs.ELEMENTS);
        for (uint256 i = 0; i < words.length; ++i) {
            words[i] = uint256(keccak256(abi.encode(i))) >> 2;
        }
        elements = abi.encodePacked(words);
    }

    function test_importBlob_records_the_chunk_root_within_gas() public {
        bytes memory blob = elements;
        assertEq(importer.chunkRoot(VERSIONED_HASH), bytes32(0));
        vm.expectEmit(address(importer));
        emit IBlobImporter.BlobImported(VERSIONED_HASH, ROOT);
        (bytes32 versionedHash, bytes32 root) = importer.importBlob(blob, COMMITMENT, PROOF);
        uint256 used = vm.lastCallGas().gasTotalUsed;
        vm.snapshotValue("settlement", "importBlob, execution", used);
        assertLe(used, GAS_LIMIT);
        assertEq(versionedHash, VERSIONED_HASH);
        assertEq(root, ROOT);
        assertEq(importer.chunkRoot(VERSIONED_HASH), ROOT);
    }

    function test_importBlob_again_changes_nothing() public {
        importer.importBlob(elements, COMMITMENT, PROOF);
        vm.recordLogs();
        (, bytes32 root) = importer.importBlob(elements, COMMITMENT, PROOF);
        assertEq(root, ROOT);
        assertEq(vm.getRecordedLogs().length, 0);
    }

    function test_evaluate_and_challenge_agree_with_ckzg() public view {
        assertEq(this.challenge(elements), Z);
        assertEq(this.evaluate(elements, Z), Y);
    }

    /// @dev On the domain the polynomial takes the elements themselves, in bit-reversed order.
    function test_evaluate_on_the_domain_returns_the_element() public view {
        assertEq(this.evaluate(elements, 1), _element(0));
        assertEq(this.evaluate(elements, Blobs.MODULUS - 1), _element(1));
    }

    function test_importBlob_rejects_a_changed_payload_byte() public {
        bytes memory blob = elements;
        blob[32 * 77 + 5] ^= 0x01;
        vm.expectPartialRevert(IBlobImporter.PointEvaluationFailed.selector);
        importer.importBlob(blob, COMMITMENT, PROOF);
    }

    /// @dev The top byte carries no data, and is bound all the same: see docs/adr/0003-blob-import.md.
    function test_importBlob_rejects_a_changed_top_byte() public {
        bytes memory blob = elements;
        blob[32 * 77] ^= 0x01;
        vm.expectPartialRevert(IBlobImporter.PointEvaluationFailed.selector);
        importer.importBlob(blob, COMMITMENT, PROOF);
    }

    function test_importBlob_rejects_an_element_plus_the_modulus() public {
        bytes memory blob = elements;
        uint256 lifted = _element(4095) + Blobs.MODULUS;
        for (uint256 i = 0; i < 32; ++i) {
            blob[32 * 4095 + i] = bytes32(lifted)[i];
        }
        vm.expectRevert(abi.encodeWithSelector(IBlobImporter.ElementOutOfRange.selector, 4095, lifted));
        importer.importBlob(blob, COMMITMENT, PROOF);
    }

    function test_importBlob_rejects_a_proof_of_another_point() public {
        bytes memory proof = PROOF;
        proof[47] ^= 0x01;
        vm.expectPartialRevert(IBlobImporter.PointEvaluationFailed.selector);
        importer.importBlob(elements, COMMITMENT, proof);
    }

    function test_importBlob_rejects_wrong_lengths() public {
        bytes memory none = "";
        vm.expectRevert(abi.encodeWithSelector(IBlobImporter.WrongElementsLength.selector, 0, 131_072));
        importer.importBlob(none, COMMITMENT, PROOF);
        vm.expectRevert(abi.encodeWithSelector(IBlobImporter.WrongCommitmentLength.selector, 0, 48));
        importer.importBlob(elements, none, PROOF);
        vm.expectRevert(abi.encodeWithSelector(IBlobImporter.WrongProofLength.selector, 0, 48));
        importer.importBlob(elements, COMMITMENT, none);
    }

    function test_importBlob_without_the_precompile_fails() public {
        vm.mockCall(address(0x0a), "", "");
        vm.expectPartialRevert(IBlobImporter.PointEvaluationFailed.selector);
        importer.importBlob(elements, COMMITMENT, PROOF);
    }

    function test_importBlob_with_little_gas_never_records() public {
        bytes memory blob = elements;
        for (uint256 gasLimit = 100_000; gasLimit < GAS_LIMIT; gasLimit += 50_000) {
            try importer.importBlob{gas: gasLimit}(blob, COMMITMENT, PROOF) returns (bytes32, bytes32 root) {
                assertEq(root, ROOT);
                return;
            } catch (bytes memory reason) {
                bool outOfGas = reason.length == 0;
                assertTrue(outOfGas || bytes4(reason) == IBlobImporter.NotEnoughGas.selector);
                assertEq(importer.chunkRoot(VERSIONED_HASH), bytes32(0));
            }
        }
    }

    function evaluate(bytes calldata blob, uint256 z) external pure returns (uint256) {
        return Blobs.evaluate(blob, z);
    }

    function challenge(bytes calldata blob) external pure returns (uint256) {
        return Blobs.challenge(VERSIONED_HASH, blob);
    }

    function _element(uint256 i) private pure returns (uint256) {
        return uint256(keccak256(abi.encode(i))) >> 2;
    }
}
