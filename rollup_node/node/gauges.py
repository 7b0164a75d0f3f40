"""Reads what a node's `/metrics` says off its parts: names in, numbers out."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from rollup_node import __version__
from rollup_node.node.follow import L1Follower
from rollup_node.node.metrics import Sample
from rollup_node.node.players import Player, collect_status
from rollup_node.node.replica import Replica
from rollup_node.node.sequencer import Sequencer
from rollup_node.rpc.gateway import Gateway

_REFERENCES: Final = (
    ("l1", "head", "head_l1"),
    ("l1", "derived", "current_l1"),
    ("l2", "unsafe", "unsafe_l2"),
    ("l2", "safe", "safe_l2"),
    ("l2", "finalized", "finalized_l2"),
)
_OF_STATUS: Final = {
    ("batch_poster", "posted"): "strikenet_batch_poster_batches_posted_total",
    ("batch_poster", "next_batch"): "strikenet_batch_poster_next_batch",
    ("batch_poster", "backlog"): "strikenet_batch_poster_estimated_batch_backlog",
    ("proposer", "claimed"): "strikenet_proposer_assertions_made_total",
    ("proposer", "confirmed"): "strikenet_proposer_assertions_confirmed_total",
    ("challenger", "contests"): "strikenet_challenger_contests",
    ("challenger", "moves"): "strikenet_challenger_moves_total",
    ("challenger", "found_done"): "strikenet_challenger_moves_found_done_total",
    ("challenger", "spent_wei"): "strikenet_challenger_spent_wei_total",
    ("challenger", "earned_wei"): "strikenet_challenger_earned_wei_total",
    ("challenger", "lost"): "strikenet_challenger_lost",
    ("verifier", "agrees"): "strikenet_verifier_agrees",
    ("verifier", "agreed_block"): "strikenet_verifier_agreed_block",
    ("verifier", "checked_assertions"): "strikenet_verifier_checked_assertions",
    ("verifier", "wrong_assertions"): "strikenet_verifier_wrong_assertions",
}


def read_node(
    roles: Sequence[str], sync_status: Mapping[str, Any], *, ready: bool
) -> Iterator[Sample]:
    """Return what every node says; `sync_status` is the body of `optimism_syncStatus`."""
    yield Sample("strikenet_up", 1)
    yield Sample("strikenet_info", 1, (__version__, ",".join(roles)))
    yield Sample("strikenet_ready", ready)
    for layer, kind, key in _REFERENCES:
        yield Sample("strikenet_refs_number", sync_status[key]["number"], (layer, kind))


def read_derivation(follower: L1Follower) -> Iterator[Sample]:
    """Return how far the node has read L1."""
    yield Sample("strikenet_derivation_reorgs_total", follower.reorgs)
    yield Sample("strikenet_derivation_items", len(follower.derivation.items))
    yield Sample("strikenet_derivation_messages", len(follower.derivation.messages))
    yield Sample("strikenet_derivation_fast_messages", len(follower.derivation.fast))
    yield Sample("strikenet_assertions", len(follower.tree.all()))


def read_replica(replica: Replica) -> Iterator[Sample]:
    """Return how far the node has executed what it derived."""
    yield Sample("strikenet_derivation_executed_items", replica.item_count)
    yield from _stages(replica.seconds)


def read_players(players: Sequence[Player]) -> Iterator[Sample]:
    """Return what the roles say."""
    for role, status in collect_status(players).items():
        for key, value in status.items():
            name = _OF_STATUS.get((role, key))
            if name and isinstance(value, dict):
                yield from (Sample(name, count, (kind,)) for kind, count in value.items())
            elif name:
                yield Sample(name, len(value) if isinstance(value, list) else value)


def read_sequencer(sequencer: Sequencer) -> Iterator[Sample]:
    """Return what the pipeline did and holds."""
    counters = sequencer.counters
    yield Sample("strikenet_sequencer_active", sequencer.active)
    yield Sample("strikenet_sequencer_transactions_sequenced_total", counters.sequenced)
    yield Sample("strikenet_sequencer_transactions_rejected_total", counters.rejected)
    yield Sample("strikenet_sequencer_queue_length", sequencer.queue_length)
    yield Sample("strikenet_sequencer_groups_total", counters.groups)
    yield Sample("strikenet_sequencer_batches_total", sequencer.durable_batches)
    batch = sequencer.chain.open_batch
    yield Sample("strikenet_sequencer_open_batch_bytes", 0 if batch is None else len(batch.data))
    yield Sample("strikenet_sequencer_rewinds_total", counters.rewinds)
    yield from _stages(sequencer.stage_seconds())


def read_gateway(gateway: Gateway) -> Iterator[Sample]:
    """Return what users of the trading interface do."""
    yield Sample("strikenet_trading_connections", len(gateway.sessions))
    yield Sample("strikenet_trading_channels", gateway.desk.hub.channels)
    yield Sample("strikenet_trading_requests_total", gateway.requests)
    yield Sample("strikenet_trading_errors_total", gateway.errors)
    unsent = sum(session.outbox.size_bytes for session in gateway.sessions)
    yield Sample("strikenet_trading_unsent_bytes", unsent)


def _stages(seconds: Mapping[str, float]) -> Iterator[Sample]:
    for stage, spent in seconds.items():
        yield Sample("strikenet_stage_seconds_total", spent, (stage,))
