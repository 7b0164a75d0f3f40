// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice An inbox whose accumulators are written by hand, and a blob importer whose chunk roots are.
contract FixedInbox {
    bytes32[] private accumulators;
    bytes32[] private delayedAccumulators;
    bytes32[] private fastAccumulators;

    mapping(bytes32 versionedHash => bytes32 root) public chunkRoot;

    /// @notice Replace everything; the lists begin with accumulator 0.
    function set(bytes32[] calldata items, bytes32[] calldata delayed, bytes32[] calldata fast) external {
        accumulators = items;
        delayedAccumulators = delayed;
        fastAccumulators = fast;
    }

    function setChunkRoot(bytes32 versionedHash, bytes32 root) external {
        chunkRoot[versionedHash] = root;
    }

    function count() external view returns (uint64) {
        return uint64(accumulators.length - 1);
    }

    function accumulator(uint256 n) external view returns (bytes32) {
        return accumulators[n];
    }

    function delayedAccumulator(uint256 n) external view returns (bytes32) {
        return delayedAccumulators[n];
    }

    function fastAccumulator(uint256 n) external view returns (bytes32) {
        return fastAccumulators[n];
    }
}
