"""`strikenet demo`: whole stories with a checked outcome."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import click

from rollup_node.cli.demo_crash import crash
from rollup_node.cli.demo_fraud import fraud
from rollup_node.cli.demo_sybils import sybils
from rollup_node.cli.demo_vault import vault
from rollup_node.cli.options import anvil_options, json_option, run_dir_option
from rollup_node.cli.output import CliError, ExitCode, emit, progress

if TYPE_CHECKING:
    from rollup_node.devnet.manifest import Manifest
    from rollup_node.devnet.session import Session
    from rollup_node.l1.toolchain import Tool

Story = Callable[["Session", Callable[[str], None]], dict[str, Any]]

_CHECKS: Final = ("finalized", "verifier_agrees", "custody_equals_claims")


@click.group()
def demo() -> None:
    """Run a whole story and check its outcome."""


demo.add_command(crash)
demo.add_command(fraud)
demo.add_command(sybils)
demo.add_command(vault)


@demo.command()
@json_option
@run_dir_option
@anvil_options
def bridge(**options: Any) -> int:  # noqa: ANN401 - click passes what it parsed
    """Bring money to L2 and back: deposit, transfer, withdraw, assert, confirm, finalize.

    Runs on the devnet of the run directory, or on a temporary one if none is running. It moves the
    time of L1 forward.
    """
    return run_story(options, bridge_story)


@demo.command()
@json_option
@run_dir_option
@anvil_options
def forced(**options: Any) -> int:  # noqa: ANN401 - click passes what it parsed
    """Get money out past a sequencer that drops every transaction of its owner."""
    return run_story(options, forced_story)


def run_story(options: dict[str, Any], story: Story) -> int:
    """Run a story on the devnet of the run directory, or on a temporary one."""
    from rollup_node.cli.up import plan, require_anvil
    from rollup_node.devnet.rundir import RunDir
    from rollup_node.devnet.session import Session

    run_dir = RunDir(options["run_dir"])
    if run_dir.running_pid() is not None:
        result = story(Session(run_dir), progress)
        return finish_bridge(result, json_flag=options["json_flag"])
    fresh = {"profile": "ci", "seed": 1, "l1_port": 0, "port": 0, "batch_data": "alternate"}
    fresh["prices"] = "default"
    manifest = plan(None, fresh)
    return run_fresh(manifest, require_anvil(options), story, json_flag=options["json_flag"])


def run_fresh(
    manifest: "Manifest",
    anvil: "Tool",
    story: Story,
    *,
    json_flag: bool,
    finish: Callable[..., int] | None = None,
) -> int:
    """Run a story on a devnet of its own; nothing stays behind but the logs of one that fails."""
    from rollup_node.devnet import supervisor
    from rollup_node.devnet.rundir import temporary_run
    from rollup_node.devnet.session import Session

    with temporary_run(progress) as run_dir:
        with supervisor.running(run_dir, manifest, anvil, progress) as devnet:
            progress(f"{len(manifest.nodes)} nodes ready in {devnet.ready_seconds:.2f} s")
            result = story(Session(run_dir), progress)
            crashed = devnet.crashes()
        if crashed:
            raise CliError(f"a process ended during the story: {crashed[0].name}")
    return (finish or finish_bridge)(result, json_flag=json_flag)


def bridge_story(session: "Session", tell: Callable[[str], None]) -> dict[str, Any]:
    """Run every stage of the bridge story and return what it measured."""
    from rollup_node.devnet.story import Bridge

    story = Bridge(session, tell)
    for stage in story.stages().values():
        stage()
    return story.result()


def forced_story(session: "Session", tell: Callable[[str], None]) -> dict[str, Any]:
    """Run the forced withdrawal and return what it measured."""
    from rollup_node.devnet.drill import forced_withdrawal

    return forced_withdrawal(session, tell)


def finish_bridge(result: dict[str, Any], *, json_flag: bool) -> int:
    """Print the outcome of a story and return its exit code."""
    good = all(result[check] for check in _CHECKS)
    emit(json_flag, result, summary(result))
    return ExitCode.OK if good else ExitCode.SCENARIO_FAILED


def summary(result: dict[str, Any]) -> str:
    """Return the figures of a story for a person."""
    gas = result["l1_gas"]
    width = max(len(name) for name in gas)
    rows = [f"  {name:<{width}}  {amount:>9,} gas" for name, amount in gas.items()]
    sizes = result["bytes_per_transaction"]
    rows += [f"  {name:<{width}}  {size:>9} bytes in its batch" for name, size in sizes.items()]
    rows += [
        f"{'yes' if result[check] else 'NO ':<5}{check.replace('_', ' ')}" for check in _CHECKS
    ]
    return "\n".join([f"state root {result['state_root']} at block {result['block']}", *rows])
