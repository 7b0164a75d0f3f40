// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Cash} from "../core/Cash.sol";
import {Delayed, Deposit} from "../core/Delayed.sol";
import {Layout} from "../core/Layout.sol";
import {Leaves} from "../core/Leaves.sol";
import {Leaving} from "../core/Leaving.sol";
import {Standings} from "../core/Standing.sol";
import {IStep} from "../interfaces/IStep.sol";
import {LeafKey} from "../types/LeafKey.sol";
import {Reason} from "../types/Reason.sol";
import {Allocators, Owner, Withdrawal} from "../types/State.sol";
import {StepKind} from "../types/StepKind.sol";
import {StepInput, StepResult} from "../types/Steps.sol";
import {Frame, Frames} from "./Frames.sol";

/// @notice Deposits: credited, or refunded through the outbox when they cannot be (docs/spec.md X-7).
contract DepositSteps is IStep {
    using Frames for Frame;

    /// @inheritdoc IStep
    function execute(StepInput calldata input, bytes calldata openings)
        external
        pure
        returns (StepResult memory result)
    {
        Frame memory frame = Frames.open(input, openings);
        (bool ok, Deposit memory deposit) = Delayed.decodeDeposit(input.body);
        if (!ok) return frame.undecodable(input.forced);
        Reason reason = _credit(frame, deposit);
        if (reason != Reason.OK && reason != Reason.ZERO_AMOUNT) _refund(frame, deposit, input.sender);
        return frame.finish(StepKind.DEPOSIT, reason);
    }

    function _credit(Frame memory frame, Deposit memory deposit) private pure returns (Reason) {
        uint256 asset = deposit.asset;
        if (deposit.amount == 0) return Reason.ZERO_AMOUNT;
        bool known = deposit.account != 0 && deposit.account < Layout.DEPOSIT_ACCOUNTS_LIMIT;
        if (!known) return Reason.UNKNOWN_ACCOUNT;
        if (asset >= Layout.ASSETS) return Reason.UNKNOWN_ASSET;
        LeafKey ownerKey = Layout.ownerKey(deposit.account);
        LeafKey balancesKey = Layout.balancesKey(deposit.account);
        uint96[4] memory totals = Leaves.decodeAmounts(frame.get(Layout.TOTALS));
        bytes memory owner = frame.get(ownerKey);
        bool opened = owner.length != 0;
        bytes memory leaf = frame.get(balancesKey);
        if (!opened && deposit.owner == address(0)) return Reason.ZERO_OWNER;
        if (opened && Leaves.decodeOwner(owner).owner == Standings.FUND_OWNER) return Reason.UNKNOWN_ACCOUNT;
        int256[4] memory balances;
        if (opened) balances = Leaves.decodeBalances(leaf);
        uint256 total = uint256(totals[asset]) + deposit.amount;
        int256 amount = int256(uint256(deposit.amount));
        bool over = total >= Layout.TOTAL_LIMIT || balances[asset] + amount > Cash.MAX_CASH;
        if (over) return Reason.BALANCE_OVERFLOW;
        totals[asset] = uint96(total);
        frame.put(Layout.TOTALS, Leaves.encodeAmounts(totals));
        if (!opened) frame.put(ownerKey, Leaves.encodeOwner(Owner(deposit.owner, 0, 0)));
        Leaving.creditBalance(frame, deposit.account, balances, asset, amount);
        return Reason.OK;
    }

    /// @dev Gives a deposit back through the outbox.
    function _refund(Frame memory frame, Deposit memory deposit, address depositor) private pure {
        Allocators memory allocators = Leaves.decodeAllocators(frame.get(Layout.ALLOCATORS));
        LeafKey slotKey = Layout.outboxKey(allocators.outboxNext);
        frame.get(slotKey);
        allocators.outboxNext += 1;
        frame.put(Layout.ALLOCATORS, Leaves.encodeAllocators(allocators));
        frame.put(
            slotKey, Leaves.encodeWithdrawal(Withdrawal(deposit.account, deposit.asset, deposit.amount, depositor))
        );
    }
}
