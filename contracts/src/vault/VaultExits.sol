// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {FixedPoint} from "../core/FixedPoint.sol";
import {IExitMode} from "../interfaces/IExitMode.sol";
import {IOptionVault} from "../interfaces/IOptionVault.sol";
import {IWrappedEther} from "../interfaces/IWrappedEther.sol";
import {VaultExit, VaultPhase} from "../types/Vault.sol";
import {VaultQueue} from "./VaultQueue.sol";

/// @notice How an option vault ends: once the rollup is in exit mode, everything that comes is paid out pro rata of all
/// shares, and queued deposits go back as they came. Promises: IOptionVault.
/// @dev What somebody gave back counts for ever, so it makes no difference who claims first, or how often.
abstract contract VaultExits is VaultQueue {
    using SafeERC20 for IERC20;

    /// @dev Place of the vault's asset, and of USDC if that is another one.
    uint8 internal constant OWN = 0;
    uint8 internal constant CASH = 1;

    uint256 private _exitSupply;
    mapping(uint256 place => uint256 amount) internal _gathered;
    mapping(uint256 place => uint256 amount) private _paidOut;
    mapping(address controller => uint256 shares) private _givenBack;
    mapping(address controller => mapping(uint256 place => uint256 amount)) private _paidTo;
    /// @dev What exit mode has paid for an account and was counted.
    mapping(uint32 account => mapping(uint256 place => uint256 amount)) private _counted;

    modifier onlyExited() {
        if (_machine.exitedAt == 0) revert WrongPhase(phase());
        _;
    }

    /// @inheritdoc IOptionVault
    function exit() external nonReentrant {
        if (_machine.exitedAt != 0) revert WrongPhase(VaultPhase.EXITED);
        if (!_exitModeEntered()) revert NotExitMode();
        _machine.exitedAt = uint64(block.timestamp);
        uint256 supply = _supply();
        _exitSupply = supply;
        _gathered[OWN] = uint256(_idle) + _incoming;
        (_managed, _idle, _incoming) = (0, 0, 0);
        emit Exited(_machine.number, supply, _gathered[OWN], msg.sender);
    }

    /// @inheritdoc IOptionVault
    function gather(uint32 account) external onlyExited nonReentrant {
        (uint256 own, uint256 cash) = STRATEGY.exitPaid(account);
        mapping(uint256 place => uint256 amount) storage counted = _counted[account];
        (uint256 newOwn, uint256 newCash) = (own - counted[OWN], cash - counted[CASH]);
        (counted[OWN], counted[CASH]) = (own, cash);
        if (_sent.depositAmount != 0 && IExitMode(EXIT_MODE).isReturned(_sent.depositMessage)) {
            newOwn += _sent.depositAmount;
            _sent.depositAmount = 0;
        }
        if (newOwn + newCash == 0) revert NothingDue();
        _gathered[OWN] += newOwn;
        _gathered[CASH] += newCash;
        emit Gathered(account, newOwn, newCash);
        _wrap(newOwn);
    }

    /// @inheritdoc IOptionVault
    function exitClaim(uint256 shares, address receiver, address controller)
        external
        onlyExited
        nonReentrant
        onlyOperatorOf(controller)
        returns (uint256 assets, uint256 usdc)
    {
        (uint256 refund, uint256 queued) = _takePending(controller);
        if (shares != 0) SHARE.burn(controller, shares);
        if (queued != 0) SHARE.burn(address(this), queued);
        _givenBack[controller] += shares + queued;
        assets = _pay(controller, OWN);
        usdc = _pay(controller, CASH);
        if (assets + usdc + refund + shares + queued == 0) revert NothingDue();
        emit ExitPaid(controller, receiver, shares + queued, assets, usdc, refund);
        assets += refund;
        if (assets != 0) IERC20(ASSET).safeTransfer(receiver, assets);
        if (usdc != 0) IERC20(USDC_TOKEN).safeTransfer(receiver, usdc);
    }

    /// @inheritdoc IOptionVault
    function exitOf() external view returns (VaultExit memory) {
        return
            VaultExit(
                _machine.exitedAt, _exitSupply, [_gathered[OWN], _gathered[CASH]], [_paidOut[OWN], _paidOut[CASH]]
            );
    }

    /// @dev ETH that came for the vault becomes its asset.
    function _wrap(uint256 amount) internal {
        if (IS_CALL && amount != 0) IWrappedEther(ASSET).deposit{value: amount}();
    }

    function _pay(address controller, uint8 place) private returns (uint256 amount) {
        amount = _entitled(_givenBack[controller], place) - _paidTo[controller][place];
        _paidTo[controller][place] += amount;
        _paidOut[place] += amount;
    }

    /// @dev What shares are due of all that came, rounded down.
    function _entitled(uint256 shares, uint8 place) private view returns (uint256) {
        return shares == 0 ? 0 : FixedPoint.divDown(_gathered[place] * shares, _exitSupply);
    }
}
