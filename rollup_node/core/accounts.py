"""Records by which an account orders its own affairs: further accounts, keys, freeze, protection.

Source: docs/spec.md K. Twin: contracts/src/core/Accounts.sol.
"""

from typing import Final

from rollup_node.core.account_leaves import (
    NO_COLD,
    NO_HOT,
    Cold,
    Hot,
    ProtectionRow,
    SessionKey,
)
from rollup_node.core.authority import admit
from rollup_node.core.cash import add_fees
from rollup_node.core.flags import (
    CHILD_FLAG,
    FROZEN_FLAG,
    GUARDIAN_FLAG,
    LIQUIDATING_FLAG,
    SCOPE_SETTINGS,
)
from rollup_node.core.frame import Authority, Frame
from rollup_node.core.inputs import (
    Freeze,
    OpenAccount,
    SetDeadMan,
    SetGuardian,
    SetKey,
    SetMode,
    SetProtection,
)
from rollup_node.core.kinds import OrderClass, StepKind
from rollup_node.core.layout import (
    ACCOUNT_LIMIT,
    ALLOCATORS_KEY,
    BRIDGE_ACCOUNT_LIMIT,
    NONCE_LEAD_MS,
    SERIES_LIMIT,
    SESSION_KEYS,
    TIME_LIMIT_MS,
    UNDERLYING_LIMIT,
    balances_key,
    cold_key,
    hot_key,
    owner_key,
    session_key_key,
    terms_key,
)
from rollup_node.core.leaves import Allocators, Balances, Owner, replace_amount
from rollup_node.core.leaving import check_leaving
from rollup_node.core.reason import Reason
from rollup_node.core.refresh import begin_refresh
from rollup_node.core.risk import MODELS, is_current, read_amounts, read_hot, read_prices
from rollup_node.core.standing import has_positions

GUARDIAN_KEY: Final = 255
"""The `key` of a freeze that the guardian signs. Source: docs/spec.md K-4."""
SCOPE_LIMIT: Final = 16
OWNER_ONLY: Final = 0
OPENING_USDC: Final = 1_000_000
"""What a number of the upper half costs: there are 2^21 of them. Source: docs/spec.md K-7."""
MAX_WINDOW_MS: Final = 86_400_000
_OK: Final = Reason.OK
_NO_ADDRESS: Final = bytes(20)


def read_cold(frame: Frame, account: int) -> Cold:
    """Return the cold leaf of an account. Source: docs/spec.md S-15."""
    cold: Cold | None = frame.get(cold_key(account))
    return NO_COLD if cold is None else cold


def check_free(hot: Hot) -> Reason:
    """Check that an account is neither frozen nor in liquidation. Source: docs/spec.md K-4."""
    if hot.flags & FROZEN_FLAG:
        return Reason.FROZEN
    return Reason.LIQUIDATING if hot.flags & LIQUIDATING_FLAG else _OK


def admit_owner(frame: Frame, account: int, nonce: int, authority: Authority) -> Reason:
    """Admit a record of the owner whose account is free. Reads owner, then hot."""
    reason = admit(frame, account, 0, nonce, authority, OWNER_ONLY, OrderClass.MAKER)
    return reason or check_free(read_hot(frame, account))


def open_account(
    frame: Frame, record: OpenAccount, authority: Authority
) -> tuple[StepKind, Reason]:
    """Open an account of the same owner and group, isolated if it names a series.

    It costs a dollar, which leaves the opener by M-9 to the fees; who is not current is refreshed
    instead (`STALE_ACCOUNT`). Reads owner, hot, terms of the series, prices, balances and what M-9
    reads, allocators, owner, hot, balances and, for a child, cold of the new account, pools.
    Source: docs/spec.md K-7.
    """
    kind = StepKind.OPEN_ACCOUNT
    account, series, nonce = record
    reason = admit_owner(frame, account, nonce, authority)
    if reason:
        return kind, reason
    if series and (series >= SERIES_LIMIT or frame.get(terms_key(series)) is None):
        return kind, Reason.UNKNOWN_SERIES
    hot, prices = read_hot(frame, account), read_prices(frame)
    if not is_current(hot, prices):
        begin_refresh(frame, account, frame.phase)
        return kind, Reason.STALE_ACCOUNT
    amounts = read_amounts(frame, account)
    left = replace_amount(amounts, 0, amounts[0] - OPENING_USDC)
    if left[0] < 0:
        return kind, Reason.INSUFFICIENT_BALANCE
    reason = check_leaving(frame, hot, left, prices)
    if reason:
        return kind, reason
    owner: Owner = frame.get(owner_key(account))
    opened = allocate_account(frame, owner.address, hot.group, CHILD_FLAG if series else 0)
    if opened == 0:
        return kind, Reason.ACCOUNTS_FULL
    if series:
        cold = read_cold(frame, opened)
        frame.put(cold_key(opened), cold._replace(parent=account, series=series))
    frame.put(balances_key(account), Balances(left))
    add_fees(frame, OPENING_USDC)
    return kind, _OK


