// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Eip712} from "../core/Eip712.sol";
import {ExchangeEip712} from "../core/ExchangeEip712.sol";
import {Funding} from "../core/Funding.sol";
import {OpenRecords} from "../core/OpenRecords.sol";
import {PriceRules} from "../core/PriceRules.sol";
import {Reprice} from "../core/Reprice.sol";
import {Settlement} from "../core/Settlement.sol";
import {Signature} from "../core/Signature.sol";
import {IStep} from "../interfaces/IStep.sol";
import {OrderClass, Phase} from "../types/Family.sol";
import {Reason} from "../types/Reason.sol";
import {RecordKind} from "../types/RecordKind.sol";
import {CompactSignature, ForwardReport, PriceReport, SettlementPrice} from "../types/Records.sol";
import {StepKind} from "../types/StepKind.sol";
import {Opening, StepInput, StepResult} from "../types/Steps.sol";
import {Frame, Frames} from "./Frames.sol";

/// @notice What a block begins with, what publishers report, repricing, the sampling of premiums, and settlement
/// (docs/spec.md V, X-13).
/// @custom:twin rollup_node/core/clock.py, prices.py, reprice.py, funding.py, settlement.py
contract PriceSteps is IStep {
    using Frames for Frame;

    /// @notice EIP-712 domain of the L2 chain and its bridge (R-5).
    bytes32 public immutable DOMAIN_SEPARATOR;

    constructor(uint256 l2ChainId, address bridge) {
        DOMAIN_SEPARATOR = Eip712.domainSeparator(l2ChainId, bridge);
    }

    /// @inheritdoc IStep
    function execute(StepInput calldata input, Opening[] calldata openings)
        external
        view
        returns (StepResult memory result)
    {
        Frame memory frame = Frames.open(input, openings);
        if (input.phase == Phase.BLOCK_BEGIN) {
            PriceRules.beginDueWork(frame);
            return frame.finish(StepKind.SEAL, Reason.OK);
        }
        if (input.phase == Phase.REPRICE) return frame.finish(StepKind.REPRICE, Reprice.reprice(frame));
        if (input.phase == Phase.SAMPLE) return frame.finish(StepKind.SAMPLE, Funding.sample(frame));
        uint8 kind = input.body.length == 0 ? 0 : uint8(input.body[0]);
        if (kind == RecordKind.PRICE_REPORT) return _priceReport(frame, input);
        if (kind == RecordKind.FORWARD_REPORT) return _forwardReport(frame, input);
        if (kind == RecordKind.SETTLEMENT_PRICE) return _settlementPrice(frame, input);
        if (kind == RecordKind.SETTLE) return _settle(frame, input);
        return frame.undecodable(input.forced);
    }

    function _priceReport(Frame memory frame, StepInput calldata input) private view returns (StepResult memory) {
        (bool ok, PriceReport memory report, CompactSignature[] memory signatures) =
            OpenRecords.decodePriceReport(input.body);
        if (!ok) return frame.undecodable(input.forced);
        if (_isLate(frame, input)) return frame.finish(StepKind.PRICE_REPORT, Reason.OUT_OF_CLASS);
        address[] memory signers = _recover(ExchangeEip712.digest(DOMAIN_SEPARATOR, report), signatures);
        return frame.finish(StepKind.PRICE_REPORT, PriceRules.applyPriceReport(frame, report, signers, _clock(input)));
    }

    function _forwardReport(Frame memory frame, StepInput calldata input) private view returns (StepResult memory) {
        (bool ok, ForwardReport memory report, CompactSignature[] memory signatures) =
            OpenRecords.decodeForwardReport(input.body);
        if (!ok) return frame.undecodable(input.forced);
        if (_isLate(frame, input)) return frame.finish(StepKind.FORWARD_REPORT, Reason.OUT_OF_CLASS);
        address[] memory signers = _recover(ExchangeEip712.digest(DOMAIN_SEPARATOR, report), signatures);
        return
            frame.finish(StepKind.FORWARD_REPORT, PriceRules.applyForwardReport(frame, report, signers, _clock(input)));
    }

    function _settlementPrice(Frame memory frame, StepInput calldata input) private view returns (StepResult memory) {
        (bool ok, SettlementPrice memory report, CompactSignature[] memory signatures) =
            OpenRecords.decodeSettlementPrice(input.body);
        if (!ok) return frame.undecodable(input.forced);
        if (_isLate(frame, input)) return frame.finish(StepKind.SETTLEMENT_PRICE, Reason.OUT_OF_CLASS);
        address[] memory signers = _recover(ExchangeEip712.digest(DOMAIN_SEPARATOR, report), signatures);
        Reason reason = Settlement.applySettlementPrice(frame, report, signers, _clock(input));
        return frame.finish(StepKind.SETTLEMENT_PRICE, reason);
    }

    function _settle(Frame memory frame, StepInput calldata input) private pure returns (StepResult memory) {
        (bool ok, uint32 account, uint16 series) = OpenRecords.decodeSettle(input.body);
        if (!ok) return frame.undecodable(input.forced);
        if (!input.forced && frame.orderClass > OrderClass.LIQUIDATION) {
            return frame.finish(StepKind.SETTLE, Reason.OUT_OF_CLASS);
        }
        Reason reason = Settlement.applySettle(frame, account, series);
        if (reason == Reason.OK && !input.forced) frame.orderClass = OrderClass.LIQUIDATION;
        return frame.finish(StepKind.SETTLE, reason);
    }

    /// @dev What a report is held against: the time of the block, or of the L1 block that brought it.
    function _clock(StepInput calldata input) private pure returns (uint256) {
        return input.forced ? input.sentMs : input.timeMs;
    }

    /// @dev Reports are the first class of a block, so none of them raises it.
    function _isLate(Frame memory frame, StepInput calldata input) private pure returns (bool) {
        return !input.forced && frame.orderClass > OrderClass.ORACLE;
    }

    function _recover(bytes32 digest, CompactSignature[] memory signatures)
        private
        view
        returns (address[] memory signers)
    {
        signers = new address[](signatures.length);
        for (uint256 i = 0; i < signatures.length; ++i) {
            signers[i] = Signature.recover(digest, signatures[i].r, signatures[i].vs);
        }
    }
}
