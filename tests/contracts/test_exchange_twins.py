"""Both twins of the whole exchange: on random trading, and on every reason that a step can have."""

from collections import Counter
from typing import Final

import pytest

from rollup_node.core.kinds import StepKind
from rollup_node.core.reason import Reason
from rollup_node.native import law
from tests.contracts.fuzz import TRADING, Differential, print_cells
from tests.contracts.reason_cells import Cells, derive_cells
from tests.contracts.scenes import SCENES
from tests.contracts.unreachable_cells import reachable_cells, unreachable_cells

STEPS: Final = 50_000
SEED: Final = 20


@pytest.fixture(scope="module", name="differential")
def _differential() -> Differential:
    return Differential(SEED, *TRADING)


def _by_kind(counts: Counter[tuple[StepKind, Reason]]) -> Cells:
    found: Cells = {kind: set() for kind in StepKind}
    for kind, reason in counts:
        found[kind].add(reason)
    return found


def _names(cells: Cells) -> dict[str, list[str]]:
    return {
        kind.name: sorted(reason.name for reason in reasons)
        for kind, reasons in cells.items()
        if reasons
    }


def _without(cells: Cells, others: Cells) -> dict[str, list[str]]:
    return _names({kind: reasons - others[kind] for kind, reasons in cells.items()})


def _need_sources() -> None:
    """Leave the rest out where the law is compiled: what is reachable is read from its code."""
    if law.running() == law.COMPILED:
        pytest.skip("the twins agree; which cells are reachable needs the sources of the law")


def test_scenes_in_both_twins_agree_and_leave_no_reachable_cell_empty(
    differential: Differential,
) -> None:
    differential.play(SCENES)
    _need_sources()
    met = _by_kind(differential.counts)
    assert not _without(reachable_cells(), met), "no scene reaches these"


def test_twins_of_the_exchange_on_random_trading_agree(differential: Differential) -> None:
    differential.run(STEPS)
    _need_sources()
    met = _by_kind(differential.counts)
    assert not _without(met, reachable_cells()), "met, but not reachable by the code's own words"
    print_cells(differential.counts, is_whole=True)


@pytest.mark.sources
def test_unreachable_cells_are_such_as_the_code_mentions() -> None:
    """So nothing stays excused once the code says no more of it."""
    assert not _without(unreachable_cells(), derive_cells())


@pytest.mark.sources
def test_derive_cells_follows_tables_and_calls_and_leaves_out_what_is_compared() -> None:
    cells = derive_cells()
    assert all(cells[kind] for kind in StepKind)
    assert cells[StepKind.PRUNE] == {
        Reason.OK,
        Reason.NOT_FOUND,
        Reason.NOT_VOID,
        Reason.OUT_OF_CLASS,
    }
    assert cells[StepKind.SWEEP] == {Reason.OK}, "what a sweep is for is told, not returned"
    assert Reason.OUTBOX_FULL in cells[StepKind.WITHDRAW], "by the table of effects"
    assert Reason.OUTBOX_FULL not in cells[StepKind.TRANSFER], "only its own entry of it"
    assert Reason.SERIES_EXISTS in cells[StepKind.ADMIN]
    assert Reason.MAKER_FAILED in cells[StepKind.TAKE]
