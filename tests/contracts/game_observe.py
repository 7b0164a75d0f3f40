"""What the model says that the contracts show, in the words of tests/contracts/game_chain.py."""

from collections.abc import Iterator

from tests.contracts.game_chain import Chain, address_of
from tests.contracts.game_edges import Key
from tests.contracts.game_model import Game
from tests.contracts.game_state import NO_ID, NOBODY

PURSE = 10**24


def differences(game: Game, chain: Chain) -> Iterator[str]:
    """Yield everything in which the contracts differ from the model."""
    for id_ in game.assertions:
        yield from _differs(f"assertion {id_.hex()}", _assertion(game, id_), chain.assertion(id_))
    for key in game.edges.edges:
        seen = chain.edge(key.id, key.mutual.id)
        yield from _differs(f"edge {key.mutual[1:3]}", _edge(game, key), seen)
    contests = [id_ for id_, node in game.assertions.items() if node.children]
    yield from _differs("money", _money(game, chain, contests), chain.money(contests))
    held = game.money.held
    if game.money.received != held:
        yield f"received: {game.money.received} != {held}"


def _differs(what: str, expected: list[int], actual: list[int]) -> Iterator[str]:
    if expected != actual:
        pairs = enumerate(zip(expected, actual, strict=True))
        wrong = [f"word {at}: {one} != {two}" for at, (one, two) in pairs if one != two]
        yield f"{what}: {', '.join(wrong)}"


def _number(value: bytes) -> int:
    return int.from_bytes(value, "big")


def _person(name: str) -> int:
    return int(address_of(name), 16) if name != NOBODY else 0


def _assertion(game: Game, id_: bytes) -> list[int]:
    node = game.assertions[id_]
    ends = (node.live[0], node.live[-1]) if node.live else (NO_ID, NO_ID)
    return [
        _number(node.parent),
        _number(node.after),
        _number(node.root),
        node.target,
        node.next_target,
        node.item,
        node.created_at,
        node.status,
        node.finished,
        len(node.children),
        _person(node.staker),
        node.marked_at,
        node.confirmed_at,
        *map(_number, ends),
        *map(_number, _neighbours(game, id_)),
        _number(node.confirmed_child),
        _number(node.dead_root),
        game.live_own(id_),
    ]


def _neighbours(game: Game, id_: bytes) -> tuple[bytes, bytes]:
    """Return the neighbours among live siblings; one that was taken out keeps those it had then."""
    node = game.assertions[id_]
    if node.parent == NO_ID:
        return NO_ID, NO_ID
    if node.last_neighbours is not None:
        return node.last_neighbours
    live = (NO_ID, *game.assertions[node.parent].live, NO_ID)
    at = live.index(id_)
    return live[at - 1], live[at + 1]


def _edge(game: Game, key: Key) -> list[int]:
    edge = game.edges.edges[key]
    first = game.edges.first[key.mutual]
    words = [edge.created_at, edge.rivaled_at, edge.inherited, _person(edge.actor)]
    return [*words, game.timer(key), _number(first.id)]


def _money(game: Game, chain: Chain, contests: list[bytes]) -> list[int]:
    money = game.money
    books = [money.locked, sum(money.pots.values()), sum(money.owed.values()), money.burnt]
    people = chain.people
    return [
        *books,
        *(money.owed.get(name, 0) for name in people),
        *(_number(game.staked_on.get(name, NO_ID)) for name in people),
        *(money.pots.get(contest, 0) for contest in contests),
        *(PURSE + game.purses.get(name, 0) for name in people),
        0,
        _number(game.latest_confirmed),
    ]
