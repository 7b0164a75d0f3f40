// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ExitMode} from "../../src/ExitMode.sol";
import {IInbox} from "../../src/interfaces/IInbox.sol";
import {InboxHash} from "../../src/proof/InboxHash.sol";
import {ExitClaim} from "../../src/types/Exit.sol";
import {DelayedMessage, MessageKind} from "../../src/types/Inputs.sol";
import {ExitTraders} from "../ExitTraders.sol";
import {TreeModel} from "../TreeModel.sol";
import {PickyRecipient, ReentrantRecipient} from "../mocks/Recipients.sol";

/// @notice Random people in exit mode, in any order, beside a model of what each of them may get.
/// @dev The first call of a run makes the exit state. One owner refuses ether until it opens, one asks again while it is
/// paid, one may be the fund. Of the deposits the first two are part of the exit state, the others came too late.
contract ExitHandler is ExitTraders {
    struct LateDeposit {
        address sender;
        uint8 asset;
        uint96 amount;
        bool isReturned;
    }

    uint40 private constant CONSUMED = 2;
    uint8 private constant ASSETS = 2;

    bool public brokeARule;
    /// Somebody's payment changed after the window, by what others did.
    bool public changedLater;
    /// By asset: what payments were made, and what deposits wait.
    uint256[ASSETS] public paidOut;
    uint256[ASSETS] public waiting;
    /// By place of a trader, then by asset.
    uint256[ASSETS][TRADERS] public paidTo;
    address[TRADERS] public owners;
    uint96[TRADERS] public ownEther;
    bool[TRADERS] public isClaimed;
    /// Calls that went through, by action: a run that does nothing proves nothing.
    mapping(bytes32 action => uint256 calls) public done;

    PickyRecipient private _picky = new PickyRecipient();
    ReentrantRecipient private _reentrant = new ReentrantRecipient();
    uint96[2] private _pool;
    bool private _hasTotals;
    bool[SERIES] private _isMarked;
    /// Bit s: the trader has a position in series s.
    uint256[TRADERS] private _held;
    uint256[ASSETS][TRADERS] private _final;
    bool[TRADERS] private _isFinal;
    /// Calls with their proofs, which take most of the time, made once in a run.
    bytes private _totalsCall;
    bytes[SERIES + 1] private _markCalls;
    bytes[TRADERS] private _claimCalls;
    bytes private _cursor;
    bytes32[] private _cursorBranch;
    LateDeposit[] private _deposits;
    DelayedMessage[] private _messages;
    bytes32 private _accumulator;

    modifier move(uint256 seed) {
        if (address(exitMode) == address(0)) _begin(seed);
        _;
        _checkFinal();
    }

    function exit() external view returns (ExitMode) {
        return exitMode;
    }

    function worth(uint256 trader) external view returns (int256) {
        return worthOf[trader];
    }

    function pool(uint8 asset) external view returns (uint256) {
        return _pool[asset];
    }

    /// @notice What an owner has, what waits for it in the bridge included.
    function got(uint256 trader, uint8 asset) public view returns (uint256) {
        return held(owners[trader], asset) + (asset == ETH ? bridge.claimable(owners[trader]) : 0);
    }

    function custody(uint8 asset) external view returns (uint256 owed, uint256 actual) {
        return (bridge.custody(asset), asset == ETH ? address(bridge).balance : usdc.balanceOf(address(bridge)));
    }

    /// @notice What waits in the bridge for who refused ether.
    function credited() external view returns (uint256) {
        return bridge.claimable(address(_picky)) + bridge.claimable(address(_reentrant));
    }

    function reentered() external view returns (bool) {
        return _reentrant.reentered();
    }

    function isClosed() public view returns (bool) {
        return vm.getBlockTimestamp() >= exitMode.claimUntil();
    }

    function proveTotalsOnce(uint256 seed) public move(seed) {
        if (_try("totals", _totalsCall, !_hasTotals)) _hasTotals = true;
    }

    /// @notice Prove the mark of one series, or those of all.
    function proveSomeMarks(uint256 seed) public move(seed) {
        uint256 which = seed % (SERIES + 1);
        for (uint256 i = 0; i < SERIES; ++i) {
            if (which == i || which == SERIES) _isMarked[i] = true;
        }
        _try("marks", _markCalls[which], true);
    }

    /// @notice Prove a claim: it goes through exactly once, after the totals and the marks that it needs.
    function proveAnyClaim(uint256 seed) public move(seed) {
        uint256 i = seed % TRADERS;
        bool may = _hasTotals && !isClaimed[i];
        for (uint256 s = 0; s < SERIES; ++s) {
            if (_held[i] & 1 << s != 0 && !_isMarked[s]) may = false;
        }
        uint256 spare = _spare();
        if (!_try(isClosed() ? bytes32("late claim") : bytes32("claim"), _claimCalls[i], may)) return;
        isClaimed[i] = true;
        _checkClaim(i, spare);
    }

    /// @notice Have somebody paid: exactly what is due by now and was not paid, or nothing.
    function pay(uint256 seed) public move(seed) {
        (uint256 i, uint8 asset) = (seed % TRADERS, uint8((seed >> 8) % (ASSETS + 1)));
        bool isPayable = isClaimed[i] && (asset != USDC || isClosed());
        uint256 owed = isPayable ? exitMode.due(uint32(i + 1), asset) - exitMode.paid(uint32(i + 1), asset) : 0;
        uint256 before = got(i, asset);
        bytes32 action = asset == USDC ? bytes32("pay USDC") : bytes32("pay ether");
        if (!_try(action, abi.encodeCall(exitMode.pay, (uint32(i + 1), asset)), owed != 0)) return;
        if (got(i, asset) != before + owed) brokeARule = true;
        paidTo[i][asset] += owed;
        paidOut[asset] += owed;
    }

    /// @notice Deposit although exit mode was entered.
    function deposit(uint256 seed, uint96 amount) public move(seed) {
        uint8 asset = uint8(seed % ASSETS);
        amount = uint96(bound(amount, 1, 1e24));
        address sender = seed & 256 == 0 ? bob : carol;
        if (asset == ETH) {
            hoax(sender, amount);
            bridge.depositETH{value: amount}(1);
        } else {
            usdc.mint(sender, amount);
            vm.startPrank(sender);
            usdc.approve(address(bridge), amount);
            bridge.depositToken(USDC, 1, amount);
            vm.stopPrank();
        }
        _receive(sender, asset, amount);
        waiting[asset] += amount;
        ++done["deposit"];
    }

    /// @notice Return a deposit: each once, none that the exit state has consumed, to who sent it.
    function returnDeposit(uint256 seed) public move(seed) {
        uint256 index = seed % _messages.length;
        LateDeposit storage late = _deposits[index];
        uint256 before = held(late.sender, late.asset);
        bytes memory data = abi.encodeCall(exitMode.returnDeposit, (index, _messages[index], _cursor, _cursorBranch));
        if (!_try("return", data, index >= CONSUMED && !late.isReturned)) return;
        late.isReturned = true;
        waiting[late.asset] -= late.amount;
        if (held(late.sender, late.asset) != before + late.amount) brokeARule = true;
    }

    /// @notice The owner that refuses ether opens, takes what waits for it, and closes.
    function takeRefused(uint256 seed) public move(seed) {
        _picky.setOpen(true);
        if (bridge.claimable(address(_picky)) != 0) {
            bridge.claim(address(_picky));
            ++done["take"];
        }
        _picky.setOpen(seed & 256 != 0);
    }

    function warp(uint256 elapsed) public move(elapsed) {
        skip(bound(elapsed, 0, 20 days));
    }

    /// @notice End the run: whoever has not claimed does so late, and everything due is paid.
    function finish(uint256 seed) public move(seed) {
        if (!isClosed()) vm.warp(exitMode.claimUntil());
        proveTotalsOnce(seed);
        proveSomeMarks(SERIES);
        for (uint256 i = 0; i < TRADERS; ++i) {
            proveAnyClaim(i);
        }
        for (uint256 i = 0; i < TRADERS * ASSETS; ++i) {
            pay(i % TRADERS | i / TRADERS << 8);
        }
    }

    function _begin(uint256 seed) private {
        random = seed;
        Market memory market = makeMarket(seed);
        (market.traders[0].owner, market.traders[1].owner) = (address(_picky), address(_reentrant));
        (market.delayed, _pool) = (CONSUMED, [market.totals[USDC], market.totals[ETH]]);
        enterWith(market);
        _reentrant.setHook(address(exitMode), abi.encodeCall(exitMode.pay, (2, ETH)));
        for (uint256 i = 0; i < TRADERS; ++i) {
            Trader memory trader = market.traders[i];
            (owners[i], ownEther[i]) = (trader.owner, trader.amounts[ETH]);
            for (uint256 s = 0; s < SERIES; ++s) {
                if (trader.holdings[s].lots != 0) _held[i] |= 1 << s;
            }
        }
        _makeCalls();
        vm.mockCall(exitMode.INBOX(), abi.encodeCall(IInbox.delayedAccumulator, (0)), abi.encode(bytes32(0)));
        for (uint8 i = 0; i < CONSUMED; ++i) {
            _receive(bob, i, _pool[i]);
        }
    }

    function _makeCalls() private {
        TreeModel.Tree memory copy = tree;
        (_cursor, _cursorBranch) = (TreeModel.get(copy, 0), TreeModel.branch(copy, 0));
        uint64[] memory keys = new uint64[](3);
        (keys[0], keys[1], keys[2]) = (1, 5, 6);
        (bytes[] memory v, bytes memory proof) = open(keys);
        _totalsCall = abi.encodeCall(exitMode.proveTotals, (v[0], v[1], v[2], proof));
        for (uint16 which = 0; which <= SERIES; ++which) {
            uint16[] memory series = new uint16[](which == SERIES ? SERIES : 1);
            keys = new uint64[](series.length);
            for (uint16 i = 0; i < series.length; ++i) {
                series[i] = numberOf(which == SERIES ? i : which);
                keys[i] = SERIES_KEY + 8 * uint64(series[i]);
            }
            (v, proof) = open(keys);
            _markCalls[which] = abi.encodeCall(exitMode.proveMarks, (series, v, proof));
        }
        for (uint32 i = 0; i < TRADERS; ++i) {
            (v, proof) = open(claimKeys(i + 1));
            _claimCalls[i] = abi.encodeCall(exitMode.proveClaim, (i + 1, v, proof));
        }
    }

    /// @dev The inbox has another deposit.
    function _receive(address sender, uint8 asset, uint96 amount) private {
        bytes memory body = abi.encodePacked(uint32(1), bridge.accountOwner(1), asset, amount);
        DelayedMessage memory m = DelayedMessage(MessageKind.DEPOSIT, sender, uint40(vm.getBlockTimestamp()), body);
        bytes32 hash = InboxHash.messageHash(m.kind, m.sender, m.timestamp, m.body);
        _accumulator = InboxHash.nextDelayedAccumulator(_accumulator, hash);
        _messages.push(m);
        _deposits.push(LateDeposit(sender, asset, amount, false));
        bytes memory call = abi.encodeCall(IInbox.delayedAccumulator, (_messages.length));
        vm.mockCall(exitMode.INBOX(), call, abi.encode(_accumulator));
    }

    /// @dev A call of exit mode that goes through exactly if it may.
    function _try(bytes32 action, bytes memory data, bool may) private returns (bool ok) {
        (ok,) = address(exitMode).call(data);
        if (ok != may) brokeARule = true;
        if (ok) ++done[action];
    }

    /// @dev USDC that the claims so far leave to one that comes late.
    function _spare() private view returns (uint256) {
        uint256 claimed = exitMode.books().claimed;
        return _pool[USDC] > claimed ? _pool[USDC] - claimed : 0;
    }

    function _checkClaim(uint256 i, uint256 spare) private {
        uint256 cash = worthOf[i] > 0 ? uint256(worthOf[i]) : 0;
        if (isClosed() && cash > spare) cash = spare;
        uint256 rest = restOf(worthOf[i], ownEther[i]);
        if (owners[i] == FUND) (cash, rest) = (0, 0);
        ExitClaim memory claim = exitMode.claimOf(uint32(i + 1));
        if (claim.amounts[USDC] != cash || claim.amounts[ETH] != rest) brokeARule = true;
        if (claim.owner != owners[i]) brokeARule = true;
    }

    /// @dev From the end of the window on, or from its proof if that comes later, what a claim gets stays what it is.
    function _checkFinal() private {
        if (!isClosed()) return;
        for (uint256 i = 0; i < TRADERS; ++i) {
            if (!isClaimed[i]) continue;
            for (uint8 asset = 0; asset < ASSETS; ++asset) {
                uint256 due = exitMode.due(uint32(i + 1), asset);
                if (_isFinal[i] && due != _final[i][asset]) changedLater = true;
                _final[i][asset] = due;
            }
            _isFinal[i] = true;
        }
    }
}
