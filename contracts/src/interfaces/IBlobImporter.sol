// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice Makes blobs readable by the verifier: proves which chunk root the payload of a blob has (docs/spec.md I-8).
/// @custom:twin rollup_node/codec/blob.py
interface IBlobImporter {
    /// @notice A blob was imported for the first time.
    event BlobImported(bytes32 indexed versionedHash, bytes32 chunkRoot);

    error WrongElementsLength(uint256 length, uint256 expected);
    error WrongCommitmentLength(uint256 length, uint256 expected);
    error WrongProofLength(uint256 length, uint256 expected);
    /// @notice An element is not below the field modulus; `index` names the first one.
    error ElementOutOfRange(uint256 index, uint256 element);
    /// @notice The elements are not the blob of the commitment, or the opening proof is wrong.
    error PointEvaluationFailed(bytes32 versionedHash, uint256 z, uint256 y);
    error NotEnoughGas(uint256 gasLeft, uint256 required);

    /// @notice Record the chunk root of a blob. Anyone may; importing again changes nothing.
    /// @param elements The 4,096 field elements of the blob, 131,072 bytes.
    /// @param commitment KZG commitment, 48 bytes.
    /// @param proof KZG proof at the challenge point of I-8, 48 bytes.
    /// @return versionedHash Hash of the commitment, as an inbox item names it.
    /// @return root Chunk root of the payload.
    function importBlob(bytes calldata elements, bytes calldata commitment, bytes calldata proof)
        external
        returns (bytes32 versionedHash, bytes32 root);

    /// @notice Chunk root of an imported blob; zero when the blob was not imported.
    function chunkRoot(bytes32 versionedHash) external view returns (bytes32 root);
}
