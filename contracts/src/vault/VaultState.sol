// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {Deadline} from "../core/Deadline.sol";
import {IBridge} from "../interfaces/IBridge.sol";
import {IExitMode} from "../interfaces/IExitMode.sol";
import {IInbox} from "../interfaces/IInbox.sol";
import {IOptionVault} from "../interfaces/IOptionVault.sol";
import {IVaultShare} from "../interfaces/IVaultShare.sol";
import {IVaultStrategy} from "../interfaces/IVaultStrategy.sol";
import {VaultBooks, VaultConversion, VaultEpoch, VaultPhase, VaultTerms} from "../types/Vault.sol";
import {VaultClock} from "./VaultClock.sol";
import {VaultMath} from "./VaultMath.sol";
import {VaultShare} from "./VaultShare.sol";

/// @notice What an option vault is and remembers. Promises: IOptionVault.
abstract contract VaultState is IOptionVault {
    /// @dev The machine. `settledAt`: when the expiry was proven first.
    struct Machine {
        uint64 number;
        uint64 generation;
        uint64 expiryAt;
        uint64 exitedAt;
        uint64 rolledAt;
        uint64 lostAt;
        uint64 settledAt;
        uint56 rounds;
        bool depositsPaused;
    }

    /// @dev What was sent to L2 last, and proven of it. `withdrawMessage`: the first one that sends everything home. `group`
    /// marks the account that was opened for the vault and what a liquidation of it leaves, until they are lost (L-4).
    struct Sent {
        uint64 account;
        uint64 group;
        uint64 lastMessage;
        uint64 depositMessage;
        uint128 depositAmount;
        uint128 sentBalance;
        uint64 outboxFloor;
        uint64 indexPrice;
        uint64 withdrawMessage;
    }

    /// @dev Assets and shares: queued for an epoch, or claimable.
    struct Amounts {
        uint128 assets;
        uint128 shares;
    }

    struct Conversion {
        uint64 generation;
        uint56 closedAt;
        bool isTotalLoss;
        uint128 stayed;
        uint128 assets;
        uint128 supply;
        uint128 deposited;
        uint128 redeemed;
    }

    uint256 internal constant MAX_CRANKS = 8;
    uint8 internal constant USDC = 0;

    IVaultStrategy internal immutable STRATEGY;
    IVaultShare internal immutable SHARE;
    address internal immutable BRIDGE;
    address internal immutable INBOX;
    address internal immutable ASSERTION_CHAIN;
    address internal immutable EXIT_MODE;
    address internal immutable ASSET;
    address internal immutable USDC_TOKEN;
    address internal immutable GUARDIAN;
    address internal immutable FEE_RECIPIENT;
    bool internal immutable IS_CALL;
    uint96 internal immutable CAP;
    uint96 internal immutable MINIMUM;
    uint64 internal immutable LOSS_GRACE_SECONDS;
    uint32 private immutable _SALE_SECONDS;
    uint64 private immutable _FORCE_AFTER_SECONDS;

    Machine internal _machine;
    Sent internal _sent;
    uint128 internal _managed;
    uint128 internal _idle;
    uint128 internal _incoming;
    uint128 internal _claimable;
    uint128 internal _feesOwed;
    /// @dev When a sale was sent again last, in whatever epoch.
    uint64 internal _resentAt;
    /// @inheritdoc IOptionVault
    uint256 public highWaterMark = VaultMath.PAR;
    /// @dev By the parity of the epoch that converts them: only two epochs have queues at a time.
    Amounts[2] internal _queued;
    mapping(uint256 epoch => Conversion conversion) internal _conversions;
    address[] internal _crankers;
    /// @inheritdoc IOptionVault
    mapping(address recipient => uint256 assets) public feesOf;
    /// @dev Accounts that were opened for the vault, or left for it by a liquidation.
    mapping(uint32 account => bool ours) internal _isOurs;
    /// @inheritdoc IOptionVault
    mapping(uint64 slot => bool collected) public isCollected;

    constructor(string memory name, string memory symbol, IVaultStrategy strategy_) {
        VaultTerms memory terms = strategy_.terms();
        IBridge bridge = IBridge(terms.bridge);
        STRATEGY = strategy_;
        BRIDGE = terms.bridge;
        INBOX = bridge.INBOX();
        ASSERTION_CHAIN = bridge.ASSERTION_CHAIN();
        EXIT_MODE = bridge.EXIT_MODE();
        USDC_TOKEN = bridge.token(USDC);
        ASSET = terms.asset;
        GUARDIAN = terms.guardian;
        FEE_RECIPIENT = terms.feeRecipient;
        IS_CALL = terms.isCall;
        CAP = terms.cap;
        MINIMUM = terms.minimum;
        LOSS_GRACE_SECONDS = terms.lossGraceSeconds;
        _SALE_SECONDS = terms.saleSeconds;
        _FORCE_AFTER_SECONDS = IInbox(bridge.INBOX()).FORCE_AFTER_SECONDS();
        SHARE = new VaultShare(name, symbol, terms.asset);
        _machine.number = 1;
        _openAccount();
    }

    /// @inheritdoc IOptionVault
    function epoch() external view returns (VaultEpoch memory) {
        return VaultEpoch({
            number: _machine.number,
            generation: _machine.generation,
            expiryAt: _machine.expiryAt,
            rolledAt: _machine.rolledAt,
            account: _sent.account,
            lastMessage: _sent.lastMessage,
            depositMessage: _sent.depositMessage,
            depositAmount: _sent.depositAmount,
            outboxFloor: _sent.outboxFloor,
            rounds: _machine.rounds,
            sentBalance: _sent.sentBalance,
            lostAt: _machine.lostAt,
            indexPrice: _sent.indexPrice,
            cranks: uint64(_crankers.length),
            group: _sent.group
        });
    }

    /// @inheritdoc IOptionVault
    function conversionOf(uint64 number) external view returns (VaultConversion memory) {
        Conversion storage pair = _conversions[number];
        return VaultConversion({
            generation: pair.generation,
            closedAt: pair.closedAt,
            isTotalLoss: pair.isTotalLoss,
            assets: pair.assets,
            supply: pair.supply,
            stayed: pair.stayed,
            deposited: pair.deposited,
            redeemed: pair.redeemed
        });
    }

    /// @inheritdoc IOptionVault
    function books() external view returns (VaultBooks memory) {
        Amounts storage now_ = _queued[_machine.number & 1];
        Amounts storage late = _queued[(_machine.number + 1) & 1];
        return VaultBooks({
            managed: _managed,
            idle: _idle,
            incoming: _incoming,
            pendingDeposits: now_.assets,
            lateDeposits: late.assets,
            pendingRedeems: now_.shares,
            lateRedeems: late.shares,
            claimable: _claimable,
            fees: _feesOwed
        });
    }

    /// @inheritdoc IOptionVault
    function depositsPaused() external view returns (bool) {
        return _machine.depositsPaused;
    }

    /// @inheritdoc IOptionVault
    function strategy() external view returns (address) {
        return address(STRATEGY);
    }

    /// @inheritdoc IOptionVault
    function cutoffAt() public view returns (uint64) {
        uint256 expiryAt = _machine.expiryAt;
        return expiryAt == 0 ? 0 : uint64(expiryAt - VaultClock.CUTOFF_SECONDS);
    }

    /// @inheritdoc IOptionVault
    function phase() public view returns (VaultPhase) {
        if (_machine.exitedAt != 0) return VaultPhase.EXITED;
        uint256 expiryAt = _machine.expiryAt;
        if (expiryAt == 0) return VaultPhase.OPEN;
        if (_machine.settledAt != 0) return VaultPhase.SETTLED;
        uint256 soldAt = Math.max(_machine.rolledAt, _resentAt) + _FORCE_AFTER_SECONDS;
        if (!_hasCome(soldAt)) return VaultPhase.LOCKED;
        uint256 until = Math.min(soldAt + _SALE_SECONDS, expiryAt - VaultClock.CUTOFF_SECONDS);
        return _hasCome(until) ? VaultPhase.LIVE : VaultPhase.SALE;
    }

    /// @dev Register another account at the bridge, and go on with it.
    function _openAccount() internal returns (uint32 account) {
        account = IBridge(BRIDGE).openAccount(address(this));
        _isOurs[account] = true;
        (_sent.account, _sent.group) = (account, account);
    }

    function _supply() internal view returns (uint256) {
        return SHARE.totalSupply();
    }

    function _exitModeEntered() internal view returns (bool) {
        return IExitMode(EXIT_MODE).entered();
    }

    /// @dev Whether `time` has come.
    function _hasCome(uint256 time) internal view returns (bool) {
        return Deadline.reached(block.timestamp, time, 0);
    }
}
