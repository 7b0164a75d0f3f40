// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccountLeaves} from "../../src/core/AccountLeaves.sol";
import {BookLeaves} from "../../src/core/BookLeaves.sol";
import {Lanes} from "../../src/core/Lanes.sol";
import {MarketLeaves} from "../../src/core/MarketLeaves.sol";
import {OptionLeaves} from "../../src/core/OptionLeaves.sol";
import {TaskLeaves} from "../../src/core/TaskLeaves.sol";
import {AccountRisk, Cold, Directory, Hot, Positions, SessionKey} from "../../src/types/Account.sol";
import {ClientSlots, Level, Order, TickWord} from "../../src/types/Book.sol";
import {
    AssetTerms,
    Credit,
    Expiry,
    Pools,
    Prices,
    Publishers,
    SeriesList,
    SeriesState,
    SeriesTerms,
    SettlementGrid,
    Underlying
} from "../../src/types/Market.sol";
import {Board, OptionDates, OptionRules, Sales} from "../../src/types/Option.sol";
import {
    LeaveTask,
    LiquidationTask,
    PriceTask,
    QuoteTask,
    RefreshTask,
    RfqTask,
    SweepTask,
    Taker
} from "../../src/types/Task.sol";

/// @notice Every leaf of the exchange, decoded and encoded again, for the comparison with the twin.
contract LeafCodec {
    function decodePrices(bytes calldata value) external pure returns (Prices memory leaf, bytes memory again) {
        leaf = MarketLeaves.decodePrices(value);
        again = MarketLeaves.encodePrices(leaf);
    }

    function decodePools(bytes calldata value) external pure returns (Pools memory leaf, bytes memory again) {
        leaf = MarketLeaves.decodePools(value);
        again = MarketLeaves.encodePools(leaf);
    }

    function decodeAssetTerms(bytes calldata value) external pure returns (AssetTerms memory leaf, bytes memory again) {
        leaf = MarketLeaves.decodeAssetTerms(value);
        again = MarketLeaves.encodeAssetTerms(leaf);
    }

    function decodeCredit(bytes calldata value) external pure returns (Credit memory leaf, bytes memory again) {
        leaf = MarketLeaves.decodeCredit(value);
        again = MarketLeaves.encodeCredit(leaf);
    }

    function decodePublishers(bytes calldata value) external pure returns (Publishers memory leaf, bytes memory again) {
        leaf = MarketLeaves.decodePublishers(value);
        again = MarketLeaves.encodePublishers(leaf);
    }

    function decodeUnderlying(bytes calldata value) external pure returns (Underlying memory leaf, bytes memory again) {
        leaf = MarketLeaves.decodeUnderlying(value);
        again = MarketLeaves.encodeUnderlying(leaf);
    }

    function decodeSeriesList(bytes calldata value) external pure returns (SeriesList memory leaf, bytes memory again) {
        leaf = MarketLeaves.decodeSeriesList(value);
        again = MarketLeaves.encodeSeriesList(leaf);
    }

    function decodeExpiry(bytes calldata value) external pure returns (Expiry memory leaf, bytes memory again) {
        leaf = MarketLeaves.decodeExpiry(value);
        again = MarketLeaves.encodeExpiry(leaf);
    }

    function decodeSeriesTerms(bytes calldata value)
        external
        pure
        returns (SeriesTerms memory leaf, bytes memory again)
    {
        leaf = MarketLeaves.decodeSeriesTerms(value);
        again = MarketLeaves.encodeSeriesTerms(leaf);
    }

    function decodeSeriesState(bytes calldata value)
        external
        pure
        returns (SeriesState memory leaf, bytes memory again)
    {
        leaf = MarketLeaves.decodeSeriesState(value);
        again = MarketLeaves.encodeSeriesState(leaf);
    }

    function decodeOrder(bytes calldata value) external pure returns (Order memory leaf, bytes memory again) {
        leaf = BookLeaves.decodeOrder(value);
        again = BookLeaves.encodeOrder(leaf);
    }

    function decodeLevel(bytes calldata value) external pure returns (Level memory leaf, bytes memory again) {
        leaf = BookLeaves.decodeLevel(value);
        again = BookLeaves.encodeLevel(leaf);
    }

    function decodeTickWord(bytes calldata value) external pure returns (TickWord memory leaf, bytes memory again) {
        leaf = BookLeaves.decodeTickWord(value);
        again = BookLeaves.encodeTickWord(leaf);
    }

    function decodeClientSlots(bytes calldata value)
        external
        pure
        returns (ClientSlots memory leaf, bytes memory again)
    {
        leaf = BookLeaves.decodeClientSlots(value);
        again = BookLeaves.encodeClientSlots(leaf);
    }

    function decodeHot(bytes calldata value) external pure returns (Hot memory leaf, bytes memory again) {
        leaf = AccountLeaves.decodeHot(value);
        again = AccountLeaves.encodeHot(leaf);
    }

    function decodeCold(bytes calldata value) external pure returns (Cold memory leaf, bytes memory again) {
        leaf = AccountLeaves.decodeCold(value);
        again = AccountLeaves.encodeCold(leaf);
    }

    function decodeSessionKey(bytes calldata value) external pure returns (SessionKey memory leaf, bytes memory again) {
        leaf = AccountLeaves.decodeSessionKey(value);
        again = AccountLeaves.encodeSessionKey(leaf);
    }

    function decodeDirectory(bytes calldata value) external pure returns (Directory memory leaf, bytes memory again) {
        leaf = AccountLeaves.decodeDirectory(value);
        again = AccountLeaves.encodeDirectory(leaf);
    }

    /// @dev As the twin has it: gains, deltas, charge.
    struct PlainRisk {
        int64[] gains;
        int64[] deltas;
        int64 charge;
    }

    function decodeAccountRisk(bytes calldata value) external pure returns (PlainRisk memory leaf, bytes memory again) {
        AccountRisk memory risk = AccountLeaves.decodeRisk(value);
        (leaf.gains, leaf.deltas, leaf.charge) = (new int64[](32), new int64[](8), risk.charge);
        for (uint256 i = 0; i < 40; ++i) {
            if (i < 32) leaf.gains[i] = int64(_gainAt(risk.sums, i));
            else leaf.deltas[i - 32] = int64(Lanes.numberAt(risk.sums[i / 4], i % 4));
        }
        again = AccountLeaves.encodeRisk(risk);
    }

    function decodePositions(bytes calldata value) external pure returns (Positions memory leaf, bytes memory again) {
        leaf = AccountLeaves.decodePositions(value);
        again = AccountLeaves.encodePositions(leaf);
    }

    function decodeTaker(bytes calldata value) external pure returns (Taker memory leaf, bytes memory again) {
        leaf = TaskLeaves.decodeTaker(value);
        again = TaskLeaves.encodeTaker(leaf);
    }

    function decodeRefreshTask(bytes calldata value)
        external
        pure
        returns (RefreshTask memory leaf, bytes memory again)
    {
        leaf = TaskLeaves.decodeRefreshTask(value);
        again = TaskLeaves.encodeRefreshTask(leaf);
    }

    function decodeQuoteTask(bytes calldata value) external pure returns (QuoteTask memory leaf, bytes memory again) {
        leaf = TaskLeaves.decodeQuoteTask(value);
        again = TaskLeaves.encodeQuoteTask(leaf);
    }

    function decodeSweepTask(bytes calldata value) external pure returns (SweepTask memory leaf, bytes memory again) {
        leaf = TaskLeaves.decodeSweepTask(value);
        again = TaskLeaves.encodeSweepTask(leaf);
    }

    function decodePriceTask(bytes calldata value) external pure returns (PriceTask memory leaf, bytes memory again) {
        leaf = TaskLeaves.decodePriceTask(value);
        again = TaskLeaves.encodePriceTask(leaf);
    }

    function decodeLeaveTask(bytes calldata value) external pure returns (LeaveTask memory leaf, bytes memory again) {
        leaf = TaskLeaves.decodeLeaveTask(value);
        again = TaskLeaves.encodeLeaveTask(leaf);
    }

    function decodeLiquidationTask(bytes calldata value)
        external
        pure
        returns (LiquidationTask memory leaf, bytes memory again)
    {
        leaf = TaskLeaves.decodeLiquidationTask(value);
        again = TaskLeaves.encodeLiquidationTask(leaf);
    }

    function decodeRfqTask(bytes calldata value) external pure returns (RfqTask memory leaf, bytes memory again) {
        leaf = TaskLeaves.decodeRfqTask(value);
        again = TaskLeaves.encodeRfqTask(leaf);
    }

    function decodeSettlementGrid(bytes calldata value)
        external
        pure
        returns (SettlementGrid memory leaf, bytes memory again)
    {
        leaf = MarketLeaves.decodeGrid(value);
        again = MarketLeaves.encodeGrid(leaf);
    }

    function decodeOptionRules(bytes calldata value)
        external
        pure
        returns (OptionRules memory leaf, bytes memory again)
    {
        leaf = OptionLeaves.decodeRules(value);
        again = OptionLeaves.encodeRules(leaf);
    }

    function decodeOptionDates(bytes calldata value)
        external
        pure
        returns (OptionDates memory leaf, bytes memory again)
    {
        leaf = OptionLeaves.decodeDates(value);
        again = OptionLeaves.encodeDates(leaf);
    }

    function decodeBoard(bytes calldata value) external pure returns (Board memory leaf, bytes memory again) {
        leaf = OptionLeaves.decodeBoard(value);
        again = OptionLeaves.encodeBoard(leaf);
    }

    function decodeSales(bytes calldata value) external pure returns (Sales memory leaf, bytes memory again) {
        leaf = OptionLeaves.decodeSales(value);
        again = OptionLeaves.encodeSales(leaf);
    }

    /// @dev As the twin has it.
    struct PlainSeriesRisk {
        uint32 epoch;
        int32 delta;
        int32[32] gains;
    }

    function decodeSeriesRisk(bytes calldata value)
        external
        pure
        returns (PlainSeriesRisk memory leaf, bytes memory again)
    {
        (leaf.epoch, leaf.delta) = (uint32(OptionLeaves.epochIn(value)), int32(OptionLeaves.deltaIn(value)));
        AccountRisk memory risk = AccountLeaves.decodeRisk("");
        OptionLeaves.addGains(value, risk.sums, 1, 0);
        uint256[5] memory gains;
        for (uint256 i = 0; i < 32; ++i) {
            leaf.gains[i] = int32(_gainAt(risk.sums, i));
            gains[i / 8] = gains[i / 8] << 32 | uint32(leaf.gains[i]);
        }
        again = OptionLeaves.makeRisk(leaf.epoch, leaf.delta, gains);
    }

    /// @dev Of each eight numbers the first word has those with an even place, the second the others.
    function _gainAt(uint256[10] memory sums, uint256 slot) private pure returns (int256) {
        return Lanes.numberAt(sums[slot / 8 * 2 + slot % 2], slot % 8 / 2);
    }
}
