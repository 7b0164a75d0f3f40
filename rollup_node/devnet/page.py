"""What the pages of stories share: one file of HTML with its style inside, no script."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from rollup_node.devnet.markup import Markup, el, join, text

_STYLE: Final = Path(__file__).with_name("page.css")


def render_document(title: str, *sections: object) -> str:
    """Return a page; everything that comes from outside is escaped."""
    head = el(
        "head",
        Markup('<meta charset="utf-8">'),
        Markup('<meta name="viewport" content="width=device-width, initial-scale=1">'),
        el("title", title),
        Markup(f"<style>\n{_STYLE.read_text('utf-8')}</style>"),
    )
    body = el("body", el("main", *sections))
    return f"<!doctype html>\n{el('html', head, body, lang='en')}\n"


def section(title: str, note: str, *parts: object) -> Markup:
    """Return a part of the page under a heading."""
    return el("section", el("h2", title), el("p", note, cls="note"), *parts)


def tile(big: str, words: str) -> Markup:
    """Return a figure and what it is."""
    return el("div", el("b", big), el("span", words), cls="tile")


def legend(words: dict[str, str]) -> Markup:
    """Return what the colours mean, by the name of the colour."""
    spans = (
        el("span", el("i", style=f"background: var(--{name})"), meaning)
        for name, meaning in words.items()
    )
    return el("p", *spans, cls="legend")


def table(heads: Sequence[str], rows: Iterable[Sequence[tuple[object, str]]]) -> Markup:
    """Return a table; a head that begins with # is over numbers."""
    top = join(
        el("th", name.removeprefix("#") or name, cls="number" if name.startswith("#") else None)
        for name in heads
    )
    body = join(
        el("tr", *(el("td", text(value), cls=cls or None) for value, cls in row)) for row in rows
    )
    whole = el("table", el("thead", el("tr", top)), el("tbody", body))
    return el("div", whole, cls="scroll")
