"""A contest in a terminal, and finding it by the beginning of an id or in a file."""

import json
from pathlib import Path

import msgspec
import pytest

from rollup_node.cli.main import run
from rollup_node.devnet.game_source import pick, read_game
from rollup_node.devnet.game_tree import render_lines, render_tree
from rollup_node.node.game_view import to_hex
from rollup_node.ports import InputError
from rollup_node.rpc.games import Game
from tests.unit.node.contest_story import HEIGHT, HONEST, MALLORY, ORIGIN, RIGHT, Contest, history

WRONG = history(13, b"m")


def _contest() -> Contest:
    contest = Contest()
    contest.claim(0, HONEST, RIGHT)
    contest.claim(300, MALLORY, WRONG)
    contest.bisect(310, HONEST, RIGHT, HEIGHT, 0)
    contest.bisect(320, MALLORY, WRONG, HEIGHT, 0)
    return contest


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """Write a file as `demo fraud --json` does."""
    path = tmp_path / "ledger.json"
    plain = msgspec.to_builtins(_contest().game())
    path.write_text(json.dumps({"winner": "honest", "game": plain}), "utf-8")
    return path


def test_render_tree_shows_claims_edges_clocks_and_moves() -> None:
    game = _contest().game()
    shown = render_tree(game)
    lines = shown.splitlines()
    claims = [line for line in lines if "staked by" in line]
    assert [("right" in line, "wrong" in line) for line in claims] == [(True, False), (False, True)]
    assert claims[0].startswith("├─ ● ")
    assert claims[1].startswith("└─ ● ")
    assert sum(f"h{HEIGHT - 1}" in line for line in lines) == 4
    assert "shared with" in shown
    assert "⚔ 1 rival" in shown
    assert "alone 5 min" in shown
    assert "4 moves" in shown
    assert "seized   0 ETH" in shown


def test_render_tree_paints_verdicts_only_where_asked() -> None:
    painted = render_tree(_contest().game(), lambda words, colour: f"<{colour}>{words}</>")
    assert "<red>" in painted
    assert "<green>" in painted
    assert "\x1b" not in render_tree(_contest().game())


def test_render_tree_of_a_swarm_leaves_out_edges_and_says_so() -> None:
    contest = Contest()
    for number in range(9):
        liar = history(13, bytes((number,)))
        contest.claim(10 + number, bytes((number + 1,)) * 20, liar)
    contest.claim(50, HONEST, RIGHT)
    for number in range(9):
        contest.bisect(60 + number, MALLORY, history(13, bytes((number,))), HEIGHT, 0)
    contest.bisect(80, HONEST, RIGHT, HEIGHT, 0)
    shown = render_tree(contest.game())
    assert shown.count("its edges are left out") == 3
    assert shown.count(f"h{HEIGHT} ") == 7


def test_render_lines_says_who_leads_and_when_it_ends() -> None:
    contest = _contest()
    line = contest.desk().line(ORIGIN)
    assert "every clock stands still" in render_lines([line])
    contest.refute(400, HONEST, contest.tree.children(ORIGIN)[1].id)
    text = render_lines([contest.desk().line(ORIGIN)])
    assert "1 live  1 wrong" in text
    assert "(right) leads, 11 min 40 s left" in text
    assert render_lines([]).startswith("no contests")


@pytest.mark.parametrize("prefix", ["0x", ""])
def test_pick_finds_by_origin_or_claim_and_refuses_what_fits_several(prefix: str) -> None:
    ids = [("0xaa1", "0xaa1"), ("0xbb1", "0xaa1"), ("0xbb2", "0xbb2"), ("0xcc", "0xbb2")]
    assert pick(f"{prefix}aa", ids) == "0xaa1"
    assert pick(f"{prefix}bb1", ids) == "0xaa1"
    assert pick(f"{prefix}BB", ids) == "0xbb2"
    assert pick(f"{prefix}cc", ids) == "0xbb2"
    with pytest.raises(InputError, match="no contest"):
        pick(f"{prefix}dd", ids)
    with pytest.raises(InputError, match="fits 2 contests"):
        pick(prefix, ids)


def test_read_game_finds_it_under_its_key(saved: Path) -> None:
    game = read_game(saved, None)
    assert game == _contest().game()
    assert read_game(saved, game.claims[1].id[:12]) == game
    with pytest.raises(InputError, match="no contest with id"):
        read_game(saved, "0xdeadbeef")


def test_read_game_of_several_wants_an_id(tmp_path: Path) -> None:
    first = msgspec.to_builtins(_contest().game())
    second = {**first, "origin": "0x" + "99" * 32}
    path = tmp_path / "matrix.json"
    path.write_text(json.dumps({"cases": [{"game": first}, {"game": second}]}), "utf-8")
    with pytest.raises(InputError, match="2 contests: name one"):
        read_game(path, None)
    assert read_game(path, "0x9999").origin == "0x" + "99" * 32


def test_read_game_of_a_fault_is_the_fight_unless_the_mirror_is_named(tmp_path: Path) -> None:
    fight = msgspec.to_builtins(_contest().game())
    mirror = {**fight, "claims": [{**fight["claims"][0], "id": "0x" + "77" * 32}]}
    path = tmp_path / "fraud.json"
    path.write_text(json.dumps({"mirror": {"game": mirror}, "game": fight}), "utf-8")
    assert read_game(path, None) == _contest().game()
    assert read_game(path, "0x7777").claims[0].id == "0x" + "77" * 32


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "is not JSON"),
        ("[]", "holds no contest"),
        ('{"game": {"origin": 1, "claims": [], "edges": []}}', "no contest as this version"),
    ],
)
def test_read_game_bad_file_is_a_usage_error(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "bad.json"
    path.write_text(text, "utf-8")
    with pytest.raises(InputError, match=words):
        read_game(path, None)
    with pytest.raises(InputError, match="cannot read"):
        read_game(tmp_path / "none.json", None)


def test_game_show_from_file_prints_json_tree_and_page(
    saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["game", "show", "--from", str(saved), "--json"]) == 0
    game = msgspec.json.decode(capsys.readouterr().out, type=Game)
    assert game == _contest().game()
    assert run(["game", "show", to_hex(ORIGIN)[:10], "--from", str(saved), "--tree"]) == 0
    assert "The clocks are running" in capsys.readouterr().out
    page = tmp_path / "game.html"
    assert run(["game", "show", "--from", str(saved), "--html", str(page)]) == 0
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", f"wrote {page}\n")
    assert page.read_text("utf-8").startswith("<!doctype html>")


def test_game_show_wrong_use_exits_with_usage(
    saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["game", "show", "0xdead", "--from", str(saved)]) == 2
    assert "no contest with id 0xdead" in capsys.readouterr().err
    place = tmp_path / "missing" / "game.html"
    assert run(["game", "show", "--from", str(saved), "--html", str(place)]) == 3
    assert "cannot write" in capsys.readouterr().err
    assert run(["games", "--run-dir", str(tmp_path)]) == 5
