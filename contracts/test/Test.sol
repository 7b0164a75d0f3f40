// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Vm} from "./Vm.sol";

/// @notice Base of every test contract: cheat codes, assertions, and the targets of invariant tests.
/// @dev Small on purpose: forge-std has no official release on npm, and only these parts of it are used.
abstract contract Test {
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    /// @dev forge finds its cheat codes at the last 20 bytes of keccak256("hevm cheat code").
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    bool public constant IS_TEST = true;

    address[] private targetedContracts;
    address[] private targetedSenders;
    address[] private excludedSenders_;
    FuzzSelector[] private targetedSelectors_;

    event log(string message);
    event log_named_address(string key, address value);
    event log_named_bytes(string key, bytes value);
    event log_named_bytes32(string key, bytes32 value);
    event log_named_int(string key, int256 value);
    event log_named_uint(string key, uint256 value);

    /// @notice Contracts that an invariant run may call; forge reads it.
    function targetContracts() public view returns (address[] memory) {
        return targetedContracts;
    }

    /// @notice Functions that an invariant run may call; forge reads it.
    function targetSelectors() public view returns (FuzzSelector[] memory) {
        return targetedSelectors_;
    }

    /// @notice Senders that an invariant run uses; forge reads it.
    function targetSenders() public view returns (address[] memory) {
        return targetedSenders;
    }

    /// @notice Senders that an invariant run never uses; forge reads it.
    function excludeSenders() public view returns (address[] memory) {
        return excludedSenders_;
    }

    function targetContract(address target) internal {
        targetedContracts.push(target);
    }

    function targetSelector(FuzzSelector memory target) internal {
        targetedSelectors_.push(target);
    }

    function targetSender(address sender) internal {
        targetedSenders.push(sender);
    }

    function excludeSender(address sender) internal {
        excludedSenders_.push(sender);
    }

    /// @notice An address without a known key, labelled in traces.
    function makeAddr(string memory name) internal returns (address account) {
        (account,) = makeAddrAndKey(name);
    }

    /// @notice An address with its private key, both derived from the name.
    function makeAddrAndKey(string memory name) internal returns (address account, uint256 privateKey) {
        privateKey = uint256(keccak256(bytes(name)));
        account = vm.addr(privateKey);
        vm.label(account, name);
    }

    /// @notice Map any number into [min, max]; numbers already inside stay as they are.
    function bound(uint256 x, uint256 min, uint256 max) internal pure returns (uint256) {
        vm.assertLe(min, max);
        if (min <= x && x <= max) return x;
        uint256 size = max - min + 1;
        return size == 0 ? x : min + x % size;
    }

    /// @notice Map any signed number into [min, max], keeping the order of the fuzzer's edge cases.
    function bound(int256 x, int256 min, int256 max) internal pure returns (int256) {
        uint256 flip = 1 << 255;
        return int256(bound(uint256(x) ^ flip, uint256(min) ^ flip, uint256(max) ^ flip) ^ flip);
    }

    /// @notice Give `account` ETH and call as it once.
    function hoax(address account, uint256 amountWei) internal {
        vm.deal(account, amountWei);
        vm.prank(account);
    }

    /// @notice Move the clock of the chain forward.
    function skip(uint256 elapsedSeconds) internal {
        vm.warp(block.timestamp + elapsedSeconds);
    }

    function assertTrue(bool condition) internal pure {
        vm.assertTrue(condition);
    }

    function assertTrue(bool condition, string memory message) internal pure {
        vm.assertTrue(condition, message);
    }

    function assertFalse(bool condition) internal pure {
        vm.assertFalse(condition);
    }

    function assertFalse(bool condition, string memory message) internal pure {
        vm.assertFalse(condition, message);
    }

    function assertEq(uint256 left, uint256 right) internal pure {
        vm.assertEq(left, right);
    }

    function assertEq(uint256 left, uint256 right, string memory message) internal pure {
        vm.assertEq(left, right, message);
    }

    function assertEq(int256 left, int256 right) internal pure {
        vm.assertEq(left, right);
    }

    function assertEq(int256 left, int256 right, string memory message) internal pure {
        vm.assertEq(left, right, message);
    }

    function assertEq(bool left, bool right) internal pure {
        vm.assertEq(left, right);
    }

    function assertEq(bool left, bool right, string memory message) internal pure {
        vm.assertEq(left, right, message);
    }

    function assertEq(address left, address right) internal pure {
        vm.assertEq(left, right);
    }

    function assertEq(address left, address right, string memory message) internal pure {
        vm.assertEq(left, right, message);
    }

    function assertEq(bytes32 left, bytes32 right) internal pure {
        vm.assertEq(left, right);
    }

    function assertEq(bytes32 left, bytes32 right, string memory message) internal pure {
        vm.assertEq(left, right, message);
    }

    function assertEq(bytes memory left, bytes memory right) internal pure {
        vm.assertEq(left, right);
    }

    function assertEq(bytes memory left, bytes memory right, string memory message) internal pure {
        vm.assertEq(left, right, message);
    }

    function assertEq(string memory left, string memory right) internal pure {
        vm.assertEq(left, right);
    }

    function assertEq(string memory left, string memory right, string memory message) internal pure {
        vm.assertEq(left, right, message);
    }

    function assertNotEq(uint256 left, uint256 right) internal pure {
        vm.assertNotEq(left, right);
    }

    function assertNotEq(address left, address right) internal pure {
        vm.assertNotEq(left, right);
    }

    function assertNotEq(bytes32 left, bytes32 right) internal pure {
        vm.assertNotEq(left, right);
    }

    function assertGt(uint256 left, uint256 right) internal pure {
        vm.assertGt(left, right);
    }

    function assertGe(uint256 left, uint256 right) internal pure {
        vm.assertGe(left, right);
    }

    function assertGe(int256 left, int256 right) internal pure {
        vm.assertGe(left, right);
    }

    function assertLt(uint256 left, uint256 right) internal pure {
        vm.assertLt(left, right);
    }

    function assertLe(uint256 left, uint256 right) internal pure {
        vm.assertLe(left, right);
    }

    function assertLe(int256 left, int256 right) internal pure {
        vm.assertLe(left, right);
    }

    function assertApproxEqAbs(uint256 left, uint256 right, uint256 maxDelta) internal pure {
        vm.assertApproxEqAbs(left, right, maxDelta);
    }
}
