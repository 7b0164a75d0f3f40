"""Runs many cases in two processes and hands their outcomes on as they come."""

import asyncio
import logging
import multiprocessing
from collections.abc import Iterator, Sequence
from multiprocessing.queues import Queue
from pathlib import Path
from queue import Empty
from typing import Any, Final

from rollup_node.devnet.arena_case import DATA, Spec, open_arena
from rollup_node.devnet.failure import DevnetError

_CASE_SECONDS: Final = 300.0
_LOOK_SECONDS: Final = 1.0
_CLOSE_SECONDS: Final = 10.0

Outcome = dict[str, Any]


def run_matrix(specs: Sequence[Spec], anvil: Path | None = None) -> Iterator[Outcome]:
    """Yield the outcome of each case as it ends; a case that breaks has a key `error`.

    Raises
    ------
    DevnetError
        If a process ends or hangs.
    """
    context = multiprocessing.get_context("spawn")
    queue: Queue[Outcome] = context.Queue()
    workers = []
    for share in split(specs):
        worker = context.Process(target=work, args=(share, anvil, queue), daemon=True)
        worker.start()
        workers.append(worker)
    try:
        for _ in specs:
            yield _next(queue, workers)
    finally:
        for worker in workers:
            worker.join(_CLOSE_SECONDS)  # it takes its anvil and its files away
            worker.terminate()
            worker.join()


def split(specs: Sequence[Spec]) -> list[list[Spec]]:
    """Return the shares of two processes: each has one kind of data."""
    shares = [[spec for spec in specs if spec.data == data] for data in DATA]
    if not all(shares):
        shares = [list(specs[::2]), list(specs[1::2])]
    return [share for share in shares if share]


def work(specs: Sequence[Spec], anvil: Path | None, queue: "Queue[Outcome]") -> None:
    """Fight cases in this process, all with the same kind of data."""
    logging.disable(logging.CRITICAL)  # the complaints of liars are no news
    asyncio.run(_work(specs, anvil, queue))


async def _work(specs: Sequence[Spec], anvil: Path | None, queue: "Queue[Outcome]") -> None:
    for scene in dict.fromkeys(spec.scene for spec in specs):
        shared = [spec for spec in specs if spec.scene == scene]
        async with open_arena(specs[0].data, anvil, scene) as arena:
            for spec in shared:
                try:
                    queue.put(await arena.run(spec))
                except Exception as error:  # noqa: BLE001 - one broken case must not hide the others
                    queue.put(failed(spec, error))


def failed(spec: Spec, error: Exception) -> Outcome:
    """Return the outcome of a case that broke."""
    return {
        "fault": spec.fault,
        "door": spec.door or "none",
        "data": spec.data,
        "passed": False,
        "error": f"{type(error).__name__}: {error}",
    }


def _next(queue: "Queue[Outcome]", workers: Sequence[Any]) -> Outcome:
    waited = 0.0
    while waited < _CASE_SECONDS:
        try:
            return queue.get(timeout=_LOOK_SECONDS)
        except Empty:
            waited += _LOOK_SECONDS
            if not any(worker.is_alive() for worker in workers) and queue.empty():
                break
    raise DevnetError("the arena has ended before all its cases")
