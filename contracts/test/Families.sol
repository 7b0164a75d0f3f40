// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IStep} from "../src/interfaces/IStep.sol";
import {Family} from "../src/types/Family.sol";
import {Shipped} from "./Shipped.sol";

/// @notice The step contracts as the deployer of the devnet orders them.
/// @custom:twin rollup_node/devnet/deployer.py STEP_CONTRACTS
library Families {
    function deploy(uint256 l2ChainId, address bridge) internal returns (IStep[] memory families) {
        bytes memory arguments = abi.encode(l2ChainId, bridge);
        families = new IStep[](Family.COUNT);
        families[Family.ACCOUNT] = IStep(Shipped.deploy("AccountSteps", arguments));
        families[Family.DEPOSIT] = IStep(Shipped.deploy("DepositSteps"));
        families[Family.ORDER] = IStep(Shipped.deploy("OrderSteps", arguments));
        families[Family.MATCH] = IStep(Shipped.deploy("MatchSteps"));
        families[Family.PRICE] = IStep(Shipped.deploy("PriceSteps", arguments));
        families[Family.RISK] = IStep(Shipped.deploy("RiskSteps"));
        families[Family.LIQUIDATION] = IStep(Shipped.deploy("LiquidationSteps"));
        families[Family.KEY] = IStep(Shipped.deploy("KeySteps", arguments));
        families[Family.MARKET] = IStep(Shipped.deploy("MarketSteps"));
        families[Family.REPLACE] = IStep(Shipped.deploy("ReplaceSteps", arguments));
        families[Family.LEG] = IStep(Shipped.deploy("LegSteps"));
        families[Family.SWEEP] = IStep(Shipped.deploy("SweepSteps", arguments));
        families[Family.REPRICE] = IStep(Shipped.deploy("RepriceSteps"));
        families[Family.SETTLEMENT] = IStep(Shipped.deploy("SettlementSteps", arguments));
        families[Family.AUCTION] = IStep(Shipped.deploy("AuctionSteps", arguments));
        families[Family.TRIGGER] = IStep(Shipped.deploy("TriggerSteps"));
        families[Family.MOVE] = IStep(Shipped.deploy("MoveSteps", arguments));
        families[Family.OPTION] = IStep(Shipped.deploy("OptionSteps", arguments));
        families[Family.STRIKE] = IStep(Shipped.deploy("StrikeSteps"));
        families[Family.RFQ] = IStep(Shipped.deploy("RfqSteps", arguments));
        families[Family.SALE] = IStep(Shipped.deploy("SaleSteps"));
    }

    /// @notice One contract for every family.
    function fill(IStep step) internal pure returns (IStep[] memory families) {
        families = new IStep[](Family.COUNT);
        for (uint256 i = 0; i < Family.COUNT; ++i) {
            families[i] = step;
        }
    }
}
