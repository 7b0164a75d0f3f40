// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Bridge} from "../src/Bridge.sol";
import {ExitMode} from "../src/ExitMode.sol";
import {Assertion, IAssertionChain} from "../src/interfaces/IAssertionChain.sol";
import {IInbox} from "../src/interfaces/IInbox.sol";
import {InboxHash} from "../src/proof/InboxHash.sol";
import {TestBTC} from "../src/tokens/TestBTC.sol";
import {TestUSDC} from "../src/tokens/TestUSDC.sol";
import {ItemHeader} from "../src/types/Inputs.sol";
import {Shipped} from "./Shipped.sol";
import {Test} from "./Test.sol";
import {TreeModel} from "./TreeModel.sol";

/// @notice Exit states with markets, positions and debts, in the contracts that pay them; what lies around is mocked.
/// @dev Leaves are written down from docs/spec.md S, apart from the code under test.
abstract contract ExitMarket is Test {
    struct Holding {
        uint16 series;
        int32 lots;
        int64 basis;
        int64 fundingIndex;
        /// Position number, below 128.
        uint8 place;
    }

    struct Trader {
        /// Zero: not open.
        address owner;
        int96 cash;
        uint96[4] amounts;
        Holding[] holdings;
    }

    struct Listed {
        uint16 number;
        uint32 mark;
        int64 fundingIndex;
    }

    /// @notice Trader `i` has account `i + 1`; an ETH is worth `ethPrice` µUSDC, a bitcoin `btcPrice`; 0: not priced.
    struct Market {
        Trader[] traders;
        Listed[] series;
        uint96[4] totals;
        uint64 ethPrice;
        uint64 btcPrice;
        bool isPlain;
        /// Messages of the inbox that this state has consumed.
        uint40 delayed;
    }

    uint64 internal constant START = 1_800_000_000;
    uint64 internal constant MAX_PAST = 86_400;
    uint64 internal constant EXIT_AFTER = 3600;
    uint64 internal constant EXIT_CLAIM = 30 days;
    uint8 internal constant USDC = 0;
    uint8 internal constant ETH = 1;
    uint8 internal constant TBTC = 2;
    address internal constant FUND = address(1);

    uint64 internal constant ACCOUNT_KEY = 6 << 32;
    uint64 internal constant SERIES_KEY = 2 << 32 | 1;

    Bridge internal bridge;
    ExitMode internal exitMode;
    TestUSDC internal usdc;
    TestBTC internal tbtc;
    address internal alice = makeAddr("alice");
    address internal bob = makeAddr("bob");
    address internal carol = makeAddr("carol");
    address private _inbox = makeAddr("inbox");
    address private _chain = makeAddr("chain");
    TreeModel.Tree internal tree;

    /// @notice Deploy bridge and exit mode, give the bridge what L2 holds, and enter.
    function enterWith(Market memory market) internal {
        vm.warp(START);
        (usdc, tbtc) = (TestUSDC(Shipped.deploy("TestUSDC")), TestBTC(Shipped.deploy("TestBTC")));
        address exitAt = vm.computeCreateAddress(address(this), vm.getNonce(address(this)) + 1);
        address[] memory tokens = new address[](3);
        (tokens[0], tokens[2]) = (address(usdc), address(tbtc));
        bridge = Bridge(Shipped.deploy("Bridge", abi.encode(_inbox, _chain, exitAt, alice, tokens, 1, 1)));
        vm.mockCall(_inbox, abi.encodeCall(IInbox.BRIDGE, ()), abi.encode(bridge));
        vm.mockCall(_inbox, abi.encodeCall(IInbox.MAX_PAST_SECONDS, ()), abi.encode(MAX_PAST));
        exitMode =
            ExitMode(Shipped.deploy("ExitMode", abi.encode(_inbox, address(bridge), _chain, EXIT_AFTER, EXIT_CLAIM)));
        _fund(market.totals);
        TreeModel.Tree memory made = treeOf(market);
        (tree.keys, tree.values) = (made.keys, made.values);
        _enter(TreeModel.root(made));
    }

    function proveTotals() internal {
        uint64[] memory keys = new uint64[](3);
        (keys[0], keys[1], keys[2]) = (1, 5, 6);
        (bytes[] memory values, bytes memory proof) = open(keys);
        exitMode.proveTotals(values[0], values[1], values[2], proof);
    }

    function proveMarks(uint16[] memory series) internal {
        uint64[] memory keys = new uint64[](series.length);
        for (uint256 i = 0; i < keys.length; ++i) {
            keys[i] = SERIES_KEY + 8 * uint64(series[i]);
        }
        (bytes[] memory states, bytes memory proof) = open(keys);
        exitMode.proveMarks(series, states, proof);
    }

    function proveMark(uint16 series) internal {
        uint16[] memory one = new uint16[](1);
        one[0] = series;
        proveMarks(one);
    }

    function proveClaim(uint32 account) internal {
        (bytes[] memory values, bytes memory proof) = open(claimKeys(account));
        exitMode.proveClaim(account, values, proof);
    }

    /// @dev Keys of an account's claim: the pages are those that hold anything.
    function claimKeys(uint32 account) internal view returns (uint64[] memory keys) {
        TreeModel.Tree memory copy = tree;
        uint64 first = ACCOUNT_KEY + uint64(account) * 32;
        keys = new uint64[](19);
        (keys[0], keys[1], keys[2]) = (first + 1, first + 3, first + 7);
        uint256 count = 3;
        for (uint64 field = 16; field < 32; ++field) {
            if (TreeModel.get(copy, first + field).length != 0) keys[count++] = first + field;
        }
        assembly ("memory-safe") {
            mstore(keys, count)
        }
    }

    /// @dev Values of some leaves, and the siblings of their multiproof.
    function open(uint64[] memory keys) internal view returns (bytes[] memory values, bytes memory proof) {
        TreeModel.Tree memory copy = tree;
        values = new bytes[](keys.length);
        for (uint256 i = 0; i < keys.length; ++i) {
            values[i] = TreeModel.get(copy, keys[i]);
        }
        proof = TreeModel.siblings(copy, keys);
    }

    function held(address who, uint8 asset) internal view returns (uint256) {
        return asset == ETH ? who.balance : asset == USDC ? usdc.balanceOf(who) : tbtc.balanceOf(who);
    }

    function treeOf(Market memory market) internal pure returns (TreeModel.Tree memory made) {
        TreeModel.put(made, 0, abi.encodePacked(uint40(1), uint32(0), market.delayed, bytes17(0), uint8(0)));
        if (!market.isPlain) {
            TreeModel.put(made, 1, _prices(market.ethPrice, market.btcPrice));
            TreeModel.put(made, 6, _assets());
        }
        TreeModel.put(made, 5, _amounts(market.totals));
        for (uint256 i = 0; i < market.series.length; ++i) {
            Listed memory s = market.series[i];
            bytes memory state =
                abi.encodePacked(uint8(1), bytes28(0), s.mark, bytes8(0), s.fundingIndex, bytes32(0), bytes8(0));
            TreeModel.put(made, SERIES_KEY + 8 * uint64(s.number), state);
        }
        for (uint64 i = 0; i < market.traders.length; ++i) {
            _putTrader(made, ACCOUNT_KEY + 32 * (i + 1), market.traders[i]);
        }
    }

    function _putTrader(TreeModel.Tree memory made, uint64 first, Trader memory trader) private pure {
        if (trader.owner == address(0)) return;
        uint96[4] memory a = trader.amounts;
        TreeModel.put(made, first + 1, abi.encodePacked(trader.owner, uint64(0), uint192(0)));
        TreeModel.put(made, first + 3, abi.encodePacked(trader.cash, a[1], a[2], a[3]));
        if (trader.holdings.length == 0) return;
        bytes memory directory = new bytes(256);
        for (uint256 i = 0; i < trader.holdings.length; ++i) {
            Holding memory h = trader.holdings[i];
            _write(directory, 2 * uint256(h.place), abi.encodePacked(h.series));
            uint64 page = first + 16 + h.place / 8;
            bytes memory rows = TreeModel.get(made, page);
            if (rows.length == 0) rows = new bytes(192);
            bytes memory row = abi.encodePacked(h.series, h.lots, h.basis, h.fundingIndex, uint16(9));
            _write(rows, 24 * uint256(h.place % 8), row);
            TreeModel.put(made, page, rows);
        }
        TreeModel.put(made, first + 7, directory);
    }

    function _write(bytes memory target, uint256 offset, bytes memory source) private pure {
        for (uint256 i = 0; i < source.length; ++i) {
            target[offset + i] = source[i];
        }
    }

    /// @dev Underlying 0 prices ETH, 1 bitcoin; the index is another number than the reference, which counts.
    function _prices(uint64 ethPrice, uint64 btcPrice) private pure returns (bytes memory leaf) {
        uint64[8] memory references;
        (references[0], references[1]) = (ethPrice, btcPrice);
        for (uint256 i = 0; i < 8; ++i) {
            leaf = abi.encodePacked(leaf, uint32(1), uint64(2), references[i], references[i] + 5, uint64(2), uint64(0));
        }
        leaf = abi.encodePacked(leaf, uint64(3));
    }

    /// @dev ETH and bitcoin have 18 decimals; haircut and cap must not matter. Nothing prices asset 3.
    function _assets() private pure returns (bytes memory leaf) {
        bytes memory none = abi.encodePacked(uint8(255), uint8(0), uint32(0), uint128(0));
        bytes memory eth = abi.encodePacked(uint8(0), uint8(18), uint32(500_000), uint128(1));
        bytes memory btc = abi.encodePacked(uint8(1), uint8(18), uint32(500_000), uint128(1));
        leaf = abi.encodePacked(none, eth, btc, none);
    }

    function _amounts(uint96[4] memory values) private pure returns (bytes memory) {
        return abi.encodePacked(values[0], values[1], values[2], values[3]);
    }

    function _fund(uint96[4] memory totals) private {
        vm.mockCall(_inbox, abi.encodeWithSelector(IInbox.sendDeposit.selector), abi.encode(uint64(0)));
        bridge.openAccount(alice);
        usdc.mint(address(this), totals[USDC]);
        usdc.approve(address(bridge), totals[USDC]);
        if (totals[USDC] != 0) bridge.depositToken(USDC, 1, totals[USDC]);
        tbtc.mint(address(this), totals[TBTC]);
        tbtc.approve(address(bridge), totals[TBTC]);
        if (totals[TBTC] != 0) bridge.depositToken(TBTC, 1, totals[TBTC]);
        vm.deal(address(this), totals[ETH]);
        if (totals[ETH] != 0) bridge.depositETH{value: totals[ETH]}(1);
    }

    function _enter(bytes32 root) private {
        ItemHeader memory header;
        Assertion memory confirmed;
        (header.minTime, confirmed.afterStateRoot) = (uint40(START - MAX_PAST - EXIT_AFTER), root);
        vm.mockCall(_chain, abi.encodeCall(IAssertionChain.latestConfirmed, ()), abi.encode(bytes32("confirmed")));
        vm.mockCall(_chain, abi.encodeCall(IAssertionChain.assertion, (bytes32("confirmed"))), abi.encode(confirmed));
        vm.mockCall(_inbox, abi.encodeCall(IInbox.count, ()), abi.encode(1));
        vm.mockCall(_inbox, abi.encodeCall(IInbox.accumulator, (0)), abi.encode(bytes32(0)));
        bytes32 next = InboxHash.nextAccumulator(0, header);
        vm.mockCall(_inbox, abi.encodeCall(IInbox.accumulator, (1)), abi.encode(next));
        exitMode.enter(header);
    }
}
