// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Authority} from "../core/Authority.sol";
import {Eip712} from "../core/Eip712.sol";
import {ExchangeEip712} from "../core/ExchangeEip712.sol";
import {OrderRecords} from "../core/OrderRecords.sol";
import {Orders} from "../core/Orders.sol";
import {IStep} from "../interfaces/IStep.sol";
import {CompactSignature, ReplaceOrder} from "../types/Records.sol";
import {StepKind} from "../types/StepKind.sol";
import {StepInput, StepResult} from "../types/Steps.sol";
import {Frame, Frames} from "./Frames.sol";
import {Signers} from "./Signers.sol";

/// @notice Replacements, signed or forced (docs/spec.md O-10).
/// @custom:twin rollup_node/core/orders.py apply_replace
contract ReplaceSteps is IStep {
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
        (bool ok, ReplaceOrder memory record, CompactSignature memory signature) =
            OrderRecords.decodeReplace(input.body, !input.forced);
        if (!ok) return frame.undecodable(input.forced);
        bytes32 digest = ExchangeEip712.digest(DOMAIN_SEPARATOR, record);
        Authority memory authority = Signers.authorityOf(input, digest, signature);
        return frame.finish(StepKind.REPLACE, Orders.applyReplace(frame, record, authority));
    }
}
