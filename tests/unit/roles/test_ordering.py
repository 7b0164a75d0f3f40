"""Every record of the exchange has the class that the law gives it, and waits only if it must."""

from typing import Any, get_args

import pytest

from rollup_node.core.inputs import (
    AccountRecord,
    CancelOrder,
    OpenRecord,
    PlaceOrder,
    PriceReport,
    RotateKey,
    Transfer,
)
from rollup_node.core.kinds import OrderClass
from rollup_node.roles.ordering import FRESH_MS, class_of, has_to_wait

ORDER = PlaceOrder(1, 0, 2, 0, 0, 0, 0, 0, 0, 100, 1, 0, 0, 500, 0, 7)
CANCEL = CancelOrder(1, 0, 0, 0, 7)
REPORT = PriceReport(0, 1, 1, 1, 1, ())


@pytest.mark.parametrize("kind", [*get_args(AccountRecord), *get_args(OpenRecord)])
def test_class_of_every_record_of_the_exchange_is_known(kind: Any) -> None:
    fields = (0,) * len(kind._fields)
    assert class_of(kind(*fields)) in set(OrderClass)


def test_class_of_records_of_the_spine_is_none() -> None:
    assert class_of(Transfer(1, 2, 0, 1, 1)) is None
    assert class_of(RotateKey(1, bytes(20), 1)) is None
    assert class_of(None) is None


def test_class_of_an_order_depends_on_post_only() -> None:
    assert class_of(ORDER) == OrderClass.TAKER
    assert class_of(ORDER._replace(post_only=1)) == OrderClass.MAKER
    assert class_of(CANCEL) == OrderClass.MAKER


@pytest.mark.parametrize(
    ("wanted", "reached", "age_ms", "waits"),
    [
        (OrderClass.MAKER, OrderClass.ORACLE, 10_000, False),
        (OrderClass.MAKER, OrderClass.MAKER, 0, False),
        (OrderClass.MAKER, OrderClass.TAKER, 0, True),
        (OrderClass.TAKER, OrderClass.ORACLE, 0, True),
        (OrderClass.ORACLE, OrderClass.ORACLE, FRESH_MS, False),
        (OrderClass.ORACLE, OrderClass.ORACLE, FRESH_MS + 1, True),
        (OrderClass.LIQUIDATION, OrderClass.MAKER, 0, True),
    ],
)
def test_has_to_wait(wanted: int, reached: int, age_ms: int, waits: bool) -> None:
    assert has_to_wait(wanted, reached, age_ms) is waits
