"""The page of a contest: one file, well-formed, nothing from outside, everything escaped."""

import re
from html.parser import HTMLParser

import msgspec
import pytest

from rollup_node.derive.events import Service
from rollup_node.devnet.game_page import render_page
from rollup_node.devnet.game_words import elapsed, ether, seconds
from rollup_node.node.game_view import to_hex
from rollup_node.rpc.games import Change, Dispute, Game, StepWords
from tests.unit.node.contest_story import (
    ETHER,
    HEIGHT,
    HONEST,
    MALLORY,
    RIGHT,
    SYBIL,
    Contest,
    history,
    leaf,
)

_VOID = {"meta", "br"}
_EVIL = "<script>alert('&')</script>"


class _Balance(HTMLParser):
    """Checks that every element is closed in order, and collects what it sees."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.links: list[str] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def _read(page: str) -> _Balance:
    found = _Balance()
    found.feed(page)
    assert found.open == []
    return found


def _dispute(claim: bytes, words: str = "transfer of 1 wei") -> Dispute:
    change = Change(leaf=f"balance {words}", before="9", expected="8", claimed="80")
    step = StepWords(
        item=1,
        step=4,
        kind="TRANSFER",
        reason="OK",
        transaction=words,
        record_hash=None,
        changes=(change,),
    )
    return Dispute(
        claim=to_hex(claim),
        segment=5,
        from_root=to_hex(leaf(4)),
        expected_root=to_hex(leaf(5)),
        claimed_root=to_hex(leaf(5, b"m")),
        steps=(step, step),
        wrong_step=1,
        text=f"step 4 is wrong: {words}",
    )


def _fought() -> tuple[Contest, bytes, bytes]:
    contest = Contest()
    right = contest.claim(0, HONEST, RIGHT)
    wrong = contest.claim(300, MALLORY, history(5, b"m"))
    contest.bisect_to(310, HONEST, RIGHT, 5)
    contest.bisect_to(320, MALLORY, history(5, b"m"), 5)
    return contest, right, wrong


def _decided() -> tuple[Contest, bytes]:
    contest, right, wrong = _fought()
    contest.prove_steps(330, HONEST)
    contest.refute(340, HONEST, wrong)
    contest.mark(1_400, HONEST, right)
    contest.confirm(1_500, HONEST, right)
    contest.settle(1_510, HONEST, {wrong: MALLORY})
    contest.pay(1_520, HONEST, Service.REFUTATION, ETHER)
    contest.release(1_530, HONEST)
    return contest, wrong


def test_page_of_a_decided_contest_tells_everything() -> None:
    contest, wrong = _decided()
    page = render_page(contest.game(_dispute(wrong)))
    found = _read(page)
    words = " ".join(found.words)
    for said in (
        "The right claim won",
        "The disputed step",
        "The bisection",
        "The clocks",
        "The money",
        "The gas",
        "transfer of 1 wei",
        "claimed",
        f"{1 << HEIGHT} segments",
        "burnt: 1.5 ETH",
        "tariffs to 0xa1a1a1a1: 1.01 ETH",
        "refuted by 0xa1a1a1a1",
        "leaf 5",
    ):
        assert said in words, said
    assert found.seen.count("svg") == 6


def test_page_needs_nothing_from_outside() -> None:
    contest, wrong = _decided()
    page = render_page(contest.game(_dispute(wrong)))
    found = _read(page)
    assert found.links == []
    assert not {"script", "link", "img", "iframe", "object"} & set(found.seen)
    assert not re.search(r"url\(|@import|https?:", page)
    assert "prefers-color-scheme: dark" in page


def test_page_escapes_what_comes_from_outside() -> None:
    contest, wrong = _decided()
    game = msgspec.structs.replace(contest.game(_dispute(wrong, _EVIL)), moves=())
    move = msgspec.structs.replace(contest.game().moves[0], detail=_EVIL, action=_EVIL)
    page = render_page(msgspec.structs.replace(game, moves=(move,)))
    assert "script" not in _read(page).seen
    assert "&lt;script&gt;alert(&#x27;&amp;&#x27;)&lt;/script&gt;" in page


def test_page_of_every_status_is_well_formed() -> None:
    contest = Contest()
    right = contest.claim(0, HONEST, RIGHT)
    pages = [render_page(contest.game())]
    wrong = contest.claim(300, MALLORY, history(5, b"m"))
    pages.append(render_page(contest.game()))
    contest.bisect(320, HONEST, RIGHT, HEIGHT, 0)
    pages.append(render_page(contest.game()))
    contest.mark(1_400, HONEST, right)
    pages.append(render_page(contest.game()))
    contest.checked.clear()
    pages.append(render_page(contest.game()))
    contest.confirm(1_500, HONEST, wrong)
    pages.append(render_page(contest.game()))
    heads = [page.partition("<h1>")[2].partition("</h1>")[0] for page in pages]
    assert heads == [
        "Nobody contests this claim",
        "The clocks are running",
        "The clocks are running",
        "A claim waits for the rival delay",
        "A claim waits for the rival delay",
        "The contest is decided",
    ]
    for page in pages:
        _read(page)


def test_page_of_a_wrong_winner_says_so() -> None:
    contest = Contest()
    contest.claim(0, HONEST, RIGHT)
    wrong = contest.claim(300, MALLORY, history(5, b"m"))
    contest.confirm(2_000, MALLORY, wrong)
    page = render_page(contest.game())
    assert "<h1>A wrong claim was confirmed</h1>" in page
    assert 'class="hero wrong"' in page


def test_page_of_a_swarm_names_how_many_it_leaves_out() -> None:
    contest = Contest()
    contest.claim(0, HONEST, RIGHT)
    losers = {}
    for number in range(64):
        staker = bytes((0x10 + number,)) * 20
        made = contest.claim(100 + number, staker, history(5, bytes((number,))))
        losers[made] = staker
    page = render_page(contest.game())
    assert "and 53 more claims" in " ".join(_read(page).words)
    contest.settle(500, SYBIL, losers)
    words = " ".join(_read(render_page(contest.game())).words)
    assert "58 more" in words


@pytest.mark.parametrize(
    ("count", "expected"),
    [(0, "0 s"), (59, "59 s"), (60, "1 min"), (3_601, "1 h"), (90_000, "1 d 1 h")],
)
def test_seconds_shows_the_two_largest_units(count: int, expected: str) -> None:
    assert seconds(count) == expected


def test_ether_shows_small_amounts_in_gwei_and_elapsed_counts_hours() -> None:
    assert (ether(0), ether(3 * ETHER), ether("1500000000")) == ("0 ETH", "3 ETH", "2 gwei")
    assert (elapsed(5), elapsed(93_784)) == ("0:00:05", "26:03:04")


def test_page_comes_back_from_json_the_same() -> None:
    contest, wrong = _decided()
    game = contest.game(_dispute(wrong))
    again = msgspec.convert(msgspec.to_builtins(game), Game)
    assert render_page(again) == render_page(game)
