// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice Where an epoch of an option vault stands. LOCKED, SALE and LIVE follow from time alone. The close is an
/// instant: the call that closes an epoch opens the next one.
/// @dev OPEN: money is on L1 and nothing is sold. LOCKED: rolled, the message that sells may still be waiting. SALE: by
/// now it runs at the latest, or has failed. LIVE: nothing is sold any more, unless the sale is sent again, which is LOCKED
/// once more; until the state at the expiry is proven.
/// SETTLED: the expiry is proven and the money on its way home. EXITED: for ever, everybody is paid out pro rata.
enum VaultPhase {
    OPEN,
    LOCKED,
    SALE,
    LIVE,
    SETTLED,
    EXITED
}

/// @notice What a proof of the vault's account led to.
/// @dev SELL, BUY: an order in the spot series was sent, to bring cash to zero. WITHDRAW: all of the asset, or what may
/// leave, was sent home. WRITE_OFF: there is nothing in the account, or it was lost.
enum VaultAction {
    SELL,
    BUY,
    WITHDRAW,
    WRITE_OFF
}

/// @notice What a vault is; fixed at its deployment. Amounts are in the smallest unit of the asset, ppm are millionths.
/// @param bridge Custody of the rollup; it names inbox, assertion chain and exit mode.
/// @param asset Token of the shares: wrapped ETH of a vault that sells calls, asset 0 of the bridge of one that sells puts.
/// @param guardian May pause new deposits, and nothing else; nobody if 0.
/// @param feeRecipient Whom management and performance fee belong to.
/// @param isCall Covered calls on ETH; else cash-secured puts.
/// @param underlying What the options are on.
/// @param spotSeries Where a vault that sells calls changes cash into ETH and back; 0 for puts.
/// @param deltaPpm The strike is the one whose option has the nearest delta.
/// @param maxLots A sale offers at most this many.
/// @param startPpm Price at which the hidden Dutch order begins, of the mark.
/// @param reservePpm Price at which it ends, of the mark.
/// @param saleSeconds How long it lasts.
/// @param maxFeePpm Highest fee rate that the vault pays on L2.
/// @param slippagePpm How far from the proven index a conversion may trade.
/// @param maxRounds Conversions after which what may leave is sent home.
/// @param minTenorSeconds The expiry is the first Friday 08:00 UTC at least this far ahead.
/// @param lossGraceSeconds How long an empty or lost account waits for other evidence before it counts as a loss.
/// @param cap Managed assets and queued deposits together stay below this when a deposit is requested.
/// @param minimum Smallest deposit request.
/// @param managementPpm Of the net asset value, for a year.
/// @param performancePpm Of the gain above the high-water mark.
/// @param crankFee For each crank that was turned.
/// @param crankPpm All crank fees of an epoch together are at most this part of its net asset value.
struct VaultTerms {
    address bridge;
    address asset;
    address guardian;
    address feeRecipient;
    bool isCall;
    uint8 underlying;
    uint16 spotSeries;
    uint32 deltaPpm;
    uint32 maxLots;
    uint32 startPpm;
    uint32 reservePpm;
    uint32 saleSeconds;
    uint16 maxFeePpm;
    uint32 slippagePpm;
    uint8 maxRounds;
    uint64 minTenorSeconds;
    uint64 lossGraceSeconds;
    uint96 cap;
    uint96 minimum;
    uint32 managementPpm;
    uint32 performancePpm;
    uint96 crankFee;
    uint32 crankPpm;
}

/// @notice The running epoch.
/// @param number Epochs closed before it; the first one is 1.
/// @param generation Total losses before it.
/// @param expiryAt When the options expire, unix seconds; 0 while the vault is OPEN.
/// @param rolledAt When it was rolled, unix seconds; 0 while the vault is OPEN.
/// @param account Account of the vault on L2.
/// @param lastMessage Number of the last delayed message of the vault.
/// @param depositMessage Number of the delayed message that brings the assets to L2.
/// @param depositAmount What it brings.
/// @param outboxFloor Outbox entries from here on were made after the expiry was proven; 0 before.
/// @param rounds Conversions sent.
/// @param sentBalance Balance of the asset that was proven when a withdrawal was sent; 0: none was.
/// @param lostAt When it was proven that there is nothing in the account, unix seconds; 0 if it was not.
/// @param indexPrice Index that was proven last, µUSDC per unit; 0 for puts.
/// @param cranks Cranks turned that are paid at the close.
/// @param group Of the account on L2; one in another group was lost, whoever owns it.
struct VaultEpoch {
    uint64 number;
    uint64 generation;
    uint64 expiryAt;
    uint64 rolledAt;
    uint64 account;
    uint64 lastMessage;
    uint64 depositMessage;
    uint128 depositAmount;
    uint64 outboxFloor;
    uint64 rounds;
    uint128 sentBalance;
    uint64 lostAt;
    uint64 indexPrice;
    uint64 cranks;
    uint64 group;
}

