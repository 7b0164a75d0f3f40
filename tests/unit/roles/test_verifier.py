"""When a verifier speaks up: wrong assertions at once, the sequencer after some patience."""

from dataclasses import replace

from rollup_node.roles.verifier import (
    PATIENCE_SECONDS,
    CheckedAssertion,
    ReportSequencer,
    ReportWrongAssertion,
    VerifierMemory,
    VerifierView,
    decide,
)

RIGHT = CheckedAssertion(b"r", b"h", b"s", b"h", b"s")
WRONG = CheckedAssertion(b"w", b"x", b"s", b"h", b"s")
VIEW = VerifierView(100, 5, b"hash", b"hash", (RIGHT,))


def test_decide_equal_blocks_and_assertions_agrees() -> None:
    memory, actions = decide(VIEW, VerifierMemory())
    assert (memory.agrees, memory.agreed_block, actions) == (True, 5, ())


def test_decide_wrong_assertion_is_reported_once() -> None:
    view = replace(VIEW, assertions=(RIGHT, WRONG))
    memory, actions = decide(view, VerifierMemory())
    assert actions == (ReportWrongAssertion(b"w"),)
    assert not memory.agrees
    assert decide(view, memory)[1] == ()


def test_decide_other_block_is_reported_after_patience_and_forgiven() -> None:
    differs = replace(VIEW, reported=b"other")
    memory, actions = decide(differs, VerifierMemory())
    assert (memory.agrees, actions) == (True, ())
    late = replace(differs, l1_time=100 + PATIENCE_SECONDS)
    memory, actions = decide(late, memory)
    assert actions == (ReportSequencer(5, b"hash", b"other"),)
    assert not memory.agrees
    memory, _ = decide(VIEW, memory)
    assert memory.agrees
