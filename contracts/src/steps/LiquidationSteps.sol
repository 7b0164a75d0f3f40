// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccountRecords} from "../core/AccountRecords.sol";
import {Auctions} from "../core/Auctions.sol";
import {Authority} from "../core/Authority.sol";
import {Eip712} from "../core/Eip712.sol";
import {ExchangeEip712} from "../core/ExchangeEip712.sol";
import {Liquidation} from "../core/Liquidation.sol";
import {OpenRecords} from "../core/OpenRecords.sol";
import {Signature} from "../core/Signature.sol";
import {IStep} from "../interfaces/IStep.sol";
import {OrderClass, Phase} from "../types/Family.sol";
import {Reason} from "../types/Reason.sol";
import {RecordKind} from "../types/RecordKind.sol";
import {Bid, CompactSignature} from "../types/Records.sol";
import {StepKind} from "../types/StepKind.sol";
import {Opening, StepInput, StepResult} from "../types/Steps.sol";
import {Frame, Frames} from "./Frames.sol";
import {HandOn} from "./HandOn.sol";
import {TriggerSteps} from "./TriggerSteps.sol";

/// @notice Liquidations, bids for whole accounts, and takeovers by the insurance fund (docs/spec.md L-1 to L-6). Triggers
/// are handed on to a contract that this one creates (ADR 7).
/// @custom:twin rollup_node/core/liquidation.py, auctions.py
contract LiquidationSteps is IStep {
    using Frames for Frame;

    /// @notice EIP-712 domain of the L2 chain and its bridge (R-5).
    bytes32 public immutable DOMAIN_SEPARATOR;

    /// @notice What of the family does not fit in here.
    TriggerSteps public immutable TRIGGERS;

    constructor(uint256 l2ChainId, address bridge) {
        DOMAIN_SEPARATOR = Eip712.domainSeparator(l2ChainId, bridge);
        TRIGGERS = new TriggerSteps();
    }

    /// @inheritdoc IStep
    function execute(StepInput calldata input, Opening[] calldata openings)
        external
        view
        returns (StepResult memory result)
    {
        uint8 kind = input.body.length == 0 ? 0 : uint8(input.body[0]);
        if (kind == RecordKind.TRIGGER || input.phase == Phase.DRAIN) HandOn.to(address(TRIGGERS));
        Frame memory frame = Frames.open(input, openings);
        if (input.phase == Phase.LIQUIDATE) return frame.finish(StepKind.LIQUIDATE, Liquidation.liquidate(frame));
        if (kind == RecordKind.LIQUIDATE) return _liquidate(frame, input);
        if (kind == RecordKind.BID) return _bid(frame, input);
        if (kind == RecordKind.TAKEOVER) return _takeover(frame, input);
        return frame.undecodable(input.forced);
    }

    function _bid(Frame memory frame, StepInput calldata input) private view returns (StepResult memory) {
        (bool ok, Bid memory record, CompactSignature memory signature) =
            AccountRecords.decodeBid(input.body, !input.forced);
        if (!ok) return frame.undecodable(input.forced);
        Authority memory authority = Authority(input.sender, true, input.message);
        if (!input.forced) {
            bytes32 digest = ExchangeEip712.digest(DOMAIN_SEPARATOR, record);
            authority = Authority(Signature.recover(digest, signature.r, signature.vs), false, 0);
        }
        return frame.finish(StepKind.BID, Auctions.applyBid(frame, record, authority));
    }

    function _liquidate(Frame memory frame, StepInput calldata input) private pure returns (StepResult memory) {
        (bool ok, uint32 account, uint16 series) = OpenRecords.decodeLiquidate(input.body);
        if (!ok) return frame.undecodable(input.forced);
        if (_isLate(frame, input)) return frame.finish(StepKind.LIQUIDATE, Reason.OUT_OF_CLASS);
        return _done(frame, input, StepKind.LIQUIDATE, Liquidation.applyLiquidate(frame, account, series));
    }

    function _takeover(Frame memory frame, StepInput calldata input) private pure returns (StepResult memory) {
        (bool ok, uint32 account) = OpenRecords.decodeTakeover(input.body);
        if (!ok) return frame.undecodable(input.forced);
        if (_isLate(frame, input)) return frame.finish(StepKind.TAKEOVER, Reason.OUT_OF_CLASS);
        return _done(frame, input, StepKind.TAKEOVER, Auctions.applyTakeover(frame, account));
    }

    function _isLate(Frame memory frame, StepInput calldata input) private pure returns (bool) {
        return !input.forced && frame.orderClass > OrderClass.LIQUIDATION;
    }

    /// @dev A record that has its effect raises the class of the block.
    function _done(Frame memory frame, StepInput calldata input, StepKind kind, Reason reason)
        private
        pure
        returns (StepResult memory)
    {
        if (reason == Reason.OK && !input.forced) frame.orderClass = OrderClass.LIQUIDATION;
        return frame.finish(kind, reason);
    }
}
