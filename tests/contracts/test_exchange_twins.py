"""Both twins of the whole exchange on random trading, and that it reaches what it should."""

from typing import Final

from rollup_node.core.kinds import StepKind
from rollup_node.core.reason import Reason
from tests.contracts.exchange_flow import Exchange
from tests.contracts.fuzz import Differential

STEPS: Final = 50_000
SEED: Final = 20

K, R = StepKind, Reason
REACHED: Final[dict[StepKind, set[Reason]]] = {
    K.OPEN_ITEM: {R.OK},
    K.SEAL: {R.OK},
    K.UNDECODABLE: {R.UNDECODABLE, R.NOTHING_TO_PULL},
    K.TRANSFER: {R.UNKNOWN_ACCOUNT, R.BAD_SIGNATURE, R.NONCE_TOO_OLD, R.UNKNOWN_RECIPIENT},
    K.WITHDRAW: {R.UNKNOWN_ACCOUNT, R.BAD_SIGNATURE, R.NONCE_TOO_OLD, R.INSUFFICIENT_BALANCE},
    K.ROTATE_KEY: {R.OK, R.UNKNOWN_ACCOUNT, R.NONCE_TOO_OLD},
    K.DEPOSIT: {R.OK, R.UNKNOWN_ACCOUNT},
    K.FORCED_WITHDRAW: {R.UNKNOWN_ACCOUNT},
    K.FORCED_UNDECODABLE: {R.UNDECODABLE},
    K.CLOSE_ITEM: {R.OK},
    K.PLACE: {
        R.OK,
        R.UNKNOWN_ACCOUNT,
        R.BAD_SIGNATURE,
        R.NOT_OWNER,
        R.NONCE_TOO_NEW,
        R.NONCE_TOO_OLD,
        R.OUT_OF_CLASS,
        R.UNKNOWN_SERIES,
        R.REDUCE_ONLY,
        R.BAD_ORDER,
        R.EXPIRED,
        R.PRICE_OUT_OF_RANGE,
        R.ABOVE_MAX_ORDER,
        R.SLOT_TAKEN,
        R.INSUFFICIENT_MARGIN,
        R.FROZEN,
        R.REMAINDER_CANCELLED,
        R.NO_POSITION,
        R.BAD_KEY_NUMBER,
    },
    K.CANCEL: {R.OK, R.BAD_SIGNATURE, R.NOT_OWNER, R.OUT_OF_CLASS, R.NOT_FOUND, R.BAD_KEY_NUMBER},
    K.CANCEL_ALL: {R.OK, R.BAD_SIGNATURE, R.OUT_OF_CLASS},
    K.REPLACE: {
        R.OK,
        R.BAD_SIGNATURE,
        R.OUT_OF_CLASS,
        R.REDUCE_ONLY,
        R.PRICE_BAND,
        R.NOT_FOUND,
        R.POST_ONLY_CROSS,
        R.BAD_KEY_NUMBER,
    },
    K.QUOTE: {R.OK, R.BAD_SIGNATURE, R.OUT_OF_CLASS, R.BAD_KEY_NUMBER},
    K.PRUNE: {R.OUT_OF_CLASS, R.NOT_FOUND, R.NOT_VOID},
    K.TAKE: {
        R.OK,
        R.INSUFFICIENT_BALANCE,
        R.POST_ONLY_CROSS,
        R.INSUFFICIENT_MARGIN,
        R.SELF_TRADE,
        R.REMAINDER_CANCELLED,
        R.MAKER_VOID,
        R.MAKER_FAILED,
        R.REFRESH,
    },
    K.LEG: {R.OK, R.REDUCE_ONLY, R.PRICE_OUT_OF_RANGE, R.INSUFFICIENT_MARGIN},
    K.SWEEP: {R.OK},
    K.REFRESH: {R.OK},
    K.PRICE_REPORT: {R.OK, R.OUT_OF_CLASS, R.BAD_PUBLISHERS, R.PRICE_PENDING},
    K.FORWARD_REPORT: {R.OUT_OF_CLASS, R.EXPIRED},
    K.SETTLEMENT_PRICE: {R.OUT_OF_CLASS, R.BAD_TIME},
    K.SETTLE: {R.OUT_OF_CLASS, R.NOT_EXPIRED},
    K.REPRICE: {R.OK},
    K.SAMPLE: {R.OK, R.SAMPLE_MISSING},
    K.DRAIN: {R.OK},
    K.LIQUIDATE: {R.OUT_OF_CLASS, R.NOT_LIQUIDATABLE},
    K.BID: {R.OUT_OF_CLASS, R.NOT_LIQUIDATABLE},
    K.TRIGGER: {R.OUT_OF_CLASS, R.NOTHING_DUE},
    K.TAKEOVER: {R.OUT_OF_CLASS, R.NOT_LIQUIDATABLE},
    K.OPEN_ACCOUNT: {R.OK, R.OUT_OF_CLASS, R.UNKNOWN_SERIES},
    K.SET_KEY: {R.OK, R.OUT_OF_CLASS},
    K.FREEZE: {R.OK, R.BAD_SIGNATURE, R.OUT_OF_CLASS},
    K.SET_GUARDIAN: {R.OK, R.OUT_OF_CLASS},
    K.SET_PROTECTION: {R.OK, R.OUT_OF_CLASS, R.BAD_PARAMETERS},
    K.SET_DEAD_MAN: {R.OK, R.OUT_OF_CLASS},
    K.MOVE_POSITION: {R.SELF_TRANSFER, R.OUT_OF_CLASS, R.NO_POSITION, R.STALE_ACCOUNT},
    K.ADMIN: {R.OK},
}
"""What 50,000 steps of this seed must meet at least; the fuzz target goes further."""


def test_twins_of_the_exchange_on_random_trading_agree() -> None:
    differential = Differential(SEED, Exchange)
    differential.run(STEPS)
    found: dict[StepKind, set[Reason]] = {}
    for kind, reason in differential.counts:
        found.setdefault(kind, set()).add(reason)
    missing = {
        kind.name: sorted(reason.name for reason in reasons - found.get(kind, set()))
        for kind, reasons in REACHED.items()
        if reasons - found.get(kind, set())
    }
    assert not missing
