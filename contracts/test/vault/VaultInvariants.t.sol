// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {TestUSDC} from "../../src/tokens/TestUSDC.sol";
import {VaultBooks, VaultExit} from "../../src/types/Vault.sol";
import {OptionVault} from "../../src/vault/OptionVault.sol";
import {Test} from "../Test.sol";
import {VaultHandler} from "./VaultHandler.sol";

/// @notice The vault part of docs/invariants.md under random use.
contract VaultInvariantTest is Test {
    VaultHandler private handler;
    OptionVault[2] private vaults;

    function setUp() public {
        handler = new VaultHandler();
        (vaults[0], vaults[1]) = handler.vaults();
        targetContract(address(handler));
    }

    /// forge-config: default.invariant.runs = 24
    /// forge-config: default.invariant.depth = 48
    function invariant_VT1_assetsCoverEveryClaim() public view {
        for (uint256 i = 0; i < 2; ++i) {
            VaultBooks memory books = vaults[i].books();
            VaultExit memory exit = vaults[i].exitOf();
            (uint256 assets,) = handler.claims(vaults[i]);
            assertTrue(assets <= books.claimable, "VT-1 redemptions");
            uint256 owed = books.claimable + books.fees + books.idle + books.incoming;
            owed += exit.gathered[0] - exit.paid[0] + handler.pendings(vaults[i]);
            assertTrue(owed <= handler.heldBy(vaults[i]), "VT-1 custody");
        }
    }

    /// forge-config: default.invariant.runs = 24
    /// forge-config: default.invariant.depth = 48
    function invariant_VT2_priceMovesAtACloseOnly() public view {
        assertFalse(handler.priceMoved(), "VT-2");
    }

    /// forge-config: default.invariant.runs = 24
    /// forge-config: default.invariant.depth = 48
    function invariant_VT3_pendingIsOutsideOfAssets() public view {
        for (uint256 i = 0; i < 2; ++i) {
            VaultBooks memory books = vaults[i].books();
            if (vaults[i].exitOf().exitedAt != 0) continue;
            assertEq(books.pendingDeposits + books.lateDeposits, handler.pendings(vaults[i]), "VT-3");
            assertEq(vaults[i].totalAssets(), books.managed);
            assertLe(books.idle, books.managed);
        }
    }

    /// forge-config: default.invariant.runs = 24
    /// forge-config: default.invariant.depth = 48
    function invariant_VT4_claimsAreNeverRefusedNorRoundedUp() public view {
        assertFalse(handler.exitRefused(), "VT-4");
        assertFalse(handler.callerGained(), "VT-5");
    }

    /// forge-config: default.invariant.runs = 24
    /// forge-config: default.invariant.depth = 48
    function invariant_VT13_saleIsSentAgainAloneAndInTime() public view {
        assertFalse(handler.resentWrongly(), "VT-13");
    }

    /// forge-config: default.invariant.runs = 24
    /// forge-config: default.invariant.depth = 48
    function invariant_VT14_whatWasSoldLeavesNothingBehind() public view {
        assertFalse(handler.leftBehind(), "VT-14");
    }

    /// forge-config: default.invariant.runs = 24
    /// forge-config: default.invariant.depth = 48
    function invariant_VT6_escrowCoversSharesToClaim() public view {
        for (uint256 i = 0; i < 2; ++i) {
            (, uint256 shares) = handler.claims(vaults[i]);
            assertTrue(shares <= TestUSDC(vaults[i].share()).balanceOf(address(vaults[i])), "VT-6");
        }
    }
}
