// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Frame, Frames} from "../steps/Frames.sol";
import {Cold, Hot, SessionKey} from "../types/Account.sol";
import {OrderClass, Phase} from "../types/Family.sol";
import {LeafKey} from "../types/LeafKey.sol";
import {Reason} from "../types/Reason.sol";
import {Bid} from "../types/Records.sol";
import {Owner, Withdrawal} from "../types/State.sol";
import {AccountLeaves} from "./AccountLeaves.sol";
import {Accounts} from "./Accounts.sol";
import {Authorities, Authority} from "./Authority.sol";
import {Cash} from "./Cash.sol";
import {FixedPoint} from "./FixedPoint.sol";
import {Flags} from "./Flags.sol";
import {Layout} from "./Layout.sol";
import {Leaves} from "./Leaves.sol";
import {Leaving, WayOut} from "./Leaving.sol";
import {Liquidation} from "./Liquidation.sol";
import {Refresh} from "./Refresh.sol";
import {Risk} from "./Risk.sol";
import {Standing, Standings} from "./Standing.sol";

/// @notice A sale that both sides can afford: `price` and `topUp` are what the bidder pays, µUSDC.
struct Sale {
    uint32 target;
    Hot hot;
    Cold cold;
    uint256 insurer;
    int256 price;
    int256 topUp;
}

