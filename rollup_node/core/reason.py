"""What a step answers: one numbered reason for every content. Nothing but the numbers."""

from enum import IntEnum


class Reason(IntEnum):
    """Why a step had the effect it had. Source: docs/spec.md X-10. Twin: contracts/src/types."""

    OK = 0
    VOID_BATCH = 1
    BAD_LENGTH = 2
    UNDECODABLE = 3
    NOTHING_TO_PULL = 4
    UNKNOWN_ACCOUNT = 5
    BAD_SIGNATURE = 6
    NOT_OWNER = 7
    NONCE_TOO_NEW = 8
    NONCE_TOO_OLD = 9
    NONCE_USED = 10
    UNKNOWN_ASSET = 11
    ZERO_AMOUNT = 12
    SELF_TRANSFER = 13
    UNKNOWN_RECIPIENT = 14
    INSUFFICIENT_BALANCE = 15
    BALANCE_OVERFLOW = 16
    ZERO_RECIPIENT = 17
    OUTBOX_FULL = 18
    ZERO_OWNER = 19
