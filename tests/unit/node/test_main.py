"""How a node looks for garbage: what dies young is found, what stays is not looked at again."""

import gc
import weakref
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from rollup_node.node.main import collect_seldom


class _Leaf(NamedTuple):
    number: int


class _Cycle:
    def __init__(self) -> None:
        self.me = self


@pytest.fixture
def _collector() -> Iterator[None]:
    thresholds, callbacks = gc.get_threshold(), list(gc.callbacks)
    yield
    gc.callbacks[:] = callbacks
    gc.set_threshold(*thresholds)
    gc.unfreeze()


@pytest.mark.usefixtures("_collector")
def test_collect_seldom_no_generation_grows_with_what_stays() -> None:
    collect_seldom()
    frozen = gc.get_freeze_count()
    kept = [_Leaf(number) for number in range(300_000)]
    assert sum(len(gc.get_objects(generation)) for generation in range(3)) < 100_000
    assert gc.get_freeze_count() - frozen > 200_000
    assert len(kept) == 300_000


@pytest.mark.usefixtures("_collector")
def test_collect_seldom_cycles_that_die_young_are_found() -> None:
    collect_seldom()
    died = weakref.ref(_Cycle())
    kept = [_Leaf(number) for number in range(30_000)]
    assert died() is None
    assert len(kept) == 30_000