/// @notice The sale of a whole account, and what the insurance fund does with one that nobody wants (docs/spec.md L-3 to
/// L-6).
/// @custom:twin rollup_node/core/auctions.py
library Auctions {
    using Frames for Frame;

    uint256 internal constant SALE_MS = 600_000;
    uint256 internal constant AUCTION_MS = 7_200_000;
    uint256 internal constant FIRST_PPM = 980_000;
    uint256 internal constant SECOND_PPM = 800_000;

    int256 private constant PPM = 1_000_000;
    uint256 private constant OWNER_ONLY = 0;

    /// @notice What part of its equity an account costs, `ageMs` into its auction; rounded down (L-3).
    function computePricePpm(uint256 ageMs) internal pure returns (uint256) {
        if (ageMs <= SALE_MS) return FIRST_PPM - FixedPoint.divDown((FIRST_PPM - SECOND_PPM) * ageMs, SALE_MS);
        uint256 left = ageMs < AUCTION_MS ? AUCTION_MS - ageMs : 0;
        return FixedPoint.divDown(SECOND_PPM * left, AUCTION_MS - SALE_MS);
    }

    /// @notice Price of an account, µUSDC; negative: what the insurance adds (L-3).
    function computePrice(Standing memory standing, uint256 ageMs, int256 insurance) internal pure returns (int256) {
        if (standing.equity > 0) return FixedPoint.divUp(standing.equity * int256(computePricePpm(ageMs)), PPM);
        uint256 counted = ageMs < SALE_MS ? ageMs : SALE_MS;
        int256 missing = (standing.maintenance - standing.equity) * int256(counted);
        int256 added = FixedPoint.divDown(missing, int256(SALE_MS));
        return -(added < insurance ? added : insurance);
    }

    /// @notice Buy a whole account that is for sale, and bring it back to its initial margin (L-4).
    function applyBid(Frame memory frame, Bid memory bid, Authority memory authority) internal pure returns (Reason) {
        Reason reason =
            Authorities.admit(frame, bid.account, bid.key, bid.nonce, authority, OWNER_ONLY, OrderClass.LIQUIDATION);
        if (reason == Reason.OK) reason = Accounts.checkFree(Risk.readHot(frame, bid.account));
        if (reason != Reason.OK) return reason;
        if (bid.target == bid.account) return Reason.SELF_TRANSFER;
        if (!Standings.isAccount(bid.target)) return Reason.UNKNOWN_ACCOUNT;
        Hot memory hot = Risk.readHot(frame, bid.target);
        if (hot.flags & Flags.LIQUIDATING == 0) return Reason.NOT_LIQUIDATABLE;
        if (hot.version != bid.version) return Reason.WRONG_VERSION;
        if (_refreshes(frame, bid.account) || _refreshes(frame, bid.target)) return Reason.STALE_ACCOUNT;
        return _buy(frame, bid.account, bid.target, hot, bid.price);
    }

    /// @notice Let the insurance fund take what nobody bought, or settle what it took; anyone may (L-5).
    function applyTakeover(Frame memory frame, uint32 account) internal pure returns (Reason reason) {
        if (!Standings.isAccount(account)) return Reason.UNKNOWN_ACCOUNT;
        Hot memory hot = Risk.readHot(frame, account);
        if (hot.flags & Flags.LIQUIDATING == 0) return Reason.NOT_LIQUIDATABLE;
        if (_refreshes(frame, account)) return Reason.STALE_ACCOUNT;
        Cold memory cold = Standings.readCold(frame, account);
        Standing memory standing;
        (reason, standing) = Standings.weighAccount(frame, account, hot);
        if (reason != Reason.OK) return reason;
        uint256 ageMs = uint256(frame.timeMs) - cold.auctionMs;
        if (hot.flags & Flags.FUND != 0) {
            _settleTaken(frame, account, hot, cold, standing);
            return Reason.OK;
        }
        if (standing.equity >= standing.maintenance || cold.auctionMs == 0) {
            if (cold.auctionMs != 0) Standings.release(frame, account, hot, cold);
            return Reason.NOT_LIQUIDATABLE;
        }
        if (ageMs < (standing.equity < 0 ? SALE_MS : AUCTION_MS)) return Reason.COOLING_DOWN;
        _take(frame, account, hot, cold, standing);
    }

    /// @dev Whether an account is not current: it is refreshed then.
    function _refreshes(Frame memory frame, uint32 account) private pure returns (bool) {
        if (Risk.isCurrent(Risk.readHot(frame, account), Risk.readPrices(frame))) return false;
        Refresh.beginRefresh(frame, account, Phase.IDLE);
        return true;
    }

    /// @dev Checks the price and the bidder's money, then hands over.
    function _buy(Frame memory frame, uint32 account, uint32 target, Hot memory hot, int256 limit)
        private
        pure
        returns (Reason reason)
    {
        Sale memory sale;
        (sale.target, sale.hot, sale.cold) = (target, hot, Standings.readCold(frame, target));
        if (sale.cold.auctionMs == 0) return Reason.NOT_LIQUIDATABLE;
        Standing memory standing;
        (reason, standing) = Standings.weighAccount(frame, target, hot);
        if (reason != Reason.OK) return reason;
        if (standing.equity >= standing.maintenance && hot.flags & Flags.FUND == 0) return Reason.NOT_LIQUIDATABLE;
        sale.insurer = Standings.findInsurer(hot, sale.cold);
        int256 insurance = standing.equity <= 0 ? Standings.readInsurance(frame, sale.insurer) : int256(0);
        int256 price = computePrice(standing, uint256(frame.timeMs) - sale.cold.auctionMs, insurance);
        if (price > limit) return Reason.BID_TOO_LOW;
        int256 lacking = standing.initial - standing.equity + (price < 0 ? price : int256(0));
        (sale.price, sale.topUp) = (price, lacking > 0 ? lacking : int256(0));
        reason = _checkPayment(frame, account, _total(sale), standing);
        return reason == Reason.OK ? _sell(frame, account, sale) : reason;
    }

    /// @dev What the bidder parts with.
    function _total(Sale memory sale) private pure returns (int256) {
        return sale.topUp + (sale.price > 0 ? sale.price : int256(0));
    }

    /// @dev An account may part with cash, as if it left (M-9).
    function _checkPayment(Frame memory frame, uint32 account, int256 total, Standing memory standing)
        private
        pure
        returns (Reason)
    {
        int256[4] memory amounts = Cash.readBalances(frame, account);
        amounts[0] -= total;
        if (amounts[0] < 0) return Reason.INSUFFICIENT_BALANCE;
        return Leaving.checkLeaving(frame, Risk.readHot(frame, account), amounts, standing.prices);
    }

    /// @dev Lets money and account change hands: nothing is left to check but how the proceeds go.
    function _sell(Frame memory frame, uint32 account, Sale memory sale) private pure returns (Reason) {
        Hot memory hot = sale.hot;
        bool paysOwner = sale.price > 0 && hot.flags & Flags.FUND == 0;
        if (paysOwner) {
            Reason reason = _payOwner(frame, sale.target, hot.group, sale.price);
            if (reason != Reason.OK) return reason;
        }
        Hot memory payer = Risk.readHot(frame, account);
        Cash.changeCash(frame, account, payer, -_total(sale));
        frame.put(Layout.hotKey(account), AccountLeaves.encodeHot(payer));
        if (sale.price != 0 && !paysOwner) Cash.addInsurance(frame, sale.insurer, sale.price);
        Cash.changeCash(frame, sale.target, hot, sale.topUp - (sale.price < 0 ? sale.price : int256(0)));
        address owner = Leaves.decodeOwner(frame.get(Layout.ownerKey(account))).owner;
        (hot.group, hot.flags) = (payer.group, hot.flags & uint8(Flags.CHILD));
        _handOver(frame, sale.target, owner, hot, sale.cold, account);
        return Reason.OK;
    }

    /// @dev Pays the old owner into a fresh account, which costs what K-7 asks; on L1 if none is left. A price that is not
    /// more than that goes to the fees.
    function _payOwner(Frame memory frame, uint32 target, uint32 group, int256 price)
        private
        pure
        returns (Reason reason)
    {
        address owner = Leaves.decodeOwner(frame.get(Layout.ownerKey(target))).owner;
        int256 proceeds = price - Accounts.OPENING_USDC;
        if (proceeds <= 0) {
            Cash.addFees(frame, price);
        } else if (Accounts.allocateAccount(frame, owner, group, 0, proceeds) != 0) {
            Cash.addFees(frame, Accounts.OPENING_USDC);
        } else {
            WayOut memory wayOut;
            (reason, wayOut) = Leaving.findWayOut(frame, 0, uint256(price));
            if (reason == Reason.OK) {
                Leaving.goOut(frame, wayOut, Withdrawal(target, 0, uint96(uint256(price)), owner));
            }
        }
    }

    /// @dev Gives an account another owner: keys, guardian, protection, dead man and orders go; nonce windows stay.
    /// `hot` has its new flags and group.
    function _handOver(
        Frame memory frame,
        uint32 target,
        address newOwner,
        Hot memory hot,
        Cold memory cold,
        uint32 parent
    ) private pure {
        LeafKey key = Layout.ownerKey(target);
        Owner memory owner = Leaves.decodeOwner(frame.get(key));
        owner.owner = newOwner;
        frame.put(key, Leaves.encodeOwner(owner));
        _clearKeys(frame, target);
        (hot.protected, hot.deadManMs) = (0, 0);
        hot.version = uint32(uint256(hot.version) + 1);
        frame.put(Layout.hotKey(target), AccountLeaves.encodeHot(hot));
        Cold memory fresh;
        (fresh.guardianNonce, fresh.parent, fresh.series) = (cold.guardianNonce, parent, cold.series);
        if (hot.flags & Flags.FUND != 0) (fresh.liquidatedMs, fresh.auctionMs) = (frame.timeMs, frame.timeMs);
        frame.put(Layout.coldKey(target), AccountLeaves.encodeCold(fresh));
        if (hot.slotMap != 0) Liquidation.beginSweep(frame, target, Phase.IDLE);
    }

    function _clearKeys(Frame memory frame, uint32 target) private pure {
        for (uint256 number = 1; number <= Layout.SESSION_KEYS; ++number) {
            LeafKey place = Layout.sessionKeyKey(target, number);
            bytes memory leaf = frame.get(place);
            if (leaf.length == 0) continue;
            SessionKey memory session = AccountLeaves.decodeSessionKey(leaf);
            SessionKey memory cleared;
            (cleared.nonceHigh, cleared.nonceMap) = (session.nonceHigh, session.nonceMap);
            frame.put(place, AccountLeaves.encodeSessionKey(cleared));
        }
    }

    /// @dev Settles an account that the fund has, and begins a new auction if one is over.
    function _settleTaken(
        Frame memory frame,
        uint32 account,
        Hot memory hot,
        Cold memory cold,
        Standing memory standing
    ) private pure {
        if (uint256(frame.timeMs) - cold.auctionMs >= AUCTION_MS) {
            cold.auctionMs = frame.timeMs;
            frame.put(Layout.coldKey(account), AccountLeaves.encodeCold(cold));
        }
        Standings.settleFund(frame, account, hot, cold, standing);
        frame.put(Layout.hotKey(account), AccountLeaves.encodeHot(hot));
    }

    /// @dev Pays what the account owes; what still holds something goes to the fund.
    function _take(Frame memory frame, uint32 account, Hot memory hot, Cold memory cold, Standing memory standing)
        private
        pure
    {
        uint256 insurer = Standings.findInsurer(hot, cold);
        if (standing.equity < 0) Standings.cover(frame, account, hot, -standing.equity, insurer);
        if (!Standings.hasPositions(hot) && !Risk.hasCollateral(standing.amounts)) {
            Standings.release(frame, account, hot, cold);
            return;
        }
        _makeStandard(hot);
        hot.group = 0;
        hot.flags = uint8(hot.flags & Flags.CHILD | Flags.LIQUIDATING | Flags.FUND | Flags.SALE);
        _handOver(frame, account, Standings.FUND_OWNER, hot, cold, uint32(insurer));
    }

    /// @dev Makes an account standard, so that the fund may reduce it leg by leg. Its rows become stale, whoever touches it
    /// next refreshes them; no epoch is 0.
    function _makeStandard(Hot memory hot) private pure {
        if (hot.mode == 0) return;
        hot.mode = 0;
        for (uint256 i = 0; i < Risk.ROWS; ++i) {
            if (hot.rows[i].positions != 0) hot.rows[i].epoch = 0;
        }
    }
}
