// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IStep} from "../src/interfaces/IStep.sol";
import {AccountSteps} from "../src/steps/AccountSteps.sol";
import {AuctionSteps} from "../src/steps/AuctionSteps.sol";
import {DepositSteps} from "../src/steps/DepositSteps.sol";
import {KeySteps} from "../src/steps/KeySteps.sol";
import {LegSteps} from "../src/steps/LegSteps.sol";
import {LiquidationSteps} from "../src/steps/LiquidationSteps.sol";
import {MarketSteps} from "../src/steps/MarketSteps.sol";
import {MatchSteps} from "../src/steps/MatchSteps.sol";
import {MoveSteps} from "../src/steps/MoveSteps.sol";
import {OptionSteps} from "../src/steps/OptionSteps.sol";
import {OrderSteps} from "../src/steps/OrderSteps.sol";
import {PriceSteps} from "../src/steps/PriceSteps.sol";
import {ReplaceSteps} from "../src/steps/ReplaceSteps.sol";
import {RepriceSteps} from "../src/steps/RepriceSteps.sol";
import {RfqSteps} from "../src/steps/RfqSteps.sol";
import {RiskSteps} from "../src/steps/RiskSteps.sol";
import {SaleSteps} from "../src/steps/SaleSteps.sol";
import {SettlementSteps} from "../src/steps/SettlementSteps.sol";
import {StrikeSteps} from "../src/steps/StrikeSteps.sol";
import {SweepSteps} from "../src/steps/SweepSteps.sol";
import {TriggerSteps} from "../src/steps/TriggerSteps.sol";
import {Family} from "../src/types/Family.sol";

/// @notice The step contracts as the deployer of the devnet orders them.
/// @custom:twin rollup_node/devnet/deployer.py STEP_CONTRACTS
library Families {
    function deploy(uint256 l2ChainId, address bridge) internal returns (IStep[] memory families) {
        families = new IStep[](Family.COUNT);
        families[Family.ACCOUNT] = new AccountSteps(l2ChainId, bridge);
        families[Family.DEPOSIT] = new DepositSteps();
        families[Family.ORDER] = new OrderSteps(l2ChainId, bridge);
        families[Family.MATCH] = new MatchSteps();
        families[Family.PRICE] = new PriceSteps(l2ChainId, bridge);
        families[Family.RISK] = new RiskSteps();
        families[Family.LIQUIDATION] = new LiquidationSteps();
        families[Family.KEY] = new KeySteps(l2ChainId, bridge);
        families[Family.MARKET] = new MarketSteps();
        families[Family.REPLACE] = new ReplaceSteps(l2ChainId, bridge);
        families[Family.LEG] = new LegSteps();
        families[Family.SWEEP] = new SweepSteps(l2ChainId, bridge);
        families[Family.REPRICE] = new RepriceSteps();
        families[Family.SETTLEMENT] = new SettlementSteps(l2ChainId, bridge);
        families[Family.AUCTION] = new AuctionSteps(l2ChainId, bridge);
        families[Family.TRIGGER] = new TriggerSteps();
        families[Family.MOVE] = new MoveSteps(l2ChainId, bridge);
        families[Family.OPTION] = new OptionSteps(l2ChainId, bridge);
        families[Family.STRIKE] = new StrikeSteps();
        families[Family.RFQ] = new RfqSteps(l2ChainId, bridge);
        families[Family.SALE] = new SaleSteps();
    }

    /// @notice One contract for every family.
    function fill(IStep step) internal pure returns (IStep[] memory families) {
        families = new IStep[](Family.COUNT);
        for (uint256 i = 0; i < Family.COUNT; ++i) {
            families[i] = step;
        }
    }
}
