// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Black76} from "../../../src/core/Black76.sol";
import {FixedPoint} from "../../../src/core/FixedPoint.sol";
import {OptionsMath} from "../../../src/core/OptionsMath.sol";
import {Surface} from "../../../src/core/Surface.sol";
import {SurfaceNode, SurfaceReason} from "../../../src/types/Surface.sol";
import {Test} from "../../Test.sol";
import {OptionsBoard} from "../../mocks/OptionsBoard.sol";

/// @notice The mathematics of options: vectors of the Python twin, what holds for any input, and gas.
contract OptionsTest is Test {
    uint256 private constant MAX_PRICE = Black76.MAX_PRICE;
    uint256 private constant MAX_DEVIATION = Black76.MAX_DEVIATION;
    uint256 private constant MONTH_MS = 30 * 86_400_000;

    OptionsBoard private _board;

    function setUp() public {
        _board = new OptionsBoard();
    }

    function test_vectors_of_functions() public view {
        string memory json = vm.readFile(string.concat(vm.projectRoot(), "/../tests/vectors/options.json"));
        uint256 number = 0;
        for (; vm.keyExistsJson(json, _at("functions", number, "")); ++number) {
            uint256[] memory words = vm.parseJsonUintArray(json, _at("functions", number, ".words"));
            uint256[] memory expected = vm.parseJsonUintArray(json, _at("functions", number, ".results"));
            (uint256[] memory results,) = _board.evaluate(number, words);
            assertEq(results.length, expected.length);
            for (uint256 i = 0; i < results.length; ++i) {
                assertEq(results[i], expected[i], vm.parseJsonString(json, _at("functions", number, ".name")));
            }
        }
        assertEq(number, 10);
    }

    function test_vectors_of_surfaces() public view {
        string memory json = vm.readFile(string.concat(vm.projectRoot(), "/../tests/vectors/options.json"));
        uint256 number = 0;
        for (; vm.keyExistsJson(json, _at("surfaces", number, "")); ++number) {
            _checkSurface(json, number);
        }
        assertGt(number, 20);
    }

    function testFuzz_prices_keep_parity_and_bounds(uint256 forward, uint256 strike, uint256 deviation) public pure {
        (uint256 call, uint256 put, uint256 delta) = Black76.black76(forward, strike, deviation);
        (forward, strike) = (_min(forward, MAX_PRICE), _min(strike, MAX_PRICE));
        assertEq(int256(call) - int256(put), int256(forward) - int256(strike));
        assertLe(call, forward);
        assertLe(put, strike);
        assertLe(delta, OptionsMath.WAD);
    }

    function testFuzz_price_of_a_call_never_falls_with_forward_or_volatility(
        uint256 forward,
        uint256 ratio,
        uint256 volatility,
        uint256 timeMs
    ) public pure {
        forward = bound(forward, 10 ** 6, MAX_PRICE >> 8);
        uint256 strike = forward * bound(ratio, 1, 2 ** 14) >> 7;
        volatility = bound(volatility, 10 ** 16, 10 ** 19);
        timeMs = bound(timeMs, 1, Black76.MAX_TIME_MS);
        uint256 deviation = Black76.computeDeviation(volatility * volatility, timeMs);
        (uint256 call,,) = Black76.black76(forward, strike, deviation);
        (uint256 higher,,) = Black76.black76(forward + 1, strike, deviation);
        assertGe(higher, call);
        assertLe(higher, call + 1);
        deviation = Black76.computeDeviation((volatility + 1) * (volatility + 1), timeMs);
        (higher,,) = Black76.black76(forward, strike, deviation);
        assertGe(higher, call);
    }

    function testFuzz_sqrtDown_is_the_floor(uint256 value) public pure {
        uint256 root = FixedPoint.sqrtDown(value);
        assertLe(root * root, value);
        if (root < type(uint128).max) assertGt((root + 1) * (root + 1), value);
        else assertEq(root, type(uint128).max);
    }

    function testFuzz_highestBit_is_the_logarithm(uint256 value) public pure {
        uint256 bit = FixedPoint.highestBit(value);
        assertEq(value >> bit, value == 0 ? 0 : 1);
    }

    function test_gas_of_functions() public {
        int256 half = 5 * 10 ** 17;
        _measure("exp_wad", 0, _words(uint256(-half)), 1200);
        _measure("ln_wad", 1, _words(uint256(half)), 1500);
        _measure("sqrt_wad", 2, _words(uint256(half)), 2000);
        _measure("normal_cdf", 3, _words(uint256(half)), 2000);
        _measure("normal_pdf", 4, _words(uint256(half)), 1200);
        (uint256 variance, uint256 forward, uint256 strike) = (36 * 10 ** 34, 3000 ether, 3300 ether);
        _measure("compute_deviation", 5, _words(variance, MONTH_MS), 2500);
        uint256 deviation = Black76.computeDeviation(variance, MONTH_MS);
        int256 logRatio = OptionsMath.naturalLog(forward) - OptionsMath.naturalLog(strike);
        _measure("time_value", 7, _words(forward, uint256(-logRatio), deviation), 3500);
        _measure("evaluate (price and delta)", 8, _words(forward, strike, uint256(logRatio), deviation), 4000);
        _measure("black76 (call, put, delta) with its deviation", 9, _words(forward, strike, variance, MONTH_MS), 8000);
    }

    function test_gas_of_a_surface_with_16_nodes() public {
        SurfaceNode[] memory smile = new SurfaceNode[](16);
        for (uint256 i = 0; i < 16; ++i) {
            smile[i] = SurfaceNode(int24(int256(i)) * 100_000 - 800_000, uint16(6000 + i * i));
        }
        (, uint256 gas) = _board.interpolateVariance(smile, (int256(690_000) << 112) / 1_000_000);
        _record("interpolate_variance", gas, 6000);
        uint8 reason;
        (, reason, gas) = _board.checkSmile(smile, MONTH_MS);
        assertEq(reason, uint8(SurfaceReason.OK));
        _record("check_butterfly", gas, 100_000);
        (reason, gas) = _board.checkCalendar(smile, MONTH_MS, smile, MONTH_MS);
        assertEq(reason, uint8(SurfaceReason.OK));
        _record("check_calendar", gas, 200_000);
    }

    function _checkSurface(string memory json, uint256 number) private pure {
        SurfaceNode[] memory smile = _smile(json, number, ".smile");
        SurfaceNode[] memory later = _smile(json, number, ".later");
        int256[] memory places = vm.parseJsonIntArray(json, _at("surfaces", number, ".places"));
        uint256[] memory variances = vm.parseJsonUintArray(json, _at("surfaces", number, ".variances"));
        for (uint256 i = 0; i < places.length; ++i) {
            assertEq(Surface.interpolateVariance(smile, places[i]), variances[i]);
        }
        uint256[] memory times = vm.parseJsonUintArray(json, _at("surfaces", number, ".times_ms"));
        uint256[] memory reasons = vm.parseJsonUintArray(json, _at("surfaces", number, ".reasons"));
        assertEq(uint256(Surface.checkNodes(smile)), reasons[0]);
        assertEq(uint256(Surface.checkButterfly(smile, times[0])), reasons[1]);
        assertEq(uint256(Surface.checkCalendar(smile, times[0], later, times[1])), reasons[2]);
    }

    function _smile(string memory json, uint256 number, string memory field)
        private
        pure
        returns (SurfaceNode[] memory smile)
    {
        int256[] memory numbers = vm.parseJsonIntArray(json, _at("surfaces", number, field));
        smile = new SurfaceNode[](numbers.length / 2);
        for (uint256 i = 0; i < smile.length; ++i) {
            smile[i] = SurfaceNode(int24(numbers[2 * i]), uint16(uint256(numbers[2 * i + 1])));
        }
    }

    function _measure(string memory name, uint256 number, uint256[] memory words, uint256 limit) private {
        (, uint256 gas) = _board.evaluate(number, words);
        _record(name, gas, limit);
    }

    function _record(string memory name, uint256 gas, uint256 limit) private {
        assertLe(gas, limit);
        vm.snapshotValue("options", name, gas);
    }

    function _at(string memory list, uint256 i, string memory field) private pure returns (string memory) {
        return string.concat(".", list, "[", vm.toString(i), "]", field);
    }

    function _words(uint256 a) private pure returns (uint256[] memory words) {
        words = new uint256[](1);
        words[0] = a;
    }

    function _words(uint256 a, uint256 b) private pure returns (uint256[] memory words) {
        words = new uint256[](2);
        (words[0], words[1]) = (a, b);
    }

    function _words(uint256 a, uint256 b, uint256 c) private pure returns (uint256[] memory words) {
        words = new uint256[](3);
        (words[0], words[1], words[2]) = (a, b, c);
    }

    function _words(uint256 a, uint256 b, uint256 c, uint256 d) private pure returns (uint256[] memory words) {
        words = new uint256[](4);
        (words[0], words[1], words[2], words[3]) = (a, b, c, d);
    }

    function _min(uint256 left, uint256 right) private pure returns (uint256) {
        return left < right ? left : right;
    }
}
