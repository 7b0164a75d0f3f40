// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AdminRecords} from "../core/AdminRecords.sol";
import {Markets} from "../core/Markets.sol";
import {IStep} from "../interfaces/IStep.sol";
import {AssetRow, Publishers, SeriesTerms} from "../types/Market.sol";
import {Reason} from "../types/Reason.sol";
import {StepKind} from "../types/StepKind.sol";
import {StepInput, StepResult} from "../types/Steps.sol";
import {Frame, Frames} from "./Frames.sol";

/// @notice Admin messages of the governor (docs/spec.md V-1).
/// @custom:twin rollup_node/core/markets.py
contract MarketSteps is IStep {
    using Frames for Frame;

    /// @inheritdoc IStep
    function execute(StepInput calldata input, bytes calldata openings)
        external
        pure
        returns (StepResult memory result)
    {
        Frame memory frame = Frames.open(input, openings);
        bytes calldata body = input.body;
        if (!AdminRecords.isSound(body)) return frame.undecodable(input.forced);
        return frame.finish(StepKind.ADMIN, _apply(frame, uint8(body[0]), body[1:]));
    }

    function _apply(Frame memory frame, uint8 op, bytes calldata fields) private pure returns (Reason) {
        if (op == AdminRecords.UNDERLYING) return Markets.setUnderlying(frame, uint8(fields[0]), uint8(fields[1]));
        if (op == AdminRecords.STATUS) {
            return Markets.setStatus(frame, uint16(bytes2(fields)), uint8(fields[2]));
        }
        if (op == AdminRecords.ASSET) {
            (uint8 asset, AssetRow memory row) = AdminRecords.decodeAsset(fields);
            return Markets.setAsset(frame, asset, row);
        }
        if (op == AdminRecords.PUBLISHERS) {
            Publishers memory publishers = AdminRecords.decodePublishers(fields);
            return Markets.setPublishers(frame, publishers);
        }
        if (op == AdminRecords.BORROW_CAP) return Markets.setBorrowCap(frame, uint128(bytes16(fields)));
        if (op == AdminRecords.DELIST) return Markets.delistSeries(frame, uint16(bytes2(fields)));
        if (op == AdminRecords.EXPIRY) {
            return Markets.setExpiry(frame, uint8(fields[0]), uint8(fields[1]), uint64(bytes8(fields[2:])));
        }
        if (op == AdminRecords.PAY_FEES) {
            return Markets.payFees(frame, uint32(bytes4(fields)), uint128(bytes16(fields[4:])));
        }
        if (op == AdminRecords.INSURE_FEES) {
            return Markets.insureFees(frame, uint8(fields[0]), uint128(bytes16(fields[1:])));
        }
        if (op == AdminRecords.OPTION_RULES) {
            return Markets.setOptionRules(frame, uint8(fields[0]), AdminRecords.decodeRules(fields));
        }
        uint16 series = uint16(bytes2(fields));
        SeriesTerms memory terms = AdminRecords.decodeTerms(fields);
        return
            op == AdminRecords.LIST ? Markets.listSeries(frame, series, terms) : Markets.setTerms(frame, series, terms);
    }
}
