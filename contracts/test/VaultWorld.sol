// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Bridge} from "../src/Bridge.sol";
import {ExitMode} from "../src/ExitMode.sol";
import {Inbox} from "../src/Inbox.sol";
import {AssertionStatus} from "../src/interfaces/IAssertionChain.sol";
import {InboxHash} from "../src/proof/InboxHash.sol";
import {TestBTC} from "../src/tokens/TestBTC.sol";
import {TestUSDC} from "../src/tokens/TestUSDC.sol";
import {WrappedEther} from "../src/tokens/WrappedEther.sol";
import {DelayedMessage, ItemHeader} from "../src/types/Inputs.sol";
import {Withdrawal} from "../src/types/State.sol";
import {VaultTerms} from "../src/types/Vault.sol";
import {OptionVault} from "../src/vault/OptionVault.sol";
import {VaultStrategy} from "../src/vault/VaultStrategy.sol";
import {Shipped} from "./Shipped.sol";
import {Test} from "./Test.sol";
import {TreeModel} from "./TreeModel.sol";
import {Vm} from "./Vm.sol";
import {ConfirmedStates} from "./mocks/ConfirmedStates.sol";

/// @notice Inbox, bridge and exit mode as they are, and an L2 that executes what vaults send: it reads the bytes of their
/// messages, and its states are what the vaults prove against.
/// @dev Leaves and records are written down from docs/spec.md R and S, apart from the code under test.
abstract contract VaultWorld is Test {
    struct Account {
        address owner;
        uint32 group;
        int96 cash;
        uint96 eth;
        bool hasPositions;
    }

    uint64 internal constant START = 1_800_000_000;
    uint64 internal constant FORCE_AFTER = 600;
    uint64 internal constant MATURITY = 120;
    uint64 internal constant MAX_PAST = 86_400;
    uint64 internal constant EXIT_AFTER = 3600;
    uint64 internal constant GRACE = 1 days;
    uint64 internal constant TENOR = 1 days;
    uint32 internal constant SALE_SECONDS = 4 hours;
    uint8 internal constant USDC = 0;
    uint8 internal constant ETH = 1;
    uint16 internal constant SPOT = 3;
    uint64 internal constant LOTS_PER_UNIT = 1000;
    uint256 internal constant LOT_WEI = 1e15;
    uint32 internal constant UNIT = 100;
    uint32 internal constant OTHERS = 3;
    uint64 internal constant FIRST_L2_ACCOUNT = 1 << 21;

    TestUSDC internal usdc;
    WrappedEther internal weth;
    Inbox internal inbox;
    Bridge internal bridge;
    ExitMode internal exitMode;
    ConfirmedStates internal chain;
    VaultStrategy internal callStrategy;
    VaultStrategy internal putStrategy;
    OptionVault internal calls;
    OptionVault internal puts;

    address internal guardian = makeAddr("guardian");
    address internal treasury = makeAddr("treasury");
    address internal keeper = makeAddr("keeper");
    address internal alice = makeAddr("alice");
    address internal bob = makeAddr("bob");
    address internal eve = makeAddr("eve");
    address private _poster = makeAddr("poster");

    /// @dev L2.
    mapping(uint32 account => Account) internal l2;
    uint32[] internal l2Accounts;
    Withdrawal[] internal outbox;
    DelayedMessage[] internal messages;
    uint64 internal consumed;
    /// @dev Items that the last confirmed state has consumed.
    uint64 internal item;
    uint64 internal timeMs;
    uint8 internal cursorPhase;
    uint64 internal index = 3_000_000_000;
    bool internal spotListed = true;
    bool internal ordersFail;
    bool internal withdrawalsFail;
    bool internal depositsFail;
    uint32 internal nextAccount;
    /// @dev What an order gets, of the price that bounds it.
    uint256 internal fillLots = type(uint256).max;
    bytes internal lastSale;
    /// @dev No strike is listed, or prices are stale.
    bool internal salesFail;
    mapping(uint32 account => uint256 count) internal salesBegun;
    bytes internal lastOrder;

    function deployWorld() internal {
        vm.warp(START);
        vm.roll(100);
        usdc = TestUSDC(Shipped.deploy("TestUSDC"));
        weth = WrappedEther(Shipped.deploy("WrappedEther"));
        chain = new ConfirmedStates();
        uint256 nonce = vm.getNonce(address(this));
        address bridgeAt = vm.computeCreateAddress(address(this), nonce + 2);
        address exitAt = vm.computeCreateAddress(address(this), nonce + 3);
        address[] memory posters = new address[](1);
        posters[0] = _poster;
        address[] memory tokens = new address[](3);
        (tokens[0], tokens[2]) = (address(usdc), address(TestBTC(Shipped.deploy("TestBTC"))));
        inbox = Inbox(
            Shipped.deploy("Inbox", abi.encode(bridgeAt, guardian, guardian, posters, FORCE_AFTER, 60, MAX_PAST, 300))
        );
        bridge = Bridge(
            Shipped.deploy(
                "Bridge", abi.encode(address(inbox), address(chain), exitAt, guardian, tokens, MATURITY, 7 days)
            )
        );
        exitMode = ExitMode(
            Shipped.deploy("ExitMode", abi.encode(address(inbox), address(bridge), address(chain), EXIT_AFTER, 30 days))
        );
        callStrategy = VaultStrategy(Shipped.deploy("VaultStrategy", abi.encode(callTerms())));
        putStrategy = VaultStrategy(Shipped.deploy("VaultStrategy", abi.encode(putTerms())));
        calls = OptionVault(Shipped.deploy("OptionVault", abi.encode("Covered calls", "CALLS", callStrategy)));
        puts = OptionVault(Shipped.deploy("OptionVault", abi.encode("Secured puts", "PUTS", putStrategy)));
        // What others hold on L2: gains of a vault are their losses.
        bridge.openAccount(eve);
        donateL2(OTHERS, ETH, 1_000_000 ether);
        donateL2(OTHERS, USDC, 1_000_000_000e6);
        publish();
    }

    function callTerms() internal view returns (VaultTerms memory t) {
        t = putTerms();
        (t.asset, t.isCall, t.spotSeries) = (address(weth), true, SPOT);
        (t.cap, t.minimum, t.crankFee) = (100_000 ether, 0.01 ether, 0.001 ether);
    }

    function putTerms() internal view returns (VaultTerms memory t) {
        t.bridge = address(bridge);
        t.asset = address(usdc);
        (t.guardian, t.feeRecipient) = (guardian, treasury);
        (t.deltaPpm, t.maxLots) = (200_000, 1_000_000);
        (t.startPpm, t.reservePpm, t.saleSeconds, t.maxFeePpm) = (1_100_000, 900_000, SALE_SECONDS, 1000);
        (t.slippagePpm, t.maxRounds) = (20_000, 3);
        (t.minTenorSeconds, t.lossGraceSeconds) = (TENOR, GRACE);
        (t.cap, t.minimum) = (100_000_000e6, 10e6);
        (t.managementPpm, t.performancePpm, t.crankFee, t.crankPpm) = (20_000, 100_000, 1e6, 1000);
    }

    // --- users ---

    function isCall(OptionVault vault) internal view returns (bool) {
        return address(vault) == address(calls);
    }

    function unitOf(OptionVault vault) internal view returns (uint256) {
        return isCall(vault) ? 1e18 : 1e6;
    }

    function give(OptionVault vault, address user, uint256 assets) internal {
        if (isCall(vault)) {
            vm.deal(user, user.balance + assets);
            vm.startPrank(user);
            weth.deposit{value: assets}();
            weth.approve(address(vault), type(uint256).max);
        } else {
            usdc.mint(user, assets);
            vm.startPrank(user);
            usdc.approve(address(vault), type(uint256).max);
        }
        vm.stopPrank();
    }

    function assetOf(OptionVault vault, address user) internal view returns (uint256) {
        return isCall(vault) ? weth.balanceOf(user) : usdc.balanceOf(user);
    }

    function sharesOf(OptionVault vault, address user) internal view returns (uint256) {
        return share(vault).balanceOf(user);
    }

    function share(OptionVault vault) internal view returns (TestUSDC) {
        return TestUSDC(vault.share()); // an ERC-20 token
    }

    function requestDeposit(OptionVault vault, address user, uint256 assets) internal {
        give(vault, user, assets);
        vm.prank(user);
        vault.requestDeposit(assets, user, user);
    }

    function requestRedeem(OptionVault vault, address user, uint256 shares) internal {
        vm.prank(user);
        vault.requestRedeem(shares, user, user);
    }

    function claimShares(OptionVault vault, address user) internal returns (uint256) {
        uint256 most = vault.maxDeposit(user);
        vm.prank(user);
        return vault.deposit(most, user, user);
    }

    function claimAssets(OptionVault vault, address user) internal returns (uint256) {
        uint256 most = vault.maxRedeem(user);
        vm.prank(user);
        return vault.redeem(most, user, user);
    }

    /// @dev Give somebody shares of a vault that has none yet, at par.
    function start(OptionVault vault, address user, uint256 assets) internal {
        requestDeposit(vault, user, assets);
        roll(vault);
        claimShares(vault, user);
    }

    // --- cranks ---

    function roll(OptionVault vault) internal {
        vm.recordLogs();
        vm.prank(keeper);
        vault.roll();
        _keep();
    }

    function resendSale(OptionVault vault) internal {
        vm.recordLogs();
        vm.prank(eve);
        vault.resendSale();
        _keep();
    }

    function settle(OptionVault vault) internal {
        (bytes[] memory values, bytes memory proof) = open(settleKeys(vault));
        settleBy(vault, chain.latestConfirmed(), values, proof);
    }

    function settleBy(OptionVault vault, bytes32 id, bytes[] memory values, bytes memory proof) internal {
        vm.recordLogs();
        vm.prank(keeper);
        vault.settle(id, values, proof);
        _keep();
    }

    function close(OptionVault vault, uint64 slot) internal {
        (bytes[] memory values, bytes memory proof) = open(closeKeys(vault, slot));
        bytes32 id = chain.latestConfirmed();
        vm.prank(keeper);
        vault.close(id, values, proof, slot);
    }

    function collect(OptionVault vault, uint64 slot) internal {
        vault.collect(chain.latestConfirmed(), outbox[slot], slot, branchOf(outboxKey(slot)));
    }

    function adopt(OptionVault vault, uint32 account) internal {
        uint64[] memory keys = new uint64[](2);
        (keys[0], keys[1]) = (accountKey(account, 0), accountKey(account, 1));
        (bytes[] memory values, bytes memory proof) = open(keys);
        vault.adopt(account, chain.latestConfirmed(), values, proof);
    }

    /// @dev A whole epoch whose options end with `cash` µUSDC for the account.
    function runEpoch(OptionVault vault, int96 cash) internal {
        roll(vault);
        publish();
        expire(vault);
        l2[accountOf(vault)].cash += cash;
        publish();
        finish(vault);
    }

    /// @dev Settle until everything is home, and close.
    function finish(OptionVault vault) internal {
        uint64 slot;
        do {
            settle(vault);
            slot = uint64(outbox.length);
            publish();
        } while (outbox.length == slot);
        pay(slot);
        close(vault, slot);
    }

    /// @dev The same, when nothing worth a word is left.
    function finishLoss(OptionVault vault) internal {
        settle(vault);
        publish();
        pay(uint64(outbox.length) - 1);
        vm.warp(vm.getBlockTimestamp() + GRACE);
        close(vault, uint64(outbox.length) - 1);
    }

    function expire(OptionVault vault) internal {
        vm.warp(vault.epoch().expiryAt);
        timeMs = vault.epoch().expiryAt * 1000;
    }

    function accountOf(OptionVault vault) internal view returns (uint32) {
        return uint32(vault.epoch().account);
    }

    // --- L2 ---

    /// @dev Consume every message, and confirm the state.
    function publish() internal returns (bytes32) {
        bytes32 acc = inbox.accumulator(inbox.count());
        uint64 delayed = inbox.delayedCount();
        bytes32 delayedAcc = inbox.delayedAccumulator(delayed);
        vm.prank(_poster, _poster);
        inbox.appendBatch(acc, hex"01", delayed, delayedAcc, 0, 0);
        while (consumed < messages.length) {
            _execute(messages[consumed++]);
        }
        return confirmState();
    }

    function confirmState() internal returns (bytes32) {
        vm.roll(vm.getBlockNumber() + 1);
        item = inbox.count();
        return chain.assertState(TreeModel.root(tree()), item, AssertionStatus.CONFIRMED);
    }

    /// @dev Have the bridge pay an outbox entry.
    function pay(uint64 slot) internal {
        bytes32 id = chain.latestConfirmed();
        vm.roll(vm.getBlockNumber() + 1);
        bridge.proveWithdrawal(id, outbox[slot], slot, branchOf(outboxKey(slot)));
        vm.warp(vm.getBlockTimestamp() + MATURITY);
        bridge.finalizeWithdrawal(address(this), id, outbox[slot], slot);
    }

    function open(uint64[] memory keys) internal view returns (bytes[] memory values, bytes memory proof) {
        TreeModel.Tree memory made = tree();
        values = new bytes[](keys.length);
        for (uint256 i = 0; i < keys.length; ++i) {
            values[i] = TreeModel.get(made, keys[i]);
        }
        proof = TreeModel.siblings(made, keys);
    }

    function settleKeys(OptionVault vault) internal view returns (uint64[] memory keys) {
        uint32 account = accountOf(vault);
        bool call_ = isCall(vault);
        keys = new uint64[](call_ ? 7 : 5);
        uint256 n = 1;
        if (call_) keys[n++] = 1;
        keys[n++] = 2;
        if (call_) keys[n++] = 2 << 32 | uint64(SPOT) * 8;
        keys[n++] = accountKey(account, 0);
        keys[n++] = accountKey(account, 1);
        keys[n] = accountKey(account, 3);
    }

    function closeKeys(OptionVault vault, uint64 slot) internal view returns (uint64[] memory keys) {
        uint32 account = accountOf(vault);
        keys = new uint64[](5);
        (keys[1], keys[2], keys[3]) = (accountKey(account, 0), accountKey(account, 1), accountKey(account, 3));
        keys[4] = outboxKey(slot);
    }

    function accountKey(uint32 account, uint64 field) internal pure returns (uint64) {
        return (6 << 32) + uint64(account) * 32 + field;
    }

    function outboxKey(uint64 slot) internal pure returns (uint64) {
        return (8 << 32) + slot;
    }

    function branchOf(uint64 key) internal view returns (bytes32[] memory branch) {
        TreeModel.Tree memory made = tree();
        uint256 depth = TreeModel.depthOf(key);
        uint256 path = TreeModel.pathOf(key);
        branch = new bytes32[](depth);
        for (uint256 i = 0; i < depth; ++i) {
            branch[i] = TreeModel.subtree(made, depth - i, path >> i ^ 1);
        }
    }

    function cursorLeaf() internal view returns (bytes memory) {
        uint32 offset = cursorPhase == 0 ? 0 : 7;
        return abi.encodePacked(
            uint40(item), offset, uint40(consumed), uint40(0), uint40(1), uint48(timeMs), cursorPhase, uint8(0)
        );
    }

    function tree() internal view returns (TreeModel.Tree memory made) {
        TreeModel.put(made, 0, cursorLeaf());
        TreeModel.put(made, 1, _prices());
        TreeModel.put(made, 2, abi.encodePacked(uint40(outbox.length), uint96(0)));
        TreeModel.put(made, 5, _totals());
        if (spotListed) TreeModel.put(made, 2 << 32 | uint64(SPOT) * 8, _terms());
        for (uint256 i = 0; i < l2Accounts.length; ++i) {
            Account memory a = l2[l2Accounts[i]];
            uint32 number = l2Accounts[i];
            if (a.group != 0 || a.hasPositions) TreeModel.put(made, accountKey(number, 0), _hot(number, a));
            TreeModel.put(made, accountKey(number, 1), abi.encodePacked(a.owner, uint64(0), uint192(0)));
            TreeModel.put(made, accountKey(number, 3), abi.encodePacked(a.cash, a.eth, uint96(0), uint96(0)));
            if (a.hasPositions) {
                TreeModel.put(made, accountKey(number, 7), abi.encodePacked(uint16(2048), new bytes(254)));
            }
        }
        for (uint64 i = 0; i < outbox.length; ++i) {
            Withdrawal memory w = outbox[i];
            TreeModel.put(made, outboxKey(i), abi.encodePacked(w.account, w.asset, w.amount, w.recipient));
        }
    }

    function openL2(uint32 account, address owner_, uint32 group) internal {
        if (l2[account].owner == address(0)) l2Accounts.push(account);
        (l2[account].owner, l2[account].group) = (owner_, group);
    }

    /// @dev A stranger's deposit to an account: it sends money to a vault's account on L2.
    function donateL2(uint32 account, uint8 asset, uint96 amount) internal {
        vm.recordLogs();
        if (asset == ETH) {
            vm.deal(eve, eve.balance + amount);
            vm.prank(eve);
            bridge.depositETH{value: amount}(account);
        } else {
            usdc.mint(eve, amount);
            vm.startPrank(eve);
            usdc.approve(address(bridge), amount);
            bridge.depositToken(asset, account, amount);
            vm.stopPrank();
        }
        _keep();
    }

    /// @dev Enter exit mode with the last confirmed state; what was not consumed stays so.
    function enterExitMode() internal {
        bytes32 acc = inbox.accumulator(inbox.count());
        uint64 delayed = inbox.consumed();
        bytes32 delayedAcc = inbox.delayedAccumulator(delayed);
        uint40 now_ = uint40(vm.getBlockTimestamp());
        vm.prank(_poster, _poster);
        inbox.appendBatch(acc, hex"01", delayed, delayedAcc, 0, 0);
        bytes32 chunk = keccak256(abi.encodePacked(bytes1(0x03), hex"01"));
        ItemHeader memory header =
            ItemHeader(0, 1, chunk, uint40(delayed), delayedAcc, 0, 0, now_ - uint40(MAX_PAST), now_ + 300);
        assertEq(InboxHash.nextAccumulator(acc, header), inbox.accumulator(inbox.count()));
        vm.warp(now_ + EXIT_AFTER);
        exitMode.enter(header);
    }

    /// @dev Have exit mode pay what an account holds. The exit state has no positions.
    function exitAccount(uint32 account) internal {
        uint64[] memory keys = new uint64[](3);
        (keys[0], keys[1], keys[2]) = (1, 5, 6);
        if (!exitMode.books().isProven) {
            (bytes[] memory globals, bytes memory globalProof) = open(keys);
            exitMode.proveTotals(globals[0], globals[1], globals[2], globalProof);
        }
        (keys[0], keys[1], keys[2]) = (accountKey(account, 1), accountKey(account, 3), accountKey(account, 7));
        (bytes[] memory values, bytes memory proof) = open(keys);
        exitMode.proveClaim(account, values, proof);
    }

    function returnDeposit(uint64 message) internal {
        exitMode.returnDeposit(message, messages[message], cursorLeaf(), branchOf(0));
    }

    // --- what L2 does with a message ---

    function _keep() private {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; ++i) {
            bytes32 kind_ = keccak256("DelayedMessage(uint64,bytes32,uint8,address,uint64,bytes)");
            if (logs[i].emitter != address(inbox) || logs[i].topics[0] != kind_) continue;
            (, uint8 kind, uint64 time, bytes memory body) = abi.decode(logs[i].data, (bytes32, uint8, uint64, bytes));
            messages.push(DelayedMessage(kind, address(uint160(uint256(logs[i].topics[2]))), uint40(time), body));
        }
    }

    function _execute(DelayedMessage memory message) private {
        if (message.kind == 0) return _deposit(message);
        bytes memory body = message.body;
        uint256 at_ = 1;
        uint256 number;
        (number, at_) = _varint(body, at_);
        Account storage account = l2[uint32(number)];
        if (account.owner != message.sender) return;
        if (body[0] == 0x27) _sale(uint32(number), body);
        else if (body[0] == 0x20) _order(account, body, at_);
        else if (body[0] == 0x11) _withdraw(uint32(number), body, at_);
        else revert("unknown record");
    }

    function _deposit(DelayedMessage memory message) private {
        bytes memory body = message.body;
        uint32 number = uint32(_number(body, 0, 4));
        address owner_ = address(uint160(_number(body, 4, 20)));
        uint8 asset = uint8(_number(body, 24, 1));
        uint96 amount = uint96(_number(body, 25, 12));
        if (depositsFail) {
            outbox.push(Withdrawal(number, asset, amount, message.sender));
            return;
        }
        if (l2[number].owner == address(0)) openL2(number, owner_, 0);
        if (asset == ETH) l2[number].eth += amount;
        else l2[number].cash += int96(amount);
    }

    /// @dev Nobody who has a position begins one (P-1).
    function _sale(uint32 number, bytes memory body) private {
        lastSale = body;
        if (!salesFail && !l2[number].hasPositions) ++salesBegun[number];
    }

    /// @dev A market order that is immediate or cancelled, at the price that bounds it.
    function _order(Account storage account, bytes memory body, uint256 at_) private {
        lastOrder = body;
        uint256[7] memory f;
        assertEq(uint8(body[at_]), 0, "owner's key");
        (f[0], at_) = _varint(body, at_ + 1);
        uint256 flags = _number(body, at_, 2);
        (f[1], at_) = _varint(body, at_ + 2);
        (f[2], at_) = _varint(body, at_);
        (f[3], at_) = _varint(body, at_);
        (f[4], at_) = _varint(body, at_);
        assertEq(at_, body.length, "trailing bytes");
        assertEq(f[0], SPOT, "series");
        assertEq(flags | 1, 19, "market, IOC");
        if (ordersFail) return;
        uint256 lots = f[2] < fillLots ? f[2] : fillLots;
        uint256 cost = lots * f[1] * UNIT;
        if (flags & 1 == 1) {
            account.eth -= uint96(lots * LOT_WEI);
            account.cash += int96(uint96(cost));
        } else {
            account.eth += uint96(lots * LOT_WEI);
            account.cash -= int96(uint96(cost));
        }
    }

    function _withdraw(uint32 number, bytes memory body, uint256 at_) private {
        Account storage account = l2[number];
        uint8 asset = uint8(body[at_]);
        uint256 amount;
        (amount, at_) = _varint(body, at_ + 1);
        address recipient = address(uint160(_number(body, at_, 20)));
        assertEq(at_ + 20, body.length, "trailing bytes");
        uint256 balance = asset == ETH ? account.eth : account.cash > 0 ? uint96(account.cash) : 0;
        if (withdrawalsFail || balance < amount) return;
        if (asset == ETH) account.eth -= uint96(amount);
        else account.cash -= int96(uint96(amount));
        outbox.push(Withdrawal(number, asset, uint96(amount), recipient));
    }

    function _varint(bytes memory body, uint256 from) internal pure returns (uint256 value, uint256 next) {
        uint256 shift = 0;
        next = from;
        while (true) {
            uint256 byte_ = uint8(body[next++]);
            value |= (byte_ & 0x7f) << shift;
            if (byte_ < 0x80) return (value, next);
            shift += 7;
        }
    }

    function _number(bytes memory body, uint256 from, uint256 size) internal pure returns (uint256 value) {
        for (uint256 i = 0; i < size; ++i) {
            value = value << 8 | uint8(body[from + i]);
        }
    }

    /// @dev Positions, if any, are in underlying 7: the last row.
    function _hot(uint32 number, Account memory a) private pure returns (bytes memory) {
        uint32 group = a.group == 0 ? number : a.group;
        return abi.encodePacked(
            uint64(0), group, new bytes(73 + 7 * 29), uint32(1), a.hasPositions ? uint8(128) : uint8(0), new bytes(24)
        );
    }

    /// @dev L-4: somebody buys an account and empties it down to `left` µUSDC; the price is the cash of a fresh one.
    function sell(uint32 account, address buyer, uint32 group, int96 left, int96 price)
        internal
        returns (uint32 fresh)
    {
        Account storage sold = l2[account];
        fresh = uint32(FIRST_L2_ACCOUNT) + nextAccount++;
        openL2(fresh, sold.owner, sold.group == 0 ? account : sold.group);
        l2[fresh].cash = price;
        (sold.owner, sold.group, sold.cash, sold.eth, sold.hasPositions) = (buyer, group, left, 0, false);
    }

    function _totals() private view returns (bytes memory) {
        (uint96 cash, uint96 eth) = (0, 0);
        for (uint256 i = 0; i < l2Accounts.length; ++i) {
            Account memory a = l2[l2Accounts[i]];
            if (a.cash > 0) cash += uint96(a.cash);
            eth += a.eth;
        }
        return abi.encodePacked(cash, eth, uint96(0), uint96(0));
    }

    function _prices() private view returns (bytes memory leaf) {
        for (uint256 i = 0; i < 8; ++i) {
            uint64 price = i == 0 ? index : 0;
            leaf = abi.encodePacked(leaf, uint32(1), uint64(2), price / 2, price, uint64(2), uint64(0));
        }
        leaf = abi.encodePacked(leaf, uint64(3));
    }

    /// @dev Smallest order 10 USD, band 5 %, fees 0.05 %.
    function _terms() private pure returns (bytes memory) {
        bytes memory head = abi.encodePacked(
            uint8(1), uint8(0), uint8(1), uint8(0), uint16(SPOT), UNIT, uint32(LOTS_PER_UNIT), uint32(0), uint32(0)
        );
        bytes memory limits = abi.encodePacked(
            uint16(500),
            int16(0),
            uint32(50_000),
            uint32(2_000_000),
            uint64(10e6),
            uint32(1),
            uint64(0),
            uint32(0),
            int32(0),
            uint64(0)
        );
        return abi.encodePacked(head, limits);
    }
}
