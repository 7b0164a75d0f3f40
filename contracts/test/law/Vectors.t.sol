// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {StepVerifier} from "../../src/StepVerifier.sol";
import {Eip712} from "../../src/core/Eip712.sol";
import {Records, Transaction} from "../../src/core/Records.sol";
import {Signature} from "../../src/core/Signature.sol";
import {IBlobImporter} from "../../src/interfaces/IBlobImporter.sol";
import {IInbox} from "../../src/interfaces/IInbox.sol";
import {AssertionId} from "../../src/proof/AssertionId.sol";
import {Chunks} from "../../src/proof/Chunks.sol";
import {History} from "../../src/proof/History.sol";
import {InboxHash} from "../../src/proof/InboxHash.sol";
import {Multiproof, TableLeaf} from "../../src/proof/Multiproof.sol";
import {ItemHeader} from "../../src/types/Inputs.sol";
import {LeafKey} from "../../src/types/LeafKey.sol";
import {Reason} from "../../src/types/Reason.sol";
import {StepKind} from "../../src/types/StepKind.sol";
import {Call} from "../../src/types/Steps.sol";
import {Families} from "../Families.sol";
import {Shipped} from "../Shipped.sol";
import {Test} from "../Test.sol";
import {FixedInbox} from "../mocks/FixedInbox.sol";

