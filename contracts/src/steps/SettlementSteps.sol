// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Eip712} from "../core/Eip712.sol";
import {ExchangeEip712} from "../core/ExchangeEip712.sol";
import {OpenRecords} from "../core/OpenRecords.sol";
import {Settlement} from "../core/Settlement.sol";
import {IStep} from "../interfaces/IStep.sol";
import {OrderClass} from "../types/Family.sol";
import {Reason} from "../types/Reason.sol";
import {RecordKind} from "../types/RecordKind.sol";
import {CompactSignature, SettlementPrice} from "../types/Records.sol";
import {StepKind} from "../types/StepKind.sol";
import {StepInput, StepResult} from "../types/Steps.sol";
import {Frame, Frames} from "./Frames.sol";
import {OpenAction} from "./OpenAction.sol";
import {Signers} from "./Signers.sol";

/// @notice Settlement prices, and the settling of positions by them (docs/spec.md V-9, V-10).
/// @custom:twin rollup_node/core/settlement.py
contract SettlementSteps is IStep {
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
        uint8 kind = input.body.length == 0 ? 0 : uint8(input.body[0]);
        if (kind == RecordKind.SETTLEMENT_PRICE) return _settlementPrice(frame, input);
        return _settle(frame, input);
    }

    function _settlementPrice(Frame memory frame, StepInput calldata input) private view returns (StepResult memory) {
        (bool ok, SettlementPrice memory report, CompactSignature[] memory signatures) =
            OpenRecords.decodeSettlementPrice(input.body);
        if (!ok) return frame.undecodable(input.forced);
        if (OpenAction.isLate(frame, input, OrderClass.ORACLE)) {
            return frame.finish(StepKind.SETTLEMENT_PRICE, Reason.OUT_OF_CLASS);
        }
        address[] memory signers = Signers.recoverAll(ExchangeEip712.digest(DOMAIN_SEPARATOR, report), signatures);
        Reason reason = Settlement.applySettlementPrice(frame, report, signers, OpenAction.clockOf(input));
        return OpenAction.finish(frame, input, OrderClass.ORACLE, StepKind.SETTLEMENT_PRICE, reason);
    }

    function _settle(Frame memory frame, StepInput calldata input) private pure returns (StepResult memory) {
        (bool ok, uint32 account, uint16 series) = OpenRecords.decodeSettle(input.body);
        if (!ok) return frame.undecodable(input.forced);
        if (OpenAction.isLate(frame, input, OrderClass.LIQUIDATION)) {
            return frame.finish(StepKind.SETTLE, Reason.OUT_OF_CLASS);
        }
        Reason reason = Settlement.applySettle(frame, account, series);
        return OpenAction.finish(frame, input, OrderClass.LIQUIDATION, StepKind.SETTLE, reason);
    }
}
