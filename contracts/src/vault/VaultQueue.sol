// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {FixedPoint} from "../core/FixedPoint.sol";
import {IERC7540Deposit, IERC7540Operator, IERC7540Redeem, IERC7575} from "../interfaces/IERC7540.sol";
import {VaultPhase} from "../types/Vault.sol";
import {VaultMath} from "./VaultMath.sol";
import {VaultState} from "./VaultState.sol";

/// @notice The queues of an option vault: requests, what became of them at a close, and claims. ERC-4626 as ERC-7540
/// modifies it. Promises: IOptionVault.
/// @dev What a close converts is minted to, or burnt from, the vault itself, as a sum; each controller's part is worked
/// out when it is touched next, rounded down, so the parts never exceed the sum.
abstract contract VaultQueue is VaultState, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    /// @dev Assets or shares that wait for the close of an epoch. `ends` is 0 for assets, and the generation after theirs
    /// for shares: if that begins first, they are converted with the loss.
    struct Request {
        uint128 amount;
        uint64 epoch;
        uint64 ends;
    }

    /// @inheritdoc IERC7540Operator
    mapping(address controller => mapping(address operator => bool approved)) public isOperator;
    /// @dev By the parity of the epoch.
    mapping(address controller => Request[2]) private _deposits;
    mapping(address controller => Request[2]) private _redeems;
    /// @dev Converted deposits, by the generation of their shares.
    mapping(uint256 generation => mapping(address controller => Amounts)) private _claimableDeposits;
    mapping(address controller => Amounts) private _claimableRedeems;

    modifier onlyOperatorOf(address owner) {
        _checkOperator(owner);
        _;
    }

    /// @inheritdoc IERC7540Operator
    function setOperator(address operator, bool approved) external returns (bool) {
        isOperator[msg.sender][operator] = approved;
        emit OperatorSet(msg.sender, operator, approved);
        return true;
    }

    /// @inheritdoc IERC7540Deposit
    function requestDeposit(uint256 assets, address controller, address owner)
        external
        nonReentrant
        onlyOperatorOf(owner)
        returns (uint256)
    {
        uint64 number = _requestEpoch(controller);
        if (_machine.depositsPaused) revert DepositsArePaused();
        if (assets < MINIMUM) revert BelowMinimum(assets, MINIMUM);
        uint256 room = _room();
        if (assets > room) revert CapExceeded(assets, room);
        _claimableDeposits[_machine.generation][controller] = _takeDeposits(controller);
        _push(_deposits[controller][number & 1], number, assets, 0);
        _queued[number & 1].assets += uint128(assets);
        emit DepositRequest(controller, owner, 0, msg.sender, assets);
        _take(owner, assets);
        return 0;
    }

    /// @inheritdoc IERC7540Redeem
    function requestRedeem(uint256 shares, address controller, address owner) external nonReentrant returns (uint256) {
        uint64 number = _requestEpoch(controller);
        if (shares == 0) revert ZeroShares();
        _claimableRedeems[controller] = _takeRedeems(controller);
        _push(_redeems[controller][number & 1], number, shares, _machine.generation + 1);
        _queued[number & 1].shares += uint128(shares);
        emit RedeemRequest(controller, owner, 0, msg.sender, shares);
        SHARE.pull(owner, _isFor(owner) ? address(0) : msg.sender, shares);
        return 0;
    }

    /// @inheritdoc IERC7575
    function deposit(uint256 assets, address receiver) external returns (uint256 shares) {
        return deposit(assets, receiver, msg.sender);
    }

    /// @inheritdoc IERC7575
    function mint(uint256 shares, address receiver) external returns (uint256 assets) {
        return mint(shares, receiver, msg.sender);
    }

    /// @inheritdoc IERC7540Deposit
    function mint(uint256 shares, address receiver, address controller)
        public
        nonReentrant
        onlyOperatorOf(controller)
        returns (uint256 assets)
    {
        Amounts memory claim = _takeDeposits(controller);
        if (shares == 0) revert NothingDue();
        if (shares > claim.shares) revert ClaimExceeded(shares, claim.shares);
        assets = FixedPoint.divUp(shares * claim.assets, claim.shares);
        _payShares(controller, receiver, claim, assets, shares);
    }

    /// @inheritdoc IERC7575
    function withdraw(uint256 assets, address receiver, address controller)
        external
        nonReentrant
        onlyOperatorOf(controller)
        returns (uint256 shares)
    {
        Amounts memory claim = _takeRedeems(controller);
        if (assets == 0) revert NothingDue();
        if (assets > claim.assets) revert ClaimExceeded(assets, claim.assets);
        shares = FixedPoint.divUp(assets * claim.shares, claim.assets);
        _payAssets(controller, receiver, claim, assets, shares);
    }

    /// @inheritdoc IERC7575
    function redeem(uint256 shares, address receiver, address controller)
        external
        nonReentrant
        onlyOperatorOf(controller)
        returns (uint256 assets)
    {
        Amounts memory claim = _takeRedeems(controller);
        if (shares == 0) revert NothingDue();
        if (shares > claim.shares) revert ClaimExceeded(shares, claim.shares);
        assets = FixedPoint.divDown(shares * claim.assets, claim.shares);
        _payAssets(controller, receiver, claim, assets, shares);
    }

    /// @inheritdoc IERC7540Deposit
    function pendingDepositRequest(uint256 requestId, address controller) external view returns (uint256) {
        return _pending(requestId, _deposits[controller]);
    }

    /// @inheritdoc IERC7540Redeem
    function pendingRedeemRequest(uint256 requestId, address controller) external view returns (uint256) {
        return _pending(requestId, _redeems[controller]);
    }

    /// @inheritdoc IERC7540Deposit
    function claimableDepositRequest(uint256 requestId, address controller) external view returns (uint256) {
        if (requestId != 0) revert UnknownRequest(requestId);
        return maxDeposit(controller);
    }

    /// @inheritdoc IERC7540Redeem
    function claimableRedeemRequest(uint256 requestId, address controller) external view returns (uint256) {
        if (requestId != 0) revert UnknownRequest(requestId);
        return maxRedeem(controller);
    }

    /// @inheritdoc IERC7575
    function maxMint(address controller) external view returns (uint256) {
        return _claimableDepositOf(controller).shares;
    }

    /// @inheritdoc IERC7575
    function maxWithdraw(address controller) external view returns (uint256) {
        return _claimableRedeemOf(controller).assets;
    }

    /// @inheritdoc IERC7575
    function asset() external view returns (address) {
        return ASSET;
    }

    /// @inheritdoc IERC7575
    function share() external view returns (address) {
        return address(SHARE);
    }

    /// @inheritdoc IERC7575
    function totalAssets() external view returns (uint256) {
        return _managed;
    }

    /// @inheritdoc IERC7575
    function convertToShares(uint256 assets) external view returns (uint256) {
        return VaultMath.sharesOf(assets, _managed, _supply());
    }

    /// @inheritdoc IERC7575
    function convertToAssets(uint256 shares) external view returns (uint256) {
        return VaultMath.assetsOf(shares, _managed, _supply());
    }

    /// @inheritdoc IERC7575
    function previewDeposit(uint256) external pure returns (uint256) {
        revert NoPreview();
    }

    /// @inheritdoc IERC7575
    function previewMint(uint256) external pure returns (uint256) {
        revert NoPreview();
    }

    /// @inheritdoc IERC7575
    function previewWithdraw(uint256) external pure returns (uint256) {
        revert NoPreview();
    }

    /// @inheritdoc IERC7575
    function previewRedeem(uint256) external pure returns (uint256) {
        revert NoPreview();
    }

    /// @inheritdoc IERC7540Deposit
    function deposit(uint256 assets, address receiver, address controller)
        public
        nonReentrant
        onlyOperatorOf(controller)
        returns (uint256 shares)
    {
        Amounts memory claim = _takeDeposits(controller);
        if (assets == 0) revert NothingDue();
        if (assets > claim.assets) revert ClaimExceeded(assets, claim.assets);
        shares = FixedPoint.divDown(assets * claim.shares, claim.assets);
        _payShares(controller, receiver, claim, assets, shares);
    }

    /// @inheritdoc IERC7575
    function maxDeposit(address controller) public view returns (uint256) {
        return _claimableDepositOf(controller).assets;
    }

    /// @inheritdoc IERC7575
    function maxRedeem(address controller) public view returns (uint256) {
        return _claimableRedeemOf(controller).shares;
    }

    /// @dev Take tokens; a token that moves another amount is refused.
    function _take(address from, uint256 assets) internal {
        uint256 before = IERC20(ASSET).balanceOf(address(this));
        IERC20(ASSET).safeTransferFrom(from, address(this), assets);
        uint256 received = IERC20(ASSET).balanceOf(address(this)) - before;
        if (received != assets) revert FeeOnTransfer(assets, received);
    }

    /// @dev Take what is converted out of the queue: the caller stores what is claimable now, once.
    function _takeDeposits(address controller) private returns (Amounts memory claim) {
        claim = _claimableDepositOf(controller);
        _drop(_deposits[controller], true);
    }

    function _takeRedeems(address controller) private returns (Amounts memory claim) {
        claim = _claimableRedeemOf(controller);
        _drop(_redeems[controller], true);
    }

    /// @dev Take what no close will convert out of the queue, after what is converted has become claimable.
    function _takePending(address controller) internal returns (uint256 assets, uint256 shares) {
        _claimableDeposits[_machine.generation][controller] = _takeDeposits(controller);
        _claimableRedeems[controller] = _takeRedeems(controller);
        return (_drop(_deposits[controller], false), _drop(_redeems[controller], false));
    }

    /// @dev Take requests out of the queue: those that are converted, or all the others.
    function _drop(Request[2] storage requests, bool converted) private returns (uint256 amount) {
        for (uint256 i = 0; i < 2; ++i) {
            Request storage request = requests[i];
            if (request.amount == 0 || _isConverted(request) != converted) continue;
            amount += request.amount;
            delete requests[i];
        }
    }

    /// @dev What may still be requested as a deposit.
    function _room() private view returns (uint256) {
        uint256 taken = uint256(_managed) + _queued[0].assets + _queued[1].assets;
        return Math.saturatingSub(CAP, taken);
    }

    function _payShares(address controller, address receiver, Amounts memory claim, uint256 assets, uint256 shares)
        private
    {
        _claimableDeposits[_machine.generation][controller] = _less(claim, assets, shares);
        emit Deposit(controller, receiver, assets, shares);
        if (shares != 0) IERC20(address(SHARE)).safeTransfer(receiver, shares);
    }

    function _payAssets(address controller, address receiver, Amounts memory claim, uint256 assets, uint256 shares)
        private
    {
        _claimableRedeems[controller] = _less(claim, assets, shares);
        _claimable -= uint128(assets);
        emit Withdraw(msg.sender, receiver, controller, assets, shares);
        IERC20(ASSET).safeTransfer(receiver, assets);
    }

    function _push(Request storage request, uint64 number, uint256 amount, uint64 ends) private {
        (request.amount, request.epoch, request.ends) = (request.amount + uint128(amount), number, ends);
    }

    function _checkOperator(address owner) private view {
        if (!_isFor(owner)) revert NotOperator(msg.sender, owner);
    }

    /// @dev Whether the caller may act for `owner`.
    function _isFor(address owner) private view returns (bool) {
        return msg.sender == owner || isOperator[owner][msg.sender];
    }

    /// @dev The epoch whose close converts what is requested now.
    function _requestEpoch(address controller) private view returns (uint64 number) {
        if (controller == address(0)) revert ZeroController();
        if (_machine.exitedAt != 0 || _exitModeEntered()) revert WrongPhase(VaultPhase.EXITED);
        number = _machine.number;
        uint64 cutoff = cutoffAt();
        if (cutoff != 0 && _hasCome(cutoff)) ++number;
    }

    function _isConverted(Request storage request) private view returns (bool) {
        return request.amount != 0 && _epochOf(request) < _machine.number;
    }

    /// @dev The epoch that converts a request.
    function _epochOf(Request storage request) private view returns (uint256 number) {
        number = request.epoch;
        if (request.ends == 0 || number == 0) return number;
        Conversion storage before = _conversions[number - 1];
        if (before.isTotalLoss && before.generation == request.ends) --number;
    }

    function _pending(uint256 requestId, Request[2] storage requests) private view returns (uint256 amount) {
        if (requestId != 0) revert UnknownRequest(requestId);
        for (uint256 i = 0; i < 2; ++i) {
            Request storage request = requests[i];
            if (!_isConverted(request)) amount += request.amount;
        }
    }

    /// @dev Shares of a generation that is over are worth nothing, and are left out.
    function _claimableDepositOf(address controller) private view returns (Amounts memory) {
        uint256 generation = _machine.generation;
        Amounts storage before = _claimableDeposits[generation][controller];
        (uint256 assets, uint256 shares) = (before.assets, before.shares);
        for (uint256 i = 0; i < 2; ++i) {
            Request storage request = _deposits[controller][i];
            Conversion storage pair = _conversions[request.epoch];
            if (!_isConverted(request) || pair.generation != generation) continue;
            uint256 amount = request.amount;
            assets += amount;
            shares += pair.isTotalLoss
                ? VaultMath.sharesOf(amount, 0, 0)
                : VaultMath.sharesOf(amount, uint256(pair.assets) + pair.stayed, pair.supply);
        }
        return Amounts(uint128(assets), uint128(shares));
    }

    function _claimableRedeemOf(address controller) private view returns (Amounts memory) {
        (uint256 assets, uint256 shares) = (_claimableRedeems[controller].assets, _claimableRedeems[controller].shares);
        for (uint256 i = 0; i < 2; ++i) {
            Request storage request = _redeems[controller][i];
            if (!_isConverted(request)) continue;
            Conversion storage pair = _conversions[_epochOf(request)];
            uint256 amount = request.amount;
            assets += VaultMath.assetsOf(amount, pair.assets, pair.supply);
            shares += amount;
        }
        return Amounts(uint128(assets), uint128(shares));
    }

    function _less(Amounts memory claim, uint256 assets, uint256 shares) private pure returns (Amounts memory) {
        return Amounts(uint128(claim.assets - assets), uint128(claim.shares - shares));
    }
}
