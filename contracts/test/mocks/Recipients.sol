// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice Takes ETH only while `open`, and can call on like an account.
contract PickyRecipient {
    bool public open;

    receive() external payable {
        require(open, "closed");
    }

    function setOpen(bool on) external {
        open = on;
    }

    function execute(address target, uint256 value, bytes calldata data) external {
        (bool ok, bytes memory answer) = target.call{value: value}(data);
        if (ok) return;
        assembly ("memory-safe") {
            revert(add(answer, 32), mload(answer))
        }
    }
}

/// @notice Calls back when it gets ETH, and remembers the answer.
contract ReentrantRecipient {
    address public target;
    bytes public data;
    bool public tried;
    bool public reentered;
    bytes4 public refusal;

    receive() external payable {
        if (tried) return;
        tried = true;
        (bool ok, bytes memory answer) = target.call(data);
        reentered = ok;
        refusal = bytes4(answer);
    }

    function setHook(address newTarget, bytes calldata newData) external {
        target = newTarget;
        data = newData;
    }

    function execute(address destination, uint256 value, bytes calldata callData) external {
        (bool ok,) = destination.call{value: value}(callData);
        require(ok, "call failed");
    }
}

/// @notice Burns all gas it gets.
contract GasBurner {
    receive() external payable {
        while (true) {}
    }
}

/// @notice Answers with as many bytes as its gas pays for.
contract ReturnBomb {
    receive() external payable {
        assembly {
            revert(0, 190000)
        }
    }
}
