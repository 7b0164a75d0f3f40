"""The page of two vaults: one file, well-formed, nothing from outside, every figure in it."""

import re
from decimal import Decimal
from html.parser import HTMLParser

import pytest

from rollup_node.devnet.vault_story.page import render_page
from rollup_node.devnet.vault_story.record import USDC
from tests.unit.devnet.vault_weeks import WETH, calls, close, puts, weeks

_EVIL = "<script>alert('&')</script>"


class _Reader(HTMLParser):
    """Checks that every element is closed in order, and collects what it sees."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.words: list[str] = []
        self.titles: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        given = dict(attrs)
        assert not {"src", "href"} & set(given)
        self.titles.append(given.get("title") or "")
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def read(page: str) -> _Reader:
    found = _Reader()
    found.feed(page)
    assert found.open == []
    return found


def test_page_tells_every_epoch_and_everybody() -> None:
    found = read(render_page(weeks()))
    words = " ".join(found.words)
    for said in (
        "The covered-call lost everything in week 2",
        "every unit is there",
        "ETH falls by 40 %",
        "ETH is worth 11.5 times as much",
        "share price",
        "all lost",
        "generation 1 begins",
        "ETH-27NOV26-3600-C",
        "750 of 1,000",
        "300,000.00",
        "nothing to sell",
        "2 of 2",
        "alice",
    ):
        assert said in words, said
    assert "6.000000000000000001" in found.titles, "what is shown shorter is exact in its title"
    assert found.seen.count("svg") == 3


def test_page_says_when_sums_do_not_match() -> None:
    words = " ".join(read(render_page(weeks(exact=False))).words)
    assert "sums do not match" in words
    assert "1 of 2" in words
    assert "differs" in words


def test_page_needs_nothing_from_outside() -> None:
    page = render_page(weeks())
    assert not {"script", "link", "img", "iframe", "object"} & set(read(page).seen)
    assert not re.search(r"url\(|@import|https?:", page)
    assert "prefers-color-scheme: dark" in page


def test_page_escapes_what_comes_from_outside() -> None:
    page = render_page(weeks(name=_EVIL))
    assert "script" not in read(page).seen
    assert "&lt;script&gt;" in page


def test_page_draws_the_price_in_steps_that_break_with_a_generation() -> None:
    page = render_page(weeks())
    steps = re.findall(r'd="M ([\d.]+) ([\d.]+) H ([\d.]+) V ([\d.]+)" class="price"', page)
    assert len(steps) == len(calls().epochs) + len(puts().epochs)
    (_, _, _, first), (_, _, lost_x, lost_y), (again_x, again_y, *_) = steps[:3]
    assert lost_x == again_x
    assert float(lost_y) > float(first), "worth nothing is at the bottom"
    assert again_y == steps[0][1], "a generation begins at par"


@pytest.mark.parametrize(
    ("assets", "supply", "price"),
    [
        (0, 0, "1"),
        (10**18, 10**24, "1"),
        (2 * 10**6 - 1, 10**12 - 10**6, "2"),
        (0, 10**24 - 10**6, "0.000000000000000001"),
    ],
)
def test_price_is_that_of_the_conversion(assets: int, supply: int, price: str) -> None:
    assert abs(close(1, assets, supply).price - Decimal(price)) < Decimal(10) ** -17


def test_show_is_exact_unless_told_otherwise() -> None:
    assert WETH.show(10**18 + 1) == "1.000000000000000001"
    assert WETH.show(10**24) == "1,000,000"
    assert USDC.show(1_234_567, 2) == "1.23"
    assert USDC.show(-5) == "-0.000005"
