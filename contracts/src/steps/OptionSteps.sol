// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Eip712} from "../core/Eip712.sol";
import {ExchangeEip712} from "../core/ExchangeEip712.sol";
import {Listing} from "../core/Listing.sol";
import {OptionRecords} from "../core/OptionRecords.sol";
import {Surfaces} from "../core/Surfaces.sol";
import {IStep} from "../interfaces/IStep.sol";
import {OrderClass} from "../types/Family.sol";
import {Reason} from "../types/Reason.sol";
import {RecordKind} from "../types/RecordKind.sol";
import {CompactSignature, ListStrike, SurfaceReport} from "../types/Records.sol";
import {StepKind} from "../types/StepKind.sol";
import {StepInput, StepResult} from "../types/Steps.sol";
import {Frame, Frames} from "./Frames.sol";
import {OpenAction} from "./OpenAction.sol";
import {Signers} from "./Signers.sol";

/// @notice Volatilities, dates and strikes of options (docs/spec.md V-11 to V-13).
/// @custom:twin rollup_node/core/listing.py, surfaces.py
contract OptionSteps is IStep {
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
        if (kind == RecordKind.SURFACE_REPORT) return _surfaceReport(frame, input);
        if (kind == RecordKind.LIST_EXPIRY) return _listExpiry(frame, input);
        if (kind == RecordKind.LIST_STRIKE) return _listStrike(frame, input);
        return _delistStrike(frame, input);
    }

    /// @dev No message brings a surface: by force it is undecodable.
    function _surfaceReport(Frame memory frame, StepInput calldata input) private view returns (StepResult memory) {
        (bool ok, SurfaceReport memory report, CompactSignature[] memory signatures) =
            OptionRecords.decodeSurfaceReport(input.body);
        if (!ok || input.forced) return frame.undecodable(input.forced);
        if (OpenAction.isLate(frame, input, OrderClass.ORACLE)) {
            return frame.finish(StepKind.SURFACE_REPORT, Reason.OUT_OF_CLASS);
        }
        address[] memory signers = Signers.recoverAll(ExchangeEip712.digest(DOMAIN_SEPARATOR, report), signatures);
        Reason reason = Surfaces.applySurfaceReport(frame, report, signers, OpenAction.clockOf(input));
        return OpenAction.finish(frame, input, OrderClass.ORACLE, StepKind.SURFACE_REPORT, reason);
    }

    function _listExpiry(Frame memory frame, StepInput calldata input) private pure returns (StepResult memory) {
        (bool ok, uint8 underlying, uint8 expirySlot, uint64 expiryAt) = OptionRecords.decodeListExpiry(input.body);
        if (!ok) return frame.undecodable(input.forced);
        if (OpenAction.isLate(frame, input, OrderClass.LIQUIDATION)) {
            return frame.finish(StepKind.LIST_EXPIRY, Reason.OUT_OF_CLASS);
        }
        Reason reason = Listing.applyListExpiry(frame, underlying, expirySlot, expiryAt);
        return OpenAction.finish(frame, input, OrderClass.LIQUIDATION, StepKind.LIST_EXPIRY, reason);
    }

    function _listStrike(Frame memory frame, StepInput calldata input) private pure returns (StepResult memory) {
        (bool ok, ListStrike memory record) = OptionRecords.decodeListStrike(input.body);
        if (!ok) return frame.undecodable(input.forced);
        if (OpenAction.isLate(frame, input, OrderClass.LIQUIDATION)) {
            return frame.finish(StepKind.LIST_STRIKE, Reason.OUT_OF_CLASS);
        }
        Reason reason = Listing.applyListStrike(frame, record);
        return OpenAction.finish(frame, input, OrderClass.LIQUIDATION, StepKind.LIST_STRIKE, reason);
    }

    function _delistStrike(Frame memory frame, StepInput calldata input) private pure returns (StepResult memory) {
        (bool ok, uint16 series) = OptionRecords.decodeDelistStrike(input.body);
        if (!ok) return frame.undecodable(input.forced);
        if (OpenAction.isLate(frame, input, OrderClass.LIQUIDATION)) {
            return frame.finish(StepKind.DELIST_STRIKE, Reason.OUT_OF_CLASS);
        }
        Reason reason = Listing.applyDelistStrike(frame, series);
        return OpenAction.finish(frame, input, OrderClass.LIQUIDATION, StepKind.DELIST_STRIKE, reason);
    }
}
