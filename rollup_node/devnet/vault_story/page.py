"""Weeks of vaults as one page: charts, every figure in tables, and who got what."""

from collections.abc import Iterator
from typing import Final

from rollup_node.devnet.markup import Markup, el, join
from rollup_node.devnet.page import legend, render_document, section, table, tile
from rollup_node.devnet.vault_story.charts import COLOURS, market, vault
from rollup_node.devnet.vault_story.plan import WORDS
from rollup_node.devnet.vault_story.record import USDC, Story, Unit, VaultEpoch, VaultLine

_MORE_DECIMALS: Final = 6
"""Shares have so many more than the asset."""
_PLACES: Final = {"USDC": 2}
_MOST_PLACES: Final = 4
"""Digits in tables; the exact amount is in the title."""


def render_page(story: Story) -> str:
    """Return the page; everything that comes from outside is escaped."""
    return render_document(f"{_headline(story)} - seed {story.seed}", *_sections(story))


def _sections(story: Story) -> Iterator[Markup]:
    yield _hero(story)
    words = {
        colour: f"strike of the {line.name}"
        for colour, line in zip(COLOURS, story.vaults, strict=False)
    }
    yield section(
        "The market",
        "The index when each option was sold and when it was settled, on a logarithmic scale. "
        "A call pays above its strike, a put below it.",
        legend(words),
        market(story),
    )
    for line in story.vaults:
        yield section(f"The {line.name}", line.what, vault(line), _epochs(line))
    yield section(
        "The depositors",
        "What each paid in, what the vault has paid back, and what the shares that are left are "
        "worth at the last close. Shares of a generation that lost everything are worth nothing.",
        _depositors(story),
    )


def _headline(story: Story) -> str:
    lost = [
        f"the {line.name} lost everything in week {week.epoch}"
        for line in story.vaults
        for week, epoch in zip(story.weeks, line.epochs, strict=False)
        if epoch.is_lost
    ]
    first = lost[0] if lost else f"two vaults through {len(story.weeks)} weeks"
    return first[0].upper() + first[1:]


def _hero(story: Story) -> Markup:
    good = story.custody_equals_claims
    cls, words = ("right", "every unit is there") if good else ("wrong", "sums do not match")
    shocks = [f"{WORDS[week.shock]} in week {week.epoch}" for week in story.weeks if week.shock]
    lead = (
        f"{len(story.weeks)} weekly epochs of {len(story.vaults)} vaults that sell options on a "
        f"rollup without a key: {', '.join(shocks) or 'nothing happens'}."
    )
    head = el(
        "header",
        el("span", words, cls=f"pill {cls}"),
        el("h1", _headline(story)),
        el("p", lead, cls="lead"),
        cls=f"hero {cls}",
    )
    return join([head, el("div", *(tile(big, said) for big, said in _figures(story)), cls="tiles")])


def _figures(story: Story) -> Iterator[tuple[str, str]]:
    sales = [epoch.sale for line in story.vaults for epoch in line.epochs if epoch.sale]
    yield str(len(story.weeks)), "weekly epochs"
    yield str(sum(1 for sale in sales if sale.sold_lots)), f"of {len(sales)} sales were met"
    yield USDC.show(sum(sale.premium_usdc for sale in sales), 2), "USDC of premium"
    yield USDC.show(sum(sale.payoff_usdc for sale in sales), 2), "USDC paid to who bought"
    people = len({depositor.name for depositor in story.depositors})
    yield str(people), "depositors"
    exact = sum(depositor.is_exact for depositor in story.depositors)
    yield f"{exact} of {len(story.depositors)}", "claims exact to the unit"


def _epochs(line: VaultLine) -> Markup:
    heads = [
        "week",
        "option",
        "#sold",
        "#premium",
        "#payoff",
        "#came home",
        "#fees",
        "#assets",
        "#shares",
        "#share price",
    ]
    rows = [_epoch(line.unit, at, epoch) for at, epoch in enumerate(line.epochs, start=1)]
    summary = f"every figure: premium and payoff in USDC, the rest in {line.unit.symbol} and shares"
    return el("details", el("summary", summary), table(heads, rows), open="")


def _epoch(unit: Unit, week: int, epoch: VaultEpoch) -> list[tuple[object, str]]:
    sale, close = epoch.sale, epoch.close
    shares = Unit("shares", unit.decimals + _MORE_DECIMALS)
    option: list[tuple[object, str]] = [("nothing to sell", ""), ("", ""), ("", ""), ("", "")]
    if sale is not None:
        sold = f"{sale.sold_lots:,} of {sale.lots:,}"
        premium, payoff = USDC.show(sale.premium_usdc, 2), USDC.show(sale.payoff_usdc, 2)
        named = (sale.instrument, "nowrap")
        option = [named, (sold, "number"), (premium, "number"), (payoff, "number")]
    generation = f", generation {epoch.generation}" if epoch.generation else ""
    return [
        (f"{week}{generation}", "wrong" if epoch.is_lost else ""),
        *option,
        (_amount(unit, close.came), "number"),
        (_amount(unit, close.fees), "number"),
        (_amount(unit, close.assets), "number"),
        (_amount(shares, close.supply), "number"),
        (f"{close.price:.6f}", "number"),
    ]


def _depositors(story: Story) -> Markup:
    units = {line.name: line.unit for line in story.vaults}
    rows: list[list[tuple[object, str]]] = []
    for person in story.depositors:
        unit = units[person.vault]
        rows.append(
            [
                (person.name, ""),
                (person.vault, ""),
                (_amount(unit, person.paid_in), "number"),
                (_amount(unit, person.claimed), "number"),
                (_amount(unit, person.worth), "number"),
                (unit.symbol, ""),
                ("exact", "right") if person.is_exact else ("differs", "wrong"),
            ]
        )
    heads = ["who", "vault", "#paid in", "#paid back", "#shares worth", "", "claim"]
    return table(heads, rows)


def _amount(unit: Unit, amount: int) -> Markup:
    """Return an amount that can be read, with its exact form in the title."""
    places = _PLACES.get(unit.symbol, _MOST_PLACES)
    return el("span", unit.show(amount, places), title=unit.show(amount))
