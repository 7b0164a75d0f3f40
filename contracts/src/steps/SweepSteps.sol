// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Authority} from "../core/Authority.sol";
import {Eip712} from "../core/Eip712.sol";
import {ExchangeEip712} from "../core/ExchangeEip712.sol";
import {OpenRecords} from "../core/OpenRecords.sol";
import {OrderRecords} from "../core/OrderRecords.sol";
import {Orders} from "../core/Orders.sol";
import {Sweeps} from "../core/Sweeps.sol";
import {IStep} from "../interfaces/IStep.sol";
import {Phase} from "../types/Family.sol";
import {RecordKind} from "../types/RecordKind.sol";
import {CancelAll, CancelOrder, CompactSignature, MassQuote} from "../types/Records.sol";
import {StepKind} from "../types/StepKind.sol";
import {StepInput, StepResult} from "../types/Steps.sol";
import {Frame, Frames} from "./Frames.sol";
import {Signers} from "./Signers.sol";

/// @notice What takes orders out of the book, and what begins a mass quote, signed or forced: cancel, cancel all, mass
/// quote, prune; and the task SWEEP (docs/spec.md O-6, O-8, O-9, O-11).
/// @custom:twin rollup_node/core/sweeps.py
contract SweepSteps is IStep {
    using Frames for Frame;

    /// @notice EIP-712 domain of the L2 chain and its bridge (R-5).
    bytes32 public immutable DOMAIN_SEPARATOR;

    constructor(uint256 l2ChainId, address bridge) {
        DOMAIN_SEPARATOR = Eip712.domainSeparator(l2ChainId, bridge);
    }

    /// @inheritdoc IStep
    function execute(StepInput calldata input, bytes calldata openings)
        external
        view
        returns (StepResult memory result)
    {
        Frame memory frame = Frames.open(input, openings);
        if (input.phase == Phase.SWEEP) return frame.finish(StepKind.SWEEP, Sweeps.sweep(frame));
        uint8 kind = input.body.length == 0 ? 0 : uint8(input.body[0]);
        if (kind == RecordKind.CANCEL) return _cancel(frame, input);
        if (kind == RecordKind.CANCEL_ALL) return _cancelAll(frame, input);
        if (kind == RecordKind.QUOTE) return _quote(frame, input);
        return _prune(frame, input);
    }

    function _cancel(Frame memory frame, StepInput calldata input) private view returns (StepResult memory) {
        (bool ok, CancelOrder memory record, CompactSignature memory signature) =
            OrderRecords.decodeCancel(input.body, !input.forced);
        if (!ok) return frame.undecodable(input.forced);
        bytes32 digest = ExchangeEip712.digest(DOMAIN_SEPARATOR, record);
        Authority memory authority = Signers.authorityOf(input, digest, signature);
        return frame.finish(StepKind.CANCEL, Orders.applyCancel(frame, record, authority));
    }

    function _cancelAll(Frame memory frame, StepInput calldata input) private view returns (StepResult memory) {
        (bool ok, CancelAll memory record, CompactSignature memory signature) =
            OrderRecords.decodeCancelAll(input.body, !input.forced);
        if (!ok) return frame.undecodable(input.forced);
        bytes32 digest = ExchangeEip712.digest(DOMAIN_SEPARATOR, record);
        Authority memory authority = Signers.authorityOf(input, digest, signature);
        return frame.finish(StepKind.CANCEL_ALL, Sweeps.applyCancelAll(frame, record, authority));
    }

    function _quote(Frame memory frame, StepInput calldata input) private view returns (StepResult memory) {
        (bool ok, MassQuote memory record, CompactSignature memory signature) =
            OrderRecords.decodeQuote(input.body, !input.forced);
        if (!ok) return frame.undecodable(input.forced);
        bytes32 digest = ExchangeEip712.digest(DOMAIN_SEPARATOR, record);
        Authority memory authority = Signers.authorityOf(input, digest, signature);
        return frame.finish(StepKind.QUOTE, Sweeps.applyQuote(frame, record, authority));
    }

    function _prune(Frame memory frame, StepInput calldata input) private pure returns (StepResult memory) {
        (bool ok, uint32 slot) = OpenRecords.decodePrune(input.body);
        if (!ok) return frame.undecodable(input.forced);
        return frame.finish(StepKind.PRUNE, Sweeps.applyPrune(frame, slot, input.forced));
    }
}
