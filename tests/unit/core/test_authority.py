"""Who may do what: class, signer, session key, nonce."""

import pytest

from rollup_node.core.authority import admit, authenticate
from rollup_node.core.flags import SCOPE_CANCEL, SCOPE_QUOTE, SCOPE_TRADE
from rollup_node.core.frame import Authority
from rollup_node.core.kinds import OrderClass
from rollup_node.core.layout import owner_key, session_key_key
from rollup_node.core.leaves import Owner
from rollup_node.core.reason import Reason
from tests.unit.core.exchange_world import NOW_MS, World, key_address, owner_of


def check(
    world: World,
    account: int = 1,
    key: int = 0,
    nonce: int = 5,
    address: bytes | None = owner_of(1),
    *,
    forced: bool = False,
    scope: int = SCOPE_TRADE,
) -> Reason:
    authority = Authority(address, forced, 77 if forced else 0)
    reason = world.step(authenticate, account, key, nonce, authority, scope)
    assert isinstance(reason, Reason)
    return reason


@pytest.mark.parametrize(
    ("account", "key", "address", "forced", "reason"),
    [
        (0, 0, owner_of(1), False, Reason.UNKNOWN_ACCOUNT),
        (1 << 22, 0, owner_of(1), False, Reason.UNKNOWN_ACCOUNT),
        (9, 0, owner_of(1), False, Reason.UNKNOWN_ACCOUNT),
        (1, 4, owner_of(1), False, Reason.BAD_KEY_NUMBER),
        (1, 255, owner_of(1), True, Reason.BAD_KEY_NUMBER),
        (1, 0, None, False, Reason.BAD_SIGNATURE),
        (1, 0, owner_of(2), False, Reason.BAD_SIGNATURE),
        (1, 0, owner_of(2), True, Reason.NOT_OWNER),
        (1, 1, owner_of(1), False, Reason.BAD_SIGNATURE),
        (1, 1, owner_of(1), True, Reason.NOT_OWNER),
        (1, 2, None, False, Reason.BAD_SIGNATURE),
        (1, 3, bytes(20), True, Reason.NOT_OWNER),
        (1, 1, key_address(1, 1), False, Reason.OK),
        (1, 1, key_address(1, 1), True, Reason.OK),
        (1, 0, owner_of(1), False, Reason.OK),
        (1, 0, owner_of(1), True, Reason.OK),
    ],
)
def test_authenticate_asks_for_account_key_and_signer_in_this_order(
    account: int, key: int, address: bytes | None, forced: bool, reason: Reason
) -> None:
    world = World()
    world.set_key(1, 1)
    world.set_key(1, 3, address=bytes(20))
    assert check(world, account, key, address=address, forced=forced) is reason


def test_authenticate_by_the_owner_spends_the_nonce_of_the_owner() -> None:
    world = World()
    assert check(world) is Reason.OK
    assert world.leaves[owner_key(1)] == Owner(owner_of(1), 5, 1)
    assert check(world) is Reason.NONCE_USED


def test_authenticate_by_a_session_key_spends_only_the_window_of_that_key() -> None:
    world = World()
    world.set_key(1, 1)
    world.set_key(1, 2)
    before = world.leaves[owner_key(1)], world.leaves[session_key_key(1, 2)]
    address = key_address(1, 1)
    assert check(world, key=1, address=address, nonce=5) is Reason.OK
    assert check(world, key=1, address=address, nonce=5) is Reason.NONCE_USED
    assert (world.leaves[owner_key(1)], world.leaves[session_key_key(1, 2)]) == before
    assert world.opened == [owner_key(1), session_key_key(1, 1)]


def test_authenticate_forced_spends_no_nonce() -> None:
    world = World()
    assert check(world, forced=True) is Reason.OK
    assert world.leaves[owner_key(1)] == Owner(owner_of(1), 0, 0)


@pytest.mark.parametrize(("left_ms", "reason"), [(0, Reason.KEY_EXPIRED), (1, Reason.OK)])
def test_authenticate_at_the_end_of_a_session_key(left_ms: int, reason: Reason) -> None:
    world = World()
    world.set_key(1, 1, expiry_ms=NOW_MS + left_ms)
    assert check(world, key=1, address=key_address(1, 1)) is reason


@pytest.mark.parametrize(
    ("has", "needs", "reason"),
    [
        (SCOPE_TRADE, SCOPE_TRADE, Reason.OK),
        (SCOPE_QUOTE, SCOPE_TRADE, Reason.KEY_SCOPE),
        (SCOPE_QUOTE, SCOPE_TRADE | SCOPE_QUOTE, Reason.OK),
        (SCOPE_CANCEL, SCOPE_TRADE | SCOPE_QUOTE, Reason.KEY_SCOPE),
        (15, 0, Reason.KEY_SCOPE),
        (0, 15, Reason.KEY_SCOPE),
    ],
)
def test_authenticate_beyond_the_scope_of_a_key_keeps_its_nonce(
    has: int, needs: int, reason: Reason
) -> None:
    world = World()
    world.set_key(1, 1, scope=has)
    before = world.leaves[session_key_key(1, 1)]
    assert check(world, key=1, address=key_address(1, 1), scope=needs) is reason
    assert (world.leaves[session_key_key(1, 1)] == before) == (reason is not Reason.OK)


def test_authenticate_a_leaked_key_cannot_burn_nonces_far_ahead() -> None:
    world = World()
    world.set_key(1, 1)
    late = NOW_MS + 86_400_001
    assert check(world, key=1, address=key_address(1, 1), nonce=late) is Reason.NONCE_TOO_NEW
    assert check(world, nonce=late - 1) is Reason.OK


def test_admit_a_record_below_the_class_of_the_block_has_no_effect_and_keeps_its_nonce() -> None:
    world = World()
    world.order_class = OrderClass.TAKER
    authority = Authority(owner_of(1), forced=False, tag=0)
    reason = world.step(admit, 1, 0, 5, authority, SCOPE_TRADE, OrderClass.MAKER)
    assert (reason, world.opened) == (Reason.OUT_OF_CLASS, [])
    world.order_class = OrderClass.MAKER
    assert world.step(admit, 1, 0, 5, authority, SCOPE_TRADE, OrderClass.MAKER) is Reason.OK


def test_admit_raises_the_class_only_once_authenticated() -> None:
    world = World()
    stranger = Authority(owner_of(2), forced=False, tag=0)
    world.step(admit, 1, 0, 5, stranger, SCOPE_TRADE, OrderClass.TAKER)
    assert world.order_class == 0
    owner = Authority(owner_of(1), forced=False, tag=0)
    world.step(admit, 1, 0, 5, owner, SCOPE_TRADE, OrderClass.TAKER)
    assert world.order_class == OrderClass.TAKER


def test_admit_a_message_has_no_class() -> None:
    world = World()
    world.order_class = OrderClass.DELAYED
    authority = Authority(owner_of(1), forced=True, tag=3)
    reason = world.step(admit, 1, 0, 0, authority, SCOPE_TRADE, OrderClass.MAKER)
    assert (reason, world.order_class) == (Reason.OK, OrderClass.DELAYED)
