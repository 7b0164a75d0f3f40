"""Whose the records in the pipeline are, and what they hear when the next group is on disk."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from rollup_node.rpc.backend import Asker, Confirmation, TransactionStatus
from rollup_node.rpc.errors import RpcError

Executed = list[tuple[int, TransactionStatus]]
"""What became of bodies, by their places in the call."""


@dataclass(slots=True, eq=False)
class Request:
    """One call of `enter`; `executed` is what its asker hears when the next group is on disk."""

    asker: Asker
    executed: Executed = field(default_factory=list)
    is_refused: bool = False

    def refuse(self, failure: RpcError) -> None:
        """Say that nothing was kept of what was not told."""
        if not self.is_refused:
            self.is_refused = True
            self.asker.refuse(failure)


class Answers:
    """The asker of `submit`: collects, and says when there is nothing left to wait for."""

    def __init__(self, count: int) -> None:
        self.statuses: dict[int, TransactionStatus] = {}
        self.done: asyncio.Future[Confirmation | None]
        self.done = asyncio.get_running_loop().create_future()
        self._count = count

    def tell(
        self, told: Sequence[tuple[int, TransactionStatus]], confirmation: Confirmation | None
    ) -> None:
        """Collect statuses."""
        self.statuses.update(told)
        if len(self.statuses) == self._count and not self.done.done():
            self.done.set_result(confirmation)

    def refuse(self, failure: RpcError) -> None:
        """Fail."""
        if not self.done.done():
            self.done.set_exception(failure)
