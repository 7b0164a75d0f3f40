"""What `/metrics` says: the names of the table in docs/architecture.md, with values that move."""

import re
from pathlib import Path

from rollup_node import __version__
from rollup_node.core.inputs import Transfer
from rollup_node.node import gauges
from rollup_node.node.metrics import METRICS, NodeMetrics, Sample
from tests.action.sequencing import START_MS, FakeL1, FixedClock, make_sequencer, signed

ARCHITECTURE = Path(__file__).parents[2] / "docs" / "architecture.md"
REFERENCES = ("head_l1", "current_l1", "unsafe_l2", "safe_l2", "finalized_l2")


def test_architecture_lists_exactly_the_metrics_of_a_node() -> None:
    rows = re.findall(
        r"^\| `(strikenet_\w+)(?:\{[^}]*\})?` \|", ARCHITECTURE.read_text(), re.MULTILINE
    )
    assert rows == list(METRICS)


def test_render_gives_labels_and_kinds() -> None:
    status = {key: {"number": number} for number, key in enumerate(REFERENCES, 10)}
    samples = list(gauges.read_node(("sequencer",), status, ready=True))
    text = NodeMetrics(lambda: [*samples, Sample("strikenet_sequencer_groups_total", 3)]).render()
    lines = text.decode().splitlines()
    assert f'strikenet_info{{roles="sequencer",version="{__version__}"}} 1.0' in lines
    assert 'strikenet_refs_number{layer="l1",type="derived"} 11.0' in lines
    assert 'strikenet_refs_number{layer="l2",type="finalized"} 14.0' in lines
    assert "# TYPE strikenet_sequencer_groups_total counter" in lines
    assert any(line.startswith("process_cpu_seconds_total ") for line in lines)


async def test_read_sequencer_counts_and_times_what_was_done(tmp_path: Path) -> None:
    clock = FixedClock()
    l1 = FakeL1(clock)
    sequencer = make_sequencer(tmp_path, clock)
    await sequencer.start()
    l1.deposit(1)
    l1.deposit(2)
    await sequencer.on_l1(l1.update(0, 0))
    good, bad = (signed(Transfer(1, 2, 0, amount, START_MS + amount)) for amount in (5, 0))
    await sequencer.submit([good, bad])
    found = {(name, *labels): value for name, value, labels in gauges.read_sequencer(sequencer)}
    await sequencer.stop()
    assert found["strikenet_sequencer_transactions_sequenced_total",] == 1
    assert found["strikenet_sequencer_transactions_rejected_total",] == 1
    assert found["strikenet_sequencer_queue_length",] == 0
    stages = {labels[0] for name, *labels in found if name == "strikenet_stage_seconds_total"}
    assert {"recover", "execute", "root", "confirm", "log"} <= stages
    assert found["strikenet_stage_seconds_total", "recover"] > 0
    assert all(name in METRICS for name, *_ in found)
