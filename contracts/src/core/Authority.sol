// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Frame, Frames} from "../steps/Frames.sol";
import {SessionKey} from "../types/Account.sol";
import {LeafKey} from "../types/LeafKey.sol";
import {Reason} from "../types/Reason.sol";
import {Owner} from "../types/State.sol";
import {AccountLeaves} from "./AccountLeaves.sol";
import {Layout} from "./Layout.sol";
import {Leaves} from "./Leaves.sol";
import {Nonces} from "./Nonces.sol";

/// @notice Who stands behind a record or message.
/// @param who Who signed the record, zero for an invalid signature; or who sent the message.
/// @param forced It is a message.
/// @param tag Number of the message; else 0.
/// @custom:twin rollup_node/core/frame.py Authority
struct Authority {
    address who;
    bool forced;
    uint256 tag;
}

/// @notice Who may do what: class of the record, signer or sender, session key, nonce - in this order (docs/spec.md
/// K-2, O-1).
/// @custom:twin rollup_node/core/authority.py
library Authorities {
    using Frames for Frame;

    /// @notice Whether the block is past the class of a record; a message has no class of its own.
    function isLate(Frame memory frame, uint8 wanted, bool forced) internal pure returns (bool) {
        return wanted < frame.orderClass && !forced;
    }

    /// @notice Raise the class of the block to that of a record that counts.
    function enterClass(Frame memory frame, uint8 wanted) internal pure {
        if (wanted > frame.orderClass) frame.orderClass = wanted;
    }

    /// @notice Check who stands behind a record of `account`, and spend its nonce unless it is a message.
    /// @param key 0 for the owner, 1 to 3 for a session key, which needs one of the bits of `scope` (0: only the owner
    /// will do).
    function authenticate(
        Frame memory frame,
        uint256 account,
        uint256 key,
        uint256 nonce,
        Authority memory authority,
        uint256 scope
    ) internal pure returns (Reason reason) {
        if (account == 0 || account >= Layout.ACCOUNTS_LIMIT) return Reason.UNKNOWN_ACCOUNT;
        LeafKey place = Layout.ownerKey(account);
        bytes memory leaf = frame.get(place);
        if (leaf.length == 0) return Reason.UNKNOWN_ACCOUNT;
        Owner memory window;
        SessionKey memory session;
        if (key == 0) {
            window = Leaves.decodeOwner(leaf);
        } else {
            if (key > Layout.SESSION_KEYS) return Reason.BAD_KEY_NUMBER;
            place = Layout.sessionKeyKey(account, key);
            session = AccountLeaves.decodeSessionKey(frame.get(place));
            window = Owner(session.keyAddress, session.nonceHigh, session.nonceMap);
        }
        if (window.owner == address(0) || window.owner != authority.who) {
            return authority.forced ? Reason.NOT_OWNER : Reason.BAD_SIGNATURE;
        }
        if (key != 0) {
            if (session.expiryMs <= frame.timeMs) return Reason.KEY_EXPIRED;
            if (session.scope & scope == 0) return Reason.KEY_SCOPE;
        }
        if (authority.forced) return Reason.OK;
        reason = Nonces.spend(window, nonce, frame.timeMs);
        if (reason != Reason.OK) return reason;
        (session.nonceHigh, session.nonceMap) = (window.nonceHigh, window.nonceMap);
        frame.put(place, key == 0 ? Leaves.encodeOwner(window) : AccountLeaves.encodeSessionKey(session));
    }

    /// @notice Check the class of a record, then who stands behind it; what is authenticated counts.
    function admit(
        Frame memory frame,
        uint256 account,
        uint256 key,
        uint256 nonce,
        Authority memory authority,
        uint256 scope,
        uint8 wanted
    ) internal pure returns (Reason reason) {
        if (isLate(frame, wanted, authority.forced)) return Reason.OUT_OF_CLASS;
        reason = authenticate(frame, account, key, nonce, authority, scope);
        if (reason == Reason.OK) enterClass(frame, wanted);
    }
}
