// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC165} from "@openzeppelin/contracts/interfaces/IERC165.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/interfaces/IERC20Metadata.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";

import {IVaultShare} from "../interfaces/IVaultShare.sol";

/// @title Share of an option vault
/// @dev Promises: IVaultShare. Its vault makes it.
contract VaultShare is IVaultShare, ERC20Permit {
    /// @dev Those of the virtual shares.
    uint8 private constant MORE_DECIMALS = 6;
    bytes4 private constant SHARE_ID = 0xf815c03d;

    address private immutable _VAULT;
    address private immutable _ASSET;
    uint8 private immutable _DECIMALS;

    /// @inheritdoc IVaultShare
    uint64 public generation;
    mapping(uint256 generation => mapping(address holder => uint256 shares)) private _holdings;
    mapping(uint256 generation => uint256 shares) private _supplies;

    modifier onlyVault() {
        if (msg.sender != _VAULT) revert NotVault(msg.sender);
        _;
    }

    /// @param asset Of the vault, which is the caller.
    constructor(string memory name_, string memory symbol_, address asset) ERC20(name_, symbol_) ERC20Permit(name_) {
        _VAULT = msg.sender;
        _ASSET = asset;
        _DECIMALS = IERC20Metadata(asset).decimals() + MORE_DECIMALS;
    }

    /// @inheritdoc IVaultShare
    function convert(uint256 burnt, uint256 minted, bool endsGeneration) external onlyVault {
        if (endsGeneration) ++generation;
        else if (burnt != 0) _burn(_VAULT, burnt);
        if (minted != 0) _mint(_VAULT, minted);
    }

    /// @inheritdoc IVaultShare
    function burn(address holder, uint256 shares) external onlyVault {
        _burn(holder, shares);
    }

    /// @inheritdoc IVaultShare
    function pull(address holder, address spender, uint256 shares) external onlyVault {
        if (spender != address(0)) _spendAllowance(holder, spender, shares);
        _transfer(holder, _VAULT, shares);
    }

    /// @inheritdoc IVaultShare
    function vault(address asset) external view returns (address) {
        return asset == _ASSET ? _VAULT : address(0);
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 id) external pure returns (bool) {
        return id == type(IERC165).interfaceId || id == SHARE_ID;
    }

    /// @inheritdoc IERC20Metadata
    function decimals() public view override(ERC20, IERC20Metadata) returns (uint8) {
        return _DECIMALS;
    }

    /// @inheritdoc IERC20
    function totalSupply() public view override(ERC20, IERC20) returns (uint256) {
        return _supplies[generation];
    }

    /// @inheritdoc IERC20
    function balanceOf(address holder) public view override(ERC20, IERC20) returns (uint256) {
        return _holdings[generation][holder];
    }

    /// @inheritdoc IERC20Permit
    function nonces(address holder) public view override(ERC20Permit, IERC20Permit) returns (uint256) {
        return super.nonces(holder);
    }

    /// @dev As the token that is extended, over the balances of this generation.
    function _update(address from, address to, uint256 value) internal override {
        uint256 current = generation;
        mapping(address holder => uint256 shares) storage holdings = _holdings[current];
        if (from == address(0)) {
            _supplies[current] += value;
        } else {
            uint256 held = holdings[from];
            if (held < value) revert ERC20InsufficientBalance(from, held, value);
            holdings[from] = held - value;
        }
        if (to == address(0)) _supplies[current] -= value;
        else holdings[to] += value;
        emit Transfer(from, to, value);
    }
}
