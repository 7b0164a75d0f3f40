// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Eip712} from "../core/Eip712.sol";
import {Layout} from "../core/Layout.sol";
import {Leaves} from "../core/Leaves.sol";
import {Leaving} from "../core/Leaving.sol";
import {Nonces} from "../core/Nonces.sol";
import {Records, Transaction} from "../core/Records.sol";
import {Risk} from "../core/Risk.sol";
import {Signature} from "../core/Signature.sol";
import {IStep} from "../interfaces/IStep.sol";
import {LeafKey} from "../types/LeafKey.sol";
import {Reason} from "../types/Reason.sol";
import {Owner} from "../types/State.sol";
import {StepKind} from "../types/StepKind.sol";
import {StepInput, StepResult} from "../types/Steps.sol";
import {LeaveTask} from "../types/Task.sol";
import {Frame, Frames} from "./Frames.sol";

/// @notice Transactions of accounts, signed or forced: transfer, withdraw, rotate key (docs/spec.md X-8).
contract AccountSteps is IStep {
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
        (bool ok, Transaction memory transaction) = Records.decodeTransaction(input.body, !input.forced);
        if (!ok) return frame.undecodable(input.forced);
        StepKind first = input.forced ? StepKind.FORCED_TRANSFER : StepKind.TRANSFER;
        StepKind kind = StepKind(uint8(first) + transaction.kind - Records.TRANSFER);
        return frame.finish(kind, _apply(frame, transaction, input.forced, input.sender));
    }

    function _apply(Frame memory frame, Transaction memory transaction, bool forced, address sender)
        private
        view
        returns (Reason reason)
    {
        if (!_isAccount(transaction.account)) return Reason.UNKNOWN_ACCOUNT;
        LeafKey key = Layout.ownerKey(transaction.account);
        bytes memory leaf = frame.get(key);
        if (leaf.length == 0) return Reason.UNKNOWN_ACCOUNT;
        Owner memory owner = Leaves.decodeOwner(leaf);
        if (forced) {
            if (sender != owner.owner) return Reason.NOT_OWNER;
        } else {
            reason = _authenticate(transaction, owner, frame.timeMs);
            if (reason != Reason.OK) return reason;
            frame.put(key, Leaves.encodeOwner(owner));
        }
        if (transaction.kind == Records.TRANSFER) return _transfer(frame, transaction);
        if (transaction.kind == Records.WITHDRAW) return _withdraw(frame, transaction);
        return _rotateKey(frame, transaction, owner);
    }

    /// @dev Checks the signature and spends the nonce; what comes after cannot give it back.
    function _authenticate(Transaction memory transaction, Owner memory owner, uint256 timeMs)
        private
        view
        returns (Reason)
    {
        bytes32 digest = Eip712.digest(DOMAIN_SEPARATOR, transaction);
        address signer = Signature.recover(digest, transaction.r, transaction.vs);
        if (signer == address(0) || signer != owner.owner) return Reason.BAD_SIGNATURE;
        return Nonces.spend(owner, transaction.nonce, timeMs);
    }

    function _transfer(Frame memory frame, Transaction memory transaction) private pure returns (Reason) {
        if (transaction.asset >= Layout.ASSETS) return Reason.UNKNOWN_ASSET;
        if (transaction.amount == 0) return Reason.ZERO_AMOUNT;
        if (transaction.to == transaction.account) return Reason.SELF_TRANSFER;
        if (!_isAccount(transaction.to)) return Reason.UNKNOWN_RECIPIENT;
        return Leaving.leaveToAccount(frame, _leaving(transaction, address(uint160(transaction.to))));
    }

    function _withdraw(Frame memory frame, Transaction memory transaction) private pure returns (Reason) {
        if (transaction.asset >= Layout.ASSETS) return Reason.UNKNOWN_ASSET;
        if (transaction.amount == 0) return Reason.ZERO_AMOUNT;
        if (transaction.party == address(0)) return Reason.ZERO_RECIPIENT;
        return Leaving.leaveToL1(frame, _leaving(transaction, transaction.party));
    }

    /// @dev Whoever stole the key of a frozen account cannot rotate its owner away (K-4).
    function _rotateKey(Frame memory frame, Transaction memory transaction, Owner memory owner)
        private
        pure
        returns (Reason)
    {
        if (transaction.party == address(0)) return Reason.ZERO_OWNER;
        if (Leaving.isFrozen(Risk.readHot(frame, transaction.account))) return Reason.FROZEN;
        owner.owner = transaction.party;
        frame.put(Layout.ownerKey(transaction.account), Leaves.encodeOwner(owner));
        return Reason.OK;
    }

    function _leaving(Transaction memory transaction, address target) private pure returns (LeaveTask memory) {
        return LeaveTask(transaction.kind, transaction.account, transaction.asset, transaction.amount, target);
    }

    function _isAccount(uint256 account) private pure returns (bool) {
        return account != 0 && account < Layout.ACCOUNTS_LIMIT;
    }
}
