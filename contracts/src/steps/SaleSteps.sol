// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Authority} from "../core/Authority.sol";
import {SaleRecords} from "../core/SaleRecords.sol";
import {Sales} from "../core/Sales.sol";
import {IStep} from "../interfaces/IStep.sol";
import {StartSale} from "../types/Records.sol";
import {StepKind} from "../types/StepKind.sol";
import {StepInput, StepResult} from "../types/Steps.sol";
import {Frame, Frames} from "./Frames.sol";

/// @notice Covered sales by a hidden Dutch order: by message only, as a record they are undecodable (docs/spec.md P).
/// @custom:twin rollup_node/core/sales.py
contract SaleSteps is IStep {
    using Frames for Frame;

    /// @inheritdoc IStep
    function execute(StepInput calldata input, bytes calldata openings)
        external
        pure
        returns (StepResult memory result)
    {
        Frame memory frame = Frames.open(input, openings);
        (bool ok, StartSale memory record) = SaleRecords.decodeStartSale(input.body);
        if (!ok || !input.forced) return frame.undecodable(input.forced);
        Authority memory authority = Authority(input.sender, true, input.message);
        return frame.finish(StepKind.SALE, Sales.applySale(frame, record, authority));
    }
}
