// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {CursorRules} from "./core/CursorRules.sol";
import {Delayed} from "./core/Delayed.sol";
import {Layout} from "./core/Layout.sol";
import {Leaves} from "./core/Leaves.sol";
import {Records} from "./core/Records.sol";
import {Weights} from "./core/Weights.sol";
import {IBlobImporter} from "./interfaces/IBlobImporter.sol";
import {IInbox} from "./interfaces/IInbox.sol";
import {IStep} from "./interfaces/IStep.sol";
import {IStepVerifier} from "./interfaces/IStepVerifier.sol";
import {IVerifier} from "./interfaces/IVerifier.sol";
import {AssertionId} from "./proof/AssertionId.sol";
import {InboxHash} from "./proof/InboxHash.sol";
import {Multiproof, TableLeaf} from "./proof/Multiproof.sol";
import {Openings} from "./proof/Openings.sol";
import {Window, Windows} from "./proof/Window.sol";
import {WitnessReader} from "./proof/WitnessReader.sol";
import {Family, OrderClass, Phase} from "./types/Family.sol";
import {DelayedMessage, ItemHeader, MessageKind} from "./types/Inputs.sol";
import {Reason} from "./types/Reason.sol";
import {Cursor} from "./types/State.sol";
import {StepKind} from "./types/StepKind.sol";
import {Call, StepInput, StepResult} from "./types/Steps.sol";

