// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccountRecords} from "../core/AccountRecords.sol";
import {Accounts} from "../core/Accounts.sol";
import {Authority} from "../core/Authority.sol";
import {Eip712} from "../core/Eip712.sol";
import {ExchangeEip712} from "../core/ExchangeEip712.sol";
import {IStep} from "../interfaces/IStep.sol";
import {RecordKind} from "../types/RecordKind.sol";
import {
    CompactSignature,
    Freeze,
    OpenAccount,
    SetDeadMan,
    SetGuardian,
    SetKey,
    SetMode,
    SetProtection
} from "../types/Records.sol";
import {StepKind} from "../types/StepKind.sol";
import {StepInput, StepResult} from "../types/Steps.sol";
import {Frame, Frames} from "./Frames.sol";
import {Signers} from "./Signers.sol";

/// @notice Records by which accounts order their own affairs (docs/spec.md K).
/// @custom:twin rollup_node/core/accounts.py
contract KeySteps is IStep {
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
        if (kind == RecordKind.OPEN_ACCOUNT) return _openAccount(frame, input);
        if (kind == RecordKind.SET_KEY) return _setKey(frame, input);
        if (kind == RecordKind.FREEZE) return _freeze(frame, input);
        if (kind == RecordKind.SET_GUARDIAN) return _setGuardian(frame, input);
        if (kind == RecordKind.SET_PROTECTION) return _setProtection(frame, input);
        if (kind == RecordKind.SET_DEAD_MAN) return _setDeadMan(frame, input);
        if (kind == RecordKind.SET_MODE) return _setMode(frame, input);
        return frame.undecodable(input.forced);
    }

    function _openAccount(Frame memory frame, StepInput calldata input) private view returns (StepResult memory) {
        (bool ok, OpenAccount memory record, CompactSignature memory signature) =
            AccountRecords.decodeOpenAccount(input.body, !input.forced);
        if (!ok) return frame.undecodable(input.forced);
        bytes32 digest = ExchangeEip712.digest(DOMAIN_SEPARATOR, record);
        Authority memory authority = Signers.authorityOf(input, digest, signature);
        return frame.finish(StepKind.OPEN_ACCOUNT, Accounts.openAccount(frame, record, authority));
    }

    function _setKey(Frame memory frame, StepInput calldata input) private view returns (StepResult memory) {
        (bool ok, SetKey memory record, CompactSignature memory signature) =
            AccountRecords.decodeSetKey(input.body, !input.forced);
        if (!ok) return frame.undecodable(input.forced);
        bytes32 digest = ExchangeEip712.digest(DOMAIN_SEPARATOR, record);
        Authority memory authority = Signers.authorityOf(input, digest, signature);
        return frame.finish(StepKind.SET_KEY, Accounts.setKey(frame, record, authority));
    }

    function _freeze(Frame memory frame, StepInput calldata input) private view returns (StepResult memory) {
        (bool ok, Freeze memory record, CompactSignature memory signature) =
            AccountRecords.decodeFreeze(input.body, !input.forced);
        if (!ok) return frame.undecodable(input.forced);
        bytes32 digest = ExchangeEip712.digest(DOMAIN_SEPARATOR, record);
        Authority memory authority = Signers.authorityOf(input, digest, signature);
        return frame.finish(StepKind.FREEZE, Accounts.freeze(frame, record, authority));
    }

    function _setGuardian(Frame memory frame, StepInput calldata input) private view returns (StepResult memory) {
        (bool ok, SetGuardian memory record, CompactSignature memory signature) =
            AccountRecords.decodeSetGuardian(input.body, !input.forced);
        if (!ok) return frame.undecodable(input.forced);
        bytes32 digest = ExchangeEip712.digest(DOMAIN_SEPARATOR, record);
        Authority memory authority = Signers.authorityOf(input, digest, signature);
        return frame.finish(StepKind.SET_GUARDIAN, Accounts.setGuardian(frame, record, authority));
    }

    function _setProtection(Frame memory frame, StepInput calldata input) private view returns (StepResult memory) {
        (bool ok, SetProtection memory record, CompactSignature memory signature) =
            AccountRecords.decodeSetProtection(input.body, !input.forced);
        if (!ok) return frame.undecodable(input.forced);
        bytes32 digest = ExchangeEip712.digest(DOMAIN_SEPARATOR, record);
        Authority memory authority = Signers.authorityOf(input, digest, signature);
        return frame.finish(StepKind.SET_PROTECTION, Accounts.setProtection(frame, record, authority));
    }

    function _setDeadMan(Frame memory frame, StepInput calldata input) private view returns (StepResult memory) {
        (bool ok, SetDeadMan memory record, CompactSignature memory signature) =
            AccountRecords.decodeSetDeadMan(input.body, !input.forced);
        if (!ok) return frame.undecodable(input.forced);
        bytes32 digest = ExchangeEip712.digest(DOMAIN_SEPARATOR, record);
        Authority memory authority = Signers.authorityOf(input, digest, signature);
        return frame.finish(StepKind.SET_DEAD_MAN, Accounts.setDeadMan(frame, record, authority));
    }

    function _setMode(Frame memory frame, StepInput calldata input) private view returns (StepResult memory) {
        (bool ok, SetMode memory record, CompactSignature memory signature) =
            AccountRecords.decodeSetMode(input.body, !input.forced);
        if (!ok) return frame.undecodable(input.forced);
        bytes32 digest = ExchangeEip712.digest(DOMAIN_SEPARATOR, record);
        Authority memory authority = Signers.authorityOf(input, digest, signature);
        return frame.finish(StepKind.SET_MODE, Accounts.setMode(frame, record, authority));
    }
}
