// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Frame, Frames} from "../steps/Frames.sol";
import {Hot, SessionKey} from "../types/Account.sol";
import {Prices} from "../types/Market.sol";
import {Reason} from "../types/Reason.sol";
import {RfqLeg} from "../types/Records.sol";
import {AccountLeaves} from "./AccountLeaves.sol";
import {Flags} from "./Flags.sol";
import {Layout} from "./Layout.sol";
import {MarketLeaves} from "./MarketLeaves.sol";
import {OptionTerms} from "./OptionTerms.sol";
import {OrderChecks} from "./OrderChecks.sol";
import {Market} from "./Positions.sol";
import {Risk} from "./Risk.sol";
import {Void} from "./Void.sol";

/// @notice One side of a combo.
/// @param hot Its hot leaf before the first leg.
/// @param sign 1 or -1: makes its lots of those of the maker.
/// @custom:twin rollup_node/core/combo_checks.py Party
struct Party {
    uint32 account;
    uint8 key;
    uint16 capPpm;
    Hot hot;
    int256 sign;
}

/// @notice The legs that count, and the market of each.
struct Combo {
    RfqLeg[] legs;
    Market[] markets;
}

/// @notice What a combo must be before its legs are traded: each leg, then each of its parties (docs/spec.md Q-4).
/// @custom:twin rollup_node/core/combo_checks.py
library ComboChecks {
    using Frames for Frame;

    /// @notice Fill in the market of each leg; they are good if all of them are, and of one underlying.
    function readMarkets(Frame memory frame, Combo memory combo) internal pure returns (Reason reason) {
        Prices memory prices = Risk.readPrices(frame);
        for (uint256 i = 0; i < combo.legs.length; ++i) {
            combo.markets[i].prices = prices;
            reason = _readMarket(frame, combo.markets[i], combo.legs[i]);
            if (reason != Reason.OK) return reason;
        }
        for (uint256 i = 1; i < combo.legs.length; ++i) {
            if (combo.markets[i].terms.underlying != combo.markets[0].terms.underlying) return Reason.BAD_ORDER;
        }
    }

    /// @dev Fills in the market of a leg, whose prices are there, and checks the leg against it.
    function _readMarket(Frame memory frame, Market memory market, RfqLeg memory leg) private pure returns (Reason) {
        bytes memory leaf = frame.get(Layout.termsKey(leg.series));
        if (leaf.length == 0) return Reason.UNKNOWN_SERIES;
        market.series = leg.series;
        market.terms = MarketLeaves.decodeSeriesTerms(leaf);
        market.state = MarketLeaves.decodeSeriesState(frame.get(Layout.seriesKey(leg.series)));
        if (Void.isClosed(frame, market.terms, market.state)) return Reason.SERIES_CLOSED;
        market.price = int256(uint256(leg.price) * market.terms.unit);
        market.restricted = market.state.status != Void.TRADING
            || Risk.isRestricted(market.prices.rows[market.terms.underlying], frame.timeMs);
        return _checkLeg(market, leg);
    }

    /// @dev A leg against what its series allows now; the band holds for both sides.
    function _checkLeg(Market memory market, RfqLeg memory leg) private pure returns (Reason) {
        if (market.terms.kind == Void.SPOT) return Reason.BAD_ORDER;
        if (market.restricted) return Reason.REDUCE_ONLY;
        if (_size(leg) > market.terms.maxOrderLots) return Reason.ABOVE_MAX_ORDER;
        if (_notional(market, leg) < market.terms.minNotional) return Reason.BELOW_MIN_NOTIONAL;
        uint256 mark = market.state.mark;
        if (mark == 0) return Reason.STALE_PRICE;
        bool isOff = OrderChecks.isOutOfBand(0, leg.price, market.terms, mark)
            || OrderChecks.isOutOfBand(Flags.SIDE, leg.price, market.terms, mark);
        return isOff ? Reason.PRICE_BAND : Reason.OK;
    }

    /// @notice Check whether an account may trade the legs at a fee rate.
    function checkParty(Frame memory frame, Party memory party, Combo memory combo, int256 ratePpm)
        internal
        pure
        returns (Reason)
    {
        uint256 flags = party.hot.flags;
        if (flags & Flags.FROZEN != 0) return Reason.FROZEN;
        if (flags & Flags.LIQUIDATING != 0) return Reason.LIQUIDATING;
        if (Void.isDead(party.hot, frame.timeMs)) return Reason.EXPIRED;
        if (flags & Flags.CHILD != 0) {
            uint256 only = AccountLeaves.seriesOfCold(frame.get(Layout.coldKey(party.account)));
            for (uint256 i = 0; i < combo.legs.length; ++i) {
                if (combo.legs[i].series != only) return Reason.KEY_MARKET;
            }
        }
        if (int256(uint256(party.capPpm)) < ratePpm) return Reason.FEE_ABOVE_CAP;
        return party.key == 0 ? Reason.OK : _checkKey(frame, party, combo);
    }

    /// @dev All legs together against the bounds of a session key.
    function _checkKey(Frame memory frame, Party memory party, Combo memory combo) private pure returns (Reason) {
        bytes memory leaf = frame.get(Layout.sessionKeyKey(party.account, party.key));
        SessionKey memory session = AccountLeaves.decodeSessionKey(leaf);
        uint256 total = 0;
        for (uint256 i = 0; i < combo.legs.length; ++i) {
            total += _notional(combo.markets[i], combo.legs[i]);
        }
        if (total > session.orderCap) return Reason.KEY_CAP;
        return session.markets >> combo.markets[0].terms.underlying & 1 == 1 ? Reason.OK : Reason.KEY_MARKET;
    }

    function _notional(Market memory market, RfqLeg memory leg) private pure returns (uint256) {
        return OptionTerms.notionalUsdc(market.terms, _size(leg), leg.price);
    }

    function _size(RfqLeg memory leg) private pure returns (uint256) {
        int256 lots = leg.lots;
        return uint256(lots < 0 ? -lots : lots);
    }
}