/// @notice Executes runs of steps against a witness, and holds the proof table.
/// @dev The tree, the indices and the bytes of the witness are checked here; step contracts see ordered leaves only.
contract StepVerifier is IStepVerifier {
    using CursorRules for Cursor;
    using Windows for Window;

    /// @dev A segment ends after so many steps, or with so much weight (docs/spec.md G-1).
    uint256 public constant SEGMENT_STEPS = 64;
    uint256 public constant SEGMENT_WEIGHT = 24_000_000;

    IInbox public immutable INBOX;
    IBlobImporter public immutable BLOB_IMPORTER;

    /// @dev A zero root says that there is no entry: no state has the root zero.
    struct Entry {
        bytes32 root;
        uint128 weight;
        bool ended;
    }

    /// @dev The machine between two steps: what is known of the item, where the witness is read, and the leaves.
    struct Machine {
        Cursor cursor;
        ItemHeader header;
        Window window;
        TableLeaf[] leaves;
        uint256 messageOffset;
        uint256 messagesLeft;
        uint256 openingOffset;
        uint256 unused;
    }

    /// @dev What a call comes to.
    struct Outcome {
        bytes32 root;
        uint256 weight;
        bool ended;
        StepKind[] kinds;
        Reason[] reasons;
    }

    /// @dev By H(context, start root, steps done).
    mapping(bytes32 id => Entry) private entries;

    /// @notice The contract that executes each `Family`; written once, at deployment.
    IStep[] public families;

    constructor(IInbox inbox, IBlobImporter blobImporter, IStep[] memory stepFamilies) {
        uint256 count = stepFamilies.length;
        if (count != Family.COUNT) revert WrongFamilyCount(count, Family.COUNT);
        for (uint256 i = 0; i < count; ++i) {
            if (address(stepFamilies[i]) == address(0)) revert MissingFamily(i);
        }
        INBOX = inbox;
        BLOB_IMPORTER = blobImporter;
        families = stepFamilies;
    }

    /// @inheritdoc IVerifier
    function prove(Call calldata call) external returns (bytes32 root, uint256 weight, bool ended) {
        bytes32 ctx = context(call.target, call.configHash);
        Outcome memory outcome = _execute(ctx, call);
        uint256 stepsDone = uint256(call.stepsDone) + call.steps;
        Entry storage stored = entries[_entryId(ctx, call.startRoot, stepsDone)];
        if (stored.root == 0) {
            (stored.root, stored.weight, stored.ended) = (outcome.root, uint128(outcome.weight), outcome.ended);
            emit StepsProven(ctx, call.startRoot, stepsDone, outcome.root, outcome.weight, outcome.ended);
        }
        return (outcome.root, outcome.weight, outcome.ended);
    }

    /// @inheritdoc IStepVerifier
    function simulate(Call calldata call)
        external
        view
        returns (bytes32 root, uint256 weight, bool ended, StepKind[] memory kinds, Reason[] memory reasons)
    {
        Outcome memory outcome = _execute(context(call.target, call.configHash), call);
        return (outcome.root, outcome.weight, outcome.ended, outcome.kinds, outcome.reasons);
    }

    /// @inheritdoc IVerifier
    function entry(bytes32 ctx, bytes32 startRoot, uint256 stepsDone)
        public
        view
        returns (bytes32 root, uint256 weight, bool ended)
    {
        if (stepsDone == 0) return (startRoot, 0, false);
        Entry storage stored = entries[_entryId(ctx, startRoot, stepsDone)];
        return (stored.root, stored.weight, stored.ended);
    }

    /// @inheritdoc IVerifier
    function context(uint40 target, bytes32 configHash) public view returns (bytes32 ctx) {
        uint256 count = INBOX.count();
        if (target > count) revert TargetBeyondInbox(target, count);
        return AssertionId.context(target, INBOX.accumulator(target), configHash);
    }

    /// @inheritdoc IVerifier
    function position(bytes32 stateRoot, bytes calldata proof) external pure returns (uint40 item, bool clean) {
        TableLeaf[] memory leaves = new TableLeaf[](1);
        uint256 expected = Leaves.CURSOR_BYTES + 32 * Layout.GLOBALS_DEPTH;
        if (proof.length != expected) revert InvalidPositionProof(proof.length, expected);
        leaves[0] = Multiproof.tableLeaf(Layout.CURSOR, proof[:Leaves.CURSOR_BYTES]);
        (bytes32 actual,) = Multiproof.fold(leaves, proof[Leaves.CURSOR_BYTES:]);
        if (actual != stateRoot) revert WrongRoot(stateRoot, actual);
        Cursor memory cursor = Leaves.decodeCursor(leaves[0].value);
        return (cursor.item, cursor.phase == Phase.BETWEEN);
    }

    function _execute(bytes32 ctx, Call calldata call) private view returns (Outcome memory outcome) {
        if (call.steps == 0) revert NoSteps();
        bytes32 root;
        (root, outcome.weight, outcome.ended) = entry(ctx, call.startRoot, call.stepsDone);
        if (root == 0) revert MissingEntry(ctx, call.startRoot, call.stepsDone);
        Machine memory machine = _load(call.witness, call.target);
        outcome.kinds = new StepKind[](call.steps);
        outcome.reasons = new Reason[](call.steps);
        for (uint256 i = 0; i < call.steps; ++i) {
            uint256 done = call.stepsDone + i;
            if (outcome.ended) revert PastSegmentEnd(done);
            (StepKind kind, Reason reason) = _step(machine, call.witness);
            (outcome.kinds[i], outcome.reasons[i]) = (kind, reason);
            outcome.weight += Weights.weightOf(kind);
            outcome.ended = kind == StepKind.CLOSE_ITEM || outcome.weight >= SEGMENT_WEIGHT || done + 1 == SEGMENT_STEPS;
        }
        outcome.root = _finish(machine, call.witness, root);
    }

    /// @dev Reads W-1 to W-4 and checks what the inbox commits to. A run never leaves its item, because a segment ends
    /// when an item is closed.
    function _load(bytes calldata witness, uint256 target) private view returns (Machine memory machine) {
        machine.header = WitnessReader.header(witness);
        uint256 offset;
        (machine.window, offset) = Windows.load(witness, WitnessReader.HEADER_BYTES, machine.header, BLOB_IMPORTER);
        machine.messagesLeft = WitnessReader.number(witness, offset, 1);
        machine.messageOffset = ++offset;
        for (uint256 i = 0; i < machine.messagesLeft; ++i) {
            offset = WitnessReader.skipMessage(witness, offset);
        }
        (machine.leaves, machine.openingOffset) = WitnessReader.leaves(witness, offset);
        if (machine.leaves.length == 0 || machine.leaves[0].key != Layout.CURSOR) revert MissingCursor();
        machine.leaves[0].used = true;
        machine.unused = machine.leaves.length - 1;
        machine.cursor = Leaves.decodeCursor(machine.leaves[0].value);
        uint256 item = machine.cursor.item;
        if (item >= target) revert PastTarget(item, target);
        bytes32 actual = InboxHash.nextAccumulator(INBOX.accumulator(item), machine.header);
        bytes32 expected = INBOX.accumulator(item + 1);
        if (actual != expected) revert WrongItem(item, expected, actual);
    }

    /// @dev The next bounded thing, by the order of docs/spec.md X-2.
    function _step(Machine memory machine, bytes calldata witness) private view returns (StepKind, Reason) {
        Cursor memory cursor = machine.cursor;
        ItemHeader memory header = machine.header;
        if (cursor.phase == Phase.BETWEEN) {
            uint256 size = _min(Records.PREFIX_BYTES, header.byteLength);
            Reason reason = cursor.openItem(header, machine.window.read(witness, 0, size));
            _beginBlock(machine, witness);
            return (StepKind.OPEN_ITEM, reason);
        }
        if (cursor.phase > Phase.IDLE) {
            return _callStep(machine, witness, Family.ofPhase(cursor.phase), _input(cursor, ""));
        }
        if (cursor.offset < header.byteLength) return _record(machine, witness);
        if (cursor.fast < header.fastCount) return _pullFast(machine, witness);
        if (cursor.delayed < header.delayedCount) return _pullDelayed(machine, witness);
        _expectNoOpenings(machine, witness);
        cursor.closeItem();
        return (StepKind.CLOSE_ITEM, Reason.OK);
    }

    function _record(Machine memory machine, bytes calldata witness) private view returns (StepKind, Reason) {
        Cursor memory cursor = machine.cursor;
        ItemHeader memory header = machine.header;
        uint256 left = header.byteLength - cursor.offset;
        bytes memory head = machine.window.read(witness, cursor.offset, _min(Records.LENGTH_BYTES, left));
        uint256 size = head.length == Records.LENGTH_BYTES ? uint16(bytes2(head)) : 0;
        if (size == 0 || size > Records.MAX_BODY_BYTES || Records.LENGTH_BYTES + size > left) {
            _expectNoOpenings(machine, witness);
            cursor.endRecords(header);
            return (StepKind.BAD_LENGTH, Reason.BAD_LENGTH);
        }
        bytes memory body = machine.window.read(witness, cursor.offset + Records.LENGTH_BYTES, size);
        cursor.offset += uint32(Records.LENGTH_BYTES + size);
        uint256 family = Family.ofBody(body);
        if (family != Family.NONE) return _callStep(machine, witness, family, _input(cursor, body));
        if (Records.isPull(body) && cursor.delayed < header.delayedCount) return _pullDelayed(machine, witness);
        if (Records.isPullFast(body) && cursor.fast < header.fastCount) return _pullFast(machine, witness);
        (bool isSeal, uint256 deltaMs) = Records.decodeSeal(body);
        if (isSeal) {
            cursor.seal(header, deltaMs);
            _beginBlock(machine, witness);
            return (StepKind.SEAL, Reason.OK);
        }
        _expectNoOpenings(machine, witness);
        bool pulls = Records.isPull(body) || Records.isPullFast(body);
        return (StepKind.UNDECODABLE, pulls ? Reason.NOTHING_TO_PULL : Reason.UNDECODABLE);
    }

    function _pullDelayed(Machine memory machine, bytes calldata witness) private view returns (StepKind, Reason) {
        uint256 index = machine.cursor.delayed;
        (DelayedMessage memory message, bytes32 hash) = _nextMessage(machine, witness, index);
        bytes32 actual = InboxHash.nextDelayedAccumulator(INBOX.delayedAccumulator(index), hash);
        bytes32 expected = INBOX.delayedAccumulator(index + 1);
        if (actual != expected) revert WrongMessage(index, expected, actual);
        machine.cursor.delayed += 1;
        return _message(machine, witness, message, index);
    }

    function _pullFast(Machine memory machine, bytes calldata witness) private view returns (StepKind, Reason) {
        uint256 index = machine.cursor.fast;
        (DelayedMessage memory message, bytes32 hash) = _nextMessage(machine, witness, index);
        bytes32 actual = InboxHash.nextFastAccumulator(INBOX.fastAccumulator(index), hash);
        bytes32 expected = INBOX.fastAccumulator(index + 1);
        if (actual != expected) revert WrongMessage(index, expected, actual);
        machine.cursor.fast += 1;
        return _message(machine, witness, message, index);
    }

    /// @dev The next message of the witness, for number `index` of whichever queue the step pulls from (W-3).
    function _nextMessage(Machine memory machine, bytes calldata witness, uint256 index)
        private
        pure
        returns (DelayedMessage memory message, bytes32 hash)
    {
        if (machine.messagesLeft == 0) revert MissingMessage(index);
        --machine.messagesLeft;
        (message, machine.messageOffset) = WitnessReader.message(witness, machine.messageOffset);
        hash = InboxHash.messageHash(message.kind, message.sender, message.timestamp, message.body);
    }

    function _message(Machine memory machine, bytes calldata witness, DelayedMessage memory message, uint256 index)
        private
        view
        returns (StepKind, Reason)
    {
        machine.cursor.orderClass = OrderClass.DELAYED;
        uint256 family = _familyOf(message);
        if (family == Family.NONE) {
            _expectNoOpenings(machine, witness);
            return (StepKind.FORCED_UNDECODABLE, Reason.UNDECODABLE);
        }
        StepInput memory input = _input(machine.cursor, message.body);
        (input.forced, input.sender, input.message) = (true, message.sender, uint40(index));
        input.sentMs = uint64(message.timestamp) * 1000;
        return _callStep(machine, witness, family, input);
    }

    function _familyOf(DelayedMessage memory message) private pure returns (uint256) {
        if (message.kind == MessageKind.DEPOSIT) return Family.DEPOSIT;
        if (message.kind == MessageKind.ADMIN) return Family.MARKET;
        bool known = message.kind == MessageKind.FAST
            ? Delayed.isFast(message.body)
            : message.kind == MessageKind.FORCED_TRANSACTION && !Delayed.isReport(message.body);
        return known ? Family.ofBody(message.body) : Family.NONE;
    }

    /// @dev What every block begins with, after its number and time are known (docs/spec.md X-13).
    function _beginBlock(Machine memory machine, bytes calldata witness) private view {
        StepInput memory input = _input(machine.cursor, "");
        input.phase = Phase.BLOCK_BEGIN;
        _callStep(machine, witness, Family.PRICE, input);
    }

    function _input(Cursor memory cursor, bytes memory body) private pure returns (StepInput memory) {
        return StepInput({
            forced: false,
            sender: address(0),
            message: 0,
            sentMs: 0,
            timeMs: cursor.timeMs,
            blockNumber: cursor.blockNumber,
            phase: cursor.phase,
            orderClass: cursor.orderClass,
            body: body
        });
    }

    /// @dev Gives a step contract the leaves that the witness opens for this step, and replaces them by what it returns.
    function _callStep(Machine memory machine, bytes calldata witness, uint256 family, StepInput memory input)
        private
        view
        returns (StepKind, Reason)
    {
        (StepResult memory result, uint256 next, uint256 first) =
            Openings.execute(_stepOf(family), input, machine.leaves, witness, machine.openingOffset);
        machine.openingOffset = next;
        machine.unused -= first;
        (machine.cursor.phase, machine.cursor.orderClass) = (result.phase, result.orderClass);
        return (result.kind, result.reason);
    }

    /// @dev The contract of a family. Its number is one of `Family`, all of which are there: nobody has to read how many.
    function _stepOf(uint256 family) private view returns (IStep step) {
        assembly ("memory-safe") {
            mstore(0, families.slot)
            step := sload(add(keccak256(0, 32), family))
        }
    }

    function _open(Machine memory machine, uint256 index) private pure returns (TableLeaf memory leaf) {
        if (index >= machine.leaves.length) revert UnknownLeaf(index, machine.leaves.length);
        leaf = machine.leaves[index];
        leaf.used = true;
    }

    function _expectNoOpenings(Machine memory machine, bytes calldata witness) private pure {
        uint256 count = WitnessReader.number(witness, machine.openingOffset, 1);
        if (count != 0) {
            uint256 index = WitnessReader.number(witness, machine.openingOffset + 1, 2);
            revert UnusedOpening(_open(machine, index).key);
        }
        machine.openingOffset += 1;
    }

    /// @dev Requires that every part of the witness was used (T-5), and folds it: the old root must be `startRoot`.
    function _finish(Machine memory machine, bytes calldata witness, bytes32 startRoot)
        private
        pure
        returns (bytes32 root)
    {
        machine.window.finish();
        if (machine.messagesLeft != 0) revert UnusedMessages(machine.messagesLeft);
        if (machine.unused != 0) _refuseUnused(machine.leaves);
        machine.leaves[0].value = Leaves.encodeCursor(machine.cursor);
        machine.leaves[0].written = true;
        bytes32 oldRoot;
        (oldRoot, root) = Multiproof.fold(machine.leaves, witness[machine.openingOffset:]);
        if (oldRoot != startRoot) revert WrongRoot(startRoot, oldRoot);
    }

    /// @dev Names the first leaf that no step has opened.
    function _refuseUnused(TableLeaf[] memory leaves) private pure {
        for (uint256 i = 0; i < leaves.length; ++i) {
            if (!leaves[i].used) revert UnusedLeaf(leaves[i].key);
        }
    }

    function _entryId(bytes32 ctx, bytes32 startRoot, uint256 stepsDone) private pure returns (bytes32) {
        return keccak256(abi.encode(ctx, startRoot, stepsDone));
    }

    function _min(uint256 a, uint256 b) private pure returns (uint256) {
        return a < b ? a : b;
    }
}
