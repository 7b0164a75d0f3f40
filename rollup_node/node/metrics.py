"""What Prometheus reads from a node, by the names that the field uses.

`METRICS` is the whole list; docs/architecture.md prints it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, Literal, NamedTuple

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector


class Description(NamedTuple):
    """One metric: what it counts and what its labels are called."""

    kind: Literal["gauge", "counter"]
    text: str
    labels: tuple[str, ...] = ()


class Sample(NamedTuple):
    """One value, with the labels in the order of the description."""

    name: str
    value: float
    labels: tuple[str, ...] = ()


METRICS: Final[Mapping[str, Description]] = {
    "strikenet_up": Description("gauge", "1 while the node runs"),
    "strikenet_info": Description("gauge", "Version and roles of the node", ("version", "roles")),
    "strikenet_ready": Description("gauge", "1 once the node has caught up with L1"),
    "strikenet_refs_number": Description(
        "gauge",
        "Number of a block: L1 head and derived, L2 unsafe, safe and finalized",
        ("layer", "type"),
    ),
    "strikenet_derivation_reorgs_total": Description("counter", "L1 reorgs that were followed"),
    "strikenet_derivation_items": Description("gauge", "Inbox items derived from L1"),
    "strikenet_derivation_messages": Description("gauge", "Delayed messages seen on L1"),
    "strikenet_derivation_fast_messages": Description("gauge", "Fast messages seen on L1"),
    "strikenet_derivation_executed_items": Description("gauge", "Derived items executed"),
    "strikenet_assertions": Description("gauge", "Assertions on L1, genesis included"),
    "strikenet_stage_seconds_total": Description(
        "counter", "Time spent by stage of the way of a transaction", ("stage",)
    ),
    "strikenet_sequencer_active": Description("gauge", "1 while transactions are taken"),
    "strikenet_sequencer_transactions_sequenced_total": Description(
        "counter", "Transactions executed and confirmed"
    ),
    "strikenet_sequencer_transactions_rejected_total": Description(
        "counter", "Transactions refused with a reason"
    ),
    "strikenet_sequencer_queue_length": Description("gauge", "Transactions that wait"),
    "strikenet_sequencer_groups_total": Description("counter", "Group commits of the log"),
    "strikenet_sequencer_batches_total": Description("counter", "Batches cut and durable"),
    "strikenet_sequencer_open_batch_bytes": Description("gauge", "Bytes of the batch not yet cut"),
    "strikenet_sequencer_rewinds_total": Description(
        "counter", "Times that L1 differed from the forecast"
    ),
    "strikenet_trading_connections": Description("gauge", "WebSockets of the trading interface"),
    "strikenet_trading_channels": Description("gauge", "Channels that somebody reads"),
    "strikenet_trading_requests_total": Description("counter", "Requests of the trading interface"),
    "strikenet_trading_errors_total": Description("counter", "Requests answered with an error"),
    "strikenet_trading_unsent_bytes": Description("gauge", "Bytes that wait for slow readers"),
    "strikenet_batch_poster_batches_posted_total": Description("counter", "Batches posted"),
    "strikenet_batch_poster_next_batch": Description("gauge", "First batch not known on L1"),
    "strikenet_batch_poster_estimated_batch_backlog": Description(
        "gauge", "Batches fetched from the sequencer and not yet on L1"
    ),
    "strikenet_proposer_assertions_made_total": Description("counter", "Assertions created"),
    "strikenet_proposer_assertions_confirmed_total": Description("counter", "Assertions confirmed"),
    "strikenet_challenger_contests": Description(
        "gauge", "Contests on the right branch with a wrong claim that lives"
    ),
    "strikenet_challenger_moves_total": Description(
        "counter", "Transactions of the challenger by function of the contracts", ("move",)
    ),
    "strikenet_challenger_moves_found_done_total": Description(
        "counter", "Moves that somebody else had made already"
    ),
    "strikenet_challenger_spent_wei_total": Description("counter", "Fees paid on L1"),
    "strikenet_challenger_earned_wei_total": Description("counter", "Tariffs credited"),
    "strikenet_challenger_lost": Description("gauge", "1 once a wrong claim was confirmed"),
    "strikenet_verifier_agrees": Description("gauge", "1 while nothing differs"),
    "strikenet_verifier_agreed_block": Description(
        "gauge", "Highest L2 block that the sequencer reported alike"
    ),
    "strikenet_verifier_checked_assertions": Description("gauge", "Assertions compared"),
    "strikenet_verifier_wrong_assertions": Description("gauge", "Assertions found wrong"),
}


class NodeMetrics:
    """Values that are read when somebody asks; one registry per node, none global.

    Parameters
    ----------
    read
        Gives the current samples; every name is in `METRICS`.
    """

    def __init__(self, read: Callable[[], Iterable[Sample]]) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_Samples(read))
        ProcessCollector(registry=self._registry)

    def render(self) -> bytes:
        """Return the text of `/metrics`."""
        return generate_latest(self._registry)


class _Samples(Collector):
    def __init__(self, read: Callable[[], Iterable[Sample]]) -> None:
        self._read = read

    def describe(self) -> Iterator[Metric]:
        """Name the metrics without reading them."""
        for name in METRICS:
            yield _family(name)

    def collect(self) -> Iterator[Metric]:
        """Read all samples, grouped by name."""
        families: dict[str, GaugeMetricFamily | CounterMetricFamily] = {}
        for name, value, labels in self._read():
            family = families.setdefault(name, _family(name))
            family.add_metric(labels, float(value))
        yield from families.values()


def _family(name: str) -> GaugeMetricFamily | CounterMetricFamily:
    described = METRICS[name]
    if described.kind == "counter":
        return CounterMetricFamily(name, described.text, labels=described.labels)
    return GaugeMetricFamily(name, described.text, labels=described.labels)