/// @notice Replays the vectors that the Python twin wrote into tests/vectors.
contract VectorsTest is Test {
    string private json;

    function test_vectors_of_steps() public {
        _read("steps");
        FixedInbox inbox = new FixedInbox();
        address bridge = vm.parseJsonAddress(json, ".bridge");
        StepVerifier verifier = StepVerifier(
            Shipped.deploy(
                "StepVerifier",
                abi.encode(
                    IInbox(address(inbox)),
                    IBlobImporter(address(inbox)),
                    Families.deploy(vm.parseJsonUint(json, ".chain_id"), bridge)
                )
            )
        );
        uint256 count = 0;
        for (; vm.keyExistsJson(json, _case(count, "")); ++count) {
            _replay(verifier, inbox, count);
        }
        assertGt(count, 0);
    }

    function test_vectors_of_the_tree() public {
        _read("tree");
        uint256[] memory keys = vm.parseJsonUintArray(json, ".proof.keys");
        bytes[] memory values = vm.parseJsonBytesArray(json, ".proof.values");
        TableLeaf[] memory leaves = new TableLeaf[](keys.length);
        for (uint256 i = 0; i < keys.length; ++i) {
            leaves[i] = Multiproof.tableLeaf(LeafKey.wrap(uint64(keys[i])), values[i]);
        }
        bytes memory siblings = abi.encodePacked(vm.parseJsonBytes32Array(json, ".proof.siblings"));
        assertEq(this.fold(leaves, siblings), vm.parseJsonBytes32(json, ".root"));
    }

    function test_vectors_of_hashes() public {
        _read("hashes");
        bytes32 message = InboxHash.messageHash(
            uint8(vm.parseJsonUint(json, ".message.kind")),
            vm.parseJsonAddress(json, ".message.sender"),
            uint40(vm.parseJsonUint(json, ".message.timestamp")),
            vm.parseJsonBytes(json, ".message.body")
        );
        assertEq(message, vm.parseJsonBytes32(json, ".message_hash"));
        assertEq(InboxHash.nextDelayedAccumulator(0, message), vm.parseJsonBytes32(json, ".delayed_accumulator"));
        assertEq(InboxHash.nextFastAccumulator(0, message), vm.parseJsonBytes32(json, ".fast_accumulator"));
        ItemHeader memory header = ItemHeader({
            kind: uint8(vm.parseJsonUint(json, ".header.kind")),
            byteLength: uint32(vm.parseJsonUint(json, ".header.byte_length")),
            dataRoot: vm.parseJsonBytes32(json, ".header.data_root"),
            delayedCount: uint40(vm.parseJsonUint(json, ".header.delayed_count")),
            delayedAcc: vm.parseJsonBytes32(json, ".header.delayed_acc"),
            fastCount: uint40(vm.parseJsonUint(json, ".header.fast_count")),
            fastAcc: vm.parseJsonBytes32(json, ".header.fast_acc"),
            minTime: uint40(vm.parseJsonUint(json, ".header.min_time")),
            maxTime: uint40(vm.parseJsonUint(json, ".header.max_time"))
        });
        assertEq(
            InboxHash.dataHash(header.kind, header.byteLength, header.dataRoot), vm.parseJsonBytes32(json, ".data_hash")
        );
        assertEq(InboxHash.nextAccumulator(0, header), vm.parseJsonBytes32(json, ".accumulator"));
        bytes32[4] memory roots = [keccak256(hex"00"), keccak256(hex"01"), keccak256(hex"02"), keccak256(hex"03")];
        assertEq(AssertionId.assertionId(roots[0], roots[1], roots[2]), vm.parseJsonBytes32(json, ".assertion_id"));
        assertEq(AssertionId.context(5, roots[0], roots[1]), vm.parseJsonBytes32(json, ".context"));
        bytes32 history = vm.parseJsonBytes32(json, ".history.root");
        bytes32[] memory branch = vm.parseJsonBytes32Array(json, ".history.leaf_2");
        assertEq(this.historyRoot(roots[2], 2, branch), history);
        assertEq(this.lastHistoryRoot(roots[3], vm.parseJsonBytes32Array(json, ".history.last_branch")), history);
    }

    function test_vectors_of_chunk_roots() public {
        _read("hashes");
        bytes memory data = new bytes(2304);
        for (uint256 i = 0; i < data.length; ++i) {
            data[i] = bytes1(uint8(i));
        }
        uint256[6] memory lengths = [uint256(0), 1, 1024, 1025, 2048, 2304];
        for (uint256 i = 0; i < lengths.length; ++i) {
            string memory key = string.concat(".chunk_roots['", vm.toString(lengths[i]), "']");
            assertEq(this.chunkRoot(data, lengths[i]), vm.parseJsonBytes32(json, key));
        }
    }

    function test_vectors_of_signed_records() public {
        _read("records");
        bytes32 domain = vm.parseJsonBytes32(json, ".domain");
        address bridge = vm.parseJsonAddress(json, ".bridge");
        assertEq(Eip712.domainSeparator(vm.parseJsonUint(json, ".chain_id"), bridge), domain);
        uint256 count = 0;
        for (; vm.keyExistsJson(json, _signed(count, "")); ++count) {
            (bool ok, Transaction memory signed) = this.decode(vm.parseJsonBytes(json, _signed(count, ".body")), true);
            assertTrue(ok);
            bytes32 digest = Eip712.digest(domain, signed);
            assertEq(digest, vm.parseJsonBytes32(json, _signed(count, ".digest")));
            assertEq(Signature.recover(digest, signed.r, signed.vs), vm.parseJsonAddress(json, ".signer"));
            Transaction memory forced;
            (ok, forced) = this.decode(vm.parseJsonBytes(json, _signed(count, ".forced_body")), false);
            assertTrue(ok);
            (signed.nonce, signed.r, signed.vs) = (0, 0, 0);
            assertEq(abi.encode(forced), abi.encode(signed));
        }
        assertGt(count, 0);
    }

    function fold(TableLeaf[] memory leaves, bytes calldata siblings) external pure returns (bytes32 root) {
        (root,) = Multiproof.fold(leaves, siblings);
    }

    function chunkRoot(bytes calldata data, uint256 length) external pure returns (bytes32) {
        return Chunks.root(data[:length]);
    }

    function historyRoot(bytes32 leaf, uint256 index, bytes32[] calldata branch) external pure returns (bytes32) {
        return History.rootOf(leaf, index, branch);
    }

    function lastHistoryRoot(bytes32 leaf, bytes32[] calldata branch) external pure returns (bytes32) {
        return History.rootOfLast(leaf, branch);
    }

    function decode(bytes calldata body, bool signed) external pure returns (bool, Transaction memory) {
        return Records.decodeTransaction(body, signed);
    }

    function _replay(StepVerifier verifier, FixedInbox inbox, uint256 i) private {
        inbox.set(
            vm.parseJsonBytes32Array(json, _case(i, ".accumulators")),
            vm.parseJsonBytes32Array(json, _case(i, ".delayed_accumulators")),
            vm.parseJsonBytes32Array(json, _case(i, ".fast_accumulators"))
        );
        Call memory call = Call({
            target: uint40(vm.parseJsonUint(json, _case(i, ".target"))),
            configHash: 0,
            startRoot: vm.parseJsonBytes32(json, _case(i, ".start_root")),
            stepsDone: 0,
            steps: uint16(vm.parseJsonUint(json, _case(i, ".steps"))),
            witness: vm.parseJsonBytes(json, _case(i, ".witness"))
        });
        (bytes32 root, uint256 weight, bool ended, StepKind[] memory kinds, Reason[] memory reasons) =
            verifier.simulate(call);
        assertEq(root, vm.parseJsonBytes32(json, _case(i, ".end_root")));
        assertEq(weight, vm.parseJsonUint(json, _case(i, ".weight")));
        assertEq(ended, vm.parseJsonBool(json, _case(i, ".ended")));
        assertEq(abi.encode(kinds), abi.encode(vm.parseJsonUintArray(json, _case(i, ".kinds"))));
        assertEq(abi.encode(reasons), abi.encode(vm.parseJsonUintArray(json, _case(i, ".reasons"))));
    }

    function _read(string memory name) private {
        json = vm.readFile(string.concat(vm.projectRoot(), "/../tests/vectors/", name, ".json"));
    }

    function _case(uint256 i, string memory key) private pure returns (string memory) {
        return string.concat(".cases[", vm.toString(i), "]", key);
    }

    function _signed(uint256 i, string memory key) private pure returns (string memory) {
        return string.concat(".signed[", vm.toString(i), "]", key);
    }
}
