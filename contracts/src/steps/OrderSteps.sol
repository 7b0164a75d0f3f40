// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Authority} from "../core/Authority.sol";
import {Eip712} from "../core/Eip712.sol";
import {ExchangeEip712} from "../core/ExchangeEip712.sol";
import {OrderRecords} from "../core/OrderRecords.sol";
import {Orders} from "../core/Orders.sol";
import {Signature} from "../core/Signature.sol";
import {Sweeps} from "../core/Sweeps.sol";
import {IStep} from "../interfaces/IStep.sol";
import {Phase} from "../types/Family.sol";
import {RecordKind} from "../types/RecordKind.sol";
import {CompactSignature, PlaceOrder, ReplaceOrder} from "../types/Records.sol";
import {StepKind} from "../types/StepKind.sol";
import {Opening, StepInput, StepResult} from "../types/Steps.sol";
import {Frame, Frames} from "./Frames.sol";
import {HandOn} from "./HandOn.sol";
import {SweepSteps} from "./SweepSteps.sol";

/// @notice What puts an order into the book, signed or forced: order, replace; and the task LEG (docs/spec.md O-2 to O-4,
/// O-10, O-11). The rest of the family is handed on to a contract that this one creates (ADR 7).
/// @custom:twin rollup_node/core/families.py
contract OrderSteps is IStep {
    using Frames for Frame;

    /// @notice EIP-712 domain of the L2 chain and its bridge (R-5).
    bytes32 public immutable DOMAIN_SEPARATOR;

    /// @notice What of the family does not fit in here.
    SweepSteps public immutable SWEEPS;

    constructor(uint256 l2ChainId, address bridge) {
        DOMAIN_SEPARATOR = Eip712.domainSeparator(l2ChainId, bridge);
        SWEEPS = new SweepSteps(l2ChainId, bridge);
    }

    /// @inheritdoc IStep
    function execute(StepInput calldata input, Opening[] calldata openings)
        external
        view
        returns (StepResult memory result)
    {
        uint256 kind = input.body.length == 0 ? 0 : uint8(input.body[0]);
        bool isLeg = input.phase == Phase.LEG;
        if (!isLeg && kind != RecordKind.ORDER && kind != RecordKind.REPLACE) HandOn.to(address(SWEEPS));
        Frame memory frame = Frames.open(input, openings);
        if (isLeg) return frame.finish(StepKind.LEG, Sweeps.leg(frame));
        return kind == RecordKind.ORDER ? _place(frame, input) : _replace(frame, input);
    }

    function _place(Frame memory frame, StepInput calldata input) private view returns (StepResult memory) {
        (bool ok, PlaceOrder memory record, CompactSignature memory signature) =
            OrderRecords.decodeOrder(input.body, !input.forced);
        if (!ok) return frame.undecodable(input.forced);
        Authority memory authority = _authority(input, ExchangeEip712.digest(DOMAIN_SEPARATOR, record), signature);
        return frame.finish(StepKind.PLACE, Orders.applyPlace(frame, record, authority));
    }

    function _replace(Frame memory frame, StepInput calldata input) private view returns (StepResult memory) {
        (bool ok, ReplaceOrder memory record, CompactSignature memory signature) =
            OrderRecords.decodeReplace(input.body, !input.forced);
        if (!ok) return frame.undecodable(input.forced);
        Authority memory authority = _authority(input, ExchangeEip712.digest(DOMAIN_SEPARATOR, record), signature);
        return frame.finish(StepKind.REPLACE, Orders.applyReplace(frame, record, authority));
    }

    /// @dev Who stands behind the body: who signed the digest, or who sent the message.
    function _authority(StepInput calldata input, bytes32 digest, CompactSignature memory signature)
        private
        view
        returns (Authority memory)
    {
        if (input.forced) return Authority(input.sender, true, input.message);
        return Authority(Signature.recover(digest, signature.r, signature.vs), false, 0);
    }
}