def allocate_account(frame: Frame, address: bytes, group: int, flags: int, cash: int = 0) -> int:
    """Open the next account of the upper half with `cash` µUSDC; 0 if there is none left.

    Reads allocators, then owner, hot and balances of the account. Source: docs/spec.md K-7.
    """
    allocators: Allocators = frame.get(ALLOCATORS_KEY)
    opened = BRIDGE_ACCOUNT_LIMIT + allocators.next_account
    if opened >= ACCOUNT_LIMIT:
        return 0
    for key in (owner_key(opened), hot_key(opened), balances_key(opened)):
        frame.get(key)
    frame.put(ALLOCATORS_KEY, allocators._replace(next_account=allocators.next_account + 1))
    frame.put(owner_key(opened), Owner(address, 0, 0))
    frame.put(hot_key(opened), NO_HOT._replace(group=group, flags=flags))
    frame.put(balances_key(opened), Balances((cash, 0, 0, 0)))
    return opened


def set_key(frame: Frame, record: SetKey, authority: Authority) -> tuple[StepKind, Reason]:
    """Register or clear a session key; the nonce window of its place stays.

    Reads owner, hot, the session key. Source: docs/spec.md K-3.
    """
    kind = StepKind.SET_KEY
    account, number, address, scope, markets, expiry_ms, order_cap, nonce = record
    reason = admit_owner(frame, account, nonce, authority)
    if reason:
        return kind, reason
    if not 0 < number <= SESSION_KEYS:
        return kind, Reason.BAD_KEY_NUMBER
    if scope >= SCOPE_LIMIT:
        return kind, Reason.BAD_PARAMETERS
    if address != _NO_ADDRESS and expiry_ms <= frame.time_ms:
        return kind, Reason.KEY_EXPIRED
    key = session_key_key(account, number)
    old: SessionKey | None = frame.get(key)
    high, used = (0, 0) if old is None else (old.nonce_high, old.nonce_map)
    frame.put(key, SessionKey(address, scope, markets, expiry_ms, order_cap, high, used))
    return kind, _OK


def freeze(frame: Frame, record: Freeze, authority: Authority) -> tuple[StepKind, Reason]:
    """Freeze an account, or end it: what the guardian froze only the guardian ends.

    Reads owner, then hot, for the guardian owner, cold, hot. Source: docs/spec.md K-4.
    """
    kind = StepKind.FREEZE
    account, key, frozen, nonce = record
    by_guardian = key == GUARDIAN_KEY
    if by_guardian:
        reason = _admit_guardian(frame, record, authority)
    else:
        reason = admit(frame, account, key, nonce, authority, OWNER_ONLY, OrderClass.MAKER)
    if reason:
        return kind, reason
    hot = read_hot(frame, account)
    if frozen:
        flags = hot.flags | FROZEN_FLAG | (GUARDIAN_FLAG if by_guardian else 0)
    elif hot.flags & GUARDIAN_FLAG and not by_guardian:
        return kind, Reason.FROZEN
    else:
        flags = hot.flags & ~(FROZEN_FLAG | GUARDIAN_FLAG)
    frame.put(hot_key(account), hot._replace(flags=flags))
    return kind, _OK


