// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccountRecords} from "../core/AccountRecords.sol";
import {Auctions} from "../core/Auctions.sol";
import {Authority} from "../core/Authority.sol";
import {Eip712} from "../core/Eip712.sol";
import {ExchangeEip712} from "../core/ExchangeEip712.sol";
import {OpenRecords} from "../core/OpenRecords.sol";
import {IStep} from "../interfaces/IStep.sol";
import {OrderClass} from "../types/Family.sol";
import {Reason} from "../types/Reason.sol";
import {RecordKind} from "../types/RecordKind.sol";
import {Bid, CompactSignature} from "../types/Records.sol";
import {StepKind} from "../types/StepKind.sol";
import {StepInput, StepResult} from "../types/Steps.sol";
import {Frame, Frames} from "./Frames.sol";
import {OpenAction} from "./OpenAction.sol";
import {Signers} from "./Signers.sol";

/// @notice Bids for whole accounts, and takeovers by the insurance fund (docs/spec.md L-3 to L-6).
/// @custom:twin rollup_node/core/auctions.py
contract AuctionSteps is IStep {
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
        if (kind == RecordKind.BID) return _bid(frame, input);
        return _takeover(frame, input);
    }

    function _bid(Frame memory frame, StepInput calldata input) private view returns (StepResult memory) {
        (bool ok, Bid memory record, CompactSignature memory signature) =
            AccountRecords.decodeBid(input.body, !input.forced);
        if (!ok) return frame.undecodable(input.forced);
        bytes32 digest = ExchangeEip712.digest(DOMAIN_SEPARATOR, record);
        Authority memory authority = Signers.authorityOf(input, digest, signature);
        return frame.finish(StepKind.BID, Auctions.applyBid(frame, record, authority));
    }

    function _takeover(Frame memory frame, StepInput calldata input) private pure returns (StepResult memory) {
        (bool ok, uint32 account) = OpenRecords.decodeTakeover(input.body);
        if (!ok) return frame.undecodable(input.forced);
        if (OpenAction.isLate(frame, input, OrderClass.LIQUIDATION)) {
            return frame.finish(StepKind.TAKEOVER, Reason.OUT_OF_CLASS);
        }
        Reason reason = Auctions.applyTakeover(frame, account);
        return OpenAction.finish(frame, input, OrderClass.LIQUIDATION, StepKind.TAKEOVER, reason);
    }
}
