"""How a node looks for garbage: seldom, at what is young, and never at what stays."""

import asyncio
import gc
import weakref
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from rollup_node.node import main
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
    gc.enable()
    gc.unfreeze()


@pytest.mark.usefixtures("_collector")
async def test_collect_seldom_cycles_that_die_young_are_found() -> None:
    collect_seldom()
    died = weakref.ref(_Cycle())
    kept = [_Leaf(number) for number in range(30_000)]
    assert died() is None
    assert len(kept) == 30_000


@pytest.mark.usefixtures("_collector")
async def test_collect_seldom_rests_after_a_look_and_begins_with_what_is_new(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(main, "_REST_SECONDS", 0.01)
    collect_seldom()
    frozen = gc.get_freeze_count()
    kept = [_Leaf(number) for number in range(300_000)]
    assert not gc.isenabled()
    while not gc.isenabled():  # noqa: ASYNC110 - the collector has no event to wait for
        await asyncio.sleep(0.005)
    assert gc.get_freeze_count() - frozen > 300_000 - 100
    assert sum(len(gc.get_objects(generation)) for generation in range(3)) < 10_000
    died = weakref.ref(_Cycle())
    kept += [_Leaf(number) for number in range(30_000)]
    assert died() is None
    assert len(kept) == 330_000


@pytest.mark.usefixtures("_collector")
def test_collect_seldom_after_its_loop_is_closed_does_nothing() -> None:
    async def begin() -> None:
        collect_seldom()

    asyncio.run(begin())
    gc.collect()
    assert gc.isenabled()