def _admit_guardian(frame: Frame, record: Freeze, authority: Authority) -> Reason:
    """Admit a freeze by the guardian, who has an own nonce. Reads owner, then cold."""
    account, _, _, nonce = record
    if frame.order_class > OrderClass.MAKER and not authority.forced:
        return Reason.OUT_OF_CLASS
    is_account = 0 < account < ACCOUNT_LIMIT
    if not is_account or frame.get(owner_key(account)) is None:
        return Reason.UNKNOWN_ACCOUNT
    cold = read_cold(frame, account)
    if cold.guardian == _NO_ADDRESS or authority.address != cold.guardian:
        return Reason.NOT_OWNER if authority.forced else Reason.BAD_SIGNATURE
    if authority.forced:
        return _OK
    if nonce > frame.time_ms + NONCE_LEAD_MS:
        return Reason.NONCE_TOO_NEW
    if nonce <= cold.guardian_nonce:
        return Reason.NONCE_TOO_OLD
    frame.put(cold_key(account), cold._replace(guardian_nonce=nonce))
    frame.order_class = OrderClass.MAKER
    return _OK


def set_guardian(
    frame: Frame, record: SetGuardian, authority: Authority
) -> tuple[StepKind, Reason]:
    """Name who may freeze the account, or nobody. Reads owner, hot, cold. Source: K-4."""
    account, guardian, nonce = record
    reason = admit_owner(frame, account, nonce, authority)
    if not reason:
        cold = read_cold(frame, account)
        frame.put(cold_key(account), cold._replace(guardian=guardian))
    return StepKind.SET_GUARDIAN, reason


def _admit_settings(
    frame: Frame, account: int, key: int, nonce: int, authority: Authority
) -> Reason:
    """Admit a record of the owner or of a key for settings. Reads owner, the key, hot."""
    reason = admit(frame, account, key, nonce, authority, SCOPE_SETTINGS, OrderClass.MAKER)
    return reason or check_free(read_hot(frame, account))


def set_protection(
    frame: Frame, record: SetProtection, authority: Authority
) -> tuple[StepKind, Reason]:
    """Set market-maker protection in one underlying, its window begins anew.

    Reads owner, the key, hot, cold. Source: docs/spec.md K-5.
    """
    kind = StepKind.SET_PROTECTION
    account, key, underlying, limit, window_ms, nonce = record
    reason = _admit_settings(frame, account, key, nonce, authority)
    if reason:
        return kind, reason
    is_sound = bool(limit) == bool(window_ms) and window_ms <= MAX_WINDOW_MS
    if underlying >= UNDERLYING_LIMIT or not is_sound:
        return kind, Reason.BAD_PARAMETERS
    hot, cold = read_hot(frame, account), read_cold(frame, account)
    bit = 1 << underlying
    protected = hot.protected | bit if limit else hot.protected & ~bit
    rows = cold.protections
    row = ProtectionRow(limit, window_ms, 0, 0)
    rows = (*rows[:underlying], row, *rows[underlying + 1 :])
    frame.put(hot_key(account), hot._replace(protected=protected))
    frame.put(cold_key(account), cold._replace(protections=rows))
    return kind, _OK


def set_dead_man(frame: Frame, record: SetDeadMan, authority: Authority) -> tuple[StepKind, Reason]:
    """Set when the account's orders become void, 0: never. Reads owner, the key, hot. K-6."""
    kind = StepKind.SET_DEAD_MAN
    account, key, time_ms, nonce = record
    reason = _admit_settings(frame, account, key, nonce, authority)
    if reason:
        return kind, reason
    if time_ms >= TIME_LIMIT_MS:
        return kind, Reason.BAD_PARAMETERS
    hot = read_hot(frame, account)
    frame.put(hot_key(account), hot._replace(dead_man_ms=time_ms))
    return kind, _OK


def set_mode(frame: Frame, record: SetMode, authority: Authority) -> tuple[StepKind, Reason]:
    """Choose the risk model: only while there is no position, as rows and leaves are a model's own.

    Reads owner, the key, hot. Source: docs/spec.md K-8.
    """
    kind = StepKind.SET_MODE
    account, key, mode, nonce = record
    reason = _admit_settings(frame, account, key, nonce, authority)
    if reason:
        return kind, reason
    if mode not in MODELS:
        return kind, Reason.BAD_MODE
    hot = read_hot(frame, account)
    if has_positions(hot):
        return kind, Reason.HAS_POSITIONS
    frame.put(hot_key(account), hot._replace(mode=mode))
    return kind, _OK
