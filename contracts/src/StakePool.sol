// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {IStakePool, Service} from "./interfaces/IStakePool.sol";

/// @title Money of the challenge game
/// @dev Promises: IStakePool. Rules: docs/spec.md D-11 to D-13. Invariants: docs/invariants.md P.
contract StakePool is IStakePool, ReentrancyGuardTransient {
    /// @notice Where burnt money goes: nobody has the key.
    address public constant GRAVE = 0x000000000000000000000000000000000000dEaD;

    /// @dev Gas of each service (D-12).
    uint256 internal constant ASSERTION_GAS = 1_000_000;
    uint256 internal constant BISECTION_GAS = 250_000;
    uint256 internal constant ONE_STEP_PROOF_GAS = 1_000_000;
    uint256 internal constant REFUTATION_GAS = 32_000_000;
    uint256 internal constant SETTLEMENT_GAS = 250_000;

    /// @inheritdoc IStakePool
    address public immutable ASSERTION_CHAIN;
    /// @inheritdoc IStakePool
    address public immutable CHALLENGE_GAME;
    /// @inheritdoc IStakePool
    uint96 public immutable STAKE_WEI;
    /// @inheritdoc IStakePool
    uint8 public immutable HISTORY_HEIGHT;
    /// @inheritdoc IStakePool
    uint64 public immutable TARIFF_GAS_PRICE_WEI;

    /// @inheritdoc IStakePool
    uint256 public locked;
    /// @inheritdoc IStakePool
    uint256 public pots;
    /// @inheritdoc IStakePool
    uint256 public owed;
    /// @inheritdoc IStakePool
    uint256 public burnt;
    /// @inheritdoc IStakePool
    mapping(bytes32 contest => uint256 amount) public pot;
    /// @inheritdoc IStakePool
    mapping(address owner => uint256 amount) public claimable;

    modifier onlyChain() {
        if (msg.sender != ASSERTION_CHAIN) revert NotAuthorized(msg.sender);
        _;
    }

    modifier onlyGame() {
        if (msg.sender != CHALLENGE_GAME) revert NotAuthorized(msg.sender);
        _;
    }

    /// @dev Deployed first, with the precomputed addresses of the other two; the assertion chain checks them.
    constructor(
        address assertionChain,
        address challengeGame,
        uint8 historyHeight,
        uint96 stakeWei,
        uint64 tariffGasPriceWei
    ) {
        if (tariffGasPriceWei == 0) revert InvalidParameter("tariffGasPriceWei", 0);
        uint256 defence = ASSERTION_GAS + historyHeight * BISECTION_GAS + ONE_STEP_PROOF_GAS + REFUTATION_GAS;
        if (stakeWei / 2 < (defence + SETTLEMENT_GAS) * tariffGasPriceWei) {
            revert InvalidParameter("stakeWei", stakeWei);
        }
        ASSERTION_CHAIN = assertionChain;
        CHALLENGE_GAME = challengeGame;
        HISTORY_HEIGHT = historyHeight;
        STAKE_WEI = stakeWei;
        TARIFF_GAS_PRICE_WEI = tariffGasPriceWei;
    }

    /// @inheritdoc IStakePool
    function lock(address staker, bytes32 id) external payable onlyChain {
        if (msg.value != STAKE_WEI) revert StakeMismatch(STAKE_WEI, msg.value);
        locked += msg.value;
        emit BondLocked(staker, id, msg.value);
    }

    /// @inheritdoc IStakePool
    function release(address staker) external onlyChain {
        locked -= STAKE_WEI;
        _credit(staker, STAKE_WEI);
        emit BondRefunded(staker, STAKE_WEI);
    }

    /// @inheritdoc IStakePool
    function seize(address staker, bytes32 contest, address settler) external onlyChain {
        uint256 half = STAKE_WEI / 2;
        uint256 reward = tariff(Service.SETTLEMENT);
        uint256 rest = STAKE_WEI - half - reward;
        locked -= STAKE_WEI;
        pot[contest] += rest;
        pots += rest;
        _credit(settler, reward);
        emit BondBurned(staker, contest, half, settler, reward);
        _burn(half);
    }

    /// @inheritdoc IStakePool
    function pay(bytes32 contest, Service service, address to) external onlyGame {
        uint256 due = tariff(service);
        uint256 available = pot[contest];
        if (available < due) revert PotTooSmall(contest, available, due);
        pot[contest] = available - due;
        pots -= due;
        _credit(to, due);
        emit TariffPaid(contest, service, to, due);
    }

    /// @inheritdoc IStakePool
    function burnPot(bytes32 contest) external onlyGame {
        uint256 amount = pot[contest];
        pot[contest] = 0;
        pots -= amount;
        emit PotBurned(contest, amount);
        _burn(amount);
    }

    /// @inheritdoc IStakePool
    function claim(address recipient) external nonReentrant {
        uint256 amount = claimable[msg.sender];
        if (amount == 0) revert NothingToClaim(msg.sender);
        claimable[msg.sender] = 0;
        owed -= amount;
        emit Claimed(msg.sender, recipient, amount);
        (bool paid,) = recipient.call{value: amount}("");
        if (!paid) revert PaymentRefused(recipient, amount);
    }

    /// @inheritdoc IStakePool
    function tariff(Service service) public view returns (uint256) {
        uint256 gasUnits = SETTLEMENT_GAS;
        if (service == Service.ASSERTION) gasUnits = ASSERTION_GAS;
        else if (service == Service.BISECTION) gasUnits = BISECTION_GAS;
        else if (service == Service.ONE_STEP_PROOF) gasUnits = ONE_STEP_PROOF_GAS;
        else if (service == Service.REFUTATION) gasUnits = REFUTATION_GAS;
        return gasUnits * TARIFF_GAS_PRICE_WEI;
    }

    function _credit(address to, uint256 amount) private {
        claimable[to] += amount;
        owed += amount;
    }

    /// @dev The grave has no code: it takes everything.
    function _burn(uint256 amount) private {
        burnt += amount;
        (bool paid,) = GRAVE.call{value: amount}("");
        if (!paid) revert PaymentRefused(GRAVE, amount);
    }
}
