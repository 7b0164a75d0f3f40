// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Withdrawal} from "../../src/types/State.sol";
import {VaultPhase} from "../../src/types/Vault.sol";
import {OptionVault} from "../../src/vault/OptionVault.sol";
import {VaultWorld} from "../VaultWorld.sol";

/// @notice Random depositors, cranks, donations, losses, liquidations and exits, beside a model of what must come of it.
contract VaultHandler is VaultWorld {
    address[4] internal users;
    /// Price of a share before and after a call that is no close: they must be the same.
    bool public priceMoved;
    bool public callerGained;
    bool public exitRefused;
    /// A sale was sent again while another could run, or later than a roll would sell; or it was refused when it may be.
    bool public resentWrongly;
    /// An epoch ended without what an account had been sold for.
    bool public leftBehind;
    mapping(OptionVault vault => uint256 time) private _sentAt;
    /// What a liquidation left and nobody has adopted.
    mapping(OptionVault vault => uint32 account) private _left;
    mapping(bytes32 action => uint256 calls) public done;

    modifier priced(OptionVault vault) {
        (uint256 epoch, uint256 price) = (vault.epoch().number, vault.convertToAssets(1e30));
        _;
        bool exited = vault.exitOf().exitedAt != 0;
        if (!exited && vault.epoch().number == epoch && vault.convertToAssets(1e30) != price) priceMoved = true;
    }

    constructor() {
        deployWorld();
        users = [alice, bob, eve, makeAddr("dave")];
        for (uint256 i = 0; i < 4; ++i) {
            requestDeposit(puts, users[i], 1000e6 + i);
            requestDeposit(calls, users[i], 10 ether + i);
        }
        roll(puts);
        roll(calls);
    }

    function request(uint256 seed, uint256 amount) external {
        OptionVault vault = _vault(seed);
        if (vault.exitOf().exitedAt != 0 || exitMode.entered()) return;
        address user = users[seed >> 8 & 3];
        requestDeposit(vault, user, bound(amount, unitOf(vault) * 10, unitOf(vault) * 5000));
        ++done["request"];
    }

    function redeemRequest(uint256 seed, uint256 amount) external priced(_vault(seed)) {
        OptionVault vault = _vault(seed);
        if (vault.exitOf().exitedAt != 0 || exitMode.entered()) return;
        address user = users[seed >> 8 & 3];
        uint256 held = sharesOf(vault, user);
        if (held == 0) return;
        requestRedeem(vault, user, bound(amount, 1, held));
        ++done["redeemRequest"];
    }

    /// @dev Claims, of any part; a claim that is claimable must never be refused.
    function claim(uint256 seed, uint256 part) external priced(_vault(seed)) {
        OptionVault vault = _vault(seed);
        address user = users[seed >> 8 & 3];
        (uint256 assets, uint256 shares) = (vault.maxDeposit(user), vault.maxMint(user));
        vm.startPrank(user);
        if (assets != 0) {
            uint256 asked = bound(part, 1, assets);
            try vault.deposit(asked, user, user) returns (uint256 got) {
                if (got * assets > asked * shares) callerGained = true;
                ++done["claimShares"];
            } catch {
                exitRefused = true;
            }
        }
        (assets, shares) = (vault.maxWithdraw(user), vault.maxRedeem(user));
        if (shares != 0) {
            uint256 asked = bound(part, 1, shares);
            try vault.redeem(asked, user, user) returns (uint256 got) {
                if (got * shares > asked * assets) callerGained = true;
                ++done["claimAssets"];
            } catch {
                exitRefused = true;
            }
        }
        vm.stopPrank();
    }

    /// @dev Turn the next crank, as the phase asks; `cash` is what the options of the epoch end with.
    function crank(uint256 seed, int64 cash) external {
        OptionVault vault = _vault(seed);
        if (exitMode.entered()) return;
        VaultPhase at_ = vault.phase();
        if (at_ == VaultPhase.OPEN) {
            try this.rollOf(vault) {
                ++done["roll"];
            } catch {}
            publish();
        } else if (at_ != VaultPhase.SETTLED) {
            publish();
            expire(vault);
            _result(vault, cash);
            publish();
            settle(vault);
            ++done["settle"];
        } else {
            _goOn(vault, seed);
        }
    }

    /// @dev Somebody sends the sale again whenever that may be of use, or of harm.
    function resend(uint256 seed, uint256 elapsed) external priced(puts) priced(calls) {
        OptionVault vault = _vault(seed);
        vm.warp(vm.getBlockTimestamp() + bound(elapsed, 0, 12 hours));
        if (seed >> 8 & 1 == 0 && !exitMode.entered()) publish();
        uint256 now_ = vm.getBlockTimestamp();
        uint256 rolledAt = vault.epoch().rolledAt;
        uint256 sentAt = rolledAt > _sentAt[vault] ? rolledAt : _sentAt[vault];
        bool may = rolledAt != 0 && vault.phase() != VaultPhase.SETTLED && !exitMode.entered()
            && now_ >= sentAt + FORCE_AFTER + SALE_SECONDS && now_ + TENOR <= vault.epoch().expiryAt;
        try this.resendOf(vault) {
            _sentAt[vault] = now_;
            if (!may) resentWrongly = true;
            ++done["resend"];
        } catch {
            if (may) resentWrongly = true;
        }
    }

    /// @dev The account is sold while it may be in need: it has options, or a debt. Who bought it may give it back, with
    /// next to nothing in it.
    function liquidate(uint256 seed, int64 price) external priced(puts) priced(calls) {
        OptionVault vault = _vault(seed);
        VaultPhase at_ = vault.phase();
        uint32 account = accountOf(vault);
        bool isInNeed = at_ == VaultPhase.SETTLED ? l2[account].cash < 0 : at_ != VaultPhase.OPEN;
        if (exitMode.entered() || !isInNeed || !_isHeld(vault)) return;
        address owner_ = seed >> 8 & 1 == 0 ? eve : address(vault);
        _left[vault] =
            sell(account, owner_, 77, int96(uint96(seed >> 9 & 0xff)), int96(bound(int256(price), 1, 5000e6)));
        ++done["liquidate"];
    }

    function donate(uint256 seed, uint96 amount) external priced(_vault(seed)) {
        OptionVault vault = _vault(seed);
        if (exitMode.entered()) return;
        uint96 gift = uint96(bound(amount, 1, 1000e6));
        usdc.mint(address(vault), gift);
        bool takes = l2[accountOf(vault)].owner != address(0) && accountOf(vault) < FIRST_L2_ACCOUNT;
        if (seed >> 8 & 1 == 0 && takes) {
            donateL2(accountOf(vault), seed >> 9 & 1 == 0 ? USDC : ETH, gift);
        }
        if (seed >> 10 & 1 == 0) {
            outbox.push(Withdrawal(OTHERS, USDC, gift, address(vault)));
            confirmState();
            pay(uint64(outbox.length) - 1);
        }
        ++done["donate"];
    }

    function warp(uint256 elapsed) external priced(puts) priced(calls) {
        vm.warp(vm.getBlockTimestamp() + bound(elapsed, 1, 3 days));
    }

    function fail(uint256 seed) external {
        ordersFail = seed & 3 == 0;
        withdrawalsFail = seed >> 2 & 3 == 0;
        fillLots = seed >> 4 & 1 == 0 ? type(uint256).max : seed >> 8 & 0xfff;
        index = uint64(bound(seed >> 24, 500e6, 9000e6));
    }

    /// @dev Both vaults exit; rarely, for there is no way back.
    function exit(uint256 seed) external {
        if (seed % 37 != 0 || exitMode.entered()) return;
        publish();
        enterExitMode();
        puts.exit();
        calls.exit();
        ++done["exit"];
    }

    function exitClaim(uint256 seed, uint256 part) external {
        OptionVault vault = _vault(seed);
        if (vault.exitOf().exitedAt == 0) return;
        address user = users[seed >> 8 & 3];
        uint256 held = sharesOf(vault, user);
        vm.prank(user);
        try vault.exitClaim(bound(part, 0, held), user, user) {
            ++done["exitClaim"];
        } catch {}
    }

    function rollOf(OptionVault vault) external {
        roll(vault);
    }

    function resendOf(OptionVault vault) external {
        resendSale(vault);
    }

    function closeOf(OptionVault vault, uint64 slot) external {
        close(vault, slot);
    }

    function vaults() external view returns (OptionVault, OptionVault) {
        return (puts, calls);
    }

    function heldBy(OptionVault vault) external view returns (uint256) {
        return assetOf(vault, address(vault));
    }

    /// @dev What all users could claim.
    function claims(OptionVault vault) external view returns (uint256 assets, uint256 shares) {
        for (uint256 i = 0; i < 4; ++i) {
            assets += vault.maxWithdraw(users[i]);
            shares += vault.maxMint(users[i]) + vault.pendingRedeemRequest(0, users[i]);
        }
    }

    function pendings(OptionVault vault) external view returns (uint256 assets) {
        for (uint256 i = 0; i < 4; ++i) {
            assets += vault.pendingDepositRequest(0, users[i]);
        }
    }

    function _goOn(OptionVault vault, uint256 seed) private {
        uint64 slot = uint64(outbox.length);
        publish();
        if (vault.epoch().lostAt != 0) {
            _afterLoss(vault);
            return;
        }
        for (uint64 i = slot; i < outbox.length; ++i) {
            if (outbox[i].account == accountOf(vault) && outbox[i].recipient == address(vault)) {
                pay(i);
                _closeOf(vault, i);
                return;
            }
        }
        // The entry may have come with an earlier state; else the message failed.
        for (uint64 i = vault.epoch().outboxFloor; i < outbox.length; ++i) {
            bool own = outbox[i].account == accountOf(vault) && outbox[i].recipient == address(vault);
            if (!own || vault.isCollected(i)) continue;
            if (!bridge.isFinalized(i)) pay(i);
            _closeOf(vault, i);
            return;
        }
        if (seed & 0x100000 == 0) (ordersFail, withdrawalsFail) = (false, false);
        settle(vault);
        ++done["settleAgain"];
    }

    function _afterLoss(OptionVault vault) private {
        if (_left[vault] != 0) {
            adopt(vault, _left[vault]);
            _left[vault] = 0;
            ++done["adopt"];
        } else {
            vm.warp(vm.getBlockTimestamp() + GRACE);
            vault.writeOff();
            ++done["writeOff"];
        }
    }

    /// @dev Whether the account was not sold, as L2 knows it; one that is not open yet was not.
    function _isHeld(OptionVault vault) private view returns (bool) {
        Account storage account = l2[accountOf(vault)];
        bool isOwner = account.owner == address(vault) || account.owner == address(0);
        return isOwner && account.group != 77;
    }

    /// @dev A total loss waits for evidence.
    function _closeOf(OptionVault vault, uint64 slot) private {
        vm.warp(vm.getBlockTimestamp() + GRACE);
        if (_isHeld(vault)) {
            close(vault, slot);
            ++done["close"];
            return;
        }
        try this.closeOf(vault, slot) {
            leftBehind = true;
        } catch {
            settle(vault);
            ++done["settleLoss"];
        }
    }

    /// @dev What the options came to: a gain, a loss, or everything.
    function _result(OptionVault vault, int64 cash) private {
        Account storage account = l2[accountOf(vault)];
        if (cash % 13 == 0) {
            (account.cash, account.eth) = (0, 0);
        } else {
            int256 most =
                isCall(vault) ? int256(uint256(account.eth)) * int256(uint256(index)) / 2e18 : int256(account.cash);
            if (most > 0) account.cash += int96(bound(int256(cash), -most, most / 10));
        }
        // Deposits of strangers lie with the same bridge: what is gained there is lost elsewhere.
    }

    function _vault(uint256 seed) internal view returns (OptionVault) {
        return seed & 1 == 0 ? puts : calls;
    }
}
