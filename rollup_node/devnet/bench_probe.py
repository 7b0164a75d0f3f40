"""What benchmarks read of a devnet that runs: metrics and CPU time at one moment, and batches."""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from prometheus_client.parser import text_string_to_metric_families

from rollup_node.devnet.jsonrpc import JsonRpc
from rollup_node.devnet.session import Session

DRIFT: Final = 0.1
"""Most by which the limit may change during the run on a machine that does nothing else."""
STAGES: Final = ("ingress", "recover", "execute", "root", "confirm", "log", "markets", "reply")
WORKERS: Final = ("recover", "root")
"""Stages in processes of their own."""

_PAGE: Final = 16

Metrics = Mapping[tuple[str, ...], float]


@dataclass(frozen=True, slots=True)
class Moment:
    """Everything that is read at one time; CPU in seconds."""

    nodes: dict[str, Metrics]
    inbox: int
    client_cpu: float
    l1_cpu: float


def look(session: Session, l1_pid: int) -> Moment:
    """Read all nodes, the L1 and this process now."""
    return Moment(
        {name: read_metrics(node) for name, node in session.nodes.items()},
        int(session.inbox.call("count")),
        time.process_time(),
        _cpu_seconds(l1_pid),
    )


def read_metrics(node: JsonRpc) -> dict[tuple[str, ...], float]:
    """Return the samples of a node by name and label values."""
    _, body = node.request("GET", "/metrics")
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(body.decode())
        for sample in family.samples
    }


def read_batches(session: Session) -> list[bytes]:
    """Return the bytes of all batches of the sequencer."""
    found: list[bytes] = []
    while page := session.sequencer.call("rollup_getBatches", len(found), _PAGE):
        found += [bytes.fromhex(row["data"][2:]) for row in page]
    return found


def spent(before: Moment, after: Moment, node: str, *sample: str) -> float:
    """Return by how much a sample of a node grew; one that is not there is 0."""
    key = tuple(sample)
    return after.nodes[node].get(key, 0.0) - before.nodes[node].get(key, 0.0)


def profile_us(before: Moment, after: Moment, count: int) -> dict[str, float]:
    """Return µs of CPU per thing done: the sequencer by stage, other processes as a whole."""
    stages = {
        name: spent(before, after, "sequencer", "strikenet_stage_seconds_total", name)
        for name in STAGES
    }
    main = sum(seconds for name, seconds in stages.items() if name not in WORKERS)
    cpu = {name: spent(before, after, name, "process_cpu_seconds_total") for name in after.nodes}
    profile = {
        **stages,
        "event loop, HTTP, following L1": cpu.pop("sequencer") - main,
        **{f"beside it: {name}": seconds for name, seconds in cpu.items()},
        "beside it: L1": after.l1_cpu - before.l1_cpu,
        "beside it: client": after.client_cpu - before.client_cpu,
    }
    return {name: round(seconds * 1e6 / count, 2) for name, seconds in profile.items()}


def is_disturbed(limits: tuple[float, float]) -> bool:
    """Tell whether the limit changed so much that other programs took part of the machine."""
    return max(limits) - min(limits) > DRIFT * sum(limits) / 2


def _cpu_seconds(pid: int) -> float:
    """Return the CPU time of a process, 0 where the system does not tell."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
