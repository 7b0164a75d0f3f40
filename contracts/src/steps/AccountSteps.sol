// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Eip712} from "../core/Eip712.sol";
import {Layout} from "../core/Layout.sol";
import {Leaves} from "../core/Leaves.sol";
import {Nonces} from "../core/Nonces.sol";
import {Records, Transaction} from "../core/Records.sol";
import {Signature} from "../core/Signature.sol";
import {IStep} from "../interfaces/IStep.sol";
import {LeafKey} from "../types/LeafKey.sol";
import {Reason} from "../types/Reason.sol";
import {Allocators, Owner, Withdrawal} from "../types/State.sol";
import {StepKind} from "../types/StepKind.sol";
import {Opening, StepInput, StepResult} from "../types/Steps.sol";
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
    function execute(StepInput calldata input, Opening[] calldata openings)
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
        if (transaction.party == address(0)) return Reason.ZERO_OWNER;
        owner.owner = transaction.party;
        frame.put(key, Leaves.encodeOwner(owner));
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
        uint256 asset = transaction.asset;
        if (asset >= Layout.ASSETS) return Reason.UNKNOWN_ASSET;
        if (transaction.amount == 0) return Reason.ZERO_AMOUNT;
        if (transaction.to == transaction.account) return Reason.SELF_TRANSFER;
        if (!_isAccount(transaction.to)) return Reason.UNKNOWN_RECIPIENT;
        LeafKey fromKey = Layout.balancesKey(transaction.account);
        LeafKey toKey = Layout.balancesKey(transaction.to);
        int256[4] memory from = Leaves.decodeBalances(frame.get(fromKey));
        bytes memory leaf = frame.get(toKey);
        if (leaf.length == 0) return Reason.UNKNOWN_RECIPIENT;
        int256[4] memory to = Leaves.decodeBalances(leaf);
        int256 amount = int256(uint256(transaction.amount));
        if (from[asset] < amount) return Reason.INSUFFICIENT_BALANCE;
        if (to[asset] + amount > int256(Layout.MAX_BALANCE)) return Reason.BALANCE_OVERFLOW;
        from[asset] -= amount;
        to[asset] += amount;
        frame.put(fromKey, Leaves.encodeBalances(from));
        frame.put(toKey, Leaves.encodeBalances(to));
        return Reason.OK;
    }

    function _withdraw(Frame memory frame, Transaction memory transaction) private pure returns (Reason) {
        uint256 asset = transaction.asset;
        if (asset >= Layout.ASSETS) return Reason.UNKNOWN_ASSET;
        if (transaction.amount == 0) return Reason.ZERO_AMOUNT;
        if (transaction.party == address(0)) return Reason.ZERO_RECIPIENT;
        LeafKey key = Layout.balancesKey(transaction.account);
        int256[4] memory balances = Leaves.decodeBalances(frame.get(key));
        int256 amount = int256(uint256(transaction.amount));
        if (balances[asset] < amount) return Reason.INSUFFICIENT_BALANCE;
        Allocators memory allocators = Leaves.decodeAllocators(frame.get(Layout.ALLOCATORS));
        uint256 slot = allocators.outboxNext;
        if (slot >= Layout.WITHDRAWALS_LIMIT) return Reason.OUTBOX_FULL;
        uint96[4] memory totals = Leaves.decodeAmounts(frame.get(Layout.TOTALS));
        frame.get(Layout.outboxKey(slot));
        balances[asset] -= amount;
        totals[asset] -= transaction.amount;
        allocators.outboxNext += 1;
        frame.put(key, Leaves.encodeBalances(balances));
        frame.put(Layout.ALLOCATORS, Leaves.encodeAllocators(allocators));
        frame.put(Layout.TOTALS, Leaves.encodeAmounts(totals));
        frame.put(
            Layout.outboxKey(slot),
            Leaves.encodeWithdrawal(
                Withdrawal(transaction.account, transaction.asset, transaction.amount, transaction.party)
            )
        );
        return Reason.OK;
    }

    function _isAccount(uint256 account) private pure returns (bool) {
        return account != 0 && account < Layout.ACCOUNTS_LIMIT;
    }
}
