// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AssertionChain} from "../src/AssertionChain.sol";
import {Bridge} from "../src/Bridge.sol";
import {ExitMode} from "../src/ExitMode.sol";
import {Governor} from "../src/Governor.sol";
import {Inbox} from "../src/Inbox.sol";
import {StakePool} from "../src/StakePool.sol";
import {StepVerifier} from "../src/StepVerifier.sol";
import {Assertion, AssertionInput} from "../src/interfaces/IAssertionChain.sol";
import {IBlobImporter} from "../src/interfaces/IBlobImporter.sol";
import {IStep} from "../src/interfaces/IStep.sol";
import {TestBTC} from "../src/tokens/TestBTC.sol";
import {TestUSDC} from "../src/tokens/TestUSDC.sol";
import {Withdrawal} from "../src/types/State.sol";
import {Families} from "./Families.sol";
import {Shipped} from "./Shipped.sol";
import {StateFixture} from "./StateFixture.sol";
import {Test} from "./Test.sol";
import {ClockGame} from "./mocks/ClockGame.sol";

/// @notice Inbox, bridge and assertion chain wired as a deployer wires them, and the moves that tests share.
abstract contract Settlement is Test {
    uint64 internal constant FORCE_AFTER = 600;
    uint64 internal constant FORCE_FAST_AFTER = 60;
    uint64 internal constant GOVERNOR_DELAY = 7200;
    uint64 internal constant MAX_PAST = 86_400;
    uint64 internal constant MAX_FUTURE = 3600;
    uint64 internal constant MATURITY = 120;
    uint64 internal constant MAX_PAUSE = 7 days;
    uint64 internal constant PERIOD = 600;
    uint64 internal constant EXIT_AFTER = 3600;
    uint64 internal constant EXIT_CLAIM = 30 days;
    uint64 internal constant DELAY = 60;
    uint96 internal constant STAKE = 3 ether;
    uint64 internal constant TARIFF_PRICE = 30 gwei;
    uint8 internal constant HEIGHT = 4;
    uint64 internal constant L2_CHAIN = 313_371;
    uint64 internal constant START = 1_800_000_000;

    uint8 internal constant USDC = 0;
    uint8 internal constant ETH = 1;
    uint8 internal constant TBTC = 2;

    TestUSDC internal usdc;
    TestBTC internal tbtc;
    Inbox internal inbox;
    Governor internal governor;
    Bridge internal bridge;
    AssertionChain internal chain;
    ExitMode internal exitMode;
    StepVerifier internal verifier;
    StakePool internal pool;
    ClockGame internal game;

    address internal owner = makeAddr("owner");
    address internal poster = makeAddr("poster");
    address internal guardian = makeAddr("guardian");
    address internal staker = makeAddr("staker");
    address internal alice = makeAddr("alice");
    address internal bob = makeAddr("bob");

    function deploySettlement() internal {
        usdc = TestUSDC(Shipped.deploy("TestUSDC"));
        tbtc = TestBTC(Shipped.deploy("TestBTC"));
        deploySettlement(address(usdc), address(tbtc));
    }

    function deploySettlement(address asset0, address asset2) internal {
        vm.warp(START);
        vm.roll(100);
        uint256 nonce = vm.getNonce(address(this));
        address bridgeAt = vm.computeCreateAddress(address(this), nonce + 2);
        address governorAt = vm.computeCreateAddress(address(this), nonce + 1);
        address chainAt = vm.computeCreateAddress(address(this), nonce + 7);
        address exitAt = vm.computeCreateAddress(address(this), nonce + 6);
        address[] memory posters = new address[](1);
        posters[0] = poster;
        inbox = Inbox(
            Shipped.deploy(
                "Inbox",
                abi.encode(bridgeAt, governorAt, owner, posters, FORCE_AFTER, FORCE_FAST_AFTER, MAX_PAST, MAX_FUTURE)
            )
        );
        governor = Governor(
            Shipped.deploy("Governor", abi.encode(address(inbox), owner, guardian, GOVERNOR_DELAY, new bytes[](0)))
        );
        address[] memory tokens = new address[](3);
        (tokens[0], tokens[2]) = (asset0, asset2);
        bridge = Bridge(
            Shipped.deploy("Bridge", abi.encode(address(inbox), chainAt, exitAt, guardian, tokens, MATURITY, MAX_PAUSE))
        );
        verifier = StepVerifier(
            Shipped.deploy(
                "StepVerifier", abi.encode(inbox, IBlobImporter(address(0)), Families.fill(IStep(address(inbox))))
            )
        );
        address gameAt = vm.computeCreateAddress(address(this), nonce + 5);
        pool = StakePool(Shipped.deploy("StakePool", abi.encode(chainAt, gameAt, HEIGHT, STAKE, TARIFF_PRICE)));
        game = new ClockGame(chainAt, address(pool), address(verifier), HEIGHT);
        exitMode =
            ExitMode(Shipped.deploy("ExitMode", abi.encode(address(inbox), bridgeAt, chainAt, EXIT_AFTER, EXIT_CLAIM)));
        chain = AssertionChain(
            Shipped.deploy(
                "AssertionChain",
                abi.encode(
                    address(inbox),
                    bridgeAt,
                    address(verifier),
                    gameAt,
                    address(pool),
                    exitAt,
                    L2_CHAIN,
                    HEIGHT,
                    PERIOD,
                    DELAY,
                    keccak256("genesis state")
                )
            )
        );
        vm.deal(staker, 100 ether);
    }

    /// @dev The compiler takes time and number for constant within a call; the cheat codes do not.
    function mine(uint256 elapsedSeconds) internal {
        vm.warp(vm.getBlockTimestamp() + elapsedSeconds);
        vm.roll(vm.getBlockNumber() + 1);
    }

    /// @dev Post a batch that consumes every message of both queues.
    function post(bytes memory data) internal {
        bytes32 expected = inbox.accumulator(inbox.count());
        uint64 delayed = inbox.delayedCount();
        bytes32 delayedAcc = inbox.delayedAccumulator(delayed);
        uint64 fast = inbox.fastCount();
        bytes32 fastAcc = inbox.fastAccumulator(fast);
        vm.prank(poster, poster);
        inbox.appendBatch(expected, data, delayed, delayedAcc, fast, fastAcc);
    }

    /// @dev A claim about `state`; `salt` varies its history.
    function claimOf(bytes32 parentId, StateFixture.State memory state, bytes32 salt)
        internal
        view
        returns (AssertionInput memory input)
    {
        input.parentId = parentId;
        input.afterStateRoot = StateFixture.root(state);
        input.lastLeafBranch = new bytes32[](HEIGHT);
        bytes32 node = input.afterStateRoot;
        for (uint256 i = 0; i < HEIGHT; ++i) {
            input.lastLeafBranch[i] = keccak256(abi.encode(salt, i));
            node = keccak256(abi.encodePacked(bytes1(0x02), input.lastLeafBranch[i], node));
        }
        input.historyRoot = node;
        input.cursorProof = abi.encodePacked(state.cursor, StateFixture.cursorBranch(state));
        input.expectedId = idOf(input);
    }

    function idOf(AssertionInput memory input) internal view returns (bytes32) {
        uint256 target = chain.assertion(input.parentId).nextTarget;
        bytes32 accumulator = target <= inbox.count() ? inbox.accumulator(target) : bytes32(0);
        return keccak256(abi.encodePacked(bytes1(0x0a), input.parentId, input.historyRoot, accumulator));
    }

    function stateAt(uint256 item) internal pure returns (StateFixture.State memory state) {
        state.cursor = StateFixture.cursorAt(uint40(item), 0);
    }

    function assertAs(address who, AssertionInput memory input) internal returns (bytes32) {
        uint256 value = chain.stakedOn(who) == 0 ? STAKE : 0;
        vm.prank(who);
        return chain.createAssertion{value: value}(input);
    }

    /// @dev Post one batch and assert, after the latest confirmed assertion, the state that finishes it.
    function assertState(StateFixture.State memory state) internal returns (bytes32 id) {
        if (inbox.count() < chain.assertion(chain.latestConfirmed()).nextTarget) post(hex"01");
        state.cursor = StateFixture.cursorAt(chain.assertion(chain.latestConfirmed()).nextTarget, 0);
        return assertAs(staker, claimOf(chain.latestConfirmed(), state, "honest"));
    }

    function encode(Withdrawal memory w) internal pure returns (bytes memory) {
        return StateFixture.entry(w.account, w.asset, w.amount, w.recipient);
    }
}
