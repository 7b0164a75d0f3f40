// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20Metadata} from "@openzeppelin/contracts/interfaces/IERC20Metadata.sol";

import {Layout} from "../core/Layout.sol";
import {Leaves} from "../core/Leaves.sol";
import {AssertionStatus, IAssertionChain} from "../interfaces/IAssertionChain.sol";
import {IBridge} from "../interfaces/IBridge.sol";
import {IExitMode} from "../interfaces/IExitMode.sol";
import {IInbox} from "../interfaces/IInbox.sol";
import {IOptionVault} from "../interfaces/IOptionVault.sol";
import {IVaultStrategy} from "../interfaces/IVaultStrategy.sol";
import {StateProof} from "../proof/StateProof.sol";
import {Cursor, Withdrawal} from "../types/State.sol";
import {VaultAction, VaultEnd, VaultMemory, VaultResult, VaultStep, VaultTerms} from "../types/Vault.sol";
import {VaultClock} from "./VaultClock.sol";
import {VaultMath} from "./VaultMath.sol";
import {VaultPlan} from "./VaultPlan.sol";
import {VaultProof} from "./VaultProof.sol";
import {VaultRecords} from "./VaultRecords.sol";

/// @title What an option vault is, and works out
/// @dev Promises: IVaultStrategy.
contract VaultStrategy is IVaultStrategy {
    uint8 private constant USDC = 0;
    uint8 private constant ETH = 1;
    uint8 private constant ETH_DECIMALS = 18;
    /// @dev Between items, or inside one with no task in flight (docs/spec.md X-12).
    uint8 private constant IDLE_PHASE = 1;
    uint256 private constant MAX_MANAGEMENT_PPM = 100_000;
    uint256 private constant MAX_PERFORMANCE_PPM = 500_000;
    uint256 private constant MAX_CRANK_PPM = 50_000;
    uint256 private constant MAX_PRICE_PPM = 10_000_000;
    /// @dev Shares of it, at a millionth of par, fit into 128 bits.
    uint256 private constant MAX_CAP = 1 << 87;
    uint256 private constant MAX_ROUNDS = 64;
    uint256 private constant MAX_TENOR_SECONDS = 21 days;
    uint256 private constant MAX_GRACE_SECONDS = 365 days;

    IAssertionChain private immutable _CHAIN;
    address private immutable _BRIDGE;
    address private immutable _ASSET;
    address private immutable _GUARDIAN;
    address private immutable _FEE_RECIPIENT;
    bool private immutable _IS_CALL;
    uint8 private immutable _UNDERLYING;
    uint16 private immutable _SPOT_SERIES;
    uint32 private immutable _DELTA_PPM;
    uint32 private immutable _MAX_LOTS;
    uint32 private immutable _START_PPM;
    uint32 private immutable _RESERVE_PPM;
    uint32 private immutable _SALE_SECONDS;
    uint16 private immutable _MAX_FEE_PPM;
    uint32 private immutable _SLIPPAGE_PPM;
    uint8 private immutable _MAX_ROUNDS;
    uint64 private immutable _MIN_TENOR_SECONDS;
    uint64 private immutable _LOSS_GRACE_SECONDS;
    uint96 private immutable _CAP;
    uint96 private immutable _MINIMUM;
    uint32 private immutable _MANAGEMENT_PPM;
    uint32 private immutable _PERFORMANCE_PPM;
    uint96 private immutable _CRANK_FEE;
    uint32 private immutable _CRANK_PPM;

    constructor(VaultTerms memory t) {
        _checkTerms(t);
        _CHAIN = IAssertionChain(IBridge(t.bridge).ASSERTION_CHAIN());
        _BRIDGE = t.bridge;
        _ASSET = t.asset;
        _GUARDIAN = t.guardian;
        _FEE_RECIPIENT = t.feeRecipient;
        _IS_CALL = t.isCall;
        _UNDERLYING = t.underlying;
        _SPOT_SERIES = t.spotSeries;
        _DELTA_PPM = t.deltaPpm;
        _MAX_LOTS = t.maxLots;
        _START_PPM = t.startPpm;
        _RESERVE_PPM = t.reservePpm;
        _SALE_SECONDS = t.saleSeconds;
        _MAX_FEE_PPM = t.maxFeePpm;
        _SLIPPAGE_PPM = t.slippagePpm;
        _MAX_ROUNDS = t.maxRounds;
        _MIN_TENOR_SECONDS = t.minTenorSeconds;
        _LOSS_GRACE_SECONDS = t.lossGraceSeconds;
        _CAP = t.cap;
        _MINIMUM = t.minimum;
        _MANAGEMENT_PPM = t.managementPpm;
        _PERFORMANCE_PPM = t.performancePpm;
        _CRANK_FEE = t.crankFee;
        _CRANK_PPM = t.crankPpm;
    }

    /// @inheritdoc IVaultStrategy
    function planSale(uint32 account) external view returns (uint64 expiryAt, bytes memory body) {
        expiryAt = expiryAfter(uint64(block.timestamp));
        body = VaultRecords.encodeSale(account, expiryAt, terms());
    }

    /// @inheritdoc IVaultStrategy
    function planSettlement(
        bytes32 assertionId,
        VaultMemory calldata known,
        bytes[] calldata values,
        bytes calldata siblings
    ) external view returns (VaultStep memory step) {
        VaultTerms memory t = terms();
        VaultProof.Opened memory opened =
            VaultProof.openStanding(_confirmedRoot(assertionId), known.account, t, values, siblings);
        _checkCursor(opened.cursor, known.lastMessage);
        uint256 expiryMs = uint256(known.expiryAt) * 1000;
        if (opened.cursor.timeMs < expiryMs) revert IOptionVault.NotExpired(opened.cursor.timeMs, expiryMs);
        (step.outboxNext, step.cash, step.indexPrice) = (opened.outboxNext, opened.cash, opened.indexPrice);
        step.action = VaultAction.WRITE_OFF;
        if (!_isHeld(opened, known.group)) return step;
        if (opened.hasPositions) revert IOptionVault.HasPositions(known.account);
        step.balance = _balanceOf(opened);
        if (step.balance < known.sentBalance) revert IOptionVault.AlreadyWithdrawn(step.balance, known.sentBalance);
        if (_IS_CALL) {
            (step.action, step.amount, step.body) = VaultPlan.decide(opened, known.account, known.rounds, t);
        } else if (step.balance != 0) {
            (step.action, step.amount) = (VaultAction.WITHDRAW, step.balance);
        }
        if (step.action == VaultAction.WITHDRAW) {
            step.body = VaultRecords.encodeWithdrawal(known.account, _asset(), step.amount, msg.sender);
        } else if (step.action != VaultAction.WRITE_OFF) {
            // Older prices would be a choice of who calls.
            _checkLatest(assertionId);
        }
    }

    /// @inheritdoc IVaultStrategy
    function openWithdrawal(
        bytes32 assertionId,
        VaultMemory calldata known,
        uint64 slot,
        uint64 indexPrice,
        bytes[] calldata values,
        bytes calldata siblings
    ) external view returns (uint256 amount, uint256 stayed) {
        (VaultProof.Opened memory opened, Withdrawal memory entry) =
            VaultProof.openEntry(_confirmedRoot(assertionId), known.account, slot, values, siblings);
        _checkCursor(opened.cursor, known.lastMessage);
        bool isOwn = entry.account == known.account && entry.asset == _asset() && entry.recipient == msg.sender;
        if (!isOwn) revert IOptionVault.ForeignEntry(entry.account, entry.asset, entry.recipient);
        _checkPaid(slot);
        if (!_isHeld(opened, known.group)) {
            revert IOptionVault.ForeignAccount(known.account, opened.owner, opened.group);
        }
        // Of an account in debt an older state may hide that it was lost since, and the next roll pays into it.
        if (opened.cash < 0) _checkLatest(assertionId);
        amount = entry.amount;
        stayed = _balanceOf(opened);
        if (_IS_CALL) stayed = VaultPlan.valueOf(opened, indexPrice);
    }

    /// @inheritdoc IVaultStrategy
    function checkEntry(
        bytes32 assertionId,
        Withdrawal calldata entry,
        uint64 slot,
        bytes32[] calldata branch,
        bool cashToo
    ) external view returns (bool isCash) {
        bytes32 root = _confirmedRoot(assertionId);
        bytes32 actual = StateProof.rootOf(Layout.outboxKey(slot), Leaves.encodeWithdrawal(entry), branch);
        if (actual != root) revert IOptionVault.LeafMismatch(root, actual);
        isCash = cashToo && _IS_CALL && entry.asset == USDC;
        if (entry.recipient != msg.sender || (!isCash && entry.asset != _asset())) {
            revert IOptionVault.ForeignEntry(entry.account, entry.asset, entry.recipient);
        }
        _checkPaid(slot);
    }

    /// @inheritdoc IVaultStrategy
    function checkProceeds(
        bytes32 assertionId,
        uint32 account,
        uint32 group,
        bytes[] calldata values,
        bytes calldata siblings
    ) external view {
        (address owner, uint32 actual) = VaultProof.openGroup(_confirmedRoot(assertionId), account, values, siblings);
        bool isOpened = account >= Layout.DEPOSIT_ACCOUNTS_LIMIT && account < Layout.ACCOUNTS_LIMIT;
        if (!isOpened || owner != msg.sender || actual != group) {
            revert IOptionVault.ForeignAccount(account, owner, actual);
        }
    }

    /// @inheritdoc IVaultStrategy
    function planClose(VaultEnd calldata end) external view returns (VaultResult memory) {
        return VaultMath.endOf(end, terms(), block.timestamp - end.rolledAt);
    }

    /// @inheritdoc IVaultStrategy
    function exitPaid(uint32 account) external view returns (uint256 assets, uint256 usdc) {
        IExitMode exitMode = IExitMode(IBridge(_BRIDGE).EXIT_MODE());
        if (exitMode.claimOf(account).owner != msg.sender) return (0, 0);
        assets = exitMode.paid(account, _asset());
        if (_IS_CALL) usdc = exitMode.paid(account, USDC);
    }

    /// @inheritdoc IVaultStrategy
    function terms() public view returns (VaultTerms memory) {
        return VaultTerms({
            bridge: _BRIDGE,
            asset: _ASSET,
            guardian: _GUARDIAN,
            feeRecipient: _FEE_RECIPIENT,
            isCall: _IS_CALL,
            underlying: _UNDERLYING,
            spotSeries: _SPOT_SERIES,
            deltaPpm: _DELTA_PPM,
            maxLots: _MAX_LOTS,
            startPpm: _START_PPM,
            reservePpm: _RESERVE_PPM,
            saleSeconds: _SALE_SECONDS,
            maxFeePpm: _MAX_FEE_PPM,
            slippagePpm: _SLIPPAGE_PPM,
            maxRounds: _MAX_ROUNDS,
            minTenorSeconds: _MIN_TENOR_SECONDS,
            lossGraceSeconds: _LOSS_GRACE_SECONDS,
            cap: _CAP,
            minimum: _MINIMUM,
            managementPpm: _MANAGEMENT_PPM,
            performancePpm: _PERFORMANCE_PPM,
            crankFee: _CRANK_FEE,
            crankPpm: _CRANK_PPM
        });
    }

    /// @inheritdoc IVaultStrategy
    function expiryAfter(uint64 time) public view returns (uint64) {
        return uint64(VaultClock.fridayFrom(uint256(time) + _MIN_TENOR_SECONDS));
    }

    function _confirmedRoot(bytes32 assertionId) private view returns (bytes32 root) {
        AssertionStatus status;
        (root,, status) = _CHAIN.outcome(assertionId);
        if (status != AssertionStatus.CONFIRMED) revert IOptionVault.NotConfirmed(assertionId);
    }

    function _checkLatest(bytes32 assertionId) private view {
        bytes32 latest = _CHAIN.latestConfirmed();
        if (assertionId != latest) revert IOptionVault.NotLatest(assertionId, latest);
    }

    function _checkPaid(uint64 slot) private view {
        if (!IBridge(_BRIDGE).isFinalized(slot)) revert IOptionVault.NotFinalized(slot);
    }

    /// @dev The asset's number at the bridge.
    function _asset() private view returns (uint8) {
        return _IS_CALL ? ETH : USDC;
    }

    /// @dev Whether the vault has not lost an account: an owner alone proves nothing, for who bought one may give it back,
    /// emptied, indebted, or with keys that still trade. Nobody can put it back into its group.
    function _isHeld(VaultProof.Opened memory opened, uint32 group) private view returns (bool) {
        return opened.owner == msg.sender && opened.group == group;
    }

    /// @dev What an account has of the vault's asset.
    function _balanceOf(VaultProof.Opened memory opened) private view returns (uint256) {
        if (_IS_CALL) return opened.held;
        return opened.cash > 0 ? uint256(opened.cash) : 0;
    }

    function _checkTerms(VaultTerms memory t) private view {
        if (t.bridge.code.length == 0) revert IOptionVault.InvalidParameter("bridge", uint160(t.bridge));
        if (t.feeRecipient == address(0)) revert IOptionVault.InvalidParameter("feeRecipient", 0);
        if (t.isCall) {
            if (IERC20Metadata(t.asset).decimals() != ETH_DECIMALS) revert IOptionVault.InvalidParameter("asset", 0);
            if (t.spotSeries == 0) revert IOptionVault.InvalidParameter("spotSeries", 0);
        } else if (t.asset != IBridge(t.bridge).token(USDC)) {
            revert IOptionVault.InvalidParameter("asset", uint160(t.asset));
        }
        _checkMost("underlying", t.underlying, Layout.UNDERLYING_LIMIT - 1);
        _checkMost("spotSeries", t.spotSeries, Layout.BOOK_LIMIT - 1);
        _checkMost("deltaPpm", t.deltaPpm, VaultMath.PPM);
        _checkRange("maxLots", t.maxLots, 1, Layout.MAX_LOTS);
        _checkMost("startPpm", t.startPpm, MAX_PRICE_PPM);
        _checkRange("reservePpm", t.reservePpm, 1, t.startPpm);
        _checkRange("saleSeconds", t.saleSeconds, 1, VaultClock.WEEK_SECONDS);
        _checkMost("slippagePpm", t.slippagePpm, VaultMath.PPM / 2);
        _checkRange("maxRounds", t.maxRounds, 1, MAX_ROUNDS);
        uint256 force = IInbox(IBridge(t.bridge).INBOX()).FORCE_AFTER_SECONDS();
        uint256 tenor = force + t.saleSeconds + VaultClock.CUTOFF_SECONDS;
        _checkRange("minTenorSeconds", t.minTenorSeconds, tenor, MAX_TENOR_SECONDS);
        uint256 maturity = IBridge(t.bridge).MATURITY_SECONDS();
        _checkRange("lossGraceSeconds", t.lossGraceSeconds, maturity, MAX_GRACE_SECONDS);
        _checkRange("cap", t.cap, t.minimum, MAX_CAP);
        _checkRange("minimum", t.minimum, 1, MAX_CAP);
        _checkMost("managementPpm", t.managementPpm, MAX_MANAGEMENT_PPM);
        _checkMost("performancePpm", t.performancePpm, MAX_PERFORMANCE_PPM);
        _checkMost("crankPpm", t.crankPpm, MAX_CRANK_PPM);
    }

    /// @dev The state has consumed the last message of the vault, and is done with it.
    function _checkCursor(Cursor memory cursor, uint64 lastMessage) private pure {
        if (cursor.delayed <= lastMessage) revert IOptionVault.MessagePending(cursor.delayed, lastMessage);
        if (cursor.phase > IDLE_PHASE) revert IOptionVault.TaskRunning(cursor.phase);
    }

    function _checkMost(bytes32 name, uint256 value, uint256 most) private pure {
        _checkRange(name, value, 0, most);
    }

    function _checkRange(bytes32 name, uint256 value, uint256 least, uint256 most) private pure {
        if (value < least || value > most) revert IOptionVault.InvalidParameter(name, value);
    }
}
