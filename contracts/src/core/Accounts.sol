// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Frame, Frames} from "../steps/Frames.sol";
import {Cold, Hot, ProtectionRow, SessionKey} from "../types/Account.sol";
import {OrderClass} from "../types/Family.sol";
import {LeafKey} from "../types/LeafKey.sol";
import {Reason} from "../types/Reason.sol";
import {Freeze, OpenAccount, SetDeadMan, SetGuardian, SetKey, SetMode, SetProtection} from "../types/Records.sol";
import {Allocators, Owner} from "../types/State.sol";
import {AccountLeaves} from "./AccountLeaves.sol";
import {Authorities, Authority} from "./Authority.sol";
import {Cash} from "./Cash.sol";
import {Flags} from "./Flags.sol";
import {Layout} from "./Layout.sol";
import {Leaves} from "./Leaves.sol";
import {Leaving} from "./Leaving.sol";
import {Refresh} from "./Refresh.sol";
import {Risk} from "./Risk.sol";
import {Standings} from "./Standing.sol";

/// @notice Records by which an account orders its own affairs: further accounts, keys, freeze, protection
/// (docs/spec.md K).
/// @custom:twin rollup_node/core/accounts.py
library Accounts {
    using Authorities for Frame;
    using Frames for Frame;

    uint256 internal constant GUARDIAN_KEY = 255;
    uint256 internal constant SCOPE_LIMIT = 16;
    uint256 internal constant OWNER_ONLY = 0;
    uint256 internal constant MAX_WINDOW_MS = 86_400_000;
    uint256 internal constant TIME_LIMIT_MS = 1 << 48;
    /// @dev What a number of the upper half costs, µUSDC: there are 2^21 of them.
    int256 internal constant OPENING_USDC = 1_000_000;

    function readCold(Frame memory frame, uint256 account) internal pure returns (Cold memory) {
        return AccountLeaves.decodeCold(frame.get(Layout.coldKey(account)));
    }

    /// @notice Whether an account is neither frozen nor in liquidation (K-4).
    function checkFree(Hot memory hot) internal pure returns (Reason) {
        if (hot.flags & Flags.FROZEN != 0) return Reason.FROZEN;
        return hot.flags & Flags.LIQUIDATING != 0 ? Reason.LIQUIDATING : Reason.OK;
    }

    /// @notice Admit a record of the owner whose account is free.
    function admitOwner(Frame memory frame, uint256 account, uint256 nonce, Authority memory authority)
        internal
        pure
        returns (Reason reason)
    {
        reason = frame.admit(account, 0, nonce, authority, OWNER_ONLY, OrderClass.MAKER);
        if (reason == Reason.OK) reason = checkFree(Risk.readHot(frame, account));
    }

    /// @notice Open an account of the same owner and group, isolated if it names a series (K-7). It costs a dollar, which
    /// leaves the opener by M-9 to the fees; who is not current is refreshed instead.
    function openAccount(Frame memory frame, OpenAccount memory record, Authority memory authority)
        internal
        pure
        returns (Reason reason)
    {
        reason = admitOwner(frame, record.account, record.nonce, authority);
        if (reason != Reason.OK) return reason;
        if (record.series != 0) {
            bool known = record.series < Layout.SERIES_LIMIT && frame.get(Layout.termsKey(record.series)).length != 0;
            if (!known) return Reason.UNKNOWN_SERIES;
        }
        Hot memory hot = Risk.readHot(frame, record.account);
        if (!Risk.isCurrent(hot, Risk.readPrices(frame))) {
            Refresh.beginRefresh(frame, record.account, frame.phase);
            return Reason.STALE_ACCOUNT;
        }
        int256[4] memory left = Cash.readBalances(frame, record.account);
        left[0] -= OPENING_USDC;
        if (left[0] < 0) return Reason.INSUFFICIENT_BALANCE;
        reason = Leaving.checkLeaving(frame, hot, left, Risk.readPrices(frame));
        if (reason != Reason.OK) return reason;
        address owner = Leaves.decodeOwner(frame.get(Layout.ownerKey(record.account))).owner;
        uint256 opened = allocateAccount(frame, owner, hot.group, record.series != 0 ? uint8(Flags.CHILD) : 0, 0);
        if (opened == 0) return Reason.ACCOUNTS_FULL;
        if (record.series != 0) {
            Cold memory cold = readCold(frame, opened);
            cold.parent = record.account;
            cold.series = record.series;
            frame.put(Layout.coldKey(opened), AccountLeaves.encodeCold(cold));
        }
        frame.put(Layout.balancesKey(record.account), Leaves.encodeBalances(left));
        Cash.addFees(frame, OPENING_USDC);
    }

    /// @notice Open the next account of the upper half with `cash` µUSDC; 0 if there is none left (K-7).
    function allocateAccount(Frame memory frame, address owner, uint32 group, uint8 flags, int256 cash)
        internal
        pure
        returns (uint256 opened)
    {
        Allocators memory allocators = Leaves.decodeAllocators(frame.get(Layout.ALLOCATORS));
        opened = Layout.DEPOSIT_ACCOUNTS_LIMIT + allocators.nextAccount;
        if (opened >= Layout.ACCOUNTS_LIMIT) return 0;
        frame.get(Layout.ownerKey(opened));
        frame.get(Layout.hotKey(opened));
        frame.get(Layout.balancesKey(opened));
        allocators.nextAccount += 1;
        frame.put(Layout.ALLOCATORS, Leaves.encodeAllocators(allocators));
        frame.put(Layout.ownerKey(opened), Leaves.encodeOwner(Owner(owner, 0, 0)));
        Hot memory hot = AccountLeaves.decodeHot("");
        (hot.group, hot.flags) = (group, flags);
        frame.put(Layout.hotKey(opened), AccountLeaves.encodeHot(hot));
        int256[4] memory amounts;
        amounts[0] = cash;
        frame.put(Layout.balancesKey(opened), Leaves.encodeBalances(amounts));
    }

    /// @notice Register or clear a session key; the nonce window of its place stays (K-3).
    function setKey(Frame memory frame, SetKey memory record, Authority memory authority)
        internal
        pure
        returns (Reason reason)
    {
        reason = admitOwner(frame, record.account, record.nonce, authority);
        if (reason != Reason.OK) return reason;
        if (record.number == 0 || record.number > Layout.SESSION_KEYS) return Reason.BAD_KEY_NUMBER;
        if (record.scope >= SCOPE_LIMIT) return Reason.BAD_PARAMETERS;
        if (record.keyAddress != address(0) && record.expiry <= frame.timeMs) return Reason.KEY_EXPIRED;
        LeafKey place = Layout.sessionKeyKey(record.account, record.number);
        SessionKey memory session = AccountLeaves.decodeSessionKey(frame.get(place));
        session.keyAddress = record.keyAddress;
        session.scope = record.scope;
        session.markets = record.markets;
        session.expiryMs = record.expiry;
        session.orderCap = record.orderCap;
        frame.put(place, AccountLeaves.encodeSessionKey(session));
    }

    /// @notice Freeze an account, or end it: what the guardian froze only the guardian ends (K-4).
    function freeze(Frame memory frame, Freeze memory record, Authority memory authority)
        internal
        pure
        returns (Reason reason)
    {
        bool byGuardian = record.key == GUARDIAN_KEY;
        reason = byGuardian
            ? _admitGuardian(frame, record, authority)
            : frame.admit(record.account, record.key, record.nonce, authority, OWNER_ONLY, OrderClass.MAKER);
        if (reason != Reason.OK) return reason;
        Hot memory hot = Risk.readHot(frame, record.account);
        if (record.frozen) {
            hot.flags |= uint8(byGuardian ? Flags.FROZEN | Flags.GUARDIAN : Flags.FROZEN);
        } else if (hot.flags & Flags.GUARDIAN != 0 && !byGuardian) {
            return Reason.FROZEN;
        } else {
            hot.flags &= ~uint8(Flags.FROZEN | Flags.GUARDIAN);
        }
        frame.put(Layout.hotKey(record.account), AccountLeaves.encodeHot(hot));
    }

    /// @notice Name who may freeze the account, or nobody (K-4).
    function setGuardian(Frame memory frame, SetGuardian memory record, Authority memory authority)
        internal
        pure
        returns (Reason reason)
    {
        reason = admitOwner(frame, record.account, record.nonce, authority);
        if (reason != Reason.OK) return reason;
        Cold memory cold = readCold(frame, record.account);
        cold.guardian = record.guardian;
        frame.put(Layout.coldKey(record.account), AccountLeaves.encodeCold(cold));
    }

    /// @notice Set market-maker protection in one underlying, its window begins anew (K-5).
    function setProtection(Frame memory frame, SetProtection memory record, Authority memory authority)
        internal
        pure
        returns (Reason reason)
    {
        reason = _admitSettings(frame, record.account, record.key, record.nonce, authority);
        if (reason != Reason.OK) return reason;
        bool isSound = (record.limit != 0) == (record.windowMs != 0) && record.windowMs <= MAX_WINDOW_MS;
        if (record.underlying >= Layout.UNDERLYING_LIMIT || !isSound) return Reason.BAD_PARAMETERS;
        Hot memory hot = Risk.readHot(frame, record.account);
        Cold memory cold = readCold(frame, record.account);
        uint8 bit = uint8(2 ** record.underlying);
        hot.protected = record.limit != 0 ? hot.protected | bit : hot.protected & ~bit;
        cold.protections[record.underlying] = ProtectionRow(record.limit, record.windowMs, 0, 0);
        frame.put(Layout.hotKey(record.account), AccountLeaves.encodeHot(hot));
        frame.put(Layout.coldKey(record.account), AccountLeaves.encodeCold(cold));
    }

    /// @notice Set when the account's orders become void, 0: never (K-6).
    function setDeadMan(Frame memory frame, SetDeadMan memory record, Authority memory authority)
        internal
        pure
        returns (Reason reason)
    {
        reason = _admitSettings(frame, record.account, record.key, record.nonce, authority);
        if (reason != Reason.OK) return reason;
        if (record.timeMs >= TIME_LIMIT_MS) return Reason.BAD_PARAMETERS;
        Hot memory hot = Risk.readHot(frame, record.account);
        hot.deadManMs = record.timeMs;
        frame.put(Layout.hotKey(record.account), AccountLeaves.encodeHot(hot));
    }

    /// @notice Choose the risk model: only while there is no position, as rows and leaves are a model's own (K-8).
    function setMode(Frame memory frame, SetMode memory record, Authority memory authority)
        internal
        pure
        returns (Reason reason)
    {
        reason = _admitSettings(frame, record.account, record.key, record.nonce, authority);
        if (reason != Reason.OK) return reason;
        if (record.mode > Risk.PORTFOLIO) return Reason.BAD_MODE;
        Hot memory hot = Risk.readHot(frame, record.account);
        if (Standings.hasPositions(hot)) return Reason.HAS_POSITIONS;
        hot.mode = record.mode;
        frame.put(Layout.hotKey(record.account), AccountLeaves.encodeHot(hot));
    }

    /// @dev Admit a freeze by the guardian, who has an own nonce.
    function _admitGuardian(Frame memory frame, Freeze memory record, Authority memory authority)
        private
        pure
        returns (Reason)
    {
        if (frame.orderClass > OrderClass.MAKER && !authority.forced) return Reason.OUT_OF_CLASS;
        bool isAccount = record.account != 0 && record.account < Layout.ACCOUNTS_LIMIT;
        if (!isAccount || frame.get(Layout.ownerKey(record.account)).length == 0) return Reason.UNKNOWN_ACCOUNT;
        Cold memory cold = readCold(frame, record.account);
        if (cold.guardian == address(0) || authority.who != cold.guardian) {
            return authority.forced ? Reason.NOT_OWNER : Reason.BAD_SIGNATURE;
        }
        if (authority.forced) return Reason.OK;
        if (record.nonce > frame.timeMs + Layout.NONCE_LEAD_MS) return Reason.NONCE_TOO_NEW;
        if (record.nonce <= cold.guardianNonce) return Reason.NONCE_TOO_OLD;
        cold.guardianNonce = record.nonce;
        frame.put(Layout.coldKey(record.account), AccountLeaves.encodeCold(cold));
        frame.orderClass = OrderClass.MAKER;
        return Reason.OK;
    }

    /// @dev Admit a record of the owner or of a key for settings.
    function _admitSettings(Frame memory frame, uint256 account, uint256 key, uint256 nonce, Authority memory authority)
        private
        pure
        returns (Reason reason)
    {
        reason = frame.admit(account, key, nonce, authority, Flags.SCOPE_SETTINGS, OrderClass.MAKER);
        if (reason == Reason.OK) reason = checkFree(Risk.readHot(frame, account));
    }
}
