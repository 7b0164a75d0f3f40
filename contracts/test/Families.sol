// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IStep} from "../src/interfaces/IStep.sol";
import {AccountSteps} from "../src/steps/AccountSteps.sol";
import {DepositSteps} from "../src/steps/DepositSteps.sol";
import {KeySteps} from "../src/steps/KeySteps.sol";
import {MarketSteps} from "../src/steps/MarketSteps.sol";
import {MatchSteps} from "../src/steps/MatchSteps.sol";
import {OrderSteps} from "../src/steps/OrderSteps.sol";
import {PriceSteps} from "../src/steps/PriceSteps.sol";
import {RiskSteps} from "../src/steps/RiskSteps.sol";
import {Family} from "../src/types/Family.sol";

/// @notice The step contracts as the deployer of the devnet orders them.
/// @custom:twin rollup_node/devnet/deployer.py STEP_CONTRACTS
library Families {
    function deploy(uint256 l2ChainId, address bridge) internal returns (IStep[] memory families) {
        families = fill(new PriceSteps(l2ChainId, bridge));
        families[Family.ACCOUNT] = new AccountSteps(l2ChainId, bridge);
        families[Family.ORDER] = new OrderSteps(l2ChainId, bridge);
        families[Family.KEY] = new KeySteps(l2ChainId, bridge);
        families[Family.DEPOSIT] = new DepositSteps();
        families[Family.MATCH] = new MatchSteps();
        families[Family.RISK] = new RiskSteps();
        families[Family.MARKET] = new MarketSteps();
    }

    /// @notice One contract for every family.
    function fill(IStep step) internal pure returns (IStep[] memory families) {
        families = new IStep[](Family.COUNT);
        for (uint256 i = 0; i < Family.COUNT; ++i) {
            families[i] = step;
        }
    }
}
