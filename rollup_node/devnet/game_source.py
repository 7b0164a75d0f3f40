"""Where a contest comes from: a node of a running devnet, or a file that a command wrote."""

import json
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from rollup_node.devnet.failure import NotReadyError
from rollup_node.devnet.jsonrpc import JsonRpc, RpcError
from rollup_node.devnet.session import Session
from rollup_node.ports import InputError
from rollup_node.rpc.games import Game, GameLine

FOLLOWERS: Final = ("verifier", "challenger", "proposer")
"""Nodes that follow contests, in the order in which they are asked."""

_ID_TEXT: Final = 66
"""Length of a whole id: 0x and 64 digits."""

_T = TypeVar("_T")


def follower(session: Session) -> JsonRpc:
    """Return the first node that follows contests and answers.

    Raises
    ------
    NotReadyError
        If none answers.
    """
    for name in FOLLOWERS:
        client = session.nodes.get(name)
        if client is None:
            continue
        try:
            client.call("eth_chainId")
        except NotReadyError:
            continue
        return client
    raise NotReadyError(f"none of {', '.join(FOLLOWERS)} answers: see `strikenet status`")


def ask_lines(node: JsonRpc) -> list[GameLine]:
    """Return all contests in one line each."""
    return _convert(node.call("dispute_getGames"), list[GameLine], node.url)


def ask_game(node: JsonRpc, wanted: str) -> Game:
    """Return the contest that an id, or the beginning of one, names.

    Raises
    ------
    InputError
        If none or several contests fit.
    """
    lines = ask_lines(node)
    ids = [(found, line.origin) for line in lines for found in (line.origin, *line.claims)]
    try:
        origin = pick(wanted, ids)
    except InputError:
        if len(wanted) != _ID_TEXT:
            raise
        origin = wanted  # a claim without rivals is not listed, but can be shown
    try:
        raw = node.call("dispute_getGame", origin)
    except RpcError as error:
        if error.reason == "NOT_FOUND":
            raise InputError(f"{wanted}: {error}") from error
        raise
    return _convert(raw, Game, node.url)


def pick(wanted: str, ids: list[tuple[str, str]]) -> str:
    """Return the origin of the one contest with an id that begins with `wanted`.

    An assertion in the middle of a tree is a claim of one contest and the origin of another: then
    the one that it is the origin of is meant.
    """
    text = wanted.lower()
    text = text if text.startswith("0x") else f"0x{text}"
    origins = {origin for found, origin in ids if found == origin and found.startswith(text)}
    found = origins or {origin for claim, origin in ids if claim.startswith(text)}
    if len(found) == 1:
        return found.pop()
    if not found:
        raise InputError(f"no contest with id {wanted}: `strikenet games` lists them")
    raise InputError(f"id {wanted} fits {len(found)} contests: give more of it")


def read_game(path: Path, wanted: str | None) -> Game:
    """Return the contest in a file of `game show --json` or `demo fraud --json`.

    Parameters
    ----------
    wanted
        Chooses one by a claim. Without it the key `game` of the document is meant: of a
        `demo fraud` the fight with the wrong claim, not its mirror.

    Raises
    ------
    InputError
        If the file cannot be read, has no contest, or has several that fit.
    """
    try:
        data = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise InputError(f"{path} is not JSON: {error}") from error
    if wanted is None and isinstance(data, dict) and "game" in data:
        return _convert(data["game"], Game, str(path))
    games = [_convert(raw, Game, str(path)) for raw in _find(data)]
    if not games:
        raise InputError(f"{path} holds no contest (key `game`)")
    if wanted is None and len(games) == 1:
        return games[0]
    ids = [
        (found, str(place))
        for place, game in enumerate(games)
        for found in (game.origin, *(claim.id for claim in game.claims))
    ]
    if wanted is None:
        raise InputError(f"{path} holds {len(games)} contests: name one by its id")
    return games[int(pick(wanted, ids))]


def _find(data: Any) -> list[Any]:  # noqa: ANN401 - JSON
    """Return all contests in a document: itself, or the values of its keys `game`."""
    if isinstance(data, list):
        return [found for each in data for found in _find(each)]
    if not isinstance(data, dict):
        return []
    if {"origin", "claims", "edges"} <= data.keys():
        return [data]
    return [found for each in data.values() for found in _find(each)]


def _convert(raw: Any, kind: type[_T], where: str) -> _T:  # noqa: ANN401 - JSON
    try:
        return msgspec.convert(raw, kind)
    except msgspec.ValidationError as error:
        raise InputError(f"{where}: no contest as this version knows them: {error}") from error
