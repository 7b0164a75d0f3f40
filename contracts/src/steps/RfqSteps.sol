// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Authority} from "../core/Authority.sol";
import {Eip712} from "../core/Eip712.sol";
import {ExchangeEip712} from "../core/ExchangeEip712.sol";
import {Rfq} from "../core/Rfq.sol";
import {RfqRecords} from "../core/RfqRecords.sol";
import {Signature} from "../core/Signature.sol";
import {IComboSteps} from "../interfaces/IComboSteps.sol";
import {IStep} from "../interfaces/IStep.sol";
import {Phase} from "../types/Family.sol";
import {Reason} from "../types/Reason.sol";
import {CompactSignature, ExecuteRfq} from "../types/Records.sol";
import {StepKind} from "../types/StepKind.sol";
import {StepInput, StepResult} from "../types/Steps.sol";
import {ComboSteps} from "./ComboSteps.sol";
import {Frame, Frames} from "./Frames.sol";
import {Signers} from "./Signers.sol";

/// @notice Combos that a taker executes against the quote of a maker (docs/spec.md Q).
/// @custom:twin rollup_node/core/rfq.py
contract RfqSteps is IStep {
    using Frames for Frame;

    /// @notice EIP-712 domain of the L2 chain and its bridge (R-5).
    bytes32 public immutable DOMAIN_SEPARATOR;

    /// @notice Trades the legs: both together would be larger than EIP-170 allows (ADR 7).
    IComboSteps public immutable COMBO_STEPS;

    constructor(uint256 l2ChainId, address bridge) {
        DOMAIN_SEPARATOR = Eip712.domainSeparator(l2ChainId, bridge);
        COMBO_STEPS = new ComboSteps();
    }

    /// @inheritdoc IStep
    function execute(StepInput calldata input, bytes calldata openings)
        external
        view
        returns (StepResult memory result)
    {
        Frame memory frame = Frames.open(input, openings);
        Reason reason;
        if (input.phase == Phase.RFQ) {
            (frame, reason) = Rfq.goOn(frame, COMBO_STEPS);
            return frame.finish(StepKind.EXECUTE_RFQ, reason);
        }
        return _record(frame, input);
    }

    function _record(Frame memory frame, StepInput calldata input) private view returns (StepResult memory) {
        (bool ok, ExecuteRfq memory record, CompactSignature memory signature) =
            RfqRecords.decodeExecuteRfq(input.body, !input.forced);
        if (!ok) return frame.undecodable(input.forced);
        Reason reason;
        (frame, reason) = _execute(frame, input, record, signature);
        return frame.finish(StepKind.EXECUTE_RFQ, reason);
    }

    function _execute(
        Frame memory frame,
        StepInput calldata input,
        ExecuteRfq memory record,
        CompactSignature memory signature
    ) private view returns (Frame memory, Reason) {
        bytes32 digest = ExchangeEip712.digest(DOMAIN_SEPARATOR, record);
        Authority memory authority = Signers.authorityOf(input, digest, signature);
        digest = ExchangeEip712.quoteDigest(DOMAIN_SEPARATOR, record.quote);
        address maker = Signature.recover(digest, record.quote.signature.r, record.quote.signature.vs);
        return Rfq.applyExecuteRfq(frame, record, authority, maker, COMBO_STEPS);
    }
}