/// @notice Sums of the vault, in the smallest unit of the asset, or of shares. Nothing is ever read from a balance.
/// @param managed What the shares stand for, as of the last close.
/// @param idle Part of it that is on L1.
/// @param incoming What came home since the last close; it counts at the next one.
/// @param pendingDeposits Queued for the close of the running epoch.
/// @param lateDeposits Queued for the close after it: requested after the cutoff.
/// @param pendingRedeems Shares, like pendingDeposits.
/// @param lateRedeems Shares, like lateDeposits.
/// @param claimable Set aside for redemptions that were converted and not claimed.
/// @param fees Set aside for fees that were not claimed.
struct VaultBooks {
    uint256 managed;
    uint256 idle;
    uint256 incoming;
    uint256 pendingDeposits;
    uint256 lateDeposits;
    uint256 pendingRedeems;
    uint256 lateRedeems;
    uint256 claimable;
    uint256 fees;
}

/// @notice At what an epoch converted its queues (docs/vaults.md). With V = 10^6 virtual shares: a redemption of s shares
/// gets `floor(s * (assets + 1) / (supply + V))`, a deposit of a gets `floor(a * (supply + V) / (assets + stayed + 1))`.
/// @param generation Of the shares that deposits got; after a total loss the new one.
/// @param closedAt When, unix seconds; 0: not yet.
/// @param isTotalLoss The shares before it are worth nothing more.
/// @param assets Net asset value after fees.
/// @param supply Shares before the conversion.
/// @param stayed What stayed in the account, valued for who enters; who leaves does not get it.
/// @param deposited Assets of all deposits that were converted.
/// @param redeemed Shares of all redemptions that were converted.
struct VaultConversion {
    uint64 generation;
    uint64 closedAt;
    bool isTotalLoss;
    uint256 assets;
    uint256 supply;
    uint256 stayed;
    uint256 deposited;
    uint256 redeemed;
}

/// @notice What is paid out after the exit: everything that came, pro rata of all shares. Index 0 is the vault's asset, 1
/// USDC of a vault whose asset is another one.
/// @param exitedAt When, unix seconds; 0: not exited.
/// @param supply Shares that share.
/// @param gathered What came in all.
/// @param paid What was paid of it.
struct VaultExit {
    uint64 exitedAt;
    uint256 supply;
    uint256[2] gathered;
    uint256[2] paid;
}

/// @notice What a vault remembers of its account, for the next message.
/// @param group The account is the vault's while it is in this group.
/// @param rounds Conversions sent before.
/// @param sentBalance Balance that was proven when a withdrawal was sent; 0: none was.
struct VaultMemory {
    uint32 account;
    uint32 group;
    uint64 lastMessage;
    uint64 expiryAt;
    uint256 rounds;
    uint256 sentBalance;
}

/// @notice What a vault sends next, and why.
/// @param outboxNext Entries from here on are younger than the state that was proven.
/// @param cash µUSDC.
/// @param balance Of the vault's asset, at least 0.
/// @param indexPrice µUSDC per unit; calls only.
/// @param amount Lots of an order, units of a withdrawal.
/// @param body Of the message; empty for WRITE_OFF.
struct VaultStep {
    uint64 outboxNext;
    int256 cash;
    uint256 balance;
    uint64 indexPrice;
    VaultAction action;
    uint256 amount;
    bytes body;
}

/// @notice What the end of an epoch is worked out from.
/// @param received Net asset value before fees.
/// @param supply Shares; without any, what was received belongs to nobody and goes to the fee recipient.
/// @param stayed What stayed in the account, valued for who enters.
/// @param rolledAt From then on the management fee counts.
/// @param cranks How many were turned.
/// @param mark The high-water mark.
/// @param deposits Assets to convert.
/// @param redeems Shares to convert.
/// @param lateRedeems Shares requested for the next close: after a total loss they have none.
struct VaultEnd {
    uint256 received;
    uint256 supply;
    uint256 stayed;
    uint256 rolledAt;
    uint256 cranks;
    uint256 mark;
    uint256 deposits;
    uint256 redeems;
    uint256 lateRedeems;
}

/// @notice How an epoch ends, in the smallest unit of the asset.
/// @param perCrank For each who turned one.
/// @param managed Net asset value after fees.
/// @param mark The new high-water mark.
/// @param isTotalLoss A new generation begins.
/// @param paid For all redemptions.
/// @param minted Shares for all deposits.
struct VaultResult {
    uint256 management;
    uint256 performance;
    uint256 perCrank;
    uint256 managed;
    uint256 mark;
    bool isTotalLoss;
    uint256 paid;
    uint256 minted;
}
