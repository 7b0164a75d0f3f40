"""Which reasons the code of each step kind could give at all: a walk over the law's syntax trees.

From the entries of the dispatch tables (`core.families`, `core.step`) the walk follows every name
that a function mentions to functions and tables of `core`, and collects each `Reason.X` that is not
merely compared with or told to users. What it finds is too much rather than too little: a reason
counts even if nothing on the way to it can hold for this kind. Which cells those are, and
why, `tests.contracts.declared_cells` says.
"""

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator
from functools import cache
from types import FunctionType
from typing import Any, Final, NamedTuple

from rollup_node.core import families, step
from rollup_node.core.kinds import StepKind
from rollup_node.core.reason import Reason

Cells = dict[StepKind, set[Reason]]

_CORE: Final = "rollup_node.core."
_DISPATCH: Final = {"ACTIONS", "find_task"}
_TOLD: Final = {"append", "SweepTask"}
"""Calls whose arguments users hear of, or a sweep's events: no reason of this step."""

_STEPS: Final[tuple[Callable[..., Any], ...]] = (
    step.open_item,
    step.apply_seal,
    step.apply_record,
    step.apply_nothing_to_pull,
    step.end_records,
    step.pull_message,
    step.close_item,
    families._end_task,
)
"""What the machine does itself, besides handing on to the families."""


class _Mentions(NamedTuple):
    """What the body of a function mentions."""

    reasons: frozenset[Reason]
    kinds: frozenset[StepKind]
    names: frozenset[str]


class _Reader(ast.NodeVisitor):
    """Reads the body of one function."""

    def __init__(self) -> None:
        self.reasons: set[Reason] = set()
        self.kinds: set[StepKind] = set()
        self.names: set[str] = set()
        self.own: set[str] = set()

    def visit_Compare(self, node: ast.Compare) -> None:
        """Pass by what a value is only compared with."""
        for part in (node.left, *node.comparators):
            if not isinstance(part, ast.Attribute | ast.Name):
                self.visit(part)

    def visit_Call(self, node: ast.Call) -> None:
        """Pass by the reasons that users are told, but follow what is called there."""
        called = node.func
        name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
        if name not in _TOLD:
            self.generic_visit(node)
            return
        self.visit(called)
        calls = [part.func for part in ast.walk(node) if isinstance(part, ast.Call)]
        self.names |= {part.id for part in calls if isinstance(part, ast.Name)}

    def visit_Attribute(self, node: ast.Attribute) -> None:
        """Note a reason or a kind."""
        owner = node.value.id if isinstance(node.value, ast.Name) else ""
        if owner == "Reason":
            self.reasons.add(Reason[node.attr])
        elif owner == "StepKind":
            self.kinds.add(StepKind[node.attr])
        else:
            self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        """Note a name, and what is one of the function's own."""
        (self.names if isinstance(node.ctx, ast.Load) else self.own).add(node.id)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        """Read what is done, not the types of what is given."""
        for part in node.body:
            self.visit(part)


@cache
def _read(function: FunctionType) -> _Mentions:
    """Return what a function mentions; of a lambda, nothing: its closure says all."""
    if function.__name__ == "<lambda>":
        return _Mentions(frozenset(), frozenset(), frozenset())
    reader = _Reader()
    reader.visit(ast.parse(textwrap.dedent(inspect.getsource(function))).body[0])
    code = function.__code__
    names = reader.names - reader.own - set(code.co_varnames) - set(code.co_cellvars)
    return _Mentions(frozenset(reader.reasons), frozenset(reader.kinds), frozenset(names))


def _named(function: FunctionType, content: type | None) -> Iterator[Any]:
    """Yield the values that a function's names and closure stand for.

    Of a table by types of content only the entry of `content`.
    """
    values = list(inspect.getclosurevars(function).nonlocals.values())
    values += [function.__globals__.get(name) for name in _read(function).names - _DISPATCH]
    for value in values:
        if isinstance(value, dict):
            entries = [value[content]] if content in value else list(value.values())
            for entry in entries:
                yield from entry if isinstance(entry, tuple) else (entry,)
        else:
            yield value


def _walk(function: FunctionType, content: type | None) -> tuple[set[Reason], set[StepKind]]:
    """Return the reasons that a function can reach, and the kinds that it names itself."""
    reasons: set[Reason] = set()
    kinds: set[StepKind] = set(_read(function).kinds)
    kinds |= {value for value in _named(function, content) if isinstance(value, StepKind)}
    seen, waiting = set(), [function]
    while waiting:
        place = waiting.pop()
        if place in seen:
            continue
        seen.add(place)
        reasons |= _read(place).reasons
        for value in _named(place, content):
            if isinstance(value, Reason):
                reasons.add(value)
            elif isinstance(value, FunctionType) and value.__module__.startswith(_CORE):
                waiting.append(value)
    return reasons, kinds


def derive_cells() -> Cells:
    """Return every reason that the code of each kind mentions on any way."""
    cells: Cells = {kind: set() for kind in StepKind}
    roots: list[tuple[Any, type | None]] = [(function, None) for function in _STEPS]
    roots += [(action, content) for content, action in families.ACTIONS.items()]
    roots += [(task, None) for task in families.TASKS.values()]
    for function, content in roots:
        reasons, kinds = _walk(function, content)
        for kind in kinds:
            cells[kind] |= reasons
    return cells
