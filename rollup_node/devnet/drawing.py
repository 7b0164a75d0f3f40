"""The parts of drawings as SVG; colours are classes of the pages' style sheet."""

from typing import Final

from rollup_node.devnet.markup import Markup, el

WIDTH: Final = 1_000


def svg(height: float, title: str, *children: object) -> Markup:
    """Return a drawing `WIDTH` wide that scales with the page."""
    box = f"0 0 {WIDTH} {height:g}"
    return el("svg", el("title", title), *children, viewBox=box, role="img")


def label(x: float, y: float, words: object, cls: str = "", anchor: str | None = None) -> Markup:
    """Return a text."""
    return el("text", words, x=f"{x:g}", y=f"{y:g}", cls=cls or None, text_anchor=anchor)


def box(x: float, y: float, width: float, height: float, cls: str, radius: int = 0) -> Markup:
    """Return a rectangle."""
    return el(
        "rect",
        x=f"{x:g}",
        y=f"{y:g}",
        width=f"{max(width, 0):g}",
        height=f"{height:g}",
        cls=cls,
        rx=radius or None,
    )
