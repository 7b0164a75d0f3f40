// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccountRisk} from "../types/Account.sol";
import {SeriesTerms} from "../types/Market.sol";
import {FixedPoint} from "./FixedPoint.sol";
import {Lanes} from "./Lanes.sol";
import {Layout} from "./Layout.sol";
import {OptionLeaves} from "./OptionLeaves.sol";
import {OptionTerms} from "./OptionTerms.sol";

/// @notice What a lot of a series adds to the risk of an account, µUSDC (docs/spec.md M-13).
/// @param risk The risk leaf of the series, whose gains are those of a long lot, rounded down.
/// @param delta Counts in `bucket`; of an option only if it is short.
/// @param bucket 0 for what has no date.
/// @param charge Of a short lot.
/// @param isOption Whether the lot is one of an option.
struct LotRisk {
    bytes risk;
    int256 delta;
    uint256 bucket;
    int256 charge;
    bool isOption;
}

/// @notice Portfolio margin: the risk of an account in an underlying, added up over scenarios (docs/spec.md M-13, M-14).
/// Arithmetic of one leaf, no reads.
/// @dev Unchecked: gains and deltas have at most 32 bits a lot, a charge 33, lots 24, an account 128 positions, so every
/// sum fits its 64 bits; rates have 20.
/// @custom:twin rollup_node/core/portfolio.py
library Portfolio {
    using Lanes for uint256;
    using Lanes for uint256[10];

    int256 internal constant NET_PPM = 20_000;
    int256 internal constant HEDGED_PPM = 10_000;
    int256 internal constant BASIS_PPM = 5000;
    uint256 internal constant SHORT_PPM = 5000;
    int256 internal constant SCAN_MAINTENANCE_PPM = 800_000;
    int256 internal constant EXTRA_MAINTENANCE_PPM = 600_000;
    int256 internal constant DATED_BUCKETS = 7;
    uint8 internal constant FUTURE = 3;

    uint256 internal constant PPM = 1_000_000;
    /// @dev Where in the sums the deltas begin, behind the gains, and how many words there are.
    uint256 private constant DELTAS_WORD = 8;
    uint256 private constant WORDS = 10;

    /// @notice What a lot adds, at a reference price in µUSDC per unit. A delta is at most 2^31 - 1 either way.
    /// @dev Into a struct that is there, for a refresh measures many.
    function measureLot(LotRisk memory lot, SeriesTerms memory terms, bytes memory risk, uint256 referencePrice)
        internal
        pure
    {
        unchecked {
            uint256 parts = PPM * terms.lotsPerUnit;
            int256 bound = int256(Layout.MAX_LOT_VALUE);
            int256 delta = FixedPoint.divDown(OptionLeaves.deltaIn(risk) * int256(referencePrice), int256(parts));
            if (delta > bound) delta = bound;
            if (delta < -bound) delta = -bound;
            (lot.risk, lot.delta) = (risk, delta);
            lot.isOption = terms.kind >= OptionTerms.CALL;
            lot.charge = lot.isOption ? int256(FixedPoint.divUp(SHORT_PPM * referencePrice, parts)) : int256(0);
            lot.bucket = terms.kind >= FUTURE
                ? uint256(1 + FixedPoint.modulo(int256(uint256(terms.expirySlot)), DATED_BUCKETS))
                : 0;
        }
    }

    /// @notice Let the lots of a series be `moved` instead of `before`: the new contribution less the old one. What a short
    /// lot loses is rounded up: a gain is a floor, so it counts for one more.
    function replaceLots(AccountRisk memory risk, int256 before, int256 moved, LotRisk memory lot) internal pure {
        unchecked {
            int256 change = moved - before;
            int256 short = _min(moved, 0) - _min(before, 0);
            OptionLeaves.addGains(lot.risk, risk.sums, change, short);
            risk.sums.add(lot.bucket, (lot.isOption ? short : change) * lot.delta);
            risk.charge = int64(risk.charge - short * lot.charge);
        }
    }

    /// @notice The same without what any slot gains: a series that is over is a hedge no more, for its price is being made
    /// already.
    function replaceLosses(AccountRisk memory risk, int256 before, int256 moved, LotRisk memory lot) internal pure {
        uint256[10] memory kept = abi.decode(abi.encode(risk.sums), (uint256[10]));
        replaceLots(risk, before, moved, lot);
        for (uint256 i = 0; i < DELTAS_WORD; ++i) {
            risk.sums[i] = risk.sums[i].min(kept[i]);
        }
    }

    /// @notice What a row requires, initially and in maintenance, each part rounded up.
    function weighRisk(AccountRisk memory risk) internal pure returns (uint64 initial, uint64 maintenance) {
        unchecked {
            int256 lowest = risk.sums.lowest();
            (int256 long, int256 short) = _sumDeltas(risk);
            int256 hedged = _min(long, short);
            int256 net = long + short - 2 * hedged;
            int256 scan = FixedPoint.divUp(NET_PPM * net + HEDGED_PPM * hedged, int256(PPM));
            if (scan < -lowest) scan = -lowest;
            int256 extra = FixedPoint.divUp(BASIS_PPM * hedged, int256(PPM)) + risk.charge;
            initial = uint64(uint256(scan + extra));
            maintenance = uint64(
                uint256(
                    FixedPoint.divUp(SCAN_MAINTENANCE_PPM * scan, int256(PPM))
                        + FixedPoint.divUp(EXTRA_MAINTENANCE_PPM * extra, int256(PPM))
                )
            );
        }
    }

    /// @dev The sums of the positive and of the negative deltas, both without sign.
    function _sumDeltas(AccountRisk memory risk) private pure returns (int256 long, int256 short) {
        unchecked {
            for (uint256 word = DELTAS_WORD; word < WORDS; ++word) {
                uint256 deltas = risk.sums[word];
                if (deltas == Lanes.ZEROS) continue;
                for (uint256 place = 0; place < 4; ++place) {
                    int256 delta = deltas.numberAt(place);
                    if (delta > 0) long += delta;
                    else short -= delta;
                }
            }
        }
    }

    function _min(int256 left, int256 right) private pure returns (int256) {
        return left < right ? left : right;
    }
}
