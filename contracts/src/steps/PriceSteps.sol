// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Eip712} from "../core/Eip712.sol";
import {ExchangeEip712} from "../core/ExchangeEip712.sol";
import {OpenRecords} from "../core/OpenRecords.sol";
import {PriceRules} from "../core/PriceRules.sol";
import {IStep} from "../interfaces/IStep.sol";
import {OrderClass, Phase} from "../types/Family.sol";
import {Reason} from "../types/Reason.sol";
import {RecordKind} from "../types/RecordKind.sol";
import {CompactSignature, ForwardReport, PriceReport} from "../types/Records.sol";
import {StepKind} from "../types/StepKind.sol";
import {StepInput, StepResult} from "../types/Steps.sol";
import {Frame, Frames} from "./Frames.sol";
import {OpenAction} from "./OpenAction.sol";
import {Signers} from "./Signers.sol";

/// @notice What a block begins with, and what publishers report (docs/spec.md V-2 to V-4, V-6, X-13).
/// @custom:twin rollup_node/core/clock.py, prices.py
contract PriceSteps is IStep {
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
        if (input.phase == Phase.BLOCK_BEGIN) {
            PriceRules.beginDueWork(frame);
            return frame.finish(StepKind.SEAL, Reason.OK);
        }
        uint8 kind = input.body.length == 0 ? 0 : uint8(input.body[0]);
        if (kind == RecordKind.PRICE_REPORT) return _priceReport(frame, input);
        return _forwardReport(frame, input);
    }

    function _priceReport(Frame memory frame, StepInput calldata input) private view returns (StepResult memory) {
        (bool ok, PriceReport memory report, CompactSignature[] memory signatures) =
            OpenRecords.decodePriceReport(input.body);
        if (!ok) return frame.undecodable(input.forced);
        if (OpenAction.isLate(frame, input, OrderClass.ORACLE)) {
            return frame.finish(StepKind.PRICE_REPORT, Reason.OUT_OF_CLASS);
        }
        address[] memory signers = Signers.recoverAll(ExchangeEip712.digest(DOMAIN_SEPARATOR, report), signatures);
        Reason reason = PriceRules.applyPriceReport(frame, report, signers, OpenAction.clockOf(input));
        return OpenAction.finish(frame, input, OrderClass.ORACLE, StepKind.PRICE_REPORT, reason);
    }

    function _forwardReport(Frame memory frame, StepInput calldata input) private view returns (StepResult memory) {
        (bool ok, ForwardReport memory report, CompactSignature[] memory signatures) =
            OpenRecords.decodeForwardReport(input.body);
        if (!ok) return frame.undecodable(input.forced);
        if (OpenAction.isLate(frame, input, OrderClass.ORACLE)) {
            return frame.finish(StepKind.FORWARD_REPORT, Reason.OUT_OF_CLASS);
        }
        address[] memory signers = Signers.recoverAll(ExchangeEip712.digest(DOMAIN_SEPARATOR, report), signatures);
        Reason reason = PriceRules.applyForwardReport(frame, report, signers, OpenAction.clockOf(input));
        return OpenAction.finish(frame, input, OrderClass.ORACLE, StepKind.FORWARD_REPORT, reason);
    }
}
