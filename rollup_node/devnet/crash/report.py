"""What a crash came to, as one object."""

from typing import TYPE_CHECKING, Any, Final

from rollup_node.core.kinds import StepKind
from rollup_node.core.reason import Reason
from rollup_node.core.weights import MAX_STEP_WEIGHT, WEIGHTS
from rollup_node.devnet.crash.audit import Ledger
from rollup_node.devnet.crash.bounds import MAX_WITNESS_BYTES

if TYPE_CHECKING:
    from rollup_node.devnet.crash.story import Crash

_PPM: Final = 1_000_000
_COVERS: Final = (StepKind.TAKEOVER, StepKind.LIQUIDATE)
"""Steps in which the insurance pays what an account owes (docs/spec.md L-5).

In a BID it pays who takes over an account whose equity is not above zero (L-3)."""


def make_report(
    crash: "Crash",
    ledger: Ledger | None,
    broken: str | None,
    root: str | None,
    elapsed: tuple[float, float],
) -> dict[str, Any]:
    """Return the result; all amounts in µUSDC, `elapsed` in seconds of clock and of CPU."""
    machine, spec = crash.machine, crash.spec
    return {
        "prices": spec.prices,
        "accounts": spec.accounts,
        "seed": spec.seed,
        "passed": broken is None,
        "broken": broken,
        "state_root": root,
        "blocks": machine.cursor.block,
        "simulated_seconds": (machine.now_ms - crash.began_ms) // 1_000,
        "elapsed_seconds": round(elapsed[0], 2),
        "cpu_seconds": round(elapsed[1], 2),
        **_trading(crash),
        **_money(crash),
        "ledger": None if ledger is None else {**ledger._asdict(), "difference": ledger.difference},
        **_bounds(crash),
        "timeline": crash.timeline,
    }


def _trading(crash: "Crash") -> dict[str, Any]:
    keeper, counts = crash.keeper, crash.machine.bounds.counts
    reasons = crash.machine.bounds.reasons
    asked = keeper.asked
    return {
        "reports": reasons[StepKind.PRICE_REPORT, Reason.OK],
        "reports_pending": reasons[StepKind.PRICE_REPORT, Reason.PRICE_PENDING],
        "fills": crash.fills,
        "volume_usdc": crash.volume_usdc,
        "liquidations": {
            "accounts": len(keeper.stages[1] | keeper.stages[2]),
            "for_sale": len(keeper.stages[2]),
            "taken_over": len(keeper.stages[3]),
            "to_the_fund": len(keeper.taken),
            "calls": sum(n for (name, _), n in asked.items() if name == "Liquidate"),
            "fills": crash.liquidation_fills,
        },
        "auctions": {
            "sold": crash.bidders.bought,
            "bids_refused": sum(
                n
                for (name, reason), n in asked.items()
                if name == "Bid" and reason is not Reason.OK
            ),
        },
        "takeovers": counts[StepKind.TAKEOVER],
        "fund": _fund(crash),
        "triggers_fired": crash.triggers_fired,
        "makers_failed": crash.removed_failed,
    }


def _fund(crash: "Crash") -> dict[str, int]:
    """Return what the fund could not sell: collateral that nobody bought, and the debt on it."""
    held = [account for account in crash.keeper.taken if account in crash.keeper.troubled]
    healths = [crash.desk.health(account) for account in held]
    return {
        "accounts": len(held),
        "collateral_usdc": sum(sum(health.exposures) for health in healths),
        "debt_usdc": sum(max(0, -crash.desk.cash(account)) for account in held),
    }


def _money(crash: "Crash") -> dict[str, Any]:
    books, crowd = crash.machine.books, crash.crowd
    covered = sum(books.insurance_out[kind] for kind in _COVERS)
    auctions = books.insurance_out[StepKind.BID]
    return {
        "bad_debt_usdc": covered + auctions + books.uncovered,
        "insurance": {
            "before_usdc": crash.insured_usdc,
            "after_usdc": books.insurance,
            "earned_usdc": sum(books.insurance_in.values()) - crash.insured_usdc,
            "used_usdc": sum(books.insurance_out.values()),
            "used_for_takeovers_usdc": covered,
            "used_for_auctions_usdc": auctions,
        },
        "deficit": {
            "created_usdc": books.uncovered,
            "borne_by_withdrawals_usdc": books.borne,
            "left_usdc": books.deficit,
        },
        "deficit_ratio": {"USDC": books.ratio_ppm / _PPM, "ETH": 1.0, "TBTC": 1.0},
        "least_deficit_ratio": books.least_ratio_ppm / _PPM,
        "withdrawals": {
            "asked": crowd.tried,
            "paid": crowd.tried - sum(crowd.refused.values()),
            "refused": {reason.name: n for reason, n in crowd.refused.most_common()},
            "asked_usdc": books.asked[0] - crash.founders_usdc,
            "paid_usdc": books.paid[0] - crash.founders_usdc,
            "before_the_deficit_usdc": books.early - crash.founders_usdc,
        },
        "most_borrowed_usdc": books.most_borrowed,
        "custody_usdc": books.custody,
    }


def _bounds(crash: "Crash") -> dict[str, Any]:
    bounds = crash.machine.bounds
    largest, heaviest = bounds.largest, bounds.heaviest
    return {
        "steps": sum(bounds.counts.values()),
        "steps_by_kind": {kind.name: n for kind, n in bounds.counts.most_common()},
        "bounds": {
            "max_step_weight": WEIGHTS[heaviest],
            "max_step_weight_kind": heaviest.name,
            "step_weight_limit": MAX_STEP_WEIGHT,
            "largest_opening_bytes": largest.witness_bytes,
            "largest_opening_kind": largest.kind.name,
            "opening_limit_bytes": MAX_WITNESS_BYTES,
            "most_leaves": bounds.most_leaves,
            "longest_task_steps": bounds.longest_task,
            "segments": bounds.segments,
            "heaviest_segment": bounds.heaviest_segment,
        },
        "largest_step_by_kind": {
            step.kind.name: {
                "bytes": step.witness_bytes,
                "leaves": len(step.leaves),
                "weight": WEIGHTS[step.kind],
            }
            for step in bounds.largest_by_kind
        },
    }
