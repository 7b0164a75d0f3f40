// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IBlobImporter} from "../interfaces/IBlobImporter.sol";
import {IStepVerifier} from "../interfaces/IStepVerifier.sol";
import {ItemHeader, ItemKind} from "../types/Inputs.sol";
import {Chunks} from "./Chunks.sol";
import {InboxHash} from "./InboxHash.sol";
import {WitnessReader} from "./WitnessReader.sol";

/// @notice The chunks of item data that a witness brings, and which bytes of them were read (docs/spec.md W-2).
/// @param first Index of the first chunk in the data of the item.
/// @param count Consecutive chunks.
/// @param start Where the first chunk stands in the witness.
/// @param stride Bytes from one chunk of the witness to the next: a chunk and its branch.
/// @param low First byte of the data that was read.
/// @param high Byte after the last one that was read; 0 if none was.
struct Window {
    uint256 first;
    uint256 count;
    uint256 start;
    uint256 stride;
    uint256 low;
    uint256 high;
}

/// @notice Loads chunks against the data root of an item and reads the data through them.
/// @custom:twin rollup_node/proof/witness.py
library Windows {
    uint256 internal constant CHUNKS_PER_BLOB = 124;
    uint256 internal constant BLOB_DEPTH = 7;

    /// @notice Read W-2, and for blobs the list of W-1, and check every chunk.
    /// @param offset Where W-2, or the list, begins.
    /// @return window The chunks.
    /// @return next Where W-3 begins.
    function load(bytes calldata witness, uint256 offset, ItemHeader memory header, IBlobImporter importer)
        internal
        view
        returns (Window memory window, uint256 next)
    {
        bool isBlob = header.kind == ItemKind.BLOB;
        bytes32[] memory blobs;
        if (isBlob) (blobs, offset) = _loadBlobs(witness, offset, header.dataRoot);
        window.count = WitnessReader.number(witness, offset, 1);
        offset += 1;
        if (window.count == 0) return (window, offset);
        window.first = WitnessReader.number(witness, offset, 2);
        offset += 2;
        window.start = offset;
        uint256 chunks = Chunks.count(header.byteLength);
        if (isBlob && chunks > blobs.length * CHUNKS_PER_BLOB) chunks = blobs.length * CHUNKS_PER_BLOB;
        uint256 depth = isBlob ? BLOB_DEPTH : Chunks.depth(chunks);
        window.stride = Chunks.CHUNK_BYTES + 32 * depth;
        for (uint256 i = window.first; i < window.first + window.count; ++i) {
            if (i >= chunks) revert IStepVerifier.ChunkOutOfRange(i, chunks);
            bool isTail = !isBlob && i + 1 == chunks;
            uint256 size = isTail ? header.byteLength - i * Chunks.CHUNK_BYTES : Chunks.CHUNK_BYTES;
            bytes32 expected = isBlob ? _blobRoot(importer, blobs[i / CHUNKS_PER_BLOB]) : header.dataRoot;
            uint256 index = isBlob ? i % CHUNKS_PER_BLOB : i;
            bytes calldata branch = WitnessReader.take(witness, offset + size, 32 * depth);
            bytes32 actual = Chunks.climb(Chunks.leaf(witness[offset:offset + size]), index, branch);
            if (actual != expected) revert IStepVerifier.WrongChunk(i, expected, actual);
            offset += size + 32 * depth;
        }
        next = offset;
    }

    /// @notice Bytes of the item from `from` on, marked as read.
    function read(Window memory window, bytes calldata witness, uint256 from, uint256 size)
        internal
        pure
        returns (bytes memory data)
    {
        if (size == 0) return data;
        uint256 end = from + size;
        uint256 base = window.first * Chunks.CHUNK_BYTES;
        if (from < base) revert IStepVerifier.MissingChunk(from);
        uint256 limit = base + window.count * Chunks.CHUNK_BYTES;
        if (end > limit) revert IStepVerifier.MissingChunk(limit > from ? limit : from);
        if (window.high == 0) window.low = from;
        if (end > window.high) window.high = end;
        while (from < end) {
            uint256 index = (from - base) / Chunks.CHUNK_BYTES;
            uint256 inside = (from - base) % Chunks.CHUNK_BYTES;
            uint256 part = Chunks.CHUNK_BYTES - inside;
            if (part > end - from) part = end - from;
            uint256 source = window.start + index * window.stride + inside;
            data = bytes.concat(data, witness[source:source + part]);
            from += part;
        }
    }

    /// @notice Require that each chunk holds a byte that was read.
    function finish(Window memory window) internal pure {
        if (window.count == 0) return;
        bool read_ = window.high != 0;
        if (!read_ || window.low / Chunks.CHUNK_BYTES != window.first) {
            revert IStepVerifier.UnusedChunk(window.first);
        }
        uint256 last = window.first + window.count - 1;
        if ((window.high - 1) / Chunks.CHUNK_BYTES != last) revert IStepVerifier.UnusedChunk(last);
    }

    function _loadBlobs(bytes calldata witness, uint256 offset, bytes32 dataRoot)
        private
        pure
        returns (bytes32[] memory hashes, uint256 next)
    {
        hashes = new bytes32[](WitnessReader.number(witness, offset, 1));
        next = offset + 1;
        for (uint256 i = 0; i < hashes.length; ++i) {
            hashes[i] = bytes32(WitnessReader.take(witness, next, 32));
            next += 32;
        }
        bytes32 actual = InboxHash.blobList(hashes);
        if (actual != dataRoot) revert IStepVerifier.WrongBlobList(dataRoot, actual);
    }

    function _blobRoot(IBlobImporter importer, bytes32 versionedHash) private view returns (bytes32 root) {
        root = importer.chunkRoot(versionedHash);
        if (root == 0) revert IStepVerifier.BlobNotImported(versionedHash);
    }
}
