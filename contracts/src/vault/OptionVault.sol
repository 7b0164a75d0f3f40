// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC165} from "@openzeppelin/contracts/interfaces/IERC165.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {Layout} from "../core/Layout.sol";
import {IBridge} from "../interfaces/IBridge.sol";
import {IInbox} from "../interfaces/IInbox.sol";
import {IOptionVault} from "../interfaces/IOptionVault.sol";
import {IVaultStrategy} from "../interfaces/IVaultStrategy.sol";
import {IWrappedEther} from "../interfaces/IWrappedEther.sol";
import {Withdrawal} from "../types/State.sol";
import {VaultAction, VaultEnd, VaultMemory, VaultPhase, VaultResult, VaultStep} from "../types/Vault.sol";
import {VaultExits} from "./VaultExits.sol";
import {VaultState} from "./VaultState.sol";

/// @title Option vault
/// @dev Promises: IOptionVault. Invariants: docs/invariants.md VT-1 to VT-14.
contract OptionVault is VaultExits {
    using SafeERC20 for IERC20;

    /// @param name Of the share.
    /// @param symbol Of the share.
    constructor(string memory name, string memory symbol, IVaultStrategy strategy_)
        VaultState(name, symbol, strategy_)
    {
        if (!IS_CALL) IERC20(ASSET).forceApprove(BRIDGE, type(uint256).max);
    }

    /// @notice ETH comes from the bridge, and from unwrapping.
    receive() external payable {
        if (msg.sender != BRIDGE && msg.sender != ASSET) revert PlainEtherRefused(msg.sender);
    }

    /// @inheritdoc IOptionVault
    function roll() external nonReentrant {
        _checkRunning();
        if (_machine.expiryAt != 0) revert WrongPhase(phase());
        if (_supply() == 0) {
            if (_queued[_machine.number & 1].assets == 0) revert NothingToRoll();
            _close();
            return;
        }
        uint128 amount = uint128(Math.min(_idle, Layout.MAX_BALANCE));
        _idle -= amount;
        uint32 account = uint32(_sent.account);
        if (amount != 0) _bridgeIn(account, amount);
        (uint64 expiryAt, uint64 message) = _sendSale();
        (_machine.expiryAt, _machine.rolledAt) = (expiryAt, uint64(block.timestamp));
        (_sent.depositMessage, _sent.depositAmount) = (message - 1, amount);
        _crankers.push(msg.sender);
        emit Rolled(_machine.number, expiryAt, account, amount, message, msg.sender);
    }

    /// @inheritdoc IOptionVault
    function resendSale() external nonReentrant {
        _checkRunning();
        if (phase() != VaultPhase.LIVE) revert WrongPhase(phase());
        _resentAt = uint64(block.timestamp);
        (uint64 expiryAt, uint64 message) = _sendSale();
        if (expiryAt != _machine.expiryAt) revert SaleTooLate(_machine.expiryAt, expiryAt);
        emit SaleResent(_machine.number, message, msg.sender);
    }

    /// @inheritdoc IOptionVault
    function settle(bytes32 assertionId, bytes[] calldata values, bytes calldata siblings) external nonReentrant {
        _checkRunning();
        if (_machine.expiryAt == 0) revert WrongPhase(VaultPhase.OPEN);
        VaultStep memory step = STRATEGY.planSettlement(assertionId, _known(), values, siblings);
        if (_machine.settledAt == 0) {
            (_machine.settledAt, _sent.outboxFloor) = (uint64(block.timestamp), step.outboxNext);
        }
        _sent.indexPrice = step.indexPrice;
        uint64 message = _sent.lastMessage;
        if (step.action == VaultAction.WRITE_OFF) {
            if (_machine.lostAt != 0) revert NothingDue();
            _machine.lostAt = uint64(block.timestamp);
        } else {
            _machine.lostAt = 0;
            message = _send(step.body);
            if (step.action != VaultAction.WITHDRAW) {
                ++_machine.rounds;
            } else {
                if (_sent.sentBalance == 0) _sent.withdrawMessage = message;
                _sent.sentBalance = uint128(step.balance);
            }
        }
        if (_crankers.length < MAX_CRANKS) _crankers.push(msg.sender);
        emit Settled(
            _machine.number, assertionId, step.action, step.cash, step.balance, step.amount, message, msg.sender
        );
    }

    /// @inheritdoc IOptionVault
    function close(bytes32 assertionId, bytes[] calldata values, bytes calldata siblings, uint64 slot)
        external
        nonReentrant
    {
        _checkRunning();
        if (_machine.settledAt == 0) revert WrongPhase(phase());
        if (slot < _sent.outboxFloor) revert EntryTooOld(slot, _sent.outboxFloor);
        VaultMemory memory known = _known();
        // Whoever has a later one sent, by a gift, delays nothing.
        known.lastMessage = _sent.withdrawMessage;
        (uint256 amount, uint256 stayed) =
            STRATEGY.openWithdrawal(assertionId, known, slot, _sent.indexPrice, values, siblings);
        _receive(slot, known.account, amount, OWN);
        _crankers.push(msg.sender);
        _conversions[_machine.number].stayed = uint128(stayed);
        _close();
        if (!_isOnBridge()) _changeAccount();
    }

    /// @inheritdoc IOptionVault
    function writeOff() external nonReentrant {
        _checkRunning();
        uint256 lostAt = _machine.lostAt;
        if (lostAt == 0) revert NotLost();
        _checkGrace(lostAt);
        _crankers.push(msg.sender);
        _close();
        _changeAccount();
    }

    /// @inheritdoc IOptionVault
    function collect(bytes32 assertionId, Withdrawal calldata withdrawal, uint64 slot, bytes32[] calldata branch)
        external
        nonReentrant
    {
        bool exited = _machine.exitedAt != 0;
        // Whoever closes must have it: it says that the withdrawal has happened.
        bool isOfClose = !exited && _machine.settledAt != 0 && _machine.lostAt == 0 && slot >= _sent.outboxFloor
            && withdrawal.account == _sent.account;
        if (isOfClose) revert UseClose(slot);
        if (!_isOurs[withdrawal.account]) {
            revert ForeignEntry(withdrawal.account, withdrawal.asset, withdrawal.recipient);
        }
        bool isCash = STRATEGY.checkEntry(assertionId, withdrawal, slot, branch, exited);
        _receive(slot, withdrawal.account, withdrawal.amount, isCash ? CASH : OWN);
    }

    /// @inheritdoc IOptionVault
    function adopt(uint32 account, bytes32 assertionId, bytes[] calldata values, bytes calldata siblings)
        external
        nonReentrant
    {
        _checkRunning();
        if (_machine.lostAt == 0) revert NotLost();
        if (_isOurs[account]) revert ForeignAccount(account, address(this), 0);
        STRATEGY.checkProceeds(assertionId, account, uint32(_sent.group), values, siblings);
        emit AccountChanged(_machine.number, uint32(_sent.account), account);
        _isOurs[account] = true;
        _sent.account = account;
        (_machine.lostAt, _machine.rounds, _sent.sentBalance) = (0, 0, 0);
    }

    /// @inheritdoc IOptionVault
    function claimFees(address recipient) external nonReentrant returns (uint256 assets) {
        assets = feesOf[recipient];
        if (assets == 0) revert NothingDue();
        feesOf[recipient] = 0;
        _feesOwed -= uint128(assets);
        emit FeesClaimed(recipient, assets);
        IERC20(ASSET).safeTransfer(recipient, assets);
    }

    /// @inheritdoc IOptionVault
    function setDepositsPaused(bool paused) external {
        if (msg.sender != GUARDIAN) revert NotGuardian(msg.sender);
        _machine.depositsPaused = paused;
        emit DepositsPaused(paused);
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 id) external pure returns (bool) {
        return
            id == type(IERC165).interfaceId || id == 0xe3bc4e65 || id == 0x2f0a18c5 || id == 0xce3bbe50
                || id == 0x620ee8e4;
    }

    /// @dev Bring the asset to L2.
    function _bridgeIn(uint32 account, uint128 amount) private {
        if (IS_CALL) {
            IWrappedEther(ASSET).withdraw(amount);
            IBridge(BRIDGE).depositETH{value: amount}(account);
        } else {
            IBridge(BRIDGE).depositToken(USDC, account, uint96(amount));
        }
    }

    /// @dev Count an entry that was paid, once.
    function _receive(uint64 slot, uint32 account, uint256 amount, uint8 place) private {
        if (isCollected[slot]) revert AlreadyCollected(slot);
        isCollected[slot] = true;
        if (_machine.exitedAt == 0) _incoming += uint128(amount);
        else _gathered[place] += amount;
        emit Collected(_machine.number, slot, account, amount);
        if (place == OWN) _wrap(amount);
    }

    /// @dev End the epoch with what came home, convert its queues, and open the next one. What stayed is in its conversion
    /// by now: it is no argument, for solc makes a copy of a function for each call with a number that it knows.
    function _close() private {
        uint64 number = _machine.number;
        uint128 stayed = _conversions[number].stayed;
        Amounts memory queued = _queued[number & 1];
        uint256 received = uint256(_idle) + _incoming;
        uint256 supply = _supply();
        VaultResult memory result = STRATEGY.planClose(
            VaultEnd({
                received: received,
                supply: supply,
                stayed: stayed,
                rolledAt: _machine.rolledAt,
                cranks: _crankers.length,
                mark: highWaterMark,
                deposits: queued.assets,
                redeems: queued.shares,
                lateRedeems: _queued[(number + 1) & 1].shares
            })
        );
        emit FeesTaken(number, result.management, result.performance, _payCranks(result.perCrank));
        emit Closed(number, _machine.generation, result.managed, supply, stayed, received, msg.sender);
        _setAside(FEE_RECIPIENT, result.management + result.performance);
        highWaterMark = result.mark;
        uint256 left = result.managed - result.paid;
        if (result.isTotalLoss) {
            _checkGrace(_machine.settledAt);
            // Shares that were requested too late have no other close.
            queued.shares += _queued[(number + 1) & 1].shares;
            _queued[(number + 1) & 1].shares = 0;
            emit GenerationEnded(_machine.generation, number, left);
            _setAside(FEE_RECIPIENT, left);
            left = 0;
            ++_machine.generation;
        }
        SHARE.convert(queued.shares, result.minted, result.isTotalLoss);
        _conversions[number] = Conversion({
            generation: _machine.generation,
            closedAt: uint56(block.timestamp),
            isTotalLoss: result.isTotalLoss,
            stayed: stayed,
            assets: uint128(result.managed),
            supply: uint128(supply),
            deposited: queued.assets,
            redeemed: queued.shares
        });
        emit Converted(number, queued.assets, result.minted, queued.shares, result.paid);
        _claimable += uint128(result.paid);
        (_managed, _idle, _incoming) = (uint128(left + queued.assets), uint128(left + queued.assets), 0);
        _open(number + 1);
    }

    /// @dev The next epoch.
    function _open(uint64 number) private {
        delete _queued[(number - 1) & 1];
        delete _crankers;
        (_sent.depositAmount, _sent.sentBalance) = (0, 0);
        (_machine.expiryAt, _machine.rolledAt, _machine.lostAt) = (0, 0, 0);
        (_machine.rounds, _machine.settledAt, _machine.number) = (0, 0, number);
    }

    /// @dev The old account may hold what nobody counts on any more, or debts; one that was opened on L2 takes no deposit.
    function _changeAccount() private {
        uint32 previous = uint32(_sent.account);
        emit AccountChanged(_machine.number, previous, _openAccount());
    }

    function _payCranks(uint256 perCrank) private returns (uint256 cranks) {
        address[] memory crankers = _crankers;
        for (uint256 i = 0; i < crankers.length; ++i) {
            _setAside(crankers[i], perCrank);
        }
        return perCrank * crankers.length;
    }

    function _setAside(address recipient, uint256 amount) private {
        if (amount == 0) return;
        feesOf[recipient] += amount;
        _feesOwed += uint128(amount);
    }

    /// @dev Offer options of the date that is next now.
    function _sendSale() private returns (uint64 expiryAt, uint64 message) {
        bytes memory body;
        (expiryAt, body) = STRATEGY.planSale(uint32(_sent.account));
        message = _send(body);
    }

    function _send(bytes memory body) private returns (uint64 message) {
        message = IInbox(INBOX).sendForced(body);
        _sent.lastMessage = message;
    }

    /// @dev Evidence of money may still come.
    function _checkGrace(uint256 since) private view {
        if (!_hasCome(since + LOSS_GRACE_SECONDS)) revert GraceRunning(since + LOSS_GRACE_SECONDS);
    }

    function _checkRunning() private view {
        if (_machine.exitedAt != 0) revert WrongPhase(VaultPhase.EXITED);
        if (_exitModeEntered()) revert ExitModeEntered();
    }

    /// @dev Whether the account takes deposits: the bridge knows those that it gave a number.
    function _isOnBridge() private view returns (bool) {
        return _sent.account < Layout.DEPOSIT_ACCOUNTS_LIMIT;
    }

    /// @dev What an account that is given up holds is converted to the last lot.
    function _known() private view returns (VaultMemory memory) {
        return VaultMemory({
            account: uint32(_sent.account),
            group: uint32(_sent.group),
            lastMessage: _sent.lastMessage,
            expiryAt: _machine.expiryAt,
            rounds: _isOnBridge() ? _machine.rounds : 0,
            sentBalance: _sent.sentBalance
        });
    }
}
