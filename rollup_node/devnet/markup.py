"""HTML and SVG from nested calls; every text is escaped unless it was made here."""

import html
from collections.abc import Iterable


class Markup(str):
    """Text that is markup already."""

    __slots__ = ()


def text(value: object) -> Markup:
    """Return a value as markup, escaped."""
    return value if isinstance(value, Markup) else Markup(html.escape(str(value)))


def join(parts: Iterable[object], between: str = "") -> Markup:
    """Return parts next to each other."""
    return Markup(html.escape(between).join(text(part) for part in parts))


def el(name: str, *children: object, **attributes: object) -> Markup:
    """Return an element. `None` attributes are left out, `_` becomes `-`, `cls` is the class."""
    given = "".join(
        f' {("class" if key == "cls" else key.replace("_", "-"))}="{html.escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Markup(f"<{name}{given}>{join(children)}</{name}>")
