"""The command line of anvil: what it leaves on disk lies where somebody clears up."""

from pathlib import Path

from rollup_node.l1.anvil import OLD_STATES, AnvilOptions, AnvilProcess


def option(words: list[str], name: str) -> str:
    """Return the value of an option."""
    return words[words.index(name) + 1]


def test_arguments_name_the_folder_of_old_states_and_bound_it() -> None:
    words = AnvilOptions(old_states=Path("run/old")).arguments()
    assert option(words, "--cache-path") == "run/old"
    assert option(words, "--max-persisted-states") == str(OLD_STATES)


async def test_stop_takes_the_states_of_old_blocks_along(tmp_path: Path) -> None:
    anvil = AnvilProcess(AnvilOptions(), tmp_path / "anvil.log")
    await anvil.start()
    folder = tmp_path / "old-states"
    for _ in range(3):
        await anvil.call("anvil_mine", hex(256))
    assert any(folder.rglob("*.json"))
    await anvil.stop()
    assert not folder.exists()
