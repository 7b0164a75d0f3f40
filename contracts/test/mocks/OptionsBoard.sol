// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Black76} from "../../src/core/Black76.sol";
import {OptionsMath} from "../../src/core/OptionsMath.sol";
import {Surface} from "../../src/core/Surface.sol";
import {SurfaceNode} from "../../src/types/Surface.sol";

/// @notice The mathematics of options on many points in one call, for the comparison with the twin.
contract OptionsBoard {
    /// @notice Evaluate one function on as many points as the words hold; the gas is that of the last point.
    function evaluate(uint256 number, uint256[] calldata words) external view returns (uint256[] memory, uint256 gas) {
        uint256 arity = number < 5 ? 1 : number < 7 ? 2 : number == 7 ? 3 : 4;
        uint256 width = number < 8 ? 1 : number - 6;
        uint256 points = words.length / arity;
        uint256[] memory results = new uint256[](points * width);
        for (uint256 i = 0; i < points; ++i) {
            gas = _evaluate(number, words[i * arity:(i + 1) * arity], results, i * width);
        }
        return (results, gas);
    }

    function interpolateVariance(SurfaceNode[] memory smile, int256 moneyness)
        external
        view
        returns (uint256, uint256)
    {
        uint256 before = gasleft();
        uint256 variance = Surface.interpolateVariance(smile, moneyness);
        return (variance, before - gasleft());
    }

    function checkSmile(SurfaceNode[] memory smile, uint256 timeMs) external view returns (uint8, uint8, uint256) {
        uint8 nodes = uint8(Surface.checkNodes(smile));
        uint256 before = gasleft();
        uint8 butterfly = uint8(Surface.checkButterfly(smile, timeMs));
        return (nodes, butterfly, before - gasleft());
    }

    function checkCalendar(SurfaceNode[] memory earlier, uint256 earlierMs, SurfaceNode[] memory later, uint256 laterMs)
        external
        view
        returns (uint8, uint256)
    {
        uint256 before = gasleft();
        uint8 reason = uint8(Surface.checkCalendar(earlier, earlierMs, later, laterMs));
        return (reason, before - gasleft());
    }

    function _evaluate(uint256 number, uint256[] calldata words, uint256[] memory results, uint256 start)
        private
        view
        returns (uint256)
    {
        uint256 before = gasleft();
        if (number < 7) {
            results[start] = _one(number, words);
        } else if (number == 7) {
            results[start] = Black76.timeValue(words[0], words[1], words[2]);
        } else if (number == 8) {
            (results[start], results[start + 1]) = Black76.evaluate(words[0], words[1], int256(words[2]), words[3]);
        } else {
            uint256 deviation = Black76.computeDeviation(words[2], words[3]);
            (results[start], results[start + 1], results[start + 2]) = Black76.black76(words[0], words[1], deviation);
        }
        return before - gasleft();
    }

    function _one(uint256 number, uint256[] calldata words) private pure returns (uint256) {
        if (number == 0) return OptionsMath.expWad(int256(words[0]));
        if (number == 1) return uint256(OptionsMath.lnWad(words[0]));
        if (number == 2) return OptionsMath.sqrtWad(words[0]);
        if (number == 3) return OptionsMath.normalCdf(int256(words[0]));
        if (number == 4) return OptionsMath.normalPdf(int256(words[0]));
        if (number == 5) return Black76.computeDeviation(words[0], words[1]);
        return uint256(OptionsMath.naturalLog(words[0]) - OptionsMath.naturalLog(words[1]));
    }
}
