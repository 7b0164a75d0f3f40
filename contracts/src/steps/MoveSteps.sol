// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccountRecords} from "../core/AccountRecords.sol";
import {Authority} from "../core/Authority.sol";
import {Eip712} from "../core/Eip712.sol";
import {ExchangeEip712} from "../core/ExchangeEip712.sol";
import {Moves} from "../core/Moves.sol";
import {IStep} from "../interfaces/IStep.sol";
import {CompactSignature, MovePosition} from "../types/Records.sol";
import {StepKind} from "../types/StepKind.sol";
import {StepInput, StepResult} from "../types/Steps.sol";
import {Frame, Frames} from "./Frames.sol";
import {Signers} from "./Signers.sol";

/// @notice Positions that move between accounts of one owner (docs/spec.md K-7).
/// @custom:twin rollup_node/core/moves.py
contract MoveSteps is IStep {
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
        (bool ok, MovePosition memory record, CompactSignature memory signature) =
            AccountRecords.decodeMovePosition(input.body, !input.forced);
        if (!ok) return frame.undecodable(input.forced);
        bytes32 digest = ExchangeEip712.digest(DOMAIN_SEPARATOR, record);
        Authority memory authority = Signers.authorityOf(input, digest, signature);
        return frame.finish(StepKind.MOVE_POSITION, Moves.movePosition(frame, record, authority));
    }
}
