// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Eip712} from "../core/Eip712.sol";
import {Layout} from "../core/Layout.sol";
import {Leaves} from "../core/Leaves.sol";
import {Nonces} from "../core/Nonces.sol";
import {Records, Transaction} from "../core/Records.sol";
import {Signature} from "../core/Signature.sol";
import {IStep} from "../interfaces/IStep.sol";
import {Phase} from "../types/Family.sol";
import {Reason} from "../types/Reason.sol";
import {Allocators, Owner, Withdrawal} from "../types/State.sol";
import {StepKind} from "../types/StepKind.sol";
import {Opening, StepInput, StepResult} from "../types/Steps.sol";
import {Openings} from "./Openings.sol";

/// @notice Transactions of accounts, signed or forced: transfer, withdraw, rotate key (docs/spec.md X-8).
/// @dev Each rule returns its reason and how many openings it has read.
contract AccountSteps is IStep {
    using Openings for Opening[];

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
        (result.phase, result.orderClass) = (Phase.IDLE, input.orderClass);
        (bool ok, Transaction memory transaction) = Records.decodeTransaction(input.body, !input.forced);
        uint256 used;
        if (ok) {
            StepKind first = input.forced ? StepKind.FORCED_TRANSFER : StepKind.TRANSFER;
            result.kind = StepKind(uint8(first) + transaction.kind - Records.TRANSFER);
            result.values = openings.values();
            (result.reason, used) = _apply(input, transaction, openings, result.values);
        } else {
            result.kind = input.forced ? StepKind.FORCED_UNDECODABLE : StepKind.UNDECODABLE;
            result.reason = Reason.UNDECODABLE;
        }
        openings.finish(used);
    }

    function _apply(
        StepInput calldata input,
        Transaction memory transaction,
        Opening[] calldata openings,
        bytes[] memory values
    ) private view returns (Reason reason, uint256 used) {
        if (!_isAccount(transaction.account)) return (Reason.UNKNOWN_ACCOUNT, 0);
        bytes calldata leaf = openings.read(0, Layout.ownerKey(transaction.account));
        if (leaf.length == 0) return (Reason.UNKNOWN_ACCOUNT, 1);
        Owner memory owner = Leaves.decodeOwner(leaf);
        reason = input.forced
            ? (input.sender == owner.owner ? Reason.OK : Reason.NOT_OWNER)
            : _authenticate(transaction, owner, input.timeMs);
        if (reason != Reason.OK) return (reason, 1);
        if (transaction.kind == Records.TRANSFER) {
            (reason, used) = _transfer(transaction, openings, values);
        } else if (transaction.kind == Records.WITHDRAW) {
            (reason, used) = _withdraw(transaction, openings, values);
        } else {
            (reason, used) = _rotateKey(transaction, owner);
        }
        values[0] = Leaves.encodeOwner(owner);
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

    function _transfer(Transaction memory transaction, Opening[] calldata openings, bytes[] memory values)
        private
        pure
        returns (Reason, uint256 used)
    {
        if (transaction.asset >= Layout.ASSETS) return (Reason.UNKNOWN_ASSET, 1);
        if (transaction.amount == 0) return (Reason.ZERO_AMOUNT, 1);
        if (transaction.to == transaction.account) return (Reason.SELF_TRANSFER, 1);
        if (!_isAccount(transaction.to)) return (Reason.UNKNOWN_RECIPIENT, 1);
        int256[4] memory from = Leaves.decodeBalances(openings.read(1, Layout.balancesKey(transaction.account)));
        bytes calldata leaf = openings.read(2, Layout.balancesKey(transaction.to));
        if (leaf.length == 0) return (Reason.UNKNOWN_RECIPIENT, 3);
        int256[4] memory to = Leaves.decodeBalances(leaf);
        int256 amount = int256(uint256(transaction.amount));
        if (from[transaction.asset] < amount) return (Reason.INSUFFICIENT_BALANCE, 3);
        int256 received = to[transaction.asset] + amount;
        if (received > int256(Layout.MAX_BALANCE)) return (Reason.BALANCE_OVERFLOW, 3);
        from[transaction.asset] -= amount;
        to[transaction.asset] = received;
        values[1] = Leaves.encodeBalances(from);
        values[2] = Leaves.encodeBalances(to);
        return (Reason.OK, 3);
    }

    function _withdraw(Transaction memory transaction, Opening[] calldata openings, bytes[] memory values)
        private
        pure
        returns (Reason, uint256 used)
    {
        if (transaction.asset >= Layout.ASSETS) return (Reason.UNKNOWN_ASSET, 1);
        if (transaction.amount == 0) return (Reason.ZERO_AMOUNT, 1);
        if (transaction.party == address(0)) return (Reason.ZERO_RECIPIENT, 1);
        int256[4] memory balances = Leaves.decodeBalances(openings.read(1, Layout.balancesKey(transaction.account)));
        int256 amount = int256(uint256(transaction.amount));
        if (balances[transaction.asset] < amount) return (Reason.INSUFFICIENT_BALANCE, 2);
        Allocators memory allocators = Leaves.decodeAllocators(openings.read(2, Layout.ALLOCATORS));
        if (allocators.outboxNext >= Layout.WITHDRAWALS_LIMIT) return (Reason.OUTBOX_FULL, 3);
        uint96[4] memory totals = Leaves.decodeAmounts(openings.read(3, Layout.TOTALS));
        openings.read(4, Layout.outboxKey(allocators.outboxNext));
        balances[transaction.asset] -= amount;
        totals[transaction.asset] -= transaction.amount;
        ++allocators.outboxNext;
        values[1] = Leaves.encodeBalances(balances);
        values[2] = Leaves.encodeAllocators(allocators);
        values[3] = Leaves.encodeAmounts(totals);
        values[4] = Leaves.encodeWithdrawal(
            Withdrawal(transaction.account, transaction.asset, transaction.amount, transaction.party)
        );
        return (Reason.OK, 5);
    }

    function _rotateKey(Transaction memory transaction, Owner memory owner)
        private
        pure
        returns (Reason, uint256 used)
    {
        if (transaction.party == address(0)) return (Reason.ZERO_OWNER, 1);
        owner.owner = transaction.party;
        return (Reason.OK, 1);
    }

    function _isAccount(uint256 account) private pure returns (bool) {
        return account != 0 && account < Layout.ACCOUNTS_LIMIT;
    }
}
