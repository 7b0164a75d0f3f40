// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {StepVerifier} from "../src/StepVerifier.sol";
import {IBlobImporter} from "../src/interfaces/IBlobImporter.sol";
import {IInbox} from "../src/interfaces/IInbox.sol";
import {Call} from "../src/types/Steps.sol";
import {Families} from "./Families.sol";
import {Shipped} from "./Shipped.sol";
import {Test} from "./Test.sol";
import {TreeModel} from "./TreeModel.sol";
import {FixedInbox} from "./mocks/FixedInbox.sol";

/// @notice One item, a transfer, a seal and a pulled deposit, with its witness in parts that a test can spoil.
/// @dev Preimages and leaves are written out by hand from docs/spec.md, apart from the code under test.
abstract contract CourtFixture is Test {
    using TreeModel for TreeModel.Tree;

    uint256 internal constant L2_CHAIN_ID = 313_371;
    address internal constant BRIDGE = address(0xb41d6e);
    bytes32 internal constant CONFIG = keccak256("configuration");
    uint64 internal constant CURSOR = 0;
    uint64 internal constant PRICES = 1;
    uint64 internal constant TOTALS = 5;
    uint64 internal constant HOT_1 = (6 << 32) + 32;
    uint64 internal constant OWNER_1 = (6 << 32) + 33;
    uint64 internal constant BALANCES_1 = (6 << 32) + 35;
    uint64 internal constant BALANCES_2 = (6 << 32) + 67;
    uint16 internal constant STEPS = 5;
    /// @dev One opening, of leaf 1 of the table: what a block begins with.
    bytes internal constant OPEN_PRICES = hex"010001";
    /// @dev Owner, hot leaf and balances of the sender, balances of the recipient.
    bytes internal constant OPEN_TRANSFER = hex"040004000300050006";
    /// @dev Totals, owner and balances.
    bytes internal constant OPEN_DEPOSIT = hex"03000200040005";

    /// @dev W in the order of its parts.
    struct Witness {
        bytes header;
        bytes blobs;
        bytes chunks;
        bytes messages;
        uint64[] keys;
        bytes[] values;
        bytes openings;
        bytes siblings;
    }

    StepVerifier internal verifier;
    FixedInbox internal inbox;
    address internal alice;
    uint256 internal aliceKey;

    function _deploy() internal {
        (alice, aliceKey) = makeAddrAndKey("alice");
        inbox = new FixedInbox();
        verifier = StepVerifier(
            Shipped.deploy(
                "StepVerifier",
                abi.encode(IInbox(address(inbox)), IBlobImporter(address(inbox)), Families.deploy(L2_CHAIN_ID, BRIDGE))
            )
        );
        bytes32[] memory items = new bytes32[](3);
        bytes32[] memory delayed = new bytes32[](2);
        delayed[1] = keccak256(abi.encodePacked(bytes1(0x08), bytes32(0), _messageHash()));
        items[1] = _accumulate(0, _header());
        items[2] = _accumulate(items[1], _header());
        inbox.set(items, delayed, new bytes32[](1));
    }

    function _accumulate(bytes32 accumulator, bytes memory header) internal pure returns (bytes32) {
        bytes32 dataHash = keccak256(abi.encodePacked(bytes1(0x05), _slice(header, 0, 37)));
        return keccak256(abi.encodePacked(bytes1(0x06), accumulator, _slice(header, 37, 121), dataHash));
    }

    function _messageHash() internal view returns (bytes32) {
        return keccak256(abi.encodePacked(bytes1(0x09), uint8(0), alice, uint40(1000), _deposit()));
    }

    /// @dev Ten units of asset 0 for account 1.
    function _deposit() internal view returns (bytes memory) {
        return abi.encodePacked(uint32(1), alice, uint8(0), uint96(10));
    }

    /// @dev Five units of asset 0 from account 1 to account 2, nonce 7.
    function _transferBody() internal view returns (bytes memory) {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("Strikenet"),
                keccak256("1"),
                L2_CHAIN_ID,
                BRIDGE
            )
        );
        bytes32 content = keccak256(
            abi.encode(
                keccak256("Transfer(uint32 from,uint32 to,uint8 asset,uint96 amount,uint64 nonce)"), 1, 2, 0, 5, 7
            )
        );
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(aliceKey, keccak256(abi.encodePacked(hex"1901", domain, content)));
        return abi.encodePacked(hex"100102000507", r, bytes32(uint256(v - 27) << 255 | uint256(s)));
    }

    /// @dev Prefix at 1,000,000 ms, the transfer, a seal of 5 ms.
    function _data() internal view returns (bytes memory) {
        bytes memory body = _transferBody();
        return abi.encodePacked(uint8(1), uint48(1_000_000), uint16(body.length), body, uint16(2), hex"0005");
    }

    function _header() internal view returns (bytes memory) {
        bytes memory data = _data();
        bytes32 chunk = keccak256(abi.encodePacked(bytes1(0x03), data));
        bytes32 delayedAcc = keccak256(abi.encodePacked(bytes1(0x08), bytes32(0), _messageHash()));
        bytes memory data_ = abi.encodePacked(uint8(0), uint32(data.length), chunk);
        return abi.encodePacked(data_, uint40(1), delayedAcc, uint40(0), bytes32(0), uint40(500), uint40(2000));
    }

    function _before() internal view returns (TreeModel.Tree memory tree) {
        tree.put(CURSOR, new bytes(32));
        tree.put(2, new bytes(17));
        tree.put(TOTALS, _amounts(100));
        tree.put(OWNER_1, abi.encodePacked(alice, uint64(0), uint192(0)));
        tree.put(BALANCES_1, _amounts(100));
        tree.put((6 << 32) + 65, abi.encodePacked(address(0xb0b), uint64(0), uint192(0)));
        tree.put(BALANCES_2, _amounts(0));
    }

    function _after() internal view returns (TreeModel.Tree memory tree) {
        tree = _before();
        tree.put(CURSOR, _cursor(1, 0, 1, 2, 1_000_005, 0, 5));
        tree.put(TOTALS, _amounts(110));
        tree.put(OWNER_1, abi.encodePacked(alice, uint64(7), uint192(1)));
        tree.put(BALANCES_1, _amounts(105));
        tree.put(BALANCES_2, _amounts(5));
    }

    function _cursor(
        uint40 item,
        uint256 offset,
        uint40 delayed,
        uint40 blockNumber,
        uint48 timeMs,
        uint8 phase,
        uint8 orderClass
    ) internal pure returns (bytes memory) {
        return abi.encodePacked(item, uint32(offset), delayed, uint40(0), blockNumber, timeMs, phase, orderClass);
    }

    function _amounts(uint96 first) internal pure returns (bytes memory) {
        return abi.encodePacked(first, uint96(0), uint96(0), uint96(0));
    }

    /// @dev The witness of all five steps: open, transfer, seal, deposit, close.
    function _valid() internal view returns (Witness memory witness) {
        uint64[] memory keys = new uint64[](7);
        (keys[0], keys[1], keys[2]) = (CURSOR, PRICES, TOTALS);
        (keys[3], keys[4], keys[5], keys[6]) = (HOT_1, OWNER_1, BALANCES_1, BALANCES_2);
        witness = _over(_before(), keys);
        witness.chunks = abi.encodePacked(uint8(1), uint16(0), _data());
        witness.messages = abi.encodePacked(uint8(1), _message());
        witness.openings = abi.encodePacked(OPEN_PRICES, OPEN_TRANSFER, OPEN_PRICES, OPEN_DEPOSIT, hex"00");
    }

    /// @dev The witness of the first step alone.
    function _validOpen() internal view returns (Witness memory witness) {
        uint64[] memory keys = new uint64[](2);
        keys[1] = PRICES;
        witness = _over(_before(), keys);
        witness.chunks = abi.encodePacked(uint8(1), uint16(0), _data());
        witness.messages = hex"00";
        witness.openings = OPEN_PRICES;
    }

    /// @dev Leaves and siblings over a state; data and messages are left to the caller.
    function _over(TreeModel.Tree memory tree, uint64[] memory keys) internal view returns (Witness memory witness) {
        witness.header = _header();
        witness.keys = keys;
        witness.values = new bytes[](keys.length);
        for (uint256 i = 0; i < keys.length; ++i) {
            witness.values[i] = tree.get(keys[i]);
        }
        witness.siblings = tree.siblings(keys);
    }

    function _message() internal view returns (bytes memory) {
        return abi.encodePacked(uint8(0), alice, uint40(1000), uint16(37), _deposit());
    }

    function _pack(Witness memory witness) internal pure returns (bytes memory packed) {
        packed = abi.encodePacked(witness.header, witness.blobs, witness.chunks, witness.messages);
        packed = abi.encodePacked(packed, uint16(witness.keys.length));
        for (uint256 i = 0; i < witness.keys.length; ++i) {
            packed =
                abi.encodePacked(packed, uint40(witness.keys[i]), uint16(witness.values[i].length), witness.values[i]);
        }
        packed = abi.encodePacked(packed, witness.openings, witness.siblings);
    }

    function _call(Witness memory witness, uint16 steps) internal view returns (Call memory) {
        return Call({
            target: 1,
            configHash: CONFIG,
            startRoot: _before().root(),
            stepsDone: 0,
            steps: steps,
            witness: _pack(witness)
        });
    }

    function _slice(bytes memory data, uint256 from, uint256 to) internal pure returns (bytes memory part) {
        part = new bytes(to - from);
        for (uint256 i = from; i < to; ++i) {
            part[i - from] = data[i];
        }
    }
}
