// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice Useful actions, each with a fixed tariff (docs/spec.md D-12).
enum Service {
    ASSERTION,
    BISECTION,
    ONE_STEP_PROOF,
    REFUTATION,
    SETTLEMENT
}

/// @title Money of the challenge game
/// @notice Holds every stake, pays tariffs out of lost stakes, burns the rest; it decides nothing.
/// @dev Always: ETH received by `lock` = `locked` + `pots` + `owed` + `burnt` + what was claimed; balance >= `locked` +
/// `pots` + `owed`, equal unless forced. A *contest* is named by the parent whose children compete. Rules: docs/spec.md
/// D-11 to D-13.
interface IStakePool {
    /// @notice `staker` paid a stake, which stands behind assertion `id`.
    event BondLocked(address indexed staker, bytes32 indexed id, uint256 amount);

    /// @notice The stake of `staker` was released and can be claimed.
    event BondRefunded(address indexed staker, uint256 amount);

    /// @notice The stake of `staker` was lost in `contest`: `burnt` wei are gone, `settler` got `reward`, the rest is in the pot.
    event BondBurned(
        address indexed staker, bytes32 indexed contest, uint256 burnt, address indexed settler, uint256 reward
    );

    /// @notice `to` was credited the tariff of a service out of the pot of `contest`.
    event TariffPaid(bytes32 indexed contest, Service indexed service, address indexed to, uint256 amount);

    /// @notice What nobody earned in `contest` was burnt.
    event PotBurned(bytes32 indexed contest, uint256 amount);

    /// @notice `amount` wei, credited to `owner` before, were paid to `recipient`.
    event Claimed(address indexed owner, address indexed recipient, uint256 amount);

    error InvalidParameter(bytes32 name, uint256 value);
    /// @notice Only the assertion chain or the challenge game may do this.
    error NotAuthorized(address caller);
    /// @notice A stake is exactly `expected` wei.
    error StakeMismatch(uint256 expected, uint256 actual);
    /// @notice The pot of the contest does not hold the tariff (yet: settle the losers first).
    error PotTooSmall(bytes32 contest, uint256 available, uint256 due);
    error NothingToClaim(address owner);
    error PaymentRefused(address recipient, uint256 amount);

    /// @notice Take the stake sent along for `staker`; assertion chain only.
    function lock(address staker, bytes32 id) external payable;

    /// @notice Credit a released stake to `staker`; assertion chain only.
    function release(address staker) external;

    /// @notice Book a lost stake: half is burnt, the settlement tariff goes to `settler`, the rest to the pot; assertion
    /// chain only.
    function seize(address staker, bytes32 contest, address settler) external;

    /// @notice Credit the tariff of a service from the pot of `contest` to `to`; challenge game only.
    function pay(bytes32 contest, Service service, address to) external;

    /// @notice Burn what is left in the pot of `contest`; challenge game only.
    function burnPot(bytes32 contest) external;

    /// @notice Pay all that the caller has been credited to `recipient`.
    function claim(address recipient) external;

    /// @notice Wei that a service is worth: a fixed amount of gas at `TARIFF_GAS_PRICE_WEI`.
    function tariff(Service service) external view returns (uint256);

    /// @notice Wei in the pot of a contest.
    function pot(bytes32 contest) external view returns (uint256);

    /// @notice Wei that `owner` may claim.
    function claimable(address owner) external view returns (uint256);

    /// @notice Sum of all stakes that stand behind an assertion.
    function locked() external view returns (uint256);

    /// @notice Sum of all pots.
    function pots() external view returns (uint256);

    /// @notice Sum of all credits not yet claimed.
    function owed() external view returns (uint256);

    /// @notice Sum of everything burnt.
    function burnt() external view returns (uint256);

    function ASSERTION_CHAIN() external view returns (address);
    function CHALLENGE_GAME() external view returns (address);

    /// @notice Price of a claim, wei. At least twice what defending against one rival can cost at the reference price.
    function STAKE_WEI() external view returns (uint96);

    /// @notice Height of the histories that a stake defends.
    function HISTORY_HEIGHT() external view returns (uint8);

    /// @notice Reference gas price of all tariffs, wei.
    function TARIFF_GAS_PRICE_WEI() external view returns (uint64);
}
