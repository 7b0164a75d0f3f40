// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Delayed, Deposit} from "../core/Delayed.sol";
import {Layout} from "../core/Layout.sol";
import {Leaves} from "../core/Leaves.sol";
import {IStep} from "../interfaces/IStep.sol";
import {Phase} from "../types/Family.sol";
import {Reason} from "../types/Reason.sol";
import {Allocators, Owner, Withdrawal} from "../types/State.sol";
import {StepKind} from "../types/StepKind.sol";
import {Opening, StepInput, StepResult} from "../types/Steps.sol";
import {Openings} from "./Openings.sol";

/// @notice Deposits: credited, or refunded through the outbox when they cannot be (docs/spec.md X-7).
contract DepositSteps is IStep {
    using Openings for Opening[];

    /// @inheritdoc IStep
    function execute(StepInput calldata input, Opening[] calldata openings)
        external
        pure
        returns (StepResult memory result)
    {
        (result.phase, result.orderClass) = (Phase.IDLE, input.orderClass);
        (bool ok, Deposit memory deposit) = Delayed.decodeDeposit(input.body);
        uint256 used;
        if (ok) {
            result.kind = StepKind.DEPOSIT;
            result.values = openings.values();
            (result.reason, used) = _credit(deposit, openings, result.values);
            if (result.reason != Reason.OK && result.reason != Reason.ZERO_AMOUNT) {
                used = _refund(deposit, input.sender, openings, result.values, used);
            }
        } else {
            result.kind = StepKind.FORCED_UNDECODABLE;
            result.reason = Reason.UNDECODABLE;
        }
        openings.finish(used);
    }

    function _credit(Deposit memory deposit, Opening[] calldata openings, bytes[] memory values)
        private
        pure
        returns (Reason, uint256 used)
    {
        if (deposit.amount == 0) return (Reason.ZERO_AMOUNT, 0);
        bool known = deposit.account != 0 && deposit.account < Layout.DEPOSIT_ACCOUNTS_LIMIT;
        if (!known) return (Reason.UNKNOWN_ACCOUNT, 0);
        if (deposit.asset >= Layout.ASSETS) return (Reason.UNKNOWN_ASSET, 0);
        uint96[4] memory totals = Leaves.decodeAmounts(openings.read(0, Layout.TOTALS));
        bool opened = openings.read(1, Layout.ownerKey(deposit.account)).length != 0;
        bytes calldata leaf = openings.read(2, Layout.balancesKey(deposit.account));
        if (!opened && deposit.owner == address(0)) return (Reason.ZERO_OWNER, 3);
        int256[4] memory balances;
        if (opened) balances = Leaves.decodeBalances(leaf);
        uint256 total = uint256(totals[deposit.asset]) + deposit.amount;
        int256 balance = balances[deposit.asset] + int256(uint256(deposit.amount));
        if (total >= Layout.TOTAL_LIMIT || balance > int256(Layout.MAX_BALANCE)) return (Reason.BALANCE_OVERFLOW, 3);
        totals[deposit.asset] = uint96(total);
        balances[deposit.asset] = balance;
        values[0] = Leaves.encodeAmounts(totals);
        if (!opened) values[1] = Leaves.encodeOwner(Owner(deposit.owner, 0, 0));
        values[2] = Leaves.encodeBalances(balances);
        return (Reason.OK, 3);
    }

    /// @dev Opens two leaves after the `before` that crediting has read, and returns how many that makes.
    function _refund(
        Deposit memory deposit,
        address depositor,
        Opening[] calldata openings,
        bytes[] memory values,
        uint256 before
    ) private pure returns (uint256 used) {
        Allocators memory allocators = Leaves.decodeAllocators(openings.read(before, Layout.ALLOCATORS));
        openings.read(before + 1, Layout.outboxKey(allocators.outboxNext));
        ++allocators.outboxNext;
        values[before] = Leaves.encodeAllocators(allocators);
        values[before + 1] =
            Leaves.encodeWithdrawal(Withdrawal(deposit.account, deposit.asset, deposit.amount, depositor));
        return before + 2;
    }
}
