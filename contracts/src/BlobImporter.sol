// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IBlobImporter} from "./interfaces/IBlobImporter.sol";
import {Blobs} from "./proof/Blobs.sol";

/// @notice Proves on demand which chunks a blob holds, so that the verifier can read it like calldata.
contract BlobImporter is IBlobImporter {
    uint256 private constant BLOB_BYTES = 131_072;
    uint256 private constant POINT_BYTES = 48;
    bytes1 private constant KZG_VERSION = 0x01;
    address private constant POINT_EVALUATION = address(0x0a);
    /// @dev The precompile costs 50,000; a caller keeps 1/64 of its gas, and needs some to record the result.
    uint256 private constant POINT_EVALUATION_GAS = 50_000;
    uint256 private constant REQUIRED_GAS = 100_000;

    /// @inheritdoc IBlobImporter
    mapping(bytes32 versionedHash => bytes32 root) public chunkRoot;

    /// @inheritdoc IBlobImporter
    function importBlob(bytes calldata elements, bytes calldata commitment, bytes calldata proof)
        external
        returns (bytes32 versionedHash, bytes32 root)
    {
        if (elements.length != BLOB_BYTES) revert WrongElementsLength(elements.length, BLOB_BYTES);
        if (commitment.length != POINT_BYTES) revert WrongCommitmentLength(commitment.length, POINT_BYTES);
        if (proof.length != POINT_BYTES) revert WrongProofLength(proof.length, POINT_BYTES);
        versionedHash = KZG_VERSION | (sha256(commitment) << 8 >> 8);
        uint256 outOfRange;
        (root, outOfRange) = Blobs.chunkRoot(elements);
        if (outOfRange < Blobs.ELEMENTS) {
            uint256 start = outOfRange * Blobs.ELEMENT_BYTES;
            revert ElementOutOfRange(outOfRange, uint256(bytes32(elements[start:start + Blobs.ELEMENT_BYTES])));
        }
        uint256 z = Blobs.challenge(versionedHash, elements);
        _checkOpening(versionedHash, z, Blobs.evaluate(elements, z), commitment, proof);
        if (chunkRoot[versionedHash] == 0) {
            chunkRoot[versionedHash] = root;
            emit BlobImported(versionedHash, root);
        }
    }

    /// @dev A chain without the precompile answers with nothing, so the answer is compared as well.
    function _checkOpening(bytes32 versionedHash, uint256 z, uint256 y, bytes calldata commitment, bytes calldata proof)
        private
        view
    {
        if (gasleft() < REQUIRED_GAS) revert NotEnoughGas(gasleft(), REQUIRED_GAS);
        (bool ok, bytes memory answer) = POINT_EVALUATION.staticcall{gas: POINT_EVALUATION_GAS}(
            abi.encodePacked(versionedHash, z, y, commitment, proof)
        );
        if (!ok || keccak256(answer) != keccak256(abi.encode(Blobs.ELEMENTS, Blobs.MODULUS))) {
            revert PointEvaluationFailed(versionedHash, z, y);
        }
    }
}
