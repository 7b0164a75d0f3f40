// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccountRecords} from "../../src/core/AccountRecords.sol";
import {ExchangeEip712} from "../../src/core/ExchangeEip712.sol";
import {OpenRecords} from "../../src/core/OpenRecords.sol";
import {OptionRecords} from "../../src/core/OptionRecords.sol";
import {OrderRecords} from "../../src/core/OrderRecords.sol";
import {RfqRecords} from "../../src/core/RfqRecords.sol";
import {SaleRecords} from "../../src/core/SaleRecords.sol";
import {
    Bid,
    CancelAll,
    CancelOrder,
    CompactSignature,
    ExecuteRfq,
    ForwardReport,
    Freeze,
    ListStrike,
    MassQuote,
    MovePosition,
    OpenAccount,
    PlaceOrder,
    PriceReport,
    ReplaceOrder,
    SetDeadMan,
    SetGuardian,
    SetKey,
    SetMode,
    SetProtection,
    SettlementPrice,
    StartSale,
    SurfaceReport
} from "../../src/types/Records.sol";

/// @notice Every record of the exchange, decoded, with its digest, for the comparison with the twin.
contract RecordCodec {
    function decodeOrder(bytes calldata body, bool signed, bytes32 domain)
        external
        pure
        returns (bool ok, PlaceOrder memory record, CompactSignature memory signature, bytes32 digest)
    {
        (ok, record, signature) = OrderRecords.decodeOrder(body, signed);
        digest = ExchangeEip712.digest(domain, record);
    }

    function decodeCancel(bytes calldata body, bool signed, bytes32 domain)
        external
        pure
        returns (bool ok, CancelOrder memory record, CompactSignature memory signature, bytes32 digest)
    {
        (ok, record, signature) = OrderRecords.decodeCancel(body, signed);
        digest = ExchangeEip712.digest(domain, record);
    }

    function decodeCancelAll(bytes calldata body, bool signed, bytes32 domain)
        external
        pure
        returns (bool ok, CancelAll memory record, CompactSignature memory signature, bytes32 digest)
    {
        (ok, record, signature) = OrderRecords.decodeCancelAll(body, signed);
        digest = ExchangeEip712.digest(domain, record);
    }

    function decodeReplace(bytes calldata body, bool signed, bytes32 domain)
        external
        pure
        returns (bool ok, ReplaceOrder memory record, CompactSignature memory signature, bytes32 digest)
    {
        (ok, record, signature) = OrderRecords.decodeReplace(body, signed);
        digest = ExchangeEip712.digest(domain, record);
    }

    function decodeQuote(bytes calldata body, bool signed, bytes32 domain)
        external
        pure
        returns (bool ok, MassQuote memory record, CompactSignature memory signature, bytes32 digest)
    {
        (ok, record, signature) = OrderRecords.decodeQuote(body, signed);
        digest = ExchangeEip712.digest(domain, record);
    }

    function decodeExecuteRfq(bytes calldata body, bool signed, bytes32 domain)
        external
        pure
        returns (bool ok, ExecuteRfq memory record, CompactSignature memory signature, bytes32 digest)
    {
        (ok, record, signature) = RfqRecords.decodeExecuteRfq(body, signed);
        digest = ExchangeEip712.digest(domain, record);
    }

    function decodeBid(bytes calldata body, bool signed, bytes32 domain)
        external
        pure
        returns (bool ok, Bid memory record, CompactSignature memory signature, bytes32 digest)
    {
        (ok, record, signature) = AccountRecords.decodeBid(body, signed);
        digest = ExchangeEip712.digest(domain, record);
    }

    function decodeOpenAccount(bytes calldata body, bool signed, bytes32 domain)
        external
        pure
        returns (bool ok, OpenAccount memory record, CompactSignature memory signature, bytes32 digest)
    {
        (ok, record, signature) = AccountRecords.decodeOpenAccount(body, signed);
        digest = ExchangeEip712.digest(domain, record);
    }

    function decodeSetKey(bytes calldata body, bool signed, bytes32 domain)
        external
        pure
        returns (bool ok, SetKey memory record, CompactSignature memory signature, bytes32 digest)
    {
        (ok, record, signature) = AccountRecords.decodeSetKey(body, signed);
        digest = ExchangeEip712.digest(domain, record);
    }

    function decodeFreeze(bytes calldata body, bool signed, bytes32 domain)
        external
        pure
        returns (bool ok, Freeze memory record, CompactSignature memory signature, bytes32 digest)
    {
        (ok, record, signature) = AccountRecords.decodeFreeze(body, signed);
        digest = ExchangeEip712.digest(domain, record);
    }

    function decodeSetGuardian(bytes calldata body, bool signed, bytes32 domain)
        external
        pure
        returns (bool ok, SetGuardian memory record, CompactSignature memory signature, bytes32 digest)
    {
        (ok, record, signature) = AccountRecords.decodeSetGuardian(body, signed);
        digest = ExchangeEip712.digest(domain, record);
    }

    function decodeSetProtection(bytes calldata body, bool signed, bytes32 domain)
        external
        pure
        returns (bool ok, SetProtection memory record, CompactSignature memory signature, bytes32 digest)
    {
        (ok, record, signature) = AccountRecords.decodeSetProtection(body, signed);
        digest = ExchangeEip712.digest(domain, record);
    }

    function decodeSetDeadMan(bytes calldata body, bool signed, bytes32 domain)
        external
        pure
        returns (bool ok, SetDeadMan memory record, CompactSignature memory signature, bytes32 digest)
    {
        (ok, record, signature) = AccountRecords.decodeSetDeadMan(body, signed);
        digest = ExchangeEip712.digest(domain, record);
    }

    function decodeSetMode(bytes calldata body, bool signed, bytes32 domain)
        external
        pure
        returns (bool ok, SetMode memory record, CompactSignature memory signature, bytes32 digest)
    {
        (ok, record, signature) = AccountRecords.decodeSetMode(body, signed);
        digest = ExchangeEip712.digest(domain, record);
    }

    function decodeMovePosition(bytes calldata body, bool signed, bytes32 domain)
        external
        pure
        returns (bool ok, MovePosition memory record, CompactSignature memory signature, bytes32 digest)
    {
        (ok, record, signature) = AccountRecords.decodeMovePosition(body, signed);
        digest = ExchangeEip712.digest(domain, record);
    }

    function decodePriceReport(bytes calldata body, bytes32 domain)
        external
        pure
        returns (bool ok, PriceReport memory report, CompactSignature[] memory signatures, bytes32 digest)
    {
        (ok, report, signatures) = OpenRecords.decodePriceReport(body);
        digest = ExchangeEip712.digest(domain, report);
    }

    function decodeForwardReport(bytes calldata body, bytes32 domain)
        external
        pure
        returns (bool ok, ForwardReport memory report, CompactSignature[] memory signatures, bytes32 digest)
    {
        (ok, report, signatures) = OpenRecords.decodeForwardReport(body);
        digest = ExchangeEip712.digest(domain, report);
    }

    function decodeSettlementPrice(bytes calldata body, bytes32 domain)
        external
        pure
        returns (bool ok, SettlementPrice memory report, CompactSignature[] memory signatures, bytes32 digest)
    {
        (ok, report, signatures) = OpenRecords.decodeSettlementPrice(body);
        digest = ExchangeEip712.digest(domain, report);
    }

    function decodeSurfaceReport(bytes calldata body, bytes32 domain)
        external
        pure
        returns (bool ok, SurfaceReport memory report, CompactSignature[] memory signatures, bytes32 digest)
    {
        (ok, report, signatures) = OptionRecords.decodeSurfaceReport(body);
        digest = ExchangeEip712.digest(domain, report);
    }

    function decodeListExpiry(bytes calldata body)
        external
        pure
        returns (bool ok, uint8 underlying, uint8 expirySlot, uint64 expiryAt)
    {
        return OptionRecords.decodeListExpiry(body);
    }

    function decodeListStrike(bytes calldata body)
        external
        pure
        returns (bool ok, uint8 underlying, uint8 expirySlot, uint64 strike, uint16 series)
    {
        ListStrike memory record;
        (ok, record) = OptionRecords.decodeListStrike(body);
        return (ok, record.underlying, record.expirySlot, record.strike, record.series);
    }

    function decodeDelistStrike(bytes calldata body) external pure returns (bool ok, uint16 series) {
        return OptionRecords.decodeDelistStrike(body);
    }

    function decodeStartSale(bytes calldata body) external pure returns (bool ok, StartSale memory record) {
        return SaleRecords.decodeStartSale(body);
    }

    function decodeSettle(bytes calldata body) external pure returns (bool ok, uint32 account, uint16 series) {
        return OpenRecords.decodeSettle(body);
    }

    function decodeLiquidate(bytes calldata body) external pure returns (bool ok, uint32 account, uint16 series) {
        return OpenRecords.decodeLiquidate(body);
    }

    function decodePrune(bytes calldata body) external pure returns (bool ok, uint32 order) {
        return OpenRecords.decodePrune(body);
    }

    function decodeTakeover(bytes calldata body) external pure returns (bool ok, uint32 account) {
        return OpenRecords.decodeTakeover(body);
    }

    function decodeTrigger(bytes calldata body) external pure returns (bool ok, uint8 underlying) {
        return OpenRecords.decodeTrigger(body);
    }
}
