// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

// What records say (docs/spec.md R-4). The fields of a struct are those of its EIP-712 type, in the same order (R-5):
// `ExchangeEip712` hashes structs as they lie. Units are in the twins.

/// @notice A signature in 64 bytes (EIP-2098); zeros for what is forced.
struct CompactSignature {
    bytes32 r;
    bytes32 vs;
}

/// @custom:twin rollup_node/core/inputs.py PlaceOrder
struct PlaceOrder {
    uint32 account;
    uint8 key;
    uint16 series;
    uint8 side;
    uint8 kind;
    uint8 timeInForce;
    bool postOnly;
    bool reduceOnly;
    uint8 selfTrade;
    uint32 price;
    uint32 quantity;
    uint32 trigger;
    uint64 expiry;
    uint16 maxFee;
    uint16 slot;
    uint64 nonce;
}

/// @custom:twin rollup_node/core/inputs.py CancelOrder
struct CancelOrder {
    uint32 account;
    uint8 key;
    uint16 slot;
    uint32 tag;
    uint64 nonce;
}

/// @custom:twin rollup_node/core/inputs.py CancelAll
struct CancelAll {
    uint32 account;
    uint8 key;
    uint8 scope;
    uint16 scopeId;
    uint64 nonce;
}

/// @custom:twin rollup_node/core/inputs.py ReplaceOrder
struct ReplaceOrder {
    uint32 account;
    uint8 key;
    uint16 slot;
    uint32 tag;
    uint32 price;
    uint32 quantity;
    uint64 nonce;
}

/// @custom:twin rollup_node/core/inputs.py Leg
struct Leg {
    uint16 series;
    uint8 side;
    uint16 slot;
    uint32 price;
    uint32 quantity;
}

/// @custom:twin rollup_node/core/inputs.py MassQuote
struct MassQuote {
    uint32 account;
    uint8 key;
    uint16 maxFee;
    Leg[] legs;
    uint64 nonce;
}

/// @custom:twin rollup_node/core/inputs.py Bid
struct Bid {
    uint32 account;
    uint8 key;
    uint32 target;
    uint32 version;
    int128 price;
    uint64 nonce;
}

/// @custom:twin rollup_node/core/inputs.py OpenAccount
struct OpenAccount {
    uint32 account;
    uint16 series;
    uint64 nonce;
}

/// @custom:twin rollup_node/core/inputs.py SetKey
struct SetKey {
    uint32 account;
    uint8 number;
    address keyAddress;
    uint8 scope;
    uint8 markets;
    uint64 expiry;
    uint64 orderCap;
    uint64 nonce;
}

/// @custom:twin rollup_node/core/inputs.py Freeze
struct Freeze {
    uint32 account;
    uint8 key;
    bool frozen;
    uint64 nonce;
}

/// @custom:twin rollup_node/core/inputs.py SetGuardian
struct SetGuardian {
    uint32 account;
    address guardian;
    uint64 nonce;
}

/// @custom:twin rollup_node/core/inputs.py SetProtection
struct SetProtection {
    uint32 account;
    uint8 key;
    uint8 underlying;
    uint32 limit;
    uint32 windowMs;
    uint64 nonce;
}

/// @custom:twin rollup_node/core/inputs.py SetDeadMan
struct SetDeadMan {
    uint32 account;
    uint8 key;
    uint64 timeMs;
    uint64 nonce;
}

/// @custom:twin rollup_node/core/inputs.py SetMode
struct SetMode {
    uint32 account;
    uint8 key;
    uint8 mode;
    uint64 nonce;
}

/// @notice One leg of a combo: signed lots as the maker gets them, at `price` ticks (docs/spec.md Q-1).
/// @custom:twin rollup_node/core/inputs.py RfqLeg
struct RfqLeg {
    uint16 series;
    int32 lots;
    uint32 price;
}

/// @notice What a maker offers to `taker` (0: to anyone) until `expiryMs`, and its signature over all other fields.
/// @custom:twin rollup_node/core/inputs.py RfqQuote
struct RfqQuote {
    uint32 account;
    uint8 key;
    uint32 taker;
    uint16 maxFee;
    uint64 expiryMs;
    RfqLeg[] legs;
    uint64 nonce;
    CompactSignature signature;
}

/// @custom:twin rollup_node/core/inputs.py ExecuteRfq
struct ExecuteRfq {
    uint32 account;
    uint8 key;
    uint16 maxFee;
    uint64 expiryMs;
    RfqQuote quote;
    uint64 nonce;
}

/// @custom:twin rollup_node/core/inputs.py MovePosition
struct MovePosition {
    uint32 account;
    uint32 recipient;
    uint16 series;
    int32 lots;
    uint64 nonce;
}

/// @custom:twin rollup_node/core/inputs.py PriceReport, without its signatures
struct PriceReport {
    uint8 underlying;
    uint64 round;
    uint64 timeMs;
    uint64 price;
    uint32 confidencePpm;
}

/// @custom:twin rollup_node/core/inputs.py ForwardReport, without its signatures
struct ForwardReport {
    uint8 underlying;
    uint8 expirySlot;
    uint64 expiry;
    uint64 round;
    uint64 timeMs;
    int64 difference;
}

/// @param nodes Each `moneyness i24 ‖ volatility u16`.
/// @custom:twin rollup_node/core/inputs.py SurfaceReport, without its signatures
struct SurfaceReport {
    uint8 underlying;
    uint8 expirySlot;
    uint64 expiry;
    uint64 round;
    uint64 timeMs;
    int64 difference;
    uint40[16] nodes;
}

/// @notice A covered sale: `deltaPpm` chooses the strike, `lots` is the most to sell, prices are parts of the mark.
/// @custom:twin rollup_node/core/inputs.py StartSale
struct StartSale {
    uint32 account;
    uint8 underlying;
    uint8 call;
    uint64 expiryAt;
    uint32 deltaPpm;
    uint32 lots;
    uint32 startPpm;
    uint32 reservePpm;
    uint32 durationSeconds;
    uint16 maxFee;
}

/// @custom:twin rollup_node/core/inputs.py ListStrike
struct ListStrike {
    uint8 underlying;
    uint8 expirySlot;
    uint64 strike;
    uint16 series;
}

/// @custom:twin rollup_node/core/inputs.py SettlementPrice, without its signatures
struct SettlementPrice {
    uint8 underlying;
    uint8 expirySlot;
    uint64 expiry;
    uint8 number;
    uint64 price;
}
